package mime

// This file tests format=flowed.

import (
	"strings"
	"testing"
)

func TestUnflow(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in string
		delSp    bool
		want     string
	}{
		{"nothing", "", false, ""},
		{"fixed", "a\nb\n", false, "a\nb\n"},
		{"flowed", "one \ntwo \nthree\nfour\n", false, "one two three\nfour\n"},
		{"flowed Chinese", "你好 \n世界\n", true, "你好世界\n"},
		{"spaces before the break", "a  \nb\n", true, "a b\n"},
		{"stuffed", " >a\n From b\n  c\n", false, ">a\nFrom b\n c\n"},
		{"quoted", "> one \n> two\n>> deeper \n>> still\nmine\n", false, "> one two\n>> deeper still\nmine\n"},
		{"quote marks without space", ">one \n>two\n", false, "> one two\n"},
		{"depth changes", "> one \n>> two\nx\n", false, "> one \n>> two\nx\n"},
		{"signature", "bye \n-- \nBob\n", false, "bye \n-- \nBob\n"},
		{"quoted signature", "> bye\n> -- \n> Bob\n", false, "> bye\n> -- \n> Bob\n"},
		{"last line flowed", "a \n", false, "a \n"},
		{"last line without end", "a \nb", false, "a b"},
		{"empty line ends a paragraph", "a \n\nb\n", false, "a \nb\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			form := Flowed
			if tt.delSp {
				form = FlowedDelSp
			}
			if got := form.whole([]byte(tt.in)); got != tt.want {
				t.Errorf("%q is %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

// What is there as a whole becomes the same text as what comes in pieces.
func TestWhole(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"", "a", "\n", "\r", "\r\n", "\r\r\n", "\n\r", "a\r\nb\r\n", "a\nb\n", "a\rb", "a\r\n\r\nb\r", "\ufeffa\r\n\ufeffb", "\ufeff\ufeff",
		strings.Repeat("x", 2*maxPiece) + "\r\r\n" + strings.Repeat("y", maxPiece) + "\r",
	} {
		for form := AsItIs; form <= FlowedDelSp; form++ {
			bytewise := func(yield func([]byte) bool) {
				for i := range len(in) {
					if !yield([]byte(in[i : i+1])) {
						return
					}
				}
			}
			if got, want := form.whole([]byte(in)), form.text(bytewise); got != want {
				t.Errorf("Layout %d of %.40q: got %.40q, in pieces it is %.40q", form, in, got, want)
			}
		}
	}
}

// Long lines, which are looked at piece by piece, come out as short ones do.
func TestUnflowLongLines(t *testing.T) {
	t.Parallel()
	for n := -10; n < 10; n++ {
		long := strings.Repeat("x", 2*maxPiece+n)
		in := ">> " + long + " \r\n>> more \r\n > stuffed\r\n" + long + ">\r\n" + long + " \r"
		want := ">> " + long + " more \n> stuffed\n" + long + ">\n" + long + " \r"
		for _, label := range []string{"utf-8", "iso-8859-5"} { // in one piece, and in several
			if got := DecodeText([]byte(in), label, "", Flowed, new(Problems)); got != want {
				t.Errorf("%s, lines of %d bytes: got %q, want %q", label, len(long), got, want)
			}
		}
	}
}
