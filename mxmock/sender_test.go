package mxmock_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"

	"github.com/seed078e9d8c/maillab/mailtest/mailauth"
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

// What is left out is not there, also where the domain has had it, and only that is missing.
func TestSenderWithdraws(t *testing.T) {
	t.Parallel()
	for _, o := range []mxmock.Omission{mxmock.NoMX, mxmock.NoPTR, mxmock.NoSPF, mxmock.NoDKIM, mxmock.NoDMARC} {
		inet := mxmock.New(t)
		inet.Publish("shop.example", mxmock.Records{SPF: "mx -all", DMARC: "p=none"})
		if err := inet.AddZone("shop.example. TXT \"unrelated\"\nshop.example. MX 5 elsewhere.example."); err != nil {
			t.Fatal(err)
		}
		inet.Sender("shop.example")
		shop := inet.Sender("shop.example", o)
		r := inet.Resolver()
		mx, _ := r.LookupMX(t.Context(), "shop.example")
		ptr, _ := r.LookupAddr(t.Context(), shop.Addrs()[0])
		txt, _ := r.LookupTXT(t.Context(), "shop.example")
		host, _ := r.LookupTXT(t.Context(), "mail.shop.example")
		key, _ := r.LookupTXT(t.Context(), "test._domainkey.shop.example")
		policy, _ := r.LookupTXT(t.Context(), "_dmarc.shop.example")
		got := fmt.Sprint(len(mx) > 0, len(ptr) > 0, len(txt), len(host), len(key), len(policy))
		want := map[mxmock.Omission]string{
			mxmock.NoMX: "false true 2 1 1 1", mxmock.NoPTR: "true false 2 1 1 1", mxmock.NoSPF: "true true 1 0 1 1",
			mxmock.NoDKIM: "true true 2 1 0 1", mxmock.NoDMARC: "true true 2 1 1 0",
		}[o]
		if got != want {
			t.Errorf("%v: there are %s, want %s", o, got, want)
		}
	}
}

// A bounce of a good sender is as good as its mail: the receiver looks at the name of the host (RFC 7208 §2.4).
func TestSenderBounces(t *testing.T) {
	t.Parallel()
	for o, want := range map[mxmock.Omission]mailauth.Verdict{
		0:            {SPF: mailauth.Pass, DKIM: mailauth.None, DMARC: mailauth.Pass},
		mxmock.NoSPF: {SPF: mailauth.None, DKIM: mailauth.None, DMARC: mailauth.Fail},
	} {
		inet := mxmock.New(t)
		mx := inet.MX("qq.com", "mx1.qq.com")[0]
		shop := inet.Sender("shop.example", o)
		conn, err := shop.DialContext(t.Context(), "tcp", "mx1.qq.com:25")
		if err != nil {
			t.Fatal(err)
		}
		client := smtp.NewClient(conn)
		if err := client.Hello(shop.Name()); err != nil {
			t.Fatal(err)
		}
		if err := client.SendMail("", []string{"bob@qq.com"}, strings.NewReader("From: mailer-daemon@shop.example\r\n\r\nSorry\r\n")); err != nil {
			t.Fatal(err)
		}
		client.Close()
		if got, report := mailauth.Check(t.Context(), mx.Next(t), inet.Resolver()); got != want {
			t.Errorf("%v: the verdict on a bounce is %+v, want %+v: %v", o, got, want, report)
		}
	}
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
