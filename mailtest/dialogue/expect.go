package dialogue

// The expectations of a player about the other side.

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/seed078e9d8c/maillab/internal/wildcard"
)

// silence waits until the other side has said nothing for as long as it is to.
func (p *play) silence() error {
	if !p.silent {
		return nil
	}
	p.silent = false
	p.Conn.SetReadDeadline(p.since.Add(p.pause))
	_, err := p.in.Peek(1)
	if isTimeout(err) {
		return nil
	}
	return p.early(err)
}

// punctual waits for the next thing that the other side does, which is to be in time.
func (p *play) punctual() error {
	p.silent = false
	p.Conn.SetReadDeadline(p.since.Add(p.pause + p.patience()))
	if !p.Exact && (p.pause == 0 || !p.acted) {
		return nil // of a connection that was there before, nobody knows since when the other side has been silent
	}
	_, err := p.in.Peek(1)
	switch after := time.Since(p.since); {
	case after < p.pause:
		return p.early(err)
	case p.Exact && after > p.pause && !isTimeout(err):
		return fmt.Errorf("it came after %v, not after %v", after, p.pause)
	}
	return nil
}

// early says what the other side has done too early, or where Peek gives err, how the connection ended.
func (p *play) early(err error) error {
	after := time.Since(p.since)
	if err != nil {
		return fmt.Errorf("the connection ended after %v, not after %v: %w", after, p.pause, err)
	}
	head, err := p.readLine()
	if err != nil {
		return err
	}
	return fmt.Errorf("%s came after %v, not after %v", quoted(head), after, p.pause)
}

// readLine reads a line of the other side's.
func (p *play) readLine() (string, error) {
	line, err := p.in.ReadString('\n')
	p.heard(line)
	if err != nil {
		return "", fmt.Errorf("got %s and %w", quoted(line), err)
	}
	return strings.TrimSuffix(line, "\r\n"), nil
}

// heard tells of what the other side has sent.
func (p *play) heard(said string) {
	if p.Heard != nil {
		io.WriteString(p.Heard, said)
	}
}

func (p *play) expect(parts []string) error {
	got, err := p.readLine()
	if err == nil && !wildcard.MatchParts(parts, got) {
		err = fmt.Errorf("got %s", quoted(got))
	}
	return err
}

// expectReply passes over all lines of a reply but the last.
func (p *play) expectReply(parts []string) error {
	for {
		got, err := p.readLine()
		if err != nil {
			return err
		}
		if len(got) < 4 || got[3] != '-' {
			if !wildcard.MatchParts(parts, got) {
				return fmt.Errorf("got %s", quoted(got))
			}
			return nil
		}
	}
}

// expectLines passes over all lines before one.
func (p *play) expectLines(parts []string) error {
	for {
		got, err := p.readLine()
		if err != nil || wildcard.MatchParts(parts, got) {
			return err
		}
	}
}

func (p *play) expectBytes(want string) error {
	got := make([]byte, len(want))
	n, err := io.ReadFull(p.in, got)
	p.heard(string(got[:n]))
	if err != nil {
		return fmt.Errorf("got %s and %w", quoted(string(got[:n])), err)
	}
	if string(got) != want {
		return fmt.Errorf("got %s", quoted(string(got)))
	}
	return nil
}

// windowsReset is how Windows reports an RST: WSAECONNRESET.
const windowsReset = syscall.Errno(10054)

func (p *play) expectEnd(how string) error {
	rest, err := io.ReadAll(p.in)
	p.heard(string(rest))
	ok := false
	switch how {
	case "close", "closewrite":
		ok = err == nil && (p.side == "s" || p.fin == nil || !p.fin.seen)
	case "cut":
		ok = errors.Is(err, io.ErrUnexpectedEOF) || err == nil && (p.fin == nil || p.fin.seen)
	case "reset":
		ok = errors.Is(err, syscall.ECONNRESET) || errors.Is(err, windowsReset)
	}
	p.ended = p.ended || ok && how != "closewrite"
	if err == nil {
		err = io.EOF
	}
	if len(rest) > 0 || !ok {
		return fmt.Errorf("got %s and %w", quoted(string(rest)), err)
	}
	return nil
}

// quoted returns what the other side has sent for the text of an error, of a long text the beginning.
func quoted(s string) string {
	const most = 1000
	if len(s) <= most {
		return strconv.Quote(s)
	}
	head := s[:most]
	for !utf8.RuneStart(s[len(head)]) && len(head) > most-utf8.UTFMax {
		head = head[:len(head)-1]
	}
	return fmt.Sprintf("%q… (%d bytes)", head, len(s))
}
