package access

// The connection: its lines and its TLS.

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/seed078e9d8c/maillab/internal/testca"
	"github.com/seed078e9d8c/maillab/mailtest"
)

// Conn is a connection that is being served. Only the goroutine of the session uses it, except for [Conn.Push] and
// [Conn.Abort].
type Conn struct {
	server  *Server
	session *session
	raw     net.Conn // the socket
	given   tlsConn  // TLS of the caller on top of it, or nil
	conn    net.Conn // raw, or TLS on top of it
	in      *bufio.Reader

	encrypted *mailtest.TLSState
	user      string

	mu     sync.Mutex // guards the following: a push comes from another goroutine
	out    *bufio.Writer
	counts map[mailtest.Stage]int
	fate   error // the way in which a push has ended the connection

	interjected string // sent since the last turn

	closing  chan struct{} // closed by stop; ends delays
	deadline sync.Mutex    // guards the following and the deadlines
	stopping bool
	awaiting bool // the session waits for the client
	hurried  bool // hurry was called meanwhile
	aborted  bool // Abort was called, so the read deadline has passed for good

	left bool // the connection does not count as open any more; the lock of the server guards this

	// Leave, if not nil, is called before the client can notice that the server ends the connection, or when the client has
	// ended it. It may be called twice.
	Leave func()
}

func newConn(s *Server, conn net.Conn) *Conn {
	c := &Conn{server: s, raw: conn, counts: make(map[mailtest.Stage]int), closing: make(chan struct{})}
	c.use(conn)
	if given, ok := conn.(tlsConn); ok {
		c.given, c.raw = given, given.NetConn()
	}
	c.session = &session{notices: &s.notices, log: mailtest.Session{Client: text(conn.RemoteAddr()), Server: text(conn.LocalAddr()), Start: time.Now()}}
	return c
}

// use makes the connection read from and write to conn from now on.
func (c *Conn) use(conn net.Conn) {
	c.conn, c.in, c.out = conn, bufio.NewReader(conn), bufio.NewWriter(conn)
}

// text returns an address as text, or "" if the connection has no address.
func text(addr net.Addr) string {
	if addr == nil {
		return ""
	}
	return addr.String()
}

// Number returns the number of the session.
func (c *Conn) Number() int { return c.session.log.Number }

// Encrypted reports whether the connection has TLS.
func (c *Conn) Encrypted() bool { return c.encrypted != nil }

// CanStartTLS reports whether the client may begin TLS.
func (c *Conn) CanStartTLS() bool { return c.server.cfg.StartTLS && !c.Encrypted() }

// Authenticated notes the identity of the client.
func (c *Conn) Authenticated(user, mechanism string) {
	c.user = user
	c.session.change(func(log *mailtest.Session) { log.User, log.Mechanism = user, mechanism })
}

// tlsConn is the server's end of a connection that came with TLS.
type tlsConn interface {
	net.Conn
	HandshakeContext(context.Context) error
	ConnectionState() tls.ConnectionState
	NetConn() net.Conn
}

// serve serves the session, and ends the connection.
func (c *Conn) serve(implicit bool) {
	var err error
	whole := false
	defer func() {
		if !whole { // a panic, or a Goexit
			err = c.crashed(recover())
		}
		c.end(err)
	}()
	err = c.begin(implicit)
	if err == nil {
		err = c.server.protocol.Serve(c)
	}
	whole = true
}

// begin prepares the connection for the greeting.
func (c *Conn) begin(implicit bool) error {
	if c.given != nil {
		return c.handshake(c.given, true)
	}
	if implicit {
		return c.startTLS(true)
	}
	return nil
}

// StartTLS makes the handshake that the client has asked for. It discards bytes that the client has sent too early
// (RFC 3207 §5).
func (c *Conn) StartTLS() error { return c.startTLS(false) }

func (c *Conn) startTLS(implicit bool) error {
	t, err := c.Begin(mailtest.Handshake, "")
	if err != nil {
		return err
	}
	if t.Answered() {
		if err := t.End(false); err != nil {
			return err
		}
		return Ended(mailtest.TLSFailed, "a rule has answered")
	}
	cfg, err := c.server.tlsConfig()
	if err == nil && t.rule != nil {
		r := &t.rule.Rule
		special := testca.Handshake{Fault: testca.Fault(r.Certificate), MaxTLS: r.MaxTLS, ClientCertificate: r.ClientCertificate}
		cfg = special.Config(cfg)
	}
	if err != nil {
		t.Note(mailtest.Note{Kind: mailtest.CertificateMissing, Text: err.Error()})
		t.record()
		return Ended(mailtest.TLSFailed, err.Error())
	}
	if n := c.in.Buffered(); n > 0 {
		c.in.Discard(n)
		t.Note(mailtest.Note{Kind: mailtest.TextInjected, Count: int64(n)})
	}
	return t.handshake(tls.Server(c.raw, cfg), implicit)
}

// handshake makes the handshake of a connection that came with TLS of the caller.
func (c *Conn) handshake(conn tlsConn, implicit bool) error {
	t, err := c.Begin(mailtest.Handshake, "")
	if err != nil {
		return err
	}
	return t.handshake(conn, implicit)
}

// handshakeTime is the time that a client has for a handshake before the greeting. A client without TLS waits for the greeting
// instead.
const handshakeTime = time.Minute

