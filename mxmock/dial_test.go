package mxmock_test

// Tests of dialling: errors and addresses are those of package net.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed078e9d8c/maillab/internal/machine"
	"github.com/seed078e9d8c/maillab/mxmock"
)

// dialError is everything that code can find out about an error of DialContext.
type dialError struct {
	Text, Op, Net            string
	Source, Addr             string
	AddrType                 string
	Inner                    string
	Timeout, Temporary       bool
	Deadline, Canceled       bool
	Refused, NotFound, IsDNS bool
}

func describe(err error) dialError {
	if err == nil {
		return dialError{}
	}
	d := dialError{
		Text: err.Error(), Deadline: errors.Is(err, context.DeadlineExceeded), Canceled: errors.Is(err, context.Canceled),
		Refused: errors.Is(err, syscall.ECONNREFUSED), NotFound: isNotFound(err),
	}
	if e, ok := err.(net.Error); ok {
		//lint:ignore SA1019 there is code that asks, and it must get what package net says
		d.Timeout, d.Temporary = e.Timeout(), e.Temporary()
	}
	var op *net.OpError
	if errors.As(err, &op) {
		d.Op, d.Net, d.AddrType = op.Op, op.Net, fmt.Sprintf("%T", op.Addr)
		if op.Addr != nil {
			d.Addr = op.Addr.String()
		}
		if op.Source != nil {
			d.Source = op.Source.String()
		}
		switch op.Err.(type) {
		case *net.DNSError, *net.AddrError, net.UnknownNetworkError, *os.SyscallError:
			d.Inner = fmt.Sprintf("%T", op.Err)
		}
	}
	return d
}

