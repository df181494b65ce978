package lint

// This file looks at encoded words (RFC 2047).

import (
	"encoding/base64"
	"math"
	"strings"
)

// word is what looks like an encoded word.
type word struct {
	begin, end    int // in the body of the field
	charset, text string
	base64        bool
}

// words looks at the encoded words in a field.
func (c *checker) words(f field, path string) {
	if !strings.Contains(f.body, "=?") {
		return
	}
	report := func(r rule, w word, format string, args ...any) {
		c.out.add(r, path, f.at, "%s "+format, append([]any{quote(f.body[w.begin:w.end])}, args...)...)
	}
	kind := kindOf(f.name)
	places := placeScanner{s: f.body}
	scan := wordScanner{s: f.body}
	var last word // the one before
	for {
		w, why, ok := scan.next()
		if !ok {
			return
		}
		if n := w.end - w.begin; n > 75 {
			report(wordLength, w, "has %d characters", n)
		}
		if why == "" {
			why = places.forbidden(kind, w)
			switch {
			case kind == parameters && !places.inComment():
				report(wordParameter, w, "is in a parameter of %s", f.name)
			case why != "":
				report(wordPlace, w, "is %s", why)
			}
			c.wordText(f, w, last, report)
		} else {
			report(wordSyntax, w, "%s", why)
		}
		last = w
	}
}

// wordText looks at what a word encodes.
func (c *checker) wordText(f field, w, last word, report func(rule, word, string, ...any)) {
	text, why := w.decode()
	if why != "" {
		report(wordSyntax, w, "%s", why)
		return
	}
	charset, _, _ := strings.Cut(w.charset, "*") // RFC 2231 §5
	known, fits := inCharset(text, charset)
	switch {
	case !known:
		report(wordCharset, w, "is in the charset %s, which nobody knows", quote(w.charset))
	case fits:
	case last.end > 0 && strings.EqualFold(last.charset, w.charset) && strings.Trim(f.body[last.end:w.begin], " \t") == "" && c.joined(last, w):
		report(wordSplit, w, "begins in the middle of a character")
	case c.continued(f, w):
	default:
		report(wordCharset, w, "is not in the charset %s", quote(w.charset))
	}
}

// joined reports whether two words give text in their charset if they are put together.
func (c *checker) joined(a, b word) bool {
	first, _ := a.decode()
	second, _ := b.decode()
	return straddles(first, second, b.charset)
}

// continued reports whether the character that w lacks the end of is completed by the word after it;
// that word is then the one to report.
func (c *checker) continued(f field, w word) bool {
	rest := strings.TrimLeft(f.body[w.end:], " \t")
	if !strings.HasPrefix(rest, "=?") {
		return false
	}
	scan := wordScanner{s: rest[:min(len(rest), 998)]}
	next, why, ok := scan.next()
	return ok && why == "" && next.begin == 0 && strings.EqualFold(next.charset, w.charset) && c.joined(w, next)
}

// decode undoes the B or Q encoding (RFC 2047 §4).
func (w word) decode() (text []byte, why string) {
	if w.base64 {
		text, err := base64.StdEncoding.DecodeString(w.text)
		if err != nil {
			return nil, "is not base64"
		}
		return text, ""
	}
	for i := 0; i < len(w.text); i++ {
		switch b := w.text[i]; {
		case b == '_':
			text = append(text, ' ')
		case b != '=':
			text = append(text, b)
		default:
			if i+2 >= len(w.text) || unhex(w.text[i+1]) < 0 || unhex(w.text[i+2]) < 0 {
				return nil, "has a = without two hexadecimal digits"
			}
			text = append(text, byte(unhex(w.text[i+1])<<4|unhex(w.text[i+2])))
			i += 2
		}
	}
	return text, ""
}

// unhex returns the value of a hexadecimal digit, or -1.
func unhex(b byte) int {
	switch {
	case '0' <= b && b <= '9':
		return int(b - '0')
	case 'A' <= b && b <= 'F':
		return int(b-'A') + 10
	case 'a' <= b && b <= 'f':
		return int(b-'a') + 10
	}
	return -1
}

// wordScanner finds encoded words, in time proportional to the length of s.
type wordScanner struct {
	s   string
	at  int
	end int // where the first "?=" at or after some place was found
}

