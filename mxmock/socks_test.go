package mxmock_test

// The SOCKS proxy, with real clients.

import (
	"errors"
	"io"
	"net"
	"net/smtp"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/proxy"

	"github.com/seed078e9d8c/maillab/internal/machine"
	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mxmock"
)

// socksDialer returns a dialer through a proxy of the internet.
func socksDialer(t *testing.T, inet *mxmock.Internet, auth *proxy.Auth) proxy.Dialer {
	t.Helper()
	addr, err := inet.ListenSOCKS("")
	if err != nil {
		t.Fatal(err)
	}
	d, err := proxy.SOCKS5("tcp", addr, auth, proxy.Direct)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestListenSOCKS(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	mx := inet.MX("qq.com", "mx1.qq.com")[0]
	for _, auth := range []*proxy.Auth{nil, {User: "bob", Password: "secret"}} {
		for _, target := range []string{"mx1.qq.com:25", net.JoinHostPort(mx.Addrs()[0], "25")} {
			conn, err := socksDialer(t, inet, auth).Dial("tcp", target)
			if err != nil {
				t.Fatal(err)
			}
			c, err := smtp.NewClient(conn, "mx1.qq.com")
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(c.Mail("a@example.com"), c.Rcpt("bob@qq.com")); err != nil {
				t.Fatal(err)
			}
			w, err := c.Data()
			if err != nil {
				t.Fatal(err)
			}
			io.WriteString(w, "Subject: Hello\r\n\r\nHi\r\n")
			if err := errors.Join(w.Close(), c.Quit()); err != nil {
				t.Fatal(err)
			}
			if m := mx.Next(t); m.Subject != "Hello" || !strings.HasPrefix(m.Envelope.Client, "192.0.2.1:") {
				t.Errorf("got %v from %s", m, m.Envelope.Client)
			}
		}
	}
	if n := inet.Journal().Count("dial mx1.qq.com:25"); n != 4 {
		t.Errorf("the journal has %d attempts, want 4", n)
	}
}

func TestSOCKSFaults(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	mx := inet.MX("qq.com", "mx1.qq.com", "mx2.qq.com", "mx3.qq.com")
	mx[0].Break(mxmock.Refused)
	mx[1].Break(mxmock.Unreachable)
	mx[2].Break(mxmock.Aborted)
	d := socksDialer(t, inet, nil)
	for target, want := range map[string]string{
		"mx1.qq.com:25": "connection refused", "mx2.qq.com:25": "host unreachable", "nowhere.example:25": "host unreachable",
		"mail.qq.com:25": "host unreachable",
	} {
		if _, err := d.Dial("tcp", target); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v, want %s", target, err, want)
		}
	}
	conn, err := d.Dial("tcp", "mx3.qq.com:25")
	if err == nil {
		_, err = io.ReadAll(conn)
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("a host that aborts: got error %v", err)
	}
}

// What either side ends is ended for the other, and a reset is one.
func TestSOCKSEnds(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	mx := inet.MX("qq.com", "mx1.qq.com")[0]
	d := socksDialer(t, inet, nil)
	mx.AddRules(mailtest.Rule{At: mailtest.Helo, Session: 1, Drop: mailtest.Reset}, mailtest.Rule{At: mailtest.Helo, Session: 2, Drop: mailtest.Close})
	for i, want := range []error{syscall.ECONNRESET, nil, nil} {
		conn, err := d.Dial("tcp", "mx1.qq.com:25")
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		io.WriteString(conn, "EHLO a\r\n")
		if i == 2 { // a client that closes its side still gets the answer
			conn.(*net.TCPConn).CloseWrite()
		}
		got, err := io.ReadAll(conn)
		if !errors.Is(err, want) || strings.Contains(string(got), "\r\n250 ") != (i == 2) {
			t.Errorf("session %d: got %q and error %v, want %v", i+1, got, err, want)
		}
	}
}

