package outbound

// The SMTP session: greeting, EHLO, STARTTLS, transactions, QUIT.

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// maxRecipients is the number of recipients that every server takes in one transaction (RFC 5321 §4.5.3.1.8).
	maxRecipients = 100

	// blockSize is the number of bytes of the message that are written at a time.
	blockSize = 16 << 10
)

// session is a connection to a host on which a delivery is made.
type session struct {
	*conn
	*delivery
	ctx      context.Context
	timeouts Timeouts
	ext      map[string]string // the extensions of the reply to EHLO; nil after HELO
	place    Result            // Host, Addr, TLS and Verified
	dead     bool              // no further command makes sense
}

// session connects and sends. It returns the error because of which the host must be passed over, or nil if the
// host may be asked again.
func (d *delivery) session(ctx context.Context, s *Sender, h host, addr string, plain bool) *Error {
	c := &session{delivery: d, ctx: ctx, timeouts: s.timeouts(), place: Result{Host: h.name, Addr: addr}}
	nc, err := s.dial(ctx, addr)
	if err != nil {
		return c.lost(Connect, err)
	}
	defer context.AfterFunc(ctx, func() { nc.Close() })()
	defer nc.Close()
	c.conn = newConn(nc)
	defer c.quit()

	greeting, e := c.ask(Greeting, c.timeouts.Greeting, "")
	if e != nil {
		return e
	}
	if !greeting.ok() {
		return c.refused(Greeting, greeting)
	}
	if e := c.hello(s.hostname()); e != nil {
		return e
	}
	if _, offered := c.ext["STARTTLS"]; offered && !plain {
		if e := c.startTLS(s.TLSConfig, h.serverName()); e != nil {
			return e
		}
		if c.place.TLS != "" {
			if e := c.hello(s.hostname()); e != nil {
				return e
			}
		}
	}
	if e := c.checkOffers(); e != nil {
		return e
	}
	return c.transactions()
}

// lost, refused and failure are the functions of these names, with the place.
func (c *session) lost(stage Stage, err error) *Error {
	c.dead = true
	if c.ctx.Err() != nil {
		return c.failure(Temporary, stage, "4.4.2", fmt.Errorf("delivery was stopped: %w", context.Cause(c.ctx)))
	}
	return c.at(lost(stage, err))
}

func (c *session) refused(stage Stage, r reply) *Error { return c.at(refused(stage, r)) }

func (c *session) failure(status Status, stage Stage, enhanced string, err error) *Error {
	return c.at(failure(status, stage, enhanced, err))
}

func (c *session) at(e *Error) *Error {
	e.Host, e.Addr, e.TLS, e.Verified = c.place.Host, c.place.Addr, c.place.TLS, c.place.Verified
	return e
}

// ask sends a command, if there is one, and reads the reply. A 421 is always an error, since the server is about to
// close the connection (RFC 5321 §3.8).
func (c *session) ask(stage Stage, d time.Duration, command string) (reply, *Error) {
	if command != "" {
		c.send(d, []byte(command+"\r\n"))
	}
	r, err := c.reply(d)
	if err != nil {
		return reply{}, c.lost(stage, err)
	}
	if r.code == 421 {
		c.dead = true
		return reply{}, c.refused(stage, r)
	}
	return r, nil
}

// quit ends the session. The reply does not matter.
func (c *session) quit() {
	if !c.dead {
		c.ask(Dot, c.timeouts.Quit, "QUIT")
		c.nc.Close()
	}
}

// hello sends EHLO or, if the server does not know it, HELO (RFC 5321 §3.2).
func (c *session) hello(name string) *Error {
	r, err := c.ask(Hello, c.timeouts.Command, "EHLO "+name)
	if err != nil {
		return err
	}
	if r.ok() {
		c.ext = r.extensions()
		return nil
	}
	c.ext = nil
	if r.code == 500 || r.code == 502 {
		if r, err = c.ask(Hello, c.timeouts.Command, "HELO "+name); err != nil {
			return err
		}
	}
	if !r.ok() {
		return c.refused(Hello, r)
	}
	return nil
}

