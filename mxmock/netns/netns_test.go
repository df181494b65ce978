package netns_test

// This file has programs in the namespace: this test again, and what a machine has.

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/smtp"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/seed078e9d8c/maillab/mxmock"
	"github.com/seed078e9d8c/maillab/mxmock/netns"
)

// task is the environment variable that makes this program one that does a task inside.
const task = "NETNS_TASK"

func TestMain(m *testing.M) {
	if t := os.Getenv(task); t != "" {
		os.Exit(inside(t))
	}
	goleak.VerifyTestMain(m)
}

// inside does a task and prints what came of it.
func inside(task string) int {
	name, arg, _ := strings.Cut(task, " ")
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	switch name {
	case "dial": // an address, with a time-out in milliseconds
		var address string
		var ms int
		fmt.Sscan(arg, &address, &ms)
		limit := time.Duration(ms) * time.Millisecond
		conn, err := (&net.Dialer{Timeout: limit}).DialContext(ctx, "tcp", address)
		from := ""
		if err == nil { // a reset may come at once or later
			from = fmt.Sprint("connected from ", conn.LocalAddr().(*net.TCPAddr).IP)
			conn.SetDeadline(time.Now().Add(limit))
			if _, reset := conn.Read(make([]byte, 1)); errors.Is(reset, syscall.ECONNRESET) {
				err = reset
			}
			conn.Close()
		}
		var timeout net.Error
		switch {
		case err == nil:
			fmt.Println(from)
		case errors.As(err, &timeout) && timeout.Timeout():
			fmt.Println("timed out")
		default:
			var errno syscall.Errno
			errors.As(err, &errno)
			fmt.Println(errno)
		}
	case "mx":
		mxs, err := net.DefaultResolver.LookupMX(ctx, arg)
		if err != nil {
			fmt.Println(err)
			return 1
		}
		for _, mx := range mxs {
			fmt.Println(mx.Pref, mx.Host)
		}
	case "starttls":
		c, err := smtp.Dial(arg + ":25")
		if err == nil {
			err = c.StartTLS(&tls.Config{ServerName: arg})
		}
		if err == nil {
			err = smtp.SendMail(arg+":25", nil, "a@shop.example", []string{"bob@qq.com"}, []byte("Subject: hi\r\n\r\nhi\r\n"))
		}
		fmt.Println(err)
	case "listen": // all addresses, port 25
		l, err := net.Listen("tcp", ":25")
		if err != nil {
			fmt.Println(err)
			return 1
		}
		fmt.Println("listening")
		conn, err := l.Accept()
		if err == nil {
			io.WriteString(conn, "220 mine\r\n")
			conn.Close()
		}
	case "files":
		for _, file := range []string{"/etc/resolv.conf", "/etc/hosts", "/etc/ssl/certs/ca-certificates.crt"} {
			text, _ := os.ReadFile(file)
			fmt.Printf("%s", text)
		}
	case "test": // which has a program in a namespace, and is killed
		testing.Main(func(string, string) (bool, error) { return true, nil }, []testing.InternalTest{{Name: "TestKilled", F: beKilled}}, nil, nil)
	case "self": // the process by its number and by itself in /proc
		self, err := os.Readlink("/proc/self")
		fmt.Println(os.Getpid(), self, err)
	case "wait":
		fmt.Println("waiting")
		<-ctx.Done()
	}
	return 0
}

// command returns a command that does a task.
func command(t *testing.T, what string) *exec.Cmd {
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), task+"="+what, "GORACE=atexit_sleep_ms=0") // the race detector waits for a second
	return cmd
}

// run does a task in the namespace and returns what it printed.
func run(t *testing.T, ns *netns.Namespace, what string) string {
	t.Helper()
	cmd := command(t, what)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	if err := ns.Run(cmd); err != nil {
		t.Errorf("%s: %v\n%s", what, err, &out)
	}
	return strings.TrimSpace(out.String())
}

