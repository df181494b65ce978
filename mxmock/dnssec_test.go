package mxmock_test

// Secure domains before validators: our own resolver, unbound, and delv must find the same.

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"

	"github.com/seed078e9d8c/maillab/internal/machine"
	"github.com/seed078e9d8c/maillab/internal/program"
	"github.com/seed078e9d8c/maillab/mxmock"
)

// secureDomain is a domain and what validators must find in it.
type secureDomain struct {
	name     string
	how      []mxmock.DNSSEC
	data     string // secure, insecure or bogus: what exists
	denial   string // that a name has no such records
	covered  string // that a name does not exist, and what comes from a wildcard
	insecure string // the domain beneath that is not secure
}

var secureDomains = []secureDomain{
	{"ecdsa.com", nil, "secure", "secure", "secure", "insecure"},
	{"hashed.com", []mxmock.DNSSEC{mxmock.NSEC3}, "secure", "secure", "secure", "insecure"},
	{"opt-out.com", []mxmock.DNSSEC{mxmock.OptOut}, "secure", "secure", "insecure", "insecure"},
	{"edwards.com.cn", []mxmock.DNSSEC{mxmock.Ed25519}, "secure", "secure", "secure", "insecure"},
	{"rsa.com", []mxmock.DNSSEC{mxmock.RSA, mxmock.NSEC3}, "secure", "secure", "secure", "insecure"},
	{"unrenewed.com", []mxmock.DNSSEC{mxmock.UnrenewedSignatures}, "secure", "secure", "secure", "insecure"},
	{"bad.com", []mxmock.DNSSEC{mxmock.BadSignatures}, "bogus", "bogus", "bogus", "bogus"},
	{"expired.com", []mxmock.DNSSEC{mxmock.ExpiredSignatures}, "bogus", "bogus", "bogus", "bogus"},
	{"future.com", []mxmock.DNSSEC{mxmock.FutureSignatures, mxmock.Ed25519}, "bogus", "bogus", "bogus", "bogus"},
	{"unsigned.com", []mxmock.DNSSEC{mxmock.Unsigned}, "bogus", "bogus", "bogus", "bogus"},
	{"wrong-ds.com", []mxmock.DNSSEC{mxmock.WrongDS}, "bogus", "bogus", "bogus", "bogus"},
	{"no-ds.com", []mxmock.DNSSEC{mxmock.NoDS}, "insecure", "insecure", "insecure", "insecure"},
	{"no-nsec.com", []mxmock.DNSSEC{mxmock.NoDenial}, "secure", "bogus", "bogus", "bogus"},
	{"no-nsec3.com", []mxmock.DNSSEC{mxmock.NoDenial, mxmock.NSEC3}, "secure", "bogus", "bogus", "bogus"},
	{"wrong-nsec.com", []mxmock.DNSSEC{mxmock.WrongDenial}, "secure", "bogus", "bogus", "bogus"},
	{"wrong-nsec3.com", []mxmock.DNSSEC{mxmock.WrongDenial, mxmock.NSEC3}, "secure", "bogus", "bogus", "bogus"},
}

// finding is a question and what validators must find.
type finding struct {
	question string // "name type"
	want     string
}

