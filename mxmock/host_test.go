package mxmock_test

// Tests of the addresses, the names and the ports of hosts.

import (
	"context"
	"crypto"
	"crypto/tls"
	"encoding"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/mailstore"
	"github.com/seed078e9d8c/maillab/mxmock"
)

// TestGivenAddresses has a zone with an address at which no machine is any more.
func TestGivenAddresses(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	zoneOf(t, inet, "mx.example.com. A 203.0.113.25\nmx.example.com. AAAA 2001:db8::dead\n")
	for _, row := range []struct {
		name  string
		given []string
		want  []string
	}{
		{"mx.example.com", []string{"203.0.113.25"}, []string{"203.0.113.25"}},
		{"mx.example.com", nil, []string{"203.0.113.25"}},
		{"mx.example.com", []string{"2001:db8::2"}, []string{"203.0.113.25", "2001:db8::2"}},
	} {
		if got := inet.Host(row.name, row.given...).Addrs(); !slices.Equal(got, row.want) {
			t.Errorf("Host(%q, %q) has %v, want %v", row.name, row.given, got, row.want)
		}
	}
	_, err := inet.DialContext(t.Context(), "tcp", "[2001:db8::dead]:25")
	if !errors.Is(err, syscall.EHOSTUNREACH) {
		t.Errorf("dial an address that no host was given: %v, want EHOSTUNREACH", err)
	}
	if got, want := inet.Check(), "mxmock: mx.example.com: the DNS has the address 2001:db8::dead"; got == nil || !strings.Contains(got.Error(), want) {
		t.Errorf("Check = %v, want %s…", got, want)
	}
}

// TestNamesOfHost has one machine with many names, as at a hosting provider.
func TestNamesOfHost(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	zoneOf(t, inet, "mail.c.example. CNAME shared.host.example.\n")
	h := inet.Host("shared.host.example", "203.0.113.9", "2001:db8::9")
	h.Server(25).StartTLS = true
	h.AddNames("mail.a.example", "mail.b.example.", "邮件.例子.中国", "shared.host.example", "mail.c.example")
	inet.MX("a.example", "mail.a.example")
	inet.MX("b.example", "mail.b.example")
	want := []string{"shared.host.example", "mail.a.example", "mail.b.example", "xn--5nq051n.xn--fsqu00a.xn--fiqs8s", "mail.c.example"}
	if got := h.Names(); !slices.Equal(got, want) {
		t.Errorf("Names = %q, want %q", got, want)
	}
	for _, name := range want {
		if other := inet.Host(name); other != h {
			t.Errorf("Host(%q) is another host", name)
		}
		addrs, err := inet.Resolver().LookupHost(t.Context(), name+".")
		slices.Sort(addrs)
		if want := []string{"2001:db8::9", "203.0.113.9"}; err != nil || !slices.Equal(addrs, want) {
			t.Errorf("the DNS has %s at %v, %v, want %v", name, addrs, err, want)
		}
		conn, err := inet.DialContext(t.Context(), "tcp", name+":25")
		if err != nil {
			t.Fatal(err)
		}
		startTLS(t, conn, &tls.Config{RootCAs: inet.RootCAs(), ServerName: name}).Close()
	}
	names, err := inet.Resolver().LookupAddr(t.Context(), "203.0.113.9")
	if want := []string{"shared.host.example."}; err != nil || !slices.Equal(names, want) {
		t.Errorf("PTR = %q, %v, want %q", names, err, want)
	}
	app := newApp(inet.Resolver(), inet.DialContext)
	for _, to := range []string{"bob@a.example", "bob@b.example"} {
		if err := app.Send(t.Context(), to); err != nil {
			t.Error(err)
		}
	}
	h.WaitN(t, 2)
	if err := inet.Check(); err != nil {
		t.Error(err)
	}
	inet.Host("other.example")
	mustPanic(t, "a name of another host", func() { h.AddNames("other.example") })
	mustPanic(t, "not a name", func() { h.AddNames("a b") })
}

