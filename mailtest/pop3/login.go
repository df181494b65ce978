package pop3

// The login: USER and PASS, APOP, AUTH.

import (
	"crypto/md5"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed078e9d8c/maillab/internal/sasl"
	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/internal/access"
)

// mechanisms returns the mechanisms that AUTH offers.
func (s *Server) mechanisms() []string { return sasl.Offered(s.Mechanisms, s.store.Users()) }

// offers reports whether Mechanisms has a mechanism, or APOP.
func (s *Server) offers(name string) bool {
	return s.Mechanisms == nil || slices.ContainsFunc(s.Mechanisms, func(m string) bool { return strings.EqualFold(m, name) })
}

// stamp returns the time stamp of a greeting, which is a msg-id (RFC 1939 §7).
func (s *Server) stamp(session int) string {
	name := s.Name
	if name == "" {
		name = "localhost"
	}
	return fmt.Sprintf("<%d.%d@%s>", session, time.Now().UnixNano(), name)
}

func (ss *session) user(t *access.Turn, args []string) error {
	if len(args) == 0 || args[0] == "" {
		return refuse("USER needs a name")
	}
	ss.claim = args[0]
	t.WriteString("+OK Now the password\r\n")
	return nil
}

func (ss *session) pass(t *access.Turn, args []string) error {
	user := ss.claim
	ss.claim = ""
	switch {
	case user == "":
		return refuse("USER comes before PASS")
	case len(args) == 0:
		return refuse("PASS needs a password")
	}
	check, err := sasl.New("PLAIN", sasl.Config{Users: ss.server.store.Users()})
	if err == nil {
		_, _, err = check.Next([]byte("\x00" + user + "\x00" + args[0]))
	}
	if err != nil {
		return errAuthentication
	}
	return ss.login(t, user, "USER")
}

// errAuthentication refuses credentials (RFC 3206 §4).
var errAuthentication = refuse("[AUTH] Authentication failed")

func (ss *session) apop(t *access.Turn, args []string) error {
	switch {
	case !ss.server.offers("APOP"):
		return refuse("APOP is not offered")
	case len(args) != 2:
		return refuse("APOP needs a name and a digest")
	}
	if users := ss.server.store.Users(); users != nil {
		password, ok := users[args[0]]
		sum := md5.Sum([]byte(ss.stamp + password))
		if subtle.ConstantTimeCompare([]byte(hex.EncodeToString(sum[:])), []byte(args[1])) != 1 || !ok {
			return errAuthentication
		}
	}
	return ss.login(t, args[0], "APOP")
}

// auth conducts a SASL exchange (RFC 5034 §4). Without an argument, it lists the mechanisms.
func (ss *session) auth(t *access.Turn, args []string) error {
	mechanisms := ss.server.mechanisms()
	if len(args) == 0 {
		t.WriteString("+OK\r\n" + strings.Join(append(mechanisms, "."), "\r\n") + "\r\n")
		return nil
	}
	mechanism := strings.ToUpper(args[0])
	exchange, err := sasl.New(mechanism, sasl.Config{Users: ss.server.store.Users(), Host: ss.server.Name})
	if err != nil || !slices.Contains(mechanisms, mechanism) {
		return refuse("%s is not offered", "The mechanism")
	}
	var response []byte
	if len(args) == 2 {
		if response, err = decode(args[1]); err != nil {
			return err
		}
	}
	for {
		challenge, done, err := exchange.Next(response)
		switch {
		case err != nil:
			t.Note(mailtest.Note{Kind: mailtest.ExchangeFailed, Text: err.Error()})
			if errors.Is(err, sasl.ErrFailed) {
				return errAuthentication
			}
			return refuse("Malformed %s message", mechanism)
		case done:
			return ss.login(t, exchange.User(), mechanism)
		}
		fmt.Fprintf(t, "+ %s\r\n", base64.StdEncoding.EncodeToString(challenge))
		if response, err = ss.step(t); err != nil {
			return err
		}
	}
}

// step sends a challenge, and returns the client's answer to it. The turn is then that of the answer.
func (ss *session) step(t *access.Turn) ([]byte, error) {
	if err := t.End(true); err != nil {
		return nil, err
	}
	line, err := ss.conn.ReadLine(maxLine)
	if err != nil {
		if errors.Is(err, access.ErrIdle) || errors.Is(err, access.ErrTooMuch) {
			err = access.Ended(mailtest.ServerClosed, "")
		}
		return nil, err
	}
	command := "***"
	if string(line.Text) == "*" {
		command = "*"
	}
	next, err := ss.conn.Begin(mailtest.AuthStep, command, line.Notes...)
	if err != nil {
		return nil, err
	}
	*t = *next
	switch {
	case t.Answered():
		return nil, errAnswered
	case line.TooLong:
		return nil, refuse("The line is too long")
	case string(line.Text) == "*":
		return nil, refuse("Authentication was cancelled")
	}
	return decode(string(line.Text))
}

// errAnswered ends an exchange whose last turn a rule has answered.
var errAnswered = refuse("")

// decode decodes a response. "=" is the empty one.
func decode(s string) ([]byte, error) {
	if s == "=" {
		return []byte{}, nil
	}
	response, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return nil, refuse("That is not base64")
	}
	return response, nil
}

// login opens the mailbox of a user who has been authenticated.
func (ss *session) login(t *access.Turn, user, mechanism string) error {
	s := ss.server
	key := strings.ToLower(user)
	if err := ss.lock(key); err != nil {
		return err
	}
	drop, err := openMaildrop(s, user)
	if err != nil {
		ss.leave()
		return refuse("[SYS/TEMP] The mailbox can't be opened: %v", err)
	}
	ss.drop = drop
	ss.conn.Authenticated(user, mechanism)
	fmt.Fprintf(t, "+OK %d messages\r\n", len(drop.messages))
	return nil
}

// lockWait is the time for which a login waits for the session that has the mailbox: its client may have gone, and the
// server is about to notice.
const lockWait = 250 * time.Millisecond

// slowest is the time after which a login does not wait any more though the client has gone: a rule may hold up the session.
const slowest = 5 * time.Second

// held says that a session has the mailbox of a user.
type held struct {
	by    *access.Conn
	ended chan struct{} // closed at its end
}

// lock gives the session the mailbox of a user, if no other has it. It notes the time of the login.
func (ss *session) lock(key string) error {
	s := ss.server
	start := time.Now()
	for deadline := start.Add(lockWait); ; {
		s.mu.Lock()
		other, locked := s.locked[key]
		if !locked {
			break
		}
		s.mu.Unlock()
		switch ended, err := ss.conn.Await(other.ended, time.Until(deadline)); {
		case err != nil:
			return err
		case !ended && other.by.Deserted() && time.Since(start) < slowest:
			deadline = time.Now().Add(lockWait)
		case !ended:
			return refuse("[IN-USE] Another session has the mailbox")
		}
	}
	defer s.mu.Unlock()
	now := time.Now()
	if last, before := s.logins[key]; s.LoginDelay > 0 && before && now.Sub(last) < s.LoginDelay {
		return refuse("[LOGIN-DELAY] Wait %v between two logins", s.LoginDelay)
	}
	s.locked[key], s.logins[key] = held{ss.conn, make(chan struct{})}, now
	ss.key = key
	return nil
}

// leave releases the mailbox that the session has locked, if any. At the end of the session, that is before the client can
// notice it.
func (ss *session) leave() {
	s := ss.server
	s.mu.Lock()
	defer s.mu.Unlock()
	if other, locked := s.locked[ss.key]; locked && other.by == ss.conn {
		close(other.ended)
		delete(s.locked, ss.key)
	}
}
