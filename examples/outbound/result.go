package outbound

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"os"
	"strings"
)

// This file says how a delivery went: one Result per recipient.

// Status is what became of a message for one recipient.
type Status string

const (
	// Delivered: a host has taken responsibility for the message.
	Delivered Status = "delivered"

	// Temporary: nobody has it; trying again later may help.
	Temporary Status = "temporary"

	// Permanent: nobody has it, and trying again would not help.
	Permanent Status = "permanent"

	// Unknown: the whole message was sent, but no answer came. To try again later
	// is right, and may make a second copy (RFC 5321 §6.1).
	Unknown Status = "unknown"
)

// Stage is how far a delivery got: the step whose outcome the [Result] tells.
type Stage string

const (
	Address  Stage = "address"  // the address itself, before any network
	Lookup   Stage = "lookup"   // DNS: MX records and addresses
	Connect  Stage = "connect"  // the TCP connection
	Greeting Stage = "greeting" // the server's first reply
	Hello    Stage = "hello"    // EHLO or HELO, and what the server offers
	StartTLS Stage = "starttls" // the STARTTLS command and the handshake
	Mail     Stage = "mail"     // MAIL FROM
	Rcpt     Stage = "rcpt"     // RCPT TO
	Data     Stage = "data"     // DATA, and the message up to the final dot
	Dot      Stage = "dot"      // the reply to the final dot
)

// Result is what became of a message for one recipient: all that a queue, a log
// or a delivery status notification needs. Results are comparable.
type Result struct {
	To     string // as it was given to Send
	Status Status
	Stage  Stage

	// Code is the code of the server's reply, such as 451, and 0 where the failure
	// was not a reply. Enhanced is the status code of RFC 3463, such as "4.7.1",
	// and never empty: where the server gave none, or one whose class belies the
	// status, there is the general "2.0.0", "4.0.0" or "5.0.0"; a failure that is
	// not a reply has the code that fits it.
	Code     int
	Enhanced string

	// Text is the text of the reply without codes, lines joined by "\n", or of the
	// error. Anything that is not printable in it is replaced by "?".
	Text string

	// Host is the host's name (or address literal) and Addr its "address:port", as
	// far as the delivery came.
	Host string
	Addr string

	// TLS is the version, such as "TLS 1.3", and empty for plain text. Verified
	// reports whether the certificate was valid for Host; delivery does not ask.
	TLS      string
	Verified bool
}

// Error is the failure of one recipient. The error of [Sender.Send] joins one for each;
// it unwraps to its cause, such as a *net.DNSError, a *net.OpError or, for a
// reply, a *textproto.Error.
type Error struct {
	Result
	Err error
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "outbound: <%s>: %s failure at %s", e.To, e.Status, e.Stage)
	if e.Host != "" {
		fmt.Fprintf(&b, " of %s", e.Host)
	}
	if e.Addr != "" {
		fmt.Fprintf(&b, " (%s)", e.Addr)
	}
	if e.Code != 0 {
		fmt.Fprintf(&b, ": %d %s %s", e.Code, e.Enhanced, e.Text)
	} else {
		fmt.Fprintf(&b, ": %s %s", e.Enhanced, e.Text)
	}
	return b.String()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// failure is an error of our own making, not a reply.
func failure(status Status, stage Stage, enhanced string, err error) *Error {
	return &Error{Result{Status: status, Stage: stage, Enhanced: enhanced, Text: printable(err.Error())}, err}
}

// lost is the failure of a connection: temporary, whatever it was, for so does a
// client treat it that has no reply (RFC 5321 §3.8).
func lost(stage Stage, err error) *Error {
	enhanced := "4.4.2" // bad connection
	var (
		netErr    net.Error
		malformed *malformedError
	)
	switch {
	case errors.As(err, &malformed):
		enhanced = "4.5.0" // protocol
	case stage == Connect:
		enhanced = "4.4.1" // no answer from host
	case errors.Is(err, io.EOF):
		err = fmt.Errorf("server closed the connection: %w", io.ErrUnexpectedEOF)
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &netErr) && netErr.Timeout():
		err = fmt.Errorf("server did not answer in time: %w", err)
	}
	return failure(Temporary, stage, enhanced, err)
}

// refused is a reply that is not the one hoped for. A reply of a class that
// cannot stand there is no refusal, and no promise either: it is temporary.
func refused(stage Stage, r reply) *Error {
	status, class := Temporary, "4"
	if r.code/100 == 5 {
		status, class = Permanent, "5"
	}
	e := &Error{Result: r.result(status, stage, class)}
	e.Err = &textproto.Error{Code: r.code, Msg: r.text()}
	return e
}

// result is the reply as a Result whose enhanced code is of the class.
func (r reply) result(status Status, stage Stage, class string) Result {
	enhanced, text := r.enhanced()
	if !strings.HasPrefix(enhanced, class) {
		enhanced = class + ".0.0"
	}
	return Result{Status: status, Stage: stage, Code: r.code, Enhanced: enhanced, Text: text}
}

// printable replaces what would disturb a log or a delivery status notification.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' || 0x7f <= r && r < 0xa0 || r == '\uFFFD' {
			return '?'
		}
		return r
	}, s)
}
