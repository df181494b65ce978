package examples

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/mail"
	"net/smtp"
	"net/textproto"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed078e9d8c/maillab/examples/outbound"
	"github.com/seed078e9d8c/maillab/internal/machine"
	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/lint"
	"github.com/seed078e9d8c/maillab/mailtest/mailauth"
	"github.com/seed078e9d8c/maillab/mailtest/mailbox"
	"github.com/seed078e9d8c/maillab/mxmock"
	"github.com/seed078e9d8c/maillab/mxmock/provider"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shop is an application that sends mail through one server.
type shop struct{ mailer string }

func newShop(mailer string) *shop { return &shop{mailer} }

func (s *shop) Register(to string) error {
	name, _, _ := strings.Cut(to, "@")
	return s.send(to, "Welcome", "Hello "+strings.ToUpper(name[:1])+name[1:]+"\r\n")
}

func (s *shop) send(to, subject, text string) error {
	msg := "From: shop@example.com\r\nTo: " + to + "\r\nSubject: " + subject + "\r\nDate: " + time.Now().Format(time.RFC1123Z) +
		"\r\nMessage-ID: <" + fmt.Sprint(time.Now().UnixNano()) + "@example.com>\r\n\r\n" + text
	return smtp.SendMail(s.mailer, nil, "shop@example.com", []string{to}, []byte(msg))
}

// app is an application that delivers by MX.
type app struct{ outbound.Sender }

func newApp(r *net.Resolver, dial func(ctx context.Context, network, addr string) (net.Conn, error)) *app {
	return &app{outbound.Sender{Resolver: r, DialContext: dial, Hostname: "app.example.com"}}
}

func (a *app) Send(ctx context.Context, to string) error {
	msg := "From: app@example.com\r\nTo: " + to + "\r\nSubject: Welcome\r\nDate: Tue, 9 Dec 2014 11:20:55 +0800\r\n" +
		"Message-ID: <1@example.com>\r\n\r\nHello\r\n"
	return a.SendRaw(ctx, to, msg)
}

func (a *app) SendRaw(ctx context.Context, to, msg string) error {
	_, err := a.Sender.Send(ctx, "app@example.com", []string{to}, []byte(msg))
	return err
}

func TestRegister(t *testing.T) {
	srv := mailtest.New(t)
	if err := newShop(srv.Addr()).Register("bob@qq.com"); err != nil {
		t.Fatal(err)
	}
	msg := srv.Next(t)
	if msg.Subject != "Welcome" || msg.Text != "Hello Bob\n" {
		t.Errorf("subject = %q, text = %q", msg.Subject, msg.Text)
	}
}

func TestAsynchronous(t *testing.T) {
	t.Parallel()
	sent := make(chan error, 1)
	t.Cleanup(func() { // after that of the server: its end does not cut off the sender
		if err := <-sent; err != nil {
			t.Errorf("the shop got %v", err)
		}
	})
	srv := mailtest.New(t)
	shop := newShop(srv.Addr())

	go func() { sent <- shop.send("bob@qq.com", "Your receipt", "Thank you\r\n") }()
	msg := srv.WaitFor(t, func(m *mailtest.Message) bool { return m.Subject == "Your receipt" })
	if msg.Envelope.To[0].Address != "bob@qq.com" {
		t.Errorf("recipient = %q", msg.Envelope.To[0].Address)
	}
}

func TestExactly(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	shop := newShop(srv.Addr())
	for _, to := range []string{"a@qq.com", "b@qq.com"} {
		if err := shop.Register(to); err != nil {
			t.Fatal(err)
		}
	}

	both := srv.WaitOnly(t, 2, 10*time.Millisecond) // two, and then none for a while
	if both[0].To[0].Address != "a@qq.com" || both[1].To[0].Address != "b@qq.com" {
		t.Errorf("recipients = %v, %v", both[0].To, both[1].To)
	}
}

func TestLink(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	if err := newShop(srv.Addr()).send("bob@qq.com", "Confirm", "Open https://example.com/confirm?token=4711 and enter 123456.\r\n"); err != nil {
		t.Fatal(err)
	}

	msg := srv.Next(t)
	token := msg.Link(t, "confirm").Query().Get("token")
	code := msg.Code(t, `\b\d{6}\b`)
	if token != "4711" || code != "123456" {
		t.Errorf("token = %q, code = %q", token, code)
	}
}