// TestUnicodeNames gives names in Unicode wherever there is a name.
func TestUnicodeNames(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	const ascii = "xn--fsqu00a.xn--fiqs8s"
	mx := inet.MX("例子.中国", "10 邮件.例子.中国")[0]
	inet.Publish("例子.中国", mxmock.Records{DMARC: "p=none", Services: map[string]string{"imaps": "邮件.例子.中国:993"}})
	inet.Blocklist("名单.中国", "例子.中国")
	if got, want := mxOf(t, inet.Resolver(), ascii), "10 xn--5nq051n."+ascii+".;"; got != want {
		t.Errorf("MX = %q, want %q", got, want)
	}
	if h, ok := inet.FindHost("xn--5nq051n." + ascii); !ok || h != mx {
		t.Error("the host is not known by its name in A-labels")
	}
	_, srvs, err := inet.Resolver().LookupSRV(t.Context(), "imaps", "tcp", ascii)
	if err != nil || len(srvs) != 1 || srvs[0].Target != "xn--5nq051n."+ascii+"." {
		t.Errorf("SRV = %v, %v", srvs, err)
	}
	if addrs, err := inet.Resolver().LookupHost(t.Context(), ascii+".xn--4krpq.xn--fiqs8s"); err != nil {
		t.Errorf("the blocklist has %v, %v", addrs, err)
	}
	inet.Break("txt _dmarc.例子.中国", mxmock.ServFail)
	if _, err := inet.Resolver().LookupTXT(t.Context(), "_dmarc."+ascii); err == nil || isNotFound(err) {
		t.Errorf("LookupTXT = %v, want a failure", err)
	}
	mx.AddRules(mailtest.Rule{At: mailtest.Rcpt, To: "@例子.中国", Reply: "550 5.1.1 No such user"})
	app := newApp(inet.Resolver(), inet.DialContext)
	if err := app.Send(t.Context(), "bob@"+ascii); err == nil {
		t.Error("the rule for a domain in Unicode lets pass the same in A-labels")
	}
	if n := inet.RemoveRecords("txt _dmarc.例子.中国"); n != 1 {
		t.Errorf("removed %d records, want 1", n)
	}
}

// TestSharedAddress has two names of one machine in a zone.
func TestSharedAddress(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	zoneOf(t, inet, "mail.example.com. A 203.0.113.9\nimap.example.com. A 203.0.113.9\nalias.example.com. CNAME mail.example.com.\n")
	h := inet.Host("mail.example.com")
	for _, name := range []string{"imap.example.com", "alias.example.com"} {
		if other := inet.Host(name); other != h {
			t.Errorf("%s is at the address of mail.example.com, and another host", name)
		}
	}
	mustPanic(t, "a given address of another host", func() { inet.Host("pop.example.com", "203.0.113.9") })
}

