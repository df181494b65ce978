package mailbox

// The delivery of a message from a file, as by its first sender.

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"unicode"

	"github.com/emersion/go-smtp"

	"github.com/seed078e9d8c/maillab/mailtest"
)

// Deliver sends a message to the server at the other end of conn, and closes conn. The message is
// sent unchanged, except that an LF without CR gets one. Sender and recipients are those of the
// envelope, with the parameters that the server offers; if the envelope has no recipient, they are
// those of From (or Sender), To, Cc and Bcc. Errors of the server wrap an *[smtp.SMTPError]. A
// reply of more than 64 KiB is an error.
func Deliver(conn net.Conn, m *mailtest.Message) error {
	c := smtp.NewClient(&bounded{Conn: conn})
	defer c.Close()
	from, to := route(m)
	if len(to) == 0 {
		return errors.New("mailbox: deliver: the message has no recipient, neither in its envelope nor in its header")
	}
	helo := m.Envelope.Helo
	if helo == "" {
		helo = "localhost"
	}
	if err := c.Hello(helo); err != nil {
		return fmt.Errorf("mailbox: deliver: greet: %w", err)
	}
	if err := c.Mail(from, mailOptions(c, &m.Envelope, from, to)); err != nil {
		return fmt.Errorf("mailbox: deliver from <%s>: %w", from, err)
	}
	for _, r := range to {
		if err := c.Rcpt(r.Address, rcptOptions(c, r)); err != nil {
			return fmt.Errorf("mailbox: deliver to <%s>: %w", r.Address, err)
		}
	}
	w, err := c.Data()
	if err != nil {
		return fmt.Errorf("mailbox: deliver: %w", err)
	}
	if _, err := w.Write(crlf(m.Raw)); err != nil {
		return fmt.Errorf("mailbox: deliver: %w", err)
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("mailbox: deliver: %w", err)
	}
	c.Quit() // the message is delivered, whatever becomes of this
	return nil
}

// maxReply is the size of the longest reply that is read.
const maxReply = 64 << 10

// errEndless ends the reading of a reply that is longer than any server has reason to send.
var errEndless = fmt.Errorf("a reply of more than %d bytes", maxReply)

// bounded is a connection on which replies have a bound: the client, which does not send commands ahead,
// would otherwise keep all lines of one that does not end.
type bounded struct {
	net.Conn
	read int // since the last write
}

func (b *bounded) Write(p []byte) (int, error) {
	b.read = 0
	return b.Conn.Write(p)
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.read >= maxReply {
		return 0, errEndless
	}
	n, err := b.Conn.Read(p)
	b.read += n
	return n, err
}

// crlf returns a message in whose line ends LF never is without CR: what a file may have lost.
func crlf(raw []byte) []byte {
	if bytes.Count(raw, []byte("\n")) == bytes.Count(raw, []byte("\r\n")) {
		return raw
	}
	return bytes.ReplaceAll(bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
}

// route returns sender and recipients.
func route(m *mailtest.Message) (from string, to []mailtest.Recipient) {
	if len(m.Envelope.To) > 0 {
		return m.Envelope.From, m.Envelope.To
	}
	from = m.Envelope.From
	for _, senders := range [][]mailtest.Address{m.From, m.Sender} {
		if from == "" && len(senders) > 0 {
			from = senders[0].Address
		}
	}
	for _, addresses := range [][]mailtest.Address{m.To, m.Cc, m.Bcc} {
		for _, a := range addresses {
			to = append(to, mailtest.Recipient{Address: a.Address})
		}
	}
	return from, to
}

// mailOptions are the parameters of MAIL that the server offers.
func mailOptions(c *smtp.Client, e *mailtest.Envelope, from string, to []mailtest.Recipient) *smtp.MailOptions {
	opts := &smtp.MailOptions{}
	if ok, _ := c.Extension("8BITMIME"); ok && e.Body == "8BITMIME" {
		opts.Body = smtp.Body8BitMIME
	}
	if ok, _ := c.Extension("SMTPUTF8"); ok {
		opts.UTF8 = e.SMTPUTF8 || international(from) || slices.ContainsFunc(to, func(r mailtest.Recipient) bool { return international(r.Address) })
	}
	if ok, _ := c.Extension("REQUIRETLS"); ok {
		opts.RequireTLS = e.RequireTLS
	}
	if ok, _ := c.Extension("DSN"); ok {
		opts.Return, opts.EnvelopeID = smtp.DSNReturn(e.Return), e.EnvelopeID
	}
	return opts
}

// international reports whether an address needs SMTPUTF8 (RFC 6531 §3.4).
func international(address string) bool {
	return strings.ContainsFunc(address, func(r rune) bool { return r > unicode.MaxASCII })
}

// rcptOptions are the parameters of RCPT that the server offers.
func rcptOptions(c *smtp.Client, r mailtest.Recipient) *smtp.RcptOptions {
	opts := &smtp.RcptOptions{}
	if ok, _ := c.Extension("DSN"); !ok {
		return opts
	}
	for _, n := range r.Notify {
		opts.Notify = append(opts.Notify, smtp.DSNNotify(n))
	}
	opts.OriginalRecipientType, opts.OriginalRecipient = smtp.DSNAddressType(r.OriginalType), r.Original
	return opts
}
