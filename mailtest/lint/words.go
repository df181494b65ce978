package lint

// This file looks at encoded words (RFC 2047).

import (
	"strings"

	"github.com/seed078e9d8c/maillab/internal/mime"
)

// words looks at the encoded words in a field.
func (c *checker) words(f field, path string) {
	if !strings.Contains(f.body, "=?") {
		return
	}
	report := func(r rule, w mime.EncodedWord, format string, args ...any) {
		c.out.add(r, path, f.at, "%s "+format, append([]any{quote(f.body[w.Begin:w.End])}, args...)...)
	}
	kind := kindOf(f.name)
	places := placeScanner{s: f.body}
	scan := mime.NewWordScanner(f.body)
	var last mime.EncodedWord // the one before
	for {
		w, ok := scan.Next()
		if !ok {
			return
		}
		if n := w.End - w.Begin; n > 75 {
			report(wordLength, w, "has %d characters", n)
		}
		if w.Fault == mime.NoFault {
			why := places.forbidden(kind, w)
			switch {
			case kind == parameters && !places.inComment():
				report(wordParameter, w, "is in a parameter of %s", f.name)
			case why != "":
				report(wordPlace, w, "is %s", why)
			}
			c.wordText(f, w, last, report)
		} else {
			report(wordSyntax, w, "%s", wordFaults[w.Fault])
		}
		last = w
	}
}

// wordFaults says what is wrong with the form of an encoded word.
var wordFaults = map[mime.WordFault]string{
	mime.QuestionMark: "has a question mark in it", mime.WhiteSpace: "has a space in it",
	mime.TwoParameters: "is spread over two pieces of a parameter",
	mime.OtherEncoding: "has an encoding that is neither B nor Q", mime.NoEnd: "has no ?= at its end",
}

// wordText looks at what a word encodes.
func (c *checker) wordText(f field, w, last mime.EncodedWord, report func(rule, mime.EncodedWord, string, ...any)) {
	var bad mime.Problems
	text := w.Bytes(&bad)
	if len(bad) > 0 {
		why := "has a = without two hexadecimal digits"
		if w.Base64 {
			why = "is not base64"
		}
		report(wordSyntax, w, "%s", why)
		return
	}
	known, fits := inCharset(text, w.Charset)
	switch {
	case !known:
		report(wordCharset, w, "is in the charset %s, which nobody knows", quote(w.Charset))
	case fits:
	case last.End > 0 && strings.EqualFold(last.Charset, w.Charset) && strings.Trim(f.body[last.End:w.Begin], " \t") == "" && joined(last, w):
		report(wordSplit, w, "begins in the middle of a character")
	case continued(f, w):
	default:
		report(wordCharset, w, "is not in the charset %s", quote(w.Charset))
	}
}

// joined reports whether two words give text in their charset if they are put together.
func joined(a, b mime.EncodedWord) bool {
	var bad mime.Problems
	_, fits := inCharset(append(a.Bytes(&bad), b.Bytes(&bad)...), b.Charset)
	return fits && len(bad) == 0
}

// continued reports whether the character that w lacks the end of is completed by the word after it;
// that word is then the one to report.
func continued(f field, w mime.EncodedWord) bool {
	rest := strings.TrimLeft(f.body[w.End:], " \t")
	if !strings.HasPrefix(rest, "=?") {
		return false
	}
	next, ok := mime.NewWordScanner(rest[:min(len(rest), 998)]).Next()
	return ok && next.Fault == mime.NoFault && next.Begin == 0 && strings.EqualFold(next.Charset, w.Charset) && joined(w, next)
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
func (p *placeScanner) forbidden(k kind, w mime.EncodedWord) string {
	for ; p.at < w.Begin; p.at++ {
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
	case w.Begin > 0 && !strings.ContainsRune(before+"\t", rune(p.s[w.Begin-1])),
		w.End < len(p.s) && !strings.ContainsRune(after+"\t", rune(p.s[w.End])):
		return "glued to other text"
	}
	return ""
}