// startTLS encrypts the connection without verifying the server (RFC 7435). If the server refuses, the session
// continues without TLS. The error is that of a handshake that failed.
func (c *session) startTLS(config *tls.Config, name string) *Error {
	r, e := c.ask(StartTLS, c.timeouts.Command, "STARTTLS")
	if e != nil || !r.ok() {
		return e
	}
	if config = config.Clone(); config == nil {
		config = &tls.Config{}
	}
	config.ServerName = name
	config.InsecureSkipVerify = true
	if config.MinVersion == 0 {
		config.MinVersion = tls.VersionTLS10
	}
	ctx, cancel := context.WithTimeout(c.ctx, c.timeouts.Command)
	defer cancel()
	tc := tls.Client(c.nc, config)
	if err := tc.HandshakeContext(ctx); err != nil {
		c.dead = true
		return c.failure(Temporary, StartTLS, "4.7.5", err)
	}
	state := tc.ConnectionState()
	c.upgrade(tc)
	c.place.TLS = tls.VersionName(state.Version)
	c.place.Verified = verified(state, config)
	return nil
}

// verified reports whether the certificate is one that a client with the
// configuration would have insisted on.
func verified(state tls.ConnectionState, config *tls.Config) bool {
	opts := x509.VerifyOptions{
		DNSName:       config.ServerName,
		Roots:         config.RootCAs,
		Intermediates: x509.NewCertPool(),
	}
	if config.Time != nil {
		opts.CurrentTime = config.Time()
	}
	for _, cert := range state.PeerCertificates[1:] {
		opts.Intermediates.AddCert(cert)
	}
	_, err := state.PeerCertificates[0].Verify(opts)
	return err == nil
}

// checkOffers returns an error if the host lacks an extension that the message needs. Another host may have it.
func (c *session) checkOffers() *Error {
	lacks := func(extension string) bool { _, ok := c.ext[extension]; return !ok }
	if c.needsUTF8 && lacks("SMTPUTF8") {
		return c.failure(Permanent, Hello, "5.6.7", errors.New("host does not take addresses in UTF-8"))
	}
	if c.payload.eightBit && lacks("8BITMIME") {
		return c.failure(Permanent, Hello, "5.6.3", errors.New("host does not take 8-bit messages"))
	}
	if limit, err := strconv.ParseInt(c.ext["SIZE"], 10, 64); err == nil && 0 < limit && limit < c.payload.size {
		return c.failure(Permanent, Hello, "5.3.4",
			fmt.Errorf("message has %d octets, and host takes only %d", c.payload.size, limit))
	}
	return nil
}

// limit returns a number of the LIMITS extension (RFC 9422), or the default.
func (c *session) limit(name string, otherwise int) int {
	for field := range strings.FieldsSeq(c.ext["LIMITS"]) {
		key, value, _ := strings.Cut(field, "=")
		if n, err := strconv.Atoi(value); err == nil && n > 0 && strings.EqualFold(key, name) {
			return n
		}
	}
	return otherwise
}

// transactions sends to all pending recipients, in as many transactions as the host wants, which is usually one.
// Each decides at least one recipient or ends in an error.
func (c *session) transactions() *Error {
	size := min(maxRecipients, c.limit("RCPTMAX", maxRecipients))
	for left := c.limit("MAILMAX", -1); left != 0; left-- {
		sent, err := c.transaction(slices.Clone(c.pending[:min(size, len(c.pending))]))
		c.settle()
		if err != nil || len(c.pending) == 0 {
			return err
		}
		if !sent {
			r, err := c.ask(Mail, c.timeouts.Command, "RSET")
			if err != nil {
				return err
			}
			if !r.ok() {
				return c.refused(Mail, r)
			}
		}
	}
	return nil
}

// commands returns the commands of a transaction up to DATA.
func (c *session) commands(batch []*recipient) []string {
	mail := "MAIL FROM:<" + c.from + ">"
	if _, ok := c.ext["SIZE"]; ok {
		mail += fmt.Sprintf(" SIZE=%d", c.payload.size)
	}
	if c.payload.eightBit {
		mail += " BODY=8BITMIME"
	}
	if _, ok := c.ext["SMTPUTF8"]; ok && (c.needsUTF8 || c.payload.utf8) {
		mail += " SMTPUTF8"
	}
	commands := []string{mail}
	for _, r := range batch {
		commands = append(commands, "RCPT TO:<"+r.mailbox.String()+">")
	}
	return append(commands, "DATA")
}