// TestBreakPort blocks ports, as providers do for their customers.
func TestBreakPort(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inet := mxmock.New(t)
		a := inet.Host("mx1.qq.com", "203.0.113.9", "2001:db8::9")
		b := inet.Host("mx2.qq.com", "203.0.113.10")
		for _, h := range []*mxmock.Host{a, b} {
			h.AddNames("also-" + h.Name())
			h.Server(25)
			h.Server(587)
		}
		dial := func(address string) string {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			conn, err := inet.DialContext(ctx, "tcp", address)
			switch {
			case errors.Is(err, context.DeadlineExceeded):
				return "silent"
			case errors.Is(err, syscall.ECONNREFUSED):
				return "refused"
			case errors.Is(err, syscall.EHOSTUNREACH):
				return "unreachable"
			case err != nil:
				return err.Error()
			}
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(time.Minute))
			_, err = io.ReadFull(conn, make([]byte, 3))
			switch {
			case errors.Is(err, os.ErrDeadlineExceeded):
				return "mute"
			case errors.Is(err, syscall.ECONNRESET):
				return "reset"
			case err != nil:
				return err.Error()
			}
			return "open"
		}
		type row struct {
			what  string
			fault mxmock.Fault
			want  map[string]string // what comes of dialling
		}
		for _, row := range []row{
			{"203.0.113.9:25", mxmock.Silent, map[string]string{
				"203.0.113.9:25": "silent", "203.0.113.9:587": "open", "[2001:db8::9]:25": "open", "203.0.113.10:25": "open"}},
			{"[2001:db8::9]:25", mxmock.Unreachable, map[string]string{"203.0.113.9:25": "open", "[2001:db8::9]:25": "unreachable", "[2001:db8::9]:587": "open"}},
			{"mx1.qq.com:25", mxmock.Refused, map[string]string{
				"203.0.113.9:25": "refused", "[2001:db8::9]:25": "refused", "203.0.113.9:587": "open", "mx2.qq.com:25": "open"}},
			{"also-mx1.qq.com.:25", mxmock.Aborted, map[string]string{"mx1.qq.com:25": "reset", "203.0.113.9:587": "open"}},
			{":25", mxmock.Silent, map[string]string{"203.0.113.9:25": "silent", "mx2.qq.com:25": "silent", "mx2.qq.com:587": "open"}},
			{"203.0.113.10:25", mxmock.Mute, map[string]string{"203.0.113.9:25": "open", "mx2.qq.com:25": "mute", "mx2.qq.com:587": "open"}},
			{"203.0.113.99:25", mxmock.Aborted, map[string]string{"203.0.113.99:25": "reset", "203.0.113.99:26": "unreachable"}},
			{"203.0.113.99", mxmock.Mute, map[string]string{"203.0.113.99:25": "mute", "203.0.113.98:26": "unreachable"}},
		} {
			inet.Break(row.what, row.fault)
			for at, want := range row.want {
				if got := dial(at); got != want {
					t.Errorf("%s %v: dial %s: %s, want %s", row.what, row.fault, at, got, want)
				}
			}
			inet.Mend(row.what)
			for at, want := range row.want {
				if strings.HasPrefix(at, "203.0.113.9") && !strings.HasPrefix(at, "203.0.113.9:") {
					want = "unreachable" // no host has it
				} else {
					want = "open"
				}
				if got := dial(at); got != want {
					t.Errorf("%s mended: dial %s: %s, want %s", row.what, at, got, want)
				}
			}
		}

		inet.Break(":25", mxmock.Refused)
		a.Break(mxmock.Mute)
		inet.Break("203.0.113.9", mxmock.Aborted)
		inet.Break("mx1.qq.com:25", mxmock.Unreachable)
		inet.Break("203.0.113.9:25", mxmock.Silent)
		for _, step := range []struct{ mend, want string }{
			{"203.0.113.9:25", "silent"}, {"mx1.qq.com:25", "unreachable"}, {"203.0.113.9", "reset"}, {"", "mute"}, {":25", "refused"},
		} {
			if got := dial("203.0.113.9:25"); got != step.want {
				t.Errorf("before %q is mended: %s, want %s", step.mend, got, step.want)
			}
			if step.mend == "" {
				a.Mend()
			} else {
				inet.Mend(step.mend)
			}
		}
		if got := dial("203.0.113.9:25"); got != "open" {
			t.Errorf("all mended: %s, want open", got)
		}
		inet.Break(":25", mxmock.Silent)
		inet.Reset()
		if got := dial("203.0.113.9:25"); got != "open" {
			t.Errorf("after Reset: %s, want open", got)
		}
		for _, bad := range []string{"mx9.qq.com:25", "mx1.qq.com:0", "mx1.qq.com:65536", "mx1.qq.com:smtp", ":", "mx1.qq.com:"} {
			mustPanic(t, bad, func() { inet.Break(bad, mxmock.Silent) })
		}
		mustPanic(t, "ServFail for a port", func() { inet.Break(":25", mxmock.ServFail) })
		mustPanic(t, "Mute for a question", func() { inet.Break("mx qq.com", mxmock.Mute) })
		mustPanic(t, "Mute in a DNSRule", func() { inet.AddDNSRules(mxmock.DNSRule{Question: "mx qq.com", Fault: mxmock.Mute}) })
	})
}

