package mailtest

// This file reads bounces: what delivery status notifications say (RFC 3464).

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/seed078e9d8c/maillab/internal/mime"
)

// DeliveryStatus is what a delivery status notification (RFC 3464), also known as a bounce, says about one
// recipient.
type DeliveryStatus struct {
	// ReportingMTA is the host that reports, without its type "dns;".
	ReportingMTA string

	// EnvelopeID is the ENVID that the message was sent with, if any.
	EnvelopeID string

	// Recipient is the address that was tried last, and Original the one that the sender gave,
	// without their type "rfc822;" or "utf-8;", and without the escapes of the latter (RFC 6533 §3).
	Recipient string
	Original  string

	// Action is what happened, in lower case: "failed", "delayed", "delivered", "relayed" or "expanded".
	Action string

	// Status is the status code of RFC 3463, such as "5.1.1".
	Status string

	// RemoteMTA is the host that answered, and Diagnostic its answer, both without their types.
	RemoteMTA  string
	Diagnostic string
}

// DeliveryStatus returns what the message reports about recipients, in order, or nothing if it is not a report.
// Of a field that the report repeats, the first counts. Damaged fields are left as they are.
func (m *Message) DeliveryStatus() []DeliveryStatus {
	var report []DeliveryStatus
	for _, part := range m.Parts {
		if part.MediaType == "message/delivery-status" || part.MediaType == "message/global-delivery-status" {
			report = append(report, deliveryStatus(mime.ToUTF8(string(part.Content), "", new(mime.Problems)))...)
		}
	}
	return report
}

// deliveryStatus reads the groups of fields of a report: the first is about the message, each other
// about a recipient.
func deliveryStatus(content string) []DeliveryStatus {
	content = strings.ReplaceAll(content, "\r\n", "\n")
	var message map[string]string
	var report []DeliveryStatus
	for group := range strings.SplitSeq(content, "\n\n") {
		fields := fieldGroup(group)
		switch {
		case len(fields) == 0:
		case message == nil && fields["final-recipient"] == "":
			message = fields
		default:
			report = append(report, DeliveryStatus{
				ReportingMTA: untyped(message["reporting-mta"]), EnvelopeID: message["original-envelope-id"],
				Recipient: untyped(fields["final-recipient"]), Original: untyped(fields["original-recipient"]),
				Action: strings.ToLower(fields["action"]), Status: firstWord(fields["status"]),
				RemoteMTA: untyped(fields["remote-mta"]), Diagnostic: untyped(fields["diagnostic-code"]),
			})
		}
	}
	return report
}

// fieldGroup reads unfolded fields, with names in lower case.
func fieldGroup(group string) map[string]string {
	fields := make(map[string]string)
	last := ""
	var value []string // of the last field, its lines
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

// untyped returns a value without the "type;" in front of it. A type is an atom (RFC 3464 §2.1.2), so that a
// semicolon in the answer of a server ends none. The escapes in an address of the type utf-8 are undone
// (RFC 6533 §3).
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

// unescapeUTF8 undoes the escapes of an address of the type utf-8: "\x{E9}" is "é". All else stays as it is.
func unescapeUTF8(s string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(s, `\x{`)
		b.WriteString(before)
		if !found {
			return b.String()
		}
		digits, rest, closed := strings.Cut(after, "}")
		if n, err := strconv.ParseUint(digits, 16, 21); closed && err == nil && utf8.ValidRune(rune(n)) {
			b.WriteRune(rune(n))
			s = rest
		} else {
			b.WriteString(`\x{`)
			s = after
		}
	}
}
