package mailtest_test

// Examples with the code of a user, whose application is a shop that sends mail.

import (
	"context"
	"errors"
	"fmt"
	"net/smtp"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
)

// shop is the program under test. It knows one mail server.
type shop struct{ server string }

func newShop(server string) *shop { return &shop{server} }

// Register registers a customer, and confirms that by mail.
func (s *shop) Register(address string) error {
	name, _, _ := strings.Cut(address, "@")
	return s.mail(address, "Welcome", "Hello "+strings.ToUpper(name[:1])+name[1:])
}

// Sell sells something, and sends a receipt.
func (s *shop) Sell(address string) error {
	return s.mail(address, "Your receipt", "One book")
}

func (s *shop) mail(to, subject, text string) error {
	return reason(smtp.SendMail(s.server, nil, "shop@example.com", []string{to},
		[]byte("From: shop@example.com\r\nTo: "+to+"\r\nSubject: "+subject+"\r\n\r\n"+text+"\r\n")))
}

// reason says what the server has said.
func reason(err error) error {
	var reply *textproto.Error
	if errors.As(err, &reply) {
		return fmt.Errorf("%d %s", reply.Code, reply.Msg)
	}
	return err
}

// A test reads the mail that an application sends.
func TestShop(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	newShop(srv.Addr()).Register("bob@qq.com")
	msg := srv.Next(t)
	if msg.Subject != "Welcome" || msg.Text != "Hello Bob\n" {
		t.Errorf("subject = %q, text = %q", msg.Subject, msg.Text)
	}
}

// The application sends mail in the background. The test neither sleeps nor polls.
func TestShopInBackground(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	go newShop(srv.Addr()).Register("bob@qq.com")
	go newShop(srv.Addr()).Sell("bob@qq.com")
	msg := srv.WaitFor(t, func(m *mailtest.Message) bool { return m.Subject == "Your receipt" })
	if msg.Text != "One book\n" {
		t.Errorf("text = %q", msg.Text)
	}
	srv.WaitOnly(t, 1, time.Millisecond) // the other one, and no more
}

// A server outside a test is started and closed explicitly. In a test, New does that.
func ExampleServer() {
	srv := &mailtest.Server{}
	defer srv.Close()

	newShop(srv.Addr()).Register("bob@qq.com")

	for _, m := range srv.Messages() {
		fmt.Printf("%s: %s", m.Subject, m.Text)
	}
	// Output: Welcome: Hello Bob
}

// With Users, the server takes mail only from them, as the submission host of a provider does.
func ExampleServer_submission() {
	srv := &mailtest.Server{
		Name:  "smtp.qq.com",
		Users: map[string]string{"bob": "secret"},
	}
	defer srv.Close()

	err := newShop(srv.Addr()).Register("bob@qq.com")
	fmt.Println(err)
	// Output: 530 5.7.0 Authentication required
}

// The wrong reply of a server is written as it stands on the wire.
func ExampleRule() {
	srv := &mailtest.Server{}
	defer srv.Close()
	srv.AddRules(
		mailtest.Rule{At: mailtest.Rcpt, To: "bob@qq.com", Times: 2, Reply: "451 4.7.1 Greylisted, try later"},
		mailtest.Rule{At: mailtest.Body, AfterBytes: 4096, Drop: mailtest.Reset},
		mailtest.Rule{At: mailtest.Greeting, Delay: time.Millisecond},
	)

	for range 3 {
		fmt.Println(newShop(srv.Addr()).Register("bob@qq.com"))
	}
	// Output:
	// 451 4.7.1 Greylisted, try later
	// 451 4.7.1 Greylisted, try later
	// <nil>
}

