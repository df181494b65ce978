package mxmock_test

// Tests of real sockets.

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed078e9d8c/maillab/internal/machine"
	"github.com/seed078e9d8c/maillab/mxmock"
)

// loopbackNet returns an internet whose hosts have loopback addresses that are those of this
// process and of test n.
func loopbackNet(tb testing.TB, n int) *mxmock.Internet {
	tb.Helper()
	if runtime.GOOS != "linux" {
		tb.Skip("only Linux and Windows have all of 127.0.0.0/8")
	}
	inet := mxmock.New(tb)
	inet.Networks = []string{fmt.Sprintf("127.%d.%d.0/24", 64+os.Getpid()%128, n)}
	return inet
}

// greeting connects over a real socket and returns the first line.
func greeting(address string) (string, error) {
	conn, err := net.DialTimeout("tcp", address, 5*time.Second)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(5 * time.Second))
	line := make([]byte, 100)
	n, err := conn.Read(line)
	return string(line[:n]), err
}

func TestListenHosts(t *testing.T) {
	t.Parallel()
	machine.NeedIPv4(t)
	inet := loopbackNet(t, 81)
	mx := inet.MX("qq.com", "mx1.qq.com", "mx2.qq.com")
	const port = 20025
	if err := inet.ListenHosts(map[int]int{25: port, 53: 20053}); err != nil {
		t.Fatal(err)
	}
	at := func(i int) string { return fmt.Sprintf("%s:%d", mx[i].Addrs()[0], port) }
	check := func(what string, i int, want string, wantErr error) {
		t.Helper()
		got, err := greeting(at(i))
		if !strings.HasPrefix(got, want) || !errors.Is(err, wantErr) {
			t.Errorf("%s: %s: %q, %v, want %q…, %v", what, at(i), got, err, want, wantErr)
		}
	}
	check("first", 0, "220 mx1.qq.com ", nil)
	check("second", 1, "220 mx2.qq.com ", nil)

	mx[0].Break(mxmock.Refused)
	check("refused", 0, "", syscall.ECONNREFUSED)
	mx[0].Break(mxmock.Aborted)
	check("aborted", 0, "", syscall.ECONNRESET)
	mx[0].Mend()
	check("mended", 0, "220 mx1.qq.com ", nil)
	inet.Break(mx[1].Addrs()[0], mxmock.Unreachable)
	check("unreachable", 1, "", syscall.ECONNREFUSED)
	inet.Mend(mx[1].Addrs()[0])
	check("address mended", 1, "220 mx2.qq.com ", nil)

	// A silent host accepts, and no more.
	mx[0].Break(mxmock.Silent)
	conn, err := net.Dial("tcp", at(0))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	var timeout net.Error
	if n, err := conn.Read(make([]byte, 1)); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("silent: %d bytes, %v, want a timeout", n, err)
	}

	// What is made later follows.
	mx = append(mx, inet.MX("163.com", "mx1.163.com")...)
	check("later", 2, "220 mx1.163.com ", nil)
	more := inet.Host("mx1.163.com", "0.0.0.0").Addrs()[1]
	if got, err := greeting(fmt.Sprintf("%s:%d", more, port)); err != nil {
		t.Errorf("an address more: %q, %v, want a greeting", got, err)
	}
	ns := inet.Host("ns1.qq.com")
	ns.ServeDNS()
	if r := ask(t, "udp", ns.Addrs()[0]+":20053", "mx qq.com", nil); !r.Authoritative || len(r.Answer) != 2 {
		t.Errorf("name server: %v, want an answer with AA", r)
	}

	// A name is looked up and delivered to by package net's own dialer.
	addr := listenDNS(t, inet)
	d := net.Dialer{Resolver: &net.Resolver{PreferGo: true, Dial: (&redirected{addr}).dial}}
	c, err := d.DialContext(t.Context(), "tcp", fmt.Sprintf("mx2.qq.com:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Read(make([]byte, 100)); err != nil { // the greeting, so it has been accepted
		t.Fatal(err)
	}
	if err := inet.Journal().Order("dial mx1.qq.com:25", "smtp mx1.qq.com:25 (greeting)", "ask a mx2.qq.com", "dial mx2.qq.com:25"); err != nil {
		t.Error(err)
	}
}

