package mailstore

// Flags of messages in their canonical form.

import (
	"cmp"
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
	gone := slices.SortedFunc(slices.Values(remove), compareFold)
	var changed []string
	for _, flag := range flags {
		if _, found := slices.BinarySearchFunc(gone, flag, compareFold); !found {
			changed = append(changed, flag)
		}
	}
	changed = append(changed, add...)
	slices.SortStableFunc(changed, compareFold)
	changed = slices.CompactFunc(changed, strings.EqualFold) // of two spellings, that of the message stays
	slices.Sort(changed)
	return changed
}

// compareFold compares two flags, which are in ASCII, without regard to letter case.
func compareFold(a, b string) int {
	lower := func(c byte) byte {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		return c
	}
	for i := range min(len(a), len(b)) {
		if c := cmp.Compare(lower(a[i]), lower(b[i])); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b))
}
