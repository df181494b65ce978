package lint

// This file looks at the MIME fields of a part and at its content (RFC 2045, RFC 2046).

import (
	"bytes"
	"cmp"
	stdmime "mime"
	"strconv"
	"strings"

	"github.com/seed078e9d8c/maillab/internal/mime"
	"github.com/seed078e9d8c/maillab/mailtest"
)

// mime looks at the MIME fields in the header of a part.
func (c *checker) mime(p *mime.Part, fields []field, path string) {
	root := path == ""
	version, content := (*field)(nil), (*field)(nil)
	for i := range fields {
		f := &fields[i]
		switch f.name {
		case "mime-version":
			version = f
			if body, _, _ := strings.Cut(f.body, "("); root && strings.ReplaceAll(strings.TrimSpace(body), " ", "") != "1.0" {
				c.add(mimeVersion, f.at, "the MIME-Version is %s", quote(f.body))
			}
			continue
		case "content-type":
			c.parameters(*f, path)
		case "content-disposition":
			c.parameters(*f, path)
			c.disposition(p, *f, path)
		case "content-id":
			if ids, why := parseIDs(f.body); why != "" || len(ids) != 1 {
				c.out.add(contentIDSyntax, path, f.at, "%s %s", quote(f.body), cmp.Or(why, "is "+strconv.Itoa(len(ids))+" identifiers"))
			}
		case "content-transfer-encoding":
			c.encoding(p, *f, path)
		case "content-description":
		default:
			continue
		}
		if content == nil {
			content = f
		}
	}
	if root && version == nil && content != nil {
		c.add(mimeVersion, content.at, "there is a %s and no MIME-Version", quote(content.name))
	}
	c.twice(fields, path, "content-type", "content-transfer-encoding", "content-disposition", "content-id", "content-description")
}

// parameters looks at a field with parameters.
func (c *checker) parameters(f field, path string) {
	s := mime.StripComments(f.body)
	value, _, err := stdmime.ParseMediaType(s)
	switch {
	case err != nil:
		c.out.add(mimeSyntax, path, f.at, "%s: %s", quote(f.body), strings.TrimPrefix(err.Error(), "mime: "))
	case f.name == "content-type" && !strings.Contains(value, "/"):
		c.out.add(mimeSyntax, path, f.at, "%s is not a media type", quote(f.body))
	}
}

// disposition looks at the type of a Content-Disposition.
func (c *checker) disposition(p *mime.Part, f field, path string) {
	switch p.Disposition {
	case "inline", "attachment", "form-data", // RFC 2183 §2.1, §2.2; RFC 7578 §4.2; the others as IANA lists them
		"signal", "alert", "icon", "render", "recipient-list-history", "session", "aib", "early-session", "recipient-list",
		"notification", "by-reference", "info-package", "recording-session", "":
		return
	}
	c.out.add(dispositionUnknown, path, f.at, "nobody knows the disposition %s, so the part is an attachment", quote(p.Disposition))
}

// encoding looks at a Content-Transfer-Encoding.
func (c *checker) encoding(p *mime.Part, f field, path string) {
	value := strings.ToLower(strings.TrimSpace(mime.StripComments(f.body)))
	switch value {
	case "7bit", "8bit", "binary":
		return
	case "base64", "quoted-printable":
		if strings.HasPrefix(p.MediaType, "multipart/") || p.MediaType == "message/rfc822" {
			c.out.add(multipartEncoding, path, f.at, "a %s has the transfer encoding %s", p.MediaType, value)
		}
		return
	}
	c.out.add(transferEncoding, path, f.at, "%s is not a transfer encoding", quote(f.body))
}

// boundary looks at the boundary of a multipart.
func (c *checker) boundary(p *mime.Part) {
	boundary := p.Params["boundary"]
	bad := strings.IndexFunc(boundary, func(r rune) bool {
		return r > '~' || !isAlphanumeric(byte(r)) && !strings.ContainsRune("'()+_,-./:=? ", r)
	})
	switch {
	case boundary == "":
		c.out.add(boundaryParameter, p.Path, p.Start, "the multipart has no boundary")
	case len(boundary) > 70:
		c.out.add(boundaryParameter, p.Path, p.Start, "the boundary %s has %d characters", quote(boundary), len(boundary))
	case strings.HasSuffix(boundary, " "):
		c.out.add(boundaryParameter, p.Path, p.Start, "the boundary %s ends with a space", quote(boundary))
	case p.Multipart == mime.SameBoundary:
		c.out.add(boundaryParameter, p.Path, p.Start, "the boundary %s is also that of a multipart around this one", quote(boundary))
	case bad >= 0:
		c.out.add(boundaryParameter, p.Path, p.Start, "the boundary %s has a character that must not be in it", quote(boundary))
	}
}

// leaf looks at the content of a part that begins at at.
func (c *checker) leaf(p *mailtest.Part, at int) {
	switch p.Encoding {
	case "base64":
		if !c.base64(p, at) {
			return // its text is damaged in consequence
		}
	case "quoted-printable":
		c.quotedPrintable(p, at)
	case "", "7bit":
		if i := mime.FirstNonASCII(p.Raw); i >= 0 && p.MediaType != "message/rfc822" && p.MediaType != "message/global" {
			c.out.add(bodyNotASCII, p.Path, at+i, "the transfer encoding is 7bit and the content has bytes beyond ASCII: %s", quote(p.Raw[i:]))
		}
	}
	if !strings.HasPrefix(p.MediaType, "text/") {
		return
	}
	charset := p.Params["charset"]
	if head := p.Content[:min(len(p.Content), 1024)]; charset == "" && p.MediaType == "text/html" && bytes.Contains(bytes.ToLower(head), []byte("charset=")) {
		return // HTML may name it itself, RFC 2854 §6
	}
	known, fits := inCharset(p.Content, charset)
	switch {
	case !known:
		c.out.add(charsetUnknown, p.Path, at, "nobody knows the charset %s", quote(charset))
	case !fits && charset == "":
		c.out.add(charsetWrong, p.Path, at, "the text names no charset and is not ASCII: %s", quote(p.Content[mime.FirstNonASCII(p.Content):]))
	case !fits:
		c.out.add(charsetWrong, p.Path, at, "the text is not in %s: %s", quote(charset), quote(p.Content[max(0, mime.FirstNonASCII(p.Content)):]))
	}
}
