package lint

// This file goes through a message: its lines, its tree of parts, and the message as a whole.

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"github.com/seed078e9d8c/maillab/internal/mime"
	"github.com/seed078e9d8c/maillab/mailtest"
)

// checker looks at one message.
type checker struct {
	linter *Linter
	msg    *mailtest.Message
	raw    []byte
	tree   []mime.Part // the parts of the message, with their places
	out    collector

	fields []field         // of the message's own header
	leaves []leaf          // in order
	binary [][2]int        // the places in raw where lines do not count (RFC 3030 §3)
	ids    map[string]bool // the Content-IDs of all parts
	places []int           // where header fields and the contents of leaves begin, in order

	undecoded []mime.Place // the places of the problems of the message

	unfilled map[string]bool // the placeholders in texts that findings name

	located bool // a part names its own URL or a base (RFC 2557 §4), to which HTML may refer by a relative URL
}

// leaf is a part without parts, and where its content begins in raw.
type leaf struct {
	*mailtest.Part
	at int
}

func newChecker(l *Linter, off *[numRules]bool, m *mailtest.Message) *checker {
	tree := mime.Outline(m.Raw)
	var places []mime.Place
	if len(m.Problems) > 0 {
		places = mime.Read(m.Raw).Places
	}
	if len(m.Parts) != len(tree) || len(m.Problems) != len(places) { // made by hand, and not decoded
		decoded := mailtest.ParseMessage(m.Raw)
		decoded.Number, decoded.Time, decoded.Envelope = m.Number, m.Time, m.Envelope
		m, places = decoded, mime.Read(m.Raw).Places
	}
	c := &checker{linter: l, msg: m, raw: m.Raw, tree: tree, undecoded: places, ids: make(map[string]bool), unfilled: make(map[string]bool)}
	c.out.source, c.out.off = source("message", m.Number), off
	return c
}

// add reports a finding about the message or its header.
func (c *checker) add(r rule, at int, format string, args ...any) {
	c.out.add(r, "", at, format, args...)
}

func (c *checker) findings() []Finding { return c.out.inLines(c.raw) }

// message looks at everything.
func (c *checker) message() {
	for _, p := range c.msg.Parts {
		if p.ContentID != "" {
			c.ids[p.ContentID] = true
		}
		c.located = c.located || slices.ContainsFunc(p.Header, func(f mailtest.Field) bool {
			return strings.EqualFold(f.Name, "Content-Location") || strings.EqualFold(f.Name, "Content-Base")
		})
	}
	c.part(0)
	c.displaced()
	c.lines()
	c.once()
	c.origin()
	c.identity()
	c.bulk()
	c.content()
	c.problems()
}

// part looks at a part and at those below it, and returns the index of the part after them.
func (c *checker) part(i int) (next int) {
	p := &c.tree[i]
	path := p.Path
	if i == 0 {
		path = ""
	}
	c.mime(p, c.header(p, path), path)
	next = i + 1
	if strings.HasPrefix(p.MediaType, "multipart/") {
		c.boundary(p)
		for next <= i+p.Below {
			next = c.part(next)
		}
		c.ending(p)
		return next
	}
	l := leaf{&c.msg.Parts[i], p.Body}
	c.leaves = append(c.leaves, l)
	c.places = append(c.places, l.at)
	if p.Encoding == "binary" && c.msg.Envelope.Body == "BINARYMIME" {
		c.binary = append(c.binary, [2]int{l.at, l.at + len(p.Raw)})
	}
	c.leaf(l.Part, l.at)
	return next
}

// ending looks at how a multipart ends.
func (c *checker) ending(p *mime.Part) {
	closing := "--" + strings.TrimRight(p.Params["boundary"], " \t") + "--"
	switch p.Multipart {
	case mime.NoParts:
		c.out.add(boundaryNotFound, p.Path, p.Start, "no part of the multipart begins with the line %s", quote(strings.TrimSuffix(closing, "--")))
	case mime.Unclosed:
		c.out.add(multipartUnclosed, p.Path, p.End, "the line %s is missing", quote(closing))
	case mime.Closed:
		below := c.raw[p.Epilogue:max(p.Epilogue, p.Body+len(p.Raw))]
		if rest := bytes.TrimSpace(below); len(rest) > 0 {
			c.out.add(textAfterEnd, p.Path, p.Epilogue+bytes.Index(below, rest), "%s comes after the end of the multipart", quote(rest))
		}
	}
}

// line returns the line at at, with its end.
func (c *checker) line(at int) []byte {
	rest := c.raw[min(at, len(c.raw)):]
	if i := bytes.IndexByte(rest, '\n'); i >= 0 {
		return rest[:i+1]
	}
	return rest
}

// lines looks at the lines of the whole message as bytes.
func (c *checker) lines() {
	bareLFs, firstLF := 0, 0
	bareCRs, firstCR := 0, 0
	nuls, firstNUL := 0, 0
	binary := c.binary
	for at := 0; at < len(c.raw); {
		line := c.line(at)
		begin := at
		at += len(line)
		for len(binary) > 0 && binary[0][1] < at {
			binary = binary[1:]
		}
		if len(binary) > 0 && begin >= binary[0][0] {
			continue
		}
		text, ended := bytes.CutSuffix(line, []byte("\n"))
		text, crlf := bytes.CutSuffix(text, []byte("\r"))
		if ended && !crlf {
			if bareLFs++; bareLFs == 1 {
				firstLF = begin
			}
		}
		n := bytes.Count(text, []byte("\r"))
		if crlf && !ended {
			n++
		}
		if n > 0 && bareCRs == 0 {
			firstCR = begin
		}
		bareCRs += n
		n = bytes.Count(text, []byte{0})
		if n > 0 && nuls == 0 {
			firstNUL = begin
		}
		nuls += n
		if len(text) > 998 {
			c.add(lineLength, begin, "the line has %d bytes", len(text))
		}
	}
	if bareLFs > 0 {
		c.add(bareLF, firstLF, "%s without CR before it, from %s on", count(bareLFs, "LF"), quote(c.line(firstLF)))
	}
	if bareCRs > 0 {
		c.add(bareCR, firstCR, "%s without LF after it, from %s on", count(bareCRs, "CR"), quote(c.line(firstCR)))
	}
	if nuls > 0 {
		c.add(controlCharacter, firstNUL, "%s, from %s on", count(nuls, "NUL"), quote(c.line(firstNUL)))
	}
}

// unique compares the Message-ID with those of other messages. A message that is sent again as it
// was may keep its own.
func (c *checker) unique(ids map[string]*mailtest.Message) {
	id := c.msg.MessageID
	if id == "" {
		return
	}
	other, ok := ids[id]
	switch {
	case !ok:
		ids[id] = c.msg
	case !bytes.Equal(other.Raw, c.msg.Raw):
		c.add(messageIDTwice, c.place("Message-ID"), "%s is also that of another message, with the subject %s", quote(id), quote(other.Subject))
	}
}

// now is the time with which the Date is compared.
func (c *checker) now() time.Time {
	if !c.linter.Now.IsZero() {
		return c.linter.Now
	}
	return c.msg.Time
}
