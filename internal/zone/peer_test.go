package zone

// Comparison with name servers that the world uses: the same zones, the same questions, the same
// answers, or a reason.

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/seed078e9d8c/maillab/internal/machine"
	"github.com/seed078e9d8c/maillab/internal/program"
)

// peer is a name server that can be started with some zone files.
type peer struct {
	name   string
	config func(dir, port string, zones []string) string
	args   func(config string) []string
	ready  string // what it says when it serves
	picky  bool   // it does not load a zone whose NS records name aliases, or hosts without addresses
}

var peers = []peer{
	{
		name: "nsd",
		config: func(dir, port string, zones []string) string {
			var b strings.Builder
			fmt.Fprintf(&b, `
server:
	ip-address: 127.0.0.1@%[2]s
	username: ""
	zonesdir: "%[1]s"
	database: ""
	pidfile: "%[1]s/nsd.pid"
	xfrdfile: "%[1]s/xfrd.state"
	zonelistfile: "%[1]s/zone.list"
	server-count: 1
	minimal-responses: yes
	rrl-ratelimit: 0
remote-control:
	control-enable: no
`, dir, port)
			for _, z := range zones {
				fmt.Fprintf(&b, "zone:\n\tname: %q\n\tzonefile: %q\n", z, z+".zone")
			}
			return b.String()
		},
		args:  func(config string) []string { return []string{"-d", "-c", config} },
		ready: " started",
	},
	{
		name: "knotd",
		config: func(dir, port string, zones []string) string {
			var b strings.Builder
			fmt.Fprintf(&b, `
server:
  listen: 127.0.0.1@%[2]s
  rundir: %[1]s
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
database:
  storage: %[1]s
log:
  - target: stderr
    any: info
template:
  - id: default
    storage: %[1]s
    zonefile-load: whole
    journal-content: none
zone:
`, dir, port)
			for _, z := range zones {
				fmt.Fprintf(&b, "  - domain: %q\n    file: %q\n", z, z+".zone")
			}
			return b.String()
		},
		args:  func(config string) []string { return []string{"-c", config} },
		ready: " started",
	},
	{
		name: "named",
		config: func(dir, port string, zones []string) string {
			var b strings.Builder
			fmt.Fprintf(&b, `
options {
	directory "%[1]s";
	pid-file "%[1]s/named.pid";
	session-keyfile "%[1]s/session.key";
	managed-keys-directory "%[1]s";
	listen-on port %[2]s { 127.0.0.1; };
	listen-on-v6 { none; };
	recursion no;
	minimal-responses yes;
	minimal-any yes;
	empty-zones-enable no;
	dnssec-validation no;
	notify no;
	zero-no-soa-ttl no;
	check-names primary ignore;
	check-integrity no;
	check-dup-records ignore;
	check-mx ignore;
	check-mx-cname ignore;
	check-srv-cname ignore;
	check-sibling no;
	check-spf ignore;
	check-wildcard no;
};
controls { };
`, dir, port)
			for _, z := range zones {
				fmt.Fprintf(&b, "zone %q { type primary; file %q; };\n", z, z+".zone")
			}
			return b.String()
		},
		args:  func(config string) []string { return []string{"-g", "-c", config} },
		ready: "all zones loaded",
		picky: true,
	},
}

// TestPeers asks NSD, Knot DNS and BIND, where they are installed, all questions about the zones in
// testdata/zones and about random ones.
func TestPeers(t *testing.T) {
	t.Parallel()
	for _, p := range peers {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			p.ask(t, program.Find(t, p.name))
		})
	}
}

// ask loads the zones into the server and into a DB, and asks both.
func (p peer) ask(t *testing.T, path string) {
	dir := machine.TempDir(t)
	var zones []string
	db := DB{Occluded: true}
	names := map[string]bool{".": true, "nowhere.example.": true}
	load := func(zone, text string) {
		rrs, err := Parse(text, zone, zone)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Add(rrs...); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, zone+".zone"), []byte("$ORIGIN "+zone+".\n"+text), 0o666); err != nil {
			t.Fatal(err)
		}
		zones = append(zones, zone)
		for _, rr := range rrs {
			for _, n := range suffixes(rr.Header().Name) {
				for _, prefix := range []string{"", "x.", "a.b.", "*."} {
					names[prefix+n] = true
				}
			}
		}
	}
	files, err := filepath.Glob("testdata/zones/*.zone")
	if err != nil || len(files) == 0 {
		t.Fatalf("no zones: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		load(strings.TrimSuffix(filepath.Base(file), ".zone"), string(text))
	}
	for seed := range 10 {
		zone := fmt.Sprintf("r%d.test", seed)
		load(zone, randomZone(t, uint64(seed), zone+"."))
	}

	conn := p.start(t, path, dir, zones)
	p.compare(t, conn, &db, names, false)
}

