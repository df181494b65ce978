package mxmock_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/seed078e9d8c/maillab/mxmock"
)

// NS records without a SOA are a delegation, unless that would hide what the same text says.
func TestZoneOrDelegation(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text, question string
		typ                  uint16
		rcode                int
		answers              int
	}{
		{"a TLD with data", "$ORIGIN test.\n@ NS ns1\nns1 A 203.0.113.1\n@ MX 10 mx\nmx A 203.0.113.2\n", "test.", dns.TypeMX, dns.RcodeSuccess, 1},
		{"and beneath it", "$ORIGIN test.\n@ NS ns1\nns1 A 203.0.113.1\nwww A 203.0.113.2\n", "www.test.", dns.TypeA, dns.RcodeSuccess, 1},
		{"its NS", "$ORIGIN test.\n@ NS ns1\n@ NS ns2\n@ TXT x\n", "test.", dns.TypeNS, dns.RcodeSuccess, 2},
		{"its SOA", "$ORIGIN test.\n@ NS ns1\n@ TXT x\n", "test.", dns.TypeSOA, dns.RcodeSuccess, 1},
		{"a subdomain with data", "kid.qq.com. NS ns.elsewhere.net.\nkid.qq.com. MX 10 mx.qq.com.\n", "kid.qq.com.", dns.TypeMX, dns.RcodeSuccess, 1},
		{"a delegation", "kid.qq.com. NS ns.kid.qq.com.\nns.kid.qq.com. A 203.0.113.1\n", "x.kid.qq.com.", dns.TypeA, dns.RcodeServerFailure, 0},
		{"with AAAA", "kid.qq.com. NS NS.kid.qq.com.\nns.kid.qq.com. AAAA 2001:db8::1\n", "x.kid.qq.com.", dns.TypeA, dns.RcodeServerFailure, 0},
		{"with other letters", "Kid.qq.com. NS ns.elsewhere.net.\nkid.QQ.com. TXT x\n", "kid.qq.com.", dns.TypeTXT, dns.RcodeSuccess, 1},
		{"a registrable domain", "qq.com. NS ns.qq.com.\nqq.com. MX 10 mx.qq.com.\n", "qq.com.", dns.TypeMX, dns.RcodeSuccess, 1},
		{"a delegation within a zone", "test. NS ns.test.\ntest. TXT x\nkid.test. NS ns.elsewhere.net.\n", "kid.test.", dns.TypeMX, dns.RcodeServerFailure, 0},
		{"the root", ". NS a.root-servers.net.\n. TXT x\n", ".", dns.TypeTXT, dns.RcodeSuccess, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			inet := mxmock.New(t)
			if err := inet.AddZone(test.text); err != nil {
				t.Fatal(err)
			}
			r, err := dns.Exchange(new(dns.Msg).SetQuestion(test.question, test.typ), resolverOf(t, inet))
			if err != nil {
				t.Fatal(err)
			}
			if r.Rcode != test.rcode || len(r.Answer) != test.answers {
				t.Errorf("got %s and %d answers, want %s and %d", dns.RcodeToString[r.Rcode], len(r.Answer), dns.RcodeToString[test.rcode], test.answers)
			}
		})
	}
}

// TestWildcards: records of a wildcard are in the zone above it, and so match other names (RFC 4592 §4.1).
func TestWildcards(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	inet.MX("*.qq.com", "mx1.tencent.example")
	inet.Publish("*.qq.com", mxmock.Records{SPF: "-all"})
	addr := resolverOf(t, inet)
	for question, want := range map[string]string{
		"mx shop.qq.com": "10 mx1.tencent.example.", "mx a.b.qq.com": "10 mx1.tencent.example.", "mx qq.com": "",
		"txt shop.qq.com": `"v=spf1 -all"`,
	} {
		r := ask(t, "udp", addr, question, nil)
		got := ""
		for _, rr := range r.Answer {
			got += strings.TrimPrefix(rr.String(), rr.Header().String())
		}
		if r.Rcode != dns.RcodeSuccess || got != want {
			t.Errorf("%s: got %s %q, want NOERROR %q", question, dns.RcodeToString[r.Rcode], got, want)
		}
	}
	inet.Secure("qq.com")
	if r := ask(t, "udp", addr, "mx shop.qq.com", func(q *dns.Msg) { q.AuthenticatedData = true }); !r.AuthenticatedData {
		t.Errorf("the answer from the wildcard of a signed domain is not secure: %v", r)
	}
	if _, err := inet.Host("web.163.com").Listen(25); err != nil {
		t.Fatal(err)
	}
	inet.RemoveZone("163.com")
	mustPanic(t, "a host without a mail server", func() { inet.MX("*.163.com", "web.163.com") })
	if r := ask(t, "udp", addr, "mx 163.com", nil); r.Rcode != dns.RcodeNameError {
		t.Errorf("after a call that panicked: %v, want NXDOMAIN", r)
	}
}

