package provider

// Messages of every form, and what each provider does with them: testdata/forms.txt.

import (
	"fmt"
	"net/smtp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/seed078e9d8c/maillab/internal/golden"
	"github.com/seed078e9d8c/maillab/mailtest"
)

// forms are messages, each with one thing about it. What a provider is not known to refuse, it takes.
var forms = []struct{ name, raw string }{
	{"whole", "%s\r\nHello\r\n"},
	{"no body", "%s"},
	{"no line", ""},
	{"a dot", "."},
	{"only a body", "Hello Bob,\r\n\r\nhow are you?\r\n"},
	{"a byte", "x"},
	{"no header", "\r\nHello\r\n"},
	{"no From", "To: <bob@qq.com>\r\nSubject: Hello\r\n\r\nHello\r\n"},
	{"empty From", "From:\r\n\r\nHello\r\n"},
	{"From without a domain", "From: bob\r\n\r\nHello\r\n"},
	{"From without an address", "From: Bob Brown\r\n\r\nHello\r\n"},
	{"From with a space in it", "From: <jb @shop.example>, \r\n\r\nHello\r\n"},
	{"From in brackets only", "From: <>\r\n\r\nHello\r\n"},
	{"raw From", "From: \xe5\xbc\xa0\xe4\xb8\x89 <jb@shop.example>\r\n\r\nHello\r\n"},
	{"GBK From", "From: \xd5\xc5\xc8\xfd <jb@shop.example>\r\n\r\nHello\r\n"},
	{"encoded From", "From: =?utf-8?B?5byg5LiJ?= <jb@shop.example>\r\nTo: <bob@qq.com>\r\nDate: Mon, 5 Jan 2026 03:00:00 +0000\r\n" +
		"Message-ID: <1@shop.example>\r\nSubject: Hello\r\n\r\nHello\r\n"},
	{"two From", "From: <jb@shop.example>\r\nFrom: <jb@shop.example>\r\n\r\nHello\r\n"},
	{"two authors", "From: <jb@shop.example>, <carol@shop.example>\r\nSender: <jb@shop.example>\r\n\r\nHello\r\n"},
	{"two subjects", "%sSubject: again\r\n\r\nHello\r\n"},
	{"no Date", "From: <jb@shop.example>\r\nTo: <bob@qq.com>\r\nMessage-ID: <1@shop.example>\r\nSubject: Hello\r\n\r\nHello\r\n"},
	{"no Message-ID", "From: <jb@shop.example>\r\nTo: <bob@qq.com>\r\nDate: Mon, 5 Jan 2026 03:00:00 +0000\r\nSubject: Hello\r\n\r\nHello\r\n"},
	{"NUL", "%s\r\nHel\x00lo\r\n"},
	{"raw subject", "From: <jb@shop.example>\r\nSubject: \xc4\xe3\xba\xc3\r\n\r\nHello\r\n"},
	{"raw body", "%s\r\n\xc4\xe3\xba\xc3\r\n"},
	{"a long line", "%s\r\n" + strings.Repeat("x", 2000) + "\r\n"},
}

const wholeHeader = "From: <jb@shop.example>\r\nTo: <bob@qq.com>\r\nDate: Mon, 5 Jan 2026 03:00:00 +0000\r\nMessage-ID: <1@shop.example>\r\nSubject: Hello\r\n"

// replyToForm sends a message as it is from a host that does everything else right, and returns the reply
// to it.
func replyToForm(t *testing.T, name, raw string) (reply string) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, name)
		if len(w.p.MX) == 0 {
			return
		}
		w.p.Mailbox("bob@"+w.p.Domains[0], Good)
		var about []string // the policies about the form of a message
		for _, pol := range w.p.def.policies {
			on := func(c test) bool { return c.name == "lint" || c.name == "from" }
			if isOn, _ := w.p.isOn(pol); isOn && slices.ContainsFunc(pol.when, on) {
				about = append(about, pol.name)
			}
		}
		w.p.Only(about...)
		conn, err := w.sender.DialContext(t.Context(), "tcp", w.p.MX[0].Name()+":25")
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		c, err := smtp.NewClient(conn, "mx")
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range []func() error{
			func() error { return c.Hello("mail.shop.example") },
			func() error { // Mail would ask for SMTPUTF8
				if err := c.Text.PrintfLine("MAIL FROM:<jb@shop.example>"); err != nil {
					return err
				}
				_, _, err := c.Text.ReadResponse(250)
				return err
			},
			func() error { return c.Rcpt("bob@" + w.p.Domains[0]) },
		} {
			if err := step(); err != nil {
				t.Fatal(err)
			}
		}
		body, err := c.Data()
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(raw, "%s") {
			raw = wholeHeader + raw[2:]
		}
		body.Write([]byte(raw))
		if err := body.Close(); err != nil {
			reply, _, _ = strings.Cut(err.Error(), "\n")
		}
	})
	return reply
}

