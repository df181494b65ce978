package mxmock_test

// Tests of what the DNS says, through package net's resolver and through a real client on real sockets.

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/seed078e9d8c/maillab/internal/machine"
	"github.com/seed078e9d8c/maillab/mxmock"
)

// networks are the two ways to the DNS; most tests go both.
var networks = []string{"memory", "sockets"}

// resolverOver returns a resolver that asks over a network.
func resolverOver(tb testing.TB, inet *mxmock.Internet, network string) *net.Resolver {
	if network == "memory" {
		return inet.Resolver()
	}
	addr := listenDNS(tb, inet)
	return &net.Resolver{PreferGo: true, Dial: (&redirected{addr}).dial}
}

func listenDNS(tb testing.TB, inet *mxmock.Internet) string {
	tb.Helper()
	addr, err := inet.ListenDNS()
	if err != nil {
		tb.Fatal(err)
	}
	return addr
}

// ask asks a real DNS server by a real client.
func ask(tb testing.TB, network, addr, question string, change func(*dns.Msg)) *dns.Msg {
	tb.Helper()
	typ, name, _ := strings.Cut(question, " ")
	q := new(dns.Msg).SetQuestion(dns.Fqdn(name), dns.StringToType[strings.ToUpper(typ)])
	if change != nil {
		change(q)
	}
	c := &dns.Client{Net: network, Timeout: 5 * time.Second}
	r, _, err := c.ExchangeContext(tb.Context(), q, addr)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func TestNames(t *testing.T) {
	t.Parallel()
	for _, network := range networks {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			inet := mxmock.New(t)
			inet.MX("qq.com", "10 mx1.qq.com", "5 mx2.qq.com", "5 mx3.qq.com")
			inet.MX("163.com", "a.163.com", "b.163.com")
			inet.MX("null.example.com", ".")
			inet.MX("bücher.example", "mx.bücher.example")
			inet.MX("xn--fsqu00a.xn--0zwm56d", "mx1.qq.com") // 例子.测试
			zoneOf(t, inet, "empty.example.com. TXT x\n*.wild.example.com. MX 7 mx1.qq.com.")
			r := resolverOver(t, inet, network)

			for domain, want := range map[string]string{
				"qq.com":                     "5 mx2.qq.com.;5 mx3.qq.com.;10 mx1.qq.com.;",
				"QQ.com.":                    "5 mx2.qq.com.;5 mx3.qq.com.;10 mx1.qq.com.;",
				"163.com":                    "10 a.163.com.;20 b.163.com.;",
				"null.example.com":           "0 .;",
				"xn--bcher-kva.example":      "10 mx.xn--bcher-kva.example.;",
				"xn--fsqu00a.xn--0zwm56d":    "10 mx1.qq.com.;",
				"any.thing.wild.example.com": "7 mx1.qq.com.;",
			} {
				got := mxOf(t, r, domain)
				if domain == "qq.com" || domain == "QQ.com." { // equal preferences come in random order
					got = strings.Replace(got, "5 mx3.qq.com.;5 mx2.qq.com.;", "5 mx2.qq.com.;5 mx3.qq.com.;", 1)
				}
				if got != want {
					t.Errorf("MX of %s = %s, want %s", domain, got, want)
				}
			}
			for _, missing := range []string{"nosuch.qq.com.", "example.org.", "empty.example.com."} {
				if _, err := r.LookupMX(t.Context(), missing); !isNotFound(err) {
					t.Errorf("MX of %s: %v, want not found", missing, err)
				}
			}
			addrs, err := r.LookupHost(t.Context(), "mx1.qq.com.")
			if err != nil || !slices.Equal(addrs, inet.Host("mx1.qq.com").Addrs()) {
				t.Errorf("addresses of mx1.qq.com = %v, %v, want %v", addrs, err, inet.Host("mx1.qq.com").Addrs())
			}
			names, err := r.LookupAddr(t.Context(), addrs[0])
			if err != nil || !slices.Equal(names, []string{"mx1.qq.com."}) {
				t.Errorf("name of %s = %v, %v, want mx1.qq.com.", addrs[0], names, err)
			}
		})
	}
}

