// Package wildcard compares texts with patterns in which a star matches any bytes.
package wildcard

import "strings"

// Match reports whether s matches pattern, in which each "*" matches any bytes, including none.
func Match(pattern, s string) bool { return MatchParts(strings.Split(pattern, "*"), s) }

// MatchParts reports whether s consists of the parts, with any bytes between them. There must be at least one part.
func MatchParts(parts []string, s string) bool {
	s, ok := strings.CutPrefix(s, parts[0])
	if !ok || len(parts) == 1 {
		return ok && s == ""
	}
	last := len(parts) - 1
	for _, part := range parts[1:last] {
		_, rest, found := strings.Cut(s, part)
		if !found {
			return false
		}
		s = rest
	}
	return strings.HasSuffix(s, parts[last])
}
