package access

// Secrets are kept out of transcripts.

import (
	"slices"
	"strings"

	"github.com/seed078e9d8c/maillab/internal/sasl"
)

// RedactAuth returns the words after AUTH or AUTHENTICATE for a transcript: the name of a mechanism, and nothing else, since what is
// not the name of one may be a password.
func RedactAuth(words []string) string {
	kept := make([]string, len(words))
	for i, w := range words {
		kept[i] = "***"
		if i == 0 && slices.Contains(sasl.Mechanisms(nil), strings.ToUpper(w)) {
			kept[i] = w
		}
	}
	return strings.Join(kept, " ")
}
