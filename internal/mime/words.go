package mime

// This file decodes the encoded words of header fields (RFC 2047), well-formed or not.

import (
	"math"
	"regexp"
	"strings"
)

// DecodeWords replaces the encoded words in s, which is unfolded, by their text in UTF-8. It decodes them anywhere,
// even where RFC 2047 §5 forbids them: within words and quoted strings. Text with white space in it is not an encoded
// word (§2), and stays. White space between two encoded words is dropped (§6.2). Bytes of s that are not UTF-8 are
// decoded in the charset hint, or a guessed one.
func DecodeWords(s, hint string, bad *Problems) string {
	if !strings.Contains(s, "=?") {
		return ToUTF8(s, hint, bad)
	}
	var b strings.Builder
	var run []EncodedWord // words with only white space between them, not yet written to b
	words := WordScanner{s: s}
	done := 0 // the end of the last word
	for {
		w, ok := words.Next()
		if !ok {
			break
		}
		if !w.decodable() {
			switch {
			case bad.full():
			case w.Fault == TwoParameters:
				bad.Addf("%q is not an encoded word, for a parameter ends and another begins in it (RFC 2231 §3): it is left as it is", Clip(s[w.Begin:w.End]))
			case w.Fault == WhiteSpace && strings.Trim(w.Text, space) == w.Text:
				bad.Addf("%q is not an encoded word, for there is white space in it (RFC 2047 §2): it is left as it is", Clip(s[w.Begin:w.End]))
			}
			continue
		}
		if gap := s[done:w.Begin]; len(run) == 0 || strings.Trim(gap, " \t\r\n") != "" {
			b.WriteString(decodeRun(run, hint, bad))
			b.WriteString(ToUTF8(gap, hint, bad))
			run = run[:0]
		}
		run = append(run, w)
		done = w.End
	}
	b.WriteString(decodeRun(run, hint, bad))
	b.WriteString(ToUTF8(s[done:], hint, bad))
	return b.String()
}

// space is the white space of header fields.
const space = " \t\r\n"

// EncodedWord is text that begins like an encoded word: "=?charset?B?text?=".
type EncodedWord struct {
	Begin, End int
	Charset    string // the charset, without the language that RFC 2231 §5 adds
	Base64     bool   // the encoding is B, not Q
	Text       string // the encoded text
	Fault      WordFault
}

// WordFault is a fault in the form of an encoded word.
type WordFault int

const (
	NoFault       WordFault = iota
	QuestionMark            // the text contains a question mark; the word is decoded nevertheless
	WhiteSpace              // the text contains white space
	TwoParameters           // the text contains the end of a segment of a parameter and the beginning of the next
	OtherEncoding           // the encoding is neither B nor Q
	NoEnd                   // there is no "?=" at the end
)

// decodable reports whether the word can be decoded. Other words stay as they are.
func (w EncodedWord) decodable() bool { return w.Fault <= QuestionMark }

// longestWord is the maximum length of an encoded word (RFC 2047 §2).
const longestWord = 75

// nextSegment matches the end of a quoted parameter and the beginning of its next segment (RFC 2231 §3).
var nextSegment = regexp.MustCompile(`"\s*;\s*[^\s=";]+\*\d+\*?=`)

// WordScanner finds encoded words, in time proportional to the length of its input.
type WordScanner struct {
	s    string
	next int // where the next search begins
	end  int // the end of the first "?=" at or after the place of the last search
}

// NewWordScanner returns a scanner for the unfolded body of a field.
func NewWordScanner(body string) *WordScanner { return &WordScanner{s: body} }

// Next returns the next encoded word, or what must have been meant as one.
func (w *WordScanner) Next() (word EncodedWord, ok bool) {
	for !ok {
		i := strings.Index(w.s[w.next:], "=?")
		if i < 0 {
			return word, false
		}
		word, ok = w.at(w.next + i)
		w.next += i + 2
	}
	if word.decodable() {
		w.next = word.End
	}
	return word, true
}

