package mime

// The parts of a message that are its body, those that are attachments, and those that are shown inline.

import (
	"net/url"
	"strings"
)

// findBodies finds the text, the HTML, the attachments and the inline parts.
func (m *Mail) findBodies() {
	body := m.bodyParts()
	for i := range m.Parts {
		switch mediaType := m.Parts[i].MediaType; {
		case !body[i]:
		case m.Text < 0 && mediaType == "text/plain":
			m.Text = i
		case m.HTML < 0 && mediaType == "text/html":
			m.HTML = i
		}
	}
	var shown map[string]bool // the content ids that the HTML refers to
	if m.HTML >= 0 {
		shown = contentIDs(m.Parts[m.HTML].Text)
	}
	for i := range m.Parts {
		p := &m.Parts[i]
		isText := strings.HasPrefix(p.MediaType, "text/")
		isOther := isText && p.MediaType != "text/plain" && p.MediaType != "text/html"
		switch {
		case i == m.Text || i == m.HTML || strings.HasPrefix(p.MediaType, "multipart/"):
		case p.ContentID != "" && shown[p.ContentID]:
			m.Inline = append(m.Inline, i)
		case p.Disposition != "" && p.Disposition != "inline":
			m.Attachments = append(m.Attachments, i)
		case p.Filename == "" && (body[i] || isOther):
		case body[i] || p.ContentID != "" || p.Disposition == "inline" && !isText:
			m.Inline = append(m.Inline, i)
		default:
			m.Attachments = append(m.Attachments, i)
		}
	}
}

// bodyParts reports for each part whether it is plain text or HTML of the body, by the algorithm of RFC 8621 §4.1.4.
// Unlike in the RFC, a part with a file name is not an attachment if it is an alternative or its disposition is inline.
func (m *Mail) bodyParts() []bool {
	body := make([]bool, len(m.Parts))
	isBody := func(p *Part, named bool) bool {
		return (p.MediaType == "text/plain" || p.MediaType == "text/html") &&
			(p.Disposition == "inline" || p.Disposition == "" && (named || p.Filename == ""))
	}
	body[0] = isBody(&m.Parts[0], true)
	for i := range m.Parts {
		parent := &m.Parts[i]
		first, end := i+1, i+1+parent.Below
		if parent.MediaType == "multipart/related" {
			first = m.root(i)
		}
		for k := i + 1; k < end; k += 1 + m.Parts[k].Below {
			body[k] = isBody(&m.Parts[k], k == first || parent.MediaType == "multipart/alternative") &&
				(k == first || parent.MediaType != "multipart/related")
		}
	}
	return body
}

// root returns the index of the root of the multipart/related that is part i: the part that the parameter start names,
// or else the first part (RFC 2387 §3.2).
func (m *Mail) root(i int) int {
	if start := TrimID(m.Parts[i].Params["start"]); start != "" {
		for k := i + 1; k <= i+m.Parts[i].Below; k += 1 + m.Parts[k].Below {
			if m.Parts[k].ContentID == start {
				return k
			}
		}
	}
	return i + 1
}

// contentIDs returns the ids that the HTML refers to as "cid:…" (RFC 2392 §2), in any letter case.
func contentIDs(html string) map[string]bool {
	var ids map[string]bool
	for {
		before, after, found := strings.Cut(html, ":")
		if !found {
			return ids
		}
		if !hasSuffixFold(before, "cid") {
			html = after
			continue
		}
		if ids == nil {
			ids = map[string]bool{}
		}
		end := strings.IndexAny(after, "\"'<> \t\n)&")
		if end < 0 {
			end = len(after)
		}
		if id, err := url.PathUnescape(after[:end]); err == nil {
			ids[id] = true
		}
		html = after[end:]
	}
}

// hasSuffixFold reports whether s ends with an ASCII suffix in any letter case.
func hasSuffixFold(s, suffix string) bool {
	return len(s) >= len(suffix) && strings.EqualFold(s[len(s)-len(suffix):], suffix)
}
