package mime

// The tree of the parts of a message (RFC 2045, RFC 2046).

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Bounds of the tree of parts. A multipart beyond them is not taken apart.
const (
	MaxDepth = 100
	MaxParts = 10_000
)

// Part is an entity of the tree: a multipart with parts below it, or a leaf with content. Fields without a comment are
// as in package mailtest.
type Part struct {
	Path        string // the part number of IMAP (RFC 9051 §6.4.5.1)
	MediaType   string
	Params      map[string]string
	Encoding    string
	Disposition string
	Filename    string
	ContentID   string
	Header      []Field
	Raw         []byte // the body of the part
	Content     []byte // of a leaf: the decoded Raw
	Text        string // of a leaf with text: its text in UTF-8
	Below       int    // the number of parts below this one, which follow it

	Start     int       // where the header begins in the message
	Body      int       // where Raw begins
	Multipart Multipart // how a multipart was taken apart
	End       int       // of a multipart that was taken apart: where its closing line begins or should begin
	Epilogue  int       // where the text after the closing line begins, if Multipart is Closed
}

// Multipart tells how a multipart was taken apart.
type Multipart int

const (
	Whole        Multipart = iota // the part is not a multipart, or is beyond the bounds
	NoBoundary                    // the multipart has no boundary parameter, and is not taken apart
	SameBoundary                  // an enclosing multipart has the same boundary, and gets the parts
	NoParts                       // no line begins a part
	Unclosed                      // no line ends the last part
	Closed                        // the closing line exists
)

// treeReader reads the parts of a message in a single pass. It searches for the boundaries of all open multiparts at
// the same time.
type treeReader struct {
	raw     []byte
	mail    *Mail      // the result
	bounds  Boundaries // the boundaries of the open multiparts
	full    bool       // there are more than MaxParts parts: the last one gets the rest
	outline bool       // the contents are not to be decoded
}

// entity reads the part that begins at the index at: its header, its body, and the parts below it. mediaType is the
// type of a part that names none, and hint is the charset of unlabelled text. The path of the root is "". entity
// returns the delimiter at the end of the part.
func (t *treeReader) entity(at int, path string, depth int, mediaType, hint string) Delimiter {
	p := Part{Path: path, MediaType: mediaType, Start: at}
	boundary := t.readHeader(&p, &hint)
	index := len(t.mail.Parts)
	t.add(p)
	var delim Delimiter
	if strings.HasPrefix(p.MediaType, "multipart/") && t.open(&p, boundary, depth) {
		delim = t.readParts(&p, boundary, depth, hint)
	} else {
		delim = t.bounds.Next(p.Body)
	}
	end := delim.End
	p.Raw, p.Below = t.raw[min(p.Body, end):end:end], len(t.mail.Parts)-index-1 // without spare capacity
	if p.Below == 0 {
		p.Path = cmp.Or(path, "1")
		if !t.outline {
			t.readLeaf(&p, hint)
		}
	}
	t.mail.Parts[index] = p
	return delim
}

// add adds a part. It doubles the capacity when it is used up; append would grow it by only a quarter.
func (t *treeReader) add(p Part) {
	all := t.mail.Parts
	if len(all) == cap(all) {
		all = slices.Grow(all, len(all)+1)
	}
	t.mail.Parts = append(all, p)
}

// open opens the boundary of the multipart p. It returns false if p cannot be taken apart.
func (t *treeReader) open(p *Part, boundary string, depth int) bool {
	var bad Problems
	switch {
	case boundary == "":
		p.Multipart = NoBoundary
		bad.Addf("the multipart has no boundary parameter: it is left as it is")
	case t.bounds.IsOpen(boundary):
		p.Multipart = SameBoundary
		bad.Addf("the boundary %q is that of a multipart around this one, which gets the parts", Clip(boundary))
	case depth >= MaxDepth:
		bad.Addf("it is nested %d deep: it is not taken apart", depth)
	case len(t.mail.Parts) >= MaxParts:
		bad.Addf("there are more than %d parts: it is not taken apart", MaxParts)
	default:
		t.bounds.Open(boundary)
		return true
	}
	t.problems(p, bad)
	return false
}

// readParts reads the parts of the open multipart p, and closes it. It returns the delimiter at the end of the
// multipart.
func (t *treeReader) readParts(p *Part, boundary string, depth int, hint string) Delimiter {
	var bad Problems
	level, children := t.bounds.Level(boundary), 0
	mediaType := "text/plain"
	if p.MediaType == "multipart/digest" {
		mediaType = "message/rfc822" // RFC 2046 §5.1.5
	}
	prefix := ""
	if p.Path != "" {
		prefix = p.Path + "."
	}
	delim := t.bounds.Next(p.Body)
	for delim.Level == level && !delim.Final {
		children++
		path := prefix + strconv.Itoa(children)
		if len(t.mail.Parts) >= MaxParts {
			bad.Addf("there are more than %d parts: part %s gets all that is left", MaxParts, path)
			t.bounds.CloseAll()
			t.full = true
		}
		delim = t.entity(delim.Next, path, depth+1, mediaType, hint)
	}
	t.bounds.Close(boundary)
	closed := delim.Level == level
	switch {
	case closed && children > 0:
		p.Multipart = Closed
	case closed:
		p.Multipart = NoParts
		bad.Addf("the multipart has no parts")
	case children == 0:
		p.Multipart = NoParts
		bad.Addf("no line is the boundary %q", Clip(boundary))
	default:
		p.Multipart = Unclosed
		if !t.full {
			bad.Addf("the closing boundary %q is missing", Clip(boundary))
		}
	}
	p.End = delim.Begin
	if closed {
		p.Epilogue = delim.Next
		delim = t.bounds.Next(delim.Next)
	}
	t.problems(p, bad)
	return delim
}

// problems adds the problems with the body of p.
func (t *treeReader) problems(p *Part, bad Problems) {
	t.mail.problems(Place{Part: p.Path, Offset: p.Body}, bad)
}