func TestForms(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("# What a provider is known, or supposed, to say to a message because of its form alone; POLICIES.md has the sources.\n" +
		"# Whatever is not here is taken, since nobody knows better: that is not to say that the provider takes it.\n")
	for _, form := range forms {
		fmt.Fprintf(&b, "\n%s\n", form.name)
		for _, name := range Names() {
			if reply := replyToForm(t, name, form.raw); reply != "" {
				fmt.Fprintf(&b, "    %-16s %.100s\n", name, reply)
			}
		}
	}
	golden.Compare(t, "testdata/forms.txt", b.String())
}

// TestFrom has From fields that must provoke a policy about them, and such that must not.
func TestFrom(t *testing.T) {
	t.Parallel()
	fields := map[string][2][]string{ // must, must not
		"missing": {
			{"", "To: <bob@qq.com>\r\n", "X-From: <a@b.example>\r\n", "Sender: <a@b.example>\r\n", "Resent-From: <a@b.example>\r\n"},
			{"From: <a@b.example>\r\n", "from: a@b.example\r\n", "FROM: bob\r\n", "From:\r\n", "To: x\r\nFrom: <a@b.example>\r\n"},
		},
		"invalid": {
			{"From:\r\n", "From: bob\r\n", "From: Bob Brown\r\n", "From: <bob>\r\n", "From: a@b.example c@d.example\r\n", "From: <a@b.example\r\n", "From: @b.example\r\n", "From: a@\r\n"},
			{"From: a@b.example\r\n", "From: <a@b.example>\r\n", "From: \"B. B\" <a@b.example>\r\n", "From: =?utf-8?B?5byg5LiJ?= <a@b.example>\r\n",
				"From: a@b.example (comment)\r\n", "From: <a@b.example>,\r\n <c@d.example>\r\n", "To: bob\r\n"},
		},
		"raw": {
			{"From: \xe5\xbc\xa0 <a@b.example>\r\n", "From: \xd5\xc5 <a@b.example>\r\n", "From: <\xc3\xbc@b.example>\r\n", "From: a@b.example (\xff)\r\n", "From: a@b.example,\r\n \xe5\xbc\xa0 <c@d.example>\r\n"},
			{"From: a@b.example\r\n", "From: =?utf-8?B?5byg5LiJ?= <a@b.example>\r\n", "Subject: \xe5\xbc\xa0\r\nFrom: a@b.example\r\n", "To: \xff\r\nFrom: a@b.example\r\n", ""},
		},
		"twice": {
			{"From: a@b.example\r\nFrom: a@b.example\r\n", "From: a@b.example\r\nfrom: c@d.example\r\n", "From:\r\nFROM:\r\n", "From: x\r\nTo: y\r\nFrom: z\r\n", "From: a@b.example\r\nFrom: \r\nFrom: x\r\n"},
			{"From: a@b.example\r\n", "From: a@b.example, c@d.example\r\n", "From: a@b.example\r\nSender: a@b.example\r\n", "From: a@b.example\r\nResent-From: a@b.example\r\n", ""},
		},
		"several": {
			{"From: a@b.example, c@d.example\r\n", "From: A <a@b.example>,\r\n C <c@d.example>\r\n", "From: g: a@b.example, c@d.example;\r\n", "From: a@b.example,,c@d.example\r\n", "From: a@b.example, a@b.example\r\n"},
			{"From: a@b.example\r\n", "From: \"A, B\" <a@b.example>\r\n", "From: a@b.example (c@d.example, e@f.example)\r\n", "From: =?utf-8?Q?A=2C_B?= <a@b.example>\r\n", ""},
		},
	}
	for arg, rows := range fields {
		for i, headers := range rows {
			for _, header := range headers {
				m := mailtest.ParseMessage([]byte(header + "Subject: x\r\n\r\nHello\r\n"))
				turn := &turn{a: &mailtest.Attempt{Message: m}}
				if got, want := turn.from([]string{arg}), i == 0; got != want {
					t.Errorf("from %s with %q: got %v, want %v", arg, header, got, want)
				}
			}
		}
		if !slices.Contains(conditions["from"].args, arg) {
			t.Errorf("there is no from %s", arg)
		}
	}
}
