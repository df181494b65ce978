package mxmock_test

// Tests of what goes wrong with questions.

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/seed078e9d8c/maillab/mxmock"
)

// TestFaultsOnTheWire shows each fault to a client that looks closely.
func TestFaultsOnTheWire(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	inet.MX("qq.com", "mx1.qq.com")
	addr := listenDNS(t, inet)
	exchange := func(network string, timeout time.Duration) string {
		q := new(dns.Msg).SetQuestion("qq.com.", dns.TypeMX)
		conn, err := dns.Dial(network, addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if err := conn.WriteMsg(q); err != nil {
			t.Fatal(err)
		}
		conn.SetReadDeadline(time.Now().Add(timeout))
		r, err := conn.ReadMsg()
		var timed net.Error
		switch {
		case errors.As(err, &timed) && timed.Timeout():
			return "timeout"
		case err != nil && r != nil && strings.Contains(err.Error(), "dns: "):
			return "no message"
		case err != nil:
			return "no reply"
		}
		said := dns.RcodeToString[r.Rcode]
		if r.Id != q.Id {
			said += " id"
		}
		if r.Question[0].Name != "qq.com." {
			said += " question"
		}
		for _, f := range []struct {
			name string
			set  bool
		}{{"TC", r.Truncated}, {"RA", r.RecursionAvailable}, {"MX", len(r.Answer) > 0}, {"SOA", len(r.Ns) > 0}} {
			if f.set {
				said += " " + f.name
			}
		}
		return said
	}
	for _, test := range []struct {
		fault    mxmock.Fault
		udp, tcp string
	}{
		{0, "NOERROR RA MX", "NOERROR RA MX"},
		{mxmock.Refused, "REFUSED RA", "REFUSED RA"},
		{mxmock.Silent, "timeout", "timeout"},
		{mxmock.Unreachable, "timeout", "no reply"},
		{mxmock.Aborted, "timeout", "no reply"},
		{mxmock.ServFail, "SERVFAIL RA", "SERVFAIL RA"},
		{mxmock.NXDomain, "NXDOMAIN RA SOA", "NXDOMAIN RA SOA"},
		{mxmock.NoData, "NOERROR RA SOA", "NOERROR RA SOA"},
		{mxmock.NotImp, "NOTIMP RA", "NOTIMP RA"},
		{mxmock.FormErr, "FORMERR RA", "FORMERR RA"},
		{mxmock.Truncate, "NOERROR TC RA", "NOERROR RA MX"},
		{mxmock.Lame, "NOERROR", "NOERROR"},
		{mxmock.WrongID, "NOERROR id RA MX", "NOERROR id RA MX"},
		{mxmock.WrongQuestion, "NOERROR question RA MX", "NOERROR question RA MX"},
		{mxmock.Garbage, "no message", "no message"},
		{mxmock.Partial, "no message", "no reply"},
		{mxmock.Bogus, "SERVFAIL RA", "SERVFAIL RA"},
	} {
		inet.Mend("mx qq.com")
		if test.fault != 0 {
			inet.Break("mx qq.com", test.fault)
		}
		for network, want := range map[string]string{"udp": test.udp, "tcp": test.tcp} {
			timeout := 30 * time.Second
			if want == "timeout" {
				timeout = 50 * time.Millisecond
			}
			if got := exchange(network, timeout); got != want {
				t.Errorf("%v over %s: got %q, want %q", test.fault, network, got, want)
			}
		}
	}
}

// TestNegativeFaults looks at the SOA record in what NXDomain and NoData answer, which says how long
// that holds (RFC 2308 §3).
func TestNegativeFaults(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	zoneOf(t, inet, `
		example.com.     86400 SOA ns hostmaster 1 3600 600 604800 60
		example.com.           MX 10 mx.example.com.
		www.example.com.       CNAME web.example.net.
		web.example.net.       A 203.0.113.80
	`)
	inet.Break("any *", mxmock.NoData)
	addr := listenDNS(t, inet)
	for question, want := range map[string]string{
		"mx example.com":     "example.com. 60",
		"soa example.com":    "example.com. 60",
		"a www.example.com":  "example.com. 60",
		"a none.example.com": "example.com. 60",
		"a web.example.net":  "example.net. 300",
		"a example.org":      ". 300",
	} {
		r := ask(t, "udp", addr, question, nil)
		if len(r.Ns) != 1 || len(r.Answer) > 0 {
			t.Errorf("%s: got %v, want no answer and an SOA record", question, r)
			continue
		}
		if got := fmt.Sprint(r.Ns[0].Header().Name, " ", r.Ns[0].Header().Ttl); got != want {
			t.Errorf("%s: SOA of %s, want %s", question, got, want)
		}
	}
}

// TestFaultsForResolver shows each fault to package net's resolver, in virtual time, with a search
// list as the machine has it.
func TestFaultsForResolver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inet := mxmock.New(t)
		inet.MX("qq.com", "mx1.qq.com")
		for _, test := range []struct {
			fault                    mxmock.Fault
			notFound, temporary, tmo bool
			fine                     bool
		}{
			{fault: mxmock.Refused},
			{fault: mxmock.Silent, temporary: true, tmo: true},
			{fault: mxmock.Unreachable, temporary: true},
			{fault: mxmock.Aborted, temporary: true, tmo: true},
			{fault: mxmock.ServFail, temporary: true},
			{fault: mxmock.NXDomain, notFound: true},
			{fault: mxmock.NoData, notFound: true},
			{fault: mxmock.NotImp},
			{fault: mxmock.FormErr},
			{fault: mxmock.Truncate, fine: true},
			{fault: mxmock.Lame},
			{fault: mxmock.WrongID, temporary: true, tmo: true},
			{fault: mxmock.WrongQuestion, temporary: true, tmo: true},
			{fault: mxmock.Garbage, temporary: true, tmo: true},
			{fault: mxmock.Partial},
			{fault: mxmock.Bogus, temporary: true},
		} {
			for _, name := range []string{"qq.com.", "qq.com"} {
				inet.Break("mx qq.com", test.fault)
				_, err := inet.Resolver().LookupMX(t.Context(), name)
				var d *net.DNSError
				if !errors.As(err, &d) {
					if !test.fine || err != nil {
						t.Errorf("%v %s: %v, want a DNSError", test.fault, name, err)
					}
					continue
				}
				if test.fault == mxmock.Unreachable {
					d.IsTemporary = true // package net does not say so
				}
				if test.fine || d.IsNotFound != test.notFound || d.IsTemporary != test.temporary || d.IsTimeout != test.tmo {
					t.Errorf("%v %s: %+v, want %+v", test.fault, name, d, test)
				}
			}
		}
	})
}

