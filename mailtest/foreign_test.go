package mailtest_test

// Listeners and connections of the caller's own, as odd as they come.

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/smtp"
	"strings"
	"testing"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
)

// oddListener has no address, can't be compared, and panics when it is closed if it is told so.
type oddListener struct {
	net.Listener
	_    []string
	boom bool
}

func (l oddListener) Addr() net.Addr { return nil }
func (l oddListener) Close() error {
	l.Listener.Close()
	if l.boom {
		panic("boom")
	}
	return nil
}

func listenHere(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func TestOddListener(t *testing.T) {
	t.Parallel()
	for _, boom := range []bool{false, true} {
		srv := &mailtest.Server{}
		l := oddListener{Listener: listenHere(t), boom: boom}
		served := make(chan error)
		go func() { served <- srv.Serve(l) }()
		if err := smtp.SendMail(l.Listener.Addr().String(), nil, "a@b.example", []string{"c@d.example"}, []byte("Subject: x\r\n\r\n")); err != nil {
			t.Error(err)
		}
		if got := fmt.Sprint(refusal(srv.Close)); (got == "boom") != boom {
			t.Errorf("boom %v: Close panics with %v", boom, got)
		}
		if err := <-served; err != nil {
			t.Errorf("boom %v: Serve: %v", boom, err)
		}
		if len(srv.Sessions()) != 1 || len(srv.Messages()) != 1 || !strings.Contains(srv.Report(), "1 message") {
			t.Errorf("boom %v: the server does not know what it had: %s", boom, srv.Report())
		}
	}
	srv := &mailtest.Server{}
	go srv.Serve(oddListener{Listener: listenHere(t)})
	if got := srv.Report(); !strings.Contains(got, "nobody connected") {
		t.Errorf("the report with a listener without an address is %q", got)
	}
	srv.Close()
}

// oddConn has an address that is a nil pointer.
type oddConn struct{ net.Conn }

func (oddConn) RemoteAddr() net.Addr { return (*net.TCPAddr)(nil) }

func TestNilArguments(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	for what, err := range map[string]error{
		"Serve(nil)":                      srv.Serve(nil),
		"Serve of a nil *net.TCPListener": srv.Serve((*net.TCPListener)(nil)),
		"ServeConn(nil)":                  srv.ServeConn(nil),
		"ServeConn of a nil *tls.Conn":    srv.ServeConn((*tls.Conn)(nil)),
		"ServeConn of a nil *net.TCPConn": srv.ServeConn((*net.TCPConn)(nil)),
	} {
		if err == nil || !strings.Contains(err.Error(), "is nil") {
			t.Errorf("%s: %v, want an error", what, err)
		}
	}
	near, far := net.Pipe()
	if err := srv.ServeConn(oddConn{far}); err != nil {
		t.Fatal(err)
	}
	c, err := smtp.NewClient(near, "x")
	if err != nil {
		t.Fatal(err)
	}
	c.Quit()
	if s := srv.WaitSession(t, 1); s.Client != "" {
		t.Errorf("the client of a connection without an address is %q", s.Client)
	}
}

// wrappedTLS embeds a *tls.Conn, as listeners do that count their connections.
type wrappedTLS struct{ *tls.Conn }

type wrappingListener struct{ net.Listener }

func (l wrappingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return wrappedTLS{conn.(*tls.Conn)}, nil
}

// A connection that came encrypted is known as that, and rules about the handshake do not count as
// used there.
func TestForeignTLS(t *testing.T) {
	t.Parallel()
	for _, wrap := range []bool{false, true} {
		own := &mailtest.Server{}
		cfg := own.ClientTLS()
		cert := own.ClientCertificate("localhost")
		srv := &mailtest.Server{StartTLS: true}
		srv.AddRules(mailtest.Rule{At: mailtest.Handshake, Certificate: mailtest.Expired, Must: true})
		l := tls.NewListener(listenHere(t), &tls.Config{Certificates: []tls.Certificate{cert}})
		addr := l.Addr().String()
		if wrap {
			l = wrappingListener{l}
		}
		served := make(chan error)
		go func() { served <- srv.Serve(l) }()
		cfg.InsecureSkipVerify = true // it is the certificate of a client
		conn, err := tls.Dial("tcp", addr, cfg)
		if err != nil {
			t.Fatal(err)
		}
		c, err := smtp.NewClient(conn, "localhost")
		if err != nil {
			t.Fatal(err)
		}
		if ok, _ := c.Extension("STARTTLS"); ok {
			t.Errorf("wrapped %v: STARTTLS is offered inside of TLS", wrap)
		}
		if err := deliver(c, "a@b.example", "c@d.example", "Subject: x\r\n\r\n"); err != nil {
			t.Error(err)
		}
		if m := srv.Messages()[0]; m.Envelope.TLS == nil || !m.Envelope.TLS.Implicit {
			t.Errorf("wrapped %v: TLS is %+v", wrap, m.Envelope.TLS)
		}
		if err := srv.CheckRules(); err == nil {
			t.Errorf("wrapped %v: a rule about a certificate that is not the server's counts as used", wrap)
		}
		srv.Close()
		if err := <-served; err != nil && !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	}
}

// What is inside of a setting is fixed with it.
func TestInnerSettings(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		srv    *mailtest.Server
		change func(*mailtest.Server)
	}{
		"Hide": {&mailtest.Server{Rules: []mailtest.Rule{{At: mailtest.Helo, Hide: []string{"DSN"}}}}, func(s *mailtest.Server) { s.Rules[0].Hide[0] = "SIZE" }},
		"Add":  {&mailtest.Server{Rules: []mailtest.Rule{{At: mailtest.Helo, Add: []string{"X"}}}}, func(s *mailtest.Server) { s.Rules[0].Add = append(s.Rules[0].Add, "Y") }},
		"TLS":  {&mailtest.Server{TLS: &tls.Config{}}, func(s *mailtest.Server) { s.TLS.ClientAuth = tls.RequireAnyClientCert }},
		"SessionTicketKey": {&mailtest.Server{TLS: &tls.Config{}}, func(s *mailtest.Server) {
			//lint:ignore SA1019 there is code that sets it
			s.TLS.SessionTicketKey[31] = 1
		}},
		"Certificates": {&mailtest.Server{TLS: &tls.Config{}}, func(s *mailtest.Server) {
			s.TLS.Certificates = append(s.TLS.Certificates, s.ClientCertificate("x"))
		}},
		"Users": {&mailtest.Server{Users: map[string]string{"bob": "x"}}, func(s *mailtest.Server) { s.Users["ann"] = "y" }},
	} {
		before := say(t, test.srv, "EHLO x")
		test.change(test.srv)
		after := say(t, test.srv, "EHLO x")
		if fmt.Sprint(before) != fmt.Sprint(after) {
			t.Errorf("%s: a change that is too late counts: %q, %q", name, before, after)
		}
		if got := refusal(test.srv.Close); !strings.Contains(got, "after the server was first used") {
			t.Errorf("%s: Close says %q", name, got)
		}
	}
}

// A rule acts when its reply is sent, also in the text of the transcript.
func TestRuleTime(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	srv.AddRules(mailtest.Rule{At: mailtest.Noop, Delay: 30 * time.Millisecond, Reply: "450 4.0.0 later"})
	say(t, srv, "NOOP")
	turn := srv.Sessions()[0].Turns[1]
	lines := strings.Split(srv.Sessions()[0].String(), "\n")
	for i, line := range lines {
		if strings.Contains(line, "(rule 1)") && strings.Fields(line)[0] != strings.Fields(lines[i-1])[0] {
			t.Errorf("the rule acts at another time than its reply:\n%s\n%v", strings.Join(lines, "\n"), turn)
		}
	}
}

func TestNobodySinceReset(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	send(t, srv, "a@b.example", "c@d.example", "x")
	srv.Next(t)
	srv.WaitSession(t, 1)
	srv.Reset()
	if got := srv.Report(); !strings.Contains(got, "nobody has connected to server localhost since Reset") {
		t.Errorf("the report is %q", got)
	}
}
