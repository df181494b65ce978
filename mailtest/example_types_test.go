package mailtest_test

// Examples of the smaller types.

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/smtp"
	"strings"

	"github.com/seed078e9d8c/maillab/mailtest"
)

// Addresses are decoded, in the header as in the envelope.
func ExampleAddress() {
	msg := mailtest.ParseMessage([]byte("To: =?utf-8?B?5byg5LiJ?= <zhangsan@163.com>, bob@qq.com (Bob)\r\n\r\n"))
	for _, to := range msg.To {
		fmt.Printf("%s is %s\n", to.Address, to.Name)
	}
	// Output:
	// zhangsan@163.com is 张三
	// bob@qq.com is Bob
}

// If the fields of a rule are not enough, a function decides by the turn of the client.
func ExampleAttempt() {
	var srv mailtest.Server
	defer srv.Close()
	srv.AddRules(mailtest.Rule{
		At:   mailtest.Dot,
		When: func(a *mailtest.Attempt) bool { return len(a.Message.Attachments) == 0 },
		ReplyFunc: func(a *mailtest.Attempt) string {
			return fmt.Sprintf("554 5.6.0 Where is the attachment, %s?", a.From)
		},
	})
	fmt.Println(register(&srv, "bob@qq.com"))
	// Output: 554 "5.6.0 Where is the attachment, shop@example.com?"
}

// Servers that differ in the end of a message see different messages in the same bytes.
func ExampleBareLF() {
	for _, lf := range []mailtest.BareLF{mailtest.KeepLF, mailtest.RefuseLF, mailtest.EndLF} {
		srv := mailtest.Server{BareLF: lf}
		client, err := smtp.Dial(srv.Addr())
		if err != nil {
			fmt.Println(err)
			return
		}
		client.Mail("a@example.com")
		client.Rcpt("bob@qq.com")
		client.Text.PrintfLine("DATA")
		client.Text.ReadResponse(354)
		client.Text.PrintfLine("Subject: Hello\r\n\r\none\n.\ntwo\r\n.") // and a CRLF
		code, _, _ := client.Text.ReadResponse(250)
		fmt.Print(code)
		for _, m := range srv.Messages() {
			fmt.Printf(" %q", m.Text)
		}
		fmt.Println()
		client.Close()
		srv.Close()
	}
	// Output:
	// 250 "one\n.\ntwo\n"
	// 550
	// 250 "one\n"
}

// A client must not continue if the certificate is for another name.
func ExampleCertificateFault() {
	srv := mailtest.Server{StartTLS: true}
	defer srv.Close()
	srv.AddRules(mailtest.Rule{At: mailtest.Handshake, Certificate: mailtest.OtherName})
	client, err := smtp.Dial(srv.Addr())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	var other x509.HostnameError
	if errors.As(client.StartTLS(srv.ClientTLS()), &other) {
		fmt.Println(other.Certificate.DNSNames)
	}
	// Output: [other.invalid]
}

// A bounce is data, without reading its prose.
func ExampleDeliveryStatus() {
	msg := mailtest.ParseMessage([]byte(strings.ReplaceAll(`Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example.com

Final-Recipient: rfc822; bob@qq.com
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 Mailbox not found
--b--
`, "\n", "\r\n")))
	for _, s := range msg.DeliveryStatus() {
		fmt.Printf("%s: %s at %s, %s %q\n", s.Recipient, s.Action, s.ReportingMTA, s.Status, s.Diagnostic)
	}
	// Output: bob@qq.com: failed at mail.example.com, 5.1.1 "550 Mailbox not found"
}

// The ending of a session says how it ended. Here, a rule has reset the connection.
func ExampleEnding() {
	var srv mailtest.Server
	srv.AddRules(mailtest.Rule{At: mailtest.Data, Drop: mailtest.Reset})
	register(&srv, "bob@qq.com")
	srv.Close()

	ending := srv.Sessions()[0].Ending
	fmt.Println(ending.Kind == mailtest.ServerReset)
	fmt.Println(ending)
	// Output:
	// true
	// the server reset the connection
}

// Kinds have names, for tables and files.
func ExampleEndingKind() {
	for _, kind := range []mailtest.EndingKind{mailtest.ClientQuit, mailtest.ClientBroke, mailtest.ServerReset} {
		fmt.Println(kind)
	}
	// Output:
	// ClientQuit
	// ClientBroke
	// ServerReset
}