// compare asks both all questions about some names, and for signatures too if that is wanted. With
// the race detector some of them, by chance, are enough.
func (p peer) compare(t *testing.T, conn *dns.Conn, db *DB, names map[string]bool, do bool) {
	t.Helper()
	types := []uint16{dns.TypeA, dns.TypeAAAA, dns.TypeMX, dns.TypeNS, dns.TypeCNAME, dns.TypeDNAME, dns.TypeDS, dns.TypeSOA,
		dns.TypeTXT, dns.TypeSRV, dns.TypeTLSA, dns.TypeHTTPS, dns.TypeLOC, dns.TypeNAPTR, dns.TypeURI, 65300}
	questions, reasons := 0, make(map[string]int)
	for name := range names {
		if _, ok := dns.IsDomainName(name); !ok {
			continue
		}
		if raceEnabled && questions >= 1000 {
			break
		}
		if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
			t.Fatal(err)
		}
		ours, theirs := make(map[uint16]*dns.Msg), make(map[uint16]*dns.Msg) // by type, which is the ID as well
		for _, typ := range types {
			q := new(dns.Msg).SetQuestion(name, typ).SetEdns0(MaxUDP, do)
			q.Id, q.RecursionDesired = typ, false
			packet, err := q.Pack()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := conn.Write(packet); err != nil {
				t.Fatal(err)
			}
			ours[typ] = new(dns.Msg)
			if err := ours[typ].Unpack(db.ServePacket(packet, true, Authoritative)); err != nil {
				t.Fatal(err)
			}
		}
		for range types {
			r, err := conn.ReadMsg()
			if err != nil {
				t.Fatalf("%s %s: %v", p.name, name, err)
			}
			theirs[r.Id] = r
		}
		for _, typ := range types {
			if theirs[typ] == nil {
				t.Fatalf("%s %s %s: no answer", p.name, name, dns.Type(typ))
			}
			questions++
			got, want := inOrder(ours[typ]), inOrder(theirs[typ])
			if got == want {
				continue
			}
			reason := excuse(ours[typ], theirs[typ])
			failed := theirs[typ].Rcode == dns.RcodeServerFailure || typ == dns.TypeDS && theirs[typ].Rcode == dns.RcodeRefused
			if reason == "" && p.picky && failed {
				reason = "it does not load the zone"
			}
			reasons[reason]++
			if reason == "" && reasons[""] <= 10 {
				t.Errorf("%s %s: got\n%s\n%s answers\n%s", name, dns.Type(typ), got, p.name, want)
			}
		}
	}
	t.Logf("%s: %d questions, %d differences without a reason", p.name, questions, reasons[""])
	for reason, n := range reasons {
		t.Logf("%s: %d answers differ: %s", p.name, n, reason)
	}
}

// inOrder is the text of an answer in lower case, in which the records of each section are in order.
// Aliases stay in theirs, before the other records.
func inOrder(r *dns.Msg) string {
	r = r.Copy()
	for _, rrs := range [][]dns.RR{r.Answer, r.Ns, r.Extra} {
		for _, rr := range rrs {
			if sig, ok := rr.(*dns.RRSIG); ok { // no two are the same
				sig.Inception, sig.Expiration, sig.Signature = 0, 0, ""
			}
		}
		slices.SortStableFunc(rrs, func(a, b dns.RR) int {
			x, y := isAlias(a), isAlias(b)
			switch {
			case x && y:
				return 0
			case x:
				return -1
			case y:
				return 1
			}
			return strings.Compare(strings.ToLower(a.String()), strings.ToLower(b.String()))
		})
	}
	return strings.ToLower(show(r))
}

func isAlias(rr dns.RR) bool {
	t := rr.Header().Rrtype
	return t == dns.TypeCNAME || t == dns.TypeDNAME
}

