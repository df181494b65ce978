package lint_test

// The message of a man who did not know why he was banned, and the same message mended.

import (
	"fmt"
	"net"
	"net/textproto"
	"strings"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/lint"
)

// The first message of many a home-made mail server: what was said as commands stands in the header
// again, the subject is not encoded, and nothing separates it from the text. qq.com answers such
// mail with `550 The "From" header is missing or invalid`, and a sender that goes on is blocked.
func ExampleCheck() {
	bad := "mail from: jb@wchrt.vicp.cc\r\n" +
		"rcpt to: 414322153@qq.com\r\n" +
		"subject: 你好\r\n" +
		"约不约?\r\n"
	for _, f := range lint.Check(mailtest.ParseMessage([]byte(bad))) {
		fmt.Println(f)
	}

	mended := "From: <jb@wchrt.vicp.cc>\r\n" +
		"To: <414322153@qq.com>\r\n" +
		"Subject: =?utf-8?B?5L2g5aW9?=\r\n" +
		"Date: Tue, 09 Dec 2014 11:20:55 +0800\r\n" +
		"Message-ID: <20141209112055.1@wchrt.vicp.cc>\r\n" +
		"MIME-Version: 1.0\r\n" +
		"Content-Type: text/plain; charset=utf-8\r\n" +
		"Content-Transfer-Encoding: base64\r\n" +
		"\r\n" +
		"57qm5LiN57qmPw==\r\n"
	fmt.Println("mended:", len(lint.Check(mailtest.ParseMessage([]byte(mended)))), "findings")
	// Output:
	// message: error: there is no Date field [date-missing, RFC 5322 §3.6]
	// message: error: there is no From field [from-missing, RFC 5322 §3.6]
	// message: warning: there is no Message-ID field [message-id-missing, RFC 5322 §3.6.4]
	// message: warning: there is neither To nor Cc [recipient-missing, SpamAssassin MISSING_HEADERS]
	// message:1: error: the field name "mail from" has a space in it [field-name, RFC 5322 §2.2]
	// message:2: error: the field name "rcpt to" has a space in it [field-name, RFC 5322 §2.2]
	// message:3: error: the field "subject" has bytes beyond ASCII: "你好" [header-not-ascii, RFC 5322 §2.2, RFC 6532 §3]
	// message:4: error: "约不约?" is neither a header field nor the empty line that ends the header [blank-line-missing, RFC 5322 §2.1]
	// message:4: part 1: error: the transfer encoding is 7bit and the content has bytes beyond ASCII: "约不约?\r\n" [body-not-ascii, RFC 2045 §6.2]
	// message:4: part 1: error: the text names no charset and is not ASCII: "约不约?\r\n" [charset-wrong, RFC 2046 §4.1.2]
	// mended: 0 findings
}

// What his program sent later, with MIME: still without Date and Message-ID, and the base64 in one
// line however long.
func ExampleCheck_mime() {
	bad := "From: jb@wchrt.vicp.cc\r\n" +
		"To: 414322153@qq.com\r\n" +
		"Subject: =?GBK?B?xOO6ww==?=\r\n" +
		"Content-Type: multipart/alternative;\r\n" +
		" boundary=\"--=_Part=\"\r\n" +
		"MIME-Version: 1.0\r\n" +
		"\r\n" +
		"This is a multi-part message in MIME format.\r\n" +
		"\r\n" +
		"----=_Part=\r\n" +
		"Content-Type: text/plain; charset=GBK\r\n" +
		"Content-Transfer-Encoding: base64\r\n" +
		"\r\n" +
		strings.Repeat("1Ly7sdS8PyAg", 10) + "\r\n" +
		"----=_Part=--\r\n" +
		"\r\n\r\n"
	for _, f := range lint.Check(mailtest.ParseMessage([]byte(bad))) {
		fmt.Printf("%s: %s\n", f.Rule, f.Fix)
	}
	// Output:
	// date-missing: add a Date field with the time at which the message was written
	// message-id-missing: add a Message-ID that no other message has, such as <random@your.domain>
	// base64-line-length: break the base64 into lines of 76 characters
}

// The dialogue of that message, word for word as the article about it has it.
func ExampleSession() {
	srv := &mailtest.Server{}
	defer srv.Close()
	conn, err := net.Dial("tcp", srv.Addr())
	if err != nil {
		fmt.Println(err)
		return
	}
	client := textproto.NewConn(conn)
	defer client.Close()
	client.ReadResponse(220)
	for _, line := range []string{
		"helo wchrt.vicp.cc", "mail from: <jb@wchrt.vicp.cc>", "rcpt to: <414322153@qq.com>", "data",
		"Subject: hello\r\n\r\nshall we?\r\n.", "QUIT",
	} {
		client.PrintfLine("%s", line)
		client.ReadResponse(0)
	}
	for _, f := range lint.CheckSession(srv.Sessions()[0]) {
		fmt.Println(f)
	}
	// Output:
	// session 1:2: note: "helo wchrt.vicp.cc" was the first that the client tried [helo-old, RFC 5321 §2.2.1]
	// session 1:3: error: there is a space at the colon of "mail from: <jb@wchrt.vicp.cc>" [path-space, RFC 5321 §3.3]
	// session 1:4: error: there is a space at the colon of "rcpt to: <414322153@qq.com>" [path-space, RFC 5321 §3.3]
}