// TestBadCertificate has services with a certificate for another name.
func TestBadCertificate(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	h := inet.Host("www.example.com")
	h.Server(465)
	l, err := h.Listen(443)
	if err != nil {
		t.Fatal(err)
	}
	web := &http.Server{TLSConfig: h.TLSConfig(), ErrorLog: log.New(io.Discard, "", 0)}
	go web.ServeTLS(l, "", "")
	defer web.Close()
	dial := inet.DialContext
	try := func(port string) error {
		conn, err := dial(t.Context(), "tcp", "www.example.com:"+port)
		if err != nil {
			return err
		}
		defer conn.Close()
		return tls.Client(conn, &tls.Config{RootCAs: inet.RootCAs(), ServerName: "www.example.com"}).Handshake()
	}
	bad := func(err error) bool {
		_, ok := errors.AsType[*tls.CertificateVerificationError](err)
		return ok
	}
	dialers := map[string]func(context.Context, string, string) (net.Conn, error){"DialContext": inet.DialContext}
	if runtime.GOOS != "windows" { // which can't redirect sockets
		dialers["Dialer"] = inet.Dialer().DialContext
	}
	addr := h.Addrs()[0]
	for name, d := range dialers {
		dial = d
		for _, tt := range []struct {
			place string
			bad   []string
			good  []string
		}{
			{"www.example.com:443", []string{"443"}, []string{"465"}},
			{"www.example.com:465", []string{"465"}, []string{"443"}},
			{addr + ":465", []string{"465"}, []string{"443"}},
			{addr, []string{"443", "465"}, nil},
			{":465", []string{"465"}, []string{"443"}},
			{"203.0.113.99:465", nil, []string{"443", "465"}},
		} {
			inet.Break(tt.place, mxmock.BadCertificate)
			for _, port := range tt.bad {
				if err := try(port); !bad(err) {
					t.Errorf("%s: %s is broken: port %s: %v, want a bad certificate", name, tt.place, port, err)
				}
			}
			for _, port := range tt.good {
				if err := try(port); err != nil {
					t.Errorf("%s: %s is broken: port %s: %v", name, tt.place, port, err)
				}
			}
			inet.Mend(tt.place)
		}
		h.Break(mxmock.BadCertificate)
		for _, port := range []string{"443", "465"} {
			if err := try(port); !bad(err) {
				t.Errorf("%s: port %s of the host: %v, want a bad certificate", name, port, err)
			}
		}
		h.Mend()
		if err := errors.Join(try("443"), try("465")); err != nil {
			t.Errorf("%s: mended: %v", name, err)
		}
	}
}

// TestNothingByHalf makes hosts and records in calls that panic, after which all is as it was.
func TestNothingByHalf(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	inet.Host("other.example", "203.0.113.1")
	if err := inet.AddZone("shop.example. MX 10 old.shop.example.\nalias.shop.example. CNAME other.example.\n" +
		"s._domainkey.shop.example. CNAME other.example.\nkid.shop.example. NS ns.elsewhere.example."); err != nil {
		t.Fatal(err)
	}
	l, err := inet.Host("taken.example").Listen(25)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	state := func() string {
		var b strings.Builder
		for _, h := range inet.Hosts() {
			fmt.Fprintln(&b, h.Names(), h.Addrs())
		}
		for _, name := range []string{"new.example", "shop.example", "_dmarc.shop.example", "203.0.113.7", "7.113.0.203.in-addr.arpa", "bl.example", "fresh.example"} {
			txt, err := inet.Resolver().LookupTXT(t.Context(), name)
			mx, _ := inet.Resolver().LookupMX(t.Context(), name)
			ptr, _ := inet.Resolver().LookupAddr(t.Context(), name)
			var missing *net.DNSError
			fmt.Fprintln(&b, name, txt, len(mx), ptr, errors.As(err, &missing))
			for _, m := range mx {
				fmt.Fprintln(&b, m.Host)
			}
		}
		return b.String()
	}
	want := state()
	for what, call := range map[string]func(){
		"Host of an alias":             func() { inet.Host("alias.shop.example", "203.0.113.7") },
		"Host at an address of others": func() { inet.Host("new.example", "203.0.113.7", "203.0.113.1") },
		"Host at a bad address":        func() { inet.Host("new.example", "203.0.113.7", "203.0.113") },
		"MX with a bad name":           func() { inet.MX("shop.example", "mx1.shop.example", "a..b") },
		"MX with a bad preference":     func() { inet.MX("shop.example", "mx1.shop.example", "x mx2.shop.example") },
		"MX of an alias":               func() { inet.MX("alias.shop.example", "mx1.shop.example") },
		"AddNames": func() {
			inet.Host("other.example").AddNames("new.example", "a..b")
		},
		"AddNames of an alias": func() {
			h, _ := inet.FindHost("other.example")
			h.AddNames("new.example", "*..example")
		},
		"Publish with a bad key": func() {
			inet.Publish("shop.example", mxmock.Records{SPF: "-all", DMARC: "p=none", DKIM: map[string]crypto.PublicKey{"s": 1}})
		},
		"Publish with a bad service": func() {
			inet.Publish("shop.example", mxmock.Records{SPF: "-all", Services: map[string]string{"imap": "x"}})
		},
		"MX with a port 25 that is taken": func() { inet.MX("fresh.example", "mx1.fresh.example", "taken.example") },
		"MX again with that":              func() { inet.MX("shop.example", "mx1.shop.example", "taken.example") },
		"MX at a delegation":              func() { inet.MX("shop.example", "mx1.shop.example", "mx.kid.shop.example") },
		"Publish with a bad policy":       func() { inet.Publish("fresh.example", mxmock.Records{SPF: "-all", MTASTS: "enforced"}) },
		"Publish of keys of nobody":       func() { inet.Publish("fresh.example", mxmock.Records{SPF: "-all", DANE: true}) },
		"Publish at an alias": func() {
			inet.Publish("shop.example", mxmock.Records{SPF: "-all", DKIM: map[string]crypto.PublicKey{"s": nil}})
		},
		"Publish with a bad port": func() {
			inet.Publish("shop.example", mxmock.Records{SPF: "-all", Services: map[string]string{"imap": "x:0"}})
		},
		"Blocklist": func() { inet.Blocklist("bl.example", "203.0.113.7", "x 1.2.3") },
	} {
		mustPanic(t, what, call)
		if diff := cmp.Diff(state(), want); diff != "" {
			t.Errorf("%s: got, want differ:\n%s", what, diff)
		}
	}
}

