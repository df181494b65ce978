package wire

// The message after DATA: it is read in bulk up to <CRLF>.<CRLF>, and dots are unstuffed in place (RFC 5321 §4.5.2).

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
)

const (
	// keepOversize is the number of bytes that are kept of a message over the limit.
	keepOversize = 64 << 10

	// chunkSize is the smallest number of bytes by which a buffer grows.
	chunkSize = 64 << 10
)

// unstuffer finds the end of a message in a growing buffer and removes the stuffed dots. buf[:n] holds the bytes of the
// message so far; buf[r:] has not been scanned.
type unstuffer struct {
	buf  []byte
	n, r int

	// eol is the number of bytes of the CRLF before buf[r] that have been seen. A message begins as after a line end.
	eol int

	lf       bool // a bare LF is a line end too
	smuggled bool // the message has ended with a dot and a bare LF

	dots   int   // lines with a stuffed dot
	bare   int   // lines that begin with a dot that is not stuffed
	cut    int64 // bytes dropped from a message over the limit
	source int64 // bytes scanned, stuffed dots included
}

// scan scans buf[r:] and reports whether it has found the end of the message. After the end, buf[r:] is what follows
// the message.
func (u *unstuffer) scan() (end bool) {
	for u.r < len(u.buf) {
		if u.eol == 2 && u.buf[u.r] == '.' {
			rest := u.buf[u.r+1:]
			switch {
			case len(rest) == 0, len(rest) == 1 && rest[0] == '\r':
				return false // undecided
			case rest[0] == '\r' && rest[1] == '\n':
				u.source += 3
				u.r += 3
				return true
			case rest[0] == '\n' && u.lf:
				u.source += 2
				u.r += 2
				u.smuggled = true
				return true
			case rest[0] == '.':
				u.dots++
			default:
				u.bare++
			}
			u.source++
			u.r++ // skip the dot
			u.eol = 0
			if rest[0] == '\r' {
				u.eol = 1 // a dot and CR without LF: the CR is like any other
				u.keep(1)
				continue
			}
		}
		// Go on to the next dot that begins a line.
		rest := u.buf[u.r:]
		if i, crlf := u.nextDot(rest); i >= 0 {
			u.keep(i)
			u.eol = 0
			if crlf || u.lf {
				u.eol = 2
			} else {
				u.keep(1) // a dot after a bare LF does not begin a line
			}
			continue
		}
		last := u.eol
		switch k := len(rest); {
		case rest[k-1] == '\r':
			last = 1
		case rest[k-1] != '\n':
			last = 0
		case u.lf, k > 1 && rest[k-2] == '\r', k == 1 && last == 1:
			last = 2
		default:
			last = 0
		}
		u.keep(len(rest))
		u.eol = last
	}
	return false
}

// nextDot returns the index of the next dot after a LF, or -1, and whether a CR precedes that LF. It searches for dots
// rather than line ends because base64 has fewer of them.
func (u *unstuffer) nextDot(p []byte) (at int, crlf bool) {
	for at = 0; ; at++ {
		i := bytes.IndexByte(p[at:], '.')
		if i < 0 {
			return -1, false
		}
		if at += i; at > 0 && p[at-1] == '\n' {
			return at, at > 1 && p[at-2] == '\r' || at == 1 && u.eol == 1
		}
	}
}

// keep moves k bytes from the unscanned part to the message.
func (u *unstuffer) keep(k int) {
	if u.n != u.r {
		copy(u.buf[u.n:], u.buf[u.r:u.r+k])
	}
	u.n += k
	u.r += k
	u.source += int64(k)
}

// pending returns the bytes that have been read but not scanned.
func (u *unstuffer) pending() []byte { return u.buf[u.r:] }

// squeeze moves the unscanned bytes to the end of the message.
func (u *unstuffer) squeeze() {
	if u.n != u.r {
		u.buf = u.buf[:u.n+copy(u.buf[u.n:], u.buf[u.r:])]
		u.r = u.n
	}
}

