package pop3

// The session: its states, its commands, and the replies to them.

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/internal/access"
)

const (
	// maxLine is the maximum length of a command in bytes. RFC 2449 §4 allows 255, and RFC 5034 §4 allows 12,288 for
	// an AUTH response.
	maxLine = 16 << 10

	// maxErrors is the number of commands of a session that may fail.
	maxErrors = 1000
)

// session is a connection that is being served. Only its own goroutine uses it.
type session struct {
	server *Server
	conn   *access.Conn
	stamp  string    // of the greeting, for APOP
	claim  string    // the name given by USER
	key    string    // of the mailbox that the session has locked, if any
	drop   *maildrop // since the login; nil before that
	errors int
	quit   bool // after QUIT
	tls    bool // after STLS: the handshake comes next
}

// command is a row of the table of commands.
type command struct {
	stage  mailtest.Stage
	before bool // allowed before the login
	after  bool // allowed after the login
	args   int  // the maximum number of arguments; -1 means that the rest of the line is one
	run    func(ss *session, t *access.Turn, args []string) error
}

// commands are the commands by their names (RFC 1939 §5 to §7, RFC 2449 §5, RFC 2595 §4, RFC 5034 §4, RFC 6856).
var commands map[string]command

func init() { // in init, since the functions refer to the table
	commands = map[string]command{
		"USER": {User, true, false, -1, (*session).user},
		"PASS": {Pass, true, false, -1, (*session).pass},
		"APOP": {Apop, true, false, 2, (*session).apop},
		"AUTH": {mailtest.Auth, true, false, 2, (*session).auth},
		"STLS": {mailtest.StartTLS, true, false, 0, (*session).stls},
		"CAPA": {Capa, true, true, 0, (*session).capa},
		"UTF8": {Utf8, true, false, 0, (*session).utf8},
		"LANG": {Lang, true, true, 1, (*session).lang},
		"QUIT": {mailtest.Quit, true, true, 0, (*session).bye},
		"STAT": {Stat, false, true, 0, (*session).stat},
		"LIST": {List, false, true, 1, (*session).list},
		"UIDL": {Uidl, false, true, 1, (*session).uidl},
		"RETR": {Retr, false, true, 1, (*session).retr},
		"TOP":  {Top, false, true, 2, (*session).top},
		"DELE": {Dele, false, true, 1, (*session).dele},
		"NOOP": {mailtest.Noop, false, true, 0, (*session).noop},
		"RSET": {mailtest.Rset, false, true, 0, (*session).rset},
	}
}

func newSession(s *Server, c *access.Conn) *session {
	ss := &session{server: s, conn: c}
	c.Leave = ss.leave
	return ss
}

// refusal is an error whose text goes to the client after -ERR.
type refusal string

func (r refusal) Error() string { return string(r) }

func refuse(format string, args ...any) error { return refusal(fmt.Sprintf(format, args...)) }

// errQuit ends a session after QUIT.
var errQuit = access.Ended(mailtest.ClientQuit, "")

// serve serves the session.
func (ss *session) serve() error {
	if err := ss.greet(); err != nil {
		return err
	}
	for {
		line, err := ss.conn.ReadLine(maxLine)
		switch {
		case errors.Is(err, access.ErrIdle):
			return access.Ended(mailtest.ServerClosed, "")
		case errors.Is(err, access.ErrTooMuch):
			return ss.tooMuch()
		case err != nil:
			return err
		}
		if err := ss.answer(line); err != nil {
			return err
		}
		switch {
		case ss.quit:
			return errQuit
		case ss.errors > maxErrors:
			return ss.tooMuch()
		case ss.tls:
			if err := ss.conn.StartTLS(); err != nil {
				return err
			}
			ss.tls, ss.claim = false, "" // RFC 2595 §4
		}
	}
}

// greet sends the greeting, with a time stamp for APOP.
func (ss *session) greet() error {
	t, err := ss.conn.Begin(mailtest.Greeting, "")
	if err != nil {
		return err
	}
	if t.Answered() {
		return end(t, access.Ended(mailtest.ServerClosed, "")) // -ERR
	}
	ss.stamp = ss.server.stamp(ss.conn.Number())
	fmt.Fprintf(t, "+OK POP3 server ready %s\r\n", ss.stamp)
	return t.End(true)
}

// tooMuch ends a session with too many errors.
func (ss *session) tooMuch() error {
	t, err := ss.conn.Begin(mailtest.Unknown, "")
	if err != nil {
		return err
	}
	t.WriteString("-ERR Too many errors, closing the connection\r\n")
	return end(t, access.Ended(mailtest.ServerClosed, ""))
}

// end ends a turn, and with it the session in the given way. It returns how the session ended.
func end(t *access.Turn, how error) error {
	t.Last(how)
	return cmp.Or(t.End(false), how)
}