// TestListenHostsErrors has an error that names what is taken or not of this machine, and no socket left.
func TestListenHostsErrors(t *testing.T) {
	t.Parallel()
	machine.NeedIPv4(t)
	inet := loopbackNet(t, 82)
	mx := inet.MX("qq.com", "mx1.qq.com", "mx2.qq.com")
	taken := mx[1].Addrs()[0] + ":20026"
	l, err := net.Listen("tcp", taken)
	if err != nil {
		t.Fatal(err)
	}
	err = inet.ListenHosts(map[int]int{25: 20026})
	if !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), taken) || !strings.Contains(err.Error(), "mx2.qq.com") {
		t.Errorf("a taken port: %v, want EADDRINUSE with %s", err, taken)
	}
	if _, err := greeting(mx[0].Addrs()[0] + ":20026"); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("after the error the first host: %v, want refused", err)
	}
	l.Close()
	if err := inet.ListenHosts(map[int]int{25: 20026}); err != nil {
		t.Errorf("when it is free: %v", err)
	}
	for want, ports := range map[string]map[int]int{
		"port 20026 for port 587: it is that for port 25": {25: 20026, 587: 20026},
		"port 65561 for port 25: there is no such port":   {25: 65561},
		"port -1 for port 25: there is no such port":      {25: -1},
	} {
		if err := inet.ListenHosts(ports); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ListenHosts(%v) = %v, want %s", ports, err, want)
		}
	}
	if _, err := greeting(mx[0].Addrs()[0] + ":20026"); err != nil {
		t.Errorf("after these errors the first host: %v, want a greeting", err)
	}
	mx[0].Server(587).Name = "submission.qq.com"
	if err := inet.ListenHosts(map[int]int{25: 20027, 587: 20026}); err != nil {
		t.Fatal(err)
	}
	if got, err := greeting(mx[0].Addrs()[0] + ":20026"); !strings.HasPrefix(got, "220 submission.qq.com") {
		t.Errorf("port 20026, now for port 587: greeting %q, %v, want that of submission", got, err)
	}
	mustPanic(t, "a host at an address of another machine", func() { inet.Host("far.qq.com", "203.0.113.1").Server(25) })
	if _, err := inet.Host("far.qq.com").Listen(25); !errors.Is(err, syscall.EADDRNOTAVAIL) {
		t.Errorf("the port of a server that could not be made: %v, want EADDRNOTAVAIL, since it is free", err)
	}

	far := mxmock.New(t)
	far.Networks = []string{"198.51.100.0/24"}
	far.MX("qq.com", "mx1.qq.com")
	if err := far.ListenHosts(nil); !errors.Is(err, syscall.EADDRNOTAVAIL) || !strings.Contains(err.Error(), "set Networks to loopback addresses, or use package netns") {
		t.Errorf("addresses of another machine: %v, want EADDRNOTAVAIL and what helps", err)
	}
}

// TestDialer connects by package net's own dialer to hosts that are virtual.
func TestDialer(t *testing.T) {
	t.Parallel()
	machine.NeedIPv4(t)
	if runtime.GOOS == "windows" {
		t.Skip("sockets can't be redirected")
	}
	inet := mxmock.New(t)
	host := inet.Host("mx1.qq.com", "203.0.113.7", "2001:db8::7")
	host.Server(25)
	l, err := host.Listen(80)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	d := inet.Dialer()
	for _, address := range []string{"203.0.113.7:25", "[2001:db8::7]:25", "mx1.qq.com:25"} {
		if strings.HasPrefix(address, "[") && runtime.GOOS != "linux" {
			continue
		}
		conn, err := d.DialContext(t.Context(), "tcp", address)
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		line := make([]byte, 100)
		conn.SetDeadline(time.Now().Add(5 * time.Second))
		n, err := conn.Read(line)
		if got, want := string(line[:n]), "220 mx1.qq.com "; err != nil || !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q, %v, want %q…", address, got, err, want)
		}
		conn.Close()
	}
	conn, err := d.DialContext(t.Context(), "tcp", "203.0.113.7:80")
	if err != nil {
		t.Fatal(err)
	}
	far, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(far, "hello")
	far.Close()
	if got, err := io.ReadAll(conn); err != nil || string(got) != "hello" {
		t.Errorf("from a listener: %q, %v, want hello", got, err)
	}
	conn.Close()

	for _, test := range []struct {
		fault mxmock.Fault
		addr  string
		want  error
	}{
		{0, "203.0.113.7:26", syscall.ECONNREFUSED},
		{0, "203.0.113.8:25", syscall.EHOSTUNREACH},
		{mxmock.Refused, "203.0.113.7:25", syscall.ECONNREFUSED},
		{mxmock.Aborted, "203.0.113.7:25", syscall.ECONNRESET},
	} {
		host.Mend()
		if test.fault != 0 {
			host.Break(test.fault)
		}
		if _, err := d.DialContext(t.Context(), "tcp", test.addr); !errors.Is(err, test.want) {
			t.Errorf("%v %s: %v, want %v", test.fault, test.addr, err, test.want)
		}
	}
	host.Break(mxmock.Silent)
	d.Timeout = 50 * time.Millisecond
	var timeout net.Error
	if _, err := d.DialContext(t.Context(), "tcp", "203.0.113.7:25"); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("silent: %v, want a timeout", err)
	}
	if err := inet.Journal().Order("dial mx1.qq.com:25", "smtp mx1.qq.com:25 (greeting)"); err != nil {
		t.Error(err)
	}
}

// TestListenHostsEarly fails at once where later hosts could not listen.
func TestListenHostsEarly(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	err := inet.ListenHosts(map[int]int{25: 0})
	if err != nil {
		t.Errorf("no port is to be real: %v", err)
	}
	if err = inet.ListenHosts(nil); err == nil || !strings.HasPrefix(err.Error(), "mxmock: the hosts to come: ") {
		t.Errorf("addresses that this machine does not have: %v, want an error", err)
	}
	inet.MX("qq.com", "mx1.qq.com") // panics if anything were to be opened
}

// What a host to come can't have is an error at once, whatever hosts there are, in either family and on each port.
func TestListenHostsTries(t *testing.T) {
	t.Parallel()
	machine.NeedIPv4(t)
	for name, test := range map[string]struct {
		networks []string
		ports    map[int]int
	}{
		"addresses of no machine":      {nil, map[int]int{25: 50025, 587: 50587}},
		"IPv6 addresses of no machine": {[]string{"127.81.0.0/16", "2001:db8:1::/64"}, map[int]int{25: 50025}},
	} {
		inet := mxmock.New(t)
		inet.Networks = test.networks
		inet.Host("client.example")
		if err := inet.ListenHosts(test.ports); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	inet := mxmock.New(t)
	inet.Host("mine.example", "127.0.0.1")
	if err := inet.ListenHosts(map[int]int{25: 0}); err != nil {
		t.Errorf("a host with an address of the test's own: %v", err)
	}
}
