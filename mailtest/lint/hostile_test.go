package lint

// Whatever a message is, linting it ends soon, finds something if something is wrong, and does not panic.

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-message/mail"

	"github.com/seed078e9d8c/maillab/mailtest"
)

// examine lints a message and looks at the findings themselves.
func examine(t *testing.T, raw []byte) []Finding {
	t.Helper()
	l := &Linter{Now: now, Bulk: true}
	m := mailtest.ParseMessage(raw)
	findings := l.Check(m)
	lines := bytes.Count(raw, []byte("\n")) + 1
	count := make(map[string]int)
	last := 0
	for _, f := range findings {
		count[f.Rule]++
		if f.Line < last || f.Line > lines {
			t.Errorf("line %d of %d, behind line %d: %v", f.Line, lines, last, f)
		}
		last = f.Line
		if f.Text == "" || len(f.Text) > mostText+len("…") {
			t.Errorf("the text has %d bytes: %v", len(f.Text), f)
		}
	}
	for rule, n := range count {
		if n > mostFindings+1 {
			t.Errorf("%d findings of %s, want no more than %d", n, rule, mostFindings+1)
		}
	}
	if len(m.Problems) > 0 && !slices.ContainsFunc(findings, func(f Finding) bool { return f.Severity == Error }) {
		t.Errorf("no error for a message with the problems %q, but %v", m.Problems, findings)
	}
	return findings
}

func FuzzCheck(f *testing.F) {
	for _, pattern := range []string{"testdata/rules/*/*.eml", "testdata/base/*.eml"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			f.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) { examine(t, raw) })
}

// FuzzSession lints the dialogue with a client that says anything.
func FuzzSession(f *testing.F) {
	f.Add("EHLO a.example.com\nMAIL FROM:<a@b.example>\nRCPT TO:<b@c.example>\nDATA\nSubject: x\n\n.\nQUIT", "250-a\n250 SIZE")
	f.Add("MAIL FROM : a SIZE=999999999999999999999 =\nRCPT TO:<@a,@b:c>\nAUTH\nHELO [IPv6:::]\n\x00", "")
	f.Fuzz(func(t *testing.T, said, reply string) {
		s := &mailtest.Session{End: now, Ending: mailtest.Ending{Kind: mailtest.ClientClosed}}
		stage := mailtest.Greeting
		for line := range strings.SplitSeq(said, "\n") {
			s.Turns = append(s.Turns, mailtest.Turn{Stage: stage, Command: line, Reply: reply, Payload: []byte(line), Notes: []mailtest.Note{{Kind: mailtest.NoteKind(len(line)), Count: int64(len(line)), Text: line}}})
			stage++
		}
		for _, f := range CheckSession(s) {
			if f.Line < 1 || f.Line > len(s.Turns) {
				t.Errorf("turn %d of %d: %v", f.Line, len(s.Turns), f)
			}
		}
	})
}