func TestBreakQuestions(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	inet.MX("qq.com", "mx1.qq.com")
	addr := listenDNS(t, inet)
	rcode := func(question string) string {
		return dns.RcodeToString[ask(t, "udp", addr, question, nil).Rcode]
	}
	check := func(what string, want map[string]string) {
		t.Helper()
		for question, want := range want {
			if got := rcode(question); got != want {
				t.Errorf("%s: %s = %s, want %s", what, question, got, want)
			}
		}
	}
	inet.Break("any *", mxmock.Refused)
	inet.Break("any *.qq.com", mxmock.NotImp)
	inet.Break("any qq.com", mxmock.FormErr)
	inet.Break("mx qq.com", mxmock.ServFail)
	check("all broken", map[string]string{
		"mx qq.com": "SERVFAIL", "txt qq.com": "FORMERR", "a mx1.qq.com": "NOTIMP", "a xqq.com": "REFUSED", "a 163.com": "REFUSED",
		"MX QQ.COM": "SERVFAIL",
	})
	inet.Mend("mx qq.com")
	inet.Mend("any *.qq.com")
	inet.Mend("txt never.broken.com")
	check("two mended", map[string]string{"mx qq.com": "FORMERR", "a mx1.qq.com": "REFUSED"})
	inet.Break("any *", mxmock.NXDomain)
	check("broken otherwise", map[string]string{"a mx1.qq.com": "NXDOMAIN"})
	inet.Reset()
	check("reset", map[string]string{"mx qq.com": "NOERROR", "a mx1.qq.com": "NOERROR"})
	inet.Break("mx qq.com", mxmock.ServFail)
	check("with a suffix of a search list", map[string]string{"mx qq.com.corp.example": "SERVFAIL", "mx qq.corp.example": "NXDOMAIN"})
	inet.Break("ptr 203.0.113.5", mxmock.Refused)
	check("the name of an address", map[string]string{"ptr 5.113.0.203.in-addr.arpa": "REFUSED"})
	if got := inet.Journal().Count("ask ptr 203.0.113.5"); got != 1 {
		t.Errorf("the journal has %d questions for the name of the address, want 1", got)
	}

	for _, bad := range []string{"", "mx", "nosuch qq.com", "mx a b", "mx ..", "203.0.113.256", "mx qq.com\x00"} {
		mustPanic(t, "Break "+bad, func() { inet.Break(bad, mxmock.ServFail) })
		mustPanic(t, "Mend "+bad, func() { inet.Mend(bad) })
	}
	mustPanic(t, "no fault", func() { inet.Break("mx qq.com", 0) })
	mustPanic(t, "no such fault", func() { inet.Break("mx qq.com", 99) })
	mustPanic(t, "a fault of questions for an address", func() { inet.Break("203.0.113.1", mxmock.ServFail) })
	mustPanic(t, "a fault of questions for a host", func() { inet.Host("a.example.com").Break(mxmock.ServFail) })
}