// excuse gives the reason why a difference is right, or "".
func excuse(ours, theirs *dns.Msg) string {
	without := func(typ uint16, rrs []dns.RR) []dns.RR {
		return slices.DeleteFunc(slices.Clone(rrs), func(rr dns.RR) bool { return rr.Header().Rrtype == typ })
	}
	aliases := func(r *dns.Msg) (rrs []dns.RR) {
		return slices.DeleteFunc(slices.Clone(r.Answer), func(rr dns.RR) bool { return !isAlias(rr) })
	}
	given := func(rr dns.RR) bool {
		return rr.Header().Rrtype == dns.TypeOPT || slices.ContainsFunc(ours.Extra, func(have dns.RR) bool { return dns.IsDuplicate(have, rr) })
	}
	if ours.Authoritative && theirs.Authoritative && !slices.ContainsFunc(theirs.Extra, func(rr dns.RR) bool { return !given(rr) }) {
		a, b := *ours, *theirs
		a.Extra, b.Extra = nil, nil
		if inOrder(&a) == inOrder(&b) {
			return "addresses beside an answer are optional (RFC 1034 §4.3.2 step 6); we give all there are, and once"
		}
	}
	answer := func(r *dns.Msg) string {
		return inOrder(&dns.Msg{MsgHdr: r.MsgHdr, Answer: r.Answer})
	}
	switch same := answer(ours) == answer(theirs); {
	case same && more(ours.Ns, theirs.Ns):
		return "what matches or covers the name is enough (RFC 4035 §3.1.3, RFC 5155 §7.2); they prove more"
	case same && ours.Rcode == dns.RcodeSuccess && more(theirs.Ns, ours.Ns):
		return "that a wildcard has no such data takes two proofs (RFC 4035 §3.1.3.4, RFC 5155 §7.2.5); theirs is shorter"
	}
	mine, others := aliases(ours), aliases(theirs)
	a, b := len(mine), len(others)
	ended := a > 0 && a == len(without(dns.TypeRRSIG, ours.Answer)) && len(without(dns.TypeSOA, ours.Ns)) == len(ours.Ns)
	switch {
	case a > 4 && a > b && b > 0:
		return "a chain without end is cut somewhere; no RFC says where"
	case b == a+1 && dns.IsDuplicate(others[b-1], others[b-2]):
		return "an RRset has no duplicates (RFC 2181 §5)"
	case ended && len(theirs.Answer)+len(theirs.Ns) > len(ours.Answer)+len(ours.Ns) && foreign(mine):
		return "an alias into another zone: servers may go on there (RFC 1034 §4.3.2 step 3a), but resolvers ask again"
	case ended && ours.Question[0].Qtype == dns.TypeDS && len(labels(mine[a-1].(*dns.CNAME).Target)) == 2:
		return "an alias to an apex: its DS record is in the parent zone (RFC 4035 §3.1.4.1), which we have and they don't"
	case theirs.Truncated && ours.Len() > MaxUDP*9/10:
		return "whether the answer just fits depends on how its names are compressed (RFC 1035 §4.1.4)"
	}
	return ""
}

// more reports whether an authority section is another with further proofs.
func more(few, many []dns.RR) bool {
	have := make(map[string]bool)
	for _, rr := range few {
		have[inOrder(&dns.Msg{Ns: []dns.RR{rr}})] = true
	}
	for _, rr := range many {
		text := inOrder(&dns.Msg{Ns: []dns.RR{rr}})
		if proof := strings.Contains(text, "nsec"); !proof && !have[text] {
			return false
		}
		delete(have, text)
	}
	return len(have) == 0
}

// foreign reports whether the last of some aliases leads out of the zone in which the first one is. All
// zones of the test have apexes of two labels, but for kid.deleg.test.
func foreign(aliases []dns.RR) bool {
	zone := func(name string) string {
		if name = strings.ToLower(name); dns.IsSubDomain("kid.deleg.test.", name) {
			return "kid.deleg.test."
		}
		l := labels(name)
		return join(l[max(0, len(l)-2):])
	}
	last, ok := aliases[len(aliases)-1].(*dns.CNAME)
	return ok && zone(last.Target) != zone(aliases[0].Header().Name)
}

// start starts the server and returns a connection to it.
func (p peer) start(t *testing.T, path, dir string, zones []string) *dns.Conn {
	addr := program.FreeAddr(t)
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "config")
	if err := os.WriteFile(config, []byte(p.config(dir, port, zones)), 0o666); err != nil {
		t.Fatal(err)
	}
	program.Start(t, exec.Command(path, p.args(config)...), p.ready)
	conn, err := dns.DialTimeout("udp", addr, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	conn.UDPSize = dns.MaxMsgSize
	return conn
}

// randomZone makes the text of a zone of random records, none of which contradict each other.
func randomZone(t *testing.T, seed uint64, apex string) string {
	rnd := rand.New(rand.NewPCG(seed, 2181))
	name := func() string {
		n := apex
		for range rnd.IntN(4) {
			n = []string{"a", "b", "c", "*"}[rnd.IntN(4)] + "." + n
		}
		return n
	}
	lines := []string{
		fmt.Sprintf("%s 60 SOA ns.%[1]s h.%[1]s 1 2 3 4 30", apex),
		fmt.Sprintf("%s 60 NS a.%[1]s", apex),
	}
	db := DB{Occluded: true}
	if err := db.Add(parse(t, strings.Join(lines, "\n"))...); err != nil {
		t.Fatal(err)
	}
	for range 25 {
		var line string
		switch rnd.IntN(8) {
		case 0, 1:
			line = fmt.Sprintf("%s 60 A 192.0.2.%d", name(), rnd.IntN(9))
		case 2:
			line = fmt.Sprintf("%s 60 MX %d %s", name(), rnd.IntN(3), name())
		case 3:
			line = fmt.Sprintf("%s 60 NS %s", name(), name())
		case 4, 5:
			line = fmt.Sprintf("%s 60 CNAME %s", name(), name())
		case 6:
			line = fmt.Sprintf("%s 60 DNAME %s", name(), name())
		case 7:
			line = fmt.Sprintf("%s 60 TXT %d", name(), rnd.IntN(9))
		}
		rr, err := dns.NewRR(line)
		if err != nil {
			t.Fatal(err)
		}
		if db.Add(rr) == nil {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n") + "\n"
}
