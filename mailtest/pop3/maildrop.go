package pop3

// The maildrop, which has the messages as they were at the login, and the commands about messages.

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest/internal/access"
	"github.com/seed078e9d8c/maillab/mailtest/mailstore"
)

// maildrop has the messages of a session.
type maildrop struct {
	mailbox  mailstore.Mailbox
	validity uint32
	messages []message // number 1 is the first
}

// message is a message of a session.
type message struct {
	mailstore.Message
	deleted, retrieved bool
}

// openMaildrop opens the mailbox of a user. Messages that have expired are removed.
func openMaildrop(s *Server, user string) (*maildrop, error) {
	account, err := s.store.Account(user)
	if err != nil {
		return nil, err
	}
	mailbox, err := account.Mailbox("INBOX")
	if err != nil {
		return nil, err
	}
	if s.Expire > 0 {
		if err := expire(mailbox, time.Now().Add(-s.Expire)); err != nil {
			return nil, err
		}
	}
	d := &maildrop{mailbox: mailbox}
	return d, d.load()
}

// expire removes the messages that came before a time.
func expire(mailbox mailstore.Mailbox, before time.Time) error {
	all, err := mailbox.Messages()
	if err != nil {
		return err
	}
	var old []uint32
	for _, m := range all {
		if m.Date.Before(before) {
			old = append(old, m.UID)
		}
	}
	return mailbox.Remove(old...)
}

// load reads the list of messages.
func (d *maildrop) load() error {
	status, err := d.mailbox.Status()
	if err != nil {
		return err
	}
	all, err := d.mailbox.Messages()
	if err != nil {
		return err
	}
	d.validity, d.messages = status.UIDValidity, make([]message, len(all))
	for i, m := range all {
		d.messages[i].Message = m
	}
	return nil
}

// update removes the messages that were deleted and, if retrieved is set, those that were retrieved.
func (d *maildrop) update(retrieved bool) error {
	var gone []uint32
	for _, m := range d.messages {
		if m.deleted || retrieved && m.retrieved {
			gone = append(gone, m.UID)
		}
	}
	if gone == nil {
		return nil
	}
	return d.mailbox.Remove(gone...)
}

// find returns the message with a number, which is as the client wrote it.
func (d *maildrop) find(number string) (int, *message, error) {
	n, err := strconv.ParseUint(number, 10, 31)
	switch {
	case err != nil && !errors.Is(err, strconv.ErrRange), strings.HasPrefix(number, "+"):
		return 0, nil, refuse("%s", "That is not the number of a message")
	case err != nil || n < 1 || n > uint64(len(d.messages)):
		return 0, nil, refuse("No such message, there are %d", len(d.messages))
	case d.messages[n-1].deleted:
		return 0, nil, refuse("Message %d is deleted", n)
	}
	return int(n), &d.messages[n-1], nil
}

func (ss *session) stat(t *access.Turn, _ []string) error {
	count, size := ss.drop.total()
	fmt.Fprintf(t, "+OK %d %d\r\n", count, size)
	return nil
}

// total returns the number of messages that are not deleted, and their size in bytes.
func (d *maildrop) total() (count int, size int64) {
	for _, m := range d.messages {
		if !m.deleted {
			count++
			size += m.Size
		}
	}
	return count, size
}

func (ss *session) list(t *access.Turn, args []string) error {
	return ss.each(t, args, func(b []byte, m *message) []byte { return strconv.AppendInt(b, m.Size, 10) })
}

// uidl sends the unique-ids of messages (RFC 1939 §7). Each consists of the UIDVALIDITY and the UID.
func (ss *session) uidl(t *access.Turn, args []string) error {
	if t.Lose() {
		if err := ss.drop.renumber(); err != nil {
			return refuse("[SYS/TEMP] %v", err)
		}
	}
	return ss.each(t, args, func(b []byte, m *message) []byte { return fmt.Appendf(b, "%08x%08x", ss.drop.validity, m.UID) })
}

// renumber gives all messages new UIDs.
func (d *maildrop) renumber() error {
	before := d.messages
	if err := d.mailbox.Renumber(); err != nil {
		return err
	}
	if err := d.load(); err != nil {
		return err
	}
	// A message that came or went meanwhile would shift the numbers, so the session keeps the number of messages
	// that it had.
	d.messages = d.messages[:min(len(d.messages), len(before))]
	for i := range d.messages {
		d.messages[i].deleted, d.messages[i].retrieved = before[i].deleted, before[i].retrieved
	}
	return nil
}

