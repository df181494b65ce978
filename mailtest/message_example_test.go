package mailtest_test

// Examples of decoding and reading a message.

import (
	"fmt"
	"strings"

	"github.com/seed078e9d8c/maillab/mailtest"
)

func ExampleParseMessage() {
	raw := strings.ReplaceAll(`From: =?GBK?B?1cXI/Q==?= <zhangsan@163.com>
To: bob@qq.com
Subject: =?gb2312?B?xOO6ww==?=
Content-Type: text/plain; charset=gb2312
Content-Transfer-Encoding: base64

1Lyyu9S8Pw0K
`, "\n", "\r\n")

	msg := mailtest.ParseMessage([]byte(raw))
	fmt.Printf("%q from %q: %q\n", msg.Subject, msg.From[0].Name, msg.Text)
	// Output:
	// "你好" from "张三": "约不约?\n"
}

func ExamplePart() {
	raw := strings.ReplaceAll(`Subject: your invoice
Content-Type: multipart/mixed; boundary=frontier

--frontier

See attachment.
--frontier
Content-Type: application/pdf
Content-Disposition: attachment; filename*=utf-8''%E5%8F%91%E7%A5%A8.pdf
Content-Transfer-Encoding: base64

JVBERi0xLjcK
--frontier--
`, "\n", "\r\n")

	msg := mailtest.ParseMessage([]byte(raw))
	for _, a := range msg.Attachments {
		fmt.Printf("part %s: %s %s, %d bytes, %q\n", a.Path, a.MediaType, a.Filename, len(a.Content), a.Content)
	}
	// Output:
	// part 2: application/pdf 发票.pdf, 9 bytes, "%PDF-1.7\n"
}

func ExampleMessage_problems() {
	msg := mailtest.ParseMessage([]byte("Subject: =?x-unknown-charset?Q?caf=C3=A9?=\r\n\r\nna\xefve\r\n"))
	fmt.Println(msg.Subject)
	for _, p := range msg.Problems {
		fmt.Println(p)
	}
	// Output:
	// café
	// header Subject at byte 0: encoded word in "x-unknown-charset": charset "x-unknown-charset" is unknown: read as utf-8, which all of it is
	// part 1 at byte 46: byte 2 is not us-ascii, and no charset is named: read as windows-1252, for want of evidence for anything else
}

// A forwarded message is an attachment, with everything that a message has.
func ExamplePart_Message() {
	msg := mailtest.ParseMessage([]byte("Subject: Fwd: Lunch\r\nContent-Type: message/rfc822\r\n\r\nSubject: Lunch\r\n\r\nAt noon?\r\n"))
	inside := msg.Attachments[0].Message()
	fmt.Printf("%q in %q: %q\n", inside.Subject, msg.Subject, inside.Text)
	// Output:
	// "Lunch" in "Fwd: Lunch": "At noon?\n"
}