// limit drops the bytes beyond keepOversize if the message is larger than size.
func (u *unstuffer) limit(size int64) {
	if int64(u.n)+u.cut <= size || u.n <= keepOversize {
		return
	}
	u.cut += int64(u.n - keepOversize)
	u.n = keepOversize
	u.squeeze()
}

// scratch lends buffers in which messages are assembled.
var scratch = sync.Pool{New: func() any {
	buf := make([]byte, 0, chunkSize)
	return &buf
}}

const (
	// maxScratch is the size of the largest buffer that is reused.
	maxScratch = 4 << 20

	// minOwn is the size from which a message may get a buffer of its own.
	minOwn = 256 << 10
)

// room returns a buffer for the next message. If the previous message was large, the next may be of the same size, and
// gets a buffer of its own that need not be copied in the end; otherwise the buffer is lent.
func (c *Conn) room() (buf []byte, lent *[]byte) {
	if c.large > 0 {
		return make([]byte, 0, c.large+chunkSize/2), nil
	}
	lent = scratch.Get().(*[]byte)
	return (*lent)[:0], lent
}

// kept returns the message in memory that the receiver may keep, with little capacity beyond its end.
func (c *Conn) kept(u *unstuffer, lent bool) []byte {
	if c.large = 0; minOwn <= u.n && u.n <= maxScratch {
		c.large = u.n
	}
	data := u.buf[:u.n:u.n]
	if lent || cap(u.buf)-u.n > u.n/8 {
		return bytes.Clone(data)
	}
	return data
}

// message takes the message after DATA through its two turns, Body and End, if the client was told to send it. If a
// rule told the client so although the server refused DATA, the message is an orphan: it has no transaction.
func (c *Conn) message() error {
	orphan := !c.turn.Accepted
	if !intermediate(c.turn.Reply) {
		if !orphan {
			c.endTransaction()
		}
		return nil
	}
	c.begin(Body, "", nil)
	act := *c.ask()

	buf, lent := c.room()
	u := unstuffer{buf: buf, eol: 2, lf: c.cfg.BareLF == EndLF}
	defer func() {
		if lent != nil && cap(u.buf) <= maxScratch {
			*lent = u.buf
			scratch.Put(lent)
		}
	}()
	early := false
	if !act.interrupts() {
		u.buf = append(u.buf, c.in.take(min(len(c.in.buffered()), chunkSize))...)
	}
	for !u.scan() {
		if !early && c.reached(&act, &u) {
			early, act = true, c.due(act)
			if err := c.interrupt(&act, u.buf[:u.n]); err != nil {
				return err
			}
		}
		u.limit(c.cfg.MaxSize)
		u.squeeze()
		if err := c.more(&u, &act, early); err != nil {
			c.lost(u.buf[:u.n])
			return err
		}
	}
	if !early && act.interrupts() && u.source == act.After { // due at the last byte of the message
		early, act = true, c.due(act)
		if err := c.interrupt(&act, u.buf[:u.n]); err != nil {
			return err
		}
	}
	u.limit(c.cfg.MaxSize)
	if u.cut > 0 && u.buf[u.n-1] == '\r' { // half a CRLF would look like a bare CR
		u.n--
		u.cut++
	}
	data := c.kept(&u, lent != nil)
	if rest := u.pending(); len(rest) > 0 {
		c.in.putBack(rest)
	}
	replied := early && act.Reply != nil
	return c.complete(data, &u, orphan, replied)
}

// reached reports whether so much of the incomplete message has come that the action for its body is due.
func (c *Conn) reached(act *Action, u *unstuffer) bool {
	return act.interrupts() && u.source+int64(len(u.pending())) >= act.After
}

