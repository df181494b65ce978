package outbound

// The results of a delivery, one for each recipient, and its errors.

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"os"
	"strings"
)

// Status is the outcome of a delivery for one recipient.
type Status string

const (
	// Delivered: a host has taken responsibility for the message.
	Delivered Status = "delivered"

	// Temporary: no host has the message; trying again later may help.
	Temporary Status = "temporary"

	// Permanent: no host has the message, and trying again would not help.
	Permanent Status = "permanent"

	// Unknown: the whole message was sent, but no answer came. The sender should try again later, which may deliver
	// a second copy (RFC 5321 §6.1).
	Unknown Status = "unknown"
)

// Stage is the step of a delivery that decided the [Result].
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

// Result is the outcome for one recipient, with everything that a queue, a log or a delivery status notification
// needs. Results are comparable.
type Result struct {
	To     string // as it was given to Send
	Status Status
	Stage  Stage

	// Code is the code of the server's reply, such as 451, or 0 if the failure was not a reply. Enhanced is the
	// status code of RFC 3463, such as "4.7.1". It is never empty. If the server gave none, or one whose class
	// contradicts the status, it is "2.0.0", "4.0.0" or "5.0.0". A failure that is not a reply has a code that fits.
	Code     int
	Enhanced string

	// Text is the text of the reply without codes, with lines joined by "\n", or the text of the error. "?" replaces
	// characters that are not printable.
	Text string

	// Host is the host's name (or address literal) and Addr its "address:port", as
	// far as the delivery came.
	Host string
	Addr string

	// TLS is the version, such as "TLS 1.3", or empty for plain text. Verified reports whether the certificate was
	// valid for Host; delivery does not depend on that.
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

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// failure returns an error that is not a reply.
func failure(status Status, stage Stage, enhanced string, err error) *Error {
	return &Error{Result{Status: status, Stage: stage, Enhanced: enhanced, Text: printable(err.Error())}, err}
}

// lost returns the error for the failure of a connection. It is always temporary, since a client that gets no reply
// has to treat it so (RFC 5321 §3.8).
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

// refused returns the error for a reply that is not the expected one. If the reply is neither 4xx nor 5xx, the
// error is temporary.
func refused(stage Stage, r reply) *Error {
	status, class := Temporary, "4"
	if r.code/100 == 5 {
		status, class = Permanent, "5"
	}
	e := &Error{Result: r.result(status, stage, class)}
	e.Err = &textproto.Error{Code: r.code, Msg: r.text()}
	return e
}

// result returns a Result for the reply, with an enhanced code of the given class.
func (r reply) result(status Status, stage Stage, class string) Result {
	enhanced, text := r.enhanced()
	if !strings.HasPrefix(enhanced, class) {
		enhanced = class + ".0.0"
	}
	return Result{Status: status, Stage: stage, Code: r.code, Enhanced: enhanced, Text: text}
}

// printable replaces characters that would disturb a log or a delivery status notification.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' || 0x7f <= r && r < 0xa0 || r == '\uFFFD' {
			return '?'
		}
		return r
	}, s)
}
