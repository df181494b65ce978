package mailbox_test

import (
	"bytes"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/seed078e9d8c/maillab/internal/machine"
	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/mailbox"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// raws are messages that formats could spoil.
var raws = []string{
	"Subject: plain\r\n\r\nHello\r\n",
	"Subject: LF only\n\nHello\n",
	"Subject: From lines\r\n\r\nFrom me\r\n>From you\r\n>>From them\r\n From nobody\r\n\r\nFrom behind an empty line\r\n",
	"Subject: empty lines behind\r\n\r\nHello\r\n\r\n\r\n",
	"Subject: GBK \xc4\xe3\xba\xc3\r\n\r\n\x00\xff\r\n",
	"Subject: no body\r\n\r\n",
	"no header at all\r\n",
}

func messages() []*mailtest.Message {
	var all []*mailtest.Message
	for i, raw := range raws {
		m := mailtest.ParseMessage([]byte(raw))
		m.Number = i + 1
		m.Time = time.Date(2014, 12, 9, 11, 20, 55+i%5, 0, time.UTC)
		m.Envelope.From = fmt.Sprintf("sender%d@example.com", i)
		all = append(all, m)
	}
	return all
}

// same compares bytes, senders and times.
func same(t *testing.T, got, want []*mailtest.Message, envelopes bool) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d messages, want %d", len(got), len(want))
	}
	for i := range got {
		if !bytes.Equal(got[i].Raw, want[i].Raw) {
			t.Errorf("message %d = %q, want %q", i, got[i].Raw, want[i].Raw)
		}
		if envelopes && (got[i].Envelope.From != want[i].Envelope.From || !got[i].Time.Equal(want[i].Time)) {
			t.Errorf("message %d is from %q at %v, want %q at %v", i, got[i].Envelope.From, got[i].Time, want[i].Envelope.From, want[i].Time)
		}
	}
}

func TestFile(t *testing.T) {
	t.Parallel()
	for i, m := range messages() {
		name := filepath.Join(machine.TempDir(t), "message.eml")
		if err := mailbox.WriteFile(name, m); err != nil {
			t.Fatal(err)
		}
		got, err := mailbox.Read(name)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != 1 || !bytes.Equal(got[0].Raw, m.Raw) || got[0].Subject != m.Subject {
			t.Errorf("message %d: got %q, want %q", i, got[0].Raw, m.Raw)
		}
	}
}

func TestMbox(t *testing.T) {
	t.Parallel()
	want := messages()
	var b bytes.Buffer
	if err := mailbox.WriteMbox(&b, want...); err != nil {
		t.Fatal(err)
	}
	same(t, mailbox.ParseMbox(b.Bytes()), want, true)
	name := filepath.Join(machine.TempDir(t), "mbox")
	if err := os.WriteFile(name, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	got, err := mailbox.Read(name)
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, want, true)
}