// TestRules puts several rules into force and looks what each of a series of look-ups gets.
func TestRules(t *testing.T) {
	t.Parallel()
	for _, network := range networks {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			inet := mxmock.New(t)
			inet.MX("qq.com", "mx1.qq.com")
			inet.AddDNSRules(
				mxmock.DNSRule{Question: "mx qq.com", Skip: 1, Times: 2, Fault: mxmock.ServFail},
				mxmock.DNSRule{Question: "mx qq.com", Skip: 1, Times: 1, Answer: "@ MX 1 other.qq.com.\n@ 60 MX 2 another.qq.com."},
				mxmock.DNSRule{Question: "mx qq.com", Network: "tcp", Fault: mxmock.Refused},
				mxmock.DNSRule{Question: "mx qq.com", Client: "203.0.113.0/24", Fault: mxmock.Refused},
			)
			r := inet.Resolver()
			if network == "sockets" {
				// A stub that keeps its ID: two attempts each.
				addr := listenDNS(t, inet)
				r = nil
				var got []string
				for range 5 {
					id := dns.Id()
					var answers []string
					for range 2 {
						a := ask(t, "udp", addr, "mx qq.com", func(q *dns.Msg) { q.Id = id })
						if answers = append(answers, dns.RcodeToString[a.Rcode]); a.Rcode == 0 {
							break
						}
					}
					got = append(got, strings.Join(answers, " "))
				}
				want := []string{"NOERROR", "SERVFAIL SERVFAIL", "SERVFAIL SERVFAIL", "NOERROR", "NOERROR"}
				if diff := cmp.Diff(got, want); diff != "" {
					t.Errorf("got, want differ:\n%s", diff)
				}
				return
			}
			var got []string
			for range 5 {
				mxs, err := r.LookupMX(t.Context(), "qq.com")
				switch {
				case isNotFound(err):
					got = append(got, "not found")
				case err != nil:
					got = append(got, "error")
				default:
					got = append(got, mxs[0].Host)
				}
			}
			want := []string{"mx1.qq.com.", "error", "error", "other.qq.com.", "mx1.qq.com."}
			if diff := cmp.Diff(got, want); diff != "" {
				t.Errorf("got, want differ:\n%s", diff)
			}
			if got, want := inet.Journal().Count("ask mx qq.com"), 5; got != want {
				t.Errorf("%d look-ups, want %d:\n%v", got, want, inet.Journal())
			}
		})
	}
}

// TestAnswerWithAlias: an answer may go on from an alias to names elsewhere, even if a zone begins at the alias.
func TestAnswerWithAlias(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	inet.AddDNSRules(mxmock.DNSRule{Question: "mx *.com", Answer: "@ CNAME tencent.example.\ntencent.example. MX 10 mx1"})
	for name, want := range map[string]string{"qq.com.": "10 mx1.qq.com.;", "mail.qq.com.": "10 mx1.mail.qq.com.;"} {
		if got := mxOf(t, inet.Resolver(), name); got != want {
			t.Errorf("%s: MX %q, want %q", name, got, want)
		}
	}
}

