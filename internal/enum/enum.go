// Package enum gives small enumerations names that can be read back, for files and flags.
package enum

import (
	"fmt"
	"strings"
)

// Names are the names of the values of an enumeration, by value. A number without a name is not a value of it.
type Names []string

// String returns the name of a value. If 0 has no name, its name is the argument zero. A number that is not a value
// of the enumeration is written as "typ(7)".
func (n Names) String(typ, zero string, v uint8) string {
	switch {
	case int(v) < len(n) && n[v] != "":
		return n[v]
	case v == 0:
		return zero
	}
	return fmt.Sprintf("%s(%d)", typ, v)
}

// Valid reports whether a value has a name.
func (n Names) Valid(v uint8) bool { return int(v) < len(n) && n[v] != "" }

// Marshal returns the name of a value as text. The text of 0 without a name is empty. The argument what names the
// enumeration in errors.
func (n Names) Marshal(what string, v uint8) ([]byte, error) {
	if int(v) >= len(n) || v != 0 && n[v] == "" {
		return nil, fmt.Errorf("%s %d: there is none of that number", what, v)
	}
	return []byte(n[v]), nil
}

// Unmarshal reads what Marshal returns, in any letter case, into v. The argument what names the enumeration in
// errors.
func (n Names) Unmarshal(what string, text []byte, v *uint8) error {
	for i, name := range n {
		if (name != "" || i == 0) && strings.EqualFold(name, string(text)) {
			*v = uint8(i)
			return nil
		}
	}
	var known []string
	for _, name := range n {
		if name != "" {
			known = append(known, name)
		}
	}
	return fmt.Errorf("%s %q: there is none of that name; want one of %s", what, text, strings.Join(known, ", "))
}
