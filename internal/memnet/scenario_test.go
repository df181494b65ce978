package memnet_test

// This file has scenarios of TCP connections and how they end, written as text.

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience is what an operation may take before a scenario has failed.
const patience = 10 * time.Second

// A scenario is played by the ends a and b of one connection. Its steps are "END VERB [ARGUMENT] ->
// RESULT". The result of a read is the bytes; that of other operations is "ok"; errors have the names in
// outcome. "END awaits WHAT" lets a real network settle.
type scenario struct {
	name  string
	steps []string
}

var scenarios = []scenario{
	{"orderly close", []string{
		"a writes hi -> ok",
		"a closes -> ok",
		"b reads -> hi",
		"b reads -> EOF",
		"b reads -> EOF",
		"b closes -> ok",
	}},
	{"write after orderly close", []string{
		"a writes bye -> ok",
		"a closes -> ok",
		"b awaits FIN",
		"b writes QUIT -> ok",
		"b awaits RST",
		"b writes QUIT -> EPIPE",
		"b writes QUIT -> EPIPE",
		"b reads -> bye",
		"b reads -> EOF",
		"b closes -> ok",
	}},
	{"empty write after orderly close", []string{
		"a closes -> ok",
		"b awaits FIN",
		"b writes  -> ok",
		"b writes  -> ok",
		"b writes x -> ok",
		"b awaits RST",
		"b writes  -> EPIPE",
	}},
	{"large write after orderly close", []string{
		"a closes -> ok",
		"b awaits FIN",
		"b writes 8MiB -> EPIPE",
	}},
	{"close with unread data", []string{
		"a writes hi -> ok",
		"b writes lost -> ok",
		"a awaits data",
		"a closes -> ok",
		"b awaits RST",
		"b reads -> hi",
		"b reads -> ECONNRESET",
		"b reads -> EOF",
		"b writes x -> EPIPE",
	}},
	{"close with some unread data", []string{
		"b writes hello -> ok",
		"a reads1 -> h",
		"a closes -> ok",
		"b awaits RST",
		"b reads -> ECONNRESET",
	}},
	{"reset seen by read", []string{
		"a aborts -> ok",
		"b awaits RST",
		"b reads -> ECONNRESET",
		"b reads -> EOF",
		"b writes x -> EPIPE",
		"b closes -> ok",
	}},
	{"reset seen by write", []string{
		"a aborts -> ok",
		"b awaits RST",
		"b writes x -> ECONNRESET",
		"b writes x -> EPIPE",
		"b reads -> EOF",
	}},
	{"reset after data", []string{
		"a writes hi -> ok",
		"b awaits data",
		"a aborts -> ok",
		"b awaits RST",
		"b reads -> hi",
		"b reads -> ECONNRESET",
	}},
	{"reset after FIN", []string{
		"a half-closes -> ok",
		"b awaits FIN",
		"a aborts -> ok",
		"b awaits RST",
		"b reads -> EOF",
		"b writes x -> EPIPE",
	}},
	{"close after reset", []string{
		"b writes lost -> ok",
		"a aborts -> ok",
		"b awaits RST",
		"b half-closes -> ENOTCONN",
		"b stops reading -> ENOTCONN",
		"b closes -> ok",
	}},
	{"linger undone", []string{
		"a lingers 0 -> ok",
		"a lingers -1 -> ok",
		"a closes -> ok",
		"b reads -> EOF",
	}},
	{"lingering close", []string{
		"a writes hi -> ok",
		"a lingers 1 -> ok",
		"a closes -> ok",
		"b reads -> hi",
		"b reads -> EOF",
	}},
	{"half-close", []string{
		"a writes request -> ok",
		"a half-closes -> ok",
		"b reads -> request",
		"b reads -> EOF",
		"b writes answer -> ok",
		"a reads -> answer",
		"a writes x -> EPIPE",
		"a half-closes -> ok",
		"b closes -> ok",
		"a reads -> EOF",
		"a closes -> ok",
	}},
	{"both half-close", []string{
		"a half-closes -> ok",
		"b awaits FIN",
		"b half-closes -> ok",
		"a reads -> EOF",
		"b reads -> EOF",
		"a writes x -> EPIPE",
		"b writes x -> EPIPE",
	}},
	{"half-close then close with unread data", []string{
		"a half-closes -> ok",
		"b awaits FIN",
		"b writes lost -> ok",
		"a awaits data",
		"a closes -> ok",
		"b awaits RST",
		"b reads -> EOF",
		"b writes x -> EPIPE",
	}},
	{"close with unread data after both half-close", []string{
		"b writes lost -> ok",
		"a awaits data",
		"a half-closes -> ok",
		"b awaits FIN",
		"b half-closes -> ok",
		"a closes -> ok",
		"b reads -> EOF",
		"b writes x -> EPIPE",
	}},
	{"unread data after the peer's close", []string{
		"a writes lost -> ok",
		"a half-closes -> ok",
		"b awaits data",
		"b closes -> ok",
		"a awaits RST",
		"a reads -> ECONNRESET",
		"a reads -> EOF",
	}},
	{"read side closed", []string{
		"b writes one -> ok",
		"a awaits data",
		"a stops reading -> ok",
		"a reads -> one",
		"a reads -> EOF",
		"b writes two -> ok",
		"a awaits data",
		"a writes three -> ok",
		"b reads -> three",
	}},
	{"both sides closed", []string{
		"a stops reading -> ok",
		"a half-closes -> ok",
		"b awaits FIN",
		"b writes lost -> ok",
		"b awaits RST",
		"b writes x -> EPIPE",
		"b reads -> EOF",
		"a reads -> ECONNRESET",
		"a reads -> EOF",
		"a writes x -> EPIPE",
	}},
	{"use after own close", []string{
		"a closes -> ok",
		"a reads -> ErrClosed",
		"a reads0 -> ErrClosed",
		"a writes x -> ErrClosed",
		"a closes -> ErrClosed",
		"a half-closes -> ErrClosed",
		"a stops reading -> ErrClosed",
		"a lingers 0 -> ErrClosed",
		"a times out -> ErrClosed",
	}},
	{"deadline in the past", []string{
		"b writes hi -> ok",
		"a awaits data",
		"a times out -> ok",
		"a reads0 -> ",
		"a reads -> timeout",
		"a writes x -> timeout",
		"a half-closes -> ok",
		"b reads -> EOF",
	}},
}

