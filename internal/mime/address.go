package mime

// This file reads lists of addresses (RFC 5322 §3.4), well-formed and as mailers write them.

import (
	"strings"
)

// Mailbox is one address of an address field, with its display name.
type Mailbox struct{ Name, Address string }

// ParseAddresses parses the unfolded body of an address field. It returns an address for everything that is not empty:
// text that does not look like an address becomes the Address in full, and is reported. A group yields its members.
// Beyond RFC 5322, ParseAddresses accepts display names with dots, at signs and bytes beyond ASCII, semicolons between
// addresses, missing angle brackets, quotes and parentheses that are never closed, and encoded words in quotes.
func ParseAddresses(s, hint string, bad *Problems) []Mailbox {
	p := addressParser{s: s, hint: hint, bad: bad, scanner: WordScanner{s: s}}
	p.list()
	return p.out
}

// Group is a group of addresses, or some addresses outside of groups, which have no name.
type Group struct {
	Name    string
	Members []Mailbox
}

// RawAddresses is like [ParseAddresses], but leaves encoded words as they are, and keeps the groups.
func RawAddresses(s string) []Group {
	p := addressParser{s: s, bad: new(Problems), scanner: WordScanner{s: s}, raw: true}
	p.list()
	p.endGroup(nil)
	return p.groups
}

type addressParser struct {
	s       string
	hint    string
	bad     *Problems
	out     []Mailbox
	scanner WordScanner

	words    []addressWord // the words of the current mailbox
	comment  string        // the first comment of the current mailbox
	angle    string        // the text in its angle brackets
	hasAngle bool
	named    int  // the number of words before the angle brackets
	hasAt    bool // one of the words has an at sign
	inGroup  bool
	nested   bool // s comes from an encoded word

	raw    bool // encoded words are not decoded, and groups are kept
	group  string
	groups []Group // those that have ended; out has the members of the current one

	noQuote, noComment bool // a quote or parenthesis is never closed: from there on they are text
	unclosed           int  // up to there, no bracket closes an angle bracket that was read before
}

// addressWord is a word between white space. Quoted strings and encoded words are not split.
type addressWord struct {
	text string
	at   bool // the word has an at sign outside of quotes
}

func (p *addressParser) list() {
	start, at := 0, false // where the current word begins, and whether it has an at sign
	endWord := func(i int) {
		if i > start {
			if len(p.words) > 0 && !p.hasAngle {
				p.comment = "" // a comment in the middle is not a name
			}
			p.words = append(p.words, addressWord{p.s[start:i], at})
			p.hasAt = p.hasAt || at
		}
		at = false
	}
	for i := 0; i < len(p.s); {
		switch c := p.s[i]; {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			endWord(i)
			i++
			start = i
		case c == ',' || c == ';':
			endWord(i)
			p.endMailbox()
			if c == ';' && !p.inGroup {
				p.bad.Addf("there is a semicolon between addresses, at byte %d", i)
			}
			if c == ';' && p.inGroup {
				p.inGroup = false
				p.endGroup(nil)
			}
			i++
			start = i
		case c == ':' && !p.inGroup && !p.hasAngle && !at && !p.hasAt && (i > start || len(p.words) > 0):
			endWord(i)
			p.endGroup(p.words)
			p.words, p.comment, p.inGroup = nil, "", true
			i++
			start = i
		case c == '(' && !p.noComment:
			end := CommentEnd(p.s, i)
			if end < 0 {
				p.noComment = true
				p.bad.Addf("the comment at byte %d is not closed", i)
				continue
			}
			endWord(i)
			if p.comment == "" {
				p.comment = p.s[i+1 : end-1]
			}
			i, start = end, end
		case c == '"' && !p.noQuote:
			end := quotedEnd(p.s, i)
			if end < 0 {
				p.noQuote = true
				p.bad.Addf("the quote at byte %d is not closed", i)
				continue
			}
			i = end
		case c == '<':
			endWord(i)
			i = p.angleAddress(i)
			start = i
		case c == '>' && p.hasAngle: // a superfluous bracket
			endWord(i)
			i++
			start = i
		case c == '[' && i > 0 && p.s[i-1] == '@': // a domain literal, with colons in it
			i++
			if n := strings.IndexAny(p.s[i:], "[] \t,;<>"); n >= 0 && p.s[i+n] == ']' {
				i += n + 1
			}
		case c == '=':
			i++
			if w, ok := p.scanner.at(i - 1); ok && w.decodable() && !strings.ContainsAny(w.Text, `,;<>"`) {
				i = w.End
			}
		default:
			at = at || c == '@'
			i++
		}
	}
	endWord(len(p.s))
	p.endMailbox()
	if p.inGroup {
		p.bad.Addf("the group is not closed with a semicolon")
	}
}