// TestNegativeAnswers tells NXDOMAIN and NODATA apart on the wire, each with an SOA record.
func TestNegativeAnswers(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	inet.MX("qq.com", "mx1.qq.com")
	addr := listenDNS(t, inet)
	for _, network := range []string{"udp", "tcp"} {
		for question, want := range map[string]string{
			"mx nosuch.qq.com": "NXDOMAIN qq.com. RA",
			"mx example.org":   "NXDOMAIN . RA",
			"txt qq.com":       "NOERROR qq.com. RA",
			"aaaa mx1.qq.com":  "NOERROR qq.com. RA",
		} {
			r := ask(t, network, addr, question, nil)
			got := dns.RcodeToString[r.Rcode]
			for _, rr := range r.Ns {
				if soa, ok := rr.(*dns.SOA); ok {
					got += " " + soa.Hdr.Name
				}
			}
			if r.RecursionAvailable {
				got += " RA"
			}
			if got != want || len(r.Answer) > 0 {
				t.Errorf("%s over %s: got %s with %d records, want %s and none", question, network, got, len(r.Answer), want)
			}
		}
	}
}

// TestTruncation asks for more than UDP carries.
func TestTruncation(t *testing.T) {
	t.Parallel()
	for _, network := range networks {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			inet := mxmock.New(t)
			var hosts []string
			for i := range 100 {
				hosts = append(hosts, fmt.Sprintf("mx%d.example.com", i))
			}
			inet.MX("qq.com", hosts...)
			mxs, err := resolverOver(t, inet, network).LookupMX(t.Context(), "qq.com.")
			if err != nil || len(mxs) != 100 {
				t.Errorf("got %d MX, %v, want 100", len(mxs), err)
			}
			var got []string
			for _, q := range inet.Queries() {
				got = append(got, fmt.Sprint(q.Network, " ", q.Repeat))
			}
			want := []string{"udp false", "tcp true"}
			if diff := cmp.Diff(got, want); diff != "" {
				t.Errorf("queries: got, want differ:\n%s", diff)
			}
		})
	}
	inet := mxmock.New(t)
	zoneOf(t, inet, "big.example.com. TXT "+strings.Repeat(`"`+strings.Repeat("x", 200)+`" `, 5))
	addr := listenDNS(t, inet)
	if r := ask(t, "udp", addr, "txt big.example.com", nil); !r.Truncated {
		t.Error("1,000 bytes over UDP without EDNS: not truncated, want truncated")
	}
	if r := ask(t, "udp", addr, "txt big.example.com", func(q *dns.Msg) { q.SetEdns0(4096, false) }); r.Truncated || len(r.Answer) != 1 {
		t.Errorf("with EDNS: truncated %v, %d records, want the whole", r.Truncated, len(r.Answer))
	}
	if r := ask(t, "tcp", addr, "txt big.example.com", nil); r.Truncated || len(r.Answer) != 1 {
		t.Errorf("over TCP: truncated %v, %d records, want the whole", r.Truncated, len(r.Answer))
	}
	inet.Secure("example.com")
	ask(t, "tcp", addr, "txt big.example.com", func(q *dns.Msg) { q.SetEdns0(4096, true) })
	var flags []string
	for _, q := range inet.Queries() {
		flags = append(flags, q.AnswerFlags)
	}
	if diff := cmp.Diff(flags, []string{"tc rd ra", "rd ra", "rd ra", "rd ra ad do"}); diff != "" {
		t.Errorf("flags of the answers: got, want differ:\n%s", diff)
	}
}