// at returns the encoded word that begins at s[i]. It must be called in order of i. If the text there is something
// else, as "=?" also occurs in URLs, ok is false.
func (w *WordScanner) at(i int) (word EncodedWord, ok bool) {
	word.Begin = i
	if !strings.HasPrefix(w.s[i:], "=?") {
		return word, false
	}
	i += 2
	n := strings.IndexByte(w.s[i:min(len(w.s), i+longestWord)], '?')
	if n <= 0 || strings.ContainsAny(w.s[i:i+n], " \t\"(),.:;<>@[]=") {
		return word, false
	}
	word.Charset, _, _ = strings.Cut(w.s[i:i+n], "*")
	i += n + 1
	if len(w.s) < i+2 || w.s[i+1] != '?' {
		return word, false
	}
	switch w.s[i] {
	case 'B', 'b':
		word.Base64 = true
	case 'Q', 'q':
	default:
		word.Fault = OtherEncoding
	}
	i += 2
	if w.end < i {
		w.end = math.MaxInt
		if n := strings.Index(w.s[i:], "?="); n >= 0 {
			w.end = i + n
		}
	}
	if w.end == math.MaxInt {
		word.End, word.Fault = min(len(w.s), word.Begin+longestWord), NoEnd
		return word, true
	}
	word.Text, word.End = w.s[i:w.end], w.end+2
	switch {
	case strings.Contains(word.Text, "=?"):
		word.Text, word.End, word.Fault = "", i, NoEnd
	case word.Fault != NoFault:
	case strings.Contains(word.Text, "\"") && nextSegment.MatchString(word.Text):
		word.Fault = TwoParameters
	case strings.ContainsAny(word.Text, space):
		word.Fault = WhiteSpace
	case strings.Contains(word.Text, "?"):
		word.Fault = QuestionMark
	}
	return word, true
}

// Bytes decodes the B or Q encoding (RFC 2047 §4).
func (w EncodedWord) Bytes(bad *Problems) []byte {
	if w.Base64 {
		return decodeBase64([]byte(w.Text), bad)
	}
	return appendUnescaped(nil, strings.ReplaceAll(w.Text, "_", " "), '=', 0, bad)
}

// decodeRun decodes words that follow each other. Mailers cut text into words anywhere, so a character may begin in one
// word and end in the next. Therefore the bytes of words in the same charset are joined before they are decoded. If
// that does not yield clean text, decodeRun tries to decode word by word, since each word may have its own shift state
// or byte order mark, and to join the base64 before decoding it.
func decodeRun(run []EncodedWord, hint string, bad *Problems) string {
	var b strings.Builder
	for len(run) > 0 {
		n := 1
		for n < len(run) && strings.EqualFold(run[n].Charset, run[0].Charset) {
			n++
		}
		same := run[:n]
		run = run[n:]

		var why Problems
		text := decodeJoined(same, hint, &why)
		if n > 1 && (len(why) > 0 || strings.ContainsAny(text, "\ufeff\ufffe")) {
			for _, decode := range []func([]EncodedWord, string, *Problems) string{decodeEach, decodeJoinedBase64} {
				var f Problems
				if t := decode(same, hint, &f); len(f) == 0 {
					text, why = t, nil
					break
				}
			}
		}
		b.WriteString(text)
		for _, w := range why {
			bad.Addf("encoded word in %q: %s", Clip(same[0].Charset), w)
		}
	}
	return b.String()
}

func decodeJoined(words []EncodedWord, hint string, bad *Problems) string {
	var b []byte
	for _, w := range words {
		b = append(b, w.Bytes(bad)...)
	}
	return DecodeText(b, words[0].Charset, hint, AsItIs, bad)
}

func decodeEach(words []EncodedWord, hint string, bad *Problems) string {
	var b strings.Builder
	for _, w := range words {
		b.WriteString(DecodeText(w.Bytes(bad), w.Charset, hint, AsItIs, bad))
	}
	return b.String()
}

func decodeJoinedBase64(words []EncodedWord, hint string, bad *Problems) string {
	all := EncodedWord{Charset: words[0].Charset, Base64: true}
	var b strings.Builder
	for _, w := range words {
		if !w.Base64 {
			bad.Addf("not base64")
			return ""
		}
		b.WriteString(w.Text)
	}
	all.Text = b.String()
	return decodeJoined([]EncodedWord{all}, hint, bad)
}

// Token returns s, with a token in place of the quoted string or the encoded word that some mailers write at its
// beginning.
func Token(s string, bad *Problems) string {
	text, rest := "", ""
	if strings.HasPrefix(s, `"`) {
		text, rest, _ = unquoteParam(s)
	} else if w, ok := NewWordScanner(s).at(0); ok && w.decodable() {
		text, rest = decodeRun([]EncodedWord{w}, "", new(Problems)), s[w.End:]
	}
	if text = strings.TrimSpace(text); text == "" || strings.ContainsAny(text, " \t\"(),;<>@") {
		return s
	}
	bad.Addf("%q is not a token: read as %s", Clip(s[:len(s)-len(rest)]), strings.ToValidUTF8(Clip(text), "\ufffd"))
	return text + rest
}
