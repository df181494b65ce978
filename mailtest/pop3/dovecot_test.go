package pop3_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest/internal/dovecot"
	"github.com/seed078e9d8c/maillab/mailtest/mailstore"
	"github.com/seed078e9d8c/maillab/mailtest/pop3"
)

// The dialogues of testdata with our server and with Dovecot: each command gets an answer of the same class.
func TestDovecot(t *testing.T) {
	t.Parallel()
	other := dovecot.Start(t)
	messages := []string{
		"From: jb@shop.example\r\nSubject: one\r\n\r\nHello\r\nBob\r\n", "Subject: two\r\n\r\n.\r\n..\r\nx\r\ny\r\nz\r\n", "Subject: three\r\n\r\nno end",
	}
	data, err := os.ReadFile("testdata/dovecot.txt")
	must(t, err)
	for i, section := range strings.Split("\n"+string(data), "\n## ")[1:] {
		name, body, _ := strings.Cut(section, "\n")
		var commands []string
		why := ""
		for line := range strings.Lines(body) {
			line = strings.TrimSuffix(line, "\n")
			if command, ok := strings.CutPrefix(line, "> "); ok || line == ">" {
				commands = append(commands, command)
			} else if reason, ok := strings.CutPrefix(line, "= "); ok {
				why = reason
			}
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			user := fmt.Sprintf("u%d", i)
			other.Deliver(t, user, messages...)
			other.Deliver(t, "bob", messages...)
			store := &mailstore.Memory{Passwords: map[string]string{user: dovecot.Password, "bob": dovecot.Password, "ann": dovecot.Password}}
			for _, m := range messages {
				store.Deliver([]byte(m), time.Now(), user, "bob")
			}
			srv := pop3.New(t, store)
			ours, theirs := converse(t, srv.Addr(), name, user, commands), converse(t, other.POP3, name, user, commands)
			switch {
			case ours != theirs && why == "":
				t.Errorf("ours:    %s\nDovecot: %s", ours, theirs)
			case ours == theirs && why != "":
				t.Errorf("both: %s; but there should be a difference: %s", ours, why)
			}
		})
	}
}

// converse sends commands, and returns the classes of the answers: + or -, for a list or a message with the number of its lines,
// and x for the end of the connection.
func converse(t *testing.T, addr, name, user string, commands []string) string {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	must(t, err)
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	in := bufio.NewReader(conn)
	in.ReadString('\n')
	if !strings.HasPrefix(name, "before the login: ") {
		fmt.Fprintf(conn, "USER %s\r\nPASS %s\r\n", user, dovecot.Password)
		in.ReadString('\n')
		in.ReadString('\n')
	}
	var classes []string
	for _, command := range commands {
		command, bare := strings.CutPrefix(command, "<LF>")
		text, err := strconv.Unquote(`"` + command + `"`)
		must(t, err)
		if text += "\r\n"; bare {
			text = strings.TrimSuffix(text, "\r\n") + "\n"
		}
		io.WriteString(conn, text)
		class := answer(in, strings.ToUpper(strings.TrimSpace(text)))
		if classes = append(classes, class); class == "x" {
			break
		}
	}
	return strings.Join(classes, " ")
}

// answer reads the answer to a command.
func answer(in *bufio.Reader, command string) string {
	line, err := in.ReadString('\n')
	if err != nil {
		return "x"
	}
	words := strings.Fields(command)
	class := line[:1]
	if class == "+" && strings.HasPrefix(line, "+OK") && len(words) > 0 {
		switch words[0] {
		case "LIST", "UIDL", "AUTH":
			if len(words) > 1 {
				return class
			}
		case "RETR", "TOP", "CAPA":
		default:
			return class
		}
		lines := 0
		for line = ""; line != ".\r\n"; lines++ {
			if line, err = in.ReadString('\n'); err != nil {
				return "x"
			}
		}
		if words[0] != "CAPA" && words[0] != "AUTH" {
			class += strconv.Itoa(lines - 1)
		}
	}
	return class
}
