package mailtest

// This file tests whole messages: those in testdata/messages, with what should come out of them.

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed078e9d8c/maillab/internal/golden"
	"github.com/seed078e9d8c/maillab/internal/mime"
)

// summary is what a golden file says about a message.
type summary struct {
	Header      []string            `json:",omitempty"`
	Date        string              `json:",omitempty"`
	Subject     string              `json:",omitempty"`
	MessageID   string              `json:",omitempty"`
	Addresses   map[string][]string `json:",omitempty"`
	Text        string              `json:",omitempty"`
	HTML        string              `json:",omitempty"`
	Parts       []string
	Attachments []string           `json:",omitempty"`
	Inline      []string           `json:",omitempty"`
	Messages    map[string]summary `json:",omitempty"`
	Problems    []string           `json:",omitempty"`
}

func summarize(m *Message) summary {
	s := summary{
		Subject: m.Subject, MessageID: m.MessageID, Text: m.Text, HTML: m.HTML, Problems: m.Problems,
		Addresses: map[string][]string{}, Messages: map[string]summary{},
	}
	if !m.Date.IsZero() {
		s.Date = m.Date.Format(time.RFC3339)
	}
	for _, f := range m.Header {
		s.Header = append(s.Header, f.Name+": "+f.Value)
	}
	for name, list := range map[string][]Address{
		"From": m.From, "Sender": m.Sender, "ReplyTo": m.ReplyTo, "To": m.To, "Cc": m.Cc, "Bcc": m.Bcc,
	} {
		for _, a := range list {
			s.Addresses[name] = append(s.Addresses[name], fmt.Sprintf("%q <%s>", a.Name, a.Address))
		}
	}
	for _, p := range m.Parts {
		s.Parts = append(s.Parts, fmt.Sprintf("%q %s %q, encoding %q, disposition %q, filename %q, id %q, %d bytes, content %d bytes %08x, text %q",
			p.Path, p.MediaType, p.Params, p.Encoding, p.Disposition, p.Filename, p.ContentID,
			len(p.Raw), len(p.Content), crc32.ChecksumIEEE(p.Content), p.Text))
		if inner := p.Message(); inner != nil {
			s.Messages[p.Path] = summarize(inner)
		}
	}
	for _, p := range m.Attachments {
		s.Attachments = append(s.Attachments, p.Path)
	}
	for _, p := range m.Inline {
		s.Inline = append(s.Inline, p.Path)
	}
	return s
}

// TestMessages decodes each testdata/messages/*.eml and compares what comes out with the .json beside
// it. To add a message, put the .eml there, run the test with -update, and read the .json.
func TestMessages(t *testing.T) {
	t.Parallel()
	for name, raw := range testMessages(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := checkInvariants(t, raw)
			var b bytes.Buffer
			enc := json.NewEncoder(&b)
			enc.SetEscapeHTML(false)
			enc.SetIndent("", "\t")
			if err := enc.Encode(summarize(m)); err != nil {
				t.Fatal(err)
			}
			golden.Compare(t, filepath.Join("testdata", "messages", name+".json"), b.String())
		})
	}
}

// testMessages returns the messages in testdata by name.
func testMessages(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "messages", "*.eml"))
	if err != nil || len(files) < 40 {
		t.Fatalf("there are %d messages in testdata (%v), want at least 40", len(files), err)
	}
	all := map[string][]byte{}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(filepath.Base(f), ".eml")] = raw
	}
	return all
}

// What is captured must be comparable without options: cmp panics on an unexported field.
func TestMessagesAreComparable(t *testing.T) {
	t.Parallel()
	for name, raw := range testMessages(t) {
		a, b := ParseMessage(raw), ParseMessage(bytes.Clone(raw))
		if diff := cmp.Diff(a, b); diff != "" {
			t.Errorf("%s: two decodings differ:\n%s", name, diff)
		}
		b.Subject += "!"
		if cmp.Equal(a, b) {
			t.Errorf("%s: messages with different subjects are equal", name)
		}
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	m := ParseMessage([]byte("Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/calendar; method=REQUEST\n\n" +
		"BEGIN:VCALENDAR\n--b\nContent-Type: image/png\n\nx\n--b\nContent-Type: image/gif\n\ny\n--b--\n"))
	if got := m.Find("text/calendar"); len(got) != 1 || got[0].Params["method"] != "REQUEST" {
		t.Errorf("calendar parts = %v, want the one with method REQUEST", got)
	}
	if got := len(m.Find("image/")); got != 2 {
		t.Errorf("%d images, want 2", got)
	}
	if got := len(m.Find("multipart/mixed")); got != 0 {
		t.Errorf("%d leaves that are multiparts, want 0", got)
	}
}

// However deep a message is nested, comparing and printing it must look at each thing in it a few
// times, and not twice as often with every level.
func TestNestedMessagesAreComparable(t *testing.T) {
	t.Parallel()
	forward := func(depth int) string {
		return strings.Repeat("Content-Type: message/rfc822\r\n\r\n", depth) + "Subject: innermost\r\n\r\ntext\r\n"
	}
	depth := mime.MaxDepth
	if RaceEnabled || !*Large {
		depth /= 4
	}
	for name, raw := range map[string]string{
		"messages":               forward(depth),
		"multiparts":             "Content-Type: multipart/mixed; boundary=0\r\n\r\n" + nestedMultiparts(depth),
		"messages in multiparts": "Content-Type: multipart/mixed; boundary=0\r\n\r\n" + nestedMultiparts(depth/2) + forward(depth/2),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b := ParseMessage([]byte(raw)), ParseMessage([]byte(raw))
			content := 10 * len(raw) // Raw fields, contents and text
			for _, p := range a.Parts {
				content += len(p.Raw)
			}
			visited, most := 0, 10*content // as cmp looks at the elements of a slice several times
			count := cmp.FilterPath(func(cmp.Path) bool {
				if visited++; visited > most {
					t.Fatalf("comparing visits more than %d places for %d bytes", most, content)
				}
				return false
			}, cmp.Ignore())
			if !cmp.Equal(a, b, count) {
				t.Error("two decodings differ")
			}
			if got, most := len(fmt.Sprintf("%v", *a)), 10*content; got > most {
				t.Errorf("printed it has %d bytes, want at most %d for %d bytes", got, most, content)
			}
		})
	}
}