// secureInternet makes an internet with all secureDomains, and the questions about them.
func secureInternet(tb testing.TB) (*mxmock.Internet, []finding) {
	tb.Helper()
	inet := mxmock.New(tb)
	inet.MX("plain.org", "mx.plain.org")
	inet.MX("plain.net", "mx.plain.net")
	inet.MX("signed.net", "mx.signed.net")
	inet.Secure("net", mxmock.OptOut)
	inet.Secure("signed.net")
	for _, d := range secureDomains {
		inet.MX(d.name, "mx1."+d.name)
		zoneOf(tb, inet, strings.ReplaceAll(`
a.ent.@.          A     192.0.2.250
*.w.@.            TXT   "wild"
out.@.            CNAME mx.plain.org.
to-ecdsa.@.       CNAME mx1.ecdsa.com.
d.@.              DNAME ecdsa.com.
kid.@.            SOA   ns.kid.@. hostmaster.kid.@. 1 3600 600 604800 300
www.kid.@.        A     192.0.2.251
_25._tcp.mx1.@.   TLSA  3 1 1 0000000000000000000000000000000000000000000000000000000000000000
`, "@", d.name))
		inet.Secure(d.name, d.how...)
	}
	zoneOf(tb, inet, "www.secure.ecdsa.com. A 192.0.2.252\nwww.secure.hashed.com. A 192.0.2.253")
	inet.Secure("secure.ecdsa.com", mxmock.NSEC3)
	inet.Secure("secure.hashed.com")
	zoneOf(tb, inet, "www.ecdsa.com. A 192.0.2.254")
	inet.Break("any www.ecdsa.com", mxmock.Bogus)
	inet.Break("tlsa _25._tcp.mx1.hashed.com", mxmock.Bogus)
	findings := []finding{
		{"www.ecdsa.com A", "bogus"},
		{"www.ecdsa.com AAAA", "bogus"},
		{"plain.org MX", "insecure"},
		{"nope.plain.org MX", "insecure"},
		{"plain.net MX", "insecure"},
		{"plain.net DS", "insecure"},
		{"nope.net MX", "insecure"},
		{"net MX", "secure"},
		{"signed.net MX", "secure"},
		{"nope.signed.net MX", "secure"},
		{"nope MX", "secure"},
		{"nope.com MX", "secure"},
		{"com DS", "secure"},
		{"com DNSKEY", "secure"},
		{"www.secure.ecdsa.com A", "secure"},
		{"nope.secure.ecdsa.com A", "secure"},
		{"www.secure.hashed.com A", "secure"},
	}
	worse := func(a, b string) string {
		for _, v := range []string{"bogus", "insecure"} {
			if a == v || b == v {
				return v
			}
		}
		return "secure"
	}
	for _, d := range secureDomains {
		for _, f := range []finding{
			{"@ MX", d.data},
			{"_25._tcp.mx1.@ TLSA", d.data},
			{"to-ecdsa.@ A", d.data},
			{"mx1.d.@ A", d.data},
			{"out.@ A", worse(d.data, "insecure")},
			{"@ AAAA", d.denial},
			{"nope.@ MX", d.covered},
			{"x.y.nope.mx1.@ A", d.covered},
			{"ent.@ A", d.denial},
			{"x.w.@ TXT", d.covered},
			{"x.w.@ A", d.covered},
			{"www.kid.@ A", d.insecure},
		} {
			f.question = strings.ReplaceAll(f.question, "@", d.name)
			if f.question == "_25._tcp.mx1.hashed.com TLSA" {
				f.want = "bogus"
			}
			findings = append(findings, f)
		}
	}
	return inet, findings
}

// findingOf asks a resolver at an address what it finds.
func findingOf(tb testing.TB, addr string, f finding, edit func(*dns.Msg)) (string, *dns.Msg) {
	tb.Helper()
	name, typ, _ := strings.Cut(f.question, " ")
	q := new(dns.Msg).SetQuestion(dns.Fqdn(name), dns.StringToType[typ])
	q.AuthenticatedData = true
	edit(q)
	client := dns.Client{Timeout: 20 * time.Second}
	r, _, err := client.ExchangeContext(tb.Context(), q, addr)
	if err == nil && r.Truncated {
		client.Net = "tcp"
		r, _, err = client.ExchangeContext(tb.Context(), q, addr)
	}
	switch {
	case err != nil:
		tb.Fatalf("%s: %v", f.question, err)
		return "", nil
	case r.Rcode == dns.RcodeServerFailure:
		return "bogus", r
	case r.AuthenticatedData:
		return "secure", r
	}
	return "insecure", r
}