// await waits for an event in the journal, from a position on, which may come later than what the program sees. It
// returns the event and the position after it.
func await(t *testing.T, inet *mxmock.Internet, from int, what string) (mxmock.Event, int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for next, e := range inet.Events(ctx, from) {
		if strings.HasPrefix(e.What, what) {
			return e, next
		}
	}
	t.Errorf("there is no event %q:\n%v", what, inet.Journal())
	return mxmock.Event{}, from
}

func TestNamespace(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	inet.MX("qq.com", "mx1.qq.com", "mx2.qq.com")[0].Server(25).StartTLS = true
	sender := inet.Sender("shop.example")
	ns := netns.New(t, inet, sender.Host.Name())
	mine := sender.Host.Addrs()[0]

	if got, want := run(t, ns, "mx qq.com"), "10 mx1.qq.com.\n20 mx2.qq.com."; got != want {
		t.Errorf("MX = %q, want %q", got, want)
	}
	if got, want := run(t, ns, "dial mx2.qq.com:25 5000"), "connected from "+mine; got != want {
		t.Errorf("mx2 = %q, want %q", got, want)
	}
	e, _ := await(t, inet, 0, "dial mx2.qq.com:25")
	if host, _, _ := net.SplitHostPort(e.Client); host != mine || e.Result != "connected" {
		t.Errorf("the client is %s, want %s", e.Client, mine)
	}
	if got := run(t, ns, "starttls mx1.qq.com"); got != "<nil>" {
		t.Errorf("a mail over STARTTLS: %s", got)
	}
	if m := inet.Host("mx1.qq.com").Next(t); m.Subject != "hi" {
		t.Errorf("subject = %q", m.Subject)
	}
	later := inet.MX("163.com", "mx.163.com")[0] // a host that is made later
	if got, want := run(t, ns, "dial "+later.Addrs()[0]+":25 5000"), "connected from "+mine; got != want {
		t.Errorf("a later host = %q, want %q", got, want)
	}
	var pid, self string
	if fmt.Sscan(run(t, ns, "self"), &pid, &self); pid == "" || pid != self {
		t.Errorf("the process %s is %s in /proc", pid, self)
	}
	files := run(t, ns, "files")
	if want := "nameserver 169.254.1.1\noptions trust-ad\n127.0.0.1 localhost\n::1 ip6-localhost ip6-loopback\n" + strings.TrimSpace(string(inet.RootPEM())); files != want {
		t.Errorf("files = %s, want %s", files, want)
	}
}