func TestAttachment(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	body := "Content-Type: multipart/mixed; boundary=b\r\nSubject: Invoice\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b\r\n" +
		"Content-Type: application/pdf\r\nContent-Disposition: attachment; filename=\"invoice.pdf\"\r\n\r\n%PDF-1.7\r\n--b--\r\n"
	if err := smtp.SendMail(srv.Addr(), nil, "a@example.com", []string{"bob@qq.com"}, []byte(body)); err != nil {
		t.Fatal(err)
	}

	msg := srv.Next(t)
	invoice, ok := msg.Attachment("invoice.pdf")
	if !ok || string(invoice.Content) != "%PDF-1.7" {
		t.Errorf("attachments = %v", msg.Attachments)
	}
}

func TestGoldenMail(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	if err := newShop(srv.Addr()).Register("bob@qq.com"); err != nil {
		t.Fatal(err)
	}

	mailtest.Golden(t, "testdata/welcome.txt", srv.Next(t))
}

func TestLogin(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	srv.Users = map[string]string{"shop": "secret"}

	auth := smtp.PlainAuth("", "shop", "wrong", srv.Host())
	err := smtp.SendMail(srv.Addr(), auth, "shop@example.com", []string{"bob@qq.com"}, nil)
	var reply *textproto.Error
	if !errors.As(err, &reply) || reply.Code != 535 {
		t.Errorf("a wrong password: %v, want 535", err)
	}
}

func TestStartTLS(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	srv.StartTLS = true

	c, err := smtp.Dial(srv.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.StartTLS(srv.ClientTLS()); err != nil {
		t.Fatal(err)
	}
}

func TestTemporary(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	srv.AddRules(mailtest.Rule{At: mailtest.Rcpt, To: "bob@qq.com", Times: 2, Reply: "451 4.7.1 Greylisted, try later"})

	shop := newShop(srv.Addr())
	for range 2 {
		if err := shop.Register("bob@qq.com"); err == nil {
			t.Error("the server took what it was to refuse")
		}
	}
	if err := shop.Register("bob@qq.com"); err != nil {
		t.Errorf("the third attempt: %v", err)
	}
}

func TestLostAcknowledgement(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	srv.AddRules(mailtest.Rule{At: mailtest.Dot, Times: 1, Drop: mailtest.Reset, Keep: true})

	shop := newShop(srv.Addr())
	if err := shop.Register("bob@qq.com"); err == nil {
		t.Error("the client knows what it can't know")
	}
	if err := shop.Register("bob@qq.com"); err != nil { // as it must
		t.Fatal(err)
	}
	if m := srv.WaitN(t, 2); m[0].Acked || !m[1].Acked {
		t.Errorf("acknowledged: %v, %v, want false, true", m[0].Acked, m[1].Acked)
	}
}

func TestFailover(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	mx := inet.MX("qq.com", "mx1.qq.com", "mx2.qq.com")
	mx[0].Break(mxmock.Refused)
	app := newApp(inet.Resolver(), inet.DialContext)
	if err := app.Send(t.Context(), "bob@qq.com"); err != nil {
		t.Fatal(err)
	}
	mx[1].Next(t)
}

func TestGreylisting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inet := mxmock.New(t)
		mx := inet.MX("qq.com", "mx1.qq.com")[0]
		mx.AddRules(mailtest.Greylist(5 * time.Minute))

		app := newApp(inet.Resolver(), inet.DialContext)
		start := time.Now()
		for app.Send(t.Context(), "bob@qq.com") != nil {
			time.Sleep(2 * time.Minute) // no time at all, in a bubble
		}
		if waited := time.Since(start); waited != 6*time.Minute {
			t.Errorf("delivered after %v, want 6m", waited)
		}
		mx.Next(t)
	})
}

func TestDNSFault(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	inet.MX("qq.com", "mx1.qq.com")
	inet.Break("mx qq.com", mxmock.ServFail)

	results, _ := newApp(inet.Resolver(), inet.DialContext).Sender.Send(t.Context(), "", []string{"bob@qq.com"}, []byte("x")) // results has the errors
	if got := results[0].Status; got != outbound.Temporary {
		t.Errorf("status = %v, want a later attempt", got)
	}
}

