package mailstore

// Flags of messages in their canonical form.

import (
	"fmt"
	"slices"
	"strings"
)

// knownFlags are the system flags, and the keywords that have a meaning (RFC 9051 §2.3.2).
var knownFlags = [...]string{
	`\Answered`, `\Deleted`, `\Draft`, `\Flagged`, `\Seen`, "$Forwarded", "$Junk", "$MDNSent", "$NotJunk", "$Phishing",
}

// recent is the flag that only servers set (RFC 3501 §2.3.2). It is obsolete.
const recent = `\Recent`

// canonicalFlags returns flags in the form of a [Message], or nil if there are none. The error names a word that is
// not a flag.
func canonicalFlags(flags []string) ([]string, error) {
	var canonical []string
	seen := make(map[string]bool, len(flags))
	for _, flag := range flags {
		if strings.EqualFold(flag, recent) {
			continue
		}
		flag, err := canonicalFlag(flag)
		if err != nil {
			return nil, err
		}
		if key := strings.ToLower(flag); !seen[key] {
			seen[key] = true
			canonical = append(canonical, flag)
		}
	}
	slices.Sort(canonical)
	return canonical, nil
}

func canonicalFlag(flag string) (string, error) {
	for _, known := range knownFlags {
		if strings.EqualFold(flag, known) {
			return known, nil
		}
	}
	// A keyword is an atom (RFC 9051 §9, "flag-keyword"). Other system flags are reserved for future standards.
	if flag == "" || strings.ContainsFunc(flag, isSpecial) {
		return "", fmt.Errorf("mailstore: %q is not a flag", flag)
	}
	return flag, nil
}

// isSpecial reports whether a character can't be in an atom.
func isSpecial(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`(){%*"\]`, r) }

// changedFlags returns flags with others added and removed. All are canonical.
func changedFlags(flags, add, remove []string) []string {
	var changed []string
	for _, flag := range flags {
		if !containsFlag(remove, flag) {
			changed = append(changed, flag)
		}
	}
	for _, flag := range add {
		if !containsFlag(changed, flag) {
			changed = append(changed, flag)
		}
	}
	slices.Sort(changed)
	return changed
}

// containsFlag reports whether one of flags is flag, in any letter case.
func containsFlag(flags []string, flag string) bool {
	return slices.ContainsFunc(flags, func(f string) bool { return strings.EqualFold(f, flag) })
}