// answer answers a command. The error says how the connection ended.
func (ss *session) answer(line access.Line) error {
	verb, rest, spaced := strings.Cut(string(line.Text), " ")
	cmd, known := commands[strings.ToUpper(verb)]
	text := redact(string(line.Text), known)
	if known = known && !ss.server.lacks(strings.ToUpper(verb)); !known {
		cmd.stage = mailtest.Unknown
	}
	t, err := ss.conn.Begin(cmd.stage, text, line.Notes...)
	if err != nil {
		return err
	}
	if t.Answered() {
		return t.End(false)
	}
	err = ss.refusalOf(cmd, known, line, spaced)
	if err == nil {
		err = cmd.run(ss, t, arguments(cmd, rest, spaced))
	}
	refused, ok := errors.AsType[refusal](err)
	switch {
	case ok:
		ss.errors++
		fmt.Fprintf(t, "-ERR %s\r\n", refused)
	case err != nil:
		return err
	}
	return t.End(err == nil)
}

// refusalOf returns the refusal of a command that is not allowed now, or nil.
func (ss *session) refusalOf(cmd command, known bool, line access.Line, spaced bool) error {
	_, rest, _ := strings.Cut(string(line.Text), " ")
	switch {
	case line.TooLong:
		return refuse("The line is too long")
	case bytes.IndexByte(line.Text, 0) >= 0:
		return refuse("A NUL in the line")
	case !known:
		return refuse("Unknown command")
	case ss.drop == nil && !cmd.before:
		return refuse("Log in first")
	case ss.drop != nil && !cmd.after:
		return refuse("You have logged in already")
	case cmd.args >= 0 && len(strings.Fields(rest)) > cmd.args:
		return refuse("Too many arguments")
	case cmd.args > 0 && strings.HasSuffix(rest, " "):
		return refuse("A space at the end of the line")
	}
	return nil
}

// arguments splits the arguments of a command.
func arguments(cmd command, rest string, spaced bool) []string {
	if cmd.args >= 0 {
		return strings.Fields(rest)
	}
	if !spaced {
		return nil
	}
	return []string{rest}
}

// redact returns a command line without credentials. A line that is not a command may be a password.
func redact(line string, known bool) string {
	verb, rest, _ := strings.Cut(line, " ")
	switch upper := strings.ToUpper(verb); {
	case !known && rest == "" && !isWord(verb), !known && rest != "":
		return "***"
	case upper == "PASS" && rest != "":
		return verb + " ***"
	case upper == "APOP":
		user, digest, _ := strings.Cut(rest, " ")
		if digest != "" {
			return verb + " " + user + " ***"
		}
		return verb + " ***"
	case upper == "AUTH" && rest != "":
		return verb + " " + access.RedactAuth(strings.Split(rest, " "))
	}
	return line
}

// isWord reports whether a text has the form of a command name, which is three or four letters (RFC 1939 §3).
func isWord(s string) bool {
	return len(s) >= 3 && len(s) <= 4 && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
}

// stls begins TLS, after the reply.
func (ss *session) stls(t *access.Turn, _ []string) error {
	if !ss.conn.CanStartTLS() {
		return refuse("STLS is not offered")
	}
	ss.tls = true
	t.WriteString("+OK Begin TLS\r\n")
	return nil
}

// capa lists the capabilities of the server (RFC 2449 §5).
func (ss *session) capa(t *access.Turn, _ []string) error {
	lines := []string{"+OK Capabilities follow", "TOP", "UIDL", "USER", "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING", "UTF8 USER"}
	lines = slices.DeleteFunc(lines, func(line string) bool {
		name, _, _ := strings.Cut(line, " ")
		return ss.server.lacks(name)
	})
	if mechanisms := ss.server.mechanisms(); len(mechanisms) > 0 {
		lines = append(lines, "SASL "+strings.Join(mechanisms, " "))
	}
	if ss.conn.CanStartTLS() && ss.drop == nil {
		lines = append(lines, "STLS")
	}
	if delay := ss.server.LoginDelay; delay > 0 {
		lines = append(lines, "LOGIN-DELAY "+strconv.FormatInt(int64((delay+time.Second-1)/time.Second), 10))
	}
	switch expire := ss.server.Expire; {
	case expire == 0:
		lines = append(lines, "EXPIRE NEVER")
	case expire < 0:
		lines = append(lines, "EXPIRE 0")
	default:
		lines = append(lines, "EXPIRE "+strconv.FormatInt(int64(expire/(24*time.Hour)), 10))
	}
	lines = append(lines, "IMPLEMENTATION maillab", ".", "")
	t.WriteString(strings.Join(lines, "\r\n"))
	return nil
}

// utf8 accepts UTF8 (RFC 6856 §2). The server sends UTF-8 in any case.
func (ss *session) utf8(t *access.Turn, _ []string) error {
	t.WriteString("+OK UTF-8 mode\r\n")
	return nil
}

// lang says that there is no choice (RFC 6856 §3).
func (ss *session) lang(*access.Turn, []string) error {
	return refuse("LANG is not offered: all replies are in English")
}

// bye removes what was deleted, and ends the session (RFC 1939 §6).
func (ss *session) bye(t *access.Turn, _ []string) error {
	ss.quit = true
	t.Last(errQuit)
	if ss.drop != nil {
		if err := ss.drop.update(ss.server.Expire < 0); err != nil {
			return refuse("[SYS/TEMP] Some deleted messages were not removed: %v", err)
		}
	}
	t.WriteString("+OK Bye\r\n")
	return nil
}

func (ss *session) noop(t *access.Turn, _ []string) error {
	t.WriteString("+OK\r\n")
	return nil
}
