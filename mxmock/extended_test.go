package mxmock_test

// Extended errors (RFC 8914): why the answer is SERVFAIL.

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"

	"github.com/seed078e9d8c/maillab/mxmock"
)

func TestExtendedErrors(t *testing.T) {
	t.Parallel()
	secure := func(how ...mxmock.DNSSEC) func(*mxmock.Internet) {
		return func(inet *mxmock.Internet) { inet.Secure("qq.com", how...) }
	}
	breakIt := func(f mxmock.Fault) func(*mxmock.Internet) {
		return func(inet *mxmock.Internet) { inet.Break("any *", f) }
	}
	tests := []struct {
		name     string
		world    func(*mxmock.Internet)
		question string
		typ      uint16
		rcode    int
		code     int // -1 is none
	}{
		{"sound", secure(), "qq.com.", dns.TypeMX, dns.RcodeSuccess, -1},
		{"expired", secure(mxmock.ExpiredSignatures), "qq.com.", dns.TypeMX, dns.RcodeServerFailure, 7},
		{"future", secure(mxmock.FutureSignatures), "qq.com.", dns.TypeMX, dns.RcodeServerFailure, 8},
		{"wrong DS", secure(mxmock.WrongDS), "qq.com.", dns.TypeMX, dns.RcodeServerFailure, 9},
		{"unsigned", secure(mxmock.Unsigned), "qq.com.", dns.TypeMX, dns.RcodeServerFailure, 9},
		{"bad", secure(mxmock.BadSignatures), "qq.com.", dns.TypeMX, dns.RcodeServerFailure, 6},
		{"below bad", func(inet *mxmock.Internet) {
			inet.Secure("qq.com", mxmock.ExpiredSignatures)
			inet.MX("kid.qq.com", "mx1.qq.com")
			inet.Secure("kid.qq.com", mxmock.BadSignatures)
		}, "kid.qq.com.", dns.TypeMX, dns.RcodeServerFailure, 7},
		{"no denial", secure(mxmock.NoDenial), "none.qq.com.", dns.TypeMX, dns.RcodeServerFailure, 12},
		{"wrong denial", secure(mxmock.WrongDenial), "none.qq.com.", dns.TypeMX, dns.RcodeServerFailure, 6},
		{"denial is not asked for", secure(mxmock.NoDenial), "qq.com.", dns.TypeMX, dns.RcodeSuccess, -1},
		{"bogus", breakIt(mxmock.Bogus), "qq.com.", dns.TypeMX, dns.RcodeServerFailure, 6},
		{"servfail", breakIt(mxmock.ServFail), "qq.com.", dns.TypeMX, dns.RcodeServerFailure, 22},
		{"refused", breakIt(mxmock.Refused), "qq.com.", dns.TypeMX, dns.RcodeRefused, 18},
		{"notimp", breakIt(mxmock.NotImp), "qq.com.", dns.TypeMX, dns.RcodeNotImplemented, 21},
		{"nxdomain", breakIt(mxmock.NXDomain), "qq.com.", dns.TypeMX, dns.RcodeNameError, -1},
		{"lame delegation", func(*mxmock.Internet) {}, "x.lame.qq.com.", dns.TypeA, dns.RcodeServerFailure, 22},
		{"alias into a lame delegation", func(inet *mxmock.Internet) {
			if err := inet.AddZone("into.qq.com. CNAME x.lame.qq.com."); err != nil {
				panic(err)
			}
		}, "into.qq.com.", dns.TypeA, dns.RcodeServerFailure, 22},
		{"circle", func(*mxmock.Internet) {}, "circle.qq.com.", dns.TypeA, dns.RcodeServerFailure, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			inet := mxmock.New(t)
			inet.MX("qq.com", "mx1.qq.com")
			if err := inet.AddZone("lame.qq.com. NS ns.elsewhere.example.\ncircle.qq.com. CNAME other.qq.com.\nother.qq.com. CNAME circle.qq.com."); err != nil {
				t.Fatal(err)
			}
			test.world(inet)
			addr := resolverOf(t, inet)
			for _, edns := range []bool{true, false} {
				q := new(dns.Msg).SetQuestion(test.question, test.typ)
				if edns {
					q.SetEdns0(1232, false)
				}
				for range 2 { // an answer that is remembered has it once, too
					r, err := dns.Exchange(q, addr)
					if err != nil {
						t.Fatal(err)
					}
					got := -1
					if opt := r.IsEdns0(); opt != nil {
						if len(opt.Option) > 1 {
							t.Errorf("got %d options", len(opt.Option))
						}
						for _, o := range opt.Option {
							got = int(o.(*dns.EDNS0_EDE).InfoCode)
						}
					}
					want := test.code
					if !edns {
						want = -1
					}
					if r.Rcode != test.rcode || got != want {
						t.Errorf("EDNS %v: got %s and extended error %d, want %s and %d", edns, dns.RcodeToString[r.Rcode], got, dns.RcodeToString[test.rcode], want)
					}
				}
			}
		})
	}
}

// Signatures that nobody renews expire, and then the error says so.
func TestExtendedErrorInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inet := mxmock.New(t)
		inet.MX("qq.com", "mx1.qq.com")
		inet.Secure("qq.com", mxmock.UnrenewedSignatures)
		for _, want := range []int{-1, 7} {
			q := new(dns.Msg).SetQuestion("qq.com.", dns.TypeMX)
			q.SetEdns0(1232, true)
			conn, err := inet.DialContext(t.Context(), "tcp", "192.0.2.53:53")
			if err != nil {
				t.Fatal(err)
			}
			r, _, err := (&dns.Client{Net: "tcp"}).ExchangeWithConn(q, &dns.Conn{Conn: conn})
			conn.Close()
			if err != nil {
				t.Fatal(err)
			}
			got := -1
			for _, o := range r.IsEdns0().Option {
				got = int(o.(*dns.EDNS0_EDE).InfoCode)
			}
			if got != want {
				t.Errorf("got extended error %d, want %d", got, want)
			}
			time.Sleep(365 * 24 * time.Hour)
		}
	})
}
