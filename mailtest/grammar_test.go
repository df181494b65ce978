package mailtest_test

// Lines of SMTP, and what Postfix, Exim and this server say to them: testdata/grammar/lines.txt.
//
// The file has a paragraph for each line: the line, as it is or as a Go string; the first lines of the
// replies; and where this server differs from all others, why.

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seed078e9d8c/maillab/internal/golden"
	"github.com/seed078e9d8c/maillab/internal/machine"
	"github.com/seed078e9d8c/maillab/mailtest"
)

// grammarPatience is how long a server may take for a reply.
const grammarPatience = 5 * time.Second

const grammarFile = "testdata/grammar/lines.txt"

// grammarServers are those of the table, in the order of its lines. Postfix is there twice, with both settings
// of strict_rfc821_envelopes.
var grammarServers = []string{"postfix", "strict", "exim", "mailtest"}

// grammarRow is a line and what is said to it.
type grammarRow struct {
	line    string
	replies map[string]string // by server
	because string
}

func readGrammar(t *testing.T) []*grammarRow {
	t.Helper()
	text, err := os.ReadFile(grammarFile)
	if err != nil {
		t.Fatal(err)
	}
	var rows []*grammarRow
	for paragraph := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n\n") {
		lines := strings.Split(paragraph, "\n")
		row := &grammarRow{line: lines[0], replies: make(map[string]string)}
		if strings.HasPrefix(row.line, `"`) {
			if row.line, err = strconv.Unquote(row.line); err != nil {
				t.Fatalf("%s: %s: %v", grammarFile, lines[0], err)
			}
		}
		for _, line := range lines[1:] {
			key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
			value = strings.TrimSpace(value)
			switch {
			case key == "because":
				row.because = value
			case slices.Contains(grammarServers, key):
				row.replies[key] = value
			default:
				t.Fatalf("%s: %s: there is no server %s", grammarFile, lines[0], key)
			}
		}
		rows = append(rows, row)
	}
	return rows
}

func writeGrammar(t *testing.T, rows []*grammarRow) {
	t.Helper()
	var b strings.Builder
	for i, row := range rows {
		if i > 0 {
			b.WriteByte('\n')
		}
		line := row.line
		if q := strconv.Quote(line); line == "" || q[1:len(q)-1] != strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(line) ||
			line != strings.TrimSpace(line) || line[0] == '"' {
			line = strconv.QuoteToASCII(line)
		}
		fmt.Fprintln(&b, line)
		for _, server := range grammarServers {
			if reply := row.replies[server]; reply != "" {
				fmt.Fprintf(&b, "    %-8s %s\n", server, reply)
			}
		}
		if row.because != "" {
			fmt.Fprintf(&b, "    because  %s\n", row.because)
		}
	}
	if err := os.WriteFile(grammarFile, []byte(b.String()), 0o666); err != nil {
		t.Fatal(err)
	}
}

// differs reports whether the server's own reply is of another class than those of all others.
func (row *grammarRow) differs() bool {
	for _, server := range grammarServers {
		if reply := row.replies[server]; server != "mailtest" && reply != "" && reply[0] == row.replies["mailtest"][0] {
			return false
		}
	}
	return true
}

