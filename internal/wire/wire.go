// Package wire is the connection below go-smtp: one SMTP server per connection, one turn at a time.
//
// The dialogue is a loop (dialogue.go): a line comes from the client; the turn that it begins is shown to the [Handler], which may
// answer it, delay it, or end the connection; otherwise the table of commands (command.go) says who answers; then the reply goes
// out in one write. So pairs of command and reply are exact, under pipelining too (RFC 2920).
//
// go-smtp is the engine, which answers what it can (engine.go): it knows the syntax and the parameters of HELO, MAIL and RCPT, and
// the AUTH exchange. What it can't do, or does otherwise than RFC 5321 asks, is done here: the order of commands, the message after
// DATA, read in bulk (payload.go), chunks (bdat.go), STARTTLS (starttls.go), the replies of LMTP (lmtp.go), and every text that a
// client sees (reply.go).
//
// The package knows neither rules nor messages. It tells what happens and does as it is told.
package wire

import (
	"crypto/tls"
	"net/netip"
	"time"

	"github.com/emersion/go-smtp"
)

// Config is what the connections of one server have in common. It must not change while a connection lives.
type Config struct {
	Name          string // the host name in the greeting and in EHLO
	MaxSize       int64  // the most bytes of a message, after unstuffing
	MaxRecipients int    // the most recipients of a transaction
	Implicit      bool   // TLS from the first byte (RFC 8314)

	// TLS gives the configuration for STARTTLS and for implicit TLS. Nil means neither.
	TLS func() (*tls.Config, error)

	// Patience, if not nil, returns how long a client may be silent, all in all, before the Handler is asked about
	// an Idle turn, where it has been silent for so long already; 0 is for ever.
	Patience func(silent time.Duration) time.Duration

	LMTP   bool   // RFC 2033 in place of SMTP
	Proxy  bool   // every connection begins with a PROXY header (proxy.go)
	Client bool   // XCLIENT is understood (xclient.go)
	BareLF BareLF // what a LF without CR means in a message
}

// BareLF is a way to treat a LF without CR in a message after DATA.
type BareLF uint8

// The ways to treat a bare LF.
const (
	KeepLF   BareLF = iota // as any other byte; no line ends there (RFC 5321 §2.3.8)
	RefuseLF               // the message is refused
	EndLF                  // as a line end, as servers do that let a second message be smuggled in
)

// Handler is the side above: it is shown each turn, decides, and keeps what came. All calls come from one
// goroutine at a time, in the order in which things happen.
type Handler interface {
	smtp.Backend

	// Capabilities are the lines of the EHLO reply after the first, without code.
	Capabilities(encrypted bool) []string

	// Before is asked what shall happen in this turn, before the server itself answers. The turn and its
	// bytes are valid during the call only. At the End of a message whose last bytes came with a
	// BDAT, t.Action is what was wanted for that, and if its Rule is not 0, it is what Before must
	// return: there is one reply for both.
	Before(t *Turn) Action

	// Reply is shown the reply that is about to be sent, before any delay, and what the turn has achieved. For
	// a message that is accepted, this is the moment in which it must become visible.
	Reply(t *Turn)

	// After is shown the whole turn, right before the first t.Sent bytes of the reply go out: what the
	// client has read is in the transcript. It is called once more for a turn that fails after that: see t.Again.
	After(t *Turn)

	// End is told once how the connection ended. Nothing is called after it.
	End(how Ending)
}

// Identity is who a client really is, as a proxy in between says (PROXY, XCLIENT). What is not known is empty; Addr
// is then invalid.
type Identity struct {
	Addr       netip.AddrPort
	Helo, User string
}

// Crash is a panic with the given value, or a [runtime.Goexit] where it is nil, in what the Handler, its TLS configuration
// or the net.Conn did. The connection is then reset.
type Crash struct {
	Value any
	Stack []byte
}