// TestRulesOfTime is an SPF look-up that times out for four virtual hours, and answers that are
// late or change.
func TestRulesOfTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inet := mxmock.New(t)
		zoneOf(t, inet, `qq.com. TXT "v=spf1 -all"`)
		inet.MX("qq.com", "mx1.qq.com")
		inet.AddDNSRules(
			mxmock.DNSRule{Question: "txt qq.com", For: 4 * time.Hour, Fault: mxmock.Silent},
			mxmock.DNSRule{Question: "mx qq.com", Times: 1, Delay: 3 * time.Second},
			mxmock.DNSRule{Question: "mx qq.com", After: 24 * time.Hour, Answer: "@ MX 10 mx3.qq.com."},
		)
		start := time.Now()
		for {
			txt, err := inet.Resolver().LookupTXT(t.Context(), "qq.com.")
			if err == nil {
				if len(txt) != 1 || txt[0] != "v=spf1 -all" {
					t.Errorf("TXT = %q, want the SPF record", txt)
				}
				break
			}
			var d *net.DNSError
			if !errors.As(err, &d) || !d.IsTimeout {
				t.Fatalf("after %v: %v, want a timeout", time.Since(start), err)
			}
			time.Sleep(10 * time.Minute)
		}
		if got := time.Since(start); got < 4*time.Hour || got > 4*time.Hour+11*time.Minute {
			t.Errorf("answered after %v, want 4h and a little", got)
		}
		asked := time.Now()
		if got, want := mxOf(t, inet.Resolver(), "qq.com."), "10 mx1.qq.com.;"; got != want {
			t.Errorf("today: MX %s, want %s", got, want)
		}
		if got, want := time.Since(asked), 3*time.Second; got != want {
			t.Errorf("answer took %v, want %v", got, want)
		}
		time.Sleep(24 * time.Hour)
		if got, want := mxOf(t, inet.Resolver(), "qq.com."), "10 mx3.qq.com.;"; got != want {
			t.Errorf("tomorrow: MX %s, want %s", got, want)
		}
	})
}

// TestTimesWithImpatientClient lets a client give up before its stub asks again: what it asks then
// is another look-up.
func TestTimesWithImpatientClient(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inet := mxmock.New(t)
		inet.MX("qq.com", "mx1.qq.com")
		inet.AddDNSRules(mxmock.DNSRule{Question: "mx qq.com", Times: 2, Fault: mxmock.Silent})
		for i := range 3 {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			_, err := inet.Resolver().LookupMX(ctx, "qq.com.")
			cancel()
			if got, want := err == nil, i == 2; got != want {
				t.Errorf("look-up %d: %v, want success %v", i+1, err, want)
			}
		}
		inet.AddDNSRules(mxmock.DNSRule{Question: "mx qq.com", Times: 1, Fault: mxmock.Silent})
		for i := range 2 { // and now with all the patience of the stub
			_, err := inet.Resolver().LookupMX(t.Context(), "qq.com.")
			if got, want := err == nil, i == 1; got != want {
				t.Errorf("patient look-up %d: %v, want success %v", i+1, err, want)
			}
		}
	})
}

// TestDelay has answers that wait, on all transports; Close does not wait for them.
func TestDelay(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	inet.MX("qq.com", "mx1.qq.com")
	addr := listenDNS(t, inet)
	inet.AddDNSRules(mxmock.DNSRule{Question: "mx qq.com", Times: 2, Delay: 50 * time.Millisecond}, mxmock.DNSRule{Question: "mx qq.com", Delay: time.Hour})
	for _, network := range []string{"udp", "tcp"} {
		start := time.Now()
		if r := ask(t, network, addr, "mx qq.com", nil); len(r.Answer) != 1 || time.Since(start) < 50*time.Millisecond {
			t.Errorf("over %s: %v after %v, want an answer after 50ms", network, r, time.Since(start))
		}
	}
	conn, err := dns.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.WriteMsg(new(dns.Msg).SetQuestion("qq.com.", dns.TypeMX))
	for inet.Journal().Count("ask mx qq.com") < 3 {
		ask(t, "udp", addr, "a mx1.qq.com", nil) // until the question has been read
	}
	start := time.Now()
	inet.Close()
	if d := time.Since(start); d > time.Second {
		t.Errorf("Close took %v, want at most a second", d)
	}
}