// The acknowledgement is lost. The server has the message, but the sender can't know that.
func ExampleDrop() {
	srv := &mailtest.Server{}
	defer srv.Close()
	srv.AddRules(mailtest.Rule{At: mailtest.Dot, Times: 1, Drop: mailtest.Close, Keep: true})

	shop := newShop(srv.Addr())
	fmt.Println("first:", shop.Register("bob@qq.com"))
	fmt.Println("again:", shop.Register("bob@qq.com"))
	for _, m := range srv.Messages() {
		fmt.Println(m.Subject, m.Acked)
	}
	// Output:
	// first: EOF
	// again: <nil>
	// Welcome false
	// Welcome true
}

// A rule acts at a stage. Here it refuses the third recipient of any message.
func ExampleStage() {
	srv := &mailtest.Server{}
	defer srv.Close()
	srv.AddRules(mailtest.Rule{At: mailtest.Rcpt, Skip: 2, Reply: "452 4.5.3 Too many recipients"})

	err := smtp.SendMail(srv.Addr(), nil, "a@example.com", []string{"b@qq.com", "c@qq.com", "d@qq.com"}, nil)
	fmt.Println(mailtest.Rcpt, reason(err))
	// Output: Rcpt 452 4.5.3 Too many recipients
}

// Code without a testing.TB can wait for mail, too.
func ExampleInbox_WaitForContext() {
	srv := &mailtest.Server{}
	defer srv.Close()
	go newShop(srv.Addr()).Sell("bob@qq.com")

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	m, err := srv.WaitForContext(ctx, func(m *mailtest.Message) bool { return m.Subject == "Your receipt" })
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(m.Text)
	// Output: One book
}

// One inbox holds the mail of several servers.
func ExampleInbox() {
	var all mailtest.Inbox
	qq := &mailtest.Server{Name: "mx1.qq.com", Collect: &all}
	gmail := &mailtest.Server{Name: "mx.gmail.com", Collect: &all}
	defer qq.Close()
	defer gmail.Close()

	newShop(qq.Addr()).Register("bob@qq.com")
	newShop(gmail.Addr()).Register("ann@gmail.com")

	for _, m := range all.Messages() {
		fmt.Print(m.Envelope.To[0].Address, ": ", m.Text)
	}
	// Output:
	// bob@qq.com: Hello Bob
	// ann@gmail.com: Hello Ann
}

// The envelope decides where a message goes, and not the header.
func ExampleEnvelope() {
	srv := &mailtest.Server{}
	defer srv.Close()
	smtp.SendMail(srv.Addr(), nil, "bounces@example.com", []string{"hidden@qq.com"},
		[]byte("From: shop@example.com\r\nTo: bob@qq.com\r\n\r\nHello\r\n"))

	m := srv.Messages()[0]
	fmt.Println(m.Envelope.From, m.Envelope.To[0].Address, m.Envelope.Helo)
	fmt.Println(m.From[0].Address, m.To[0].Address)
	// Output:
	// bounces@example.com hidden@qq.com localhost
	// shop@example.com bob@qq.com
}

// A session is the transcript of a connection.
func ExampleSession() {
	srv := &mailtest.Server{}
	srv.AddRules(mailtest.Rule{At: mailtest.Mail, Reply: "550 5.7.1 You are on a list"})
	newShop(srv.Addr()).Register("bob@qq.com")
	srv.Close() // so the transcript is complete

	for _, s := range srv.Sessions() {
		for _, turn := range s.Turns {
			if turn.Stage == mailtest.Mail {
				fmt.Print(turn)
			}
		}
	}
	// Output:
	// -> MAIL FROM:<shop@example.com> BODY=8BITMIME SMTPUTF8
	// <- 550 5.7.1 You are on a list
	//    (rule 1)
}

// A turn is one command and the reply to it.
func ExampleTurn_Code() {
	srv := &mailtest.Server{}
	newShop(srv.Addr()).Register("bob@qq.com")
	srv.Close()

	for _, turn := range srv.Sessions()[0].Turns {
		fmt.Print(turn.Stage, " ", turn.Code(), "; ")
	}
	// Output: Greeting 220; Helo 250; Mail 250; Rcpt 250; Data 354; Dot 250; Quit 221;
}