func (t *Turn) handshake(conn tlsConn, implicit bool) error {
	c := t.c
	now := time.Now()
	end := c.idleAt(now)
	if early := now.Add(handshakeTime); implicit && (end.IsZero() || early.Before(end)) {
		end = early
	}
	c.setReadDeadline(end)
	err := conn.HandshakeContext(context.Background())
	c.setReadDeadline(time.Time{})
	if err != nil {
		if c.stopped() {
			return errStopped
		}
		cause := err.Error()
		if implicit && errors.Is(err, os.ErrDeadlineExceeded) {
			cause = fmt.Sprintf("the client did not complete it within %v; a client without TLS waits for the greeting here", end.Sub(now))
		}
		t.Note(mailtest.Note{Kind: mailtest.HandshakeFailed, Text: cause})
		t.record()
		return Ended(mailtest.TLSFailed, cause)
	}
	state := conn.ConnectionState()
	info := &mailtest.TLSState{
		Version: tls.VersionName(state.Version), Cipher: tls.CipherSuiteName(state.CipherSuite),
		ServerName: state.ServerName, ALPN: state.NegotiatedProtocol, Implicit: implicit,
	}
	for _, cert := range state.PeerCertificates {
		info.ClientCertificates = append(info.ClientCertificates, cert.Raw)
	}
	c.mu.Lock()
	c.use(conn)
	c.mu.Unlock()
	c.encrypted = info
	c.session.change(func(log *mailtest.Session) { log.TLS = info })
	t.turn.Replied = time.Now()
	t.record()
	return nil
}

const (
	// maxDiscard is the number of bytes of a line that is too long that are read before the connection is closed.
	maxDiscard = 1 << 20

	// keepLine is the number of bytes of such a line that are kept.
	keepLine = 1 << 10
)

// Line is a line that a client has sent.
type Line struct {
	Text    []byte // without the end; valid until the next line is read
	Notes   []mailtest.Note
	TooLong bool // Text is only the beginning
}

// ReadLine reads a line of at most the given number of bytes. While it waits, rules for a silent client act. The
// error says how the connection ended, or is [ErrIdle].
func (c *Conn) ReadLine(most int) (Line, error) {
	if err := c.await(); err != nil {
		return Line{}, err
	}
	c.setReadDeadline(c.idleAt(time.Now()))
	defer c.setReadDeadline(time.Time{})
	var line []byte
	size := 0
	for {
		piece, err := c.in.ReadSlice('\n')
		size += len(piece)
		if room := most + 2 - len(line); room > 0 {
			line = append(line, piece[:min(room, len(piece))]...)
		}
		switch {
		case bytes.HasPrefix(line, []byte{22, 3}): // a record with a handshake of TLS 1.x (RFC 8446 §5.1)
			return Line{}, c.strayTLS()
		case err == nil:
			return finish(line, size, most), nil
		case errors.Is(err, bufio.ErrBufferFull) && size < maxDiscard:
		case errors.Is(err, bufio.ErrBufferFull):
			c.unfinished(line, mailtest.Note{Kind: mailtest.LineEndless, Count: int64(size), Offset: keepLine})
			return Line{}, ErrTooMuch
		case size > 0 && err == io.EOF:
			c.unfinished(line, mailtest.Note{Kind: mailtest.LineUnfinished})
			return Line{}, Ended(mailtest.ClientBroke, "line")
		default:
			return Line{}, c.readError(err)
		}
	}
}

// strayTLS records that the client has begun a TLS handshake instead of a command, and closes the connection.
func (c *Conn) strayTLS() error {
	how := mailtest.Ending{Kind: mailtest.TLSFailed, Cause: "it came where a command was expected"}
	note := mailtest.Note{Kind: mailtest.HandshakeFailed, Text: how.Cause}
	c.session.add(mailtest.Turn{Stage: mailtest.Handshake, Received: time.Now(), Notes: []mailtest.Note{note}})
	c.ends(how)
	c.hangUp(mailtest.Close)
	return endError{how}
}

// finish returns the Line for a line that was read with its end, of size bytes in all.
func finish(line []byte, size, most int) Line {
	if size > most {
		note := mailtest.Note{Kind: mailtest.LineTooLong, Count: int64(size), Offset: keepLine}
		return Line{Text: line[:min(keepLine, len(line))], Notes: []mailtest.Note{note}, TooLong: true}
	}
	l := Line{Text: line[:len(line)-1]}
	if n := len(l.Text); n > 0 && l.Text[n-1] == '\r' {
		l.Text = l.Text[:n-1]
	} else {
		l.Notes = append(l.Notes, mailtest.Note{Kind: mailtest.LineBareLF})
	}
	for _, b := range l.Text {
		if b == '\r' {
			l.Notes = append(l.Notes, mailtest.Note{Kind: mailtest.LineBareCR})
			break
		}
	}
	return l
}

// unfinished records a line without an end. The line may have credentials, so its text is not kept.
func (c *Conn) unfinished(line []byte, note mailtest.Note) {
	c.session.add(mailtest.Turn{Stage: mailtest.Unknown, Command: "***", Received: time.Now(), Notes: []mailtest.Note{note}})
}

// Read reads bytes that are not lines, such as a literal.
func (c *Conn) Read(p []byte) (int, error) {
	c.setReadDeadline(c.idleAt(time.Now()))
	defer c.setReadDeadline(time.Time{})
	n, err := c.in.Read(p)
	if err != nil {
		return n, c.readError(err)
	}
	return n, nil
}

// Buffered returns the number of bytes that have come and were not read.
func (c *Conn) Buffered() int { return c.in.Buffered() }
