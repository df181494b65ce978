package outbound

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/textproto"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

var _ Resolver = (*net.Resolver)(nil)

const note = "Subject: Hi\r\n\r\nHello\r\n"

// accept is the script of a server that takes a message for the recipients.
func accept(offers string, mail string, to ...string) *script {
	s := &script{text: "s <- 220 mx ESMTP\nc -> EHLO client.example\ns <- 250-mx\ns <- 250 " + offers + "\nc -> " + mail + "\ns <- 250 ok\n"}
	for _, address := range to {
		s.text += "c -> RCPT TO:<" + address + ">\ns <- 250 ok\n"
	}
	s.text += "c -> DATA\ns <- 354 go\nc ~> .\ns <- 250 2.0.0 ok\n"
	return s
}

// newWorld is a Sender in a world where each address speaks its scripts.
func newWorld(t *testing.T, z *zone, scripts map[string][]*script) (*Sender, *network) {
	n := &network{t: t, scripts: scripts}
	t.Cleanup(n.servers.Wait)
	return &Sender{Resolver: z, DialContext: n.DialContext, Hostname: "client.example", Shuffle: keep}, n
}

func TestErrorsAreFound(t *testing.T) {
	t.Parallel()
	z := &zone{
		mx:    map[string][]*net.MX{"down.example": mxs("10 down."), "no.example": mxs("10 no."), "null.example": mxs("0 .")},
		addrs: map[string][]string{"down": {"203.0.113.1"}, "no": {"203.0.113.2"}},
	}
	s, _ := newWorld(t, z, map[string][]*script{
		"203.0.113.1:25": {{how: "refused"}},
		"203.0.113.2:25": {{text: "s <- 220 no\nc -> EHLO client.example\ns <- 250 no\nc -> MAIL FROM:<>\ns <- 553 5.1.8 no bounces\n"}},
	})
	results, err := s.Send(t.Context(), "", []string{"a@down.example", "b@no.example", "c@null.example", "nonsense"}, []byte(note))
	if !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("error = %v, want ECONNREFUSED in it", err)
	}
	var reply *textproto.Error
	if !errors.As(err, &reply) || reply.Code != 553 {
		t.Errorf("error = %v, want a *textproto.Error 553 in it", err)
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok || len(joined.Unwrap()) != len(results) {
		t.Fatalf("error = %v, want %d joined", err, len(results))
	}
	for i, err := range joined.Unwrap() {
		var e *Error
		if !errors.As(err, &e) || e.Result != results[i] {
			t.Errorf("error %d = %v, want the *Error of %+v", i, err, results[i])
		}
	}
	want := "outbound: <b@no.example>: permanent failure at mail of no (203.0.113.2:25): 553 5.1.8 no bounces"
	if got := joined.Unwrap()[1].Error(); got != want {
		t.Errorf("error = %q, want %q", got, want)
	}
}

// TestNullMX checks that a domain with a null MX costs one question and nothing else (RFC 7505 §4).
func TestNullMX(t *testing.T) {
	t.Parallel()
	z := &zone{mx: map[string][]*net.MX{"qq.com": mxs("0 .")}, addrs: map[string][]string{"qq.com": {"203.0.113.1"}}}
	s, n := newWorld(t, z, nil)
	results, _ := s.Send(t.Context(), "", []string{"bob@qq.com"}, []byte(note))
	if got, want := results[0].Enhanced, "5.1.10"; got != want {
		t.Errorf("enhanced code = %s, want %s", got, want)
	}
	if want := []string{"mx qq.com"}; !slices.Equal(z.asked, want) || n.dialled != nil {
		t.Errorf("asked %q and dialled %q, want %q and nothing", z.asked, n.dialled, want)
	}
}

