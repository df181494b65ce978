package clients

// The Go mail libraries of the cookbook, whose table has the pieces of code that stand here.

import (
	"context"
	"net"
	"net/smtp"
	"strings"
	"testing"
	"testing/synctest"

	gomail2 "github.com/go-mail/mail"
	"github.com/jhillyerd/enmime/v2"
	"github.com/jordan-wright/email"
	"gopkg.in/gomail.v2"

	"github.com/seed078e9d8c/maillab/mailtest"
)

const (
	from = "a@example.com"
	to   = "bob@qq.com"
)

// msg is a message for the libraries that do not write one.
var msg = []byte("From: a@example.com\r\nTo: bob@qq.com\r\nSubject: Hello\r\n\r\nHi\r\n")

// way is a way in which a library sends a message.
type way struct {
	name string // has STARTTLS, TLS or memory in it, or none of them
	send func(srv *mailtest.Server) error
}

// sent has the message come in each of the ways, encrypted or not as the name says, and over a connection in memory inside
// a bubble.
func sent(t *testing.T, ways []way) {
	t.Helper()
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			one := func(t *testing.T) {
				srv := mailtest.New(t)
				srv.StartTLS = strings.Contains(w.name, "STARTTLS")
				if err := w.send(srv); err != nil {
					t.Fatal(err)
				}
				m := srv.Next(t)
				if m.Subject != "Hello" || (m.Envelope.TLS != nil) != strings.Contains(w.name, "TLS") {
					t.Errorf("subject %q, TLS %+v", m.Subject, m.Envelope.TLS)
				}
			}
			if strings.Contains(w.name, "memory") {
				synctest.Test(t, one)
			} else {
				one(t)
			}
		})
	}
}

// dial returns a connection in memory.
func dial(srv *mailtest.Server, use func(net.Conn) error) error {
	conn, err := srv.Dial(context.Background())
	if err != nil {
		return err
	}
	return use(conn)
}

func TestNetSMTP(t *testing.T) {
	say := func(client *smtp.Client) error {
		for _, step := range []func() error{func() error { return client.Mail(from) }, func() error { return client.Rcpt(to) }} {
			if err := step(); err != nil {
				return err
			}
		}
		w, err := client.Data()
		if err != nil {
			return err
		}
		w.Write(msg)
		if err := w.Close(); err != nil {
			return err
		}
		return client.Quit()
	}
	sent(t, []way{
		{"plain", func(srv *mailtest.Server) error {
			auth := smtp.PlainAuth("", "shop", "secret", srv.Host())
			return smtp.SendMail(srv.Addr(), auth, from, []string{to}, msg)
		}},
		{"STARTTLS", func(srv *mailtest.Server) error {
			client, err := smtp.Dial(srv.Addr())
			if err != nil {
				return err
			}
			if err := client.StartTLS(srv.ClientTLS()); err != nil {
				return err
			}
			return say(client)
		}},
		{"memory", func(srv *mailtest.Server) error {
			return dial(srv, func(conn net.Conn) error {
				client, err := smtp.NewClient(conn, "localhost")
				if err != nil {
					return err
				}
				return say(client)
			})
		}},
	})
}

func TestGomail(t *testing.T) {
	send := func(d *gomail.Dialer) error {
		m := gomail.NewMessage()
		m.SetHeaders(map[string][]string{"From": {from}, "To": {to}, "Subject": {"Hello"}})
		m.SetBody("text/plain", "Hi")
		return d.DialAndSend(m)
	}
	send2 := func(d *gomail2.Dialer) error {
		m := gomail2.NewMessage()
		m.SetHeaders(map[string][]string{"From": {from}, "To": {to}, "Subject": {"Hello"}})
		m.SetBody("text/plain", "Hi")
		return d.DialAndSend(m)
	}
	sent(t, []way{
		{"gomail plain", func(srv *mailtest.Server) error {
			return send(&gomail.Dialer{Host: srv.Host(), Port: srv.Port()})
		}},
		{"gomail STARTTLS", func(srv *mailtest.Server) error {
			return send(&gomail.Dialer{Host: srv.Host(), Port: srv.Port(), TLSConfig: srv.ClientTLS()})
		}},
		{"go-mail/mail plain", func(srv *mailtest.Server) error {
			return send2(&gomail2.Dialer{Host: srv.Host(), Port: srv.Port()})
		}},
		{"go-mail/mail STARTTLS", func(srv *mailtest.Server) error {
			return send2(&gomail2.Dialer{Host: srv.Host(), Port: srv.Port(), TLSConfig: srv.ClientTLS()})
		}},
		{"gomail TLS", func(srv *mailtest.Server) error {
			srv.ImplicitTLS = true
			return send(&gomail.Dialer{Host: srv.Host(), Port: srv.Port(), TLSConfig: srv.ClientTLS(), SSL: true})
		}},
		{"go-mail/mail TLS", func(srv *mailtest.Server) error {
			srv.ImplicitTLS = true
			return send2(&gomail2.Dialer{Host: srv.Host(), Port: srv.Port(), TLSConfig: srv.ClientTLS(), SSL: true})
		}},
	})
}

func TestEnmime(t *testing.T) {
	sent(t, []way{
		{"plain", func(srv *mailtest.Server) error {
			auth := smtp.PlainAuth("", "shop", "secret", srv.Host())
			return enmime.Builder().From("", from).To("", to).Subject("Hello").Text([]byte("Hi")).Send(enmime.NewSMTP(srv.Addr(), auth))
		}},
	})
}

func TestEmail(t *testing.T) {
	e := &email.Email{From: from, To: []string{to}, Subject: "Hello", Text: []byte("Hi")}
	sent(t, []way{
		{"plain", func(srv *mailtest.Server) error {
			auth := smtp.PlainAuth("", "shop", "secret", srv.Host())
			return e.Send(srv.Addr(), auth)
		}},
		{"STARTTLS", func(srv *mailtest.Server) error {
			auth := smtp.PlainAuth("", "shop", "secret", srv.Host())
			return e.SendWithStartTLS(srv.Addr(), auth, srv.ClientTLS())
		}},
		{"TLS", func(srv *mailtest.Server) error {
			auth := smtp.PlainAuth("", "shop", "secret", srv.ClientTLS().ServerName)
			return e.SendWithTLS(srv.TLSAddr(), auth, srv.ClientTLS())
		}},
	})
}
