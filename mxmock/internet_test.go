package mxmock_test

// Tests of the internet as a whole: its life, its report, its crowd.

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mxmock"
)

// fakeTB is a test that has failed, or not, and notes what is logged.
type fakeTB struct {
	testing.TB
	failed   bool
	cleanups []func()
	logs     []string
	errors   []string
}

func (f *fakeTB) Helper()          {}
func (f *fakeTB) Cleanup(c func()) { f.cleanups = append(f.cleanups, c) }
func (f *fakeTB) Failed() bool     { return f.failed }
func (f *fakeTB) Error(args ...any) {
	f.errors, f.failed = append(f.errors, fmt.Sprint(args...)), true
}
func (f *fakeTB) Log(args ...any) { f.logs = append(f.logs, fmt.Sprint(args...)) }
func (f *fakeTB) end() {
	for i := len(f.cleanups) - 1; i >= 0; i-- {
		f.cleanups[i]()
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	for _, failed := range []bool{false, true} {
		tb := &fakeTB{TB: t, failed: failed}
		inet := mxmock.New(tb)
		inet.MX("qq.com", "mx1.qq.com")
		inet.MX("163.com", "mx1.163.com")[0].Break(mxmock.Refused)
		app := newApp(inet.Resolver(), inet.DialContext)
		if err := app.Send(t.Context(), "bob@qq.com"); err != nil {
			t.Fatal(err)
		}
		if err := app.Send(t.Context(), "bob@163.com"); err == nil {
			t.Fatal("no error, want one")
		}
		tb.end()
		if !failed {
			if len(tb.logs) > 0 {
				t.Errorf("a test that passed has the log %q, want none", tb.logs)
			}
			continue
		}
		if len(tb.logs) != 1 {
			t.Fatalf("%d logs, want 1: %q", len(tb.logs), tb.logs)
		}
		for _, want := range []string{
			"ask mx qq.com → NOERROR 10 mx1.qq.com.", "dial mx1.163.com:25 → connect: connection refused",
			"mx1.qq.com #1 \"Hello\" from <alice@example.com> to bob@qq.com\n", "    | ",
			"smtp mx1.qq.com:25 RCPT TO:<bob@qq.com> → 250", "mail mx1.qq.com:25 bob@qq.com → from <alice@example.com>: Hello",
		} {
			if strings.Count(tb.logs[0], want) != 1 {
				t.Errorf("the log has %q %d times, want once:\n%s", want, strings.Count(tb.logs[0], want), tb.logs[0])
			}
		}
	}
}

// TestCrowd runs a thousand tests at once, each with an internet of its own.
func TestCrowd(t *testing.T) {
	t.Parallel()
	for i := range 1000 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			inet := mxmock.New(t)
			mx := inet.MX("qq.com", "mx1.qq.com", "mx2.qq.com")
			mx[0].Break(mxmock.Refused)
			app := newApp(inet.Resolver(), inet.DialContext)
			to := fmt.Sprintf("user%d@qq.com", i)
			if err := app.Send(t.Context(), to); err != nil {
				t.Fatal(err)
			}
			if got := inet.Next(t).Envelope.To[0].Address; got != to {
				t.Errorf("message for %s, want %s", got, to)
			}
		})
	}
}

// TestSharedInternet has one internet used by many at once, while it changes.
func TestSharedInternet(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	const n = 50
	var wg sync.WaitGroup
	for i := range n {
		domain := fmt.Sprintf("d%d.example.com", i)
		wg.Go(func() {
			inet.MX(domain, "mx."+domain)
			inet.Break("txt "+domain, mxmock.ServFail)
			inet.AddDNSRules(mxmock.DNSRule{Question: "aaaa mx." + domain, Times: 1, Fault: mxmock.NoData})
			app := newApp(inet.Resolver(), inet.DialContext)
			if err := app.Send(t.Context(), "bob@"+domain); err != nil {
				t.Error(err)
			}
			inet.Mend("txt " + domain)
			inet.Journal()
			inet.Queries()
			inet.Sessions()
		})
	}
	got := make(map[string]bool)
	for _, m := range inet.WaitN(t, n) {
		got[m.Envelope.To[0].Address] = true
	}
	wg.Wait()
	if len(got) != n {
		t.Errorf("messages for %d recipients, want %d", len(got), n)
	}
}