func TestBadRules(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	for _, bad := range []mxmock.DNSRule{
		{},
		{Question: "mx qq.com"},
		{Question: "nosuch qq.com", Fault: mxmock.ServFail},
		{Question: "mx qq.com", Fault: 99},
		{Network: "icmp", Fault: mxmock.ServFail},
		{Client: "me", Fault: mxmock.ServFail},
		{Skip: -1, Fault: mxmock.ServFail},
		{Times: -1, Fault: mxmock.ServFail},
		{For: -1, Fault: mxmock.ServFail},
		{After: -1, Fault: mxmock.ServFail},
		{Delay: -1},
		{Question: "mx qq.com", Answer: "@ MX"},
		{Question: "mx qq.com", Answer: "@ MX 10 a.", Fault: mxmock.ServFail},
	} {
		mustPanic(t, fmt.Sprintf("%+v", bad), func() { inet.AddDNSRules(bad) })
	}
	inet.AddDNSRules(mxmock.DNSRule{Fault: mxmock.ServFail}) // every question
	if _, err := inet.Resolver().LookupHost(t.Context(), "example.org."); err == nil || isNotFound(err) {
		t.Errorf("with a rule for everything: %v, want SERVFAIL", err)
	}
	inet.Mend("any *")
	if _, err := inet.Resolver().LookupHost(t.Context(), "example.org."); !isNotFound(err) {
		t.Errorf("mended: %v, want not found", err)
	}
}

// TestBogus has one record of a secure domain with false signatures.
func TestBogus(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	inet.MX("qq.com", "mx1.qq.com")
	inet.Secure("qq.com")
	addr := listenDNS(t, inet)
	key := ask(t, "tcp", addr, "dnskey qq.com", nil)
	look := func(question string, cd bool) (rcode string, ad, valid bool) {
		r := ask(t, "tcp", addr, question, func(q *dns.Msg) {
			q.SetEdns0(4096, true)
			q.CheckingDisabled = cd
		})
		var set []dns.RR
		var sig *dns.RRSIG
		for _, rr := range append(r.Answer, r.Ns...) {
			if s, ok := rr.(*dns.RRSIG); ok && sig == nil {
				sig = s
			} else if sig == nil {
				set = append(set, rr)
			}
		}
		for _, rr := range key.Answer {
			if k, ok := rr.(*dns.DNSKEY); ok && sig != nil && sig.Verify(k, set) == nil {
				valid = true
			}
		}
		return dns.RcodeToString[r.Rcode], r.AuthenticatedData, valid
	}
	for _, broken := range []bool{false, true} {
		for _, cd := range []bool{false, true} {
			wantRcode, wantValid := "NOERROR", !broken
			if broken && !cd {
				wantRcode = "SERVFAIL"
			}
			if rcode, ad, valid := look("mx qq.com", cd); rcode != wantRcode || valid != wantValid || ad && (broken || cd) {
				t.Errorf("broken %v, CD %v: %s, AD %v, valid %v, want %s, valid %v", broken, cd, rcode, ad, valid, wantRcode, wantValid)
			}
		}
		if _, _, valid := look("a mx1.qq.com", true); !valid {
			t.Error("the signature of another record is not valid")
		}
		inet.Break("mx qq.com", mxmock.Bogus)
	}
}

// A rule that is used up does not act on later look-ups, even if they fail and are repeated.
func TestUsedUpRule(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	inet.MX("qq.com", "mx1.qq.com")
	inet.AddDNSRules(mxmock.DNSRule{Question: "mx qq.com", Times: 1, Answer: "@ MX 10 other.example."})
	r := inet.Resolver()
	if mxs, err := r.LookupMX(t.Context(), "qq.com"); err != nil || len(mxs) != 1 || mxs[0].Host != "other.example." {
		t.Errorf("the first look-up: %v, %v; want the answer of the rule", mxs, err)
	}
	inet.Break("mx qq.com", mxmock.ServFail)
	for range 2 {
		if mxs, err := r.LookupMX(t.Context(), "qq.com"); err == nil {
			t.Errorf("a later look-up: %v, want an error", mxs)
		}
	}
}
