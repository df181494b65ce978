package mailauth_test

// Examples of the package.

import (
	"context"
	"fmt"
	"net"
	"net/smtp"
	"strings"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/mailauth"
	"github.com/seed078e9d8c/maillab/mxmock"
)

// A program delivers a message to qq.com from its own machine. Would qq.com trust it? In a test,
// use mxmock.New(t), mx.Next(t) and t.Errorf.
func ExampleCheck() {
	inet := &mxmock.Internet{}
	defer inet.Close()
	mx := inet.MX("qq.com", "mx1.qq.com")[0]
	machine := inet.Host("mx.shop.example", "203.0.113.7")

	// What the owner of shop.example has done for it to be trusted.
	signer := mailauth.Signer{Domain: "shop.example"}
	key, err := signer.Zone()
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := inet.AddZone(key + `
shop.example.        TXT "v=spf1 a:mx.shop.example -all"
_dmarc.shop.example. TXT "v=DMARC1; p=reject"
`); err != nil {
		fmt.Println(err)
		return
	}

	// What the program does.
	raw, err := signer.Sign([]byte("From: news@shop.example\r\nSubject: Welcome\r\n\r\nHello Bob\r\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := deliver(machine, "mx1.qq.com", "news@shop.example", "bob@qq.com", raw); err != nil {
		fmt.Println(err)
		return
	}

	// What qq.com thinks of it.
	msg := mx.Messages()[0]
	v, why := mailauth.Check(context.Background(), msg, inet.Resolver())
	if want := (mailauth.Verdict{SPF: "pass", DKIM: "pass", DMARC: "pass"}); v != want {
		fmt.Printf("verdict = %+v, want %+v: %v\n", v, want, why)
	}
	fmt.Println(why.SPF.Reason)
	fmt.Println(why.DMARC.Reason)
	// Output:
	// 203.0.113.7 matches a:mx.shop.example of shop.example
	// spf passes for shop.example, which is aligned with shop.example
}

// deliver sends a message from a machine.
func deliver(machine *mxmock.Host, mx, from, to string, raw []byte) error {
	conn, err := machine.DialContext(context.Background(), "tcp", mx+":25")
	if err != nil {
		return err
	}
	c, err := smtp.NewClient(conn, mx)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Hello(machine.Name()); err != nil {
		return err
	}
	if err := c.Mail(from); err != nil {
		return err
	}
	if err := c.Rcpt(to); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(raw); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return c.Quit()
}

// world is an internet with these records.
func world(records string) *mxmock.Internet {
	inet := &mxmock.Internet{}
	if err := inet.AddZone(records); err != nil {
		panic(err)
	}
	return inet
}

// received is a message as a server has it that took it from a client.
func received(client, sender, raw string) *mailtest.Message {
	msg := mailtest.ParseMessage([]byte(raw))
	msg.Envelope = mailtest.Envelope{Client: client + ":1025", Helo: "mx.shop.example", From: sender}
	return msg
}

// Verdicts are comparable: a table of a test can say what it wants.
func ExampleVerdict() {
	inet := world(`shop.example. TXT "v=spf1 ip4:203.0.113.7 -all"`)
	defer inet.Close()
	msg := received("203.0.113.99", "news@shop.example", "From: news@shop.example\r\n\r\nHello\r\n")
	v, _ := mailauth.Check(context.Background(), msg, inet.Resolver())
	fmt.Printf("%+v\n", v)
	fmt.Println(v == mailauth.Verdict{SPF: "fail", DKIM: "none", DMARC: "none"})
	// Output:
	// {SPF:fail DKIM:none DMARC:none}
	// true
}

func ExampleResult() {
	for _, result := range []mailauth.Result{mailauth.Pass, mailauth.TempError, mailauth.Fail} {
		switch result {
		case mailauth.Pass:
			fmt.Println(result, "250 2.0.0 OK")
		case mailauth.TempError:
			fmt.Println(result, "451 4.7.24 Try again later")
		default:
			fmt.Println(result, "550 5.7.26 Not trusted")
		}
	}
	// Output:
	// pass 250 2.0.0 OK
	// temperror 451 4.7.24 Try again later
	// fail 550 5.7.26 Not trusted
}

// The report of a message that nobody has any reason to trust.
func ExampleReport() {
	inet := world(`_dmarc.shop.example. TXT "v=DMARC1; p=reject"`)
	defer inet.Close()
	msg := received("203.0.113.7", "news@shop.example", "From: news@shop.example\r\n\r\nHello\r\n")
	_, why := mailauth.Check(context.Background(), msg, inet.Resolver())
	fmt.Println(strings.ReplaceAll(why.String(), "\t", "  "))
	// Output:
	// spf=none for the mailfrom news@shop.example: shop.example has no SPF record
	//   client: 203.0.113.7
	// spf=none for the helo postmaster@mx.shop.example: mx.shop.example has no SPF record
	//   client: 203.0.113.7
	// dkim=none: the message has no signature
	// dmarc=fail for shop.example: spf=none for shop.example, aligned with shop.example
	//   _dmarc.shop.example: v=DMARC1; p=reject
	//   _dmarc.example: no record
	//   policy: reject, from p= of shop.example
	//   alignment: spf shop.example, aligned (relaxed), organisations shop.example and shop.example
}

func ExampleReport_AuthenticationResults() {
	inet := world(`shop.example. TXT "v=spf1 ip4:203.0.113.7 -all"`)
	defer inet.Close()
	msg := received("203.0.113.7", "news@shop.example", "From: news@shop.example\r\n\r\nHello\r\n")
	_, why := mailauth.Check(context.Background(), msg, inet.Resolver())
	field := why.AuthenticationResults("mx1.qq.com")
	fmt.Print(strings.NewReplacer("\r\n", "\n", "\t", "  ").Replace(field))
	// Output:
	// Authentication-Results: mx1.qq.com;
	//   spf=pass
	//    smtp.mailfrom=news@shop.example;
	//   spf=none
	//    smtp.helo=mx.shop.example;
	//   dkim=none;
	//   dmarc=none
	//    header.from=shop.example
}

// How close is a record to the limit of ten look-ups?
func ExampleSPF() {
	inet := world(`
shop.example. TXT "v=spf1 mx include:esp.example -all"
shop.example. MX  10 mx.shop.example.
mx.shop.example. A 203.0.113.7
esp.example.  TXT "v=spf1 ip4:198.51.100.0/24 -all"
`)
	defer inet.Close()
	msg := received("198.51.100.9", "news@shop.example", "From: news@shop.example\r\n\r\nHello\r\n")
	_, why := mailauth.Check(context.Background(), msg, inet.Resolver())
	fmt.Println(why.SPF.Result, why.SPF.Lookups)
	for _, term := range why.SPF.Matched {
		fmt.Println(term)
	}
	// Output:
	// pass 2
	// shop.example: include:esp.example
	// esp.example: ip4:198.51.100.0/24
}

// A mailing list adds a footer, and the signature breaks: the header is as it was signed, the body is not.
func ExampleSignature() {
	signer := mailauth.Signer{Domain: "shop.example"}
	key, err := signer.Zone()
	if err != nil {
		fmt.Println(err)
		return
	}
	inet := world(key)
	defer inet.Close()
	raw, err := signer.Sign([]byte("From: news@shop.example\r\n\r\nHello\r\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	msg := mailtest.ParseMessage(append(raw, "-- \r\nYou are on the list.\r\n"...))
	_, why := mailauth.Check(context.Background(), msg, inet.Resolver())
	s := why.Signatures[0]
	fmt.Println(s.Result, s.HeaderOK, s.BodyOK)
	fmt.Println(s.Reason)
	// Output:
	// fail true false
	// body hash mismatch: the body has changed since it was signed; the signed header fields have not
}

// A subdomain has no record of its own, so the policy comes from the organisation.
func ExampleDMARC() {
	inet := world(`_dmarc.shop.example. TXT "v=DMARC1; p=none; sp=quarantine"`)
	defer inet.Close()
	msg := mailtest.ParseMessage([]byte("From: bot@news.shop.example\r\n\r\nHello\r\n"))
	_, why := mailauth.Check(context.Background(), msg, inet.Resolver())
	d := why.DMARC
	fmt.Println(d.Result, d.Policy, "by", d.Tag, "of", d.RecordDomain)
	for _, step := range d.Walk {
		fmt.Println(step)
	}
	// Output:
	// fail quarantine by sp of shop.example
	// _dmarc.news.shop.example: no record
	// _dmarc.shop.example: v=DMARC1; p=none; sp=quarantine
	// _dmarc.example: no record
}

// SPF passes, but for the domain of a mailing service, which the reader does not see.
func ExampleAlignment() {
	inet := world(`
esp.example.         TXT "v=spf1 ip4:198.51.100.0/24 -all"
_dmarc.shop.example. TXT "v=DMARC1; p=reject"
`)
	defer inet.Close()
	msg := received("198.51.100.9", "bounce@esp.example", "From: news@shop.example\r\n\r\nHello\r\n")
	_, why := mailauth.Check(context.Background(), msg, inet.Resolver())
	for _, a := range why.DMARC.Alignments {
		fmt.Println(a.Method, a.Domain, a.Result, a.Aligned)
	}
	fmt.Println(why.DMARC.Result)
	// Output:
	// spf esp.example pass false
	// fail
}

// The real DNS is a Resolver too.
func ExampleResolver() {
	var r mailauth.Resolver = net.DefaultResolver
	fmt.Printf("%T\n", r)
	// Output:
	// *net.Resolver
}

// A verifier under test must refuse signatures that are broken in various ways.
func ExampleSigner() {
	inet := &mxmock.Internet{}
	defer inet.Close()
	good := mailauth.Signer{Domain: "shop.example", Algorithm: "ed25519-sha256"}
	key, err := good.Zone()
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := inet.AddZone(key); err != nil {
		fmt.Println(err)
		return
	}
	wrongHash, wrongSelector, noFrom := good, good, good
	wrongHash.Tags = map[string]string{"bh": "AAAA"}
	wrongSelector.Selector = "lost"
	noFrom.Headers = []string{"Subject"}
	for _, signer := range []mailauth.Signer{good, wrongHash, wrongSelector, noFrom} {
		raw, err := signer.Sign([]byte("From: news@shop.example\r\nSubject: Hi\r\n\r\nHello\r\n"))
		if err != nil {
			fmt.Println(err)
			return
		}
		v, _ := mailauth.Check(context.Background(), mailtest.ParseMessage(raw), inet.Resolver())
		fmt.Println(v.DKIM)
	}
	// Output:
	// pass
	// fail
	// permerror
	// permerror
}

func ExampleSigner_Record() {
	record, err := mailauth.Signer{Domain: "shop.example", Algorithm: "ed25519-sha256"}.Record()
	if err != nil {
		fmt.Println(err)
		return
	}
	name, _, _ := strings.Cut(record, "p=")
	fmt.Println(name, len(record)-len(name)-len("p="))
	// Output:
	// v=DKIM1; k=ed25519;  44
}

func ExampleSigner_Zone() {
	line, err := mailauth.Signer{Domain: "shop.example", Selector: "2026", Algorithm: "ed25519-sha256"}.Zone()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(line[:len(`2026._domainkey.shop.example. TXT "v=DKIM1; k=ed25519; p=`)])
	// Output:
	// 2026._domainkey.shop.example. TXT "v=DKIM1; k=ed25519; p=
}
