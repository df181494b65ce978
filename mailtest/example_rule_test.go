package mailtest_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/smtp"
	"strings"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
)

// register stands for the code under test: it sends a mail to whoever has signed up.
func register(srv *mailtest.Server, to string) error {
	conn, err := srv.Dial(context.Background())
	if err != nil {
		return err
	}
	defer conn.Close()
	c, err := smtp.NewClient(conn, "localhost")
	if err != nil {
		return err
	}
	return deliver(c, "shop@example.com", to, "Subject: Welcome\r\n\r\nHello\r\n")
}

// Fail twice, then accept.
func ExampleRule_failTwice() {
	var srv mailtest.Server
	defer srv.Close()
	srv.AddRules(mailtest.Rule{At: mailtest.Rcpt, Times: 2, Reply: "451 4.3.0 Try again later"})
	for range 3 {
		fmt.Println(register(&srv, "bob@qq.com"))
	}
	// Output:
	// 451 "4.3.0 Try again later"
	// 451 "4.3.0 Try again later"
	// <nil>
}

// Refuse one recipient, or a whole domain.
func ExampleRule_unknownMailbox() {
	var srv mailtest.Server
	defer srv.Close()
	srv.AddRules(
		mailtest.UnknownMailbox("bob@qq.com"),
		mailtest.Rule{At: mailtest.Rcpt, To: "@163.com", Reply: "550 5.7.1 Relaying denied"},
	)
	fmt.Println(register(&srv, "bob@qq.com"))
	fmt.Println(register(&srv, "alice@163.com"))
	fmt.Println(register(&srv, "alice@qq.com"))
	// Output:
	// 550 "5.1.1 No such user here"
	// 550 "5.7.1 Relaying denied"
	// <nil>
}

// Shut down in the middle of a session: 421, and the connection is closed.
func ExampleRule_shutdown() {
	var srv mailtest.Server
	defer srv.Close()
	srv.AddRules(mailtest.Rule{At: mailtest.Mail, Times: 1, Reply: "421 4.3.2 Shutting down", Drop: mailtest.Close})
	fmt.Println(register(&srv, "bob@qq.com"))
	fmt.Println(register(&srv, "bob@qq.com"))
	// Output:
	// 421 "4.3.2 Shutting down"
	// <nil>
}

// Accept the message and lose the acknowledgement. A client that tries again sends it twice.
func ExampleRule_lostAcknowledgement() {
	var srv mailtest.Server
	defer srv.Close()
	srv.AddRules(mailtest.Rule{At: mailtest.Dot, Times: 1, Keep: true, Drop: mailtest.Close})
	for register(&srv, "bob@qq.com") != nil {
	}
	for _, m := range srv.Messages() {
		fmt.Println(m.Subject, m.Acked)
	}
	// Output:
	// Welcome false
	// Welcome true
}

// Break the connection in the middle of the message.
func ExampleRule_brokenMessage() {
	var srv mailtest.Server
	defer srv.Close()
	srv.AddRules(mailtest.Rule{At: mailtest.Body, AfterBytes: 10, Drop: mailtest.Reset})
	err := register(&srv, "bob@qq.com")
	fmt.Println(err != nil, len(srv.Messages()))
	// Output: true 0
}

// Keep the client waiting for longer than it is willing to wait.
func ExampleRule_timeout() {
	var srv mailtest.Server
	defer srv.Close()
	srv.AddRules(mailtest.Rule{At: mailtest.Greeting, Delay: time.Hour})
	conn, err := net.Dial("tcp", srv.Addr())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Millisecond))
	_, err = smtp.NewClient(conn, srv.Host())
	var timeout net.Error
	fmt.Println(errors.As(err, &timeout) && timeout.Timeout())
	// Output: true
}

// Remove STARTTLS from the EHLO reply, as an attacker in the middle does.
func ExampleRule_hiddenSTARTTLS() {
	srv := mailtest.Server{StartTLS: true}
	defer srv.Close()
	srv.AddRules(mailtest.Rule{At: mailtest.Helo, Hide: []string{"STARTTLS"}, Add: []string{"SIZE 1000"}})
	client, err := smtp.Dial(srv.Addr())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	starttls, _ := client.Extension("STARTTLS")
	_, size := client.Extension("SIZE")
	fmt.Println(starttls, size)
	// Output: false 1000
}

