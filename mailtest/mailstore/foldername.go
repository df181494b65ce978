package mailstore

// The names of directories: those of accounts, and those of mailboxes in a Maildir++.

import (
	"encoding/base64"
	"fmt"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// accountDir returns the name of the directory of a user. It returns an error if the name is not safe. Names come
// from clients, and a name that means another directory, on this or another system, would give access to the mail
// of another user.
func accountDir(user string) (string, error) {
	dir := canonicalUser(user)
	var why string
	switch {
	case dir == "":
		why = "it is empty"
	case !utf8.ValidString(user):
		why = "it is not in UTF-8"
	case dir[0] == '.':
		why = "it begins with a dot"
	case strings.ContainsAny(dir, `/\:*?"<>|`) || strings.ContainsFunc(dir, unicode.IsControl):
		why = "it has a character that file names can't have everywhere"
	case strings.TrimRight(dir, ". ") != dir:
		why = "it ends with a dot or a space"
	case !filepath.IsLocal(dir):
		why = "this system has another meaning for it"
	default:
		return dir, nil
	}
	return "", fmt.Errorf("mailstore: %q can't be the name of an account on disk: %s", user, why)
}

// folderName returns the name of the directory of a mailbox other than INBOX. Each level has a dot before it and is
// in the modified UTF-7 of IMAP (RFC 3501 §5.1.3), as in Dovecot and Courier. Dots, and characters that file names
// can't have, are in base64 too, as in Courier.
func folderName(mailbox string) string {
	var b strings.Builder
	for level := range strings.SplitSeq(mailbox, separator) {
		b.WriteByte('.')
		var encoded []rune
		flush := func() {
			if len(encoded) > 0 {
				b.WriteByte('&')
				b.WriteString(utf7.EncodeToString(utf16Bytes(encoded)))
				b.WriteByte('-')
				encoded = nil
			}
		}
		for i, r := range level {
			if !isDirect(r) || r == ' ' && i == len(level)-1 { // Windows loses a space at the end
				encoded = append(encoded, r)
				continue
			}
			flush()
			b.WriteRune(r)
			if r == '&' {
				b.WriteByte('-')
			}
		}
		flush()
	}
	return b.String()
}

// isDirect reports whether a character stands for itself in the name of a folder.
func isDirect(r rune) bool { return r >= ' ' && r <= '~' && !strings.ContainsRune(`./\:*?"<>|`, r) }

// utf7 is the base64 of modified UTF-7.
var utf7 = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,").
	WithPadding(base64.NoPadding).Strict()

// utf16Bytes returns text in UTF-16, in big-endian order.
func utf16Bytes(text []rune) []byte {
	var b []byte
	for _, unit := range utf16.Encode(text) {
		b = append(b, byte(unit>>8), byte(unit))
	}
	return b
}

// mailboxOf returns the name of the mailbox with the given directory, and reports whether there can be one.
func mailboxOf(folder string) (name string, ok bool) {
	rest, ok := strings.CutPrefix(folder, ".")
	if !ok {
		return "", false
	}
	var levels []string
	for level := range strings.SplitSeq(rest, ".") {
		text, ok := decodeLevel(level)
		if !ok || strings.Contains(text, separator) {
			return "", false
		}
		levels = append(levels, text)
	}
	name, err := newName(strings.Join(levels, separator))
	return name, err == nil && name != inbox
}

// decodeLevel decodes modified UTF-7. Characters that are not in ASCII stand for themselves, since Dovecot can
// write such names.
func decodeLevel(level string) (string, bool) {
	var b strings.Builder
	for {
		direct, rest, found := strings.Cut(level, "&")
		b.WriteString(direct)
		if !found {
			return b.String(), true
		}
		encoded, rest, found := strings.Cut(rest, "-")
		if !found {
			return "", false
		}
		level = rest
		if encoded == "" {
			b.WriteByte('&')
			continue
		}
		raw, err := utf7.DecodeString(encoded)
		if err != nil || len(raw)%2 != 0 {
			return "", false
		}
		units := make([]uint16, len(raw)/2)
		for i := range units {
			units[i] = uint16(raw[2*i])<<8 | uint16(raw[2*i+1])
		}
		for _, r := range utf16.Decode(units) {
			if r == utf8.RuneError { // half of a surrogate pair
				return "", false
			}
			b.WriteRune(r)
		}
	}
}