// TestFaults breaks hosts in every way, and mends them.
func TestFaults(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	h := inet.Host("mx1.qq.com", "::", "0.0.0.0")
	h.Server(25)
	inet.Host("client.example", "::", "0.0.0.0")
	ns := netns.New(t, inet, "client.example")
	six, addr := h.Addrs()[0], h.Addrs()[1]
	port := net.JoinHostPort(addr, "25")
	position := 0
	for _, tt := range []struct {
		place string
		fault mxmock.Fault
		want  string
		event string
	}{
		{"", mxmock.Refused, syscall.ECONNREFUSED.Error(), "refused"},
		{"", mxmock.Silent, "timed out", "timed out"},
		{"", mxmock.Unreachable, syscall.EHOSTUNREACH.Error(), "no route"},
		{"", mxmock.Mute, "connected", "connected"},
		{"", mxmock.Aborted, syscall.ECONNRESET.Error(), "connected"},
		{port, mxmock.Refused, syscall.ECONNREFUSED.Error(), "refused"},
		{port, mxmock.Silent, "timed out", "timed out"},
		{addr, mxmock.Silent, "timed out", "timed out"},
		{"mx1.qq.com:25", mxmock.Unreachable, syscall.EHOSTUNREACH.Error(), "no route"},
		{":25", mxmock.Unreachable, syscall.EHOSTUNREACH.Error(), "no route"},
		{":25", mxmock.Silent, "timed out", "timed out"},
	} {
		mend := func() { inet.Mend(tt.place) }
		if tt.place == "" {
			h.Break(tt.fault)
			mend = h.Mend
		} else {
			inet.Break(tt.place, tt.fault)
		}
		limit := " 5000"
		if tt.fault == mxmock.Silent || tt.fault == mxmock.Mute { // where nothing comes
			limit = " 300"
		}
		if got := run(t, ns, "dial "+port+limit); !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s %v: %s, want %s", tt.place, tt.fault, got, tt.want)
		}
		if e, next := await(t, inet, position, "dial mx1.qq.com:25"); !strings.Contains(e.Result, tt.event) {
			t.Errorf("%s %v: the journal says %q, want %q", tt.place, tt.fault, e.Result, tt.event)
		} else {
			position = next
		}
		mend()
		if got := run(t, ns, "dial "+port+" 5000"); !strings.HasPrefix(got, "connected") {
			t.Errorf("%s mended: %s", tt.place, got)
		}
		_, position = await(t, inet, position, "dial mx1.qq.com:25")
	}
	if got := run(t, ns, "dial ["+six+"]:25 5000"); !strings.HasPrefix(got, "connected from 2001:db8:") {
		t.Errorf("over IPv6: %s", got)
	}
	inet.Break("192.0.2.251", mxmock.Silent)
	if got, want := run(t, ns, "dial 192.0.2.251:25 300"), "timed out"; got != want {
		t.Errorf("a silent address of nobody: %s, want %s", got, want)
	}
	inet.Mend("192.0.2.251")
	if got, want := run(t, ns, "dial 192.0.2.251:25 5000"), syscall.EHOSTUNREACH.Error(); got != want {
		t.Errorf("an address of nobody, mended: %s, want %s", got, want)
	}
	h.Break(mxmock.Refused)
	if got, want := run(t, ns, "dial ["+six+"]:25 5000"), syscall.ECONNREFUSED.Error(); got != want {
		t.Errorf("refused over IPv6: %s, want %s", got, want)
	}
	if got, want := run(t, ns, "dial 192.0.2.250:25 5000"), syscall.EHOSTUNREACH.Error(); got != want {
		t.Errorf("an address of nobody: %s, want %s", got, want)
	}
	if n := inet.Journal().Count("dial 192.0.2.250:25"); n != 1 { // it is there at once
		t.Errorf("%d attempts to connect to nobody, want 1\n%v", n, inet.Journal())
	}
}

