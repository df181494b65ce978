// Package wire serves SMTP connections on top of go-smtp: one go-smtp server per connection, one turn at a time.
//
// The dialogue is a loop (dialogue.go). It reads a line from the client and shows the turn that the line begins to the
// [Handler], which may answer it, delay it, or end the connection. Otherwise the table of commands (command.go) says
// who answers. The reply is sent in one write. So each command is paired with exactly its reply, under pipelining too
// (RFC 2920).
//
// go-smtp is the engine (engine.go): it checks the syntax and the parameters of HELO, MAIL and RCPT, and runs the AUTH
// exchange. This package does what go-smtp does not do, or does otherwise than RFC 5321 asks: the order of commands,
// the message after DATA, read in bulk (payload.go), chunks (bdat.go), STARTTLS (starttls.go), the replies of LMTP
// (lmtp.go), and every text that a client sees (reply.go).
//
// The package knows neither rules nor messages. It reports what happens, and does what the Handler returns.
package wire

import (
	"crypto/tls"
	"net/netip"
	"time"

	"github.com/emersion/go-smtp"
)

// Config configures the connections of one server. It must not change while a connection is open.
type Config struct {
	Name          string // the host name in the greeting and in EHLO
	MaxSize       int64  // the maximum size of a message in bytes, after unstuffing
	MaxRecipients int    // the maximum number of recipients of a transaction
	Implicit      bool   // TLS is used from the first byte (RFC 8314)

	// TLS returns the configuration for STARTTLS and for implicit TLS. If it is nil, there is neither.
	TLS func() (*tls.Config, error)

	// Patience, if not nil, returns how long a client may be silent in all before the Handler is asked about an Idle
	// turn, given how long the client had been silent at the last one, or 0. A result of 0 means for ever.
	Patience func(silent time.Duration) time.Duration

	LMTP   bool   // LMTP (RFC 2033) is spoken in place of SMTP
	Proxy  bool   // every connection begins with a PROXY header (proxy.go)
	Client bool   // XCLIENT is allowed (xclient.go)
	BareLF BareLF // how a LF without CR in a message is treated
}

// BareLF is a way to treat a LF without CR in a message after DATA.
type BareLF uint8

// The ways to treat a bare LF.
const (
	KeepLF   BareLF = iota // it is a byte like any other and does not end a line (RFC 5321 §2.3.8)
	RefuseLF               // the message is refused
	EndLF                  // it ends a line, as with servers into which a second message can be smuggled
)

// Handler is the user of a connection: it is shown each turn, decides what to do, and keeps what was received. All
// calls come from one goroutine at a time, in the order of events.
//
// It is the only session of its smtp.Backend. Reset is also called without go-smtp, when a transaction ends other than by
// a command.
type Handler interface {
	smtp.Backend
	smtp.Session

	// Capabilities returns the lines of the EHLO reply after the first, without the code.
	Capabilities(encrypted bool) []string

	// Before returns what to do in the turn. It is called before the server itself answers. The turn and its bytes are
	// valid only during the call. At the End of a message whose last bytes came with a BDAT, t.Action is the action for
	// that BDAT; if its Rule is not 0, Before must return it, because there is one reply for both.
	Before(t *Turn) Action

	// Reply is called when the reply and the result of the turn are settled, before any delay and before the reply is
	// sent. A message that is accepted must become visible in this call.
	Reply(t *Turn)

	// After is called with the whole turn, right before the first t.Sent bytes of the reply are written, so that the
	// transcript has all that the client has read. It is called a second time for a turn that fails after that; see
	// Turn.Again.
	After(t *Turn)

	// End is called with how the connection ends: before the client can notice that the server ends it, with the last
	// reply for example, or when the client has ended it. It is called again if the connection ended in another way
	// after all, because that reply could not be written.
	End(how Ending)

	// Closed is called once, when the connection is closed. No other method is called after it.
	Closed()
}

// Identity is the identity of a client as a proxy reports it (PROXY, XCLIENT). Unknown fields are empty; an unknown
// Addr is invalid.
type Identity struct {
	Addr       netip.AddrPort
	Helo, User string
}

// Crash describes a panic with the given value, or a [runtime.Goexit] if the value is nil, in a call of the Handler, of
// Config.TLS or of the net.Conn. The connection is then reset.
type Crash struct {
	Value any
	Stack []byte
}