// TestRemoveHost takes a machine off the net, and puts another one in its place.
func TestRemoveHost(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	zoneOf(t, inet, "mx1.qq.com. TXT keep\n")
	mx := inet.MX("qq.com", "mx1.qq.com", "mx2.qq.com")
	mx[0].AddNames("imap.qq.com")
	hosts := func() []string {
		var names []string
		for _, h := range inet.Hosts() {
			names = append(names, h.Name())
		}
		return names
	}
	if got, want := hosts(), []string{"mx1.qq.com", "mx2.qq.com"}; !slices.Equal(got, want) {
		t.Errorf("Hosts = %q, want %q", got, want)
	}
	if h, ok := inet.FindHost("IMAP.qq.com."); !ok || h != mx[0] {
		t.Errorf("FindHost = %v, %t, want mx1", h, ok)
	}
	if h, ok := inet.FindHost("mx3.qq.com"); ok || h != nil || len(inet.Hosts()) != 2 {
		t.Errorf("FindHost of nobody = %v, %t", h, ok)
	}
	app := newApp(inet.Resolver(), inet.DialContext)
	if err := app.Send(t.Context(), "bob@qq.com"); err != nil {
		t.Fatal(err)
	}
	mx[0].Next(t)
	addr := mx[0].Addrs()[0]
	mx[0].Remove()
	mx[0].Remove()
	if got, want := hosts(), []string{"mx2.qq.com"}; !slices.Equal(got, want) {
		t.Errorf("Hosts = %q, want %q", got, want)
	}
	if _, ok := inet.FindHost("mx1.qq.com"); ok {
		t.Error("the host is still there")
	}
	for _, name := range []string{"mx1.qq.com.", "imap.qq.com."} {
		if addrs, err := inet.Resolver().LookupHost(t.Context(), name); !isNotFound(err) {
			t.Errorf("%s has the addresses %v, %v, want none", name, addrs, err)
		}
	}
	if names, err := inet.Resolver().LookupAddr(t.Context(), addr); !isNotFound(err) {
		t.Errorf("PTR = %q, %v, want none", names, err)
	}
	if got, want := txtOf(t, inet, "mx1.qq.com"), []string{"keep"}; !slices.Equal(got, want) {
		t.Errorf("TXT = %q, want %q", got, want)
	}
	if got, want := mxOf(t, inet.Resolver(), "qq.com."), "10 mx1.qq.com.;20 mx2.qq.com.;"; got != want {
		t.Errorf("MX = %q, want %q", got, want)
	}
	if _, err := inet.DialContext(t.Context(), "tcp", addr+":25"); !errors.Is(err, syscall.EHOSTUNREACH) {
		t.Errorf("dial its address: %v, want EHOSTUNREACH", err)
	}
	if err := app.Send(t.Context(), "bob@qq.com"); err != nil {
		t.Fatal(err)
	}
	mx[1].Next(t)
	if got := len(inet.Messages()); got != 2 || len(inet.Sessions()) != 2 {
		t.Errorf("%d messages and %d sessions, want 2 and 2", got, len(inet.Sessions()))
	}
	if h := inet.Host("mx1.qq.com", addr); h == mx[0] {
		t.Error("the host that was removed has come back")
	}
	var opErr *net.OpError
	if _, err := mx[0].Listen(80); !errors.As(err, &opErr) || !errors.Is(err, net.ErrClosed) {
		t.Errorf("Listen on a host that was removed: %v, want net.ErrClosed", err)
	}
}

