package wire

// Whole connections, fed with anything in pieces of any size.

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/seed078e9d8c/maillab/internal/memnet"
)

// recorder is a Handler that lets everything pass and keeps it.
type recorder struct {
	turns []Turn
	ends  []Ending
	ended chan struct{}
}

func (r *recorder) Capabilities(bool) []string { return []string{"PIPELINING", "CHUNKING"} }
func (r *recorder) Before(*Turn) Action        { return Action{} }
func (r *recorder) Reply(*Turn)                {}

func (r *recorder) After(t *Turn) {
	if t.Crash != nil {
		panic(fmt.Sprintf("%v\n%s", t.Crash.Value, t.Crash.Stack))
	}
	if t.Again {
		last := &r.turns[len(r.turns)-1]
		last.Reply = last.Reply[:t.Sent]
		return
	}
	kept := *t
	kept.Line, kept.Reply = bytes.Clone(t.Line), bytes.Clone(t.Reply[:t.Sent])
	kept.Notes = slices.DeleteFunc(slices.Clone(t.Notes), func(note Note) bool {
		return note.Kind == ReplyNotAwaited // which depends on the pieces
	})
	r.turns = append(r.turns, kept)
}

func (r *recorder) NewSession(*smtp.Conn) (smtp.Session, error) { return r, nil }
func (r *recorder) Mail(string, *smtp.MailOptions) error        { return nil }
func (r *recorder) Rcpt(string, *smtp.RcptOptions) error        { return nil }
func (r *recorder) Data(m io.Reader) error                      { _, err := io.Copy(io.Discard, m); return err }
func (r *recorder) Reset()                                      {}
func (r *recorder) Logout() error                               { return nil }
func (r *recorder) AuthMechanisms() []string                    { return []string{"PLAIN"} }
func (r *recorder) Auth(mechanism string) (sasl.Server, error) {
	if mechanism != "PLAIN" {
		return nil, smtp.ErrAuthUnknownMechanism
	}
	return sasl.NewPlainServer(func(_, _, password string) error {
		if password != "right" {
			return errors.New("wrong")
		}
		return nil
	}), nil
}

func (r *recorder) End(how Ending) {
	r.ends = append(r.ends, how)
}

func (r *recorder) Closed() { close(r.ended) }

// converse feeds a connection with input in pieces, closes the client's side, and returns what was
// recorded and what the client got to read.
func converse(t *testing.T, cfg *Config, input []byte, pieces []byte) (*recorder, []byte) {
	t.Helper()
	r := &recorder{ended: make(chan struct{})}
	return r, converseWith(t, r, r.ended, cfg, input, pieces)
}

// converseWith does so with any Handler, whose End closes ended.
func converseWith(t *testing.T, h Handler, ended <-chan struct{}, cfg *Config, input []byte, pieces []byte) []byte {
	t.Helper()
	addr := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 25}
	client, server := memnet.Pipe(addr, addr)
	defer client.Close()
	c := New(server, cfg, h)
	c.Serve()
	go func() {
		rest := input
		for i := 0; len(rest) > 0; i++ {
			n := len(rest)
			if len(pieces) > 0 {
				n = min(n, 1+int(pieces[i%len(pieces)]))
			}
			if _, err := client.Write(rest[:n]); err != nil {
				return // after QUIT
			}
			rest = rest[n:]
		}
		client.CloseWrite()
	}()
	client.SetReadDeadline(time.Now().Add(20 * time.Second))
	read, err := io.ReadAll(client)
	if timedOut(err) { // a reset is fine: the server has closed and not read all
		c.Shut()
		<-ended
		t.Fatalf("the connection does not end: %v", err)
	}
	<-ended
	return read
}

func FuzzSession(f *testing.F) {
	const begin = "EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n"
	for _, input := range []string{
		"", "QUIT\r\n", "\r\n\r\n", "NOOP", "EHLO x\nNOOP\n", "QUIT\r\nNOOP\r\n",
		begin + "DATA\r\n..a\r\n.\r\nQUIT\r\n",
		begin + "DATA\r\n.\r\n" + begin + "DATA\r\nx\r\n.\r",
		begin + "BDAT 3\r\nabcBDAT 0\r\nRSET\r\nBDAT 3 LAST\r\nabcBDAT 2",
		begin + "BDAT 3\r\nabcBDAT 4 LAST\r\nd\r\n.QUIT\r\n",
		begin + "BDAT 100\r\nabc",
		begin + "BDAT 2000 LAST\r\n" + strings.Repeat("x", 2000) + "NOOP\r\n",
		begin + "DATA\r\n" + strings.Repeat("line\r\n", 400) + ".\r\nNOOP\r\n",
		begin + "MAIL FROM:<>\r\nDATA\r\n\n.\n\r.\r\n.\rx\r\n.\r\n",
		"EHLO x\r\nAUTH PLAIN\r\nAGEAcmlnaHQ=\r\nAUTH PLAIN\r\n",
		"EHLO x\r\nAUTH PLAIN\r\n*\r\nAUTH PLAIN AGEAYg==\r\nAUTH PLAIN !\r\nAUTH PLAIN\r\n=\r\nAUTH\r\nAUTH X\r\n",
		"EHLO x\r\nMAIL FROM:<a@b> SIZE=99999999999999999999 AUTH=<>\r\nMAIL FROM:<\"a>\\\"\"@b> SIZE=5000000000\r\nRCPT TO:<postmaster> X\r\n",
		"STARTTLS\r\nHELP\r\nVRFY x\r\nEXPN x\r\nXYZZY\r\n\x00\xff\r\nRSET x\r\nHELO\r\nHELO y\r\n",
		"NOOP " + strings.Repeat("x", 17000) + "\r\nNOOP\r\n",
		strings.Repeat("x\r\n", 1100),
		begin + "DATA\r\n.\r\n" + strings.Repeat("x", 17000) + "\r\nNOOP\r\n",
	} {
		f.Add([]byte(input), []byte(nil))
		f.Add([]byte(input), []byte{0})
		f.Add([]byte(input), []byte{3, 200, 0, 17})
	}
	cfg := &Config{Name: "localhost", MaxSize: 1000, MaxRecipients: 5}
	f.Fuzz(func(t *testing.T, input, pieces []byte) {
		whole, read := converse(t, cfg, input, nil)
		check(t, whole, read, input)
		inPieces, read := converse(t, cfg, input, pieces)
		check(t, inPieces, read, input)
		said := func(r *recorder) (s []string) {
			for _, turn := range r.turns {
				s = append(s, turn.Verb, string(turn.Line), string(turn.Payload), string(turn.Reply), fmt.Sprint(turn.Notes))
			}
			return append(s, fmt.Sprint(r.ends))
		}
		if a, b := said(whole), said(inPieces); !slices.Equal(a, b) {
			t.Errorf("in one piece the dialogue is\n%q, in pieces %q", a, b)
		}
	})
}

