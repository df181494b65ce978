package mailtest_test

// Acceptance: when a message becomes visible, and what is said about its acknowledgement.

import (
	"bytes"
	"crypto/tls"
	"net"
	"net/smtp"
	"net/textproto"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed078e9d8c/maillab/internal/memnet"
	"github.com/seed078e9d8c/maillab/mailtest"
)

// begin connects in memory and goes as far as 354.
func begin(t *testing.T, srv *mailtest.Server) (net.Conn, *textproto.Conn) {
	t.Helper()
	conn, err := srv.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	c := textproto.NewConn(conn)
	for _, line := range []string{"", "EHLO client.example", "MAIL FROM:<a@b.example>", "RCPT TO:<c@d.example>", "DATA"} {
		if line != "" {
			c.PrintfLine("%s", line)
		}
		if code, err := readCode(c); err != nil || code >= 400 {
			t.Fatalf("%q: got %d, %v", line, code, err)
		}
	}
	return conn, c
}

// The message is there while not a byte of the 250 has been sent.
func TestVisibleBeforeReply(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := mailtest.New(t)
		srv.AddRules(mailtest.Rule{At: mailtest.Dot, Delay: time.Hour})
		start := time.Now()
		_, c := begin(t, srv)
		c.PrintfLine("hi\r\n.")
		m := srv.Next(t)
		if got := time.Since(start); got != 0 || !m.Acked {
			t.Errorf("the message came after %v with Acked %v, want 0 and true", got, m.Acked)
		}
		if code, err := readCode(c); code != 250 || time.Since(start) != time.Hour {
			t.Errorf("got %d, %v after %v, want 250 after 1h", code, err, time.Since(start))
		}
	})
}

func TestAcked(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		rule  mailtest.Rule
		kept  bool
		acked bool
		sent  string // the reply, as far as it was sent
	}{
		{"as usual", mailtest.Rule{At: mailtest.Quit, Reply: "500 x"}, true, true, "250 2.0.0 Message accepted\r\n"},
		{"another text", mailtest.Rule{At: mailtest.Dot, Reply: "250 2.6.0 Queued as 4711"}, true, true, "250 2.6.0 Queued as 4711\r\n"},
		{"refused", mailtest.Rule{At: mailtest.Dot, Reply: "554 5.7.1 Spam"}, false, false, "554 5.7.1 Spam\r\n"},
		{"kept but refused", mailtest.Rule{At: mailtest.Dot, Reply: "451 4.3.0 Later", Keep: true}, true, false, "451 4.3.0 Later\r\n"},
		{"kept, acknowledgement lost", mailtest.Rule{At: mailtest.Dot, Drop: mailtest.Reset, Keep: true}, true, false, ""},
		{"dropped", mailtest.Rule{At: mailtest.Dot, Drop: mailtest.Close}, false, false, ""},
		{"half an acknowledgement", mailtest.Rule{At: mailtest.Dot, Drop: mailtest.Close, AfterBytes: 3}, true, false, "250"},
		{"acknowledged, then dropped", mailtest.Rule{At: mailtest.Dot, Reply: "250 OK", Drop: mailtest.Close}, true, true, "250 OK\r\n"},
		{"lost", mailtest.Rule{At: mailtest.Dot, Lose: true}, false, false, "250 2.0.0 Message accepted\r\n"},
		{"no reply at all", mailtest.Rule{At: mailtest.Dot, Reply: "gibberish\r\n", Raw: true}, false, false, "gibberish\r\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv := mailtest.New(t)
				srv.AddRules(test.rule)
				_, c := begin(t, srv)
				c.PrintfLine("hi\r\n.")
				synctest.Wait()
				c.Close()
				synctest.Wait()
				messages := srv.Messages()
				if kept := len(messages) == 1; kept != test.kept || kept && messages[0].Acked != test.acked {
					t.Errorf("got %d messages (%+v), want kept %v with Acked %v", len(messages), messages, test.kept, test.acked)
				}
				dot := srv.Sessions()[0].Turns[5]
				if dot.Stage != mailtest.Dot || dot.Reply != test.sent || string(dot.Payload) != "hi\r\n" {
					t.Errorf("the transcript has %v %q %q, want the message, and the reply %q", dot.Stage, dot.Payload, dot.Reply, test.sent)
				}
			})
		})
	}
}

// An acknowledgement that could not be written was not sent.
func TestUnsentAcknowledgement(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := mailtest.New(t)
		srv.AddRules(mailtest.Rule{At: mailtest.Dot, Delay: time.Minute})
		conn, c := begin(t, srv)
		c.PrintfLine("hi\r\n.")
		early := srv.Next(t)
		conn.(interface{ SetLinger(int) error }).SetLinger(0)
		conn.Close()
		time.Sleep(time.Hour)
		if m := srv.Messages()[0]; m.Acked || m.Number != early.Number || !bytes.Equal(m.Raw, early.Raw) {
			t.Errorf("got message %d with Acked %v, want %d with false", m.Number, m.Acked, early.Number)
		}
		srv.Close()
		if got := srv.Sessions()[0].String(); !strings.Contains(got, "(no reply)") {
			t.Errorf("got the transcript\n%swant no reply in it", got)
		}
	})
}

