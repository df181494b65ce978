package examples

// The recipes of the cookbook for applications that send mail to one server.

import (
	"errors"
	"net/smtp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
)

func TestNoMail(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	shop := newShop(srv.Addr())
	if err := shop.Register("bob@qq.com"); err != nil {
		t.Fatal(err)
	}
	srv.Next(t)

	srv.WaitOnly(t, 0, 10*time.Millisecond) // no mail that is not yet taken, and none for a while
}

// invitation is a message with HTML, a picture that the HTML shows, and an invitation, to a mailing list.
const invitation = "From: shop@example.com\r\nTo: bob@qq.com\r\nSubject: Party\r\nDate: Tue, 9 Dec 2014 11:20:55 +0800\r\n" +
	"Message-ID: <1@example.com>\r\nList-Unsubscribe: <https://shop.example/u?t=1>\r\nMIME-Version: 1.0\r\n" +
	"Content-Type: multipart/related; boundary=r\r\n\r\n--r\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n" +
	"--a\r\n\r\nHello\r\n--a\r\nContent-Type: text/html\r\n\r\n<img src=\"cid:logo@shop.example\">Hello\r\n" +
	"--a\r\nContent-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR\r\n--a--\r\n" +
	"--r\r\nContent-Type: image/png\r\nContent-ID: <logo@shop.example>\r\n\r\nPNG\r\n--r--\r\n"

func TestParts(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	if err := smtp.SendMail(srv.Addr(), nil, "shop@example.com", []string{"bob@qq.com"}, []byte(invitation)); err != nil {
		t.Fatal(err)
	}

	msg := srv.Next(t)
	logo, ok := msg.InlineByID("cid:logo@shop.example")
	if !ok || logo.MediaType != "image/png" {
		t.Errorf("inline = %v", msg.Inline)
	}
	if invites := msg.Find("text/calendar"); len(invites) != 1 || invites[0].Params["method"] != "REQUEST" {
		t.Errorf("invitations = %v", invites)
	}
	if urls := msg.List().Unsubscribe; len(urls) != 1 {
		t.Errorf("List-Unsubscribe = %q", urls)
	}
}

func TestSharedServer(t *testing.T) {
	t.Parallel()
	var srv mailtest.Server
	defer srv.Close()
	for _, to := range []string{"ann@qq.com", "bob@qq.com"} {
		if err := newShop(srv.Addr()).Register(to); err != nil {
			t.Fatal(err)
		}
	}

	msg := srv.WaitFor(t, func(m *mailtest.Message) bool { return m.Envelope.To[0].Address == "bob@qq.com" })

	if msg.Text != "Hello Bob\n" {
		t.Errorf("text = %q", msg.Text)
	}
}

func TestServerIsDown(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	shop := newShop(srv.Addr())

	srv.Suspend()
	if err := shop.Register("bob@qq.com"); err == nil {
		t.Error("no error, though the server is down")
	}
	if err := srv.Resume(); err != nil {
		t.Fatal(err)
	}

	if err := shop.Register("bob@qq.com"); err != nil {
		t.Fatal(err)
	}
	srv.WaitOnly(t, 1, time.Millisecond)
}

func TestSilentServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := mailtest.New(t)
		srv.AddRules(mailtest.Rule{At: mailtest.Rcpt, Drop: mailtest.Silence})
		conn, err := srv.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(5 * time.Minute)) // as the code under test should
		c, err := smtp.NewClient(conn, "mx.example.com")
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Mail("shop@example.com"); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if err := c.Rcpt("bob@qq.com"); err == nil || time.Since(start) != 5*time.Minute {
			t.Errorf("the client waited %v, and then: %v", time.Since(start), err)
		}
	})
}

// A pool of connections has to know that servers hang up on clients that are idle.
func TestIdleClient(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := mailtest.New(t)
		srv.AddRules(mailtest.Rule{At: mailtest.Idle, Delay: 5 * time.Minute, Reply: "421 4.4.2 Timeout", Drop: mailtest.Close})
		conn, err := srv.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		c, err := smtp.NewClient(conn, "mx.example.com")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		for _, idle := range []time.Duration{4 * time.Minute, 4 * time.Minute, 6 * time.Minute} {
			time.Sleep(idle)
			if err := c.Noop(); (err != nil) != (idle > 5*time.Minute) {
				t.Errorf("after %v: %v", idle, err)
			}
		}
	})
}

// Submission hosts offer AUTH after STARTTLS only, and take no mail before.
func TestEncryptedLogin(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	srv.StartTLS = true
	srv.Users = map[string]string{"shop": "secret"}
	srv.AddRules(
		mailtest.Rule{At: mailtest.Helo, Plain: true, Hide: []string{"AUTH"}},
		mailtest.Rule{At: mailtest.Auth, Plain: true, Reply: "538 5.7.11 Encryption required for AUTH"},
		mailtest.Rule{At: mailtest.Mail, Plain: true, Reply: "530 5.7.0 Must issue a STARTTLS command first"},
	)
	c, err := smtp.Dial(srv.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if ok, mechanisms := c.Extension("AUTH"); ok {
		t.Errorf("AUTH %s is offered in plain text", mechanisms)
	}
	auth := smtp.PlainAuth("", "shop", "secret", srv.Host())
	for want, err := range map[string]error{"530 ": c.Mail("shop@example.com"), "538 ": c.Auth(auth)} {
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("in plain text: %v, want %s", err, want)
		}
	}

	c, err = smtp.Dial(srv.Addr()) // net/smtp gives up after an AUTH that has failed
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := errors.Join(c.StartTLS(srv.ClientTLS()), c.Auth(auth), c.Mail("shop@example.com")); err != nil {
		t.Error(err)
	}
}