// closedPort returns a port of the loopback interface where nobody listens.
func closedPort(tb testing.TB, ip string) string {
	l, err := net.Listen("tcp", net.JoinHostPort(ip, "0"))
	if err != nil {
		tb.Skip(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// TestErrorsOfNet compares errors with those of package net, which asks the same DNS and connects
// to real loopback addresses.
func TestErrorsOfNet(t *testing.T) {
	t.Parallel()
	machine.NeedIPv4(t)
	machine.NeedIPv6(t)
	if runtime.GOOS == "windows" {
		t.Skip("connecting to a closed port takes seconds there")
	}
	inet := mxmock.New(t)
	inet.Host("four.example.com", "127.0.0.1")
	inet.Host("six.example.com", "::1")
	zoneOf(t, inet, "both.example.com. A 127.0.0.1\nboth.example.com. AAAA ::1\nnoaddress.example.com. TXT nothing")
	real := &net.Dialer{Resolver: inet.Resolver()}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	late, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	port := closedPort(t, "127.0.0.1")
	tests := []struct{ network, address string }{
		{"tcp", "127.0.0.1:" + port},
		{"tcp4", "127.0.0.1:" + port},
		{"tcp", "[::1]:" + port},
		{"tcp6", "[::1]:" + port},
		{"tcp6", "127.0.0.1:" + port},
		{"tcp4", "[::1]:" + port},
		{"tcp", "[::ffff:127.0.0.1]:" + port},
		{"tcp", "four.example.com.:" + port},
		{"tcp", "FOUR.example.com.:" + port},
		{"tcp6", "four.example.com.:" + port},
		{"tcp4", "six.example.com.:" + port},
		{"tcp4", "both.example.com.:" + port},
		{"tcp6", "both.example.com.:" + port},
		{"tcp", "both.example.com.:" + port},
		{"tcp", "noaddress.example.com.:25"},
		{"tcp", "nosuch.example.com.:25"},
		{"tcp", "a..b:25"},
		{"tcp", strings.Repeat("a", 64) + ".com:25"},
		{"tcp", "localhost:" + port},
		{"tcp4", ":" + port},
		{"tcp6", ":" + port},
		{"tcp", "0.0.0.0:" + port},
		{"tcp", "four.example.com"},
		{"tcp", ""},
		{"tcp", "::1:25"},
		{"tcp", "[::1:25"},
		{"tcp", "[::1]25"},
		{"tcp", "127.0.0.1:nosuchservice"},
		{"tcp", "127.0.0.1:65536"},
		{"tcp", "127.0.0.1:-1"},
		{"tcp", "127.0.0.1:"},
		{"", "127.0.0.1:25"},
		{"tcp5", "127.0.0.1:25"},
		{"mail", "127.0.0.1:25"},
	}
	contexts := map[string]context.Context{"": t.Context(), " cancelled": cancelled, " late": late}
	for name, ctx := range contexts {
		for _, test := range tests {
			t.Run(test.network+" "+test.address+name, func(t *testing.T) {
				conn, err := inet.DialContext(ctx, test.network, test.address)
				if err == nil {
					conn.Close()
				}
				conn, realErr := real.DialContext(ctx, test.network, test.address)
				if realErr == nil {
					conn.Close()
				}
				got, want := describe(err), describe(realErr)
				for i := 0; got != want && ctx.Err() != nil && i < 100; i++ { // its look-up may be faster than its context
					_, realErr = real.DialContext(ctx, test.network, test.address)
					want = describe(realErr)
				}
				if got != want {
					t.Errorf("got, want differ:\n%s", cmp.Diff(got, want))
				}
			})
		}
	}
}

// TestErrorsOfPolicy has the errors that a loopback interface can't show.
func TestErrorsOfFaults(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inet := mxmock.New(t)
		host := inet.Host("mx1.qq.com", "203.0.113.7", "2001:db8::7")
		host.Server(25)
		tests := []struct {
			fault   mxmock.Fault
			address string
			text    string
			is      error
			after   time.Duration
		}{
			{0, "203.0.113.8:25", "dial tcp 203.0.113.8:25: connect: no route to host", syscall.EHOSTUNREACH, 0},
			{0, "203.0.113.7:26", "dial tcp 203.0.113.7:26: connect: connection refused", syscall.ECONNREFUSED, 0},
			{mxmock.Refused, "203.0.113.7:25", "dial tcp 203.0.113.7:25: connect: connection refused", syscall.ECONNREFUSED, 0},
			{mxmock.Refused, "[2001:db8::7]:25", "dial tcp [2001:db8::7]:25: connect: connection refused", syscall.ECONNREFUSED, 0},
			{mxmock.Unreachable, "203.0.113.7:25", "dial tcp 203.0.113.7:25: connect: no route to host", syscall.EHOSTUNREACH, 0},
			{mxmock.Silent, "203.0.113.7:25", "dial tcp 203.0.113.7:25: connect: connection timed out", syscall.ETIMEDOUT, 127 * time.Second},
			{mxmock.Silent, "mx1.qq.com.:25", "dial tcp 203.0.113.7:25: connect: connection timed out", syscall.ETIMEDOUT, 127 * time.Second},
		}
		for _, test := range tests {
			host.Mend()
			if test.fault != 0 {
				host.Break(test.fault)
			}
			start := time.Now()
			_, err := inet.DialContext(t.Context(), "tcp", test.address)
			if err == nil || !errors.Is(err, test.is) || test.address[0] != 'm' && err.Error() != test.text {
				t.Errorf("%v %s: got %v, want %s", test.fault, test.address, err, test.text)
			}
			if got := time.Since(start); test.address[0] != 'm' && got != test.after {
				t.Errorf("%v %s: after %v, want %v", test.fault, test.address, got, test.after)
			}
		}

		host.Break(mxmock.Silent)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		_, err := inet.DialContext(ctx, "tcp", "203.0.113.7:25")
		want := dialError{
			Text: "dial tcp 203.0.113.7:25: i/o timeout", Op: "dial", Net: "tcp", Addr: "203.0.113.7:25", AddrType: "*net.TCPAddr",
			Timeout: true, Temporary: true, Deadline: true,
		}
		if got := describe(err); got != want {
			t.Errorf("timeout:\n%s", cmp.Diff(got, want))
		}
		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		_, err = inet.DialContext(ctx, "tcp", "203.0.113.7:25")
		want = dialError{
			Text: "dial tcp 203.0.113.7:25: operation was canceled", Op: "dial", Net: "tcp", Addr: "203.0.113.7:25", AddrType: "*net.TCPAddr",
			Canceled: true,
		}
		if got := describe(err); got != want {
			t.Errorf("cancelled:\n%s", cmp.Diff(got, want))
		}

		host.Break(mxmock.Aborted)
		conn, err := inet.DialContext(t.Context(), "tcp", "203.0.113.7:25")
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("read from an aborted connection: %v, want ECONNRESET", err)
		}

		host.Mend()
		inet.Break("203.0.113.7", mxmock.Refused) // one address of the two
		conn, err = inet.DialContext(t.Context(), "tcp", "mx1.qq.com:25")
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if got, want := conn.RemoteAddr().String(), "[2001:db8::7]:25"; got != want {
			t.Errorf("connected to %s, want %s", got, want)
		}
	})
}

