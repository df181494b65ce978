package mime

// This file decides media queries, for the page as it is shown.

import (
	"strconv"
	"strings"
)

// The page as it is shown: on a desk, in light colours.
const pageWidth = 1024 // px

// mediaApplies reports whether a list of media queries is true of the page as it is shown. What is not known of a query
// is false.
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
