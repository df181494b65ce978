package lint

// This file looks at where links lead: the target of a link is compared with its text, and must be absolute.

import (
	"net/url"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/publicsuffix"

	"github.com/seed078e9d8c/maillab/internal/dnstext"
	"github.com/seed078e9d8c/maillab/internal/mime"
	"github.com/seed078e9d8c/maillab/mailtest"
)

// links looks at the links of a page, hidden ones included, and returns its base.
func (c *checker) links(l leaf) *mime.Base {
	_, links, base := mime.ReadHTML(l.Text)
	for _, link := range links {
		r, says, where := linkSpoofed, link.Seen, ""
		said, _ := Spoofed(mailtest.Link{URL: link.URL, Text: says})
		if said == "" && link.Text != says {
			r, says, where = altSpoofed, link.Text, "without images, "
			said, _ = Spoofed(mailtest.Link{URL: link.URL, Text: says})
		}
		if said != "" {
			why := ""
			if link.URL != link.Href {
				why = ", because its address " + quote(link.Href) + " is relative to " + element(&base)
			}
			c.out.add(r, l.Path, c.placeIn(r, l, link.Href), "%sthe link says %s and leads to %s%s", where, quote(says), quote(link.URL), why)
		}
		if !strings.HasPrefix(link.Href, "#") { // a place in the page itself
			c.relative(l, &base, "the link "+quote(link.Text), link.Href, link.URL)
		}
	}
	return &base
}

// relative looks at an address of the page, given where it leads.
func (c *checker) relative(l leaf, base *mime.Base, what, address, target string) {
	tag := placeholderOf(address)
	relative := mime.Relative(target) || tag != "" && strings.HasPrefix(target, tag) // which is often malformed
	if c.located || base.Absolute() || !relative || c.unfilled[tag] {
		return
	}
	why := ", and the HTML has no base element"
	switch {
	case tag != "":
		why = ", in which the placeholder " + quote(tag) + " seems not to be filled in"
	case base.Href != "":
		why = ", which " + element(base) + " does not make absolute"
	}
	c.out.add(linkRelative, l.Path, c.placeIn(linkRelative, l, address), "%s has the relative address %s%s", what, quote(address), why)
}

// element returns the base element of a page, for the text of a finding.
func element(base *mime.Base) string { return "<base href=" + quote(base.Href) + ">" }

// Spoofed returns the host that the text of a link names and the host to which the link leads, if the rule "link-spoofed"
// or "alt-spoofed" finds that they belong to different sites. Otherwise it returns two empty strings.
func Spoofed(link mailtest.Link) (said, target string) {
	to, err := url.Parse(link.URL)
	if err != nil || to.Scheme != "http" && to.Scheme != "https" {
		return "", ""
	}
	target, said = trimWWW(to.Hostname()), saidHost(link.Text)
	if target == "" || said == "" {
		return "", ""
	}
	a, b := dnstext.ASCII(target), dnstext.ASCII(said)
	if a == b || strings.HasSuffix(a, "."+b) || strings.HasSuffix(b, "."+a) {
		return "", ""
	}
	return said, target
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
