package mime

// Delivery status notifications (RFC 3464).

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// DeliveryStatus is the report about one recipient, as in package mailtest.
type DeliveryStatus struct {
	ReportingMTA, EnvelopeID string
	Recipient, Original      string
	Action, Status           string
	RemoteMTA, Diagnostic    string
}

// ParseReport parses the groups of fields of a report. The first group is about the message, each other group about a
// recipient. If a group repeats a field, the first one counts.
func ParseReport(content []byte) []DeliveryStatus {
	text := strings.ReplaceAll(ToUTF8(string(content), "", new(Problems)), "\r\n", "\n")
	var message DeliveryStatus // what is the same for all recipients
	begun := false             // the group about the message was read
	var report []DeliveryStatus
	for group := range strings.SplitSeq(text, "\n\n") {
		fields := fieldGroup(group)
		switch {
		case len(fields) == 0:
		case !begun && fields["final-recipient"] == "":
			message.ReportingMTA, message.EnvelopeID, begun = untyped(fields["reporting-mta"]), fields["original-envelope-id"], true
		default:
			code, _, _ := strings.Cut(fields["status"], " ")
			report = append(report, DeliveryStatus{
				ReportingMTA: message.ReportingMTA, EnvelopeID: message.EnvelopeID,
				Recipient: untyped(fields["final-recipient"]), Original: untyped(fields["original-recipient"]),
				Action: strings.ToLower(fields["action"]), Status: code,
				RemoteMTA: untyped(fields["remote-mta"]), Diagnostic: untyped(fields["diagnostic-code"]),
			})
		}
	}
	return report
}

// fieldGroup parses unfolded fields, with names in lower case.
func fieldGroup(group string) map[string]string {
	fields := make(map[string]string)
	last := ""
	var value []string // the lines of the last field
	for line := range strings.Lines(group) {
		line = strings.TrimRight(line, "\r\n")
		if line != "" && (line[0] == ' ' || line[0] == '\t') && last != "" {
			value = append(value, strings.TrimSpace(line))
			continue
		}
		if last != "" {
			fields[last] = strings.Join(value, " ")
		}
		name, first, ok := strings.Cut(line, ":")
		last = strings.ToLower(strings.TrimSpace(name))
		if _, known := fields[last]; !ok || known {
			last = ""
		}
		value = []string{strings.TrimSpace(first)}
	}
	if last != "" {
		fields[last] = strings.Join(value, " ")
	}
	return fields
}

// untyped returns a value without the "type;" in front of it. A type is an atom (RFC 3464 §2.1.2), so a semicolon in
// the reply of a server does not end a type. untyped decodes the escapes in an address of the type utf-8 (RFC 6533 §3).
func untyped(value string) string {
	kind, rest, ok := strings.Cut(value, ";")
	kind = strings.TrimSpace(kind)
	if !ok || kind == "" || strings.ContainsAny(kind, " \t()<>@,:\\\".[]") {
		return value
	}
	rest = strings.TrimSpace(rest)
	if strings.EqualFold(kind, "utf-8") {
		return unescapeUTF8(rest)
	}
	return rest
}

// unescapeUTF8 decodes the escapes of an address of the type utf-8: "\x{E9}" is "é". Everything else stays.
func unescapeUTF8(s string) string {
	const most = 6 // digits of an escape
	var b strings.Builder
	for {
		before, after, found := strings.Cut(s, `\x{`)
		b.WriteString(before)
		if !found {
			return b.String()
		}
		digits, _, closed := strings.Cut(after[:min(len(after), most+1)], "}")
		if n, err := strconv.ParseUint(digits, 16, 21); closed && err == nil && utf8.ValidRune(rune(n)) {
			b.WriteRune(rune(n))
			s = after[len(digits)+1:]
		} else {
			b.WriteString(`\x{`)
			s = after
		}
	}
}