// TestSecure asks our own resolver, which must not only find the same but also give those who ask
// for it all there is.
func TestSecure(t *testing.T) {
	t.Parallel()
	inet, findings := secureInternet(t)
	addr, err := inet.ListenDNS()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		if got, _ := findingOf(t, addr, f, func(*dns.Msg) {}); got != f.want {
			t.Errorf("%s: got %s, want %s", f.question, got, f.want)
		}
		if got, _ := findingOf(t, addr, f, func(q *dns.Msg) { q.AuthenticatedData = false; q.SetEdns0(1232, true) }); got != f.want {
			t.Errorf("%s with DO instead of AD: got %s, want %s", f.question, got, f.want)
		}
		got, r := findingOf(t, addr, f, func(q *dns.Msg) { q.AuthenticatedData = false })
		if want := strings.Replace(f.want, "secure", "insecure", 1); got != want && got != f.want || got == "secure" {
			t.Errorf("%s without AD and DO: got %s, want no AD", f.question, got)
		}
		for _, rr := range append(append(r.Answer, r.Ns...), r.Extra...) {
			if rr.Header().Rrtype == dns.TypeRRSIG {
				t.Errorf("%s without DO: got %v, want no signature (RFC 4035 §3.1)", f.question, rr)
			}
		}
		got, r = findingOf(t, addr, f, func(q *dns.Msg) { q.CheckingDisabled = true })
		if got != "insecure" || len(r.Answer)+len(r.Ns) == 0 {
			t.Errorf("%s with CD: got %v, want the data, unchecked", f.question, r)
		}
	}
}

// TestUnbound lets unbound validate all, as a resolver that forwards to ours, and as one that asks
// the name servers of each zone, whose ports it has to be told.
func TestUnbound(t *testing.T) {
	t.Parallel()
	machine.NeedIPv4(t)
	zones := []string{".", "com", "cn", "com.cn", "net", "plain.org", "plain.net", "signed.net", "secure.ecdsa.com", "secure.hashed.com"}
	for _, d := range secureDomains {
		zones = append(zones, d.name, "kid."+d.name)
	}
	tests := []struct {
		mode     string
		upstream func(*testing.T, *mxmock.Internet) string
		zones    []string
	}{{"forward", resolverOf, []string{"."}}, {"stub", nameServerOf, zones}}
	for _, tt := range tests {
		t.Run(tt.mode, func(t *testing.T) {
			t.Parallel()
			program.Find(t, "unbound") // before keys are made for nothing
			inet, findings := secureInternet(t)
			upstream := strings.Replace(tt.upstream(t, inet), ":", "@", 1)
			var config strings.Builder
			for _, zone := range tt.zones {
				fmt.Fprintf(&config, "%[1]s-zone:\n\tname: %[2]q\n\t%[1]s-addr: %[3]s\n", tt.mode, zone, upstream)
			}
			addr := startUnbound(t, inet, config.String())
			for _, f := range findings {
				if got, r := findingOf(t, addr, f, func(*dns.Msg) {}); got != f.want {
					t.Errorf("unbound, %s: got %s, want %s: %v", f.question, got, f.want, r)
				}
			}
			t.Logf("unbound validated %d answers", len(findings))
		})
	}
}

// resolverOf returns the address of a resolver of an internet.
func resolverOf(t *testing.T, inet *mxmock.Internet) string {
	t.Helper()
	addr, err := inet.ListenDNS()
	if err != nil {
		t.Fatal(err)
	}
	return addr
}

// nameServerOf returns the address of a name server of an internet.
func nameServerOf(t *testing.T, inet *mxmock.Internet) string {
	t.Helper()
	inet.Host("a.root-servers.net", "127.0.0.1").ServeDNS()
	addr := program.FreeAddr(t)
	_, text, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := inet.ListenHosts(map[int]int{53: port}); err != nil {
		t.Fatal(err)
	}
	return addr
}