// converse says each line to a server, in the place where it belongs, and returns the replies. A server that
// hangs up is dialled again.
func converse(t *testing.T, rows []*grammarRow, dial func() (io.ReadWriteCloser, error)) []string {
	t.Helper()
	var conn io.ReadWriteCloser
	var r *bufio.Reader
	read := func() (first string, err error) {
		conn.(interface{ SetReadDeadline(time.Time) error }).SetReadDeadline(time.Now().Add(grammarPatience))
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return "", err
			}
			if first == "" {
				first = strings.TrimSpace(line)
			}
			if len(line) < 4 || line[3] != '-' {
				return first, nil
			}
		}
	}
	say := func(line string) (string, error) {
		if conn == nil {
			var err error
			if conn, err = dial(); err != nil {
				t.Fatal(err)
			}
			r = bufio.NewReader(conn)
			if _, err := read(); err != nil {
				t.Fatalf("no greeting: %v", err)
			}
		}
		if _, err := io.WriteString(conn, line+"\r\n"); err != nil {
			return "", err
		}
		return read()
	}
	var replies []string
	for _, row := range rows {
		before := []string{"EHLO client.example"}
		if strings.HasPrefix(row.line, "RCPT") {
			before = append(before, "MAIL FROM:<sender@a.example> SMTPUTF8")
		}
		for i, line := range before {
			reply, err := say(line)
			if i == 0 && err != nil { // it has hung up after the line before
				conn.Close()
				conn = nil
				reply, err = say(line)
			}
			if err != nil || reply[0] != '2' {
				t.Fatalf("before %q: %s: got reply %q, error %v", row.line, line, reply, err)
			}
		}
		reply, err := say(row.line)
		if err != nil || strings.HasPrefix(reply, "221 ") || strings.HasPrefix(reply, "421 ") || strings.HasPrefix(row.line, "BDAT") {
			conn.Close()
			conn = nil
		}
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			reply = "- waits for more"
		case err != nil:
			reply = "- hangs up"
		}
		quoted := strconv.QuoteToASCII(reply) // servers repeat whatever they were told
		replies = append(replies, strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(quoted[1:len(quoted)-1]))
	}
	if conn != nil {
		conn.Close()
	}
	return replies
}

func TestGrammar(t *testing.T) {
	srv := mailtest.New(t)
	srv.Name = "mx.b.example"
	rows := readGrammar(t)
	if len(rows) < 250 {
		t.Errorf("%s has %d lines, want 250 at least", grammarFile, len(rows))
	}
	compareGrammar(t, rows, "mailtest", func() (io.ReadWriteCloser, error) { return srv.Dial(t.Context()) })
	for _, row := range rows {
		switch {
		case len(row.replies) < 2:
			t.Errorf("%q: no other server was asked", row.line)
		case row.differs() && row.because == "":
			t.Errorf("%q: we differ from all others, and nothing says why: %v", row.line, row.replies)
		case !row.differs() && row.because != "":
			t.Errorf("%q: we don't differ, although %s", row.line, row.because)
		}
	}
}

// compareGrammar compares what a server says with the table, or writes it there.
func compareGrammar(t *testing.T, rows []*grammarRow, server string, dial func() (io.ReadWriteCloser, error)) {
	t.Helper()
	for i, reply := range converse(t, rows, dial) {
		if want := rows[i].replies[server]; !golden.Updating() && reply != want {
			t.Errorf("%q: %s says %q, the table has %q", rows[i].line, server, reply, want)
		}
		rows[i].replies[server] = reply
	}
	if golden.Updating() {
		writeGrammar(t, rows)
	}
}

// piped is a program that speaks SMTP on its standard input and output.
type piped struct {
	in  io.WriteCloser
	out *os.File
	cmd *exec.Cmd
}

func (p *piped) Read(b []byte) (int, error)        { return p.out.Read(b) }
func (p *piped) Write(b []byte) (int, error)       { return p.in.Write(b) }
func (p *piped) SetReadDeadline(t time.Time) error { return p.out.SetReadDeadline(t) }

func (p *piped) Close() error {
	p.in.Close()
	return p.cmd.Wait()
}