// TestFallback lets the first address family hang: the other is tried after 300 ms.
func TestFallback(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inet := mxmock.New(t)
		inet.Host("mx1.qq.com", "203.0.113.7", "2001:db8::7").Server(25)
		for _, broken := range []string{"203.0.113.7", "2001:db8::7"} {
			inet.Break(broken, mxmock.Silent)
			start := time.Now()
			conn, err := inet.DialContext(t.Context(), "tcp", "mx1.qq.com:25")
			if err != nil {
				t.Fatal(err)
			}
			conn.Close()
			inet.Mend(broken)
			if got := time.Since(start); got != 0 && got != 300*time.Millisecond {
				t.Errorf("%s silent: connected after %v, want at once or after 300ms", broken, got)
			}
		}
		inet.Break("203.0.113.7", mxmock.Refused)
		inet.Break("2001:db8::7", mxmock.Unreachable)
		if _, err := inet.DialContext(t.Context(), "tcp", "mx1.qq.com:25"); err == nil {
			t.Error("both addresses are broken: no error, want one")
		}
	})
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	a := inet.Host("a.example.com", "203.0.113.7", "2001:db8::7")
	b := inet.Host("b.example.com", "0.0.0.0")
	l, err := b.Listen(80)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	tests := []struct {
		dial  dialFunc
		local string
	}{
		{inet.DialContext, "192.0.2.1"},
		{a.DialContext, "203.0.113.7"},
		{b.DialContext, b.Addrs()[0]},
	}
	for _, test := range tests {
		conn, err := test.dial(t.Context(), "tcp", "b.example.com:80")
		if err != nil {
			t.Fatal(err)
		}
		far, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		local, ok := conn.LocalAddr().(*net.TCPAddr)
		if !ok || local.IP.String() != test.local {
			t.Errorf("local address = %v, want %s", conn.LocalAddr(), test.local)
		}
		if got, want := far.RemoteAddr().String(), conn.LocalAddr().String(); got != want {
			t.Errorf("the host sees %s, want %s", got, want)
		}
		if got, want := conn.RemoteAddr().String(), net.JoinHostPort(b.Addrs()[0], "80"); got != want {
			t.Errorf("remote address = %s, want %s", got, want)
		}
		conn.Close()
		far.Close()
	}
	if _, err := b.DialContext(t.Context(), "tcp", "[2001:db8::7]:25"); !errors.Is(err, syscall.ENETUNREACH) {
		t.Errorf("a host without IPv6 dials IPv6: %v, want ENETUNREACH", err)
	}
	if _, err := inet.DialContext(t.Context(), "tcp", "127.0.0.1:80"); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("loopback of the code under test: %v, want ECONNREFUSED", err)
	}
	conn, err := b.DialContext(t.Context(), "tcp", "localhost:80")
	if err != nil {
		t.Fatalf("loopback of the host: %v", err)
	}
	conn.Close()
}

func TestListen(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	host := inet.Host("www.qq.com")
	l, err := host.Listen(80)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := host.Listen(80); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("a second Listen: %v, want EADDRINUSE", err)
	}
	host.Server(25)
	if _, err := host.Listen(25); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("Listen where a server is: %v, want EADDRINUSE", err)
	}
	for _, port := range []int{0, -1, 65536} {
		if _, err := host.Listen(port); err == nil {
			t.Errorf("Listen(%d): no error, want one", port)
		}
	}
	mustPanic(t, "Server where a listener is", func() { host.Server(80) })
	mustPanic(t, "Server(0)", func() { host.Server(0) })

	waiting, err := inet.DialContext(t.Context(), "tcp", "www.qq.com:80")
	if err != nil {
		t.Fatal(err)
	}
	defer waiting.Close()
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				if !errors.Is(err, net.ErrClosed) {
					t.Errorf("Accept after Close: %v, want net.ErrClosed", err)
				}
				return
			}
			io.Copy(conn, conn)
			conn.Close()
		}
	})
	io.WriteString(waiting, "ping")
	got := make([]byte, 4)
	if _, err := io.ReadFull(waiting, got); err != nil || string(got) != "ping" {
		t.Errorf("echo: got %q, %v, want ping", got, err)
	}
	waiting.Close()
	l.Close()
	wg.Wait()
	if err := l.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a second Close: %v, want net.ErrClosed", err)
	}
	if _, err := inet.DialContext(t.Context(), "tcp", "www.qq.com:80"); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dial after Close: %v, want ECONNREFUSED", err)
	}
	again, err := host.Listen(80)
	if err != nil {
		t.Fatalf("the port is free again: %v", err)
	}
	defer again.Close()
	unaccepted, err := inet.DialContext(t.Context(), "tcp", "www.qq.com:80")
	if err != nil {
		t.Fatal(err)
	}
	defer unaccepted.Close()
	again.Close()
	if _, err := unaccepted.Read(got); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("a connection that nobody accepted: %v, want ECONNRESET", err)
	}
}

