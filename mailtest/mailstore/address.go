package mailstore

// The canonical names of accounts, and the accounts of a recipient.

import (
	"strings"

	"golang.org/x/net/idna"
)

// canonicalUser returns the canonical form of the name of an account or of an address: in lower case, with A-labels
// in the domain (RFC 5890 §2.3.2.1), and without quotes in the local part.
func canonicalUser(name string) string {
	at := strings.LastIndexByte(name, '@')
	if at < 0 {
		return canonicalLocal(name)
	}
	domain := name[at+1:]
	if strings.ContainsFunc(domain, func(r rune) bool { return r >= 0x80 }) {
		if ascii, err := idna.Lookup.ToASCII(domain); err == nil {
			domain = ascii
		}
	}
	return canonicalLocal(name[:at]) + "@" + strings.ToLower(domain)
}

// canonicalLocal returns a local part in lower case, without unnecessary quotes (RFC 5321 §4.1.2).
func canonicalLocal(local string) string {
	if n := len(local); n >= 2 && local[0] == '"' && local[n-1] == '"' {
		var b strings.Builder
		for i := 1; i < n-1; i++ {
			if local[i] == '\\' && i < n-2 {
				i++
			}
			b.WriteByte(local[i])
		}
		local = b.String()
	}
	return strings.ToLower(local)
}

// usersOf returns the canonical names of the accounts that get mail for an address: the address, and its local part.
func usersOf(address string) []string {
	user := canonicalUser(address)
	if at := strings.LastIndexByte(user, '@'); at >= 0 {
		return []string{user, user[:at]}
	}
	return []string{user}
}