// The header has the fields in their order, both decoded and raw.
func ExampleField() {
	msg := mailtest.ParseMessage([]byte("X-Shop: one\r\nSubject: =?utf-8?B?5L2g5aW9?=,\r\n Bob\r\n\r\n"))
	for _, f := range msg.Header {
		fmt.Printf("%s = %q, from %q\n", f.Name, f.Value, f.Raw)
	}
	// Output:
	// X-Shop = "one", from "X-Shop: one\r\n"
	// Subject = "你好, Bob", from "Subject: =?utf-8?B?5L2g5aW9?=,\r\n Bob\r\n"
}

// To confirm an address, a test follows the link in the mail, or takes the token out of it.
func ExampleLink() {
	msg := mailtest.ParseMessage([]byte("Content-Type: text/html\r\n\r\n" +
		`<a href="https://example.com/confirm?user=bob&amp;token=42">Yes, <b>it is me</b></a>`))
	for _, link := range msg.Links() {
		fmt.Println(link.Text, link.URL, link.Query().Get("token"))
	}
	// Output: Yes, it is me https://example.com/confirm?user=bob&token=42 42
}

// A newsletter can be left with one click.
func ExampleList() {
	list := mailtest.ParseMessage([]byte("List-Id: The news <news.example.com>\r\n" +
		"List-Unsubscribe: <https://example.com/leave?id=7>, <mailto:leave@example.com>\r\n" +
		"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\r\n")).List()
	fmt.Println(list.ID, list.Unsubscribe, list.OneClick)
	// Output: news.example.com [https://example.com/leave?id=7 mailto:leave@example.com] true
}

// A note names a mistake of the client in the bytes. Here the client did not double a dot.
func ExampleNote() {
	var srv mailtest.Server
	conn, err := net.Dial("tcp", srv.Addr())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	fmt.Fprint(conn, "HELO shop.example\r\nMAIL FROM:<shop@example.com>\r\nRCPT TO:<bob@qq.com>\r\nDATA\r\n.hidden\r\n.\r\nQUIT\r\n")
	io.Copy(io.Discard, conn)
	srv.Close()

	for _, turn := range srv.Sessions()[0].Turns {
		for _, note := range turn.Notes {
			if note.Kind == mailtest.DotNotDoubled {
				fmt.Println(turn.Stage, note.Count, note)
			}
		}
	}
	// Output: Dot 1 1 line begins with a dot that was not doubled
}

// Tests compare the kind of a note.
func ExampleNoteKind() {
	note := mailtest.Note{Kind: mailtest.DotNotDoubled, Count: 2}
	fmt.Println(note.Kind)
	fmt.Println(note)
	// Output:
	// DotNotDoubled
	// 2 lines begin with a dot that was not doubled
}

// A recipient has the notifications that the client wants for it.
func ExampleRecipient() {
	var srv mailtest.Server
	defer srv.Close()
	client, err := smtp.Dial(srv.Addr())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	client.Mail("shop@example.com")
	client.Text.PrintfLine("RCPT TO:<bob@qq.com> NOTIFY=FAILURE,DELAY ORCPT=rfc822;bob+2Bbooks@qq.com")
	client.Text.ReadResponse(250)
	if body, err := client.Data(); err == nil {
		body.Close()
	}
	for _, to := range srv.Messages()[0].Envelope.To {
		fmt.Println(to.Address, to.Notify, to.Original)
	}
	// Output: bob@qq.com [FAILURE DELAY] bob+books@qq.com
}

// The envelope says whether and how the connection was encrypted.
func ExampleTLSState() {
	srv := mailtest.Server{StartTLS: true}
	defer srv.Close()
	client, err := smtp.Dial(srv.Addr())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	client.StartTLS(srv.ClientTLS())
	client.Mail("shop@example.com")
	client.Rcpt("bob@qq.com")
	if body, err := client.Data(); err == nil {
		body.Close()
	}
	for _, m := range srv.Messages() {
		fmt.Println(m.Envelope.TLS.Version, "by STARTTLS:", !m.Envelope.TLS.Implicit)
	}
	// Output: TLS 1.3 by STARTTLS: true
}

// A turn is a command of the client and the reply to it.
func ExampleTurn() {
	var srv mailtest.Server
	srv.AddRules(mailtest.UnknownMailbox("bob@qq.com"))
	register(&srv, "bob@qq.com")
	srv.Close() // so the transcript is complete

	for _, turn := range srv.Sessions()[0].Turns {
		if turn.Rule > 0 {
			fmt.Println(turn.Stage, turn.Command, turn.Reply)
		}
	}
	// Output: Rcpt RCPT TO:<bob@qq.com> 550 5.1.1 No such user here
}
