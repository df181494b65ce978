package mime

// This file tests content transfer encodings, damaged ones too.

import (
	"bytes"
	"encoding/base64"
	"mime/quotedprintable"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDecodeBase64(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in, want string
		problems       Problems
	}{
		{"empty", "", "", nil},
		{"whole", "SGVsbG8=", "Hello", nil},
		{"lines", "SGVs\r\nbG8=\r\n", "Hello", nil},
		{"LF only", "SGVs\nbG8=\n", "Hello", nil},
		{"white space", " SGVs\t bG8=  \r\n", "Hello", nil},
		{"no padding after 3", "SGVsbG8", "Hello", Problems{"base64: the padding at the end is missing"}},
		{"no padding after 2", "SGVsbA", "Hell", Problems{"base64: the padding at the end is missing"}},
		{"half the padding", "SGVsbA=", "Hell", Problems{"base64: the padding at the end is missing"}},
		{"too much padding", "SGVsbG8==", "Hello", Problems{"base64: skipped 1 bytes that do not belong there, the first at byte 8"}},
		{"padding where none is needed", "SGVs=", "Hel", Problems{"base64: skipped 1 bytes that do not belong there, the first at byte 4"}},
		{"one character too many", "SGVsb", "Hel", Problems{"base64: the character before byte 5 stands alone and gives no byte"}},
		{"line noise", "SG*Vsb!G8=", "Hello", Problems{"base64: skipped 2 bytes that do not belong there, the first at byte 2"}},
		{"8 bits", "SGVs\xffbG8=", "Hello", Problems{"base64: skipped 1 bytes that do not belong there, the first at byte 4"}},
		{"two streams", "SGVs\r\nbA==\r\nbG8=\r\n", "Helllo", Problems{"base64: there is more after the padding, at byte 12"}},
		{"a footer below", "SGVsbG8=\r\n--\r\n", "Hello", Problems{`base64: it ends before byte 10, and the text below it is left out: "--"`}},
		{"bits beyond the end", "SGVsbH==", "Hell", nil},
		{"padding alone", "====", "", Problems{"base64: skipped 4 bytes that do not belong there, the first at byte 0"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var bad Problems
			got := DecodeTransfer([]byte(tt.in), "base64", &bad)
			if string(got) != tt.want {
				t.Errorf("decoding %q gives %q, want %q", tt.in, got, tt.want)
			}
			if diff := cmp.Diff(tt.problems, bad); diff != "" {
				t.Errorf("problems of %q (-want +got):\n%s", tt.in, diff)
			}
		})
	}
}

func TestDecodeUU(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in, want string
		problems       Problems
	}{
		{"whole", "begin 644 cat.txt\n#0V%T\n`\nend\n", "Cat", nil},
		{"CRLF", "begin 644 cat.txt\r\n#0V%T\r\n`\r\nend\r\n", "Cat", nil},
		{"a space for zero", "begin 644 zero\n#    \n \nend\n", "\x00\x00\x00", nil},
		{"spaces cut off at the end", "begin 644 zero\n#\n\nend\n", "\x00\x00\x00", nil},
		{"a line of spaces cut off", "begin 644 zero\nM\n`\nend\n", strings.Repeat("\x00", 45), nil},
		{"two lines", "begin 600 x\nM5&AE('%U:6-K(&)R;W=N(&9O>\"!J=6UP<R!O=F5R('1H92!L87IY(&1O9RP@\n&='=I8V4N\n`\nend\n", "The quick brown fox jumps over the lazy dog, twice.", nil},
		{"one byte", "begin 644 x\n!00``\n`\nend\n", "A", nil},
		{"characters beyond the length", "begin 644 x\n!0V%T\n`\nend\n", "C", nil},
		{"text around", "Here it is:\n\nbegin 644 cat.txt\n#0V%T\n`\nend\nbye\n", "Cat", nil},
		{"a name with spaces", "begin 644 my cat.txt\n#0V%T\n`\nend", "Cat", nil},
		{"begin in the text", "begin with this\nbegin 644 cat.txt\n#0V%T\n`\nend\n", "Cat", nil},
		{"base64", "begin-base64 644 cat.txt\nQ2F0\n====\n", "Cat", nil},
		{"empty", "begin 644 x\n`\nend\n", "", nil},
		{"no end", "begin 644 x\n#0V%T\n", "Cat", Problems{"uuencode: the end is missing"}},
		{"no begin", "#0V%T\nend\n", "#0V%T\nend\n", Problems{"uuencode: no line begins with \"begin\": the content is left as it is"}},
		{"damaged", "begin 644 x\n#0v%T\n`\nend\n", "@\x01t", Problems{`uuencode: the line "#0v%T" does not have the bytes that it promises`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var bad Problems
			got := DecodeTransfer([]byte(tt.in), "x-uuencode", &bad)
			if string(got) != tt.want {
				t.Errorf("decoding %q gives %q, want %q", tt.in, got, tt.want)
			}
			if diff := cmp.Diff(tt.problems, bad); diff != "" {
				t.Errorf("problems of %q (-want +got):\n%s", tt.in, diff)
			}
		})
	}
}

