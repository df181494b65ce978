package wire

// Chunks (RFC 3030): BDAT commands, and the message that they carry.

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// chunk takes a BDAT command through its turn. The chunk follows the command even if the command is refused (RFC 3030
// §2).
func (c *Conn) chunk() error {
	t, s := &c.turn, &c.state
	size, last, ok := chunkArgs(t.Arg())
	refuse := ""
	if ok {
		refuse = c.refuseChunk(size)
	}
	if ok && refuse == "" && !s.chunking {
		command := *t
		c.begin(Body, "", nil)
		s.body = *c.ask()
		*t = command
	}
	t.Line = bytes.Clone(t.Line)
	later := ok && c.bodyDue(size) // an action in the middle of the chunk may leave nothing to ask
	if !later {
		act := c.ask()
		if !ok {
			return c.conclude(oneLine("501 5.5.4 Usage: BDAT size [LAST]"))
		}
		if act.Drop != NoDrop && act.After == 0 && act.Reply == nil {
			return c.conclude(nil)
		}
	}
	chunk, replied, err := c.readChunk(size)
	if replied {
		return err
	}
	t.Payload, t.Received = chunk, time.Now()
	if err != nil {
		t.note(Note{Kind: ChunkUnfinished})
		c.handler.Reply(t)
		c.after(t)
		return err
	}
	if later {
		c.ask()
	}
	if refuse != "" || t.Action.decides() {
		var own []byte
		if refuse != "" {
			own = oneLine(refuse)
		}
		return c.finish(own) // the transaction is over (RFC 3030 §2)
	}
	s.chunking = true
	if !last {
		s.chunks, s.chunked = append(s.chunks, chunk), s.chunked+int64(len(chunk))
		return c.conclude(fmt.Appendf(nil, "250 2.0.0 %d octets received\r\n", size))
	}
	command := *t
	t = c.begin(End, "BDAT", command.Line)
	t.Notes, t.Received = command.Notes, command.Received
	t.Payload = slices.Clip(chunk)
	if len(s.chunks) > 0 {
		t.Payload = slices.Concat(append(s.chunks, chunk)...)
	}
	if c.cfg.LMTP {
		return c.finishLMTP(c.acceptance(), command.Action)
	}
	var own []byte
	if !c.askLast(command.Action).decides() {
		own = c.acceptance()
	}
	return c.finish(own)
}

// refuseChunk returns the reply that refuses a chunk of the given size, or "" if the chunk can be taken.
func (c *Conn) refuseChunk(size int64) string {
	refuse := c.noRecipients()
	if refuse == "" && size > c.cfg.MaxSize-c.state.chunked {
		refuse = fmt.Sprintf("552 5.3.4 Message too big, the limit is %d bytes", c.cfg.MaxSize)
	}
	return refuse
}

// askLast shows the complete message to the Handler. The last BDAT and the message have one reply, so the Handler also
// sees command, the action that it returned for that BDAT.
func (c *Conn) askLast(command Action) *Action {
	c.turn.Action = command
	return c.ask()
}

// chunkArgs parses "size [LAST]".
func chunkArgs(arg string) (size int64, last, ok bool) {
	words := strings.Fields(arg)
	if len(words) == 0 || len(words) > 2 || !digits(words[0]) {
		return 0, false, false
	}
	size, err := strconv.ParseInt(words[0], 10, 64)
	if err != nil {
		return 0, false, false
	}
	last = len(words) == 2
	return size, last, !last || strings.EqualFold(words[1], "LAST")
}

// bodyDue reports whether the next size bytes of the message include the byte at which the action for the body is due.
func (c *Conn) bodyDue(size int64) bool {
	s := &c.state
	return s.body.interrupts() && s.body.After-s.chunked <= size
}

// readChunk reads a chunk of the message and carries out the Handler's action in the middle of it, if there is one. If
// that action replies to the client or drops the connection, replied is true and the transaction is over.
func (c *Conn) readChunk(size int64) (chunk []byte, replied bool, err error) {
	s := &c.state
	limit := c.cfg.MaxSize - s.chunked
	if !c.bodyDue(size) {
		chunk, err = c.readBytes(size, limit)
		return chunk, false, err
	}
	due := s.body.After - s.chunked
	if chunk, err = c.readBytes(due, limit); err != nil {
		return chunk, false, err
	}
	command := c.turn
	act := c.due(s.body)
	s.body = Action{}
	if replied = act.Drop != NoDrop || act.Reply != nil; replied {
		command.Action = Action{} // the command gets no reply of its own
		c.handler.Reply(&command)
		c.after(&command)
	}
	if err = c.interrupt(&act, slices.Concat(append(s.chunks, chunk)...)); err != nil {
		return chunk, true, err
	}
	rest, err := c.readBytes(size-due, limit-due)
	chunk = append(chunk, rest...)
	if !replied {
		c.turn = command
		return chunk, false, err
	}
	t := c.begin(Body, "", nil)
	t.Payload = slices.Concat(append(s.chunks, chunk)...)
	c.handler.Reply(t)
	c.after(t)
	c.endTransaction()
	return chunk, true, err
}

// readBytes reads size bytes. It returns all of them if size is within limit, and otherwise only the first ones.
func (c *Conn) readBytes(size, limit int64) ([]byte, error) {
	keep := size
	if size > limit {
		keep = min(size, keepOversize)
	}
	chunk := make([]byte, 0, min(keep, chunkSize))
	for int64(len(chunk)) < keep {
		if len(c.in.buffered()) > 0 {
			chunk = append(chunk, c.in.take(int(min(keep-int64(len(chunk)), maxDiscard)))...)
			continue
		}
		if len(chunk) == cap(chunk) {
			chunk = slices.Grow(chunk, int(min(keep-int64(len(chunk)), int64(max(chunkSize, len(chunk))))))
		}
		room := chunk[len(chunk):cap(chunk)]
		n, err := c.conn.Read(room[:min(int64(len(room)), keep-int64(len(chunk)))])
		chunk = chunk[:len(chunk)+n]
		if n == 0 {
			return chunk, middle(err, "chunk")
		}
	}
	rest := size - keep
	rest -= int64(len(c.in.take(int(min(rest, maxDiscard)))))
	if rest > 0 {
		if _, err := io.CopyN(io.Discard, c.conn, rest); err != nil {
			return chunk, middle(err, "chunk")
		}
	}
	return chunk, nil
}