// each writes a line about one message, or about all messages that are not deleted.
func (ss *session) each(t *access.Turn, args []string, about func([]byte, *message) []byte) error {
	if len(args) == 1 {
		n, m, err := ss.drop.find(args[0])
		if err != nil {
			return err
		}
		t.Write(append(about(fmt.Appendf(nil, "+OK %d ", n), m), "\r\n"...))
		return nil
	}
	count, size := ss.drop.total()
	reply := fmt.Appendf(nil, "+OK %d messages (%d bytes)\r\n", count, size)
	for i := range ss.drop.messages {
		if m := &ss.drop.messages[i]; !m.deleted {
			reply = append(strconv.AppendInt(reply, int64(i+1), 10), ' ')
			reply = append(about(reply, m), "\r\n"...)
		}
	}
	t.Write(append(reply, ".\r\n"...))
	return nil
}

func (ss *session) retr(t *access.Turn, args []string) error {
	raw, m, err := ss.read(t, args, 1)
	if err != nil {
		return err
	}
	m.retrieved = true
	reply := fmt.Appendf(make([]byte, 0, len(raw)+64), "+OK %d bytes\r\n", len(raw))
	t.Write(appendStuffed(reply, raw))
	return nil
}

// top sends the header of a message and some lines of its body (RFC 1939 §7).
func (ss *session) top(t *access.Turn, args []string) error {
	raw, _, err := ss.read(t, args, 2)
	if err != nil {
		return err
	}
	lines, err := strconv.ParseUint(args[1], 10, 63)
	if err != nil && !errors.Is(err, strconv.ErrRange) || strings.HasPrefix(args[1], "+") {
		return refuse("%s", "That is not a number of lines")
	}
	t.Write(appendStuffed([]byte("+OK\r\n"), topOf(raw, lines)))
	return nil
}

// topOf returns the header of a message, the line after it, and the given number of lines of the body.
func topOf(raw []byte, lines uint64) []byte {
	end, inBody := 0, false
	for line := range bytes.Lines(raw) {
		if inBody {
			if lines == 0 {
				break
			}
			lines--
		}
		end += len(line)
		inBody = inBody || string(line) == "\r\n"
	}
	return raw[:end]
}

// read returns the bytes of the message that the first of some arguments names.
func (ss *session) read(t *access.Turn, args []string, want int) ([]byte, *message, error) {
	if len(args) != want {
		return nil, nil, refuse("Too few arguments")
	}
	_, m, err := ss.drop.find(args[0])
	if err != nil {
		return nil, nil, err
	}
	if err := ss.lose(t, m); err != nil {
		return nil, nil, err
	}
	raw, err := ss.drop.mailbox.Raw(m.UID)
	switch {
	case errors.Is(err, mailstore.ErrNoMessage):
		return nil, nil, errGone
	case err != nil:
		return nil, nil, refuse("[SYS/TEMP] The message can't be read: %v", err)
	}
	return raw, m, nil
}

// errGone refuses a message that has vanished since the login.
var errGone = refuse("The message is gone: another session has removed it")

// lose removes a message if a rule says so.
func (ss *session) lose(t *access.Turn, m *message) error {
	if !t.Lose() {
		return nil
	}
	if err := ss.drop.mailbox.Remove(m.UID); err != nil {
		return refuse("[SYS/TEMP] %v", err)
	}
	return nil
}

// appendStuffed appends a message in lines that end with CRLF, with a dot doubled at the beginning of each, and the dot that
// ends it (RFC 1939 §3).
func appendStuffed(b, raw []byte) []byte {
	for line := range bytes.Lines(raw) {
		if line[0] == '.' {
			b = append(b, '.')
		}
		b = append(b, line...)
	}
	if len(raw) > 0 && !bytes.HasSuffix(raw, []byte("\r\n")) {
		b = append(b, "\r\n"...)
	}
	return append(b, ".\r\n"...)
}

func (ss *session) dele(t *access.Turn, args []string) error {
	if len(args) != 1 {
		return refuse("DELE needs a number")
	}
	n, m, err := ss.drop.find(args[0])
	if err != nil {
		return err
	}
	if t.Lose() {
		if err := ss.lose(t, m); err != nil {
			return err
		}
		return errGone
	}
	m.deleted = true
	fmt.Fprintf(t, "+OK Message %d is deleted\r\n", n)
	return nil
}

func (ss *session) rset(t *access.Turn, _ []string) error {
	for i := range ss.drop.messages {
		ss.drop.messages[i].deleted = false
	}
	count, size := ss.drop.total()
	fmt.Fprintf(t, "+OK %d messages (%d bytes)\r\n", count, size)
	return nil
}