// more reads from the client. If an action is due at some byte, it does not read beyond that byte.
func (c *Conn) more(u *unstuffer, act *Action, early bool) error {
	size := int64(maxScratch)
	if !early && act.interrupts() {
		size = min(size, max(1, act.After-u.source-int64(len(u.pending()))))
	}
	if len(c.in.buffered()) > 0 {
		u.buf = append(u.buf, c.in.take(int(size))...)
		return nil
	}
	if cap(u.buf)-len(u.buf) < chunkSize/2 {
		u.buf = slices.Grow(u.buf, max(chunkSize, len(u.buf)))
	}
	room := u.buf[len(u.buf):cap(u.buf)]
	n, err := c.conn.Read(room[:min(int64(len(room)), size)])
	u.buf = u.buf[:len(u.buf)+n]
	if n > 0 {
		return nil
	}
	return middle(err, "message")
}

// lost records the beginning of a message whose end never came. The line ends may say why.
func (c *Conn) lost(data []byte) {
	t := c.begin(Body, "", nil)
	t.Payload = bytes.Clone(data)
	t.note(Note{Kind: MessageUnfinished})
	t.Notes = append(t.Notes, LineEnds(bytes.TrimSuffix(data, []byte("\r")))...) // it may end in the middle of a CRLF
	c.handler.Reply(t)
	c.after(t)
}

// due returns the Handler's action for the middle of a message. It asks the Handler again if the action at the
// beginning of the message had After set.
func (c *Conn) due(act Action) Action {
	if act.After == 0 {
		return act
	}
	c.begin(Body, "", nil).Reached = act.After
	act = *c.ask()
	act.After = 0
	return act
}

// interrupt carries out an action in the middle of a message, if the action does anything.
func (c *Conn) interrupt(act *Action, data []byte) error {
	if !act.interrupts() {
		return nil
	}
	t := c.begin(Body, "", nil)
	t.Action = *act
	t.Reply = act.Reply
	if act.Drop != NoDrop {
		t.Payload = bytes.Clone(data)
	}
	c.handler.Reply(t)
	if err := c.wait(act.Delay); err != nil {
		c.after(t)
		return err
	}
	err := c.send(t)
	if err == nil && act.Drop != NoDrop {
		err = c.drop(act.Drop)
	}
	return err
}

// complete takes a whole message through its turn. If a reply was sent before the end of the message, it sends no
// other.
func (c *Conn) complete(data []byte, u *unstuffer, orphan, replied bool) error {
	t := c.begin(End, "", nil)
	t.Payload = data
	if u.bare > 0 {
		t.note(Note{Kind: DotNotDoubled, Count: int64(u.bare)})
	}
	if u.smuggled {
		t.note(Note{Kind: DotBareLF})
	}
	size := int64(len(data)) + u.cut
	tooBig := size > c.cfg.MaxSize
	t.Cut = u.cut
	if u.cut > 0 {
		t.note(Note{Kind: MessageCut, Count: size, Offset: int64(len(data))})
	}
	if replied {
		c.handler.Reply(t)
		c.after(t)
		c.endTransaction()
		return nil
	}
	var own []byte
	switch {
	case tooBig:
		own = fmt.Appendf(nil, "552 5.3.4 Message too big, the limit is %d bytes\r\n", c.cfg.MaxSize)
	case orphan:
		own = []byte("503 5.5.1 Need MAIL and RCPT before DATA\r\n")
	case c.cfg.BareLF == RefuseLF && LineEnds(data) != nil:
		own = []byte("550 5.6.0 Bare LF or CR in the message\r\n")
	}
	if c.cfg.LMTP && !orphan {
		if own == nil {
			own = c.acceptance()
		}
		return c.finishLMTP(own, Action{})
	}
	if act := c.ask(); own == nil && !act.decides() {
		own = c.acceptance()
	}
	return c.finish(own)
}

// acceptance returns the server's own reply to a message that it accepts, or with LMTP to each recipient.
func (c *Conn) acceptance() []byte {
	if c.cfg.LMTP {
		return c.compose("250 2.1.5 Delivered")
	}
	return c.compose("250 2.0.0 Message accepted")
}

// finish concludes the turn of a message and ends the transaction.
func (c *Conn) finish(own []byte) error {
	if err := c.conclude(own); err != nil {
		return err
	}
	c.endTransaction()
	return nil
}