// TestNamesAsText reads and writes the names of constants, as files and flags do.
func TestNamesAsText(t *testing.T) {
	t.Parallel()
	type text interface {
		encoding.TextUnmarshaler
		fmt.Stringer
	}
	for _, row := range []struct {
		name  string
		value text
		zero  bool // whether the empty text is the zero value
	}{
		{"Silent", new(mxmock.Fault), true}, {"BadCertificate", new(mxmock.Fault), true}, {"NSEC3", new(mxmock.DNSSEC), true},
		{"NoDenial", new(mxmock.DNSSEC), true}, {"Rcpt", new(mailtest.Stage), true}, {"Reset", new(mailtest.Drop), true},
		{"OtherName", new(mailtest.CertificateFault), true}, {"EndLF", new(mailtest.BareLF), false},
	} {
		for _, name := range []string{row.name, strings.ToLower(row.name)} {
			if err := row.value.UnmarshalText([]byte(name)); err != nil || row.value.String() != row.name {
				t.Errorf("%T: UnmarshalText(%q) = %v, %v", row.value, name, err, row.value)
			}
		}
		out, err := row.value.(encoding.TextMarshaler).MarshalText()
		if err != nil || string(out) != row.name {
			t.Errorf("%T: MarshalText = %q, %v, want %q", row.value, out, err, row.name)
		}
		if err := row.value.UnmarshalText([]byte("bogus!")); err == nil || !strings.Contains(err.Error(), row.name) {
			t.Errorf("%T: UnmarshalText of nonsense = %v, want an error with the names", row.value, err)
		}
		if err := row.value.UnmarshalText(nil); (err == nil) != row.zero {
			t.Errorf("%T: UnmarshalText of nothing = %v", row.value, err)
		}
	}
	for _, v := range []encoding.TextMarshaler{mxmock.Fault(99), mxmock.DNSSEC(99), mailtest.Stage(99), mailtest.Drop(99), mailtest.BareLF(99)} {
		if text, err := v.MarshalText(); err == nil {
			t.Errorf("%T(99) has the name %q", v, text)
		}
	}
}

