package mime

// This file decodes the encoded words of header fields (RFC 2047), well-formed and not.

import (
	"math"
	"strings"
)

// DecodeWords replaces the encoded words in s, which is unfolded, by their text in UTF-8. It finds
// them anywhere, also where RFC 2047 §5 forbids them: within words and quoted strings. What has white
// space in it is not one (§2), and is left alone. The white space between two of them is dropped
// (§6.2). Bytes of s that are not UTF-8 are read as hint says, or as a guess.
func DecodeWords(s, hint string, bad *Problems) string {
	if !strings.Contains(s, "=?") {
		return ToUTF8(s, hint, bad)
	}
	var b strings.Builder
	var run []encodedWord // words with nothing but white space between them, not yet in b
	words := wordScanner{s: s}
	done := 0 // where the last word ends
	for i := 0; ; {
		k := strings.Index(s[i:], "=?")
		if k < 0 {
			break
		}
		k += i
		word, end, ok := words.at(k)
		if !ok {
			if strings.ContainsAny(word.text, space) && !strings.Contains(word.text, "=?") && strings.Trim(word.text, space) == word.text && !bad.full() {
				bad.Addf("%q is not an encoded word, for there is white space in it (RFC 2047 §2): it is left as it is", Clip(s[k:end]))
			}
			i = k + 2
			continue
		}
		if gap := s[done:k]; len(run) == 0 || strings.Trim(gap, " \t\r\n") != "" {
			b.WriteString(decodeRun(run, hint, bad))
			b.WriteString(ToUTF8(gap, hint, bad))
			run = run[:0]
		}
		run = append(run, word)
		done, i = end, end
	}
	b.WriteString(decodeRun(run, hint, bad))
	b.WriteString(ToUTF8(s[done:], hint, bad))
	return b.String()
}

// space is the white space of header fields.
const space = " \t\r\n"

// encodedWord is one encoded word: "=?charset?B?text?=".
type encodedWord struct {
	charset string
	base64  bool // the B encoding, otherwise Q
	text    string
}

// wordScanner recognises encoded words in s, in time proportional to the length of s.
type wordScanner struct {
	s   string
	end int // of the first "?=" at or after the place where one was last looked for
}

// at returns the encoded word that begins at s[i], and where it ends. Calls must be in order of i.
func (w *wordScanner) at(i int) (word encodedWord, end int, ok bool) {
	const longestCharset = 75 // of a whole encoded word, RFC 2047 §2
	if !strings.HasPrefix(w.s[i:], "=?") {
		return word, 0, false
	}
	i += 2
	n := strings.IndexByte(w.s[i:min(len(w.s), i+longestCharset)], '?')
	if n <= 0 || strings.ContainsAny(w.s[i:i+n], " \t\"(),.:;<>@[]=") {
		return word, 0, false
	}
	word.charset, _, _ = strings.Cut(w.s[i:i+n], "*") // RFC 2231 §5 adds "*language"
	i += n + 1
	if len(w.s) < i+2 || w.s[i+1] != '?' {
		return word, 0, false
	}
	switch w.s[i] {
	case 'B', 'b':
		word.base64 = true
	case 'Q', 'q':
	default:
		return word, 0, false
	}
	i += 2
	if w.end < i {
		w.end = math.MaxInt
		if n := strings.Index(w.s[i:], "?="); n >= 0 {
			w.end = i + n
		}
	}
	if w.end == math.MaxInt {
		return word, 0, false
	}
	word.text = w.s[i:w.end]
	return word, w.end + 2, !strings.Contains(word.text, "=?") && !strings.ContainsAny(word.text, space)
}

// bytes undoes the B or Q encoding (RFC 2047 §4).
func (w encodedWord) bytes(bad *Problems) []byte {
	if w.base64 {
		return decodeBase64([]byte(w.text), bad)
	}
	return appendUnescaped(nil, strings.ReplaceAll(w.text, "_", " "), '=', 0, bad)
}

// decodeRun decodes words that follow each other. Mailers cut text into words anywhere, so the bytes of
// words in the same charset are put together before they are decoded: a character may begin in one
// word and end in the next. If that gives no clean text then it may be clean word by word
// (where each has its own shift state), or with the base64 put together before it is decoded.
func decodeRun(run []encodedWord, hint string, bad *Problems) string {
	var b strings.Builder
	for len(run) > 0 {
		n := 1
		for n < len(run) && strings.EqualFold(run[n].charset, run[0].charset) {
			n++
		}
		same := run[:n]
		run = run[n:]

		var why Problems
		text := decodeJoined(same, hint, &why)
		if len(why) > 0 && n > 1 {
			for _, decode := range []func([]encodedWord, string, *Problems) string{decodeEach, decodeJoinedBase64} {
				var f Problems
				if t := decode(same, hint, &f); len(f) == 0 {
					text, why = t, nil
					break
				}
			}
		}
		b.WriteString(text)
		for _, w := range why {
			bad.Addf("encoded word in %q: %s", Clip(same[0].charset), w)
		}
	}
	return b.String()
}

func decodeJoined(words []encodedWord, hint string, bad *Problems) string {
	var b []byte
	for _, w := range words {
		b = append(b, w.bytes(bad)...)
	}
	return DecodeText(b, words[0].charset, hint, AsItIs, bad)
}

func decodeEach(words []encodedWord, hint string, bad *Problems) string {
	var b strings.Builder
	for _, w := range words {
		b.WriteString(DecodeText(w.bytes(bad), w.charset, hint, AsItIs, bad))
	}
	return b.String()
}

func decodeJoinedBase64(words []encodedWord, hint string, bad *Problems) string {
	all := encodedWord{charset: words[0].charset, base64: true}
	var b strings.Builder
	for _, w := range words {
		if !w.base64 {
			bad.Addf("not base64")
			return ""
		}
		b.WriteString(w.text)
	}
	all.text = b.String()
	return decodeJoined([]encodedWord{all}, hint, bad)
}

// Token returns s, with the token that it begins with in place of the quoted string or the encoded word
// that some mailers write there.
func Token(s string, bad *Problems) string {
	text, rest := "", ""
	if strings.HasPrefix(s, `"`) {
		text, rest, _ = unquoteParam(s)
	} else if words := (wordScanner{s: s}); strings.HasPrefix(s, "=?") {
		if w, end, ok := words.at(0); ok {
			text, rest = decodeRun([]encodedWord{w}, "", new(Problems)), s[end:]
		}
	}
	if text = strings.TrimSpace(text); text == "" || strings.ContainsAny(text, " \t\"(),;<>@") {
		return s
	}
	bad.Addf("%q is not a token: read as %s", Clip(s[:len(s)-len(rest)]), strings.ToValidUTF8(Clip(text), "\ufffd"))
	return text + rest
}
