package mxmock_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/seed078e9d8c/maillab/mxmock"
)

// ExampleSender has what a new sender lacks most often.
func ExampleSender() {
	inet := &mxmock.Internet{}
	defer inet.Close()
	shop := inet.Sender("shop.example", mxmock.NoPTR)
	fmt.Println(shop.Name(), "sends for", shop.DKIM.Domain)
	_, err := inet.Resolver().LookupAddr(context.Background(), shop.Addrs()[0])
	fmt.Println(err != nil)
	// Output:
	// mail.shop.example sends for shop.example
	// true
}

func ExampleOmission() {
	var o mxmock.Omission
	if err := o.UnmarshalText([]byte("nospf")); err != nil {
		fmt.Println(err)
	}
	fmt.Println(o == mxmock.NoSPF)
	// Output: true
}

func TestSender(t *testing.T) {
	t.Parallel()
	omissions := []mxmock.Omission{mxmock.NoMX, mxmock.NoPTR, mxmock.NoSPF, mxmock.NoDKIM, mxmock.NoDMARC}
	for _, without := range append(omissions, 0) {
		t.Run(without.String(), func(t *testing.T) {
			t.Parallel()
			inet := mxmock.New(t)
			shop := inet.Sender("Shop.example", without)
			r := inet.Resolver()
			has := map[mxmock.Omission]bool{}
			mxs, _ := r.LookupMX(t.Context(), "shop.example")
			has[mxmock.NoMX] = len(mxs) == 1 && strings.EqualFold(mxs[0].Host, "mail.shop.example.")
			ptr, _ := r.LookupAddr(t.Context(), shop.Addrs()[0])
			has[mxmock.NoPTR] = len(ptr) == 1 && strings.EqualFold(ptr[0], "mail.shop.example.")
			for o, name := range map[mxmock.Omission]string{
				mxmock.NoSPF: "shop.example", mxmock.NoDKIM: "test._domainkey.shop.example", mxmock.NoDMARC: "_dmarc.shop.example",
			} {
				txt, _ := r.LookupTXT(t.Context(), name)
				has[o] = len(txt) == 1 && strings.HasPrefix(txt[0], "v=")
			}
			for _, o := range omissions {
				if has[o] != (o != without) {
					t.Errorf("with %v: the part that %v leaves out is there: %v", without, o, has[o])
				}
			}
			if again := inet.Sender("shop.example"); again.Addrs()[0] != shop.Addrs()[0] || inet.Check() != nil {
				t.Errorf("made whole again, it is at %v, and Check finds %v", again.Addrs(), inet.Check())
			}
		})
	}
	mustPanic(t, "no domain", func() { mxmock.New(t).Sender("") })
}
