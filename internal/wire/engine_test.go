package wire

// What becomes of a connection when go-smtp gives up.

import (
	"strings"
	"testing"

	"github.com/emersion/go-smtp"
)

// failing is a recorder whose session panics at MAIL, which go-smtp recovers from.
type failing struct{ *recorder }

func (f failing) NewSession(*smtp.Conn) (smtp.Session, error) { return f, nil }
func (failing) Mail(string, *smtp.MailOptions) error          { panic("no mail") }

// The last words of go-smtp reach the client, and the transcript has them.
func TestEngineFails(t *testing.T) {
	t.Parallel()
	r := &recorder{ended: make(chan struct{})}
	read := converseWith(t, failing{r}, r.ended, &Config{Name: "localhost", MaxSize: 1000, MaxRecipients: 5},
		[]byte("EHLO x\r\nMAIL FROM:<a@b.example>\r\nNOOP\r\n"), nil)
	last := r.turns[len(r.turns)-1]
	if got := string(last.Reply); !strings.HasPrefix(got, "421 ") || !strings.HasSuffix(string(read), got) {
		t.Errorf("the transcript ends with %q, and the client has read %q, want 421 in both", got, read)
	}
	if len(r.ends) != 1 || r.ends[0].Kind != ServerFailed {
		t.Errorf("the connection ended by %v, want ServerFailed", r.ends)
	}
}