// TestCloseWithHungClients closes an internet whose clients do nothing, in every state.
func TestCloseWithHungClients(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	host := inet.MX("qq.com", "mx1.qq.com")[0]
	host.Server(465)
	host.AddRules(mailtest.Rule{At: mailtest.Helo, Drop: mailtest.Silence})
	addr := listenDNS(t, inet)
	l, err := host.Listen(80)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			defer conn.Close()
		}
	})
	var conns []net.Conn
	for _, address := range []string{"mx1.qq.com:25", "mx1.qq.com:25", "mx1.qq.com:465", "mx1.qq.com:80", "192.0.2.53:53"} {
		conn, err := inet.DialContext(t.Context(), "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, conn)
	}
	fmt.Fprint(conns[1], "EHLO silence\r\n")
	for range 3 {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, conn)
	}
	start := time.Now()
	inet.Close()
	if d := time.Since(start); d > time.Second {
		t.Errorf("Close took %v, want at most a second", d)
	}
	wg.Wait()
	for _, conn := range conns {
		conn.Close()
	}
	inet.Close()

	if _, err := inet.DialContext(t.Context(), "tcp", "mx1.qq.com:25"); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dial after Close: %v, want ECONNREFUSED", err)
	}
	if _, err := inet.Resolver().LookupMX(t.Context(), "qq.com."); err == nil {
		t.Error("look-up after Close: no error, want one")
	}
	late := inet.Host("late.example.com")
	if _, err := late.Listen(80); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Listen after Close: %v, want net.ErrClosed", err)
	}
	if err := late.Server(25).Start(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a server after Close starts: %v, want net.ErrClosed", err)
	}
}

func TestHosts(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	a := inet.Host("A.example.com")
	if inet.Host("a.EXAMPLE.com.") != a {
		t.Error("the same name is another host")
	}
	if got, want := a.Name(), "A.example.com"; got != want {
		t.Errorf("Name = %s, want %s", got, want)
	}
	inet.Host("a.example.com", "203.0.113.9", "::ffff:203.0.113.9", "2001:db8::9")
	if diff := cmp.Diff(a.Addrs(), []string{"192.0.2.2", "203.0.113.9", "2001:db8::9"}); diff != "" {
		t.Errorf("addresses: got, want differ:\n%s", diff)
	}
	zoneOf(t, inet, "b.example.com. A 192.0.2.3\nb.example.com. AAAA 2001:db8::b\nwww.example.com. A 192.0.2.4")
	if got, want := inet.Host("c.example.com").Addrs()[0], "192.0.2.5"; got != want {
		t.Errorf("a free address = %s, want %s, since the DNS has those before it", got, want)
	}
	if diff := cmp.Diff(inet.Host("b.example.com").Addrs(), []string{"192.0.2.3", "2001:db8::b"}); diff != "" {
		t.Errorf("addresses from the DNS: got, want differ:\n%s", diff)
	}
	if inet.Host("bücher.example") != inet.Host("xn--bcher-kva.example") {
		t.Error("the name in Unicode is another host than its A-labels")
	}
	mx := inet.MX("qq.com", "mx1.qq.com", "0 .", "30 mx1.qq.com")
	if mx[0] == nil || mx[0] != mx[2] || mx[1] != nil {
		t.Errorf("MX = %v, want a host, nil, and the host again", mx)
	}
	if mx = inet.MX("sina.com", "203.0.113.8", "20 203.0.113.8.", "30 mx.sina.com"); mx[0] != nil || mx[1] != nil || mx[2] == nil {
		t.Errorf("MX = %v, want nil for an address", mx)
	}
	if addrs, err := inet.Resolver().LookupNetIP(t.Context(), "ip4", "203.0.113.8."); err == nil {
		t.Errorf("the DNS has the addresses %v for a name that is an address", addrs)
	}
	records, err := inet.Resolver().LookupMX(t.Context(), "sina.com.")
	if err != nil || len(records) != 3 || records[0].Host != "203.0.113.8." {
		t.Errorf("records = %v, %v, want three, the first with the address", records, err)
	}
	for _, bad := range []string{"", "..", "a b.example.com", "a\tb", strings.Repeat("x", 64) + ".com", "bob@qq.com", "https://qq.com"} {
		mustPanic(t, "Host "+bad, func() { inet.Host(bad) })
		mustPanic(t, "MX of "+bad, func() { inet.MX(bad, "mx1.qq.com") })
	}
	for _, bad := range []string{"70000 mx1.qq.com", "x mx1.qq.com", "10 20 mx1.qq.com", "", "mx1.qq.com:25", "10 mx1.qq.com:25"} {
		mustPanic(t, "MX "+bad, func() { inet.MX("qq.com", bad) })
	}
	for _, bad := range []string{"203.0.113.256", "192.0.2.3", "fe80::1%eth0", "224.0.0.1"} {
		mustPanic(t, "Host at "+bad, func() { inet.Host("d.example.com", bad) })
	}
}

// TestServersOfHost has the greeting, the certificate and the policy of AUTH that a host of that
// name would have.
func TestServersOfHost(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	host := inet.MX("qq.com", "mx1.qq.com")[0]
	host.Server(25).StartTLS = true
	host.Server(465)
	host.Server(587)
	if first, second := host.Server(25), host.Server(25); first != second {
		t.Error("Server(25) is another one each time")
	}
	for port, wantAuth := range map[string]bool{"25": false, "465": true, "587": true} {
		greeting, ext := dialogue(t, inet, "mx1.qq.com", port)
		if !strings.HasPrefix(greeting, "mx1.qq.com ") {
			t.Errorf("port %s: greeting %q, want one of mx1.qq.com", port, greeting)
		}
		if got := strings.Contains(ext, "AUTH"); got != wantAuth {
			t.Errorf("port %s: AUTH %v, want %v: %s", port, got, wantAuth, ext)
		}
	}
}

