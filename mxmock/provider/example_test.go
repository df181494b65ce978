package provider_test

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/smtp"
	"strings"

	"github.com/seed078e9d8c/maillab/examples/outbound"
	"github.com/seed078e9d8c/maillab/mxmock"
	"github.com/seed078e9d8c/maillab/mxmock/provider"
)

// malformed is the first mail of somebody who has read half of an RFC: the commands of the dialogue
// in place of the header.
const malformed = "mail from: jb@wchrt.vicp.cc\r\nrcpt to: 414322153@qq.com\r\nsubject: hello\r\nShall we meet?\r\n"

// mended is the same mail with a header.
const mended = "From: <jb@wchrt.vicp.cc>\r\nTo: <414322153@qq.com>\r\nDate: Tue, 9 Dec 2014 11:20:55 +0800\r\n" +
	"Message-ID: <1@wchrt.vicp.cc>\r\nSubject: hello\r\n\r\nShall we meet?\r\n"

// send delivers a mail by MX and prints what became of it.
func send(inet *mxmock.Internet, to, message string) {
	s := outbound.Sender{Resolver: inet.Resolver(), DialContext: inet.DialContext, Hostname: "wchrt.vicp.cc"}
	results, _ := s.Send(context.Background(), "jb@wchrt.vicp.cc", []string{to}, []byte(message))
	r := results[0]
	if r.Status == outbound.Delivered {
		fmt.Printf("%s: %s\n", to, r.Status)
		return
	}
	fmt.Printf("%s: %s at %s: %d %s\n", to, r.Status, r.Stage, r.Code, r.Text)
}

// 163.com takes everything: no policy of it is against a message without a header, and it knows
// nothing bad of the sender. To be sure of that, all of its policies can be switched off.
func Example_tolerant() {
	inet := &mxmock.Internet{}
	defer inet.Close()
	netease := provider.Add(inet, "163.com")

	send(inet, "jb@163.com", malformed)
	netease.Off()
	send(inet, "jb@163.com", "")
	fmt.Println(len(inet.Messages()), "messages have arrived")
	// Output:
	// jb@163.com: delivered
	// jb@163.com: delivered
	// 2 messages have arrived
}

// qq.com refuses a malformed message, and takes the mended one.
func Example_strict() {
	inet := &mxmock.Internet{}
	defer inet.Close()
	provider.Add(inet, "qq.com")

	send(inet, "414322153@qq.com", malformed)
	send(inet, "414322153@qq.com", mended)
	// Output:
	// 414322153@qq.com: permanent at dot: 550 The "From" header is missing or invalid. Please follow RFC5322, RFC2047, RFC822 standard protocol. https://service.mail.qq.com/detail/124/995.
	// 414322153@qq.com: delivered
}

// sina.com trusts neither the address nor the domain of a machine with a dynamic name: it wants a PTR record that
// leads back, and a name that exists. A host that has both gets through, unless its address is on the blocklist.
func Example_mistrustful() {
	inet := &mxmock.Internet{}
	defer inet.Close()
	sina := provider.Add(inet, "sina.com")

	send(inet, "jb@sina.com", mended)
	sina.Off("ptr")
	send(inet, "jb@sina.com", mended)
	inet.Host("wchrt.vicp.cc") // now the name exists
	send(inet, "jb@sina.com", mended)
	sina.Block("192.0.2.1")
	send(inet, "jb@sina.com", mended)
	// Output:
	// jb@sina.com: temporary at rcpt: 450 Client host rejected: cannot find your hostname
	// jb@sina.com: temporary at rcpt: 450 Helo command rejected: Host not found
	// jb@sina.com: delivered
	// jb@sina.com: permanent at mail: 554 Please visit http://antispam.sina.com.cn/denyip.php?IP=192.0.2.1 (#5.7.1)
}

// The first trap is that smtp.qq.com is in every mail program but is not an MX host. It takes mail of the
// provider's own users, who log in with an authorization code. The MX hosts take the mail for them.
func Example_submission() {
	inet := &mxmock.Internet{}
	defer inet.Close()
	qq := provider.Add(inet, "qq.com")
	qq.Account("414322153@qq.com", "abcdefghijklmnop")

	mxs, err := inet.Resolver().LookupMX(context.Background(), "qq.com")
	if err != nil {
		log.Fatal(err)
	}
	for _, mx := range mxs {
		fmt.Println(mx.Host)
	}
	conn, err := inet.DialContext(context.Background(), "tcp", "smtp.qq.com:587")
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	c, err := smtp.NewClient(conn, "smtp.qq.com")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(c.Mail("jb@wchrt.vicp.cc"))
	// Output:
	// mx3.qq.com.
	// mx2.qq.com.
	// mx1.qq.com.
	// 503 "Error: need EHLO and AUTH first !"
}

// Your own provider is a text, with the replies of its server and its refusals.
func ExampleLoad() {
	inet := &mxmock.Internet{}
	defer inet.Close()
	mine, err := provider.Load(inet, `
# The mail of my customer, as its bounces tell.

provider customer.example

domain customer.example
	mx 10 mail.customer.example
	spf v=spf1 mx -all
	source log 2026-11 dig

service mx
	hosts mail.customer.example
	ports 25
	token [0-9A-F]{8}
	greeting 220 {host} ready
	ehlo 250-{host}
	ehlo 250 8BITMIME
	dot 250 Thanks, {token}
	source log 2026-11 our own

policy mornings
	at mail
	when rate client
	limit 2 1h
	reply 451 Enough for now, {ip}
	source log 2026-11 our own
`)
	if err != nil {
		log.Fatal(err)
	}
	mine.Limit(1, 0)
	send(inet, "bob@customer.example", mended)
	send(inet, "bob@customer.example", mended)
	// Output:
	// bob@customer.example: delivered
	// bob@customer.example: temporary at mail: 451 Enough for now, 192.0.2.1
}

// A host with a name, an SPF record and a message in order: that is what a sender needs to be taken
// by all of them.
func ExampleAdd() {
	inet := &mxmock.Internet{}
	defer inet.Close()
	gmail := provider.Add(inet, "gmail.com")
	gmail.Mailbox("bob@gmail.com", provider.Good)
	gmail.Mailbox("carol@gmail.com", provider.Full)

	shop := inet.Host("mail.shop.example")
	if err := inet.AddZone(`shop.example. TXT "v=spf1 a:mail.shop.example -all"`); err != nil {
		log.Fatal(err)
	}
	for _, dial := range []func(context.Context, string, string) (net.Conn, error){inet.DialContext, shop.DialContext} {
		s := outbound.Sender{Resolver: inet.Resolver(), DialContext: dial, Hostname: "mail.shop.example"}
		message := strings.ReplaceAll(mended, "wchrt.vicp.cc", "shop.example")
		results, _ := s.Send(context.Background(), "jb@shop.example", []string{"bob@gmail.com", "carol@gmail.com", "dave@gmail.com"}, []byte(message))
		for _, r := range results {
			fmt.Println(r.To, r.Status, r.Code, r.Enhanced)
		}
	}
	// Output:
	// bob@gmail.com permanent 550 5.7.25
	// carol@gmail.com temporary 452 4.2.2
	// dave@gmail.com permanent 550 5.1.1
	// bob@gmail.com delivered 250 2.0.0
	// carol@gmail.com temporary 452 4.2.2
	// dave@gmail.com permanent 550 5.1.1
}
