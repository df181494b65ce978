package lint

// This file goes through a message: its lines, its tree of parts, and what concerns it as a whole.

import (
	"bytes"
	"strings"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
)

// checker looks at one message.
type checker struct {
	linter *Linter
	msg    *mailtest.Message
	raw    []byte
	out    collector

	fields []field         // of the message's own header
	leaves []leaf          // in order
	binary [][2]int        // the places in raw where lines do not count (RFC 3030 §3)
	open   map[string]bool // the boundaries of the multiparts around what is being looked at
	ids    map[string]bool // the Content-IDs of all parts
	places []int           // where header fields and the contents of leaves begin, in order
}

// leaf is a part without parts, and where its content begins in raw.
type leaf struct {
	*mailtest.Part
	at int
}

func newChecker(l *Linter, off *[numRules]bool, m *mailtest.Message) *checker {
	if m.Parts == nil || len(m.Places) != len(m.Problems) { // made by hand, and not decoded
		decoded := mailtest.ParseMessage(m.Raw)
		decoded.Number, decoded.Time, decoded.Envelope = m.Number, m.Time, m.Envelope
		m = decoded
	}
	c := &checker{linter: l, msg: m, raw: m.Raw, open: make(map[string]bool), ids: make(map[string]bool)}
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
	}
	c.part(c.msg.Parts, 0, true)
	c.lines()
	c.once()
	c.origin()
	c.identity()
	c.bulk()
	c.content()
	c.problems()
}

// part looks at the part that begins at at, which is the first of parts, and at those below it,
// which are the others. It returns where it ends. They lie in raw one after the other, as the
// decoder has found them, so each place follows from the one before.
func (c *checker) part(parts []mailtest.Part, at int, root bool) (end int) {
	p := &parts[0]
	path := p.Path
	if root {
		path = ""
	}
	fields, body := c.header(p.Header, path, at, root)
	c.mime(p, fields, path, root)
	end = min(body+len(p.Raw), len(c.raw))
	if strings.HasPrefix(p.MediaType, "multipart/") {
		c.multipart(parts, at, body, end)
		return end
	}
	c.leaves = append(c.leaves, leaf{p, body})
	c.places = append(c.places, body)
	if p.Encoding == "binary" && c.msg.Envelope.Body == "BINARYMIME" {
		c.binary = append(c.binary, [2]int{body, end})
	}
	c.leaf(p, body)
	return end
}

// multipart looks at the boundaries of a multipart whose body is raw[body:end], and at its parts.
// It is the first of parts.
func (c *checker) multipart(parts []mailtest.Part, at, body, end int) {
	p := &parts[0]
	boundary := strings.TrimRight(p.Params["boundary"], " \t")
	c.boundary(p, at)
	if boundary == "" || c.open[boundary] || end < body {
		return
	}
	opening := []byte("--" + boundary)
	next, found := body, false
	for !found && next < end {
		line := c.line(next)
		next += len(line)
		found = bytes.Equal(bytes.TrimRight(line, " \t\r\n"), opening)
	}
	if !found {
		c.out.add(boundaryNotFound, p.Path, at, "no part of the multipart begins with the line %s", quote(opening))
	}
	if !found || p.Below == 0 { // without parts, it was beyond what the decoder takes apart
		return
	}
	c.open[boundary] = true
	defer delete(c.open, boundary)
	for below := parts[1:]; len(below) > 0; {
		n := 1 + below[0].Below
		at := c.part(below[:n], next, false)
		below = below[n:]
		if !bytes.HasPrefix(c.raw[at:], opening) {
			at += len(c.line(at)) // the line end before a boundary belongs to it, RFC 2046 §5.1.1
		}
		line := c.line(at)
		next = at + len(line)
		if text := bytes.TrimRight(line, " \t\r\n"); len(below) == 0 && !bytes.Equal(text, append(opening, "--"...)) {
			c.out.add(multipartUnclosed, p.Path, min(at, len(c.raw)), "the line %s is missing", quote(string(opening)+"--"))
			return
		}
	}
	if rest := bytes.TrimSpace(c.raw[min(next, end):end]); len(rest) > 0 {
		c.out.add(textAfterEnd, p.Path, next+bytes.Index(c.raw[next:end], rest), "%s comes behind the end of the multipart", quote(rest))
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
		c.add(bareCR, firstCR, "%s without LF behind it, from %s on", count(bareCRs, "CR"), quote(c.line(firstCR)))
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
