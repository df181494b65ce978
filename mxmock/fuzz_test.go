package mxmock_test

// Fuzz targets: the packets that the DNS gets, and the text of zones.

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/seed078e9d8c/maillab/mxmock"
)

// FuzzPacket sends a packet over UDP and TCP in memory, with faults and without, and looks whether
// the DNS still answers after it.
func FuzzPacket(f *testing.F) {
	q := new(dns.Msg).SetQuestion("qq.com.", dns.TypeMX)
	good, _ := q.Pack()
	f.Add(good, byte(0))
	q.SetEdns0(4096, true)
	edns, _ := q.Pack()
	f.Add(edns, byte(mxmock.Partial))
	f.Add([]byte{}, byte(0))
	f.Add(append(make([]byte, 12), 0xc0, 12), byte(mxmock.WrongQuestion))
	f.Fuzz(func(t *testing.T, packet []byte, fault byte) {
		inet := &mxmock.Internet{}
		defer inet.Close()
		inet.MX("qq.com", "mx1.qq.com")
		if 0 < fault && fault <= byte(mxmock.Bogus) {
			inet.Break("any *", mxmock.Fault(fault))
		}
		for _, network := range []string{"udp", "tcp"} {
			conn := dialDNS(t, inet, network)
			sent := packet
			if network == "tcp" {
				sent = append([]byte{byte(len(packet) >> 8), byte(len(packet))}, packet...)
			}
			conn.Write(sent)
			conn.SetReadDeadline(time.Now().Add(time.Millisecond))
			answer := make([]byte, 65537)
			n, err := conn.Read(answer)
			conn.Close()
			if err == nil && network == "udp" && fault == 0 {
				if r := new(dns.Msg); r.Unpack(answer[:n]) != nil || !r.Response {
					t.Errorf("the answer is none: %x", answer[:n])
				}
			}
		}
		inet.Mend("any *")
		if _, err := inet.Resolver().LookupMX(t.Context(), "qq.com."); err != nil {
			t.Errorf("after the packet: %v", err)
		}
		inet.Journal()
		inet.Queries()
	})
}

// dialDNS connects to the DNS in memory.
func dialDNS(tb testing.TB, inet *mxmock.Internet, network string) net.Conn {
	tb.Helper()
	conn, err := inet.DialContext(context.Background(), network, "192.0.2.53:53")
	if err != nil {
		tb.Fatal(err)
	}
	return conn
}

// FuzzZone loads any text as a zone. What is loaded can be asked for; what is not leaves nothing behind.
func FuzzZone(f *testing.F) {
	for _, text := range []string{
		"qq.com. MX 10 mx1.qq.com.",
		"$ORIGIN qq.com.\n$TTL 1h\n@ SOA ns hostmaster 1 2 3 4 5\n* TXT \"x\"",
		"$GENERATE 1-3 h$.qq.com. A 192.0.2.$",
		"a.qq.com. CNAME b.qq.com.\na.qq.com. A 192.0.2.1",
		"x", "", ";", "(", "\"", "\x00",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		inet := &mxmock.Internet{}
		defer inet.Close()
		if err := inet.AddZone(text); err != nil {
			if !strings.HasPrefix(err.Error(), "mxmock: ") {
				t.Errorf("error %q, want one of mxmock", err)
			}
		}
		inet.Check()
		inet.Host("mx1.example.net")
		if _, err := inet.Resolver().LookupHost(t.Context(), "mx1.example.net."); err != nil && !strings.Contains(text, "net") {
			t.Errorf("after the zone: %v", err)
		}
	})
}