// TestMessages lints the messages with which mailtest itself is tested.
func TestMessages(t *testing.T) {
	t.Parallel()
	n := 0
	err := filepath.WalkDir("../testdata/messages", func(path string, d os.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".eml" {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		n++
		examine(t, raw)
		if t.Failed() {
			t.Fatalf("in %s", path)
		}
		return nil
	})
	if err != nil || n == 0 {
		t.Fatalf("%d messages, %v", n, err)
	}
}

var large = flag.Bool("large", false, "look at hostile messages of a megabyte, and not of a sixteenth")

// TestHostile lints large messages that are made to take long.
func TestHostile(t *testing.T) {
	t.Parallel()
	size := 1 << 16
	if *large {
		size = 1 << 20
	}
	fill := func(s string) string { return strings.Repeat(s, size/len(s)) }
	header := func(name, body string) string { return name + ": " + body + "\r\n\r\n" }
	body := func(fields, body string) string { return fields + "\r\n\r\n" + body }
	html := "Content-Type: text/html"
	for name, raw := range map[string]string{
		"fields":          fill("A: b\r\n"),
		"from":            fill("From: a@b.example\r\n"),
		"spaces":          header("Subject", fill(" \r\n ")),
		"words":           header("Subject", fill("=?utf-8?Q?a?= ")),
		"open words":      header("Subject", fill("=?utf-8?Q?a ")),
		"starts of words": header("Subject", fill("=?")),
		"split words":     header("Subject", fill("=?utf-8?Q?=E4?= ")),
		"addresses":       header("To", fill("a@b.example, ")),
		"address comment": header("To", fill("(")),
		"address quotes":  header("To", fill(`"\`)),
		"address spaces":  header("To", "a"+fill(" ")+"b <"),
		"address commas":  header("To", fill(",")),
		"date comments":   header("Date", fill("(a) ")),
		"literals":        header("To", fill("a@[IPv6:")),
		"groups":          header("To", fill("a:;,")),
		"ids":             header("References", fill("<a@b.example> ")),
		"id comments":     header("References", fill("(")),
		"id closed":       header("References", fill("()")),
		"dates":           fill("Date: Mon, 05 Jan 2026 10:00:00 +0800\r\n"),
		"parameters":      header("Content-Type", "text/plain"+fill("; a*1*=b")),
		"quotes":          header("Content-Type", `text/plain; a="`+fill(`\"`)),
		"bare":            body("A: b", fill("\n")),
		"CR":              body("A: b", fill("\r")),
		"NUL":             body("A: b", fill("\x00")),
		"8 bit":           body("A: b", fill("\xff\r\n")),
		"base64":          body("Content-Transfer-Encoding: base64", fill("=A")),
		"quoted":          body("Content-Transfer-Encoding: quoted-printable", fill("=\n")),
		"boundaries":      body("Content-Type: multipart/mixed; boundary=b", fill("--b\r\n")),
		"no boundaries":   body("Content-Type: multipart/mixed; boundary=b", fill("--\r\n")),
		"nested":          strings.Repeat("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n", size/64),
		"messages":        strings.Repeat("Content-Type: message/rfc822\r\n\r\n", size/32),
		"tags":            body(html, fill("<")),
		"links":           body(html, fill(`<a href="http://a.example">http://b.example</a>`)),
		"one link":        body(html, `<a href="http://a.example">`+fill("http://b.example ")),
		"attributes":      body(html, "<a "+fill("a ")),
		"cid":             body(html, fill(`<img src="cid:a">`)),
		"script":          body(html, fill("<script>")),
		"zip":             body("Content-Disposition: attachment; filename=a.zip", fill("PK\x01\x02")),
		"unsubscribe":     header("List-Unsubscribe", fill("<a:")),
		"signatures":      fill("DKIM-Signature: h=a\r\n") + "List-Unsubscribe: <https://a>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			examine(t, []byte(raw)) // this takes milliseconds; with what is quadratic, -large runs into the time limit
		})
	}
}

// TestBuilders lints what other people's builders make of a message.
func TestBuilders(t *testing.T) {
	t.Parallel()
	for _, subject := range []string{"Welcome", "你好,世界", strings.Repeat("long ", 60), strings.Repeat("约不约?", 40)} {
		var b bytes.Buffer
		var h mail.Header
		h.SetDate(now)
		h.SetSubject(subject)
		h.SetMessageID("1@shop.example.com")
		h.SetAddressList("From", []*mail.Address{{Name: "Shop, Inc.", Address: "shop@shop.example.com"}})
		h.SetAddressList("To", []*mail.Address{{Name: "鲍勃", Address: "bob@qq.com"}, {Address: "carol@qq.com"}})
		w, err := mail.CreateWriter(&b, h)
		if err != nil {
			t.Fatal(err)
		}
		inline, err := w.CreateInline()
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range [][2]string{{"text/plain", "Hello, 鲍勃\n.\n"}, {"text/html", "<p>Hello, <b>鲍勃</b></p>\n"}} {
			var h mail.InlineHeader
			h.SetContentType(part[0], map[string]string{"charset": "utf-8"})
			p, err := inline.CreatePart(h)
			if err != nil {
				t.Fatal(err)
			}
			io.WriteString(p, part[1])
			p.Close()
		}
		inline.Close()
		var ah mail.AttachmentHeader
		ah.SetContentType("application/pdf", nil)
		ah.SetFilename("发票.pdf")
		a, err := w.CreateAttachment(ah)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(a, strings.Repeat("%PDF", 1000))
		a.Close()
		w.Close()
		for _, f := range examine(t, b.Bytes()) {
			if f.Severity == Error {
				t.Errorf("subject %q: %v", subject, f)
			}
		}
	}
}