// TestParseMbox reads what others write.
func TestParseMbox(t *testing.T) {
	t.Parallel()
	const date = "Tue Dec  9 11:20:55 2014"
	tests := []struct {
		name, mbox string
		want       []string
	}{
		{"nothing", "", nil},
		{"two", "From a@b " + date + "\nSubject: a\n\nx\n\nFrom c@d " + date + "\nSubject: b\n\ny\n",
			[]string{"Subject: a\n\nx\n", "Subject: b\n\ny\n"}},
		{"CRLF", "From a " + date + "\r\nSubject: a\r\n\r\nx\r\n\r\nFrom b " + date + "\r\nSubject: b\r\n\r\ny\r\n", []string{"Subject: a\r\n\r\nx\r\n", "Subject: b\r\n\r\ny\r\n"}},
		{"text in the middle", "From a\nSubject: a\n\nx\nFrom the middle\n\n", []string{"Subject: a\n\nx\nFrom the middle\n"}},
		{"two lines", "From a\nFrom b " + date + "\nSubject: no empty line before\n", []string{"From b " + date + "\nSubject: no empty line before\n"}},
		{"no separator at the beginning", "Subject: before the first\n\nFrom a " + date + "\nSubject: a\n", []string{"Subject: before the first\n", "Subject: a\n"}},
		{"nothing but a separator", "From a", []string{""}},
		{"a paragraph", "From a@b " + date + "\nSubject: a\n\nHi\n\nFrom Monday on we are closed.\n\nFrom bob@example.com I hear: yes\nRegards: me\n", []string{"Subject: a\n\nHi\n\nFrom Monday on we are closed.\n\nFrom bob@example.com I hear: yes\nRegards: me\n"}},
		{"a paragraph with a date", "From a@b " + date + "\n\nHi\n\nFrom Mon Dec 1 10:00:00 2014 on we are closed\n\nFrom the day of Mon Dec 1 10:00:00 2014\n", []string{"\nHi\n\nFrom Mon Dec 1 10:00:00 2014 on we are closed\n\nFrom the day of Mon Dec 1 10:00:00 2014\n"}},
		{"no empty lines", "From a@b " + date + "\nSubject: a\n\nx\nFrom c@d " + date + "\nSubject: b\n\ny\nFrom e@f " + date + "\nSubject: c\nFrom g@h " + date + "\nSubject: d\n\nz\n",
			[]string{"Subject: a\n\nx\n", "Subject: b\n\ny\n", "Subject: c\n", "Subject: d\n\nz\n"}},
		{"Content-Length without empty lines", "From a@b " + date + "\nContent-Length: 2\n\nx\nFrom c@d " + date + "\nContent-Length: 2\n\ny\n",
			[]string{"Content-Length: 2\n\nx\n", "Content-Length: 2\n\ny\n"}},
		{"Content-Length around a separator", "From a@b " + date + "\nContent-Length: 55\n\nlog:\nFrom x@y " + date + "\nSubject: logged\n\nFrom c@d " + date + "\nSubject: b\n\ny\n",
			[]string{"Content-Length: 55\n\nlog:\nFrom x@y " + date + "\nSubject: logged\n", "Subject: b\n\ny\n"}},
		{"Content-Length that is wrong", "From a@b " + date + "\nContent-Length: 40\n\nx\nFrom c@d " + date + "\nSubject: b\n\ny\n",
			[]string{"Content-Length: 40\n\nx\n", "Subject: b\n\ny\n"}},
		{"Content-Length over the end of the next message", "From a@b " + date + "\nContent-Length: 44\n\nx\n\nFrom c@d " + date + "\nSubject: b\n\ny\n",
			[]string{"Content-Length: 44\n\nx\n", "Subject: b\n\ny\n"}},
		{"a huge Content-Length", "From a@b " + date + "\nContent-Length: 9223372036854775807\n\nx\nFrom c@d " + date + "\nSubject: b\n\ny\n",
			[]string{"Content-Length: 9223372036854775807\n\nx\n", "Subject: b\n\ny\n"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, m := range mailbox.ParseMbox([]byte(test.mbox)) {
				got = append(got, string(m.Raw))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("mbox %q (-want +got):\n%s", test.mbox, diff)
			}
		})
	}
}

// TestSeparators reads the separators that mailers write, and lines of text that look much like them.
func TestSeparators(t *testing.T) {
	t.Parallel()
	tests := []struct {
		line, sender, time string // the time is "" for a line of text
	}{
		{"From alice@example.com Tue Dec  9 11:20:55 2014", "alice@example.com", "2014-12-09T11:20:55Z"}, // RFC 4155
		{"From alice@example.com Tue Dec 9 11:20:55 2014", "alice@example.com", "2014-12-09T11:20:55Z"},
		{"From alice@example.com  Tue Dec  9 11:20:55 2014", "alice@example.com", "2014-12-09T11:20:55Z"},
		{"From alice@example.com Tue Dec 09 11:20:55 2014", "alice@example.com", "2014-12-09T11:20:55Z"},
		{"From alice@example.com Tue Dec  9 11:20:55 2014\r", "alice@example.com", "2014-12-09T11:20:55Z"},
		{"From 1485907201234567890@xxx Tue Dec 09 11:20:55 +0000 2014", "1485907201234567890@xxx", "2014-12-09T11:20:55Z"}, // Gmail Takeout
		{"From alice@example.com Tue Dec 09 11:20:55 -0500 2014", "alice@example.com", "2014-12-09T16:20:55Z"},
		{"From alice@example.com Tue Dec  9 11:20:55 2014 +0100", "alice@example.com", "2014-12-09T10:20:55Z"}, // c-client
		{"From alice@example.com Tue Dec  9 11:20:55 GMT 2014", "alice@example.com", "2014-12-09T11:20:55Z"},
		{"From alice@example.com Tue Dec  9 11:20 2014", "alice@example.com", "2014-12-09T11:20:00Z"}, // V7 mail
		{"From - Tue Dec 09 11:20:55 2014", "", "2014-12-09T11:20:55Z"},                               // Thunderbird
		{"From MAILER-DAEMON Tue Dec  9 11:20:55 2014", "", "2014-12-09T11:20:55Z"},
		{"From ???@??? Tue Dec 09 11:20:55 2014", "", "2014-12-09T11:20:55Z"}, // Eudora
		{"From <> Tue Dec  9 11:20:55 2014", "", "2014-12-09T11:20:55Z"},
		{"From  Tue Dec  9 11:20:55 2014", "", "2014-12-09T11:20:55Z"},
		{"From alice Tue Dec  9 11:20:55 2014", "alice", "2014-12-09T11:20:55Z"},
		{"From alice at example.com  Tue Dec  9 11:20:55 2014", "alice@example.com", "2014-12-09T11:20:55Z"}, // Pipermail
		{"From \"alice b\"@example.com Tue Dec  9 11:20:55 2014", "\"alice b\"@example.com", "2014-12-09T11:20:55Z"},
		{"From alice Tue Dec  9 11:20:55 2014 remote from host", "alice", "2014-12-09T11:20:55Z"}, // UUCP
		{"From alice@example.com Tue, 9 Dec 2014 11:20:55 +0100", "alice@example.com", "2014-12-09T10:20:55Z"},
		{"From alice@example.com 2014-12-09T11:20:55Z", "alice@example.com", "2014-12-09T11:20:55Z"},

		{line: "From Monday on we are closed"},
		{line: "From Mon Dec 1 10:00:00 2014 on we are closed"},
		{line: "From alice@example.com"},
		{line: "From alice@example.com I have that"},
		{line: "From alice@example.com Tue Dec  9"},
		{line: "From alice@example.com Tue Dec 32 11:20:55 2014"},
		{line: "From what we saw on Tue Dec  9 11:20:55 2014"},
		{line: "From: alice@example.com Tue Dec  9 11:20:55 2014"},
		{line: "from alice@example.com Tue Dec  9 11:20:55 2014"},
		{line: " From alice@example.com Tue Dec  9 11:20:55 2014"},
		{line: "From"},
	}
	for _, test := range tests {
		t.Run(test.line, func(t *testing.T) {
			t.Parallel()
			got := mailbox.ParseMbox([]byte("From x\n\ntext\n\n" + test.line + "\nbelow\n"))
			if test.time == "" {
				if len(got) != 1 {
					t.Errorf("%q is taken for a separator", test.line)
				}
				return
			}
			if len(got) != 2 {
				t.Fatalf("%q is not taken for a separator", test.line)
			}
			if m := got[1]; m.Envelope.From != test.sender || m.Time.Format(time.RFC3339) != test.time || string(m.Raw) != "below\n" {
				t.Errorf("%q is from %q at %s, text %q; want %q, %s", test.line, m.Envelope.From, m.Time.Format(time.RFC3339), m.Raw, test.sender, test.time)
			}
		})
	}
}