func TestZoneErrors(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	for _, test := range []struct{ text, want string }{
		{"good.example.com. A 203.0.113.1\n  bad.example.com. A x", "mxmock: zone:2:"},
		{"a.example.com. MX mx1", "mxmock: zone:1:22:"},
		{"$ORIGIN example.com.\na A 203.0.113.1\nb NOSUCHTYPE x", "mxmock: zone:3:3:"},
		{"a.example.com. CNAME b.example.com.\na.example.com. A 203.0.113.1", "mxmock: "},
	} {
		err := inet.AddZone(test.text)
		if err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("Zone(%q): %v, want %s…", test.text, err, test.want)
		}
	}
	if _, err := inet.Resolver().LookupHost(t.Context(), "good.example.com."); !isNotFound(err) {
		t.Errorf("after an error half of the zone is there: %v", err)
	}
}

// TestChanges changes zones while the internet runs.
func TestChanges(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	addr := listenDNS(t, inet)
	serial := func() uint32 {
		t.Helper()
		r := ask(t, "udp", addr, "soa qq.com", nil)
		if len(r.Answer) != 1 {
			t.Fatalf("no SOA: %v", r)
		}
		return r.Answer[0].(*dns.SOA).Serial
	}
	inet.MX("qq.com", "mx1.qq.com")
	last := serial()
	step := func(what string, f func(), want string) {
		t.Helper()
		f()
		if got := serial(); got <= last {
			t.Errorf("%s: serial %d, want more than %d", what, got, last)
		} else {
			last = got
		}
		var got []string
		for _, rr := range ask(t, "udp", addr, "mx qq.com", nil).Answer {
			got = append(got, rr.(*dns.MX).Mx)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: MX %v, want %s", what, got, want)
		}
	}
	step("another MX", func() { inet.MX("qq.com", "mx3.qq.com", "mx4.qq.com") }, "mx3.qq.com. mx4.qq.com.")
	step("a record more", func() { zoneOf(t, inet, "qq.com. MX 30 mx5.qq.com.") }, "mx3.qq.com. mx4.qq.com. mx5.qq.com.")
	step("removed", func() {
		if got := inet.RemoveRecords("mx qq.com"); got != 3 {
			t.Errorf("Remove = %d, want 3", got)
		}
	}, "")
	step("replaced", func() {
		if err := inet.ReplaceZone("qq.com", "@ MX 10 mx6\nmx6 A 203.0.113.6"); err != nil {
			t.Fatal(err)
		}
	}, "mx6.qq.com.")
	for _, bad := range []string{"@ MX 10", "www.163.com. A 203.0.113.1"} {
		if err := inet.ReplaceZone("qq.com", bad); err == nil {
			t.Errorf("ReplaceZone(%q): no error, want one", bad)
		}
	}
	if !inet.RemoveZone("qq.com") || inet.RemoveZone("qq.com") {
		t.Error("RemoveZone: want true, then false")
	}
	if r := ask(t, "udp", addr, "mx qq.com", nil); r.Rcode != dns.RcodeNameError {
		t.Errorf("after RemoveZone: %s, want NXDOMAIN", dns.RcodeToString[r.Rcode])
	}
	mustPanic(t, "Remove of a pattern", func() { inet.RemoveRecords("mx *.qq.com") })
	const classless = "0/25.2.0.192.in-addr.arpa" // RFC 2317 §4
	if err := inet.AddZone(classless + ". SOA ns.qq.com. bob.qq.com. 1 1 1 1 1"); err != nil || !inet.RemoveZone(classless) {
		t.Errorf("a zone of PTR records for half a network: AddZone: %v; RemoveZone: false, want true", err)
	}
	mustPanic(t, "RemoveZone of nothing", func() { inet.RemoveZone("") })
}