// endGroup ends a group, or a run of addresses outside of groups, if groups are kept. The name is that of the next group.
func (p *addressParser) endGroup(name []addressWord) {
	if !p.raw {
		return
	}
	if len(p.out) > 0 || p.group != "" {
		p.groups = append(p.groups, Group{p.group, p.out})
	}
	p.group, p.out = p.text(name), nil
}

// angleAddress reads the text between the "<" at s[i] and its ">", and returns the index after the ">". If there is no
// ">" before the next "<", the address ends at the next comma or semicolon. Where an earlier search for a ">" has passed, only
// the text up to that is searched, so that no text is searched again and again.
func (p *addressParser) angleAddress(i int) int {
	end, separator, closed := i+1, -1, false
scan:
	for ; end < len(p.s); end++ {
		switch c := p.s[end]; {
		case c == '>':
			closed = true
			break scan
		case c == '<':
			break scan
		case (c == ',' || c == ';') && end < p.unclosed:
			separator = end
			break scan
		case (c == ',' || c == ';') && separator < 0:
			separator = end
		case c == '"' && !p.noQuote:
			if e := quotedEnd(p.s, end); e >= 0 {
				end = e - 1
			} else {
				p.noQuote = true
			}
		case c == '(' && !p.noComment:
			if e := CommentEnd(p.s, end); e >= 0 {
				end = e - 1
			} else {
				p.noComment = true
			}
		}
	}
	next := end + 1
	if !closed {
		p.bad.Addf("the angle bracket at byte %d is not closed", i)
		p.unclosed = max(p.unclosed, end)
		if separator >= 0 {
			end = separator
		}
		next = end
	}
	if p.angle != "" {
		p.bad.Addf("there is a second address in angle brackets, at byte %d, and no comma before it", i)
		name := p.words[p.named:]
		p.words = p.words[:p.named]
		p.endMailbox()
		p.words = name
	}
	p.angle, p.hasAngle, p.named = p.s[i+1:end], true, len(p.words)
	return next
}

// endMailbox adds the mailbox that was read since the last separator to the list.
func (p *addressParser) endMailbox() {
	words, comment, angle, hasAngle := p.words, p.comment, p.angle, p.hasAngle
	p.words, p.comment, p.angle, p.hasAngle, p.hasAt = p.words[:0], "", "", false, false

	if hasAngle {
		name := p.text(words)
		if name == "" {
			name = p.decode(Unescape(comment))
		}
		p.add(name, routed(angle))
		return
	}
	if len(words) == 0 {
		return // nothing, or a comment alone
	}
	words = joinAt(words)
	found, pending := false, 0 // where the words after the last address begin
	for i, w := range words {
		if !w.at {
			continue
		}
		if len(words) > 1 && !found {
			p.bad.Addf("%q has no angle brackets", Clip(w.text))
		}
		found = true
		name := p.text(words[pending:i])
		if name == "" && i == len(words)-1 {
			name = p.decode(Unescape(comment))
		}
		p.add(name, w.text)
		pending = i + 1
	}
	name := p.text(words[pending:])
	switch {
	case !found && !p.nested && strings.Contains(name, "@"):
		p.bad.Addf("the address %q is in an encoded word or in quotes", Clip(name))
		q := addressParser{s: name, bad: p.bad, scanner: WordScanner{s: name}, nested: true}
		q.list()
		p.out = append(p.out, q.out...)
	case !found:
		p.add("", name)
	case pending < len(words):
		last := &p.out[len(p.out)-1]
		last.Name = strings.TrimSpace(last.Name + " " + name)
	}
}

