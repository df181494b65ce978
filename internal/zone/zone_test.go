package zone

// Helpers of the tests: zones from text, questions as one line, answers as text.

import (
	"fmt"
	"strings"
	"testing"

	"github.com/miekg/dns"
	"go.uber.org/goleak"

	"github.com/seed078e9d8c/maillab/internal/machine"
)

func TestMain(m *testing.M) {
	machine.CollectRarely()
	goleak.VerifyTestMain(m)
}

// load returns a DB with the records of a text of any zones.
func load(tb testing.TB, text string) *DB {
	tb.Helper()
	db := new(DB)
	if err := db.Add(parse(tb, text)...); err != nil {
		tb.Fatal(err)
	}
	return db
}

func parse(tb testing.TB, text string) []dns.RR {
	tb.Helper()
	rrs, err := Parse(text, ".", "test")
	if err != nil {
		tb.Fatal(err)
	}
	return rrs
}

// query makes a query from "name type".
func query(tb testing.TB, question string) *dns.Msg {
	tb.Helper()
	name, mnemonic, _ := strings.Cut(question, " ")
	typ, ok := typeOf(mnemonic)
	if !ok {
		tb.Fatalf("question %q: unknown type", question)
	}
	return new(dns.Msg).SetQuestion(name, typ)
}

// ask returns the answer to "name type" as text.
func ask(tb testing.TB, db *DB, question string, m Mode) string {
	tb.Helper()
	return show(db.Answer(query(tb, question), m))
}

// show writes an answer as a line with code and flags, and a line for each record.
func show(r *dns.Msg) string {
	var b strings.Builder
	b.WriteString(dns.RcodeToString[r.Rcode])
	for _, flag := range []struct {
		set  bool
		name string
	}{{r.Authoritative, " aa"}, {r.Truncated, " tc"}, {r.RecursionAvailable, " ra"}, {r.AuthenticatedData, " ad"}} {
		if flag.set {
			b.WriteString(flag.name)
		}
	}
	b.WriteByte('\n')
	for _, section := range []struct {
		name string
		rrs  []dns.RR
	}{{"answer", r.Answer}, {"authority", r.Ns}, {"additional", r.Extra}} {
		for _, rr := range section.rrs {
			if rr.Header().Rrtype != dns.TypeOPT {
				fmt.Fprintf(&b, "%-10s %s\n", section.name, strings.ReplaceAll(rr.String(), "\t", " "))
			}
		}
	}
	return b.String()
}

// One call gives an RRset one TTL, the lowest, however the records come (RFC 2181 §5.2).
func TestLowestTTL(t *testing.T) {
	t.Parallel()
	db := load(t, "a.example. 500 A 192.0.2.1")
	before := db.Answer(query(t, "a.example. A"), Recursive).Answer
	if err := db.Add(parse(t, "a.example. 400 A 192.0.2.2\nA.example. 300 A 192.0.2.3\na.example. 350 A 192.0.2.4\na.example. 200 TXT x")...); err != nil {
		t.Fatal(err)
	}
	for _, rr := range db.Answer(query(t, "a.example. A"), Recursive).Answer {
		if ttl := rr.Header().Ttl; ttl != 300 {
			t.Errorf("%v has the TTL %d, want 300", rr, ttl)
		}
	}
	if ttl := before[0].Header().Ttl; ttl != 500 {
		t.Errorf("an answer that was given before has now the TTL %d", ttl)
	}
	if err := db.Add(parse(t, "a.example. TXT X")...); err != nil {
		t.Fatal(err)
	}
	if n := len(db.Answer(query(t, "a.example. TXT"), Recursive).Answer); n != 2 {
		t.Errorf("%d TXT records, want x and X", n)
	}
}

// A name server that has no zone for a name says so (RFC 8914 §4.21).
func TestNotAuthoritative(t *testing.T) {
	t.Parallel()
	db := load(t, "a.example. SOA ns.a.example. h.a.example. 1 2 3 4 5")
	q := query(t, "a.other. A")
	q.SetEdns0(MaxUDP, false)
	r := db.Answer(q, Authoritative)
	found := false
	for _, o := range r.IsEdns0().Option {
		e, ok := o.(*dns.EDNS0_EDE)
		found = found || ok && e.InfoCode == dns.ExtendedErrorCodeNotAuthoritative
	}
	if r.Rcode != dns.RcodeRefused || !found {
		t.Errorf("got %v, want REFUSED with Not Authoritative", r)
	}
}
