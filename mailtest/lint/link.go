package lint

// This file compares the target of a link with its text.

import (
	"net/url"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/publicsuffix"
)

// link looks at a link and the text that it shows.
func (c *checker) link(l leaf, href, shown string) {
	to, err := url.Parse(href)
	if err != nil || to.Scheme != "http" && to.Scheme != "https" {
		return
	}
	host := trimWWW(to.Hostname())
	said := saidHost(shown)
	if host == "" || said == "" || host == said || strings.HasSuffix(host, "."+said) || strings.HasSuffix(said, "."+host) {
		return
	}
	c.out.add(linkSpoofed, l.Path, c.placeIn(l, href), "the link says %s and leads to %s", quote(strings.TrimSpace(shown)), quote(href))
}

// saidHost returns the host that a text names, if the text is the address of a site and nothing else: with a
// scheme, with "www.", or with a suffix under which there are sites.
func saidHost(text string) string {
	text = strings.TrimSpace(text)
	if text == "" || strings.ContainsFunc(text, unicode.IsSpace) || strings.Contains(text, "@") {
		return ""
	}
	address := text
	if !strings.Contains(text, "://") {
		address = "http://" + text
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	name := strings.ToLower(u.Hostname())
	if host := trimWWW(name); isDomain(host) && isFull(host) && (address == text || strings.HasPrefix(name, "www.") || isSite(host, u.Path)) {
		return host
	}
	return ""
}

// isSite reports whether a name without a scheme is that of a site, and not of a file or a program.
func isSite(host, path string) bool {
	suffix, icann := publicsuffix.PublicSuffix(host)
	if host == suffix || !icann && !strings.Contains(suffix, ".") || slices.Contains([]string{"asp.net", "ado.net", "vb.net"}, host) {
		return false
	}
	return path != "" || !slices.Contains(fileSuffixes, suffix)
}

// fileSuffixes are those of files that are top-level domains, too.
var fileSuffixes = []string{"cab", "cc", "md", "mm", "mov", "ps", "py", "rs", "sh", "so", "zip"}

func trimWWW(host string) string {
	return strings.TrimPrefix(strings.TrimSuffix(strings.ToLower(host), "."), "www.")
}