// TestBacklog fills the queue of a listener: who dials then waits until there is room, or until the
// context ends.
func TestBacklog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inet := mxmock.New(t)
		host := inet.Host("www.qq.com", "203.0.113.7")
		l, err := host.Listen(80)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		dial := func(ctx context.Context) error {
			conn, err := inet.DialContext(ctx, "tcp", "203.0.113.7:80")
			if err == nil {
				t.Cleanup(func() { conn.Close() })
			}
			return err
		}
		for range 4096 {
			if err := dial(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		if err := dial(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Minute {
			t.Errorf("dial with a full backlog: %v after %v, want DeadlineExceeded after 1m", err, time.Since(start))
		}
		go func() {
			time.Sleep(time.Hour)
			conn, err := l.Accept()
			if err != nil {
				t.Error(err)
				return
			}
			conn.Close()
		}()
		start = time.Now()
		if err := dial(t.Context()); err != nil || time.Since(start) != time.Hour {
			t.Errorf("dial with room after an hour: %v after %v, want success", err, time.Since(start))
		}
	})
}

// TestClosedServer closes the mail server of a host, but not the internet.
func TestClosedServer(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	host := inet.MX("qq.com", "mx1.qq.com")[0]
	host.Server(25).Close()
	if _, err := inet.DialContext(t.Context(), "tcp", "mx1.qq.com:25"); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dial: %v, want ECONNREFUSED", err)
	}
	if err := inet.Journal().Order("dial mx1.qq.com:25"); err != nil {
		t.Error(err)
	}
	for _, e := range inet.Journal() {
		if e.What == "dial mx1.qq.com:25" && e.Result == "connected" {
			t.Errorf("journal: %v, want refused", e)
		}
	}
}

// mustPanic calls f, which must panic with a text of this package.
func mustPanic(tb testing.TB, what string, f func()) {
	tb.Helper()
	defer func() {
		tb.Helper()
		got := fmt.Sprint(recover())
		if !strings.HasPrefix(got, "mxmock: ") {
			tb.Errorf("%s: panic %q, want one of mxmock", what, got)
		}
	}()
	f()
}

// TestManyHosts makes ten thousand hosts.
func TestManyHosts(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	const n = 10_000
	seen := make(map[string]bool)
	for i := range n {
		h := inet.Host(fmt.Sprintf("mx%d.example.com", i), "0.0.0.0", "::")
		for _, a := range h.Addrs() {
			if seen[a] {
				t.Fatalf("address %s twice", a)
			}
			seen[a] = true
		}
	}
	if len(seen) != 2*n {
		t.Errorf("%d addresses, want %d", len(seen), 2*n)
	}
	last := inet.Host("mx9999.example.com")
	last.Server(25)
	for _, a := range last.Addrs() {
		conn, err := inet.DialContext(t.Context(), "tcp", net.JoinHostPort(a, "25"))
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
		names, err := inet.Resolver().LookupAddr(t.Context(), a)
		if err != nil || len(names) != 1 || names[0] != "mx9999.example.com." {
			t.Errorf("PTR of %s: %v, %v, want mx9999.example.com.", a, names, err)
		}
		if addr := netip.MustParseAddr(a); addr.Is4() && !netip.MustParsePrefix("198.18.0.0/15").Contains(addr) {
			t.Errorf("address %s, want one of 198.18.0.0/15", a)
		}
	}
}

func TestNetworks(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	inet.Networks = []string{"10.0.0.0/29", "10.9.0.0/24"}
	var got []string
	for i := range 8 {
		got = append(got, inet.Host(fmt.Sprintf("h%d.example.com", i)).Addrs()...)
	}
	want := []string{"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6", "10.0.0.7", "10.9.0.1"}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("addresses: got, want differ:\n%s", diff)
	}
	mustPanic(t, "no IPv6 network", func() { inet.Host("six.example.com", "::") })
	for _, bad := range []string{"10.0.0.0", "", "x/8"} {
		mustPanic(t, "Networks "+bad, func() {
			other := &mxmock.Internet{Networks: []string{bad}}
			defer other.Close()
			other.Host("a.example.com")
		})
	}
}