func TestGrammarOfServers(t *testing.T) {
	unpacked := os.Getenv("MAIL_SERVERS")
	if runtime.GOOS != "linux" || unpacked == "" {
		t.Skip("MAIL_SERVERS does not say where Postfix and Exim are unpacked, as .ci/programs does")
	}
	if os.Getuid() != 0 {
		t.Skip("root is needed for a private /etc/passwd")
	}
	for _, server := range []struct{ name, program, config, file, run string }{
		{"postfix", "postfix/usr/lib/postfix/sbin/smtpd", postfixConfig, "main.cf", "-S"},
		{"strict", "postfix/usr/lib/postfix/sbin/smtpd", postfixConfig + "strict_rfc821_envelopes = yes\n", "main.cf", "-S"},
		{"exim", "exim4-daemon-light/usr/sbin/exim4", eximConfig, "exim.conf", "-bs -C DIR/exim.conf"},
	} {
		t.Run(server.name, func(t *testing.T) {
			program := filepath.Join(unpacked, server.program)
			if _, err := os.Stat(program); err != nil {
				t.Skipf("%s is not unpacked", program)
			}
			dir := machine.TempDir(t)
			if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
				t.Fatal(err)
			}
			replace := strings.NewReplacer("DIR", dir, "ROOT", filepath.Join(unpacked, "postfix"))
			if err := os.WriteFile(filepath.Join(dir, server.file), []byte(replace.Replace(server.config)), 0o644); err != nil {
				t.Fatal(err)
			}
			script := replace.Replace(privatePasswd) + "exec " + program + " " + replace.Replace(server.run)
			rows := readGrammar(t)
			compareGrammar(t, rows, server.name, func() (io.ReadWriteCloser, error) {
				cmd := exec.CommandContext(t.Context(), "unshare", "--mount", "sh", "-c", script)
				in, err := cmd.StdinPipe()
				out, err2 := cmd.StdoutPipe()
				if err := errors.Join(err, err2, cmd.Start()); err != nil {
					return nil, err
				}
				return &piped{in, out.(*os.File), cmd}, nil
			})
		})
	}
}

// privatePasswd gives the servers their users, in a mount namespace.
const privatePasswd = `set -e
cat /etc/passwd - >DIR/passwd <<END
postfix:x:64011:64011::/:/bin/false
Debian-exim:x:64013:64013::/:/bin/false
END
cat /etc/group - >DIR/group <<END
postfix:x:64011:
postdrop:x:64012:
Debian-exim:x:64013:
END
mount --bind DIR/passwd /etc/passwd
mount --bind DIR/group /etc/group
mkdir -p DIR/data DIR/queue/maildrop DIR/queue/public DIR/queue/pid DIR/exim
touch DIR/master.cf
chown -R postfix:postfix DIR/data DIR/queue
chown -R Debian-exim:Debian-exim DIR/exim
export MAIL_CONFIG=DIR LD_LIBRARY_PATH=ROOT/usr/lib/postfix
`

const postfixConfig = `compatibility_level = 3.6
queue_directory = DIR/queue
data_directory = DIR/data
command_directory = ROOT/usr/sbin
daemon_directory = ROOT/usr/lib/postfix/sbin
shlib_directory = no
import_environment = LD_LIBRARY_PATH MAIL_CONFIG PATH
export_environment = LD_LIBRARY_PATH MAIL_CONFIG PATH
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.b.example
mydestination = b.example
inet_interfaces = loopback-only
local_recipient_maps =
alias_maps =
smtpd_hard_error_limit = 100000
smtpd_soft_error_limit = 100000
smtpd_junk_command_limit = 100000
smtpd_error_sleep_time = 0
`

const eximConfig = `primary_hostname = mx.b.example
domainlist local_domains = b.example
acl_smtp_rcpt = accept
acl_smtp_vrfy = accept
smtputf8_advertise_hosts = *
dsn_advertise_hosts = *
smtp_enforce_sync = false
smtp_accept_max_nonmail = 100000
smtp_max_synprot_errors = 100000
smtp_max_unknown_commands = 100000
spool_directory = DIR/exim
log_file_path = DIR/exim/%slog
keep_environment =
begin routers
all:
  driver = accept
  transport = none
begin transports
none:
  driver = appendfile
  file = /dev/null
  user = nobody
`
