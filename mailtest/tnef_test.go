package mailtest

import (
	"strings"
	"testing"
)

// TestTNEF shows that mail of Outlook's own kind is named as such, however it is labelled.
func TestTNEF(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"application/ms-tnef; name=winmail.dat", "application/octet-stream; name=winmail.dat", "application/octet-stream"} {
		m := ParseMessage([]byte("Content-Type: " + kind + "\nContent-Transfer-Encoding: base64\n\neJ8+IgEAAAAA\n"))
		if len(m.Problems) != 1 || !strings.Contains(m.Problems[0], "TNEF (winmail.dat)") || len(m.Attachments) != 1 {
			t.Errorf("%s: problems = %q, %d attachments", kind, m.Problems, len(m.Attachments))
		}
	}
	if m := ParseMessage([]byte("Content-Type: application/octet-stream; name=winmail.dat\n\nno TNEF\n")); len(m.Problems) != 0 {
		t.Errorf("a file that is called winmail.dat: problems = %q", m.Problems)
	}
}
