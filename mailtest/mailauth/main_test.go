package mailauth_test

// This file runs the tests, and has what they share.

import (
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/seed078e9d8c/maillab/internal/machine"
	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/mailauth"
	"github.com/seed078e9d8c/maillab/mxmock"
)

func TestMain(m *testing.M) {
	machine.CollectRarely()
	goleak.VerifyTestMain(m)
}

// read returns a file of testdata.
func read(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// zone adds records to the DNS.
func zone(t testing.TB, inet *mxmock.Internet, text string) {
	t.Helper()
	if err := inet.AddZone(text); err != nil {
		t.Fatal(err)
	}
}

// publish puts the key of a signer into the DNS.
func publish(t testing.TB, inet *mxmock.Internet, s mailauth.Signer) {
	t.Helper()
	line, err := s.Zone()
	if err != nil {
		t.Fatal(err)
	}
	zone(t, inet, line)
}

// sign returns the signed message.
func sign(t testing.TB, s mailauth.Signer, raw string) string {
	t.Helper()
	signed, err := s.Sign([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	return string(signed)
}

// check checks a message without an envelope.
func check(t testing.TB, inet *mxmock.Internet, raw string) (mailauth.Verdict, mailauth.Report) {
	t.Helper()
	return mailauth.Check(t.Context(), &mailtest.Message{Raw: []byte(raw)}, inet.Resolver())
}

// crlf returns the lines with CRLF.
func crlf(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

// mail is a message from shop.example.
const mail = "From: Shop <news@shop.example>\r\n" +
	"To: Bob <bob@qq.com>\r\n" +
	"Subject: Welcome\r\n" +
	"Date: Mon, 12 Jan 2026 08:00:00 +0000\r\n" +
	"Message-ID: <1@shop.example>\r\n" +
	"\r\n" +
	"Hello  Bob \r\n" +
	"\r\n" +
	"Click here.\r\n" +
	"\r\n\r\n"
