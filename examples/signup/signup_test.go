package signup_test

import (
	"errors"
	"net/textproto"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/seed078e9d8c/maillab/examples/signup"
	"github.com/seed078e9d8c/maillab/mailtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newShop(mailer string) *signup.Shop {
	return &signup.Shop{Mailer: mailer, From: "shop@example.com", URL: "https://shop.example.com"}
}

// TestRegister follows the mail to the account.
func TestRegister(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	shop := newShop(srv.Addr())
	if err := shop.Register("小明 <xiaoming@qq.com>"); err != nil {
		t.Fatal(err)
	}

	msg := srv.Next(t)
	if got, want := msg.Subject, "Welcome, 小明"; got != want {
		t.Errorf("subject = %q, want %q", got, want)
	}
	if got, want := msg.Envelope.To[0].Address, "xiaoming@qq.com"; got != want {
		t.Errorf("recipient = %q, want %q", got, want)
	}
	link := msg.Link(t, "") // the first one
	if got, want := link.URL, "https://shop.example.com/confirm?token="; !strings.HasPrefix(got, want) {
		t.Errorf("link = %q, want %q at its beginning", got, want)
	}

	if shop.HasAccount("xiaoming@qq.com") {
		t.Error("there is an account before the link was opened")
	}
	token := link.Query().Get("token")
	if err := shop.Confirm(token); err != nil {
		t.Errorf("the link: %v", err)
	}
	if !shop.HasAccount("xiaoming@qq.com") {
		t.Error("there is no account after the link was opened")
	}
	if err := shop.Confirm(token); !errors.Is(err, signup.ErrToken) {
		t.Errorf("the link for the second time: %v, want %v", err, signup.ErrToken)
	}
}

// TestRegisterWithoutReply opens the link of a mail whose arrival nobody has confirmed. The link is the
// only place where the token is: Message-IDs are in many a log.
func TestRegisterWithoutReply(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	srv.AddRules(mailtest.Rule{At: mailtest.Dot, Keep: true, Drop: mailtest.Close})
	shop := newShop(srv.Addr())
	if err := shop.Register("bob@qq.com"); err == nil {
		t.Error("no error, want that of the lost connection")
	}
	msg := srv.Next(t)
	token := msg.Link(t, "confirm").Query().Get("token")
	if err := shop.Confirm(token); err != nil {
		t.Errorf("the link: %v", err)
	}
	if n := strings.Count(string(msg.Raw), token); n != 1 {
		t.Errorf("the token is in the message %d times, want once", n)
	}
}

// TestRegisterUnknown has the mail server refuse the address.
func TestRegisterUnknown(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	srv.AddRules(mailtest.Rule{At: mailtest.Rcpt, To: "nobody@qq.com", Reply: "550 5.1.1 Mailbox not found"})
	err := newShop(srv.Addr()).Register("nobody@qq.com")
	var reply *textproto.Error
	if !errors.As(err, &reply) || reply.Code != 550 {
		t.Errorf("Register = %v, want the server's 550", err)
	}
	if got := srv.Messages(); len(got) != 0 {
		t.Errorf("%d messages have arrived, want 0", len(got))
	}
}
