package mime

// This file guesses the charset of text whose label does not help. A test server that guesses creatively hides bugs, so
// a guess needs evidence, and is always reported among the problems of the message.

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

// guess is a charset that is assumed, with the reason.
type guess struct {
	charset   Charset
	name, why string
}

// String returns the name of the charset and the reason, as a part of a sentence.
func (g guess) String() string { return "read as " + g.name + ", " + g.why }

// guessUnlabelled guesses the charset of text without a label. It returns false if the text is plain ASCII.
func guessUnlabelled(b []byte, hint string) (guess, bool) {
	if FirstNonASCII(b) >= 0 {
		return guessCharset(b, hint), true
	}
	return guessSevenBits(b)
}

// guessSevenBits recognizes the charsets whose bytes are all ASCII.
func guessSevenBits(b []byte) (guess, bool) {
	label, why := "", ""
	switch {
	case bytes.Contains(b, []byte("\x1b$)C")) && bytes.ContainsRune(b, 0x0e):
		label, why = "iso-2022-kr", "whose escape sequence is in it"
	case bytes.Contains(b, []byte("\x1b$B")) || bytes.Contains(b, []byte("\x1b$@")) || bytes.Contains(b, []byte("\x1b(J")) || bytes.Contains(b, []byte("\x1b(I")):
		label, why = "iso-2022-jp", "whose escape sequences are in it"
	case looksHZ(b):
		label, why = "hz-gb-2312", "since all between ~{ and ~} are common Chinese characters"
	default:
		return guess{}, false
	}
	cs, name := CharsetByLabel(label)
	return guess{cs, name, why}, fits(cs, b)
}

// looksHZ reports whether b, which is ASCII, contains Chinese between "~{" and "~}" (RFC 1843): at least two
// characters, all of them common.
func looksHZ(b []byte) bool {
	characters := 0
	for {
		_, after, found := bytes.Cut(b, []byte("~{"))
		if !found {
			return characters >= 2
		}
		inside, rest, found := bytes.Cut(after, []byte("~}"))
		if !found || len(inside)%2 != 0 {
			return false
		}
		for i := 0; i < len(inside); i += 2 {
			if !isCommonGB2312(inside[i]|0x80, inside[i+1]|0x80) {
				return false
			}
			characters++
		}
		b = rest
	}
}

// guessCharset guesses the charset of text with bytes beyond ASCII: UTF-8; or the hint, which is the charset of other
// text of the message; or GB18030, if there is evidence for Chinese; or else windows-1252. Damaged UTF-8 is taken for
// UTF-8 rather than the hint if nothing else looks like it, and rather than windows-1252 if it may be UTF-8.
func guessCharset(b []byte, hint string) guess {
	if utf8.Valid(b) {
		return guess{unicode.UTF8, UTF8, "which all of it is"}
	}
	most := guess{unicode.UTF8, UTF8, "which most of it is"}
	u := countUTF8(b)
	if u.long > 0 && u.long >= u.wrong {
		return most
	}
	if cs, name := CharsetByLabel(hint); cs != nil && name != ASCII && name != UTF8 && fits(cs, b) {
		return guess{cs, name, "as other text of the message is labelled"}
	}
	if n, ok := looksChinese(b); ok {
		return guess{simplifiedchinese.GB18030, GB18030, fmt.Sprintf("since %d common Chinese characters are in it", n)}
	}
	if u.good > 0 && u.good >= u.wrong {
		return most
	}
	return guess{charmap.Windows1252, "windows-1252", "for want of evidence for anything else"}
}

// maxEvidence is the maximum number of bytes of text that are collected for a guess.
const maxEvidence = 1 << 20

// utf8Count says how much of a text is UTF-8.
type utf8Count struct {
	good  int  // characters beyond ASCII
	long  int  // those of three bytes and more, which other charsets do not have by chance
	wrong int  // places that are not UTF-8
	first int  // the first such place, or -1
	cut   bool // the only fault is a character cut off at the beginning or the end of the text
}