// check checks what must be true of any dialogue.
func check(t *testing.T, r *recorder, read, input []byte) {
	t.Helper()
	if len(r.ends) != 1 {
		t.Errorf("got %d ends, want 1: %v", len(r.ends), r.ends)
	} else if r.ends[0].Kind == ServerFailed {
		t.Errorf("go-smtp ended the session after %q", r.turns[len(r.turns)-1].Line)
	}
	var sent []byte
	for _, turn := range r.turns {
		sent = append(sent, turn.Reply...)
		if len(turn.Reply) > 0 && !bytes.HasSuffix(turn.Reply, []byte("\r\n")) {
			t.Errorf("%s %q: got the reply %q, want whole lines", turn.Verb, turn.Line, turn.Reply)
		}
		if len(turn.Reply) == 0 && turn.Kind == Command && len(turn.Notes) == 0 {
			t.Errorf("%s %q: got no reply and no note", turn.Verb, turn.Line)
		}
		if turn.Kind == End && turn.Verb == "" && turn.Accepted && len(turn.Notes) == 0 {
			if raw := append(stuff(turn.Payload), ".\r\n"...); !bytes.Contains(input, raw) {
				t.Errorf("a message was received as %q, which the client did not send", turn.Payload)
			}
		}
		if turn.Kind == Command && turn.Verb == "BDAT" && !bytes.Contains(input, turn.Payload) {
			t.Errorf("a chunk was received as %q, which the client did not send", turn.Payload)
		}
	}
	if !bytes.Equal(sent, read) {
		t.Errorf("the transcript has the replies\n%q, the client read\n%q", sent, read)
	}
}

// stuff doubles the dots that begin lines.
func stuff(message []byte) []byte {
	s := strings.ReplaceAll(string(message), "\r\n.", "\r\n..")
	if strings.HasPrefix(s, ".") {
		s = "." + s
	}
	return []byte(s)
}

func FuzzLine(f *testing.F) {
	f.Add([]byte("a\r\nb\nc\rd\r\n\r\n\n"), uint16(1))
	f.Add([]byte(strings.Repeat("x", 20000)+"\r\ny\r\nz"), uint16(4096))
	f.Add(bytes.Repeat([]byte("abc\r\n"), 2000), uint16(7))
	f.Fuzz(func(t *testing.T, input []byte, piece uint16) {
		l := lineReader{src: &pieceReader{input, max(1, int(piece))}}
		rest := input
		for {
			line, _, err := l.line()
			i := bytes.IndexByte(rest, '\n')
			switch {
			case err == io.EOF:
				want := rest
				if len(rest) >= maxLine {
					want = rest[:keepLine]
				}
				if i >= 0 || !bytes.Equal(line, want) {
					t.Fatalf("at the end: got %q, want %q", line, want)
				}
				return
			case err == errLineTooLong:
				if i < maxLine || !bytes.Equal(line, rest[:keepLine]) {
					t.Fatalf("got %.50q of a long line, want the beginning of %.50q, which has %d bytes", line, rest, i)
				}
			case err == errLineEndless:
				if !bytes.Equal(line, rest[:keepLine]) {
					t.Fatalf("got %.50q of an endless line", line)
				}
				return // where it goes on depends on the pieces
			case err != nil || i < 0 || i >= maxLine:
				t.Fatalf("got %q, %v of %q", line, err, rest)
			default:
				if want := bytes.TrimSuffix(rest[:i], []byte("\r")); !bytes.Equal(line, want) {
					t.Fatalf("got %q, want %q", line, want)
				}
			}
			rest = rest[i+1:]
		}
	})
}

// pieceReader reads in pieces.
type pieceReader struct {
	rest []byte
	size int
}

func (r *pieceReader) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), r.size)], r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func FuzzPath(f *testing.F) {
	for _, arg := range []string{
		"FROM:<a@b>", "FROM:<>", "TO: <\"a>b\"@c> X=1 Y", "TO:<@a,@b:c@d> NOTIFY=NEVER", "FROM:a@b SIZE=1", "FROM:<a@b> AUTH=<>", "<", ":", "x:<\"",
	} {
		f.Add(arg)
	}
	f.Fuzz(func(t *testing.T, arg string) {
		address, _, params, _ := path(arg)
		if !strings.Contains(arg, address) {
			t.Errorf("path(%q): the address %q is not in it", arg, address)
		}
		for _, p := range params {
			if p == "" || strings.ContainsAny(p, " \t") || !strings.Contains(arg, p) {
				t.Errorf("path(%q): got the parameter %q", arg, p)
			}
		}
	})
}
