package mime

// This file reads identifiers of messages and parts (RFC 5322 §3.6.4, RFC 2045 §7).

import "strings"

// TrimID returns the text between the angle brackets of a msg-id (RFC 5322 §3.6.4), or all of s if there are no
// brackets. It removes comments, and white space at the ends and around dots and the at sign (§4.5.4).
func TrimID(s string) string {
	if strings.Contains(s, "(") {
		s = StripComments(s)
	}
	if _, after, ok := strings.Cut(s, "<"); ok {
		if id, _, ok := strings.Cut(after, ">"); ok {
			s = id
		}
	}
	s = strings.TrimSpace(s)
	if !strings.ContainsAny(s, space) || strings.Contains(s, `"`) {
		return s
	}
	var words []addressWord
	for w := range strings.FieldsSeq(s) {
		words = append(words, addressWord{text: w})
	}
	return strings.Join(joinAround(words, ".@"), " ")
}
