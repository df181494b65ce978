package mime

// Fuzz targets of what reads a whole message.

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// FuzzFields splits the header of a part: each byte is in one field, in the line that ends the header, or in the body.
func FuzzFields(f *testing.F) {
	for _, s := range []string{
		"Subject: x\r\nTo: a@b.example,\r\n c@d.example\r\n\r\nbody", "From x\r\n\r\nbody", "Subject: x\nnot a field\nX-Y: z\n\nbody", "Subject: x\r\n--b\r\nbody",
		"--b--\r\n", "Content-Type: text/plain;\r\nname=x\r\n\r\n", " \r\nSubject: x\r\nbody", "mail from: x\n\nbody", "Subject : x\n", "Subject: x", "\r\r\n", "",
	} {
		f.Add([]byte("--b\r\n"), []byte(s))
		f.Add([]byte(nil), []byte(s))
	}
	f.Fuzz(func(t *testing.T, above, rest []byte) {
		raw, start := slices.Concat(above, rest), len(above)
		b := NewBoundaries(raw)
		b.Open("b")
		var bad Problems
		spans, body := b.AppendFields(nil, start, &bad)
		end := 0
		for i, s := range spans {
			switch {
			case s.End < end || s.End == end && i < len(spans)-1, start+s.End > len(raw), s.Name > s.End-end:
				t.Fatalf("span %d is %+v and begins at %d", i, s, end)
			case s.Name > 0 && bytes.IndexByte(raw[start+end+s.Name:start+s.End], ':') < 0:
				t.Errorf("field %d has no colon: %q", i, raw[start+end:start+s.End])
			}
			end = s.End
		}
		if body < start+end || body > len(raw) {
			t.Fatalf("the body begins at %d, and the fields end at %d", body, start+end)
		}
		if between := raw[start+end : body]; strings.Trim(string(between), "\r\n") != "" || bytes.Count(between, []byte("\n")) > 1 {
			t.Errorf("%q is between the header and the body", between)
		}
		fields, _ := b.fields(start, new(Problems))
		for _, f := range fields {
			if strings.Contains(f.Body(), "\n") {
				t.Errorf("the body of the field %q is %q", f.Raw, f.Body())
			}
		}
	})
}

// FuzzBoundaries compares the search for boundaries with one that looks at each line.
func FuzzBoundaries(f *testing.F) {
	for _, s := range []string{"a\r\n--b\r\nc\r\n--b--", "--bb \t\n--b--\n--b", "--c--\n", "--b--c", "---b\n--b\r--b\n", "\n--\n----"} {
		f.Add([]byte(s), "b", "c", 0)
		f.Add([]byte(s), "b", "b--", 3)
	}
	f.Fuzz(func(t *testing.T, raw []byte, outer, inner string, from int) {
		if from < 0 || from > len(raw) || outer == "" || inner == "" || outer == inner {
			return
		}
		b := NewBoundaries(raw)
		b.Open(outer)
		b.Open(inner)
		want, at := Delimiter{End: len(raw), Begin: len(raw), Next: len(raw)}, from
		for line := range bytes.Lines(raw[from:]) {
			text, ok := strings.CutPrefix(strings.TrimRight(string(line), " \t\r\n"), "--")
			level := slices.Index([]string{"", outer, inner}, text)
			final := level <= 0 && strings.HasSuffix(text, "--")
			if final {
				level = slices.Index([]string{"", outer, inner}, strings.TrimSuffix(text, "--"))
			}
			if ok && level > 0 {
				want = Delimiter{End: at - len(LineBreak(raw[:at])), Begin: at, Next: at + len(line), Level: level, Final: final}
				break
			}
			at += len(line)
		}
		if got := b.Next(from); got != want {
			t.Errorf("Next(%d) = %+v, want %+v", from, got, want)
		}
	})
}

