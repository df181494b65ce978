package lint

// This file compares the problems of decoding with the findings, so the same mistake is not reported twice.

import "slices"

// problems reports what could not be decoded and no finding explains.
func (c *checker) problems() {
	for i, text := range c.msg.Problems {
		if p := c.undecoded[i]; !c.explained(i) {
			c.out.add(undecodable, p.Part, p.Offset, "%s", text)
		}
	}
}

// explained reports whether an error in the format that was found is the reason for a problem: it is in the
// same field or the same content, or in the structure of the same header or multipart.
func (c *checker) explained(problem int) bool {
	p := c.undecoded[problem]
	i, ok := slices.BinarySearch(c.places, p.Offset)
	end := len(c.raw) + 1
	if ok && i+1 < len(c.places) {
		end = c.places[i+1]
	}
	return slices.ContainsFunc(c.out.found, func(f found) bool {
		info := &rules[f.rule]
		switch {
		case f.rule == undecodable || info.Group != "format" || info.Severity != Error:
			return false
		case ok && (p.Field != "" || !p.Header):
			return p.Offset <= f.at && f.at < end
		case p.Header:
			return f.part == p.Part && (f.rule == headerMissing || f.rule == blankLineMissing || f.rule == fieldName)
		}
		switch f.rule {
		case boundaryParameter, boundaryNotFound, multipartUnclosed, multipartEncoding, mimeSyntax:
			return f.part == p.Part || p.Part == "" && f.part == c.msg.Parts[0].Path
		}
		return false
	})
}
