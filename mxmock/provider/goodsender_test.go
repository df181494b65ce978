package provider

// The sender of one call gets through to every provider, and without each of its parts is told no by
// those who ask for it.

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed078e9d8c/maillab/examples/outbound"
	"github.com/seed078e9d8c/maillab/mxmock"
)

// sendAs sends a mail to a provider, a second time after a while if it is to come again, and returns what
// became of it.
func sendAs(t *testing.T, name string, without ...mxmock.Omission) outbound.Result {
	t.Helper()
	inet := mxmock.New(t)
	p := Add(inet, name, customersOf(name)...)
	to := "bob@" + p.Domains[0]
	p.Mailbox(to, Good)
	shop := inet.Sender("shop.example", without...)
	s := outbound.Sender{
		Resolver: inet.Resolver(), DialContext: shop.DialContext, Hostname: shop.Name(), TLSConfig: inet.ClientTLS(),
	}
	message := fmt.Sprintf("From: <jb@shop.example>\r\nTo: <%s>\r\nDate: %s\r\nMessage-ID: <1@shop.example>\r\nSubject: Hello\r\n\r\nHello\r\n",
		to, time.Now().Format(time.RFC1123Z))
	signed, err := shop.DKIM.Sign([]byte(message))
	if err != nil {
		t.Fatal(err)
	}
	var result outbound.Result
	for range 2 {
		results, err := s.Send(t.Context(), "jb@shop.example", []string{to}, signed)
		if len(results) == 0 {
			t.Fatal(err)
		}
		if result = results[0]; result.Status != outbound.Temporary {
			break
		}
		time.Sleep(6 * time.Minute)
	}
	return result
}

func TestGoodSender(t *testing.T) {
	t.Parallel()
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				if got := sendAs(t, name); got.Status != outbound.Delivered && got.Enhanced != "5.1.10" { // a null MX
					t.Errorf("result = %+v, want delivered", got)
				}
			})
		})
	}
}

func TestSenderWithout(t *testing.T) {
	t.Parallel()
	delivered := outbound.Result{Status: outbound.Delivered}
	tests := []struct {
		provider string
		without  []mxmock.Omission
		want     outbound.Result // of which Status, Stage and Enhanced count
	}{
		{"yahoo.com", []mxmock.Omission{mxmock.NoMX}, outbound.Result{Status: outbound.Temporary, Stage: "mail", Enhanced: "4.0.0"}},
		{"sohu.com", []mxmock.Omission{mxmock.NoMX}, outbound.Result{Status: outbound.Temporary, Stage: "mail", Enhanced: "4.1.8"}},
		{"gmail.com", []mxmock.Omission{mxmock.NoPTR}, outbound.Result{Status: outbound.Permanent, Stage: "dot", Enhanced: "5.7.25"}},
		{"yahoo.com", []mxmock.Omission{mxmock.NoPTR}, outbound.Result{Status: outbound.Permanent, Stage: "mail", Enhanced: "5.7.25"}},
		{"sina.com", []mxmock.Omission{mxmock.NoPTR}, outbound.Result{Status: outbound.Temporary, Stage: "rcpt", Enhanced: "4.7.1"}},
		{"sohu.com", []mxmock.Omission{mxmock.NoSPF}, outbound.Result{Status: outbound.Permanent, Stage: "mail", Enhanced: "5.7.1"}},
		{"strict.example", []mxmock.Omission{mxmock.NoDKIM}, outbound.Result{Status: outbound.Permanent, Stage: "dot", Enhanced: "5.7.20"}},
		{"gmail.com", []mxmock.Omission{mxmock.NoSPF}, delivered},
		{"gmail.com", []mxmock.Omission{mxmock.NoDKIM, mxmock.NoDMARC}, delivered},
		{"gmail.com", []mxmock.Omission{mxmock.NoSPF, mxmock.NoDKIM}, outbound.Result{Status: outbound.Permanent, Stage: "dot", Enhanced: "5.7.26"}},
		{"outlook.com", []mxmock.Omission{mxmock.NoSPF, mxmock.NoDKIM}, outbound.Result{Status: outbound.Permanent, Stage: "dot", Enhanced: "5.7.509"}},
		{"qq.com", []mxmock.Omission{mxmock.NoSPF, mxmock.NoDKIM}, outbound.Result{Status: outbound.Permanent, Stage: "dot", Enhanced: "5.0.0"}},
		{"qq.com", []mxmock.Omission{mxmock.NoSPF, mxmock.NoDKIM, mxmock.NoDMARC}, delivered}, // nothing says how it must be
	}
	for _, test := range tests {
		t.Run(fmt.Sprint(test.provider, test.without), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				got := sendAs(t, test.provider, test.without...)
				if got.Status != test.want.Status || test.want.Enhanced != "" && (got.Stage != test.want.Stage || got.Enhanced != test.want.Enhanced) {
					t.Errorf("result = %+v, want %+v", got, test.want)
				}
			})
		})
	}
}
