package wire

// What go-smtp is told, and what becomes of a connection when it gives up.

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

// counting is a recorder that counts the calls of Reset.
type counting struct {
	*recorder
	resets *int
}

func (c counting) NewSession(*smtp.Conn) (smtp.Session, error) { return c, nil }
func (c counting) Reset()                                      { *c.resets++ }

// Each transaction ends for the Handler, and from time to time for go-smtp, which would keep its recipients otherwise.
func TestTransactions(t *testing.T) {
	t.Parallel()
	const recipients = 600
	message := "MAIL FROM:<a@b.example>\r\n" + strings.Repeat("RCPT TO:<c@d.example>\r\n", recipients) + "DATA\r\nx\r\n.\r\n"
	resets := 0
	r := &recorder{ended: make(chan struct{})}
	read := converseWith(t, counting{r, &resets}, r.ended, &Config{Name: "localhost", MaxSize: 1000, MaxRecipients: recipients},
		[]byte("EHLO x\r\n"+message+"RCPT TO:<c@d.example>\r\n"+message+message), nil)
	if n := strings.Count(string(read), "250 2.0.0 Message accepted"); n != 3 {
		t.Errorf("%d messages accepted, want 3", n)
	}
	if n := strings.Count(string(read), "503 5.5.1 Need MAIL before RCPT"); n != 1 {
		t.Errorf("%d recipients between two messages refused, want 1", n)
	}
	if want := 3 + 3*recipients/maxEngineRcpt; resets != want {
		t.Errorf("%d calls of Reset, want one for each message, and %d of go-smtp", resets, want-3)
	}
}

// A parameter whose keyword ends the address too is found after the address.
func TestKeywordInAddress(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"<a@b.x>", "<@r.example:a@b.xx>", "<a@b.x> ", "a@b.x"} {
		_, read := converse(t, &Config{Name: "localhost", MaxSize: 1000}, []byte("EHLO x\r\nMAIL FROM:"+path+" x\r\n"), nil)
		if !strings.Contains(string(read), "\r\n555 5.5.4 ") {
			t.Errorf("MAIL FROM:%s x is not refused for its parameter: %q", path, read)
		}
	}
}