// transaction sends the message to a batch of recipients and gives each of them an outcome. If the host has room
// for only some of them, the others stay pending for the next transaction (RFC 5321 §4.5.3.1.10). It reports
// whether the message was sent, which also ends the transaction of the server. An error is about the host, and not
// about the pending recipients.
//
// With PIPELINING all commands go in one write (RFC 2920 §3.1), and then a reply comes for each of them.
func (c *session) transaction(batch []*recipient) (sent bool, e *Error) {
	commands := c.commands(batch)
	_, pipelining := c.ext["PIPELINING"]
	if pipelining {
		c.send(c.timeouts.Command, []byte(strings.Join(commands, "\r\n")+"\r\n"))
		commands = make([]string, len(commands))
	}

	r, e := c.ask(Mail, c.timeouts.Command, commands[0])
	if e != nil {
		return false, e
	}
	var refusal *Error // the refusal of a host that may take the message later
	mailOK := r.ok()
	if !mailOK {
		refusal = c.refused(Mail, r)
		if refusal.Status == Permanent {
			decide(batch, refusal)
			refusal = nil
		}
		if !pipelining {
			return false, refusal
		}
	}

	var accepted []*recipient
	crowded := make(map[*recipient]*Error)
	for i, rcpt := range batch {
		r, e := c.ask(Rcpt, c.timeouts.Command, commands[1+i])
		switch {
		case e != nil:
			return false, e
		case !mailOK:
			// Without a transaction the reply says nothing about the recipient.
		case r.ok():
			accepted = append(accepted, rcpt)
		case r.code == 452 || r.code == 552:
			crowded[rcpt] = tooMany(c.refused(Rcpt, r))
		default:
			rcpt.outcome = c.refused(Rcpt, r)
		}
	}
	if len(accepted) == 0 {
		for rcpt, e := range crowded {
			rcpt.outcome = e
		}
		if !pipelining {
			return false, refusal
		}
	}

	r, e = c.ask(Data, c.timeouts.Data, commands[1+len(batch)])
	switch {
	case e != nil:
		return false, e
	case len(accepted) == 0:
		if r.code == 354 { // an empty message for no recipient (RFC 2920 §3.1)
			if _, e := c.ask(Dot, c.timeouts.Dot, "."); e != nil {
				return false, e
			}
		}
		return false, refusal
	case r.code != 354:
		decide(accepted, c.refused(Data, r))
		return false, nil
	}
	return true, c.body(accepted)
}

// tooMany makes the error temporary if the host refuses a recipient because there are too many, since a 552 then
// means 452 (RFC 5321 §4.5.3.1.10).
func tooMany(e *Error) *Error {
	e.Status = Temporary
	e.Enhanced = "4" + e.Enhanced[1:]
	return e
}

// decide gives recipients the same outcome.
func decide(recipients []*recipient, e *Error) {
	for _, r := range recipients {
		r.outcome = e
	}
}

// body sends the message and decides the outcome of the accepted recipients. If the connection breaks before the
// final dot, they stay pending, since no server may deliver such a message. If it breaks after the dot, their
// outcome is unknown.
func (c *session) body(accepted []*recipient) *Error {
	for block := range slices.Chunk(c.payload.wire, blockSize) {
		c.send(c.timeouts.Block, block)
	}
	r, err := c.reply(c.timeouts.Dot)
	switch {
	case c.broken != nil:
		if err == nil && r.code >= 400 { // the server said why it did not read on
			decide(accepted, c.refused(Data, r))
		}
		return c.lost(Data, c.broken)
	case err != nil:
		e := c.lost(Dot, err)
		e.Status = Unknown
		decide(accepted, e)
		return c.lost(Dot, err)
	case r.ok():
		decide(accepted, c.at(&Error{Result: r.result(Delivered, Dot, "2")}))
	default:
		decide(accepted, c.refused(Dot, r))
	}
	if r.code == 421 {
		c.dead = true
		return c.refused(Dot, r)
	}
	return nil
}
