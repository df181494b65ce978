package mailtest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed078e9d8c/maillab/internal/mime"
)

const bounce = `From: MAILER-DAEMON@mx1.qq.com
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

It failed.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.wchrt.vicp.cc
Original-Envelope-Id: QQ314159
Arrival-Date: Tue, 9 Dec 2014 11:20:55 +0800

Original-Recipient: rfc822;Bob@QQ.com
Final-Recipient: RFC822; bob@qq.com
Action: Failed
Status: 5.1.1 (no such user)
Remote-MTA: dns; mx1.qq.com
Diagnostic-Code: smtp; 550 Mailbox not found.
 http://service.mail.qq.com/

Final-Recipient: rfc822; eve@qq.com
Action: delayed
Status: 4.2.2
--b--
`

func TestDeliveryStatus(t *testing.T) {
	t.Parallel()
	want := []DeliveryStatus{{
		ReportingMTA: "mx.wchrt.vicp.cc", EnvelopeID: "QQ314159",
		Recipient: "bob@qq.com", Original: "Bob@QQ.com", Action: "failed", Status: "5.1.1",
		RemoteMTA: "mx1.qq.com", Diagnostic: "550 Mailbox not found. http://service.mail.qq.com/",
	}, {
		ReportingMTA: "mx.wchrt.vicp.cc", EnvelopeID: "QQ314159",
		Recipient: "eve@qq.com", Action: "delayed", Status: "4.2.2",
	}}
	if diff := cmp.Diff(want, ParseMessage([]byte(bounce)).DeliveryStatus()); diff != "" {
		t.Errorf("delivery status (-want +got):\n%s", diff)
	}
	if got := ParseMessage([]byte("Subject: x\n\nAction: failed\n")).DeliveryStatus(); got != nil {
		t.Errorf("delivery status of a plain message = %v, want none", got)
	}
}

// TestDeliveryStatusValues reads what reports have in their fields: addresses of each type, answers with and without one.
func TestDeliveryStatusValues(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ field, want string }{
		{"rfc822;bob@qq.com", "bob@qq.com"},
		{"RFC822 ; bob@qq.com", "bob@qq.com"},
		{"bob@qq.com", "bob@qq.com"},
		{`utf-8;Jos\x{E9}@example.com`, "José@example.com"}, // utf-8-addr-xtext
		{`UTF-8; \x{4F60}\x{597D}@example.com`, "你好@example.com"},
		{"utf-8;José@例子.example", "José@例子.example"}, // utf-8-addr-unitext
		{`utf-8;a\x{1F600}@example.com`, "a😀@example.com"},
		{`utf-8;a\x{5C}b@example.com`, `a\b@example.com`},
		{`utf-8;a\x{}\x{zz}\x{110000}\x{D800}\x{41`, `a\x{}\x{zz}\x{110000}\x{D800}\x{41`},
		{`rfc822;Jos\x{E9}@example.com`, `Jos\x{E9}@example.com`},
		{"x400; /G=Bob/S=Smith/", "/G=Bob/S=Smith/"},
		{"smtp; 550 5.1.1 no such user; try again", "550 5.1.1 no such user; try again"},
		{"550 5.1.1 no such user; try again", "550 5.1.1 no such user; try again"},
		{"X-Postfix; host said: 550", "host said: 550"},
		{";bob@qq.com", ";bob@qq.com"},
		{"rfc822;Jos\xc3\xa9@example.com", "José@example.com"},
		{"rfc822;Jos\xe9@example.com", "José@example.com"}, // no UTF-8
	} {
		raw := "Content-Type: message/global-delivery-status\n\nReporting-MTA: dns; a.example\n\nFinal-Recipient: " + tt.field + "\nDiagnostic-Code: " + tt.field + "\nAction: failed\n"
		got := ParseMessage([]byte(raw)).DeliveryStatus()
		if len(got) != 1 || got[0].Recipient != tt.want || got[0].Diagnostic != tt.want {
			t.Errorf("%q is read as %+v, want %q", tt.field, got, tt.want)
		}
	}
}

// FuzzDeliveryStatus shows that any report can be read.
func FuzzDeliveryStatus(f *testing.F) {
	f.Add(bounce)
	f.Add("Content-Type: message/delivery-status\n\n\n\n :\n\nFinal-Recipient:;\n ;")
	f.Fuzz(func(t *testing.T, raw string) {
		m := ParseMessage([]byte(raw))
		for _, s := range m.DeliveryStatus() {
			if s == (DeliveryStatus{ReportingMTA: s.ReportingMTA, EnvelopeID: s.EnvelopeID}) && m.Find("message/delivery-status") == nil {
				t.Errorf("a status %+v of nothing", s)
			}
		}
		m.List()
	})
}

// A field of a million lines takes as long as a million fields.
func TestDeliveryStatusGrowth(t *testing.T) {
	t.Parallel()
	content := "Reporting-MTA: dns; a.example\n\nFinal-Recipient: rfc822; b@c.example\nDiagnostic-Code: smtp; 550" + strings.Repeat("\n x", 1<<20)
	if got, want := len(mime.ParseReport([]byte(content))[0].Diagnostic), 3+2<<20; got != want {
		t.Errorf("the diagnostic has %d bytes, want %d", got, want)
	}
}
