package wire

// Paths: the address in the argument of MAIL and RCPT, and the parameters after it.

import (
	"strings"

	"github.com/seed078e9d8c/maillab/internal/mime"
)

// path splits the argument of MAIL or RCPT (RFC 5321 §4.1.2). The address is what the client wrote between the angle
// brackets, without a source route. The route is returned without its colon. If there are no brackets, the address is
// the text from the colon up to white space. glued reports whether something follows the brackets without a space. path
// does not check the syntax.
func path(arg string) (address, route string, params []string, glued bool) {
	_, arg, _ = strings.Cut(arg, ":")
	p := mime.ParsePath(arg)
	return p.Address, p.Route, strings.Fields(p.Rest), p.Closed && p.Rest != "" && p.Rest[0] != ' ' && p.Rest[0] != '\t'
}
