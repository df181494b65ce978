package mailstore

// The canonical names of accounts, and the accounts of a recipient.

import (
	"strings"

	"github.com/seed078e9d8c/maillab/internal/dnstext"
	"github.com/seed078e9d8c/maillab/internal/mime"
)

// canonicalUser returns the canonical form of the name of an account or of an address: in lower case, with A-labels
// in the domain (RFC 5890 §2.3.2.1), and without quotes in the local part.
func canonicalUser(name string) string {
	at := strings.LastIndexByte(name, '@')
	if at < 0 {
		return canonicalLocal(name)
	}
	return canonicalLocal(name[:at]) + "@" + strings.ToLower(dnstext.ASCII(name[at+1:]))
}

// canonicalLocal returns a local part in lower case, without unnecessary quotes (RFC 5321 §4.1.2).
func canonicalLocal(local string) string {
	if n := len(local); n >= 2 && local[0] == '"' && local[n-1] == '"' {
		local = mime.Unescape(local[1 : n-1])
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
