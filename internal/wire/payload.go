package wire

// The message after DATA: read in bulk up to <CRLF>.<CRLF>, unstuffed in place (RFC 5321 §4.5.2).

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
)

const (
	// keepOversize is how much is kept of a message that is over the limit.
	keepOversize = 64 << 10

	// chunkSize is by how much a buffer grows at least.
	chunkSize = 64 << 10
)

// unstuffer finds the end of a message in a growing buffer and takes the stuffed dots out.
// done[:n] are the bytes of the message so far; buf[r:] are yet to be looked at.
type unstuffer struct {
	buf  []byte
	n, r int

	// The line end that precedes buf[r]: how many bytes of CRLF have been seen. A message begins
	// as after a line end.
	eol int

	lf       bool // a bare LF is a line end, too
	smuggled bool // and the message has ended with one after the dot

	dots   int   // lines with a stuffed dot
	bare   int   // lines that begin with a single dot and something else after it
	cut    int64 // bytes thrown away, of a message over the limit
	source int64 // bytes taken, stuffing included
}

// scan looks at buf[r:] and reports whether the end of the message is there; then buf[r:] is what
// follows it.
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
			u.r++ // the dot goes
			u.eol = 0
			if rest[0] == '\r' {
				u.eol = 1 // a lone dot, CR and no LF: the CR is looked at as any other
				u.keep(1)
				continue
			}
		}
		// On to the next dot that begins a line.
		rest := u.buf[u.r:]
		if i, crlf := u.nextDot(rest); i >= 0 {
			u.keep(i)
			u.eol = 0
			if crlf || u.lf {
				u.eol = 2
			} else {
				u.keep(1) // a dot after a bare LF begins no line
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

// nextDot returns the place of the next dot after a LF, or -1, and whether a CR precedes that LF.
// (It looks for dots and not for line ends, of which base64 has more.)
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

// keep moves k bytes from the unseen to the message.
func (u *unstuffer) keep(k int) {
	if u.n != u.r {
		copy(u.buf[u.n:], u.buf[u.r:u.r+k])
	}
	u.n += k
	u.r += k
	u.source += int64(k)
}

// pending is what has been read but not decided or taken.
func (u *unstuffer) pending() []byte { return u.buf[u.r:] }

// squeeze makes the unseen bytes follow the message directly.
func (u *unstuffer) squeeze() {
	if u.n != u.r {
		u.buf = u.buf[:u.n+copy(u.buf[u.n:], u.buf[u.r:])]
		u.r = u.n
	}
}

// limit throws the message away beyond what is kept of one that is too big.
func (u *unstuffer) limit(size int64) {
	if int64(u.n)+u.cut <= size || u.n <= keepOversize {
		return
	}
	u.cut += int64(u.n - keepOversize)
	u.n = keepOversize
	u.squeeze()
}

// scratch lends buffers in which messages are put together.
var scratch = sync.Pool{New: func() any {
	buf := make([]byte, 0, chunkSize)
	return &buf
}}

const (
	// maxScratch is the largest buffer that is lent again.
	maxScratch = 4 << 20

	// minOwn is the size from which on a message may get a buffer of its own.
	minOwn = 256 << 10
)

// room returns a buffer for the next message: one of its own, which need not be copied in the end, if
// the message before was large, for it may be of the same size; otherwise a lent one.
func (c *Conn) room() (buf []byte, lent *[]byte) {
	if c.large > 0 {
		return make([]byte, 0, c.large+chunkSize/2), nil
	}
	lent = scratch.Get().(*[]byte)
	return (*lent)[:0], lent
}

// kept returns the message for its receiver to keep, with little memory after its end.
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

func (c *Conn) agreeToData() ([]byte, error) {
	return c.compose("354 End data with <CR><LF>.<CR><LF>"), nil
}

// message takes the message after DATA through its turns, before it and at its end, if the client was told to send it. If that
// was a lie, the message is an orphan, without a transaction.
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
	if !early && act.interrupts() && u.source == act.After { // by its last byte; what is pending is not of it
		early, act = true, c.due(act)
		if err := c.interrupt(&act, u.buf[:u.n]); err != nil {
			return err
		}
	}
	u.limit(c.cfg.MaxSize)
	if u.cut > 0 && u.buf[u.n-1] == '\r' { // half a line end would look like a bare CR
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

// reached reports whether so much of the message, whose end has not come, is there that the action for its
// body is due.
func (c *Conn) reached(act *Action, u *unstuffer) bool {
	return act.interrupts() && u.source+int64(len(u.pending())) >= act.After
}

// more reads from the client. Where an action is due at a certain byte, it reads up to there and
// not further.
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

// lost keeps the beginning of a message whose end never came.
func (c *Conn) lost(data []byte) {
	t := c.begin(Body, "", nil)
	t.Payload = bytes.Clone(data)
	t.note(Note{Kind: MessageUnfinished})
	c.handler.Reply(t)
	c.after(t)
}

// due returns what the Handler wants in the middle of a message, of which so much has come as it has asked for at its beginning.
func (c *Conn) due(act Action) Action {
	if act.After == 0 {
		return act
	}
	c.begin(Body, "", nil).Reached = act.After
	act = *c.ask()
	act.After = 0
	return act
}

// interrupt does in the middle of a message what the Handler wants there, if anything.
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

// complete takes a whole message through its turn. If it was replied to before its end, nothing
// more is said.
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
			own = []byte("250 2.1.5 Delivered\r\n")
		}
		return c.finishLMTP(own, Action{})
	}
	if act := c.ask(); own == nil && !act.decides() {
		own = c.acceptance()
	}
	return c.finish(own)
}

// acceptance is the server's own reply to a message that it takes.
func (c *Conn) acceptance() []byte { return c.compose("250 2.0.0 Message accepted") }

// finish concludes the message of the turn.
func (c *Conn) finish(own []byte) error {
	if err := c.conclude(own); err != nil {
		return err
	}
	c.endTransaction()
	return nil
}

// LineEnds says which line ends of a message are none, and which of them could hide a second
// message from one of two servers (the "SMTP smuggling" of 2023). It is nil if there are none of
// them. No turn has it in its Notes: to look at a large message takes longer than to receive it.
func LineEnds(data []byte) []Note {
	crlf := bytes.Count(data, []byte("\r\n"))
	lf, cr := bytes.Count(data, []byte("\n"))-crlf, bytes.Count(data, []byte("\r"))-crlf
	if lf == 0 && cr == 0 {
		return nil
	}
	var notes []Note
	if lf > 0 {
		notes = append(notes, Note{Kind: MessageBareLF, Count: int64(lf)})
	}
	if cr > 0 {
		notes = append(notes, Note{Kind: MessageBareCR, Count: int64(cr)})
	}
	for _, end := range []string{"\n.\n", "\n.\r\n", "\r.\r", "\n.\r", "\r.\n", "\r.\r\n", "\r\n\x00.\r\n"} {
		if i := indexEnd(data, end); i >= 0 {
			notes = append(notes, Note{Kind: HiddenEnd, Text: end, Offset: int64(i)})
		}
	}
	return notes
}

// indexEnd returns where such an end of a message is, or -1. A dot after CRLF is none: it was doubled.
func indexEnd(data []byte, end string) int {
	for from := 0; ; {
		i := bytes.Index(data[from:], []byte(end))
		if i < 0 {
			return -1
		}
		i += from
		if i == 0 || data[i-1] != '\r' || end[0] != '\n' {
			return i
		}
		from = i + 1
	}
}