// add adds an address, and reports it if it cannot be one.
func (p *addressParser) add(name, address string) {
	address = ToUTF8(address, p.hint, new(Problems))
	switch i := strings.LastIndexByte(address, '@'); {
	case address == "":
		p.bad.Addf("the address of %q is empty", Clip(name))
	case i < 0:
		p.bad.Addf("the address %q has no domain", Clip(address))
	case i == 0 || i == len(address)-1:
		p.bad.Addf("the address %q is incomplete", Clip(address))
	}
	p.out = append(p.out, Mailbox{Name: name, Address: address})
}

// text returns words without quotes, and with encoded words decoded.
func (p *addressParser) text(words []addressWord) string {
	if len(words) == 0 {
		return ""
	}
	var b strings.Builder
	for i, w := range words {
		if i > 0 {
			b.WriteByte(' ')
		}
		for s := w.text; s != ""; {
			end := -1
			q := strings.IndexByte(s, '"')
			if q >= 0 {
				end = quotedEnd(s, q)
			}
			if end < 0 {
				b.WriteString(s)
				break
			}
			b.WriteString(s[:q])
			b.WriteString(Unescape(s[q+1 : end-1]))
			s = s[end:]
		}
	}
	return p.decode(b.String())
}

// decode decodes encoded words. It drops their problems, which are reported with the value of the field.
func (p *addressParser) decode(s string) string {
	if p.raw {
		return strings.TrimSpace(s)
	}
	return strings.TrimSpace(DecodeWords(s, p.hint, new(Problems)))
}

// joinAt joins, in place, words that white space separates from an at sign. It also joins them around dots if that
// makes a single word of all (RFC 5322 §4.4).
func joinAt(words []addressWord) []addressWord {
	if len(words) == 1 {
		return words
	}
	if all, at := joinAround(words, ".@"), false; len(all) == 1 {
		for _, w := range words {
			at = at || w.at
		}
		if at {
			return append(words[:0], addressWord{all[0], true})
		}
	}
	out := words[:0]
	for _, w := range words {
		if n := len(out); n > 0 {
			last := out[n-1]
			if last.at && !w.at && strings.HasSuffix(last.text, "@") || !last.at && w.at && w.text[0] == '@' {
				out[n-1] = addressWord{last.text + w.text, true}
				continue
			}
		}
		out = append(out, w)
	}
	return out
}

// joinAround returns the texts of words, joined where one of them ends or the next begins with one of the bytes in
// some.
func joinAround(words []addressWord, some string) []string {
	var all []string
	var b strings.Builder
	for i, w := range words {
		if i > 0 && strings.IndexByte(some, words[i-1].text[len(words[i-1].text)-1]) < 0 && strings.IndexByte(some, w.text[0]) < 0 {
			all = append(all, b.String())
			b.Reset()
		}
		b.WriteString(w.text)
	}
	return append(all, b.String())
}

// routed returns the address in the text between angle brackets: without comments, white space outside of quotes, and
// the source route "@a,@b:" (RFC 5322 §4.4).
func routed(s string) string {
	s = StripComments(s)
	if strings.ContainsAny(s, " \t\r\n") {
		var b strings.Builder
		quoted := false
		for i := 0; i < len(s); i++ {
			c := s[i]
			if c == '"' {
				quoted = !quoted
			}
			if quoted || c != ' ' && c != '\t' && c != '\r' && c != '\n' {
				b.WriteByte(c)
			}
			if quoted && c == '\\' && i+1 < len(s) {
				i++
				b.WriteByte(s[i])
			}
		}
		s = b.String()
	}
	if strings.HasPrefix(s, "@") {
		if _, after, ok := strings.Cut(s, ":"); ok {
			s = after
		}
	}
	return s
}