func TestZone(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	err := inet.AddZone(`
		$ORIGIN example.com.
		@    MX   10 mx
		mx   A    203.0.113.25
		@    TXT  "v=spf1 mx -all"
		www  CNAME example.net.
	`)
	if err != nil {
		t.Fatal(err)
	}
	mx := inet.Host("mx.example.com") // at 203.0.113.25
	mx.Server(25).StartTLS = true

	if err := newApp(inet.Resolver(), inet.DialContext).Send(t.Context(), "bob@example.com"); err != nil {
		t.Fatal(err)
	}
	if msg := mx.Next(t); msg.Envelope.TLS == nil {
		t.Error("the message came in plain text")
	}
}

func TestTrust(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	mx := inet.MX("qq.com", "mx1.qq.com")[0]
	if err := inet.AddZone(`example.com. TXT "v=spf1 ip4:192.0.2.1 -all"`); err != nil {
		t.Fatal(err)
	}
	if err := newApp(inet.Resolver(), inet.DialContext).Send(t.Context(), "bob@qq.com"); err != nil {
		t.Fatal(err)
	}
	msg := mx.Next(t)

	v, why := mailauth.Check(t.Context(), msg, inet.Resolver())
	if want := (mailauth.Verdict{SPF: "pass", DKIM: "none", DMARC: "none"}); v != want {
		t.Errorf("verdict = %+v, want %+v: %v", v, want, why)
	}
}

func TestProvider(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	provider.Add(inet, "qq.com")
	app := newApp(inet.Resolver(), inet.DialContext)
	if err := app.SendRaw(t.Context(), "414322153@qq.com", "Subject: no From\r\n\r\nHello\r\n"); err == nil {
		t.Error("qq.com has taken a message without From")
	}
	if err := app.Send(t.Context(), "414322153@qq.com"); err != nil {
		t.Error(err)
	}
}

func TestSenderWithoutSPF(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	mx := inet.MX("qq.com", "mx1.qq.com")[0]

	shop := inet.Sender("example.com", mxmock.NoSPF)
	app := newApp(inet.Resolver(), shop.DialContext)
	if err := app.Send(t.Context(), "bob@qq.com"); err != nil {
		t.Fatal(err)
	}
	v, why := mailauth.Check(t.Context(), mx.Next(t), inet.Resolver())
	if want := (mailauth.Verdict{SPF: "none", DKIM: "none", DMARC: "fail"}); v != want {
		t.Errorf("verdict = %+v, want %+v: %v", v, want, why)
	}
}

func TestLint(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	if err := newShop(srv.Addr()).Register("bob@qq.com"); err != nil {
		t.Fatal(err)
	}

	for _, finding := range lint.Check(srv.Next(t)) {
		if finding.Severity == lint.Error {
			t.Error(finding)
		}
	}
}

func TestKeep(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	if err := newShop(srv.Addr()).Register("bob@qq.com"); err != nil {
		t.Fatal(err)
	}

	name := filepath.Join(machine.TempDir(t), "welcome.eml")
	if err := mailbox.WriteFile(name, srv.Next(t)); err != nil {
		t.Fatal(err)
	}
	saved, err := mailbox.Read(name)
	if err != nil || saved[0].Subject != "Welcome" {
		t.Errorf("read back %v, %v", saved, err)
	}
	if _, err := mail.ReadMessage(strings.NewReader(string(saved[0].Raw))); err != nil {
		t.Error(err)
	}
}

// TestWeb runs a service of the test's own on a host.
func TestWeb(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	l, err := inet.Host("finger.example.com").Listen(79)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		if conn, err := l.Accept(); err == nil {
			io.WriteString(conn, "no plan\r\n")
			conn.Close()
		}
	}()
	conn, err := inet.DialContext(t.Context(), "tcp", "finger.example.com:79")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if got, err := io.ReadAll(conn); err != nil || string(got) != "no plan\r\n" {
		t.Errorf("got %q, %v", got, err)
	}
}

// TestSecure has a resolver that validates refuse what is bogus.
func TestSecure(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	inet.MX("qq.com", "mx1.qq.com")
	inet.MX("sina.com", "mx1.sina.com")
	inet.Secure("qq.com")
	inet.Secure("sina.com", mxmock.ExpiredSignatures)

	if _, err := inet.Resolver().LookupMX(t.Context(), "qq.com"); err != nil {
		t.Errorf("qq.com: %v", err)
	}
	if mxs, err := inet.Resolver().LookupMX(t.Context(), "sina.com"); err == nil {
		t.Errorf("sina.com: %v, want an error", mxs)
	}
}