// TestServeDNS asks name servers in memory.
func TestServeDNS(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inet := mxmock.New(t)
		inet.MX("qq.com", "mx1.qq.com")
		ns := inet.Host("ns1.qq.com", "203.0.113.53")
		ns.ServeDNS()
		ask := func(network, address, name string) (*dns.Msg, error) {
			conn, err := inet.DialContext(t.Context(), network, address)
			if err != nil {
				return nil, err
			}
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(time.Minute))
			c := &dns.Conn{Conn: conn}
			if err := c.WriteMsg(new(dns.Msg).SetQuestion(name, dns.TypeMX)); err != nil {
				return nil, err
			}
			return c.ReadMsg()
		}
		for _, network := range []string{"udp", "tcp"} {
			if r, err := ask(network, "ns1.qq.com:53", "qq.com."); err != nil || !r.Authoritative || r.RecursionAvailable || len(r.Answer) != 1 {
				t.Errorf("%s to the name server: %v, %v, want an answer with AA and without RA", network, r, err)
			}
			if r, err := ask(network, "ns1.qq.com:53", "163.com."); err != nil || r.Rcode != dns.RcodeRefused {
				t.Errorf("%s to the name server about another domain: %v, %v, want REFUSED", network, r, err)
			}
			if r, err := ask(network, "192.0.2.53:53", "qq.com."); err != nil || r.Authoritative || !r.RecursionAvailable || len(r.Answer) != 1 {
				t.Errorf("%s to the resolver: %v, %v, want an answer with RA and without AA", network, r, err)
			}
			if _, err := ask(network, "mx1.qq.com:53", "qq.com."); err == nil {
				t.Errorf("%s to a mail server: no error, want refused", network)
			}
			if _, err := ask(network, "203.0.113.99:53", "qq.com."); err == nil {
				t.Errorf("%s to nobody: no error, want one", network)
			}
		}
		if got := inet.Queries()[0].Server; got != "192.0.2.53:53" && got != "203.0.113.53:53" {
			t.Errorf("server of a query = %s, want one of the two", got)
		}
		mustPanic(t, "ServeDNS where a listener is", func() {
			h := inet.Host("other.qq.com")
			if _, err := h.Listen(53); err != nil {
				t.Fatal(err)
			}
			h.ServeDNS()
		})
	})
}

// TestHostilePackets sends what no client would.
func TestHostilePackets(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	inet.MX("qq.com", "mx1.qq.com")
	addr := listenDNS(t, inet)
	header := func(questions, answers uint16) []byte {
		b := make([]byte, 12)
		binary.BigEndian.PutUint16(b, 0x1234)
		binary.BigEndian.PutUint16(b[4:], questions)
		binary.BigEndian.PutUint16(b[6:], answers)
		return b
	}
	packets := map[string][]byte{
		"empty":                nil,
		"short":                []byte("x"),
		"garbage":              slices.Repeat([]byte{0xa5}, 600),
		"a response":           append(append([]byte{0x12, 0x34, 0x80, 0}, make([]byte, 8)...), 0),
		"no questions":         header(0, 0),
		"missing question":     header(1, 0),
		"many questions":       header(65535, 65535),
		"compression loop":     append(header(1, 0), 0xc0, 12, 0, 15, 0, 1),
		"compression forwards": append(header(1, 0), 0xc0, 200, 0, 15, 0, 1),
		"two pointers":         append(header(1, 0), 0xc0, 14, 0xc0, 12, 0, 15, 0, 1),
		"endless labels":       append(header(1, 0), slices.Repeat([]byte{1, 'a'}, 300)...),
		"long label":           append(header(1, 0), append([]byte{0x7f}, make([]byte, 200)...)...),
		"64 KiB":               append(header(1, 0), make([]byte, 60000)...),
	}
	for name, packet := range packets {
		udp, err := net.Dial("udp", addr)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := udp.Write(packet); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		udp.Close()
		tcp, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		tcp.Write(binary.BigEndian.AppendUint16(nil, uint16(len(packet))))
		tcp.Write(packet)
		tcp.Write([]byte{0xff, 0xff, 'e', 'n', 'd'}) // and the beginning of another
		defer tcp.Close()                            // half open meanwhile
	}
	// A client that never reads what it asks for.
	deaf, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer deaf.Close()
	q, _ := new(dns.Msg).SetQuestion("qq.com.", dns.TypeMX).Pack()
	framed := append(binary.BigEndian.AppendUint16(nil, uint16(len(q))), q...)
	deaf.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
	for {
		if _, err := deaf.Write(slices.Repeat(framed, 1000)); err != nil {
			break
		}
	}
	for _, network := range []string{"udp", "tcp"} {
		if r := ask(t, network, addr, "mx qq.com", nil); len(r.Answer) != 1 {
			t.Errorf("after all that, over %s: %v, want an answer", network, r)
		}
	}
	start := time.Now()
	inet.Close()
	if d := time.Since(start); d > time.Second {
		t.Errorf("Close took %v, want at most a second", d)
	}
}

