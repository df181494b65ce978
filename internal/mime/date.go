package mime

// This file parses dates (RFC 5322 §3.3), including the obsolete forms (§4.3).

import (
	"strconv"
	"strings"
	"time"
)

// ParseDate parses a date-time such as "Mon, 2 Mar 2026 09:30:00 +0800 (CST)". It returns false if s is not a
// date-time. The day of the week, the seconds and the zone may be missing, years may have two or three digits, and
// zones may have names. The result is the same on every machine: it has the offset that is written, without a local
// name.
func ParseDate(s string) (time.Time, bool) {
	s = StripComments(s)
	if strings.Contains(s, " :") || strings.Contains(s, ": ") { // there may be white space in the time (§4.3)
		parts := strings.Split(s, ":")
		for i, part := range parts {
			parts[i] = strings.TrimSpace(part)
		}
		s = strings.Join(parts, ":")
	}
	if i := strings.IndexByte(s, ','); i >= 0 {
		s = s[i+1:] // the day of the week is not checked against the date
	}
	var words [5]string // day, month, year, time, zone
	n := 0
	for w := range strings.FieldsSeq(s) {
		if n == len(words) {
			return time.Time{}, false
		}
		words[n] = w
		n++
	}
	day, ok1 := number(words[0], 2)
	month, ok2 := monthByName(words[1])
	year, ok3 := number(words[2], 4)
	switch {
	case len(words[2]) == 3 || len(words[2]) == 2 && year >= 50:
		year += 1900
	case len(words[2]) == 2:
		year += 2000
	case len(words[2]) < 2:
		return time.Time{}, false
	}
	hour, rest, _ := strings.Cut(words[3], ":")
	minute, second, hasSecond := strings.Cut(rest, ":")
	h, ok4 := number(hour, 2)
	m, ok5 := number(minute, 2)
	sec, ok6 := 0, true
	if hasSecond {
		sec, ok6 = number(second, 2)
	}
	offset, ok7 := zoneOffset(words[4])
	if !(ok1 && ok2 && ok3 && ok4 && ok5 && ok6 && ok7) || h > 23 || m > 59 || sec > 60 {
		return time.Time{}, false
	}
	if last := time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC).Day(); day < 1 || day > last {
		return time.Time{}, false
	}
	zone := time.UTC
	if offset != 0 {
		zone = time.FixedZone("", offset)
	}
	date := time.Date(year, month, day, h, m, sec, 0, zone)
	if date.Year() > 9999 { // by a leap second
		return time.Time{}, false
	}
	return date, true
}

// number parses a decimal number that has at most the given count of digits.
func number(s string, digits int) (int, bool) {
	if len(s) == 0 || len(s) > digits || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	return n, err == nil
}

func monthByName(s string) (time.Month, bool) {
	for m := time.January; m <= time.December; m++ {
		if strings.EqualFold(s, m.String()[:3]) {
			return m, true
		}
	}
	return 0, false
}

// zoneOffset returns the seconds east of UTC of a zone: "+0800", or a name. It knows the names of North America; other
// names, and an empty zone, count as UTC, as RFC 5322 §4.3 asks.
func zoneOffset(s string) (int, bool) {
	if s == "" || s[0] != '+' && s[0] != '-' {
		switch strings.ToUpper(s) {
		case "EDT":
			return -4 * 3600, true
		case "EST", "CDT":
			return -5 * 3600, true
		case "CST", "MDT":
			return -6 * 3600, true
		case "MST", "PDT":
			return -7 * 3600, true
		case "PST":
			return -8 * 3600, true
		}
		return 0, strings.Trim(strings.ToUpper(s), "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
	}
	n, ok := number(s[1:], 4)
	if !ok || len(s) != 5 || n%100 > 59 {
		return 0, false
	}
	offset := n/100*3600 + n%100*60
	if s[0] == '-' {
		offset = -offset
	}
	return offset, true
}