func TestPartMessage(t *testing.T) {
	t.Parallel()
	const inner = "Subject: inside\r\n\r\nna\xefve\r\n"
	for _, test := range []struct{ name, header, body, want string }{
		{"message", "Content-Type: message/rfc822\r\n", inner, inner},
		{"message in UTF-8", "Content-Type: message/global\r\n", inner, inner},
		{"encoded message", "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n", base64.StdEncoding.EncodeToString([]byte(inner)), inner},
		{"text", "Content-Type: text/plain\r\n", inner, ""},
	} {
		p := ParseMessage([]byte(test.header + "\r\n" + test.body)).Parts[0]
		m := p.Message()
		if m == nil {
			if test.want != "" {
				t.Errorf("%s: there is no message, want %q", test.name, test.want)
			}
			continue
		}
		if string(m.Raw) != test.want || m.Subject != "inside" || len(m.Problems) != 1 {
			t.Errorf("%s: got %q with the problems %q, want %q with one", test.name, m.Raw, m.Problems, test.want)
		}
	}
}

func TestMessageMethods(t *testing.T) {
	t.Parallel()
	m := ParseMessage(testMessages(t)["outlook"])
	if got, want := m.Get("thread-TOPIC"), "budget"; got != want {
		t.Errorf("Get = %q, want %q", got, want)
	}
	if got := m.Get("X-Missing"); got != "" {
		t.Errorf("Get of a missing field = %q, want none", got)
	}
	if got := m.GetAll("X-Missing"); got != nil {
		t.Errorf("GetAll of a missing field = %q, want none", got)
	}
	if got, want := ParseMessage([]byte("a: 1\nA: 2\n\n")).GetAll("A"), []string{"1", "2"}; !cmp.Equal(got, want) {
		t.Errorf("GetAll = %q, want %q", got, want)
	}
	for _, id := range []string{"image001.png@01DA.ABC", "<image001.png@01DA.ABC>", "cid:image001.png@01DA.ABC"} {
		if p, ok := m.InlineByID(id); !ok || p.Filename != "image001.png" || p.Get("content-description") != "image001.png" {
			t.Errorf("InlineByID(%q) = %q, %t", id, p.Filename, ok)
		}
	}
	for _, name := range []string{"image001.png", "winmail.dat"} {
		if p, ok := m.Attachment(name); !ok || p.Filename != name {
			t.Errorf("Attachment(%q) = %q, %t", name, p.Filename, ok)
		}
	}
	if _, ok := m.Attachment(""); ok {
		t.Error("there is an attachment without a name")
	}
	if _, ok := m.InlineByID(""); ok {
		t.Error("there is an inline part without an id")
	}
}

func TestSimpleMessageAllocations(t *testing.T) {
	raw := []byte("From: Alice <alice@example.com>\r\nTo: Bob <bob@qq.com>\r\nSubject: Welcome\r\n" +
		"Date: Mon, 02 Mar 2026 09:30:00 +0800\r\nMessage-ID: <1@example.com>\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: text/plain; charset=utf-8\r\n\r\n" + strings.Repeat("Hello Bob, hello Bob, hello.\r\n", 26))
	const most = 22
	if got := testing.AllocsPerRun(100, func() { ParseMessage(raw) }); got > most {
		t.Errorf("decoding a message of %d bytes takes %.0f allocations, want at most %d", len(raw), got, most)
	}
}

func BenchmarkParseMessage(b *testing.B) {
	all := testMessages(b)
	big := fmt.Appendf(nil, "Subject: big\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n"+
		"--b\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n%s--b--\r\n",
		strings.Repeat(strings.Repeat("QUJD", 19)+"\r\n", 1<<20/78))
	for name, raw := range map[string][]byte{"plain": all["plain"], "outlook": all["outlook"], "1 MiB in base64": big} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				ParseMessage(raw)
			}
		})
	}
}

// The end of Text is what MIME makes it, as the field says.
func TestTextEnd(t *testing.T) {
	t.Parallel()
	multipart := func(body string) string {
		return "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n" + body + "\r\n--b--\r\n"
	}
	for raw, want := range map[string]string{
		"Subject: x\r\n\r\nHello\r\n":     "Hello\n",
		"Subject: x\r\n\r\nHello":         "Hello",
		"Subject: x\r\n\r\nHello\r\n\r\n": "Hello\n\n",
		multipart("Hello"):                "Hello",
		multipart("Hello\r\n"):            "Hello\n",
		multipart("Hello\r\n\r\n"):        "Hello\n\n",
		multipart(""):                     "",
	} {
		if got := ParseMessage([]byte(raw)).Text; got != want {
			t.Errorf("%q: text %q, want %q", raw, got, want)
		}
	}
}
