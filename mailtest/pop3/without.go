package pop3

// The capabilities that a server can be without.

import (
	"fmt"
	"slices"
	"strings"
)

// optional are the capabilities that a server can be without. A command of the same name belongs to each, except PIPELINING.
var optional = []string{"CAPA", "PIPELINING", "TOP", "UIDL", "USER", "UTF8"}

// checkWithout returns an error if one of the names is not that of a capability that a server can be without.
func checkWithout(names []string) error {
	for _, name := range names {
		if !slices.Contains(optional, strings.ToUpper(name)) {
			return fmt.Errorf("there is no capability %q; there are %s", name, strings.Join(optional, ", "))
		}
	}
	return nil
}

// lacks reports whether the server does not have a capability or a command, whose name is in capital letters.
func (s *Server) lacks(name string) bool {
	if name == "PASS" {
		name = "USER" // they go together (RFC 2449 §6.2)
	}
	return slices.ContainsFunc(s.Without, func(lacking string) bool { return strings.EqualFold(lacking, name) })
}