// TestHidden adds records that a delegation of an earlier text hides, and delegations that hide records of an earlier
// text: nothing is lost in silence.
func TestHidden(t *testing.T) {
	t.Parallel()
	const cut = "kid.qq.com. NS ns.kid.qq.com.\nkid.qq.com. NS ns.elsewhere.net.\n"
	tests := []struct {
		name, earlier, text string
		hidden              bool
	}{
		{"at the name", cut, "kid.qq.com. MX 10 mx.qq.com.\n", true},
		{"beneath it", cut, "a.b.kid.qq.com. TXT x\n", true},
		{"an address", cut, "www.Kid.qq.com. A 203.0.113.1\n", true},
		{"a delegation beneath it", cut, "a.kid.qq.com. NS ns.elsewhere.net.\n", true},
		{"a DS record beneath it", cut, "a.kid.qq.com. DS 1 13 2 " + strings.Repeat("00", 32) + "\n", true},
		{"the address of a server", cut, "ns.kid.qq.com. A 203.0.113.1\nNS.kid.qq.com. AAAA 2001:db8::9\n", false},
		{"another server", cut, "kid.qq.com. NS ns3.elsewhere.net.\n", false},
		{"its DS record", cut, "kid.qq.com. DS 1 13 2 " + strings.Repeat("00", 32) + "\n", false},
		{"beside it", cut, "kid2.qq.com. TXT x\n", false},
		{"a zone beneath it", cut, "a.kid.qq.com. SOA ns hostmaster 1 2 3 4 5\na.kid.qq.com. TXT x\n", false},
		{"a zone in its place", cut, "kid.qq.com. SOA ns hostmaster 1 2 3 4 5\nkid.qq.com. TXT x\n", false},
		{"the other way round", "kid.qq.com. TXT x\n", "kid.qq.com. NS ns.elsewhere.net.\n", true},
		{"and beneath it", "a.b.kid.qq.com. TXT x\n", "kid.qq.com. NS ns.elsewhere.net.\n", true},
		{"an address of no server", "ns.kid.qq.com. A 203.0.113.1\n", "kid.qq.com. NS ns.elsewhere.net.\n", true},
		{"an address of a server", "ns.kid.qq.com. A 203.0.113.1\n", cut, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			inet := mxmock.New(t)
			if err := inet.AddZone(test.earlier); err != nil {
				t.Fatal(err)
			}
			err := inet.AddZone(test.text)
			if test.hidden != (err != nil) || err != nil && !strings.Contains(err.Error(), "RFC 2181 §6.1") {
				t.Errorf("got error %v, want one: %v", err, test.hidden)
			}
		})
	}
	t.Run("replaced", func(t *testing.T) {
		t.Parallel()
		if err := mxmock.New(t).ReplaceZone("qq.com", "kid NS ns.elsewhere.net.\nwww.kid A 203.0.113.1\n"); err == nil {
			t.Error("a zone with a hidden record replaces another")
		}
	})
	t.Run("a host", func(t *testing.T) {
		t.Parallel()
		inet := mxmock.New(t)
		if err := inet.AddZone(cut); err != nil {
			t.Fatal(err)
		}
		if got := panicOf(func() { inet.Host("www.kid.qq.com") }); !strings.Contains(got, "the delegation of kid.qq.com. hides it") {
			t.Errorf("a host that a delegation hides panics with %q", got)
		}
		inet.MX("kid.qq.com", "mx.kid.qq.com") // makes a zone
	})
}

// A zone that is signed already is refused as a whole: without its signatures it would be another one.
func TestSignedZone(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	for _, line := range []string{
		"qq.com. RRSIG MX 13 2 300 20300101000000 20200101000000 1 qq.com. AAAA", "qq.com. NSEC a.qq.com. MX",
		"qq.com. NSEC3PARAM 1 0 0 -", "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.qq.com. NSEC3 1 0 0 - 2t7b4g4vsa5smi47k61mv5bv1a22bojr MX",
	} {
		text := "qq.com. MX 10 mx.qq.com.\n" + line + "\n"
		for name, err := range map[string]error{"Zone": inet.AddZone(text), "ReplaceZone": inet.ReplaceZone("qq.com", text)} {
			if err == nil || !strings.Contains(err.Error(), "a zone that is signed already can't be served as it is") {
				t.Errorf("%s of %s: got error %v", name, line, err)
			}
		}
	}
	if r, err := dns.Exchange(new(dns.Msg).SetQuestion("qq.com.", dns.TypeMX), resolverOf(t, inet)); err != nil || r.Rcode != dns.RcodeNameError {
		t.Errorf("got %v, %v", r, err)
	}
}

// TestZoneGrowth shows that twice as many delegations take about twice the memory. It is not parallel: allocations of others
// would count.
func TestZoneGrowth(t *testing.T) {
	allocated := func(n int) uint64 {
		var text strings.Builder
		text.WriteString("example.com. SOA ns.example.com. hostmaster.example.com. 1 1 1 1 1\n")
		for i := range n {
			fmt.Fprintf(&text, "s%d.example.com. NS ns.s%d.example.com.\nns.s%d.example.com. A 203.0.113.1\n", i, i, i)
		}
		inet := mxmock.New(t)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if err := inet.AddZone(text.String()); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	small, large := allocated(500), allocated(1_000)
	if large > 3*small {
		t.Errorf("twice as many delegations take %d bytes of memory instead of %d", large, small)
	}
}
