package main

// Rows that measure reading: messages decoded, linted, and fetched by POP3 and IMAP; the page with 50,000 messages.

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/mail"
	"strings"
	"testing"
	"time"

	gomessage "github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/imap"
	"github.com/seed078e9d8c/maillab/mailtest/lint"
	"github.com/seed078e9d8c/maillab/mailtest/mailstore"
	"github.com/seed078e9d8c/maillab/mailtest/pop3"
)

func readRows() []row {
	var all []row
	for _, m := range []struct {
		name, about string
		text        func() string
	}{
		{"DecodePlain", "a message of two lines", plain},
		{"DecodeNewsletter", "a newsletter of 40 KiB, text and HTML in quoted-printable", newsletter},
		{"DecodeAttachment", "an attachment of 1 MiB in base64", attachment},
		{"DecodeHostile", "5,000 empty parts without an end, at which a peer may give up", hostile},
	} {
		tolerant := func(read func([]byte) error) func([]byte) error { // a peer may give up on hostile mail
			return func(raw []byte) error {
				if err := read(raw); m.name != "DecodeHostile" {
					return err
				}
				return nil
			}
		}
		all = append(all, row{
			name: m.name, about: m.about + ": decode it, and look at subject, text and attachments", cpus: 1, benchtime: "300ms", peer: "go-message", heavy: true,
			contestants: []contestant{
				{"ours", decode(m.text, readOurs)},
				{"enmime", decode(m.text, tolerant(readEnmime))},
				{"go-message", decode(m.text, tolerant(readGoMessage))},
				{"netmail", decode(m.text, tolerant(readNetMail))},
			},
			goals: []goal{{"ours", 1.0, "go-message"}, {"ours", 1.0, "enmime"}},
		})
	}
	return append(all,
		row{
			name: "LintAttachment", about: "lint of an attachment of 1 MiB, beside its decoding", cpus: 1, benchtime: "300ms", peer: "decoding",
			contestants: []contestant{{"ours", lintAttachment}, {"decoding", decode(attachment, readOurs)}},
			goals:       []goal{{"ours", 2.0, "decoding"}},
		},
		row{
			name: "FetchPOP3", about: "1,000 messages of 2 KiB by RETR, one after the other, on loopback", cpus: 1, benchtime: "300ms",
			contestants: []contestant{{"ours", fetch(fetchPOP3)}},
		},
		row{
			name: "FetchIMAP", about: "the same by one FETCH", cpus: 1, benchtime: "300ms",
			contestants: []contestant{{"ours", fetch(fetchIMAP)}},
		},
		row{
			name: "PageList", about: "the first page of a list of 50,000 messages, and of a search in them", cpus: 2, benchtime: "300ms", heavy: true,
			contestants: []contestant{{"list", askPage("/")}, {"search", askPage("/?q=subject:49999")}},
		},
	)
}

// decode measures how long it takes to read a message, which is made here: a row must hold nothing (see heavy.go).
func decode(text func() string, read func(raw []byte) error) func(*testing.B) {
	return func(b *testing.B) {
		raw := []byte(text())
		b.ReportAllocs()
		for b.Loop() {
			if err := read(raw); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func lintAttachment(b *testing.B) {
	m := mailtest.ParseMessage([]byte(attachment()))
	b.ReportAllocs()
	for b.Loop() {
		lint.Check(m)
	}
}

func readOurs(raw []byte) error {
	mailtest.ParseMessage(raw)
	return nil
}

// readGoMessage reads a whole message with go-message, which converts texts to UTF-8.
func readGoMessage(raw []byte) error {
	e, err := gomessage.Read(bytes.NewReader(raw))
	if err != nil && !gomessage.IsUnknownCharset(err) {
		return err
	}
	if _, err := e.Header.Text("Subject"); err != nil {
		return err
	}
	return e.Walk(func(_ []int, e *gomessage.Entity, err error) error {
		if err != nil {
			return err
		}
		if typ, _, _ := e.Header.ContentType(); strings.HasPrefix(typ, "multipart/") {
			return nil
		}
		_, err = io.Copy(io.Discard, e.Body)
		return err
	})
}

// readNetMail reads a whole message with the standard library. Parts are decoded from quoted-printable and base64, but
// not from their charset.
func readNetMail(raw []byte) error {
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	if _, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject")); err != nil {
		return err
	}
	typ, params, _ := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if !strings.HasPrefix(typ, "multipart/") {
		_, err = io.Copy(io.Discard, m.Body)
		return err
	}
	for r := multipart.NewReader(m.Body, params["boundary"]); ; {
		p, err := r.NextPart()
		switch {
		case err == io.EOF || err == io.ErrUnexpectedEOF || err != nil && strings.HasSuffix(err.Error(), "EOF"):
			return nil
		case err != nil:
			return err
		}
		var body io.Reader = p
		if strings.EqualFold(p.Header.Get("Content-Transfer-Encoding"), "base64") {
			body = base64.NewDecoder(base64.StdEncoding, p)
		}
		if _, err := io.Copy(io.Discard, body); err != nil {
			return err
		}
	}
}

func plain() string {
	return "From: jb@shop.example\r\nTo: bob@qq.com\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\nHello Bob\r\n"
}

func hostile() string {
	return "Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\n\r\n", 5000)
}

// newsletter returns a message with text and HTML.
func newsletter() string {
	text := strings.Repeat("Gr=C3=BC=C3=9Fe aus K=C3=B6ln, und noch etwas mehr Text, damit die Zeile =\r\nvoll wird.\r\n", 150)
	html := strings.Repeat("<tr><td style=3D\"color:#333\"><a href=3D\"https://shop.example/?a=3D1\">Gr=C3=BC=C3=9Fe</a> aus K=C3=B6ln</td></tr>\r\n", 240)
	return "From: jb@shop.example\r\nSubject: News\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n" +
		"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + text + "--b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<table>" +
		html + "</table>\r\n--b--\r\n"
}

// attachment returns a message with an attachment of 1 MiB.
func attachment() string {
	var body strings.Builder
	encoded := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("0123456789abcdef"), 1<<20/16))
	for len(encoded) > 0 {
		n := min(76, len(encoded))
		body.WriteString(encoded[:n] + "\r\n")
		encoded = encoded[n:]
	}
	return "From: jb@shop.example\r\nDate: Tue, 29 Feb 2028 12:00:00 +0800\r\nMessage-ID: <a@shop.example>\r\nSubject: Invoice\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nHello\r\n--b\r\nContent-Type: application/pdf; name=a.pdf\r\n" +
		"Content-Disposition: attachment; filename=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n" + body.String() + "--b--\r\n"
}

