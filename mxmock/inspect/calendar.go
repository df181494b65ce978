package inspect

// Invitations: the first event of a text/calendar part (RFC 5545), for people.

import (
	"strings"
	"time"
)

// invitation is an event of a calendar.
type invitation struct {
	Method, Summary, Location, Organizer, Start, End, Status string
	Attendees                                                []string
}

// mostAttendees is the number of people that an invitation lists.
const mostAttendees = 100

// readInvitation reads the first event of a calendar. It leaves a field empty if it can't read it.
func readInvitation(text string) invitation {
	var inv invitation
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\n ", ""), "\n\t", "") // folded lines
	inside := false
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimRight(line, "\r\n"), ":")
		name, params, _ := strings.Cut(name, ";")
		switch name = strings.ToUpper(name); {
		case name == "METHOD":
			inv.Method = value
		case name == "BEGIN":
			inside = strings.EqualFold(value, "VEVENT")
		case name == "END" && strings.EqualFold(value, "VEVENT"):
			return inv
		case !inside:
		case name == "SUMMARY":
			inv.Summary = unescape(value)
		case name == "LOCATION":
			inv.Location = unescape(value)
		case name == "STATUS":
			inv.Status = value
		case name == "ORGANIZER":
			inv.Organizer = strings.TrimPrefix(strings.ToLower(value), "mailto:")
		case name == "ATTENDEE" && len(inv.Attendees) < mostAttendees:
			inv.Attendees = append(inv.Attendees, strings.TrimPrefix(strings.ToLower(value), "mailto:"))
		case name == "DTSTART":
			inv.Start = calendarTime(value, params)
		case name == "DTEND":
			inv.End = calendarTime(value, params)
		}
	}
	return inv
}

// unescape undoes the escapes of a text (RFC 5545 §3.3.11).
func unescape(s string) string {
	return strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\N`, "\n", `\,`, ",", `\;`, ";").Replace(s)
}

// calendarTime returns a time for people, with its zone.
func calendarTime(value, params string) string {
	for layout, shown := range map[string]string{"20060102T150405Z": "Mon 2 Jan 2006 15:04 UTC", "20060102T150405": "Mon 2 Jan 2006 15:04", "20060102": "Mon 2 Jan 2006"} {
		if t, err := time.Parse(layout, value); err == nil {
			value = t.Format(shown)
			break
		}
	}
	if _, zone, ok := strings.Cut(params, "TZID="); ok {
		zone, _, _ = strings.Cut(zone, ";")
		value += " " + zone
	}
	return value
}
