package mime

// URLs in plain text and in header fields of mailing lists.

import (
	"strings"
	"unicode/utf8"
)

// TextURLs returns the URLs in plain text, in order: those that begin with "http://", "https://" or "mailto:". A URL
// ends before white space, a character that is not ASCII, or punctuation that belongs to the sentence.
func TextURLs(text string) []string {
	var urls []string
	for rest := text; ; {
		i := nextScheme(rest)
		if i < 0 {
			return urls
		}
		rest = rest[i:]
		end := 0
		for end < len(rest) && rest[end] > ' ' && rest[end] < utf8.RuneSelf && !strings.ContainsRune("<>\"`{}|\\^", rune(rest[end])) {
			end++
		}
		u := trimSentence(rest[:end], text[:len(text)-len(rest)])
		if _, behind, _ := strings.Cut(u, ":"); strings.Trim(behind, "/") != "" {
			urls = append(urls, u)
		}
		rest = rest[max(end, 1):]
	}
}

// nextScheme returns the index of the next URL, or -1.
func nextScheme(s string) int {
	for from := 0; ; {
		i := strings.IndexByte(s[from:], ':')
		if i < 0 {
			return -1
		}
		i += from
		for _, scheme := range []string{"https", "http", "mailto"} {
			begin := i - len(scheme)
			if begin < 0 || !strings.EqualFold(s[begin:i], scheme) || begin > 0 && isWordByte(s[begin-1]) {
				continue
			}
			if scheme == "mailto" || strings.HasPrefix(s[i:], "://") {
				return begin
			}
		}
		from = i + 1
	}
}

func isWordByte(b byte) bool {
	return 'a' <= b|0x20 && b|0x20 <= 'z' || '0' <= b && b <= '9'
}

// trimSentence removes from the end of a URL the punctuation of the sentence around it, and the end of an emphasis or a
// quotation that begins right before it: "*https://shop.example/*".
func trimSentence(u, before string) string {
	marks := before[len(strings.TrimRight(before, "'*_~")):]
	round := strings.Count(u, ")") - strings.Count(u, "(") // the number of unmatched closing parentheses
	square := strings.Count(u, "]") - strings.Count(u, "[")
	for u != "" {
		last := u[len(u)-1]
		switch {
		case strings.IndexByte(".,;:!?", last) >= 0:
		case marks != "" && last == marks[0]:
			marks = marks[1:]
		case last == ')' && round > 0:
			round--
		case last == ']' && square > 0:
			square--
		default:
			return u
		}
		u = u[:len(u)-1]
	}
	return u
}

// Bracketed returns the texts between angle brackets, without the white space in them (RFC 2369 §2).
func Bracketed(value string) []string {
	var all []string
	for {
		_, rest, ok := strings.Cut(value, "<")
		if !ok {
			return all
		}
		one, rest, ok := strings.Cut(rest, ">")
		if !ok {
			return all
		}
		all = append(all, strings.Join(strings.Fields(one), ""))
		value = rest
	}
}