// TestFaultsOfPorts breaks single ports and addresses of nobody; what a program meets there is what the journal says.
func TestFaultsOfPorts(t *testing.T) {
	t.Parallel()
	const (
		host     = "192.0.2.80"
		nobody   = "192.0.2.250"
		refused  = "connection refused"
		timedOut = "timed out"
		noRoute  = "no route to host"
	)
	inet := mxmock.New(t)
	h := inet.Host("mx1.qq.com", host)
	h.Server(25)
	ns := netns.New(t, inet, inet.Host("client.example", "192.0.2.90").Name())
	position := 0
	for _, tt := range []struct {
		whole mxmock.Fault // of the host
		place string
		fault mxmock.Fault
		dial  map[string]string
	}{
		{0, nobody, mxmock.Refused, map[string]string{nobody + ":25": refused, nobody + ":26": refused}},
		{0, nobody, mxmock.Mute, map[string]string{nobody + ":25": refused}}, // nothing accepts there
		{0, nobody, mxmock.Unreachable, map[string]string{nobody + ":25": noRoute}},
		{0, nobody + ":25", mxmock.Refused, map[string]string{nobody + ":25": refused, nobody + ":26": noRoute}},
		{0, nobody + ":25", mxmock.Silent, map[string]string{nobody + ":25": timedOut, nobody + ":26": noRoute}},
		{0, nobody + ":25", mxmock.Unreachable, map[string]string{nobody + ":25": noRoute}},
		{0, ":25", mxmock.Silent, map[string]string{nobody + ":25": noRoute, host + ":25": timedOut, host + ":26": refused}},
		{0, ":25", mxmock.Refused, map[string]string{nobody + ":25": noRoute, host + ":25": refused}},
		{0, "mx1.qq.com:587", mxmock.Silent, map[string]string{host + ":587": timedOut, host + ":25": "connected"}},
		{0, "mx1.qq.com:587", mxmock.Unreachable, map[string]string{host + ":587": noRoute, host + ":25": "connected"}},
		{0, host + ":25", mxmock.Unreachable, map[string]string{host + ":25": noRoute, host + ":26": refused}},
		{mxmock.Unreachable, host + ":25", mxmock.Refused, map[string]string{host + ":25": refused, host + ":26": noRoute}},
		{mxmock.Unreachable, host + ":25", mxmock.BadCertificate, map[string]string{host + ":25": "connected", host + ":26": noRoute}},
		{mxmock.Silent, host + ":25", mxmock.Mute, map[string]string{host + ":25": "connected", host + ":26": timedOut}},
		{mxmock.Silent, host + ":25", mxmock.Unreachable, map[string]string{host + ":25": noRoute, host + ":26": timedOut}},
		{mxmock.Silent, host + ":26", mxmock.Silent, map[string]string{host + ":25": timedOut, host + ":26": timedOut}},
	} {
		if tt.whole != 0 {
			h.Break(tt.whole)
		}
		inet.Break(tt.place, tt.fault)
		for _, to := range slices.Sorted(maps.Keys(tt.dial)) {
			want, limit := tt.dial[to], " 5000"
			if want == timedOut || tt.fault == mxmock.Mute {
				limit = " 300"
			}
			if got := run(t, ns, "dial "+to+limit); !strings.HasPrefix(got, want) {
				t.Errorf("host %v, %s %v: dial %s: %s, want %s", tt.whole, tt.place, tt.fault, to, got, want)
			}
			if want == "connected" && to == tt.place {
				want += " (" + tt.fault.String() + ")" // the journal names it
			}
			e, next := await(t, inet, position, "dial "+strings.Replace(to, host, "mx1.qq.com", 1))
			if position = next; !strings.HasSuffix(e.Result, want) {
				t.Errorf("host %v, %s %v: the journal says %q of %s, want %q", tt.whole, tt.place, tt.fault, e.Result, to, want)
			}
		}
		inet.Mend(tt.place)
		h.Mend()
		if got := run(t, ns, "dial "+host+":25 5000"); !strings.HasPrefix(got, "connected") {
			t.Errorf("host %v, %s %v, mended: %s", tt.whole, tt.place, tt.fault, got)
		}
		_, position = await(t, inet, position, "dial mx1.qq.com:25")
	}
}

// beKilled is a test with a program that prints that it waits, and goes on waiting.
func beKilled(t *testing.T) {
	ns := netns.New(t, mxmock.New(t), "client.example")
	cmd := command(t, "wait")
	cmd.Stdout = os.Stdout
	if err := ns.Run(cmd); err != nil {
		t.Error(err)
	}
}