// countUTF8 counts the characters of b.
func countUTF8(b []byte) utf8Count {
	u := utf8Count{first: -1}
	cut := false
	for i := 0; i < len(b); {
		r, size := utf8.DecodeRune(b[i:])
		switch {
		case r != utf8.RuneError || size > 1:
			if size > 1 {
				u.good++
			}
			if size > 2 {
				u.long++
			}
			i += size
			continue
		case u.first < 0:
			u.first = i
		}
		u.wrong++
		begin := i
		for i++; i < len(b) && i < begin+utf8.UTFMax && !utf8.RuneStart(b[i]); i++ {
		}
		atEnd := i == len(b) && i-begin > 1 && !utf8.FullRune(b[begin:])
		atBegin := begin == 0 && !utf8.RuneStart(b[0])
		cut = cut || atEnd || atBegin
	}
	u.cut = cut && u.wrong == 1
	return u
}

// repairUTF8 decodes text that is labelled as UTF-8 and is not valid. Lines that are mostly UTF-8 are decoded as UTF-8,
// with U+FFFD for the damaged bytes, and so is text with a character cut off at one end. The charset of all other lines
// is guessed.
func repairUTF8(b []byte, hint string, form Layout, bad *Problems) string {
	all := countUTF8(b)
	if all.cut || !someLine(b, isForeign) {
		bad.Addf("byte %d is not utf-8", all.first)
		return form.text(decodedPieces(unicode.UTF8, b))
	}
	foreign := b
	if all.good > 0 {
		foreign = nil
		for line := range bytes.Lines(b) {
			if isForeign(line) {
				foreign = append(foreign, line[:min(len(line), maxEvidence-len(foreign))]...)
			}
		}
	}
	g := guessCharset(foreign, hint)
	which := ""
	if all.good > 0 {
		which = "lines that are not utf-8 are "
	}
	bad.Addf("byte %d is not utf-8: %s%s", all.first, which, g)
	return form.text(piecesByLine(b, unicode.UTF8, g.charset, isForeign))
}

// isForeign reports whether a line has more places that are not UTF-8 than characters that are.
func isForeign(line []byte) bool {
	u := countUTF8(line)
	return u.wrong > u.good
}

// someLine reports whether such returns true for a line of b.
func someLine(b []byte, such func(line []byte) bool) bool {
	for line := range bytes.Lines(b) {
		if such(line) {
			return true
		}
	}
	return false
}

// looksChinese reports whether b is evidently GB18030, and returns the number of common characters in it. It wants at
// least two of them, at least four of five characters to be common, and words of at least two characters on average.
// Words of other languages in single-byte charsets do not have such pairs, or have all their letters in two of the
// sixteen columns.
func looksChinese(b []byte) (common int, ok bool) {
	if !fits(simplifiedchinese.GB18030, b) {
		return 0, false
	}
	words, others, columns := 0, 0, 0
	for i := 0; i < len(b); i++ {
		if b[i] < utf8.RuneSelf {
			continue
		}
		if i == 0 || b[i-1] < utf8.RuneSelf {
			words++
		}
		if i+1 < len(b) && isCommonGB2312(b[i], b[i+1]) {
			common++
			if b[i]&^0x1f != 0xc0 || b[i+1]&^0x1f != 0xc0 {
				columns++
			}
		} else {
			others++
		}
		i++
	}
	return common, common >= 2 && common >= 4*others && common >= 2*words && columns > 0
}

// isCommonGB2312 reports whether the two bytes are punctuation or one of the 3755 characters of GB 2312 level 1, which
// make up 99.7 % of Chinese text.
func isCommonGB2312(first, second byte) bool {
	return 0xa1 <= second && second <= 0xfe && (0xb0 <= first && first <= 0xd7 || 0xa1 <= first && first <= 0xa3)
}