// fetch measures the time to read 1,000 messages.
func fetch(f func(*testing.B, *mailstore.Memory) (again func() error)) func(*testing.B) {
	return func(b *testing.B) {
		store := new(mailstore.Memory)
		text := strings.Repeat("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd\r\n", 32)
		for n := range 1000 {
			store.Deliver(fmt.Appendf(nil, "Subject: %d\r\n\r\n%s", n, text), time.Now(), "bob@qq.com")
		}
		again := f(b, store)
		b.ReportAllocs()
		for b.Loop() {
			if err := again(); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// dialogue is a connection on which commands are sent and lines are read.
type dialogue struct {
	conn net.Conn
	in   *bufio.Reader
}

func converse(b *testing.B, addr string) dialogue {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { conn.Close() })
	return dialogue{conn, bufio.NewReaderSize(conn, 64<<10)}
}

// ask sends a command, and reads up to a line that begins with end.
func (d dialogue) ask(command, end string) error {
	if _, err := io.WriteString(d.conn, command); err != nil {
		return err
	}
	for {
		line, err := d.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if bytes.HasPrefix(line, []byte(end)) {
			return nil
		}
	}
}

func fetchPOP3(b *testing.B, store *mailstore.Memory) func() error {
	srv := &pop3.Server{Source: store}
	b.Cleanup(srv.Close)
	d := converse(b, srv.Addr())
	if err := d.ask("USER bob@qq.com\r\nPASS x\r\n", "+OK 1000 "); err != nil {
		b.Fatal(err)
	}
	return func() error {
		for n := range 1000 {
			if err := d.ask(fmt.Sprintf("RETR %d\r\n", n+1), ".\r\n"); err != nil {
				return err
			}
		}
		return nil
	}
}

func fetchIMAP(b *testing.B, store *mailstore.Memory) func() error {
	srv := &imap.Server{Source: store}
	b.Cleanup(srv.Close)
	d := converse(b, srv.Addr())
	if err := d.ask("a LOGIN bob@qq.com x\r\nb SELECT INBOX\r\n", "b OK"); err != nil {
		b.Fatal(err)
	}
	return func() error { return d.ask("c FETCH 1:* BODY.PEEK[]\r\n", "c OK") }
}

// sendOrders sends the given number of small messages over one connection.
func sendOrders(b *testing.B, addr string, messages int) {
	d := converse(b, addr)
	if err := d.ask("HELO bench\r\n", "250 "); err != nil {
		b.Fatal(err)
	}
	for n := range messages {
		text := fmt.Sprintf("MAIL FROM:<jb@shop.example>\r\nRCPT TO:<bob@qq.com>\r\nDATA\r\nFrom: jb@shop.example\r\nSubject: Order %d\r\n\r\nHello, this is order %d.\r\n.\r\n", n, n)
		for _, piece := range strings.SplitAfter(text, "DATA\r\n") {
			end := "354"
			if !strings.HasSuffix(piece, "DATA\r\n") {
				end = "250"
			}
			if err := d.ask(piece, end); err != nil {
				b.Fatal(err)
			}
		}
	}
}
