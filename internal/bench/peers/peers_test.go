package peers

// What the table "Why this, and not another" in the README says about Go packages, shown with their versions in go.mod. A
// test that fails means that a new version of the package can do more, and that the table is out of date.

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"github.com/foxcpp/go-mockdns"
	smtpmock "github.com/mocktools/go-smtp-mock/v2"
)

// talk says each line to a server, and returns the codes of its replies, of the greeting first.
func talk(t *testing.T, addr string, lines ...string) (codes []int) {
	t.Helper()
	c, err := textproto.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for i := 0; ; i++ {
		code, _, err := c.ReadResponse(0)
		if err != nil {
			t.Fatal(err)
		}
		codes = append(codes, code)
		if i == len(lines) {
			return codes
		}
		if err := c.PrintfLine("%s", lines[i]); err != nil {
			t.Fatal(err)
		}
	}
}

// TestGoSMTPMock shows that go-smtp-mock has neither extensions, nor TLS, nor AUTH, that a refusal is for a listed address
// and lasts, and that the message is raw.
func TestGoSMTPMock(t *testing.T) {
	server := smtpmock.New(smtpmock.ConfigurationAttr{NotRegisteredEmails: []string{"eve@qq.com"}, MultipleRcptto: true})
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	addr := net.JoinHostPort("127.0.0.1", fmt.Sprint(server.PortNumber()))
	got := talk(t, addr, "EHLO app.example.com", "STARTTLS", "AUTH PLAIN AGEAYg==", "MAIL FROM:<a@example.com>", "RCPT TO:<eve@qq.com>", "RCPT TO:<eve@qq.com>",
		"RCPT TO:<bob@qq.com>", "DATA", "Subject: =?utf-8?q?Hello?=\r\n\r\nHi\r\n.", "QUIT")
	if want := []int{220, 250, 502, 502, 250, 550, 550, 250, 354, 250, 221}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("replies = %v, want %v", got, want)
	}
	messages, err := server.WaitForMessages(1, 10*time.Second)
	if err != nil || len(messages) != 1 {
		t.Fatalf("%d messages, %v", len(messages), err)
	}
	if raw := messages[0].MsgRequest(); !strings.HasPrefix(raw, "Subject: =?utf-8?q?Hello?=\r\n") {
		t.Errorf("message = %q, want it raw", raw)
	}
}

// record is the log of a go-mockdns server.
type record struct{ strings.Builder }

func (r *record) Printf(format string, args ...any) { fmt.Fprintf(r, format, args...) }

// TestGoMockDNS shows that go-mockdns has an error for a name, whatever the type, and that its log has the answers with
// their questions, but not the questions that had an error.
func TestGoMockDNS(t *testing.T) {
	var log record
	zones := map[string]mockdns.Zone{"qq.com.": {Err: errors.New("fault")}, "163.com.": {MX: []net.MX{{Host: "mx.163.com.", Pref: 10}}}}
	server, err := mockdns.NewServerWithLogger(zones, &log, false)
	if err != nil {
		t.Fatal(err)
	}
	resolver := server.NewResolver()
	_, good := resolver.LookupMX(context.Background(), "163.com.")
	_, mx := resolver.LookupMX(context.Background(), "qq.com.")
	_, txt := resolver.LookupTXT(context.Background(), "qq.com.")
	if err := errors.Join(good, server.Close()); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{mx, txt} {
		if e, ok := errors.AsType[*net.DNSError](err); !ok || !e.IsTemporary {
			t.Errorf("got %v, want SERVFAIL", err)
		}
	}
	if text := log.String(); !strings.Contains(text, "163.com.") || strings.Contains(text, "qq.com.") {
		t.Errorf("the log has other questions than those with an answer:\n%s", text)
	}
}