// startUnbound starts unbound, which trusts the root of an internet, and returns its address.
func startUnbound(t *testing.T, inet *mxmock.Internet, zones string) string {
	t.Helper()
	path := program.Find(t, "unbound") // without it nobody validates our signatures
	addr, dir := program.FreeAddr(t), machine.TempDir(t)
	anchor := inet.TrustAnchor()
	if strings.Contains(zones, "stub-zone") { // either form will do
		anchor = inet.TrustAnchorDS()
	}
	config := filepath.Join(dir, "unbound.conf")
	text := fmt.Sprintf(`
server:
	verbosity: 1
	use-syslog: no
	logfile: ""
	do-daemonize: no
	chroot: ""
	username: ""
	directory: %[1]q
	pidfile: %[2]q
	interface: %[3]s
	do-not-query-localhost: no
	num-threads: 1
	module-config: "validator iterator"
	trust-anchor: "%[4]s"
	val-log-level: 2
remote-control:
	control-enable: no
%[5]s`, dir, filepath.Join(dir, "pid"), strings.Replace(addr, ":", "@", 1), anchor, zones)
	if err := os.WriteFile(config, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	program.Start(t, exec.Command(path, "-d", "-c", config), "start of service")
	return addr
}

// TestDelv lets BIND's delv validate, one program for each question.
func TestDelv(t *testing.T) {
	t.Parallel()
	path := program.Find(t, "delv")
	inet, findings := secureInternet(t)
	addr, err := inet.ListenDNS()
	if err != nil {
		t.Fatal(err)
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	rr, err := dns.NewRR(inet.TrustAnchor())
	if err != nil {
		t.Fatal(err)
	}
	key := rr.(*dns.DNSKEY)
	anchor := filepath.Join(machine.TempDir(t), "anchor")
	text := fmt.Sprintf("trust-anchors { . static-key %d %d %d %q; };\n", key.Flags, key.Protocol, key.Algorithm, key.PublicKey)
	if err := os.WriteFile(anchor, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	validate := func(f finding) {
		name, typ, _ := strings.Cut(f.question, " ")
		// What it does not trust delv tells by a failure.
		out, _ := exec.CommandContext(t.Context(), path, "@"+host, "-p", port, "-a", anchor, "+cd", name, typ).CombinedOutput()
		got := "bogus"
		switch said := string(out); {
		case strings.Contains(said, "unsigned answer"), strings.Contains(said, "negative response, unsigned"):
			got = "insecure"
		case strings.Contains(said, "fully validated"):
			got = "secure"
		}
		if f.question == "plain.net DS" && got == "secure" {
			return // delv does not mind that the proof has opt-out, against RFC 5155 §9.2
		}
		if got != f.want {
			t.Errorf("delv, %s: got %s, want %s:\n%s", f.question, got, f.want, out)
		}
	}
	questions := make(chan finding)
	var askers sync.WaitGroup
	for range 4 { // at once, since each delv waits for longer than it works
		askers.Go(func() {
			for f := range questions {
				validate(f)
			}
		})
	}
	asked := 0
	for i := 0; i < len(findings); i += 5 { // so that each domain and each question has its turn
		asked++
		questions <- findings[i]
	}
	close(questions)
	askers.Wait()
	t.Logf("delv validated %d answers", asked)
}

// TestSecureTime lets signatures expire in virtual time, and signs anew.
func TestSecureTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inet := mxmock.New(t)
		inet.MX("qq.com", "mx1.qq.com")
		inet.MX("163.com", "mx1.163.com")
		inet.Secure("qq.com", mxmock.UnrenewedSignatures)
		inet.Secure("163.com")
		check := func(domain, want string) {
			t.Helper()
			if got := findingInMemory(t, inet, domain); got != want {
				t.Errorf("%s at %v: got %s, want %s", domain, time.Now(), got, want)
			}
		}
		check("qq.com", "secure")
		time.Sleep(14 * 24 * time.Hour)
		check("qq.com", "secure")
		time.Sleep(time.Second)
		check("qq.com", "bogus")
		if _, err := inet.Resolver().LookupMX(t.Context(), "qq.com"); err == nil {
			t.Error("LookupMX: no error, want SERVFAIL")
		}
		check("163.com", "secure")
		inet.Secure("qq.com")
		check("qq.com", "secure")
		time.Sleep(10 * 365 * 24 * time.Hour)
		check("qq.com", "secure")
		check("163.com", "secure")
	})
}

// findingInMemory is findingOf for the MX records of a domain, over the connections of Resolver.
func findingInMemory(t *testing.T, inet *mxmock.Internet, domain string) string {
	t.Helper()
	conn, err := inet.Resolver().Dial(t.Context(), "udp", "192.0.2.53:53")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	q := new(dns.Msg).SetQuestion(dns.Fqdn(domain), dns.TypeMX).SetEdns0(1232, true)
	co := &dns.Conn{Conn: conn, UDPSize: 1232}
	if err := co.WriteMsg(q); err != nil {
		t.Fatal(err)
	}
	r, err := co.ReadMsg()
	if err != nil {
		t.Fatal(err)
	}
	for _, rr := range r.Answer {
		if sig, ok := rr.(*dns.RRSIG); ok && !sig.ValidityPeriod(time.Now()) {
			t.Errorf("%v at %v is not valid now, but without SERVFAIL", sig, time.Now())
		}
	}
	switch {
	case r.Rcode == dns.RcodeServerFailure:
		return "bogus"
	case r.AuthenticatedData:
		return "secure"
	}
	return "insecure"
}

