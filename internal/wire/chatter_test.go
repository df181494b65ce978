package wire

// How much may be said between two messages.

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
)

func TestChatter(t *testing.T) {
	t.Parallel()
	noop := "NOOP " + strings.Repeat("x", maxLine-100) + "\r\n"
	most := maxChatter / len(noop)
	message := "MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\nx\r\n.\r\n"
	chunked := "MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nBDAT 1 LAST\r\nx"
	const last = "421 4.7.0 Too much without a message, closing connection\r\n"
	const refused = maxChatter/(8<<10) + 1 // chunks of which the bound has no more
	chunk := "BDAT 8192\r\n" + strings.Repeat("x", 8<<10)
	transaction := "MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n"
	big := transaction + "DATA\r\n" + strings.Repeat("x", 8<<10) + "\r\n.\r\n"
	cfg := &Config{Name: "localhost", MaxSize: 10_000, MaxRecipients: 5}
	for _, test := range []struct {
		name, input string
		dismissed   bool
	}{
		{"too many commands", strings.Repeat(noop, most+1), true},
		{"a message between them", strings.Repeat(noop, most/2) + message + strings.Repeat(noop, most/2+10), false},
		{"chunks between them", strings.Repeat(noop, most/2) + chunked + strings.Repeat(noop, most/2+10), false},
		{"too many chunks", strings.Repeat("BDAT "+noop, most+1), true},
		{"refused chunks", strings.Repeat(chunk, refused+5), true},
		{"some refused chunks", strings.Repeat(chunk, refused-5), false},
		{"chunks taken back", strings.Repeat(transaction+chunk+"RSET\r\n", refused+5), true},
		{"messages", strings.Repeat(big, refused+5), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { // however slow the machine is
				r, read := converse(t, cfg, []byte("EHLO x\r\n"+test.input+"NOOP\r\n"), nil)
				if got := bytes.HasSuffix(read, []byte(last)); got != test.dismissed {
					t.Errorf("dismissed = %v after %d turns, want %v: %s", got, len(r.turns), test.dismissed, r.ends)
				}
			})
		})
	}
}
