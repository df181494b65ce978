package lint

// This file compares what could not be decoded with the findings: what those explain is not said twice.

import (
	"slices"
	"strconv"
	"strings"
)

// problems reports what could not be decoded and no finding explains.
func (c *checker) problems() {
	for _, text := range c.msg.Problems {
		if p := parseProblem(text); !c.explained(p) {
			c.out.add(undecodable, p.part, p.at, "%s", text)
		}
	}
}

// problem is where one of the message's Problems is.
type problem struct {
	part   string // its path; "" for the message's own header, and for a multipart that is the whole body
	header bool   // in the header of the part
	field  bool   // in one field of it
	at     int    // where the header, the field or the body begins; -1 is nowhere
}

// parseProblem reads where a problem is.
func parseProblem(text string) problem {
	p := problem{at: -1}
	where, _, _ := strings.Cut(text, ": ")
	where, offset, _ := strings.Cut(where, " at byte ")
	if at, err := strconv.Atoi(offset); err == nil {
		p.at = at
	}
	if name, ok := strings.CutPrefix(where, "part "); ok {
		p.part, where, _ = strings.Cut(name, ", ")
	}
	var name string
	name, p.header = strings.CutPrefix(where, "header")
	p.field = p.header && name != ""
	return p
}

// explained reports whether an error in the format that was found is the reason for a problem: it is in the
// same field or the same content, or in the structure of the same header or multipart.
func (c *checker) explained(p problem) bool {
	i, ok := slices.BinarySearch(c.places, p.at)
	end := len(c.raw) + 1
	if ok && i+1 < len(c.places) {
		end = c.places[i+1]
	}
	return slices.ContainsFunc(c.out.found, func(f found) bool {
		info := &rules[f.rule]
		switch {
		case f.rule == undecodable || info.Group != "format" || info.Severity != Error:
			return false
		case ok && (p.field || !p.header):
			return p.at <= f.at && f.at < end
		case p.header:
			return f.part == p.part && (f.rule == headerMissing || f.rule == blankLineMissing || f.rule == fieldName)
		}
		switch f.rule {
		case boundaryParameter, boundaryNotFound, multipartUnclosed, multipartEncoding, mimeSyntax:
			return f.part == p.part || p.part == "" && f.part == c.msg.Parts[0].Path
		}
		return false
	})
}
