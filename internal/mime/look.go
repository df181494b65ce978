package mime

// This file determines whether an element of HTML can be seen, from the declarations that apply to it.

import (
	"strconv"
	"strings"

	"github.com/tdewolff/parse/v2/css"
)

// declaration is a property and its value, in lower case.
type declaration struct {
	property, value string
	important       bool
}

// declared returns a declaration if it can hide something.
func declared(property []byte, value []css.Token) (declaration, bool) {
	d := declaration{property: strings.ToLower(string(property))}
	switch d.property {
	case "display", "visibility", "opacity", "font-size", "font", "height", "max-height", "width", "max-width", "overflow", "mso-hide":
	default:
		return d, false
	}
	d.value = strings.ToLower(strings.TrimSpace(text(value)))
	if before, ok := strings.CutSuffix(d.value, "important"); ok {
		if before, ok = strings.CutSuffix(strings.TrimSpace(before), "!"); ok {
			d.value, d.important = strings.TrimSpace(before), true
		}
	}
	return d, true
}

// text returns the source text of tokens.
func text(tokens []css.Token) string {
	var b strings.Builder
	for _, t := range tokens {
		b.Write(t.Data)
	}
	return b.String()
}

// look describes how an element is shown.
type look struct {
	hidden    bool // the element and its content are not shown
	invisible bool // the element is not visible, but elements in it may be
	tiny      bool // the font has size 0, but elements in it may have another font
}

// shown reports whether the text of an element can be seen.
func (l look) shown() bool { return !l.hidden && !l.invisible && !l.tiny }

// apply returns the look of an element whose parent has the look l, given its declarations in ascending order of
// precedence.
func (l look) apply(declared []declaration) look {
	none, clear, clipped := l.hidden, false, false
	var flat [4]bool // height, max-height, width, max-width
	display := ""
	for _, d := range declared {
		switch d.property {
		case "display":
			display = d.value
		case "mso-hide":
			none = none || d.value == "all"
		case "visibility":
			switch d.value {
			case "hidden", "collapse":
				l.invisible = true
			case "visible", "initial":
				l.invisible = false
			}
		case "opacity":
			clear = isZero(d.value)
		case "font", "font-size":
			size, _, _ := strings.Cut(d.value, "/")
			size, _, _ = strings.Cut(size, " ")
			relative := strings.HasSuffix(size, "em") && !strings.HasSuffix(size, "rem") || strings.HasSuffix(size, "%") ||
				size == "inherit" || size == "smaller" || size == "larger"
			l.tiny = isZero(size) || l.tiny && relative
		case "height":
			flat[0] = isZero(d.value)
		case "max-height":
			flat[1] = isZero(d.value)
		case "width":
			flat[2] = isZero(d.value)
		case "max-width":
			flat[3] = isZero(d.value)
		case "overflow":
			clipped = strings.Contains(d.value, "hidden") || strings.Contains(d.value, "clip")
		}
	}
	l.hidden = none || display == "none" || clear || clipped && flat != [4]bool{}
	return l
}

// isZero reports whether a value is the number 0, with or without a unit.
func isZero(value string) bool {
	n, err := strconv.ParseFloat(strings.TrimRight(value, "abcdefghijklmnopqrstuvwxyz%"), 64)
	return err == nil && n == 0
}

// pageWidth is the width of the page as it is shown: on a desktop, in light colours.
const pageWidth = 1024 // px

// applies reports whether the rules in an at-rule apply.
func applies(name, prelude string) bool {
	switch name {
	case "@media":
		return mediaApplies(prelude)
	case "@supports", "@layer":
		return true
	}
	return false
}

// mediaApplies reports whether a list of media queries is true for the page as it is shown. Unknown features are false.
func mediaApplies(queries string) bool {
	for query := range strings.SplitSeq(strings.ToLower(queries), ",") {
		query = strings.TrimSpace(query)
		query, not := strings.CutPrefix(query, "not ")
		query = strings.TrimPrefix(query, "only ")
		ok := true
		for part := range strings.SplitSeq(strings.ReplaceAll(query, "and(", "and ("), " and ") {
			ok = ok && mediaFeature(strings.TrimSpace(part))
		}
		if ok != not {
			return true
		}
	}
	return false
}

// mediaFeature reports whether one part of a media query is true.
func mediaFeature(part string) bool {
	inner, ok := strings.CutPrefix(part, "(")
	if !ok {
		return part == "" || part == "all" || part == "screen"
	}
	name, value, _ := strings.Cut(strings.TrimSuffix(inner, ")"), ":")
	value = strings.TrimSpace(value)
	px := func() float64 {
		number, unit := strings.TrimRight(value, "abcdefghijklmnopqrstuvwxyz"), 1.0
		if strings.HasSuffix(value, "em") {
			unit = 16
		}
		n, err := strconv.ParseFloat(number, 64)
		if err != nil {
			return -1
		}
		return n * unit
	}
	switch strings.TrimSpace(name) {
	case "min-width", "min-device-width":
		return px() >= 0 && pageWidth >= px()
	case "max-width", "max-device-width":
		return pageWidth <= px()
	case "prefers-color-scheme":
		return value == "light"
	case "orientation":
		return value == "landscape"
	}
	return false
}
