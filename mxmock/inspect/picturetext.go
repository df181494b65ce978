package inspect

// The texts in a picture: their escapes, their widths, and how they are cut.

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/width"
)

// aLabels finds names that have A-labels.
var aLabels = regexp.MustCompile(`(?i)[a-z0-9.-]*xn--[a-z0-9.-]+`)

// readable returns a text on one line, with names in Unicode.
func readable(s string) string {
	if strings.Contains(strings.ToLower(s), "xn--") { // few texts have any, and the search is slow
		s = aLabels.ReplaceAllStringFunc(s, func(name string) string {
			if u, err := idna.Display.ToUnicode(name); err == nil {
				return u
			}
			return name
		})
	}
	return strings.TrimSpace(clean(s))
}

// clean replaces characters that XML forbids or that would move the text around them.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case r < ' ' || r == utf8.RuneError || r&0xfffe == 0xfffe || unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r):
			return utf8.RuneError
		}
		return r
	}, s)
}

// escape escapes a text for XML.
var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")

// widths are those of the printable characters of ASCII in Helvetica, and in fonts made to fit in its place, in
// thousandths of the font size.
var widths = [...]uint16{
	278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, // space to /
	556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, // 0 to ?
	1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778, // @ to O
	667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, // P to _
	333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, // ` to o
	556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584, // p to ~
}

// widthOf returns the width of a character, in thousandths of the font size.
func widthOf(r rune) int {
	switch {
	case r >= ' ' && int(r-' ') < len(widths):
		return int(widths[r-' '])
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		if r >= 0x1f000 && r < 0x20000 {
			return 1300 // emoji
		}
		return 1000
	}
	return 722
}

// measure returns the width of a text in a font of the given size.
func measure(s string, size float64) float64 {
	sum := 0
	for _, r := range s {
		sum += widthOf(r)
	}
	return float64(sum) * size / 1000
}

// fit returns a text, cut to the width most.
func fit(s string, size, most float64) string {
	if measure(s, size) <= most {
		return s
	}
	const dots = "…"
	room := most - measure(dots, size)
	end := 0
	for i, r := range s {
		w := measure(string(r), size)
		if w > room {
			break
		}
		room -= w
		end = i + utf8.RuneLen(r)
	}
	return strings.TrimRight(s[:end], " ") + dots
}

// wrap breaks a text into lines that are no wider than most: at spaces, after wide characters such as those of Chinese, and
// within a word that is too wide for a line. The last of so many lines is too wide if the text is.
func wrap(s string, size, most float64, lines int) (all []string) {
	for len(all) < lines-1 && measure(s, size) > most {
		fits, word := 0, 0 // where the line is full, and where its last word ends
		room := most
		for i, r := range s {
			if room -= measure(string(r), size); room < 0 && i > 0 {
				break
			}
			if fits = i + utf8.RuneLen(r); r == ' ' || widthOf(r) == 1000 {
				word = fits
			}
		}
		next, _, _ := strings.Cut(s[word:], " ")
		if word == 0 || measure(next, size) > most {
			word = fits
		}
		all, s = append(all, strings.TrimRight(s[:word], " ")), strings.TrimLeft(s[word:], " ")
	}
	return append(all, s)
}

// lines breaks a name after a dot if it is too wide for one line.
func lines(name string, size, most float64) []string {
	if measure(name, size) <= most {
		return []string{name}
	}
	at := 0
	for i := range name {
		if name[i] == '.' && measure(name[:i+1], size) <= most {
			at = i + 1
		}
	}
	if at == 0 || at == len(name) {
		return []string{fit(name, size, most)}
	}
	return []string{name[:at], fit(name[at:], size, most)}
}