// FuzzRead reads messages: the parts lie in each other, and what is said of the body is said of leaves.
func FuzzRead(f *testing.F) {
	for _, s := range []string{
		"Subject: x\r\n\r\nHi\r\n",
		"Content-Type: multipart/mixed; boundary=b\r\n\r\nabove\r\n--b\r\n\r\nHi\r\n--b\r\nContent-Type: image/png\r\nContent-ID: <x>\r\n\r\nx\r\n--b--\r\nbelow",
		"Content-Type: multipart/related; start=\"<r>\"; boundary=b\n\n--b\nContent-Type: text/html\nContent-ID: <r>\n\n<img src=\"cid:x\">\n--b\nContent-ID: <x>\n\n--b--",
		"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/digest; boundary=c\n\n--c\n\nSubject: y\n\nHi\n--c--\n--b\n\n",
		"Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Disposition: attachment; filename=a\n\nHi\n--b--",
		"Content-Type: multipart/mixed\n\n--b\n", "Content-Type: multipart/mixed; boundary=b\n\n--b--\n--b\n", "Content-Type: multipart/mixed; boundary=b\n\n--c\n",
		"Date: 1 Jan 26\nFrom: a@b.example\nFrom: c@d.example\nTo: x\n\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		m := Read(raw)
		at := 0
		for i, p := range m.Parts {
			if p.Start < at || p.Body < p.Start || p.Body+len(p.Raw) > len(raw) || i+p.Below >= len(m.Parts) {
				t.Fatalf("part %q begins at %d, its body at %d, with %d parts below; the header before it at %d", p.Path, p.Start, p.Body, p.Below, at)
			}
			at = p.Start
			if !bytes.Equal(p.Raw, raw[p.Body:p.Body+len(p.Raw)]) || !utf8.ValidString(p.Text) {
				t.Errorf("part %q is %q, and reads %q", p.Path, p.Raw, p.Text)
			}
			if line := bytes.TrimRight(raw[p.End:max(p.End, p.Epilogue)], " \t\r\n"); p.Multipart == Closed && !(bytes.HasPrefix(line, []byte("--")) && bytes.HasSuffix(line, []byte("--"))) {
				t.Errorf("part %q is closed by %q", p.Path, line)
			}
		}
		for _, i := range slices.Concat(m.Attachments, m.Inline) {
			if m.Parts[i].Below > 0 || i == m.Text || i == m.HTML {
				t.Errorf("part %q is an attachment or inline", m.Parts[i].Path)
			}
		}
		if len(m.Problems) != len(m.Places) || len(m.Problems) > MaxProblems+1 {
			t.Fatalf("there are %d problems and %d places", len(m.Problems), len(m.Places))
		}
		for i, p := range m.Places {
			if p.Offset >= 0 && !strings.HasPrefix(m.Problems[i], p.String()+": ") {
				t.Errorf("problem %q is at %+v", m.Problems[i], p)
			}
		}
		for i := range m.Parts {
			m.Parts[i].Content, m.Parts[i].Text = nil, ""
		}
		if diff := cmp.Diff(m.Parts, Outline(raw)); diff != "" {
			t.Errorf("the outline differs:\n%s", diff)
		}
	})
}

// FuzzReport reads delivery status notifications.
func FuzzReport(f *testing.F) {
	for _, s := range []string{
		"Reporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; bob@qq.com\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp;\r\n 550 no\r\n",
		"Final-Recipient: utf-8; \\x{E9}@qq.com\n\nStatus: 4.0.0 (x)\n", "\n\n :\n\nFinal-Recipient:;\n ;", "X: y\n\nOriginal-Recipient: a;b;c\nAction: FAILED\nAction: delayed",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		for _, s := range ParseReport(content) {
			all := strings.Join([]string{s.ReportingMTA, s.EnvelopeID, s.Recipient, s.Original, s.Action, s.Status, s.RemoteMTA, s.Diagnostic}, "")
			if s.Action != strings.ToLower(s.Action) || strings.Contains(s.Status, " ") || strings.Contains(all, "\n") && !bytes.Contains(content, []byte(`\x{`)) {
				t.Errorf("a report has %+v", s)
			}
		}
	})
}