// A client that does not want to wait for the greeting ends the session at once.
func TestGoneBeforeGreeting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := mailtest.New(t)
		srv.AddRules(mailtest.Rule{At: mailtest.Greeting, Delay: time.Hour})
		conn, err := srv.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		conn.Close()
		s := srv.WaitSession(t, 1)
		if got, want := s.End.Sub(s.Start), time.Minute; got != want || s.Ending.Kind != mailtest.ClientClosed {
			t.Errorf("it has ended after %v by %q, want %v, by the client:\n%s", got, s.Ending, want, s)
		}
		if len(s.Turns) != 1 || s.Turns[0].Reply != "" || s.Turns[0].Rule != 1 {
			t.Errorf("got the transcript\n%swant a greeting that was not sent, by rule 1", s)
		}
	})
}

// Several rules of messages: exact bytes in Raw, whatever they are.
func TestRawBytes(t *testing.T) {
	t.Parallel()
	var all []byte
	for i := range 256 {
		all = append(all, byte(i))
	}
	srv := mailtest.New(t)
	conn, c := begin(t, srv)
	conn.Write(append(append([]byte{}, all...), "\r\n.\r\n"...))
	if code, err := readCode(c); code != 250 {
		t.Fatalf("got %d, %v", code, err)
	}
	if got, want := srv.Next(t).Raw, append(all, "\r\n"...); !bytes.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// addressless is a connection that does not know its addresses.
type addressless struct{ net.Conn }

func (addressless) LocalAddr() net.Addr  { return nil }
func (addressless) RemoteAddr() net.Addr { return nil }

// TestServeConnOddly serves connections that are hardly any.
func TestServeConnOddly(t *testing.T) {
	t.Parallel()
	srv := &mailtest.Server{}
	defer srv.Close()
	if err := srv.ServeConn(nil); err == nil {
		t.Error("ServeConn of nil: no error")
	}
	near, far := net.Pipe()
	if err := srv.ServeConn(addressless{far}); err != nil {
		t.Fatal(err)
	}
	if err := raw(near, "220", "EHLO a", "250", "MAIL FROM:<a@b.example>", "250", "RCPT TO:<c@d.example>", "250", "DATA", "354", "Hi\r\n.", "250", "QUIT", "221"); err != nil {
		t.Fatal(err)
	}
	if m := srv.Next(t); m.Envelope.Client != "" || m.Envelope.Server != "" {
		t.Errorf("the envelope has the addresses %q and %q, want none", m.Envelope.Client, m.Envelope.Server)
	}
}

// broken is a connection whose own methods panic.
type broken struct{ net.Conn }

func (broken) RemoteAddr() net.Addr { panic("no address") }

// TestServeConnPanic has a connection that panics: nothing is locked for ever.
func TestServeConnPanic(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	near, far := net.Pipe()
	defer near.Close()
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		srv.ServeConn(broken{far})
	}()
	send(t, srv, "a@b.example", "c@d.example", "still there")
	srv.Next(t)
	srv.Close()
}

// TestGivenTLS serves connections that the caller has put TLS on: they are not in the clear.
func TestGivenTLS(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"Serve", "ServeConn", "ServeConn after the handshake", "ImplicitTLS"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			other := mailtest.New(t) // whose certificate the caller uses
			cert := other.ClientCertificate("mx.example.com")
			cfg := &tls.Config{Certificates: []tls.Certificate{cert}}
			srv := mailtest.New(t)
			srv.StartTLS = true
			srv.ImplicitTLS = way == "ImplicitTLS"
			srv.AddRules(mailtest.Rule{At: mailtest.Rcpt, Encrypted: true, Reply: "251 2.1.5 Encrypted"})
			var conn net.Conn
			if way == "Serve" {
				l, err := tls.Listen("tcp", "127.0.0.1:0", cfg)
				if err != nil {
					t.Skip(err)
				}
				done := make(chan error, 1)
				go func() { done <- srv.Serve(l) }()
				defer func() {
					srv.Close()
					<-done
				}()
				if conn, err = net.Dial("tcp", l.Addr().String()); err != nil {
					t.Fatal(err)
				}
			} else {
				near, far := memnet.Pipe(new(net.TCPAddr), new(net.TCPAddr))
				conn = near
				server := tls.Server(far, cfg)
				if strings.HasSuffix(way, "handshake") {
					go func() {
						server.Handshake()
						srv.ServeConn(server)
					}()
				} else if err := srv.ServeConn(server); err != nil {
					t.Fatal(err)
				}
			}
			defer conn.Close()
			c, err := smtp.NewClient(tls.Client(conn, &tls.Config{InsecureSkipVerify: true}), "localhost")
			if err != nil {
				t.Fatal(err)
			}
			if ok, _ := c.Extension("STARTTLS"); ok {
				t.Error("STARTTLS is offered within TLS")
			}
			if err := c.Auth(smtp.PlainAuth("", "user", "secret", "localhost")); err != nil {
				t.Error(err)
			}
			if err := deliver(c, "a@b.example", "c@d.example", clientMessage); err != nil {
				t.Fatal(err)
			}
			c.Quit()
			m := srv.Next(t)
			if m.Envelope.TLS == nil || !m.Envelope.TLS.Implicit {
				t.Errorf("Envelope.TLS = %+v, want implicit TLS", m.Envelope.TLS)
			}
			s := srv.WaitSession(t, 1)
			if s.TLS == nil || s.Ending.Kind != mailtest.ClientQuit {
				t.Errorf("session: TLS %+v, ending %q", s.TLS, s.Ending)
			}
			if !strings.Contains(s.String(), "251 2.1.5 Encrypted") {
				t.Errorf("a rule for encrypted connections did not act:\n%v", s)
			}
		})
	}
}
