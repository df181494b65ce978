package mailtest

// This file gives the decoder what would hurt it if it looked at anything twice, or believed what
// the message says. A case that takes quadratic time does not end before the deadline of the tests.

import (
	"bytes"
	"flag"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
	"unsafe"

	"github.com/seed078e9d8c/maillab/internal/mime"
)

// Large makes those tests large that take most of the time of this package. The script of the CI sets it for them.
var Large = flag.Bool("large", false, "decode messages of 50 MiB, and hostile ones of one; refuse 768 MiB, and a message of 200; send 100,000; repeat a session 1,000 times; go on with one for 40,000 rounds")

func TestHostileMessages(t *testing.T) {
	t.Parallel()
	size, field := 1<<20, mime.MaxHeader/2 // of a body, and of a header field
	if RaceEnabled || !*Large {
		size, field = size/8, field/8
	}
	fill := func(s string, n int) string { return strings.Repeat(s, n/len(s)) }
	var manyBoundaries, messages, qp strings.Builder
	for range 10_000 {
		messages.WriteString("Content-Type: message/rfc822\r\n\r\n")
		qp.WriteString("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n")
	}
	for i := range 90 {
		b := "q" + strings.Repeat("z", i)
		manyBoundaries.WriteString("Content-Type: multipart/mixed; boundary=" + b + "\r\n\r\n--" + b + "\r\n")
	}
	mixed := "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
	subject, to := "Subject: ", "To: "
	tests := []struct {
		name, raw string
	}{
		{"nothing", ""},
		{"one CR", "\r"},
		{"one line without end", fill("x", size)},
		{"one header line without end", subject + fill("x", size)},
		{"one folded field without end", "Subject: x" + fill("\r\n x", size)},
		{"header without end", fill("A: b\r\n", size)},
		{"shortest fields", fill("A:\n", size)},
		{"white space", fill(" \r\n", size)},
		{"empty lines", fill("\n", size)},
		{"multiparts 10,000 deep", "Content-Type: multipart/mixed; boundary=0\r\n\r\n" + nestedMultiparts(10_000)},
		{"messages 10,000 deep", messages.String() + fill("x", size)},
		{"encoded messages 10,000 deep", qp.String() + fill("x", size)},
		{"a million boundaries", mixed + fill("--b\n", size)},
		{"final boundaries", mixed + fill("--b--\n", size)},
		{"lines that are nearly boundaries", mixed + "--b\n\n" + fill("--bb\n", size)},
		{"hyphens", mixed + "--b\n\n" + fill("-", size)},
		{"lines of hyphens", mixed + "--b\n\n" + fill("--\n", size)},
		{"lines of hyphens in 90 multiparts", manyBoundaries.String() + "\r\n" + fill("--q\n--z\n", size)},
		{"boundary with header each", mixed + fill("--b\nContent-Type: text/plain; charset=gbk\nContent-ID: <x>\n\n\xc4\xe3\n", size)},
		{"digest of digests", "Content-Type: multipart/digest; boundary=b\r\n\r\n" + fill("--b\nContent-Type: multipart/digest; boundary=c\n\n--c\n\n", size)},
		{"boundary of a megabyte", "Content-Type: multipart/mixed; boundary=" + fill("b", field) + "\r\n\r\n" + fill("--b\n", size)},
		{"word openings", subject + fill("=?", field)},
		{"word openings with encoding", subject + fill("=?a?q?", field)},
		{"word openings with one end", subject + fill("=?a?q? ", field) + "?="},
		{"word charsets without end", subject + fill("=?abcdefgh", field)},
		{"words", subject + fill("=?gbk?b?xOM=?= ", field)},
		{"broken words", subject + fill("=?gbk?b?x?= =?utf-8?q?=?= ", field)},
		{"words without end in addresses", to + fill("=?a?q?<", field)},
		{"open angles and brackets in comments", to + fill("<,@[(]", field/2) + fill(")", field/2)},
		{"commas", to + fill(",", field)},
		{"open angles", to + fill("<", field)},
		{"open angles with commas", to + fill("<a,", field)},
		{"open angle and commas", to + "<" + fill("a,", field)},
		{"open angles with quotes", to + fill(`<"`, field)},
		{"closed angles", to + fill(">", field)},
		{"open comments", to + fill("(", field)},
		{"open comments and quotes", to + fill(`("`, field)},
		{"comments", to + fill("(a)", field)},
		{"quotes", to + fill(`"`, field-1)},
		{"quoted backslashes", to + fill(`"\`, field)},
		{"colons", to + fill("a ", field/2) + "x@y" + fill(" :", field/2)},
		{"groups", to + fill("a:;", field)},
		{"at signs", to + fill("@ ", field)},
		{"at signs between letters", to + fill("a @ ", field)},
		{"domain literals", to + fill("@[", field)},
		{"addresses without commas", to + fill("a@b ", field)},
		{"parameters", "Content-Type: text/plain" + fill("; a=b", field)},
		{"parameters without semicolons", "Content-Type: text/plain; " + fill("a=b ", field)},
		{"words without equals signs", "Content-Type: text/plain; a=" + fill("b ", field)},
		{"parameter with comments", "Content-Type: text/plain; a=" + fill(" (b", field)},
		{"semicolons", "Content-Type: text/plain" + fill(";", field)},
		{"equals signs", "Content-Type: text/plain;" + fill("=", field)},
		{"quoted parameters", "Content-Type: text/plain;" + fill(`="`, field)},
		{"comments in a media type", "Content-Type: " + fill("(", field)},
		{"segments", "Content-Type: text/plain" + fill("; a*0=b; a*1*=%41", field)},
		{"segments without order", "Content-Type: text/plain" + fill("; a*9999999999999999999999=b; *=", field)},
		{"base64 junk", "Content-Transfer-Encoding: base64\r\n\r\n" + fill("=*A", size)},
		{"base64 padding", "Content-Transfer-Encoding: base64\r\n\r\n" + fill("=", size)},
		{"base64 streams", "Content-Transfer-Encoding: base64\r\n\r\n" + fill("QQ==", size)},
		{"base64 padding and white space", "Content-Transfer-Encoding: base64\r\n\r\nAB*==" + fill(" ", size)},
		{"base64 and lines of text", "Content-Transfer-Encoding: base64\r\n\r\nQQ==\n" + fill("-\n \n", size)},
		{"uuencode lines without characters", "Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 x\n" + fill("M\n", size)},
		{"lines in two charsets", "Content-Type: text/plain; charset=utf-8\r\n\r\n" + fill("\xff\né\n", size)},
		{"shifts of HZ without a label", "\r\n" + fill("~{0!~}", size)},
		{"quoted-printable escapes", "Content-Transfer-Encoding: quoted-printable\r\n\r\n" + fill("=", size)},
		{"quoted-printable white space", "Content-Transfer-Encoding: quoted-printable\r\n\r\n" + fill(" ", size)},
		{"quoted-printable soft breaks", "Content-Transfer-Encoding: quoted-printable\r\n\r\n" + fill("=\n", size)},
		{"escapes in a report", "Content-Type: message/delivery-status\r\n\r\nA: b\r\n\r\nFinal-Recipient: utf-8; " + fill(`\x{`, size)},
		{"UTF-7 shifts", "Content-Type: text/plain; charset=utf-7\r\n\r\n" + fill("+", size)},
		{"UTF-7 in one shift", "Content-Type: text/plain; charset=utf-7\r\n\r\n+" + fill("A", size)},
		{"flowed quotes", "Content-Type: text/plain; format=flowed\r\n\r\n" + fill(">", size)},
		{"flowed lines", "Content-Type: text/plain; format=flowed\r\n\r\n" + fill("> \n>> \n", size)},
		{"content ids", "Content-Type: text/html\r\n\r\n" + fill("cid:", size)},
		{"charsets in HTML", "Content-Type: text/html\r\n\r\n" + fill("charset=", size)},
		{"dates", "Date: " + fill("1 ", field)},
		{"comments in a date", "Date: " + fill("(", field)},
		{"charset of a megabyte", "Content-Type: text/plain; charset=" + fill("x", field) + fill("\nA:\xff", field)},
		{"bytes beyond ASCII", subject + fill("\xff=?a?b?=?=", field)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			checkInvariants(t, []byte(tt.raw))
		})
	}
}

// checkInvariants decodes raw, and checks what is true of every message.
func checkInvariants(t *testing.T, raw []byte) *Message {
	t.Helper()
	m := ParseMessage(bytes.Clone(raw))
	checkMessage(t, m, raw)
	return m
}

func checkMessage(t *testing.T, m *Message, raw []byte) {
	t.Helper()
	if !bytes.Equal(m.Raw, raw) {
		t.Errorf("Raw has %d bytes and is not the message of %d bytes", len(m.Raw), len(raw))
	}
	if n := len(m.Problems); n > mime.MaxProblems+1 {
		t.Errorf("there are %d problems, want at most %d", n, mime.MaxProblems+1)
	}
	checkStrings(t, append([]string{m.Subject, m.MessageID, m.Text, m.HTML}, m.Problems...))
	for _, list := range [][]Address{m.From, m.Sender, m.ReplyTo, m.To, m.Cc, m.Bcc} {
		for _, a := range list {
			checkStrings(t, []string{a.Name, a.Address})
		}
	}
	end := 0
	for _, p := range m.Parts {
		for _, f := range p.Header {
			checkStrings(t, []string{f.Name, f.Value})
			n := bytes.Index(m.Raw[end:], []byte(f.Raw))
			if n < 0 {
				t.Fatalf("part %q: field %q is not in the message behind byte %d", p.Path, mime.Clip(f.Raw), end)
			}
			end += n + len(f.Raw)
		}
		at := end
		if len(p.Raw) > 0 {
			at = int(uintptr(unsafe.Pointer(&p.Raw[0])) - uintptr(unsafe.Pointer(unsafe.SliceData(m.Raw))))
		}
		if at < end || at+len(p.Raw) > len(m.Raw) {
			t.Fatalf("part %q: Raw is not in the memory of the message behind byte %d", p.Path, end)
		}
		checkStrings(t, []string{p.Path, p.MediaType, p.Encoding, p.Disposition, p.Filename, p.ContentID, p.Text})
		for k, v := range p.Params {
			checkStrings(t, []string{k, v})
		}
		end = at
		if p.Below == 0 {
			end += len(p.Raw)
		}
	}
}

func checkStrings(t *testing.T, all []string) {
	for _, s := range all {
		if !utf8.ValidString(s) {
			t.Errorf("%q is not valid UTF-8", mime.Clip(s))
		}
	}
}

func TestHostilePartsKeepTheirBytes(t *testing.T) {
	t.Parallel()
	raw := "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\n\r\nx\r\n", 20_000) + "--b--\r\n"
	m := ParseMessage([]byte(raw))
	if got, want := len(m.Parts), mime.MaxParts+1; got != want { // with the root
		t.Fatalf("parts = %d, want %d", got, want)
	}
	last := m.Parts[mime.MaxParts]
	if got, want := string(last.Raw), raw[len(raw)-len(last.Raw):]; got != want || len(last.Raw) < 100_000 {
		t.Errorf("the last part has %d bytes, want all that is left", len(last.Raw))
	}
	if len(m.Problems) != 1 {
		t.Errorf("problems = %q, want one", m.Problems)
	}
}

func TestBoundsAreReported(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, raw string
		problem   string
		depth     int // of parts and messages below the root
	}{
		{"header", "Subject: x\r\nX: " + strings.Repeat("x", mime.MaxHeader) + "\r\n\r\nbody", "what is beyond byte 12 is left in the body", 0},
		{"multiparts", "Content-Type: multipart/mixed; boundary=0\r\n\r\n" + nestedMultiparts(200), "it is nested 100 deep: it is not taken apart", 100},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := checkInvariants(t, []byte(tt.raw))
			if got := strings.Join(m.Problems, "\n"); !strings.Contains(got, tt.problem) {
				t.Errorf("problems = %q, want one with %q", got, tt.problem)
			}
			if got := len(m.Parts) - 1; got != tt.depth {
				t.Errorf("depth = %d, want %d", got, tt.depth)
			}
		})
	}
}

func nestedMultiparts(depth int) string {
	var b strings.Builder
	for i := range depth {
		fmt.Fprintf(&b, "--%d\r\nContent-Type: multipart/mixed; boundary=%d\r\n\r\n", i, i+1)
	}
	return b.String()
}