// next returns the next encoded word, or what must have been meant for one; why says what is wrong with it.
func (p *wordScanner) next() (w word, why string, ok bool) {
	for {
		i := strings.Index(p.s[p.at:], "=?")
		if i < 0 {
			return word{}, "", false
		}
		w = word{begin: p.at + i}
		p.at = w.begin + 2
		head := p.s[p.at:min(len(p.s), p.at+64)]
		n := strings.IndexByte(head, '?')
		if n <= 0 || strings.ContainsAny(head[:n], " \t\"(),.:;<>@[]=") || len(head) < n+3 || head[n+2] != '?' {
			continue // =? stands in URLs and elsewhere too
		}
		w.charset = head[:n]
		begin := p.at + n + 3
		if p.end < begin {
			p.end = math.MaxInt
			if k := strings.Index(p.s[begin:], "?="); k >= 0 {
				p.end = begin + k
			}
		}
		switch head[n+1] {
		case 'B', 'b':
			w.base64 = true
		case 'Q', 'q':
		default:
			why = "has an encoding that is neither B nor Q"
		}
		if p.end == math.MaxInt {
			w.end = min(len(p.s), w.begin+75)
			p.at = begin
			return w, "has no ?= at its end", true
		}
		w.text, w.end = p.s[begin:p.end], p.end+2
		if strings.Contains(w.text, "=?") {
			w.end, p.at = begin, begin
			return w, "has no ?= at its end", true
		}
		p.at = w.end
		switch {
		case why != "":
		case strings.ContainsAny(w.text, " \t"):
			why = "has a space in it"
		case strings.Contains(w.text, "?"):
			why = "has a question mark in it"
		}
		return w, why, true
	}
}

// kind is what may be in the body of a field.
type kind uint8

const (
	unstructured kind = iota // text, as in Subject
	addressList              // names and addresses
	parameters               // a value and parameters
	identifiers              // no text outside of comments
	products                 // names of programs, and comments
	trace                    // no encoded words, in comments neither (RFC 2047 §5)
)

func kindOf(name string) kind {
	switch strings.TrimPrefix(name, "resent-") {
	case "from", "sender", "reply-to", "to", "cc", "bcc":
		return addressList
	case "content-type", "content-disposition", "content-transfer-encoding":
		return parameters
	case "message-id", "in-reply-to", "references", "date", "mime-version", "content-id":
		return identifiers
	case "user-agent", "x-mailer", "x-newsreader":
		return products
	case "received":
		return trace
	}
	return unstructured
}

// placeScanner knows whether a place is in quotes, angle brackets or comments.
type placeScanner struct {
	s      string
	at     int
	quoted bool
	angle  bool
	depth  int // of comments
}

// inComment reports whether the place that was last asked for is in a comment.
func (p *placeScanner) inComment() bool { return p.depth > 0 }

// forbidden says why an encoded word must not be where it is, or nothing. Calls must be in order.
func (p *placeScanner) forbidden(k kind, w word) string {
	for ; p.at < w.begin; p.at++ {
		switch b := p.s[p.at]; {
		case b == '\\' && (p.quoted || p.depth > 0):
			p.at++
		case b == '(' && !p.quoted && k != unstructured:
			p.depth++
		case b == ')' && p.depth > 0:
			p.depth--
		case p.depth > 0:
		case b == '"':
			p.quoted = !p.quoted
		case b == '<' && !p.quoted:
			p.angle = true
		case b == '>' && !p.quoted:
			p.angle = false
		}
	}
	before, after := " ", " "
	if k != unstructured {
		before, after = " (,:;", " ),;<"
	}
	switch {
	case k == trace:
		return "in a Received field, where none may be"
	case k == identifiers && p.depth == 0:
		return "in a field that has no text outside of comments"
	case k == addressList && p.quoted:
		return "in quotes, where it stands for itself"
	case k == addressList && p.angle:
		return "in an address"
	case w.begin > 0 && !strings.ContainsRune(before+"\t", rune(p.s[w.begin-1])),
		w.end < len(p.s) && !strings.ContainsRune(after+"\t", rune(p.s[w.end])):
		return "glued to other text"
	}
	return ""
}