// A client that has closed its connection to the proxy is not counted by the host, even if the proxy has yet to notice.
func TestSOCKSConnectionLimit(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("the proxy can't know it there before it reads")
	}
	inet := mxmock.New(t)
	inet.MX("qq.com", "mx1.qq.com")[0].AddRules(mailtest.ConnectionLimit(1))
	addr, err := inet.ListenSOCKS("")
	if err != nil {
		t.Fatal(err)
	}
	direct := new(lastDialed)
	d, err := proxy.SOCKS5("tcp", addr, nil, direct)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		conn, err := d.Dial("tcp", "mx1.qq.com:25")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := smtp.NewClient(conn, "mx1.qq.com"); err != nil {
			t.Fatalf("connection %d: %v", i+1, err)
		}
		machine.HangUp(direct.conn)
	}
}

// lastDialed is a dialer that keeps the connection it has made last.
type lastDialed struct{ conn net.Conn }

func (d *lastDialed) Dial(network, addr string) (net.Conn, error) {
	conn, err := net.Dial(network, addr)
	d.conn = conn
	return conn, err
}

// The end of the internet reaches the clients of the proxy as any others: who was told 250 may say QUIT.
func TestSOCKSClose(t *testing.T) {
	t.Parallel()
	inet := &mxmock.Internet{}
	inet.MX("qq.com", "mx1.qq.com")
	l, err := inet.Host("mx1.qq.com").Listen(80)
	if err != nil {
		t.Fatal(err)
	}
	d := socksDialer(t, inet, nil)
	heard := make(chan string, 3)
	var conns []net.Conn
	for i, target := range []string{"mx1.qq.com:25", "mx1.qq.com:25", "mx1.qq.com:80"} {
		conn, err := d.Dial("tcp", target)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conns = append(conns, conn)
		if i == 2 { // a service that does not end
			far, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			defer far.Close()
		}
	}
	if _, err := conns[1].Read(make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	c, err := smtp.NewClient(conns[0], "mx1.qq.com")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(c.Mail("a@example.com"), c.Rcpt("bob@qq.com")); err != nil {
		t.Fatal(err)
	}
	w, err := c.Data()
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, "Hi\r\n")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for _, conn := range conns[1:] {
		go func() {
			all, _ := io.ReadAll(conn)
			heard <- string(all)
		}()
	}
	closed := make(chan bool)
	start := time.Now()
	go func() {
		inet.Close()
		close(closed)
	}()
	if err := c.Quit(); err != nil {
		t.Errorf("QUIT after the internet has begun to close: %v", err)
	}
	<-closed
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("Close took %v", took)
	}
	if got := []string{<-heard, <-heard}; got[0]+got[1] != "421 4.3.2 Service shutting down, closing connection\r\n" {
		t.Errorf("the others heard %q", got)
	}
	if _, err := inet.ListenSOCKS(""); !errors.Is(err, net.ErrClosed) {
		t.Errorf("ListenSOCKS after Close: %v", err)
	}
}

func TestSOCKSWithCurl(t *testing.T) {
	t.Parallel()
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("curl is not installed")
	}
	inet := mxmock.New(t)
	mx := inet.MX("qq.com", "mx1.qq.com")[0]
	addr, err := inet.ListenSOCKS("127.0.0.1:0")
	if err != nil {
		t.Skip(err)
	}
	name := filepath.Join(machine.TempDir(t), "mail.eml")
	if err := os.WriteFile(name, []byte("Subject: Hello\r\n\r\nHi\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), curl, "-sS", "--socks5-hostname", addr, "--url", "smtp://mx1.qq.com:25",
		"--mail-from", "a@example.com", "--mail-rcpt", "bob@qq.com", "-T", name).CombinedOutput()
	if err != nil {
		t.Fatalf("curl: %v\n%s", err, out)
	}
	if m := mx.Next(t); m.Subject != "Hello" {
		t.Errorf("got %v", m)
	}
}
