package imap

// The patterns of LIST (RFC 9051 §6.3.9), in which "*" matches any characters, and "%" any but "/".

import "strings"

// matchList reports whether the name of a mailbox matches a pattern below a reference. A pattern that begins with "/" does not
// need the reference.
func matchList(reference, pattern, name string) bool {
	pattern, rooted := strings.CutPrefix(pattern, "/")
	if reference != "" && !rooted {
		if !strings.HasSuffix(reference, "/") {
			reference += "/"
		}
		var below bool
		if name, below = strings.CutPrefix(name, reference); !below {
			return false
		}
	}
	return matches(pattern, name)
}

// matches reports whether a name matches a pattern. It goes through the pattern once, and knows all places in the name up to
// which the pattern so far matches, so its time is bounded by the product of the lengths.
func matches(pattern, name string) bool {
	reached := make([]bool, len(name)+1) // up to this byte of the name
	reached[0] = true
	var last byte // the widest wildcard since the last other character
	for p := range len(pattern) {
		any := false
		switch c := pattern[p]; c {
		case '*', '%':
			if last == '*' || last == c {
				continue // it matches nothing more
			}
			last = c
			for i := range len(name) {
				any = any || reached[i]
				reached[i+1] = reached[i+1] || reached[i] && (c == '*' || name[i] != '/')
			}
			any = any || reached[len(name)]
		default:
			last = 0
			for i := len(name) - 1; i >= 0; i-- {
				reached[i+1] = reached[i] && name[i] == c
				any = any || reached[i+1]
			}
			reached[0] = false
		}
		if !any {
			return false
		}
	}
	return reached[len(name)]
}