// TestManyQuestionsOnOneConnection keeps a TCP connection, and sends several questions before it reads.
func TestManyQuestionsOnOneConnection(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	inet.MX("qq.com", "mx1.qq.com")
	conn, err := net.Dial("tcp", listenDNS(t, inet))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	const n = 100
	for i := range n {
		q := new(dns.Msg).SetQuestion("qq.com.", dns.TypeMX)
		q.Id = uint16(i)
		packed, _ := q.Pack()
		if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(packed))), packed...)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range n {
		var size [2]byte
		if _, err := io.ReadFull(conn, size[:]); err != nil {
			t.Fatal(err)
		}
		packet := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(conn, packet); err != nil {
			t.Fatal(err)
		}
		if got := binary.BigEndian.Uint16(packet); int(got) != i {
			t.Fatalf("answer %d has ID %d, want %d", i, got, i)
		}
	}
}

func TestListenDNS(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	inet.MX("qq.com", "mx1.qq.com")
	addr := listenDNS(t, inet)
	other, err := inet.ListenDNS("127.0.0.1:0", "[::1]:0")
	if err != nil {
		other, err = inet.ListenDNS("127.0.0.1:0", "127.0.0.1:0") // a machine without IPv6
	}
	if err != nil {
		t.Fatal(err)
	}
	if addr == other {
		t.Errorf("two listeners have the address %s", addr)
	}
	if r := ask(t, "udp", other, "mx qq.com", nil); len(r.Answer) != 1 {
		t.Errorf("second address: %v, want an answer", r)
	}
	for _, taken := range []string{addr, "203.0.113.1:53", "nonsense"} {
		if _, err := inet.ListenDNS("127.0.0.1:0", taken); err == nil || !strings.Contains(err.Error(), taken) {
			t.Errorf("ListenDNS(%q): %v, want an error that names it", taken, err)
		}
	}
	if text, err := inet.ResolvConf(); err == nil {
		t.Errorf("ResolvConf without port 53 = %q, want an error", text)
	}
	inet.Close()
	if _, err := inet.ListenDNS(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("after Close: %v, want net.ErrClosed", err)
	}
}

func TestAddrPortsOfQueries(t *testing.T) {
	t.Parallel()
	machine.NeedIPv4(t)
	inet := mxmock.New(t)
	inet.MX("qq.com", "mx1.qq.com")
	addr := listenDNS(t, inet)
	ask(t, "udp", addr, "mx QQ.com", func(q *dns.Msg) { q.SetEdns0(1232, true); q.CheckingDisabled = true })
	q := inet.Queries()[0]
	client := netip.MustParseAddrPort(q.Client)
	if client.Addr().String() != "127.0.0.1" || q.Server != addr || q.Flags != "rd cd do" || q.Name != "QQ.com." || q.Type != "MX" {
		t.Errorf("query = %+v, want client 127.0.0.1, server %s, flags \"rd cd do\", name QQ.com., type MX", q, addr)
	}
	want := []string{"qq.com. 300 IN MX 10 mx1.qq.com."}
	if diff := cmp.Diff(q.Answer, want); diff != "" {
		t.Errorf("answer: got, want differ:\n%s", diff)
	}
}
