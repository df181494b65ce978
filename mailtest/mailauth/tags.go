package mailauth

// This file reads lists of tags, in which signatures and keys of DKIM are written (RFC 6376 §3.2).

import (
	"fmt"
	"strings"
)

// parseTags reads "a=1; b=2". White space around names and values is not part of them, that
// inside of values is. A tag that comes twice makes the list invalid.
func parseTags(s string) (map[string]string, error) {
	tags := make(map[string]string)
	for part := range strings.SplitSeq(s, ";") {
		if part = strings.Trim(part, space); part == "" {
			continue // after the last semicolon; elsewhere tolerated, as all verifiers do
		}
		name, value, ok := strings.Cut(part, "=")
		if name = strings.TrimRight(name, space); !ok || !isTagName(name) {
			return nil, fmt.Errorf("%q is no tag", clip(part))
		}
		if _, twice := tags[name]; twice {
			return nil, fmt.Errorf("the tag %s= comes twice", name)
		}
		tags[name] = strings.TrimLeft(value, space)
	}
	return tags, nil
}

// space is the white space of lists, folds included.
const space = " \t\r\n"

func isTagName(s string) bool {
	for i, c := range []byte(s) {
		if !isAlpha(c) && (i == 0 || !isDigit(c) && c != '_') {
			return false
		}
	}
	return s != ""
}

func isAlpha(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// squeeze removes all white space.
func squeeze(s string) string {
	if !strings.ContainsAny(s, space) {
		return s
	}
	return strings.NewReplacer(" ", "", "\t", "", "\r", "", "\n", "").Replace(s)
}

// list splits a value such as "from : to" at its colons.
func list(s string) []string {
	items := strings.Split(s, ":")
	for i := range items {
		items[i] = strings.Trim(items[i], space)
	}
	return items
}

// clip returns the beginning of a long s, for messages.
func clip(s string) string {
	const most = 60
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
