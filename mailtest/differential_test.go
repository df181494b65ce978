package mailtest

// This file compares the decoder with those of the standard library and of go-message, on messages that
// are well-formed: there all must agree.

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-message"
	gomail "github.com/emersion/go-message/mail"
	"github.com/google/go-cmp/cmp"
)

var texts = []string{
	"", "plain", "two words", "a=b_c?d", "naïve café", "你好,世界", "日本語のとても長い件名がここにありますので何行にもなります。", "Привет, как дела? Сегодня хорошая погода.",
	"😀 emoji 👩‍👩‍👧", "trailing space ", "=?", "mixed ASCII 和 中文 and back",
}

// leaf is what all decoders can say about a leaf.
type leaf struct {
	Type, Content string
}

func leavesOf(m *Message) []leaf {
	var all []leaf
	for _, p := range m.Parts {
		if p.Below == 0 {
			all = append(all, leaf{p.MediaType, strings.ReplaceAll(string(p.Content), "\r\n", "\n")})
		}
	}
	return all
}

// The parts of every well-formed message in testdata must be those that go-message finds.
func TestPartsAsInGoMessage(t *testing.T) {
	t.Parallel()
	n := 0
	for name, raw := range testMessages(t) {
		m := ParseMessage(raw)
		if len(m.Problems) > 0 {
			continue
		}
		entity, err := message.Read(bytes.NewReader(raw))
		if err != nil && !message.IsUnknownCharset(err) {
			continue // it does not read the lines of mailboxes, nor an empty message
		}
		var want []leaf
		err = entity.Walk(func(_ []int, e *message.Entity, err error) error {
			if err != nil && !message.IsUnknownCharset(err) {
				return err
			}
			mediaType, _, _ := e.Header.ContentType()
			if strings.HasPrefix(mediaType, "multipart/") {
				return nil
			}
			content, err := io.ReadAll(e.Body)
			if strings.HasPrefix(mediaType, "text/") {
				content = nil // go-message may have decoded the charset
			}
			want = append(want, leaf{mediaType, strings.ReplaceAll(string(content), "\r\n", "\n")})
			return err
		})
		if err != nil {
			continue // nor parts without an empty line, or with LF alone
		}
		n++
		got := leavesOf(m)
		for i := range got {
			if strings.HasPrefix(got[i].Type, "text/") {
				got[i].Content = ""
			}
			if i < len(want) && want[i].Type == "text/plain" && got[i].Type == "message/rfc822" {
				want[i] = got[i] // go-message does not know the default of multipart/digest
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-go-message +got):\n%s", name, diff)
		}
	}
	if n < 20 {
		t.Errorf("compared %d messages, want at least 20", n)
	}
}

// What mime/multipart writes must come back.
func TestMultipartRoundTrip(t *testing.T) {
	t.Parallel()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	var want []leaf
	for i, text := range texts {
		part, err := w.CreatePart(map[string][]string{
			"Content-Type":              {"text/x-test; charset=utf-8"},
			"Content-Transfer-Encoding": {"quoted-printable"},
			"Content-Disposition":       {mime.FormatMediaType("attachment", map[string]string{"filename": fmt.Sprint(i, text)})},
		})
		if err != nil {
			t.Fatal(err)
		}
		qp := quotedprintable.NewWriter(part)
		io.WriteString(qp, text)
		qp.Close()
		want = append(want, leaf{"text/x-test", text})
	}
	w.Close()
	m := ParseMessage(fmt.Appendf(nil, "Content-Type: %s\r\n\r\n%s", mime.FormatMediaType("multipart/mixed", map[string]string{"boundary": w.Boundary()}), body.Bytes()))
	if diff := cmp.Diff(want, leavesOf(m)); diff != "" || len(m.Problems) > 0 {
		t.Errorf("problems %q (-written +read):\n%s", m.Problems, diff)
	}
	for i, text := range texts {
		if p, ok := m.Attachment(fmt.Sprint(i, text)); !ok || p.Text != text {
			t.Errorf("the attachment %q has the text %q, %t", fmt.Sprint(i, text), p.Text, ok)
		}
	}
}

// What go-message writes must come back.
func TestGoMessageRoundTrip(t *testing.T) {
	t.Parallel()
	for _, text := range texts {
		when := time.Date(2026, time.March, 2, 9, 30, 0, 0, time.FixedZone("", 8*3600))
		var h gomail.Header
		h.SetDate(when)
		h.SetSubject(text)
		h.SetAddressList("From", []*gomail.Address{{Name: text, Address: "alice@example.com"}})
		h.SetAddressList("To", []*gomail.Address{{Address: "bob@qq.com"}, {Name: "Carol, " + text, Address: "carol@qq.com"}})
		h.SetMessageID("1@example.com")
		var b bytes.Buffer
		w, err := gomail.CreateWriter(&b, h)
		if err != nil {
			t.Fatal(err)
		}
		inline, err := w.CreateInline()
		if err != nil {
			t.Fatal(err)
		}
		for _, mediaType := range []string{"text/plain", "text/html"} {
			var ih gomail.InlineHeader
			ih.SetContentType(mediaType, map[string]string{"charset": "utf-8"})
			pw, err := inline.CreatePart(ih)
			if err != nil {
				t.Fatal(err)
			}
			io.WriteString(pw, mediaType+": "+text+"\n")
			pw.Close()
		}
		inline.Close()
		var ah gomail.AttachmentHeader
		ah.SetFilename(text + ".bin")
		ah.SetContentType("application/octet-stream", nil)
		aw, err := w.CreateAttachment(ah)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(aw, "\x00\xff"+text)
		aw.Close()
		w.Close()

		m := ParseMessage(b.Bytes())
		trimmed := strings.TrimSpace(text)
		got := []any{m.Subject, m.Date.Equal(when), m.MessageID, m.From, m.To, m.Text, m.HTML, len(m.Attachments), len(m.Inline), m.Problems}
		want := []any{m.Subject, true, "1@example.com", []Address{{trimmed, "alice@example.com"}},
			[]Address{{"", "bob@qq.com"}, {strings.TrimSpace("Carol, " + text), "carol@qq.com"}},
			"text/plain: " + text + "\n", "text/html: " + text + "\n", 1, 0, []string(nil)}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-written +read):\n%s\n%s", text, diff, b.Bytes())
		}
		if strings.TrimSpace(m.Subject) != trimmed {
			t.Errorf("subject = %q, want %q", m.Subject, text)
		}
		if p, ok := m.Attachment(text + ".bin"); !ok || string(p.Content) != "\x00\xff"+text {
			t.Errorf("the attachment %q has the content %q, %t", text+".bin", p.Content, ok)
		}
	}
}
