package imap_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest/imap"
	"github.com/seed078e9d8c/maillab/mailtest/internal/dovecot"
	"github.com/seed078e9d8c/maillab/mailtest/mailstore"
)

// The dialogues of testdata with our server and with Dovecot: each command gets an answer of the same class.
func TestDovecot(t *testing.T) {
	t.Parallel()
	other := dovecot.Start(t)
	messages := []string{
		"From: jb@shop.example\r\nSubject: one\r\n\r\nHello\r\nBob\r\n",
		"Subject: two\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b--\r\n", "Subject: three\r\n\r\nno end",
	}
	data, err := os.ReadFile("testdata/dovecot.txt")
	must(t, err)
	for i, section := range strings.Split("\n"+string(data), "\n## ")[1:] {
		name, body, _ := strings.Cut(section, "\n")
		var commands []string
		why := ""
		for line := range strings.Lines(body) {
			line = strings.TrimSuffix(line, "\n")
			if command, ok := strings.CutPrefix(line, "> "); ok {
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
			store := &mailstore.Memory{Passwords: map[string]string{user: dovecot.Password, "bob": dovecot.Password}}
			for _, m := range messages {
				store.Deliver([]byte(m), time.Now(), user, "bob")
			}
			srv := imap.New(t, store)
			ours, theirs := converse(t, srv.Addr(), name, user, commands), converse(t, other.IMAP, name, user, commands)
			switch {
			case ours != theirs && why == "":
				t.Errorf("ours:    %s\nDovecot: %s", ours, theirs)
			case ours == theirs && why != "":
				t.Errorf("both: %s; but there should be a difference: %s", ours, why)
			}
		})
	}
}

// converse sends commands, and returns the classes of the answers: OK, NO or BAD with what came before it, "+" where the server
// waits for more, and "end" for the end of the connection.
func converse(t *testing.T, addr, name, user string, commands []string) string {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	must(t, err)
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	in := bufio.NewReader(conn)
	in.ReadString('\n')
	number := 0
	ask := func(command string, continued bool) string {
		if !continued {
			number++
			command = fmt.Sprintf("t%d %s", number, command)
		}
		io.WriteString(conn, command+"\r\n")
		return answer(in, fmt.Sprintf("t%d", number))
	}
	if !strings.HasPrefix(name, "before the login: ") {
		ask("LOGIN "+user+" "+dovecot.Password, false)
		if !strings.HasPrefix(name, "nothing selected: ") {
			ask("SELECT INBOX", false)
		}
	}
	var classes []string
	class := ""
	for _, command := range commands {
		text, err := strconv.Unquote(`"` + command + `"`)
		must(t, err)
		class = ask(text, class == "+")
		if classes = append(classes, class); class == "end" {
			break
		}
	}
	return strings.Join(classes, " ")
}

// data matches the untagged replies that count: how many FETCH and EXPUNGE, what SEARCH has found, and what LSUB lists.
var data = regexp.MustCompile(`^\* (?:\d+ (FETCH|EXPUNGE)|(SEARCH.*)|(ESEARCH).*|(STATUS) \S+ (\(.*\))|(LSUB .*))`)

// answer reads the answer to a command.
func answer(in *bufio.Reader, tag string) string {
	var parts []string
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return "end"
		}
		if strings.HasPrefix(line, "+") {
			return "+"
		}
		if status, ok := strings.CutPrefix(line, tag+" "); ok {
			word, _, _ := strings.Cut(strings.TrimSpace(status), " ")
			return strings.Join(append(parts, word), ",")
		}
		if m := data.FindStringSubmatch(strings.TrimRight(line, "\r\n")); m != nil {
			parts = append(parts, strings.ReplaceAll(strings.Join(m[1:], ""), `"`, "")) // which a name may have or not
		}
		for { // literals
			i := strings.LastIndexByte(line, '{')
			n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(line[i+1:]), "}"))
			if i < 0 || err != nil || !strings.HasSuffix(line, "}\r\n") {
				break
			}
			if _, err := io.CopyN(io.Discard, in, int64(n)); err != nil {
				return "end"
			}
			if line, err = in.ReadString('\n'); err != nil {
				return "end"
			}
		}
	}
}
