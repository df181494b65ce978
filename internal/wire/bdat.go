package wire

// Chunks (RFC 3030): the wire counts and collects them; the engine sees one empty last chunk.

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// bdat takes a BDAT command through its turn. Its chunk follows even where the command is refused (RFC 3030 §2).
func (c *Conn) bdat() error {
	t, s := &c.turn, &c.state
	size, last, ok := chunkArgs(t.Arg())
	if !ok {
		return c.conclude(line2("501 5.5.4 Usage: BDAT size [LAST]"))
	}
	t.Line = bytes.Clone(t.Line)
	if act := &t.Action; act.Drop != NoDrop && act.After == 0 && act.Reply == nil {
		return c.conclude(nil)
	}
	chunk, err := c.readChunk(size, c.cfg.MaxSize-int64(len(s.chunks)))
	t.Payload, t.Received = chunk, time.Now()
	if err != nil {
		t.Notes = append(t.Notes, "the chunk was not completed")
		c.handler.Reply(t)
		c.handler.After(t)
		return err
	}
	refuse := ""
	switch {
	case !s.mail:
		refuse = "503 5.5.1 Need MAIL before BDAT"
	case s.tried == 0:
		refuse = "503 5.5.1 Need RCPT before BDAT"
	case s.rcpt == 0:
		refuse = "554 5.5.1 No valid recipients"
	case size > c.cfg.MaxSize-int64(len(s.chunks)):
		refuse = fmt.Sprintf("552 5.3.4 Message too big, the limit is %d bytes", c.cfg.MaxSize)
	}
	if refuse != "" || t.Action.keepsFromEngine() {
		var own []byte
		if refuse != "" {
			own = line2(refuse)
		}
		err := c.conclude(own)
		if s.mail { // after a refused chunk the transaction is over (RFC 3030 §2)
			s.transaction = transaction{}
			c.tell("RSET")
		}
		return err
	}
	s.chunking = true
	s.chunks = append(s.chunks, chunk...)
	if !last {
		return c.conclude(fmt.Appendf(nil, "250 2.0.0 %d octets received\r\n", size))
	}
	line, notes, received := t.Line, t.Notes, t.Received
	command := t.Action
	t = c.begin(End, "BDAT", line)
	t.Notes, t.Received = notes, received
	t.Payload = slices.Clip(s.chunks)
	if c.cfg.LMTP {
		return c.finishLMTP(line, t.Payload, 0, notes, []byte("250 2.1.5 Delivered\r\n"), "BDAT 0 LAST")
	}
	if c.ask().Rule == 0 {
		t.Action = command
	}
	if t.Action.keepsFromEngine() {
		err := c.conclude(nil)
		c.tell("RSET")
		return err
	}
	return c.pass("BDAT", "0 LAST")
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

// readChunk reads size bytes and keeps them all if they are within limit, and otherwise only their beginning.
func (c *Conn) readChunk(size, limit int64) ([]byte, error) {
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

// middle says in the middle of what the client has gone.
func middle(err error, of string) error {
	if err == io.EOF {
		return endError("the client closed the connection in the middle of the " + of)
	}
	return err
}
