package lint

// This file checks the content that a person sees: alternatives, HTML, links, attachments, the size.

import (
	"archive/zip"
	"bytes"
	"net/url"
	"path"
	"strings"
	"unicode"

	"golang.org/x/net/html"

	"github.com/seed078e9d8c/maillab/internal/mime"
)

// content looks at what the message shows.
func (c *checker) content() {
	if f := c.find("Subject"); f == nil {
		c.add(subjectMissing, -1, "there is no Subject")
	} else if strings.TrimSpace(c.msg.Subject) == "" {
		c.add(subjectMissing, f.at, "the Subject is empty")
	}
	if c.msg.HTML != "" && strings.TrimSpace(c.msg.Text) == "" {
		c.add(textMissing, -1, "there is HTML and no plain text")
	}
	c.alternatives()
	c.leftovers()
	for _, l := range c.leaves {
		if l.MediaType == "text/html" && l.Disposition != "attachment" {
			c.html(l)
		}
		c.attachment(l)
	}
	most := c.linter.MaxSize
	if most <= 0 {
		most = gmailSize
	}
	if int64(len(c.raw)) > most {
		c.add(messageSize, -1, "the message has %d bytes, and more than %d are too many", len(c.raw), most)
	}
}

// gmailSize is what smtp.gmail.com announces as SIZE.
const gmailSize = 35_882_577

// alternatives looks for plain text that is a better alternative than HTML.
func (c *checker) alternatives() {
	for i, p := range c.msg.Parts {
		if p.MediaType != "multipart/alternative" {
			continue
		}
		html := false
		for j := i + 1; j <= i+p.Below; j += 1 + c.msg.Parts[j].Below {
			q := &c.msg.Parts[j]
			if q.MediaType == "text/plain" && html {
				c.out.add(alternativeOrder, q.Path, c.tree[j].Body, "text/plain comes after text/html")
			}
			html = html || q.MediaType == "text/html"
		}
	}
}

// html looks at a page.
func (c *checker) html(l leaf) {
	images, visible := 0, false
	var hidden []byte // the element whose text is not shown
	base := c.links(l)
	z := html.NewTokenizer(strings.NewReader(l.Text))
	for {
		switch z.Next() {
		case html.ErrorToken:
			if images > 0 && !visible {
				c.out.add(htmlEmpty, l.Path, l.at, "the HTML has %s and no text", count(images, "image"))
			}
			return
		case html.TextToken:
			if hidden != nil {
				continue
			}
			visible = visible || bytes.ContainsFunc(z.Text(), func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) })
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := z.TagName()
			tag := string(name)
			switch tag {
			case "script", "style", "title", "noembed", "iframe", "noframes", "xmp":
				if hidden == nil {
					hidden = []byte(tag)
				}
			case "img":
				images++
			}
			for more {
				var key, value []byte
				key, value, more = z.TagAttr()
				if name := string(key); name == "src" || name == "background" && len(bytes.TrimSpace(value)) > 0 {
					c.reference(l, base, tag, strings.TrimSpace(string(value)))
				}
			}
		case html.EndTagToken:
			if name, _ := z.TagName(); bytes.Equal(name, hidden) {
				hidden = nil
			}
		}
	}
}

// reference looks at the address of what HTML shows in place.
func (c *checker) reference(l leaf, base *mime.Base, tag, address string) {
	target := base.Resolve(address)
	c.relative(l, base, "the element "+tag, address, target)
	scheme, id, found := strings.Cut(target, ":")
	if !found || !strings.EqualFold(scheme, "cid") {
		return
	}
	if plain, err := url.PathUnescape(id); err == nil {
		id = plain
	}
	if !c.ids[id] {
		c.out.add(contentIDUnknown, l.Path, c.placeIn(contentIDUnknown, l, address), "there is no part with the Content-ID %s", quote(id))
	}
}

// placeIn returns where s stands in the content of a leaf, if it stands there as it is, or else
// where that begins. It does not look for the place of a finding that will not be listed.
func (c *checker) placeIn(r rule, l leaf, s string) int {
	if c.out.count[r] > mostFindings {
		return l.at
	}
	return l.at + max(0, bytes.Index(l.Raw, []byte(s)))
}

// attachment looks at the name of a file, and at the names in a zip archive.
func (c *checker) attachment(l leaf) {
	name := l.Filename
	if refused(name) {
		c.out.add(attachmentType, l.Path, l.at, "the file is %s", quote(name))
	}
	if !bytes.HasPrefix(l.Content, []byte("PK")) {
		return
	}
	archive, err := zip.NewReader(bytes.NewReader(l.Content), int64(len(l.Content)))
	if err != nil {
		return
	}
	for _, f := range archive.File {
		if refused(f.Name) {
			c.out.add(attachmentType, l.Path, l.at, "the archive %s has the file %s in it", quote(name), quote(f.Name))
		}
	}
}

// refused reports whether Gmail refuses a file of that name: support.google.com/mail/answer/6590.
// Others do the same.
func refused(name string) bool {
	switch strings.ToLower(path.Ext(strings.TrimRight(name, ". "))) {
	case ".ade", ".adp", ".apk", ".appx", ".appxbundle", ".bat", ".cab", ".chm", ".cmd", ".com", ".cpl", ".diagcab",
		".diagcfg", ".diagpkg", ".dll", ".dmg", ".ex", ".ex_", ".exe", ".hta", ".img", ".ins", ".iso", ".isp", ".jar",
		".jnlp", ".js", ".jse", ".lib", ".lnk", ".mde", ".mjs", ".msc", ".msi", ".msix", ".msixbundle", ".msp", ".mst",
		".nsh", ".pif", ".ps1", ".scr", ".sct", ".shb", ".sys", ".vb", ".vbe", ".vbs", ".vhd", ".vxd", ".wsc", ".wsf",
		".wsh", ".xll":
		return true
	}
	return false
}