// TestSecureBeneath: a domain beneath a secure one is secure, unless it is a zone of its own.
func TestSecureBeneath(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	inet.Secure("qq.com")
	zoneOf(t, inet, "foxmail.qq.com. MX 10 mx1.qq.com.")
	inet.MX("vip.qq.com", "mx1.qq.com")
	addr := listenDNS(t, inet)
	secure := func(domain string) bool {
		return ask(t, "udp", addr, "mx "+domain, func(q *dns.Msg) { q.AuthenticatedData = true }).AuthenticatedData
	}
	if !secure("foxmail.qq.com") || secure("vip.qq.com") {
		t.Errorf("secure: foxmail %v, vip %v, want true, false", secure("foxmail.qq.com"), secure("vip.qq.com"))
	}
	inet.Secure("vip.qq.com")
	if !secure("vip.qq.com") {
		t.Error("vip is not secure")
	}
}

// TestPublishBogus changes and reads the records of a domain that validators do not believe.
func TestPublishBogus(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	mx := inet.MX("qq.com", "mx1.qq.com")[0]
	mx.Server(25).StartTLS = true
	zoneOf(t, inet, `
		qq.com.     TXT "owner=penguin"
		www.qq.com. A   203.0.113.80
	`)
	inet.Secure("qq.com", mxmock.ExpiredSignatures)
	inet.Publish("qq.com", mxmock.Records{SPF: "mx -all", DANE: true, MTASTS: "enforce"})
	if got := inet.Host("www.qq.com").Addrs(); !slices.Equal(got, []string{"203.0.113.80"}) {
		t.Errorf("addresses of the host = %q, want that of the DNS", got)
	}
	if err := inet.Check(); err != nil {
		t.Error(err)
	}
	inet.Secure("qq.com")
	if got, want := txtOf(t, inet, "qq.com"), []string{"v=spf1 mx -all", "owner=penguin"}; !slices.Equal(got, want) {
		t.Errorf("TXT = %q, want %q", got, want)
	}
	if got := ask(t, "udp", listenDNS(t, inet), "tlsa _25._tcp.mx1.qq.com", nil); len(got.Answer) != 1 {
		t.Errorf("TLSA = %v, want one record", got.Answer)
	}
}

// TestSecureMisuse checks what Secure refuses.
func TestSecureMisuse(t *testing.T) {
	t.Parallel()
	tests := []struct {
		domain string
		how    []mxmock.DNSSEC
		want   string
	}{
		{"no domain..", nil, "is not a domain name"},
		{"qq.com", []mxmock.DNSSEC{mxmock.RSA, mxmock.Ed25519}, "Ed25519 after [RSA]; there can be one algorithm and one flaw"},
		{"qq.com", []mxmock.DNSSEC{mxmock.NSEC3, mxmock.NoDS, mxmock.WrongDS}, "WrongDS after [NSEC3 NoDS]; there can be one algorithm and one flaw"},
		{"qq.com", []mxmock.DNSSEC{0}, "there is no DNSSEC 0"},
		{"qq.com", []mxmock.DNSSEC{99}, "there is no DNSSEC 99"},
		{"signed.com", nil, "DNSKEY records"},
		{"alias.qq.com", nil, "CNAME"},
	}
	for _, tt := range tests {
		inet := mxmock.New(t)
		zoneOf(t, inet, "signed.com. DNSKEY 257 3 13 AAAA\nalias.qq.com. CNAME mx1.qq.com.")
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, tt.want) {
					t.Errorf("Secure(%q, %v): got %q, want a panic with %q", tt.domain, tt.how, got, tt.want)
				}
			}()
			inet.Secure(tt.domain, tt.how...)
		}()
	}
}

