package lint

// This file checks that mail to many offers a way to unsubscribe (RFC 2369, RFC 8058).

import (
	"slices"
	"strings"

	"github.com/seed078e9d8c/maillab/internal/mime"
)

// bulk looks at the List-Unsubscribe fields, of bulk mail and of all that has them.
func (c *checker) bulk() {
	unsubscribe, post := c.find("List-Unsubscribe"), c.find("List-Unsubscribe-Post")
	isBulk, why := c.isBulk()
	if unsubscribe == nil {
		if isBulk {
			c.add(unsubscribeMissing, -1, "%s, and there is no List-Unsubscribe", why)
		}
		return
	}
	uris := slices.DeleteFunc(mime.Bracketed(unsubscribe.body), func(u string) bool { return !strings.Contains(u, ":") })
	if len(uris) == 0 {
		c.add(unsubscribeMissing, unsubscribe.at, "List-Unsubscribe has no URI in angle brackets: %s", quote(unsubscribe.body))
		return
	}
	https := slices.ContainsFunc(uris, func(u string) bool { return len(u) > 8 && strings.EqualFold(u[:8], "https://") })
	switch {
	case post == nil && !isBulk:
	case post == nil:
		c.add(oneClick, unsubscribe.at, "there is no List-Unsubscribe-Post")
	case strings.ReplaceAll(post.body, " ", "") != "List-Unsubscribe=One-Click":
		c.add(oneClick, post.at, "List-Unsubscribe-Post is %s", quote(post.body))
	case !https:
		c.add(oneClick, unsubscribe.at, "List-Unsubscribe has no https URI: %s", quote(unsubscribe.body))
	case c.find("DKIM-Signature") != nil && !c.signed("list-unsubscribe", "list-unsubscribe-post"):
		c.add(oneClick, c.place("DKIM-Signature"), "no DKIM signature covers both List-Unsubscribe and List-Unsubscribe-Post")
	}
}

// isBulk reports whether the message goes to many who have not written to a common list, and why it seems so.
func (c *checker) isBulk() (bool, string) {
	if c.find("List-Post") != nil { // a list for discussions, RFC 2369 §3.4
		return c.linter.Bulk, "the Linter says that the message is bulk mail"
	}
	if f := c.find("Precedence"); f != nil && strings.EqualFold(f.body, "bulk") && c.find("Auto-Submitted") == nil {
		return true, "the Precedence is bulk"
	}
	for _, name := range []string{"List-Id", "Feedback-ID"} {
		if c.find(name) != nil {
			return true, "there is the field " + quote(name)
		}
	}
	return c.linter.Bulk, "the Linter says that the message is bulk mail"
}

// signed reports whether there is a DKIM signature that covers all those fields (RFC 6376 §3.5).
func (c *checker) signed(names ...string) bool {
	for _, f := range c.fields {
		if f.name != "dkim-signature" {
			continue
		}
		var covered []string
		for tag := range strings.SplitSeq(f.body, ";") {
			if key, value, _ := strings.Cut(tag, "="); strings.TrimSpace(key) == "h" {
				for name := range strings.SplitSeq(strings.ToLower(value), ":") {
					covered = append(covered, strings.TrimSpace(name))
				}
			}
		}
		if !slices.ContainsFunc(names, func(name string) bool { return !slices.Contains(covered, name) }) {
			return true
		}
	}
	return false
}