func TestDecodeQuotedPrintable(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in, want string
		problems       Problems
	}{
		{"empty", "", "", nil},
		{"escapes", "a=3Db=C3=A9\r\n", "a=bé\r\n", nil},
		{"lower case", "=c3=a9", "é", nil},
		{"mixed case", "=c3=A9", "é", nil},
		{"soft break", "a=\r\nb", "ab", nil},
		{"soft break with LF", "a=\nb", "ab", nil},
		{"soft break with white space", "a= \t\r\nb", "ab", nil},
		{"soft break at the end", "a=", "a", nil},
		{"white space at the end of a line", "a \t\r\nb ", "a\r\nb", nil},
		{"encoded white space at the end", "a=20\r\n", "a \r\n", nil},
		{"line ends stay", "a\nb\r\nc", "a\nb\r\nc", nil},
		{"8 bits stay", "é", "é", nil},
		{"no hex", "a=G1b", "a=G1b", Problems{`"=G1" at byte 1 is not an escape`}},
		{"half hex", "x\r\na=1", "x\r\na=1", Problems{`"=1" at byte 4 is not an escape`}},
		{"space after", "a= b", "a= b", Problems{`"= b" at byte 1 is not an escape`}},
		{"two equals signs", "a==41", "a=A", Problems{`"==4" at byte 1 is not an escape`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var bad Problems
			got := DecodeTransfer([]byte(tt.in), "quoted-printable", &bad)
			if string(got) != tt.want {
				t.Errorf("decoding %q gives %q, want %q", tt.in, got, tt.want)
			}
			if diff := cmp.Diff(tt.problems, bad); diff != "" {
				t.Errorf("problems of %q (-want +got):\n%s", tt.in, diff)
			}
		})
	}
}

func TestTransferRoundTrip(t *testing.T) {
	t.Parallel()
	all := make([]byte, 0, 256*20)
	for i := range 256 * 20 {
		all = append(all, byte(i*i>>3))
	}
	var bad Problems
	for n := 0; n < len(all); n += 13 {
		in := all[:n]
		if got := DecodeTransfer([]byte(base64.StdEncoding.EncodeToString(in)), "base64", &bad); !bytes.Equal(got, in) {
			t.Fatalf("%d bytes in base64 come back as %d others", n, len(got))
		}
		var b bytes.Buffer
		w := quotedprintable.NewWriter(&b)
		w.Binary = true
		w.Write(in)
		w.Close()
		if got := DecodeTransfer(b.Bytes(), "quoted-printable", &bad); !bytes.Equal(got, in) {
			t.Fatalf("%d bytes in quoted-printable come back as %d others", n, len(got))
		}
	}
	if len(bad) > 0 {
		t.Errorf("problems = %q, want none", bad)
	}
	in := []byte("as it is")
	for _, encoding := range []string{"", "7bit", "8bit", "binary", "x-unknown"} {
		if got := DecodeTransfer(in, encoding, &bad); &got[0] != &in[0] {
			t.Errorf("%q: the content is a copy", encoding)
		}
	}
}
