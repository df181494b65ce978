package mime

// This file finds out whether an element of HTML can be seen, from what is declared for it.

import (
	"strconv"
	"strings"
)

// look is how an element is shown.
type look struct {
	hidden    bool // with all that is in it
	invisible bool // but what is in it may be visible
	tiny      bool // its font has no size, but what is in it may have another
}

// shown reports whether text can be seen.
func (l look) shown() bool { return !l.hidden && !l.invisible && !l.tiny }

// apply returns how an element is shown in one that is shown so, with what is declared for it, the strongest last.
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

// isZero reports whether a value is a number without a size, with a unit or none.
func isZero(value string) bool {
	n, err := strconv.ParseFloat(strings.TrimRight(value, "abcdefghijklmnopqrstuvwxyz%"), 64)
	return err == nil && n == 0
}