// TestKill kills a test, and then its program is gone, and no file is left.
func TestKill(t *testing.T) {
	t.Parallel()
	_ = netns.New(t, mxmock.New(t), "client.example") // skips where there are none
	cmd := command(t, "test")
	temp := t.TempDir()
	cmd.Env = append(cmd.Env, "TMPDIR="+temp)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd.Stdout = w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	said := make([]byte, 100)
	n, err := r.Read(said)
	if err != nil || strings.TrimSpace(string(said[:n])) != "waiting" {
		t.Fatalf("the program says %q, %v", said[:n], err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	r.SetReadDeadline(time.Now().Add(20 * time.Second)) // it would wait for 30
	if n, err := r.Read(said); err != io.EOF {          // the end of all that have the other end of the pipe
		t.Errorf("after the test was killed, its program goes on: read %q, %v", said[:n], err)
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("after the test was killed, there are %v, %v", left, err)
	}
}

// TestPort25 has a server in the namespace at port 25 of all addresses.
func TestPort25(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	inet.MX("qq.com", "mx1.qq.com")
	inet.MX("shop.example", "mail.shop.example") // the internet has one there, too
	ns := netns.New(t, inet, "mail.shop.example")
	cmd := command(t, "listen")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := ns.Start(cmd); err != nil {
		t.Fatal(err)
	}
	said := make([]byte, 100)
	n, _ := out.Read(said)
	if got := strings.TrimSpace(string(said[:n])); got != "listening" {
		t.Fatalf("the server says %q", got)
	}
	conn, err := ns.Dial(t.Context(), "tcp", "127.0.0.1:25")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if text, _ := io.ReadAll(conn); string(text) != "220 mine\r\n" {
		t.Errorf("the server says %q", text)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// TestDial waits for a host that is silent, while programs go on, until the end of the test.
func TestDial(t *testing.T) {
	t.Parallel()
	var failed <-chan error
	t.Run("namespace", func(t *testing.T) {
		inet := mxmock.New(t)
		mx := inet.MX("qq.com", "mx1.qq.com", "mx2.qq.com")
		mx[0].Break(mxmock.Silent)
		ns := netns.New(t, inet, "client.example")
		c := make(chan error, 1)
		failed = c
		go func() {
			conn, err := ns.Dial(context.Background(), "tcp", mx[0].Addrs()[0]+":25")
			if err == nil {
				conn.Close()
			}
			c <- err
		}()
		await(t, inet, 0, "dial mx1.qq.com:25") // it is waiting now
		if got := run(t, ns, "dial "+mx[1].Addrs()[0]+":25 5000"); !strings.HasPrefix(got, "connected") {
			t.Errorf("meanwhile, another host: %s", got)
		}
		select {
		case err := <-c:
			t.Errorf("a dial to a silent host has ended: %v", err)
		default:
		}
		if _, err := ns.Dial(t.Context(), "tcp", "mx2.qq.com:25"); err == nil || !strings.Contains(err.Error(), "want an address") {
			t.Errorf("a name: %v", err)
		}
	})
	if failed == nil {
		t.Skip("no namespace")
	}
	if err := <-failed; err == nil {
		t.Error("a dial to a silent host succeeds at the end of its test")
	}
}

// TestSwaks is the recipe of the README.
func TestSwaks(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	mx := inet.MX("qq.com", "mx1.qq.com", "mx2.qq.com")
	mx[0].Break(mxmock.Silent)
	if _, err := exec.LookPath("swaks"); err != nil {
		t.Skip("the program swaks is needed")
	}
	ns := netns.New(t, inet, inet.Sender("shop.example").Host.Name())
	cmd := exec.CommandContext(t.Context(), "swaks", "--to", "bob@qq.com", "--server", "mx2.qq.com")
	cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
	if err := ns.Run(cmd); err != nil {
		t.Fatal(err)
	}
	if m := mx[1].Next(t); len(m.Envelope.To) != 1 || m.Envelope.To[0].Address != "bob@qq.com" {
		t.Errorf("to %v", m.Envelope.To)
	}
}

// A program is on the host by name, too, whatever the machine is called.
func TestHostName(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	ns := netns.New(t, inet, inet.Host("mail.shop.example").Name())
	var out strings.Builder
	cmd := exec.CommandContext(t.Context(), "uname", "-n")
	cmd.Stdout = &out
	if err := ns.Run(cmd); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); got != "mail.shop.example\n" {
		t.Errorf("the host name is %q", got)
	}
	if name, err := os.Hostname(); err != nil || name == "mail.shop.example" {
		t.Errorf("the name of the machine is %q, %v", name, err)
	}
}
