package access

// Redaction of secrets in transcripts.

import (
	"slices"
	"strings"

	"github.com/seed078e9d8c/maillab/internal/sasl"
)

// RedactAuth returns the words after AUTH or AUTHENTICATE for a transcript. Only the name of a mechanism remains,
// since any other word may be a password.
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
