package lint

// Findings about multiparts stand where the decoder has found their parts.

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seed078e9d8c/maillab/mailtest"
)

func TestMultiparts(t *testing.T) {
	t.Parallel()
	outer, inner := "Content-Type: multipart/mixed; boundary=out\r\n\r\n--out\r\n", "Content-Type: multipart/mixed; boundary=in\r\n\r\n"
	for _, test := range []struct{ about, raw, want string }{
		{"closed", outer + "\r\nHi\r\n--out--\r\n", ""},
		{"text below", outer + "\r\nHi\r\n--out--\r\n\r\nBye\r\n", "text-after-end:8"},
		{"open at the end", outer + "\r\nHi\r\n", "multipart-unclosed:6"},
		{"open inside", outer + inner + "--in\r\n\r\nHi\r\n--out--\r\n", "multipart-unclosed:9"},
		{"open inside, and the last part is empty", outer + inner + "--in\r\n\r\n--out--\r\n", "multipart-unclosed:8"},
		{"without parts", outer + inner + "--in--\r\n--out--\r\n", "boundary-not-found:4"},
		{"without parts but for what is below its end", outer + inner + "--in--\r\n--in\r\n\r\nHi\r\n--out--\r\n", "boundary-not-found:4"},
		{"without a boundary in it", outer + inner + "--on\r\n--out--\r\n", "boundary-not-found:4"},
		{"the boundary is not UTF-8", strings.ReplaceAll(outer, "out", "\x80") + "\r\nHi\r\n--\x80--\r\n", "boundary-parameter:1"},
		{"in itself", outer + strings.ReplaceAll(inner, "in", "out") + "\r\n--out\r\n\r\nHi\r\n--out--\r\n", "boundary-parameter:4"},
	} {
		l := Linter{Only: []string{"boundary-not-found", "multipart-unclosed", "text-after-end", "boundary-parameter"}}
		var got []string
		for _, f := range l.Check(mailtest.ParseMessage([]byte(test.raw))) {
			got = append(got, fmt.Sprintf("%s:%d", f.Rule, f.Line))
		}
		if got := strings.Join(got, " "); got != test.want {
			t.Errorf("%s: got %q, want %q", test.about, got, test.want)
		}
	}
}