// TestDomains checks one transaction for each domain, however it is written, and the
// order of the results.
func TestDomains(t *testing.T) {
	t.Parallel()
	z := &zone{
		mx:    map[string][]*net.MX{"qq.com": mxs("10 mx1."), "xn--fsqu00a.xn--fiqs8s": mxs("10 mx2.")},
		addrs: map[string][]string{"mx1": {"203.0.113.1"}, "mx2": {"203.0.113.2"}},
	}
	s, _ := newWorld(t, z, map[string][]*script{
		"203.0.113.1:25": {accept("HELP", "MAIL FROM:<alice@xn--fsqu00a.xn--fiqs8s>", "a@qq.com", "c@qq.com")},
		"203.0.113.2:25": {accept("HELP", "MAIL FROM:<alice@xn--fsqu00a.xn--fiqs8s>", "b@xn--fsqu00a.xn--fiqs8s", "d@xn--fsqu00a.xn--fiqs8s")},
	})
	to := []string{"a@qq.com", "b@例子.中国", "c@QQ.com", "d@xn--fsqu00a.xn--fiqs8s", "a@QQ.COM"}
	results, err := s.Send(t.Context(), "alice@例子.中国", to, []byte(note))
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		if r.To != to[i] || r.Status != Delivered {
			t.Errorf("result %d = %+v, want %s delivered", i, r, to[i])
		}
	}
}

// TestUTF8Apart checks that one recipient in UTF-8 does not keep the mail from another.
func TestUTF8Apart(t *testing.T) {
	t.Parallel()
	z := &zone{mx: map[string][]*net.MX{"qq.com": mxs("10 mx1.")}, addrs: map[string][]string{"mx1": {"203.0.113.1"}}}
	s, _ := newWorld(t, z, map[string][]*script{"203.0.113.1:25": {
		{text: "s <- 220 mx\nc -> EHLO client.example\ns <- 250 mx\nc -> QUIT\ns <- 221 Bye\n"},
		accept("HELP", "MAIL FROM:<>", "bob@qq.com"),
	}})
	s.MaxDomains = 1 // one after the other
	results, err := s.Send(t.Context(), "", []string{"小明@qq.com", "bob@qq.com"}, []byte(note))
	got := fmt.Sprintln(results[0].Status, results[0].Enhanced, results[1].Status)
	if want := "permanent 5.6.7 delivered\n"; got != want || err == nil {
		t.Errorf("results = %s and %v, want %s", got, err, want)
	}
}

// TestMaxAttempts has a domain of many hosts, none of which works.
func TestMaxAttempts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ max, want int }{{0, 10}, {-1, 10}, {2, 2}, {13, 12}} {
		z := &zone{mx: map[string][]*net.MX{}, addrs: map[string][]string{}}
		scripts := map[string][]*script{}
		for i := range 13 {
			name := fmt.Sprintf("mx%02d", i)
			z.mx["qq.com"] = append(z.mx["qq.com"], &net.MX{Host: name + ".", Pref: uint16(i)})
			if i != 1 { // which has no address, and counts all the same
				addr := fmt.Sprintf("203.0.113.%d", i+1)
				z.addrs[name] = []string{addr}
				scripts[addr+":25"] = []*script{{how: "refused"}}
			}
		}
		s, n := newWorld(t, z, scripts)
		s.MaxAttempts = tt.max
		results, _ := s.Send(t.Context(), "", []string{"bob@qq.com"}, []byte(note))
		want := tt.want
		if want < 12 {
			want--
		}
		if got := len(n.dialled); got != want || results[0].Status != Temporary {
			t.Errorf("MaxAttempts %d: %d dialled and %s, want %d and temporary", tt.max, got, results[0].Status, want)
		}
	}
}

