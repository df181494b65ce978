package wire

// Mailboxes: the checks of an address that the engine does not make (RFC 5321 §4.1.2).

import (
	"net/netip"
	"strings"
	"unicode/utf8"

	"github.com/seed078e9d8c/maillab/internal/mime"
)

// maxDomain is the maximum length of a domain in octets (RFC 5321 §4.5.3.1.2).
const maxDomain = 255

// badMailbox reports whether an address is not UTF-8, or contains something that no address may contain. It accepts
// what real servers accept against RFC 5321, such as dots anywhere in the local part. It does not check for an empty
// address.
func badMailbox(address string) bool {
	end := mime.QuotedLocal(address)
	if at := strings.IndexByte(address[end:], '@'); at >= 0 {
		return badText(address[:end+at]) || badDomain(address[end+at+1:])
	}
	return badText(address)
}

// localOnly reports whether an address is a local part alone, without quotes. The engine refuses such an address, but does not
// say why.
func localOnly(address string) bool {
	return address != "" && !strings.ContainsAny(address, "@<> \t\"\\")
}

// badRoute reports whether a source route, without the colon at its end, is malformed:
// "@a.example,@b.example" (RFC 5321 §4.1.2).
func badRoute(route string) bool {
	for hop := range strings.SplitSeq(route, ",") {
		domain, ok := strings.CutPrefix(strings.TrimSpace(hop), "@")
		if !ok || badDomain(domain) {
			return true
		}
	}
	return false
}

// badText reports whether a text contains control characters or is not UTF-8.
func badText(text string) bool {
	return !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// badDomain reports whether a domain is too long, is a malformed address literal, has an empty label other than a dot
// at its end, or contains characters that no domain contains, such as those of a second address.
func badDomain(domain string) bool {
	if literal, ok := strings.CutPrefix(domain, "["); ok {
		literal, ok = strings.CutSuffix(literal, "]")
		return !ok || badLiteral(literal)
	}
	return len(domain) > maxDomain || domain == "." || badText(domain) || strings.ContainsAny(domain, "@,;:<>()[]\"\\") ||
		strings.HasPrefix(domain, ".") || strings.Contains(domain, "..") || domain == ""
}

// badLiteral reports whether the text between the brackets of an address literal is neither an address nor a tagged
// literal (RFC 5321 §4.1.3).
func badLiteral(literal string) bool {
	tag, content, tagged := strings.Cut(literal, ":")
	switch {
	case !tagged:
		return badIPv4(literal)
	case strings.EqualFold(tag, "IPv6"):
		addr, err := netip.ParseAddr(content)
		return err != nil || !addr.Is6() || addr.Zone() != ""
	}
	letters := strings.Trim(strings.ToLower(tag), "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
	return tag == "" || strings.HasSuffix(tag, "-") || !letters || content == "" || strings.ContainsFunc(content, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`[\]`, r)
	}) || len(tag) <= 4 && strings.Trim(strings.ToLower(tag), "0123456789abcdef") == "" // an IPv6 address without its tag
}

// badIPv4 reports whether a text is not four numbers of at most three digits, each below 256. Leading zeros are
// allowed.
func badIPv4(text string) bool {
	parts := strings.Split(text, ".")
	for _, p := range parts {
		if len(p) > 3 || !digits(p) || len(p) == 3 && p > "255" {
			return true
		}
	}
	return len(parts) != 4
}