// Present a certificate that has expired.
func ExampleRule_expiredCertificate() {
	srv := mailtest.Server{StartTLS: true}
	defer srv.Close()
	srv.AddRules(mailtest.Rule{At: mailtest.Handshake, Certificate: mailtest.Expired})
	client, err := smtp.Dial(srv.Addr())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	var refused *tls.CertificateVerificationError
	fmt.Println(errors.As(client.StartTLS(srv.ClientTLS()), &refused))
	// Output: true
}

// Refuse a message by its header.
func ExampleRule_spam() {
	var srv mailtest.Server
	defer srv.Close()
	srv.AddRules(mailtest.Rule{At: mailtest.Dot, Header: "Subject: Welcome", Reply: "550 5.7.1 This looks like spam"})
	fmt.Println(register(&srv, "bob@qq.com"))
	// Output: 550 "5.7.1 This looks like spam"
}

// Decide by a function, which sees the turn and the earlier commands of the client.
func ExampleRule_answer() {
	var srv mailtest.Server
	defer srv.Close()
	srv.AddRules(mailtest.Rule{At: mailtest.Rcpt, ReplyFunc: func(a *mailtest.Attempt) string {
		if name, _, _ := strings.Cut(a.To, "@"); len(name) < 5 {
			return fmt.Sprintf("553 5.1.3 <%s>: QQ numbers have five digits at least", a.To)
		}
		return "" // the server's own reply
	}})
	fmt.Println(register(&srv, "123@qq.com"))
	fmt.Println(register(&srv, "123456@qq.com"))
	// Output:
	// 553 "5.1.3 <123@qq.com>: QQ numbers have five digits at least"
	// <nil>
}

// Common faults of real servers have names.
func ExampleRule_readyMade() {
	for _, rule := range []mailtest.Rule{
		mailtest.Greylist(5 * time.Minute),
		mailtest.RateLimit(0, time.Minute),
		mailtest.MessageLimit(0),
		mailtest.ConnectionLimit(0),
		mailtest.UnknownMailbox("bob@qq.com"),
		mailtest.FullMailbox("bob@qq.com"),
		mailtest.DisabledMailbox("bob@qq.com"),
		mailtest.Rule{At: mailtest.Rcpt, Delay: time.Millisecond},
		mailtest.Blocklisted("127.0.0.0/8"),
		mailtest.SizeLimit(20),
		mailtest.FailFirst(1),
		mailtest.Maintenance(48 * time.Hour),
	} {
		var srv mailtest.Server
		srv.AddRules(rule)
		fmt.Println(register(&srv, "bob@qq.com"))
		srv.Close()
	}
	// Output:
	// 451 "4.7.1 Greylisted, please try again later"
	// 450 "4.7.1 Rate limit exceeded, please try again later"
	// 421 "4.7.0 Too many messages on this connection"
	// 421 "4.7.0 Too many connections, please try again later"
	// 550 "5.1.1 No such user here"
	// 452 "4.2.2 Mailbox full"
	// 550 "5.2.1 Mailbox disabled, not accepting messages"
	// <nil>
	// 554 "5.7.1 Service unavailable; client host is on a blocklist"
	// 552 "5.3.4 Message size exceeds the limit of 20 bytes"
	// 451 "4.3.0 Local error in processing, please try again later"
	// 421 "4.3.2 Down for maintenance"
}

// For a while, the machine exists but no server runs on it.
func ExampleServer_Suspend() {
	var srv mailtest.Server
	defer srv.Close()
	srv.Suspend()
	fmt.Println(register(&srv, "bob@qq.com") != nil)
	if err := srv.Resume(); err != nil {
		fmt.Println(err)
	}
	fmt.Println(register(&srv, "bob@qq.com"))
	// Output:
	// true
	// <nil>
}