// The signatures of a domain have expired: a resolver that validates gives its stubs no answer.
// Then it is signed anew.
func ExampleInternet_Secure() {
	inet := &mxmock.Internet{}
	defer inet.Close()
	inet.MX("qq.com", "mx1.qq.com")

	inet.Secure("qq.com", mxmock.ExpiredSignatures)
	_, err := inet.Resolver().LookupMX(context.Background(), "qq.com")
	var failure *net.DNSError
	fmt.Println(errors.As(err, &failure) && failure.IsTemporary)

	inet.Secure("qq.com")
	mxs, err := inet.Resolver().LookupMX(context.Background(), "qq.com")
	fmt.Println(len(mxs), err)
	// Output:
	// true
	// 1 <nil>
}

// A chain of aliases ends where Unbound ends it.
func TestUnboundAliases(t *testing.T) {
	t.Parallel()
	machine.NeedIPv4(t)
	inet := mxmock.New(t)
	const longest = 15
	var records, stubs strings.Builder
	inet.Secure("example") // so that there is a trust anchor
	for i := range longest + 1 {
		fmt.Fprintf(&records, "c%d.test. SOA ns.c%d.test. a.b. 1 1 1 1 1\n", i, i)
		for chain := i; chain <= longest; chain++ { // of its own, for none to be in the cache
			if i == 0 {
				fmt.Fprintf(&records, "chain%d.c0.test. A 203.0.113.9\n", chain)
			} else {
				fmt.Fprintf(&records, "chain%d.c%d.test. CNAME chain%d.c%d.test.\n", chain, i, chain, i-1)
			}
		}
	}
	if err := inet.AddZone(records.String()); err != nil {
		t.Fatal(err)
	}
	server := strings.Replace(nameServerOf(t, inet), ":", "@", 1)
	for i := range longest + 1 {
		fmt.Fprintf(&stubs, "stub-zone:\n\tname: \"c%d.test\"\n\tstub-addr: %s\n", i, server)
	}
	unbound := startUnbound(t, inet, "server:\n\tdomain-insecure: test\n\tlocal-zone: \"test.\" nodefault\n"+stubs.String())
	ours := resolverOf(t, inet)
	for i := range longest + 1 {
		q := new(dns.Msg).SetQuestion(fmt.Sprintf("chain%d.c%d.test.", i, i), dns.TypeA)
		var got [2]string
		for j, addr := range []string{ours, unbound} {
			r, _, err := (&dns.Client{Net: "tcp"}).Exchange(q, addr)
			if err != nil {
				t.Fatal(err)
			}
			got[j] = dns.RcodeToString[r.Rcode]
		}
		if got[0] != got[1] || (got[0] == "NOERROR") != (i <= 11) {
			t.Errorf("a chain of %d aliases: we say %s, unbound says %s", i, got[0], got[1])
		}
	}
}

// TestSecureInJournal: the journal says whether an answer was secure, as far as the client asked for that.
func TestSecureInJournal(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	inet.MX("qq.com", "mx1.qq.com")
	inet.MX("163.com", "mx1.163.com")
	inet.Secure("qq.com")
	addr := resolverOf(t, inet)
	do := func(q *dns.Msg) { q.SetEdns0(1232, true) }
	ad := func(q *dns.Msg) { q.AuthenticatedData = true }
	ask(t, "udp", addr, "mx qq.com", nil)
	ask(t, "udp", addr, "mx qq.com", do)
	ask(t, "udp", addr, "mx qq.com", ad)
	ask(t, "udp", addr, "mx 163.com", do)
	ask(t, "tcp", addr, "rrsig mx1.qq.com", do)
	var got []string
	for _, e := range inet.Journal() {
		got = append(got, e.What+": "+e.Result)
	}
	want := []string{
		"ask mx qq.com: NOERROR 10 mx1.qq.com.", "ask mx qq.com: NOERROR 10 mx1.qq.com. (secure)",
		"ask mx qq.com: NOERROR 10 mx1.qq.com. (secure)", "ask mx 163.com: NOERROR 10 mx1.163.com.",
	}
	if len(got) != 5 || !slices.Equal(got[:4], want) || !strings.Contains(got[4], "NOERROR A 13 3 ") {
		t.Errorf("journal: got %q, want %q and the signatures that were asked for", got, want)
	}
	if q := inet.Queries()[1]; len(q.Answer) != 2 {
		t.Errorf("answer = %q, want the record and its signature", q.Answer)
	}
}