// TestSlowDomain checks that a domain that does not answer does not hold up another,
// and that MaxDomains is a bound.
func TestSlowDomain(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		max  int
		want time.Duration
	}{{0, 30 * time.Second}, {2, time.Minute}, {1, 90 * time.Second}} {
		synctest.Test(t, func(t *testing.T) {
			z := &zone{mx: map[string][]*net.MX{}, addrs: map[string][]string{"mx": {"203.0.113.1"}}}
			s, n := newWorld(t, z, map[string][]*script{"203.0.113.1:25": {
				{how: "silent"}, {how: "silent"}, {how: "silent"}}})
			s.MaxDomains = tt.max
			var to []string
			for _, domain := range []string{"a.example", "b.example", "c.example"} {
				z.mx[domain] = mxs("10 mx.")
				to = append(to, "bob@"+domain)
			}
			start := time.Now()
			s.Send(t.Context(), "", to, []byte(note))
			if got := time.Since(start); got != tt.want || len(n.dialled) != 3 {
				t.Errorf("MaxDomains %d: %v for %d connections, want %v for 3", tt.max, got, len(n.dialled), tt.want)
			}
		})
	}
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	if results, err := new(Sender).Send(t.Context(), "", nil, []byte(note)); err == nil || results != nil {
		t.Errorf("no recipients: got %v, %v, want an error", results, err)
	}
	tests := []struct{ name, hostname, from, to, want string }{
		{"recipient", "", "", "bob", "permanent address 5.1.3"},
		{"sender", "", "alice\r\nRSET@example.org", "bob@qq.com", "permanent address 5.1.7"},
		{"host name with a line end", "a\r\nRSET", "", "bob@qq.com", "temporary hello 4.3.5"},
		{"host name in UTF-8", "例子.中国", "", "bob@qq.com", "temporary hello 4.3.5"},
		{"host name of a bad literal", "[1.2.3]", "", "bob@qq.com", "temporary hello 4.3.5"},
		{"good host name", "[203.0.113.9]", "", "bob@qq.com", "temporary lookup 4.4.3"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := &Sender{Hostname: tt.hostname, Resolver: &zone{errs: map[string]error{"mx qq.com": servfail}}}
			results, err := s.Send(t.Context(), tt.from, []string{tt.to}, []byte(note))
			got := fmt.Sprint(results[0].Status, " ", results[0].Stage, " ", results[0].Enhanced)
			if got != tt.want || err == nil {
				t.Errorf("result = %s, %v, want %s and an error", got, err, tt.want)
			}
		})
	}
}

// TestAllow checks that the hook replaces the rule for special addresses, for literals too.
func TestAllow(t *testing.T) {
	t.Parallel()
	for _, allow := range []func(netip.Addr) bool{nil, func(a netip.Addr) bool { return a.IsLoopback() }} {
		var dialled bool
		s := &Sender{Hostname: "client.example", Allow: allow, DialContext: func(context.Context, string, string) (net.Conn, error) {
			dialled = true
			return nil, syscall.ECONNREFUSED
		}}
		s.Send(t.Context(), "", []string{"bob@[127.0.0.1]"}, []byte(note))
		if want := allow != nil; dialled != want {
			t.Errorf("dialled = %t, want %t", dialled, want)
		}
	}
}

func TestLogger(t *testing.T) {
	t.Parallel()
	z := &zone{mx: map[string][]*net.MX{"qq.com": mxs("10 mx1.", "20 mx2.")}, addrs: map[string][]string{"mx1": {"203.0.113.1"}, "mx2": {"203.0.113.2"}}}
	s, _ := newWorld(t, z, map[string][]*script{
		"203.0.113.1:25": {{text: "s <- 421 4.3.2 busy\n"}},
		"203.0.113.2:25": {accept("HELP", "MAIL FROM:<>", "bob@qq.com")},
	})
	var log bytes.Buffer
	s.Logger = slog.New(slog.NewTextHandler(&log, nil))
	if _, err := s.Send(t.Context(), "", []string{"bob@qq.com"}, []byte(note)); err != nil {
		t.Fatal(err)
	}
	_, got, _ := strings.Cut(log.String(), "level=INFO ")
	want := `msg="passed over" host=mx1 addr=203.0.113.1:25 status=temporary stage=greeting code=421 text=busy` + "\n"
	if got != want {
		t.Errorf("log = %s, want %s", got, want)
	}
}