// A Host has all the waits of an Inbox, and what goes with them.
func TestHostForwards(t *testing.T) {
	t.Parallel()
	host := reflect.TypeFor[*mxmock.Host]()
	for typ, ours := range map[reflect.Type][]string{
		reflect.TypeFor[*mailtest.Inbox]():  {"Reset", "Close"}, // of the Internet
		reflect.TypeFor[*mailtest.Server](): nil,
	} {
		for m := range typ.Methods() {
			waits := m.Type.NumIn() > 1 && (m.Type.In(1) == reflect.TypeFor[testing.TB]() || m.Type.In(1) == reflect.TypeFor[context.Context]())
			if !waits && !slices.Contains([]string{"Messages", "Sessions", "Mailboxes"}, m.Name) || slices.Contains(ours, m.Name) || m.Name == "Dial" {
				continue
			}
			forwarded, ok := host.MethodByName(m.Name)
			if !ok {
				t.Errorf("Host has no %s, which %v has", m.Name, typ)
				continue
			}
			if got, want := forwarded.Type.String(), m.Type.String(); strings.Replace(got, host.String(), typ.String(), 1) != want {
				t.Errorf("%s of a Host is %s, want %s", m.Name, got, want)
			}
		}
	}
	inet := mxmock.New(t)
	mx := inet.MX("qq.com", "mx1.qq.com", "mx2.qq.com")
	for i := range 6 {
		conn, err := inet.DialContext(t.Context(), "tcp", mx[i%2].Name()+":25")
		if err != nil {
			t.Fatal(err)
		}
		client := smtp.NewClient(conn)
		if err := client.SendMail("a@b.example", []string{"bob@qq.com"}, strings.NewReader(fmt.Sprintf("Subject: message %d\r\n\r\n", i))); err != nil {
			t.Fatal(err)
		}
		if err := client.Quit(); err != nil {
			t.Fatal(err)
		}
	}
	if got, next, err := mx[1].Since(t.Context(), 1); err != nil || next != 3 || len(got) != 2 || got[0].Subject != "message 3" {
		t.Errorf("Since gives %d messages, %d, %v", len(got), next, err)
	}
	for _, test := range []struct {
		source mailstore.Source
		want   int
	}{{mx[1], 3}, {inet, 6}} {
		bob, err := test.source.Mailboxes().Account("bob@qq.com")
		if err != nil {
			t.Fatal(err)
		}
		inbox, err := bob.Mailbox("INBOX")
		if err != nil {
			t.Fatal(err)
		}
		if status, err := inbox.Status(); err != nil || status.Messages != test.want {
			t.Errorf("the mailbox of bob in a %T has %d messages, %v, want %d", test.source, status.Messages, err, test.want)
		}
	}
	if got := mx[1].WaitOnly(t, 3, time.Millisecond); len(got) != 3 || got[2].Subject != "message 5" {
		t.Errorf("WaitOnly gives %d messages", len(got))
	}
	if got, err := mx[0].NextContext(t.Context()); err != nil || got.Subject != "message 0" {
		t.Errorf("NextContext gives %v, %v", got, err)
	}
	if got, err := mx[0].WaitForContext(t.Context(), func(m *mailtest.Message) bool { return m.Subject == "message 4" }); err != nil || got.Subject != "message 4" {
		t.Errorf("WaitForContext gives %v, %v", got, err)
	}
	if got := mx[0].WaitSession(t, 1); len(got.Messages) != 1 {
		t.Errorf("WaitSession gives %v", got)
	}
}

// A host takes over the patience of its internet, whatever makes it.
func TestPatience(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	inet.Patience = time.Minute
	hosts := append(inet.MX("qq.com", "mx1.qq.com"), inet.Host("mx.example"), inet.Sender("shop.example").Host)
	for _, h := range hosts {
		if got := h.Server(25).Patience; got != time.Minute {
			t.Errorf("%s has the patience %v, want that of the internet, 1m", h.Name(), got)
		}
	}
}

// An address that comes under a further name is the host's, in both directions; and what was removed stays so.
func TestFurtherNames(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	h := inet.Host("k.example")
	h.AddNames("k2.example")
	if again := inet.Host("k2.example", "203.0.113.88"); again != h {
		t.Fatal("the further name is another host")
	}
	for _, name := range []string{"k.example", "k2.example"} {
		addrs, err := inet.Resolver().LookupHost(t.Context(), name)
		if err != nil || !slices.Contains(addrs, "203.0.113.88") {
			t.Errorf("%s has the addresses %v, %v", name, addrs, err)
		}
	}
	if err := inet.Check(); err != nil {
		t.Error(err)
	}
	h.Remove()
	mustPanic(t, "was removed", func() { h.AddNames("zombie.example") })
	if _, found := inet.FindHost("zombie.example"); found {
		t.Error("a removed host has come back")
	}
	inet.MX("null.example", ".")
	mustPanic(t, "RFC 7505", func() { inet.Publish("null.example", mxmock.Records{MTASTS: "enforce"}) })
}

// A wait on a host to which nobody has connected says that, and nothing about addresses, which are in the DNS.
func TestWaitUnused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inet := mxmock.New(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := inet.MX("qq.com", "mx1.qq.com")[0].NextContext(ctx)
		if want := "mailtest: no message: context deadline exceeded\n0 messages\nnobody connected, and no server was in use"; err == nil || err.Error() != want {
			t.Errorf("got\n%v\nwant\n%s", err, want)
		}
	})
}

// A host in the text of an error is its name.
func TestHostString(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	if got, want := fmt.Sprint(inet.MX("qq.com", "mx1.qq.com", "mx2.qq.com"), inet.Sender("shop.example")), "[mx1.qq.com mx2.qq.com] mail.shop.example"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