func TestScenarios(t *testing.T) {
	t.Parallel()
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			a, b := pipe(t)
			s.play(t, a, b, nil)
		})
	}
}

// end is what *memnet.Conn and *net.TCPConn have in common.
type end interface {
	net.Conn
	CloseRead() error
	CloseWrite() error
	SetLinger(sec int) error
}

// play plays the scenario, and returns the texts of the errors, the addresses being replaced by letters.
func (s scenario) play(t *testing.T, a, b end, await func(t *testing.T, c net.Conn, what string)) []string {
	t.Helper()
	letters := strings.NewReplacer(a.LocalAddr().String(), "A", b.LocalAddr().String(), "B")
	a.SetDeadline(time.Now().Add(patience))
	b.SetDeadline(time.Now().Add(patience))
	texts := make([]string, len(s.steps))
	for i, step := range s.steps {
		do, want, _ := strings.Cut(step, " -> ")
		who, do, _ := strings.Cut(do, " ")
		c := map[string]end{"a": a, "b": b}[who]
		if what, ok := strings.CutPrefix(do, "awaits "); ok {
			if await != nil {
				await(t, c, what)
			}
			continue
		}
		data, err := perform(c, do)
		if got := outcome(data, err); got != want {
			t.Errorf("%s: got %s (%v)", step, got, err)
		}
		texts[i] = letters.Replace(fmt.Sprint(err))
	}
	return texts
}

// perform does one step of a scenario, and returns what was read.
func perform(c end, do string) (data string, err error) {
	verb, argument, _ := strings.Cut(do, " ")
	switch verb {
	case "reads", "reads0", "reads1":
		p := make([]byte, map[string]int{"reads": 100, "reads0": 0, "reads1": 1}[verb])
		n, err := c.Read(p)
		return string(p[:n]), err
	case "writes":
		if argument == "8MiB" {
			argument = strings.Repeat("x", 8<<20)
		}
		_, err = c.Write([]byte(argument))
	case "closes":
		err = c.Close()
	case "aborts":
		err = errors.Join(c.SetLinger(0), c.Close())
	case "half-closes":
		err = c.CloseWrite()
	case "stops":
		err = c.CloseRead()
	case "lingers":
		sec := 0
		if _, err := fmt.Sscan(argument, &sec); err != nil {
			return "", err
		}
		err = c.SetLinger(sec)
	case "times":
		err = c.SetDeadline(time.Unix(1, 0))
	default:
		return "", fmt.Errorf("unknown verb %q", verb)
	}
	if err != nil {
		return "", err
	}
	return "ok", nil
}

// outcome names the result of a step.
func outcome(data string, err error) string {
	for _, known := range []struct {
		name string
		err  error
	}{
		{"EOF", io.EOF},
		{"ECONNRESET", syscall.ECONNRESET},
		{"EPIPE", syscall.EPIPE},
		{"ENOTCONN", syscall.ENOTCONN},
		{"ErrClosed", net.ErrClosed},
		{"timeout", os.ErrDeadlineExceeded},
	} {
		if errors.Is(err, known.err) {
			if e := net.Error(nil); known.err != io.EOF && (!errors.As(err, &e) || e.Timeout() != (known.name == "timeout")) {
				return fmt.Sprintf("%#v", err)
			}
			return known.name
		}
	}
	if err != nil {
		return err.Error()
	}
	return data
}
