package mailtest_test

// What a test is told about messages: blocks of text, links and codes.

import (
	"strings"
	"testing"

	"github.com/seed078e9d8c/maillab/internal/golden"
	"github.com/seed078e9d8c/maillab/mailtest"
)

// newsletter is a message with a bit of everything.
var newsletter = "From: =?utf-8?Q?Caf=C3=A9?= <shop@shop.example>\r\nTo: Bob <bob@qq.com>,\r\n  ann@163.com\r\nSubject: =?utf-8?B?5L2g5aW9?= \x1b[2J\r\n" +
	"Content-Type: multipart/mixed; boundary=b\r\n\r\n" +
	"--b\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n" +
	"--c\r\nContent-Type: text/plain\r\n\r\nYour code is 123456.\r\nhttps://shop.example/plain\r\n" +
	"--c\r\nContent-Type: text/html\r\n\r\n<h1>Hello \x1b[31mBob</h1><p style='display:none'>preheader</p>" +
	strings.Repeat("<p>line</p>", 9) + "<a href='https://shop.example/confirm?token=4711'>Best&auml;tigen</a> <a href='https://shop.example/unsubscribe'>no more</a>\r\n" +
	"--c--\r\n--b\r\nContent-Type: application/pdf; name=invoice.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0x!!\r\n--b--\r\n"

func TestMessageString(t *testing.T) {
	t.Parallel()
	for name, raw := range map[string]string{
		"newsletter": newsletter, "empty": "", "subject": "Subject: Hi\n\n\n\n \n",
		"parts": "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\n\nx\n", 50) + "--b--\n",
		"long":  "Content-Type: text/plain; charset=utf-8\nSubject: " + strings.Repeat("长", 999) + "\n\n" + strings.Repeat("长", 999) + "\n",
	} {
		golden.Compare(t, "testdata/blocks/"+name+".txt", mailtest.ParseMessage([]byte(raw)).String()+"\n")
	}
}

func TestLinkAndCode(t *testing.T) {
	t.Parallel()
	m := mailtest.ParseMessage([]byte(newsletter))
	none := mailtest.ParseMessage([]byte("Subject: 987 is your code\n\nnothing here\n"))
	tests := []struct {
		m    *mailtest.Message
		get  func(*mailtest.Message, testing.TB) string
		want string // "" is the end of the test
	}{
		{m, link(""), "https://shop.example/plain"},
		{m, link("token="), "https://shop.example/confirm?token=4711"},
		{m, link("CONFIRM"), "https://shop.example/confirm?token=4711"},
		{m, link("bestätigen"), "https://shop.example/confirm?token=4711"},
		{m, link("no more"), "https://shop.example/unsubscribe"},
		{m, link("nowhere"), ""},
		{none, link(""), ""},
		{m, code(`\b\d{6}\b`), "123456"},
		{m, code(`code is (\d+)`), "123456"},
		{m, code(`\d{7}`), ""},
		{none, code(`\d+`), "987"},
	}
	for i, test := range tests {
		tb, got := new(fakeTB), ""
		tb.run(func() { got = test.get(test.m, tb) })
		switch {
		case got != test.want:
			t.Errorf("test %d: got %q, want %q", i, got, test.want)
		case test.want == "" && (len(tb.fatal) != 1 || !strings.Contains(tb.fatal[0], test.m.String())):
			t.Errorf("test %d: the test ends with %q, want the message in it", i, tb.fatal)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("a malformed expression does not panic")
		}
	}()
	m.Code(t, "(")
}

func link(part string) func(*mailtest.Message, testing.TB) string {
	return func(m *mailtest.Message, tb testing.TB) string { return m.Link(tb, part).URL }
}

func code(expr string) func(*mailtest.Message, testing.TB) string {
	return func(m *mailtest.Message, tb testing.TB) string { return m.Code(tb, expr) }
}

// A server that several tests share has no test, but a report.
func TestReportOfShared(t *testing.T) {
	t.Parallel()
	srv := &mailtest.Server{Name: "mx.example"}
	defer srv.Close()
	if got, want := srv.Report(), "mailtest: what server mx.example saw: 0 messages, 0 sessions\nnobody connected to server mx.example, and nobody asked for its address"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	plain, encrypted := srv.Addr(), srv.TLSAddr()
	if got, want := srv.Report(), "nobody connected to "+plain+" or "+encrypted; !strings.HasSuffix(got, want) {
		t.Errorf("got %q, want %q at its end", got, want)
	}
	for range 30 {
		if err := sendOne(srv); err != nil {
			t.Fatal(err)
		}
	}
	got := srv.Report()
	for _, want := range []string{"… 10 messages before these\n#11 \"\" from <a@a.example> to b@b.example\n", "\n… 10 sessions before these\nsession 11 "} {
		if !strings.Contains(got, want) {
			t.Errorf("got %s\nwant %q in it", got, want)
		}
	}
}

// A wait of several servers says which of them had what.
func TestWaitNamesServers(t *testing.T) {
	t.Parallel()
	var shared mailtest.Inbox
	for _, name := range []string{"mx1.example", "mx2.example"} {
		srv := mailtest.New(t)
		srv.Name, srv.Collect = name, &shared
		srv.AddRules(mailtest.Rule{At: mailtest.Rcpt, Session: 2, Reply: "550 5.1.1 no"})
		if err := sendOne(srv); err != nil {
			t.Fatal(err)
		}
		if err := sendOne(srv); err == nil {
			t.Fatal("the second message is accepted")
		}
		srv.WaitSession(t, 2)
	}
	tb := new(fakeTB)
	tb.run(func() { shared.WaitOnly(tb, 1, 0) })
	for _, want := range []string{
		`  mx1.example #1 "" from <a@a.example> to b@b.example`, `  mx2.example #1 "" from`,
		"mx1.example session 2 from 127.0.0.1:", "mx2.example session 2 from",
	} {
		if len(tb.fatal) != 1 || !strings.Contains(tb.fatal[0], "\n"+want) {
			t.Errorf("got %s, want %q in it", tb.fatal, want)
		}
	}
}
