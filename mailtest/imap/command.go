package imap

// Commands, which are read completely, with their literals, before go-imap sees them.

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/internal/access"
)

const (
	// maxCommand is the maximum size of a command in bytes. It includes literals, except the message of APPEND.
	maxCommand = 64 << 10

	// maxAppend is the maximum size of a message of APPEND in bytes.
	maxAppend = 64 << 20

	// maxErrors is the number of commands of a session that may be wrong.
	maxErrors = 1000
)

// stages maps the names of commands to their stages. UID before a name changes nothing.
var stages = map[string]mailtest.Stage{
	"CAPABILITY": Capability, "NAMESPACE": Capability, "ID": Capability, "NOOP": mailtest.Noop, "CHECK": mailtest.Noop,
	"LOGOUT": mailtest.Quit, "STARTTLS": mailtest.StartTLS, "AUTHENTICATE": mailtest.Auth, "LOGIN": Login, "ENABLE": Enable,
	"SELECT": Select, "EXAMINE": Select, "CLOSE": Select, "UNSELECT": Select, "CREATE": Create, "DELETE": Delete, "RENAME": Rename,
	"SUBSCRIBE": Subscribe, "UNSUBSCRIBE": Subscribe, "LIST": List, "LSUB": List, "STATUS": Status, "APPEND": Append,
	"IDLE": IdleCommand, "EXPUNGE": Expunge, "SEARCH": Search, "FETCH": Fetch, "STORE": Store, "COPY": Copy, "MOVE": Move,
}

// command is a command of a client.
type command struct {
	tag   string
	name  string         // in capital letters, without UID; "" if it is not one
	stage mailtest.Stage // Unknown if there is no such command
	text  string         // for the transcript, without credentials and literals
	notes []mailtest.Note

	// pieces are the lines of the command and the literals between them, in turn. Each literal is a synchronizing one here.
	pieces [][]byte

	refusal string // says why it is not a command, or is ""
}

// readCommand reads a command. Only a client that has logged in may send a large one. The error says how the connection ended, or
// is one of package access.
func readCommand(c *access.Conn, loggedIn bool) (*command, error) {
	line, err := c.ReadLine(maxCommand)
	if err != nil {
		return nil, err
	}
	cmd := parse(string(line.Text))
	cmd.notes = line.Notes
	if line.TooLong {
		cmd.refusal = "The line is too long"
		return cmd, nil
	}
	size := 0
	for {
		text, literal := cutLiteral(string(line.Text))
		switch { // go-imap would read past the end of the line
		case cmd.refusal != "":
		case strings.Contains(text, "\r"):
			cmd.refusal = "There is a CR in the line"
		case !closesQuotes(text):
			cmd.refusal = "A quoted string has no end"
		case strings.HasSuffix(text, "} "):
			cmd.refusal = "There is a space at the end of the line"
		}
		if literal == nil {
			cmd.pieces = append(cmd.pieces, []byte(text+"\r\n"))
			if cmd.refusal == "" && cmd.name == "APPEND" && !appendsOne(cmd.pieces) {
				cmd.refusal = "APPEND takes one message, and nothing after it"
			}
			return cmd, nil
		}
		most := int64(maxCommand - size)
		message := cmd.name == "APPEND" && loggedIn && len(cmd.pieces) <= 2 // or the name of the mailbox before it
		if message {
			most = maxAppend
		}
		if literal.size > most {
			return refuseLiteral(c, cmd, literal, most)
		}
		if literal.synchronizing {
			if err := c.Interject([]byte("+ Ready for literal data\r\n")); err != nil {
				return nil, err
			}
		}
		var data bytes.Buffer // grows as bytes come, and not as they are announced
		if _, err := io.CopyN(&data, c, literal.size); err != nil {
			return nil, unfinished(err)
		}
		cmd.pieces = append(cmd.pieces, fmt.Appendf(nil, "%s{%d}\r\n", text, literal.size), data.Bytes())
		if line, err = c.ReadLine(maxCommand); err != nil {
			return nil, unfinished(err)
		}
		if line.TooLong {
			cmd.refusal = "The line is too long"
			return cmd, nil
		}
		if !message {
			size += int(literal.size)
		}
		size += len(line.Text)
		cmd.notes = append(cmd.notes, line.Notes...)
	}
}