func TestMaildir(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(machine.TempDir(t), "Maildir")
	want := messages()
	if err := mailbox.WriteMaildir(dir, want[:3]...); err != nil {
		t.Fatal(err)
	}
	if err := mailbox.WriteMaildir(dir, want[3:]...); err != nil {
		t.Fatal(err)
	}
	got, err := mailbox.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Fatalf("%d messages, want %d", len(got), len(want))
	}
	left := make(map[string]int)
	for i := range want {
		left[string(want[i].Raw)]++
		left[string(got[i].Raw)]--
	}
	for raw, n := range left {
		if n != 0 {
			t.Errorf("message %q: %+d", raw, -n)
		}
	}
	if tmp, err := os.ReadDir(filepath.Join(dir, "tmp")); err != nil || len(tmp) != 0 {
		t.Errorf("tmp has %d files, %v, want 0", len(tmp), err)
	}
}

// TestMaildirInUse adds to a Maildir from which a reader has taken messages away.
func TestMaildirInUse(t *testing.T) {
	t.Parallel()
	dir := machine.TempDir(t)
	write := func(subject string) {
		t.Helper()
		if err := mailbox.WriteMaildir(dir, mailtest.ParseMessage([]byte("Subject: "+subject+"\n\n"))); err != nil {
			t.Fatal(err)
		}
	}
	write("seen")
	write("deleted")
	write("kept")
	for from, to := range map[string]string{"seen": "cur", "deleted": ""} {
		names, err := filepath.Glob(filepath.Join(dir, "new", "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			raw, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case !bytes.Contains(raw, []byte(from)):
				continue
			case to == "":
				err = os.Remove(name)
			default:
				err = os.Rename(name, filepath.Join(dir, to, filepath.Base(name)))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	for i := range 3 {
		write(fmt.Sprint(i))
	}
	all, err := mailbox.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range all {
		got = append(got, m.Subject)
	}
	slices.Sort(got)
	if diff := cmp.Diff([]string{"0", "1", "2", "kept", "seen"}, got); diff != "" {
		t.Errorf("subjects (-want +got):\n%s", diff)
	}
}

func TestReadErrors(t *testing.T) {
	t.Parallel()
	if _, err := mailbox.Read(filepath.Join(machine.TempDir(t), "missing")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Read of a missing file: %v, want %v", err, os.ErrNotExist)
	}
	if _, err := mailbox.Read(machine.TempDir(t)); err == nil {
		t.Error("Read of a directory that is no Maildir: no error")
	}
}

// TestDeliver brings a message to a server as it came to another.
func TestDeliver(t *testing.T) {
	t.Parallel()
	first := mailtest.New(t)
	conn, err := first.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	original := mailtest.ParseMessage([]byte("From: a@example.com\nTo: b@example.com\nCc: c@example.com\nSubject: x\n\n.dot\n"))
	if err := mailbox.Deliver(conn, original); err != nil {
		t.Fatal(err)
	}
	m := first.Next(t)
	if got, want := string(m.Raw), "From: a@example.com\r\nTo: b@example.com\r\nCc: c@example.com\r\nSubject: x\r\n\r\n.dot\r\n"; got != want {
		t.Errorf("raw = %q, want %q", got, want)
	}
	if m.Envelope.From != "a@example.com" || len(m.Envelope.To) != 2 || m.Envelope.To[1].Address != "c@example.com" {
		t.Errorf("envelope = %+v, want from a@example.com to b and c", m.Envelope)
	}
	m.Envelope.EnvelopeID, m.Envelope.Return = "QQ1", "HDRS"
	m.Envelope.To = []mailtest.Recipient{{Address: "d@example.com", Notify: []string{"NEVER"}, OriginalType: "RFC822", Original: "b@example.com"}}

	second := mailtest.New(t)
	conn, err = second.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := mailbox.Deliver(conn, m); err != nil {
		t.Fatal(err)
	}
	got := second.Next(t)
	if diff := cmp.Diff(m.Envelope.To, got.Envelope.To); diff != "" || got.Envelope.EnvelopeID != "QQ1" || got.Envelope.Return != "HDRS" {
		t.Errorf("envelope = %+v, recipients (-want +got):\n%s", got.Envelope, diff)
	}
	if !bytes.Equal(got.Raw, m.Raw) {
		t.Errorf("raw = %q, want %q", got.Raw, m.Raw)
	}
}

// TestDeliverInternational takes addresses beyond ASCII from a header, which does not say SMTPUTF8.
func TestDeliverInternational(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{"From: 用户@例子.中国\n\nx\n", "From: a@b.example\n"} {
		srv := mailtest.New(t)
		conn, err := srv.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := mailbox.Deliver(conn, mailtest.ParseMessage([]byte("To: c@d.example, 张三@例子.中国\n"+raw))); err != nil {
			t.Fatal(err)
		}
		if e := srv.Next(t).Envelope; !e.SMTPUTF8 || e.To[1].Address != "张三@例子.中国" {
			t.Errorf("envelope = %+v, want SMTPUTF8 and 张三@例子.中国", e)
		}
	}
}

func TestDeliverErrors(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	srv.AddRules(mailtest.UnknownMailbox("b@example.com"))
	for _, raw := range []string{"To: b@example.com\n\nx\n", "Subject: to nobody\n\nx\n"} {
		conn, err := srv.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		err = mailbox.Deliver(conn, mailtest.ParseMessage([]byte(raw)))
		var reply *smtp.SMTPError
		switch {
		case err == nil:
			t.Errorf("Deliver of %q: no error", raw)
		case raw[0] == 'T' && (!errors.As(err, &reply) || reply.Code != 550):
			t.Errorf("Deliver of %q: %v, want the server's 550", raw, err)
		}
	}
}

// FuzzMbox shows that what is written is read as it was, but for a line end at its end, and that
// anything can be read.
func FuzzMbox(f *testing.F) {
	for _, raw := range raws {
		f.Add([]byte(raw))
	}
	f.Add([]byte("From a\n\nFrom b Tue Dec  9 11:20:55 2014\n\n>From c Tue Dec  9 11:20:55 2014\r\n\r\nFrom d"))
	f.Add([]byte("Content-Length: 60\n\nx\nFrom b Tue Dec  9 11:20:55 2014\nSubject: x\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		mailbox.ParseMbox(raw)
		var b bytes.Buffer
		if err := mailbox.WriteMbox(&b, &mailtest.Message{Raw: raw}, &mailtest.Message{Raw: raw}); err != nil {
			t.Fatal(err)
		}
		want := bytes.Clone(raw)
		if len(want) > 0 && want[len(want)-1] != '\n' {
			want = append(want, '\n')
		}
		got := mailbox.ParseMbox(b.Bytes())
		if len(got) != 2 || !bytes.Equal(got[0].Raw, want) || !bytes.Equal(got[1].Raw, want) {
			t.Errorf("%q came back as %d messages, the first %q", raw, len(got), got[0].Raw)
		}
	})
}

func Example() {
	dir, err := os.MkdirTemp("", "mailbox")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, "welcome.eml")
	captured := mailtest.ParseMessage([]byte("Subject: Welcome\r\n\r\nHello Bob\r\n"))
	if err := mailbox.WriteFile(name, captured); err != nil {
		log.Fatal(err)
	}
	messages, err := mailbox.Read(name)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(messages[0].Subject)
	// Output: Welcome
}
