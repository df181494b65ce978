package mailtest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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
	if got, want := len(deliveryStatus(content)[0].Diagnostic), 3+2<<20; got != want {
		t.Errorf("the diagnostic has %d bytes, want %d", got, want)
	}
}