// TestReset forgets what happened and takes back what is wrong.
func TestReset(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	mx := inet.MX("qq.com", "mx1.qq.com")[0]
	app := newApp(inet.Resolver(), inet.DialContext)
	send := func() error { return app.Send(t.Context(), "bob@qq.com") }
	if err := send(); err != nil {
		t.Fatal(err)
	}
	mx.Break(mxmock.Refused)
	inet.Break("mx qq.com", mxmock.ServFail)
	inet.Break(mx.Addrs()[0], mxmock.Silent)
	inet.AddDNSRules(mxmock.DNSRule{Fault: mxmock.Refused})
	mx.AddRules(mailtest.Rule{At: mailtest.Mail, Reply: "451 no"})
	if send() == nil {
		t.Error("everything is broken, and no error")
	}
	inet.Reset()
	if len(inet.Journal()) != 0 || len(inet.Messages()) != 0 || len(mx.Messages()) != 0 || len(inet.Queries()) != 0 {
		t.Errorf("after Reset: %v", inet.Journal())
	}
	if err := send(); err != nil {
		t.Errorf("after Reset: %v", err)
	}
	inet.Next(t)
}

// TestUseAsDefault resolves by the default resolver; it can't be parallel.
func TestUseAsDefault(t *testing.T) {
	old := net.DefaultResolver
	t.Run("in use", func(t *testing.T) {
		inet := mxmock.New(t)
		inet.MX("qq.com", "mx1.qq.com")
		inet.UseAsDefault(t)
		mxs, err := net.LookupMX("qq.com")
		if err != nil || len(mxs) != 1 || mxs[0].Host != "mx1.qq.com." {
			t.Errorf("net.LookupMX = %v, %v, want mx1.qq.com.", mxs, err)
		}
	})
	if net.DefaultResolver != old {
		t.Error("after the test the default resolver is another")
	}
	t.Run("parallel", func(t *testing.T) {
		t.Parallel()
		mustPanic(t, "UseAsDefault in a parallel test", func() { mxmock.New(t).UseAsDefault(t) })
	})
}

func TestReportCounts(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	inet.Resolver().LookupMX(t.Context(), "qq.com")
	const want = "mxmock: what happened in the internet: 1 event, 0 messages\n"
	if got := inet.Report(); !strings.HasPrefix(got, want) {
		t.Errorf("report = %s, want %s", got, want)
	}
}

// endingTB is a test that ends at once, and keeps its errors.
type endingTB struct {
	testing.TB
	errs     []string
	cleanups []func()
}

func (e *endingTB) Error(args ...any) { e.errs = append(e.errs, fmt.Sprint(args...)) }
func (e *endingTB) Cleanup(f func())  { e.cleanups = append(e.cleanups, f) }

// A rule of a host that must act and never did makes the test fail, also one that the host has by nature.
func TestMust(t *testing.T) {
	t.Parallel()
	tb := &endingTB{TB: t}
	inet := mxmock.New(tb)
	mx := inet.MX("qq.com", "mx1.qq.com", "mx2.qq.com")
	rule := mailtest.Rule{At: mailtest.Rcpt, Must: true, Reply: "550 5.1.1 Unknown"}
	mx[0].Server(25).Rules = []mailtest.Rule{rule}
	mx[1].AddRules(rule)
	inet.AddDNSRules(
		mxmock.DNSRule{Question: "mx qq.com", Must: true, Skip: 1, Fault: mxmock.ServFail},
		mxmock.DNSRule{Question: "a mx1.qq.com", Must: true, Delay: time.Millisecond},
		mxmock.DNSRule{Must: true, After: time.Hour, Fault: mxmock.ServFail},
	)
	for range 2 { // the second is a new look-up, since the first was answered
		inet.Resolver().LookupHost(t.Context(), "mx1.qq.com")
		inet.Resolver().LookupMX(t.Context(), "other.example")
	}
	inet.Resolver().LookupMX(t.Context(), "qq.com")
	for _, cleanup := range tb.cleanups {
		cleanup()
	}
	const want = `mxmock: DNS rule 1, for "mx qq.com", that must act never did
mxmock: DNS rule 3, for "any *", that must act never did
mxmock: host mx1.qq.com: mailtest: a rule that must act never did: At: Rcpt, Reply: "550 5.1.1 Unknown"
mxmock: host mx2.qq.com: mailtest: a rule that must act never did: At: Rcpt, Reply: "550 5.1.1 Unknown"`
	if got := strings.Join(tb.errs, "\n"); got != want {
		t.Errorf("errors = %s\nwant\n%s", got, want)
	}
}