// closesQuotes reports whether the quoted strings of a line end on it (RFC 9051 §4.3).
func closesQuotes(line string) bool {
	quoted := false
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case '"':
			quoted = !quoted
		case '\\':
			if quoted {
				i++
			}
		}
	}
	return !quoted
}

// appendsOne reports whether an APPEND ends after one message, in parentheses or not (RFC 6855 §4). Otherwise go-imap would append
// the message, and refuse the command or not answer it. The name of the mailbox may be a literal too.
func appendsOne(pieces [][]byte) bool {
	last := len(pieces) - 1
	if last == 0 {
		return true
	}
	most, end := 2, "\r\n"
	if words := bytes.SplitN(pieces[0], []byte(" "), 3); len(words) == 3 && bytes.HasPrefix(words[2], []byte("{")) {
		most = 4
	}
	if before := pieces[last-2]; bytes.HasSuffix(before[:bytes.LastIndexByte(before, '{')], []byte("(~")) {
		end = ")\r\n"
	}
	return last <= most && string(pieces[last]) == end
}

// unfinished returns the error for a client that has gone in the middle of a command.
func unfinished(err error) error {
	if err == access.Ended(mailtest.ClientClosed, "") || err == io.EOF {
		return access.Ended(mailtest.ClientBroke, "line")
	}
	return err
}

// refuseLiteral refuses a command with a literal that is too large. It reads a literal that the client sends
// without waiting.
func refuseLiteral(c *access.Conn, cmd *command, literal *literal, most int64) (*command, error) {
	cmd.refusal = fmt.Sprintf("[TOOBIG] Literals are limited to %d bytes here", most)
	cmd.pieces = nil
	if literal.synchronizing {
		return cmd, nil
	}
	if literal.size > 2*maxAppend {
		return nil, access.ErrTooMuch
	}
	if _, err := io.CopyN(io.Discard, c, literal.size); err != nil {
		return nil, unfinished(err)
	}
	rest, err := c.ReadLine(maxCommand)
	if err != nil {
		return nil, unfinished(err)
	}
	if _, more := cutLiteral(string(rest.Text)); more != nil && !more.synchronizing {
		return nil, access.ErrTooMuch
	}
	return cmd, nil
}

// literal is the announcement of a literal at the end of a line (RFC 9051 §4.3).
type literal struct {
	size          int64
	synchronizing bool
}

// cutLiteral returns a line without the announcement of a literal at its end, and the literal, or nil.
func cutLiteral(line string) (before string, l *literal) {
	inside, ok := strings.CutSuffix(line, "}")
	i := strings.LastIndexByte(inside, '{')
	if !ok || i < 0 {
		return line, nil
	}
	number, nonSync := strings.CutSuffix(inside[i+1:], "+")
	size, err := strconv.ParseUint(number, 10, 62)
	if err != nil {
		return line, nil
	}
	return line[:i], &literal{int64(size), !nonSync}
}

// parse reads the tag and the name of a command.
func parse(line string) *command {
	words := strings.Split(line, " ")
	cmd := &command{tag: words[0], stage: mailtest.Unknown, text: "***"}
	if !isTag(cmd.tag) {
		cmd.tag, cmd.refusal = "*", "That is not a tag"
		return cmd
	}
	args := 2 // the index of the first argument
	if len(words) > 1 {
		cmd.name = strings.ToUpper(words[1])
	}
	if cmd.name == "UID" && len(words) > 2 {
		cmd.name, args = strings.ToUpper(words[2]), 3
	}
	stage, known := stages[cmd.name]
	switch {
	case len(words) == 1:
		cmd.refusal = "There is no command after the tag"
	case !known:
		cmd.name, cmd.refusal = "", "Unknown command"
		cmd.text = words[0] + " ***"
	case cmd.name == "LOGIN" && len(words) > args:
		cmd.stage, cmd.text = stage, strings.Join(words[:args], " ")+" ***"
	case cmd.name == "AUTHENTICATE" && len(words) > args:
		cmd.stage, cmd.text = stage, strings.Join(words[:args], " ")+" "+access.RedactAuth(words[args:])
	default:
		cmd.stage, cmd.text = stage, line
	}
	return cmd
}

// isTag reports whether a word may be the tag of a command (RFC 9051 §9). It may have no "]", since go-imap does not take that.
func isTag(s string) bool {
	return s != "" && len(s) <= 100 && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`(){%*"\+]`, r)
	})
}
