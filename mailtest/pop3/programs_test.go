package pop3_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed078e9d8c/maillab/internal/machine"
	"github.com/seed078e9d8c/maillab/mailtest/mailstore"
	"github.com/seed078e9d8c/maillab/mailtest/pop3"
)

// odd are messages that a careless server or client would spoil.
var odd = []string{
	"From: jb@shop.example\r\nTo: bob@qq.com\r\nSubject: plain\r\n\r\nHello Bob\r\n",
	"From: jb@shop.example\r\nSubject: dots\r\n\r\n.\r\n..\r\n.x\r\n \r\nx.\r\n.\r\n",
	"From: jb@shop.example\r\nSubject: =?GBK?B?xOO6ww==?=\r\nContent-Type: text/plain; charset=GBK\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\xc4\xe3\xba\xc3\r\n",
	"From: jb@shop.example\r\nSubject: \u4f60\u597d\r\n\r\n" + strings.Repeat("a line that is much too long ", 200) + "\r\n",
	"From: jb@shop.example\r\nSubject: empty lines at the end\r\n\r\n\r\n\r\n",
	"From: jb@shop.example\r\nSubject: large\r\n\r\n" + strings.Repeat("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd\r\n", 20_000),
}

// fetchers are programs that fetch mail. Each has a command, whose $PORT, $CA and $DIR are filled in, and files that it reads.
// It leaves each message in a file of its own below DIR/new, or prints it.
var fetchers = []struct {
	name, program string
	tls           bool
	files         map[string]string
	command       string
}{
	{name: "curl", program: "curl", command: `mkdir new; for n in 1 2 3 4 5 6; do curl -s -u bob@qq.com:secret pop3://127.0.0.1:$PORT/$n >new/$n || exit; done`},
	{name: "curl with STLS", program: "curl", tls: true,
		command: `mkdir new; for n in 1 2 3 4 5 6; do curl -s --ssl-reqd --cacert $CA -u bob@qq.com:secret pop3://localhost:$PORT/$n >new/$n || exit; done`},
	{name: "poplib", program: "python3", command: `mkdir new; python3 fetch.py $PORT`, files: map[string]string{"fetch.py": `
import poplib, sys
pop = poplib.POP3("127.0.0.1", int(sys.argv[1]))
poplib._MAXLINE = 1 << 20
assert "SASL" in pop.capa(), pop.capa()
pop.apop("bob@qq.com", "secret")
count, size = pop.stat()
listed = [int(line.split()[1]) for line in pop.list()[1]]
assert len(listed) == count and sum(listed) == size, (listed, size)
assert len(set(line.split()[1] for line in pop.uidl()[1])) == count
for n in range(1, count + 1):
    lines = pop.retr(n)[1]
    top = pop.top(n, 0)[1]
    assert top == lines[:len(top)] and top[-1] == b"", top
    assert sum(len(line) + 2 for line in lines) == listed[n - 1]
    with open("new/%d" % n, "wb") as f:
        f.write(b"\r\n".join(lines) + b"\r\n")
    pop.dele(n)
pop.rset()
pop.quit()
`}},
	{name: "fetchmail", program: "fetchmail", command: `mkdir new; FETCHMAILHOME=$DIR fetchmail -f rc --nosyslog --pidfile $DIR/pid`, files: map[string]string{"rc": `set invisible
poll 127.0.0.1 protocol pop3 port $PORT user "bob@qq.com" password "secret" is root here keep fetchall no rewrite
  sslproto "" mda "cat >$DIR/new/$$(date +%N)"
`}},
	{name: "mpop", program: "mpop", command: `mkdir new cur tmp; mpop -C rc -Q lab`, files: map[string]string{"rc": `account lab
host 127.0.0.1
port $PORT
user bob@qq.com
password secret
auth on
tls off
keep on
received_header off
delivery maildir $DIR
uidls_file $DIR/uidls
`}},
	{name: "mpop with TLS", program: "mpop", tls: true, command: `mkdir new cur tmp; mpop -C rc -Q lab`, files: map[string]string{"rc": `account lab
host localhost
port $PORT
user bob@qq.com
password secret
auth plain
tls on
tls_starttls on
tls_trust_file $CA
keep on
received_header off
delivery maildir $DIR
uidls_file $DIR/uidls
`}},
	{name: "getmail6", program: "getmail", command: `mkdir new cur tmp; /usr/bin/python3 getmail.py --getmaildir=$DIR --rcfile=rc --quiet`, files: map[string]string{"getmail.py": `
# getmail waits for a signal of the program that gets a message, and waits for minutes if it has come before.
import os, runpy, shutil
from getmailcore.baseclasses import ForkingBase
ForkingBase._prepare_child = lambda self: None
ForkingBase._wait_for_child = lambda self, pid: os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
runpy.run_path(shutil.which("getmail"), run_name="__main__")
`, "rc": `[retriever]
type = SimplePOP3Retriever
server = 127.0.0.1
port = $PORT
username = bob@qq.com
password = secret
[destination]
type = MDA_external
path = /bin/sh
arguments = ("-c", "tail -n +2 >$DIR/new/$$$$")
allow_root_commands = true
[options]
delivered_to = false
received = false
`}},
}

// Programs that fetch mail get all of it, byte by byte but for line ends.
func TestPrograms(t *testing.T) {
	t.Parallel()
	machine.NeedIPv4(t)
	var want []string
	for _, raw := range odd {
		want = append(want, strings.ReplaceAll(raw, "\r\n", "\n"))
	}
	slices.Sort(want)
	for _, tt := range fetchers {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(tt.program); err != nil {
				t.Skipf("%s is not installed", tt.program)
			}
			store := &mailstore.Memory{Passwords: map[string]string{"bob@qq.com": "secret"}}
			for _, raw := range odd {
				store.Deliver([]byte(raw), time.Now(), "bob@qq.com")
			}
			srv := pop3.New(t, store)
			srv.StartTLS = tt.tls
			dir := machine.TempDir(t)
			write := func(name, text string) {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			write("ca.pem", string(srv.RootPEM()))
			fill := strings.NewReplacer("$PORT", fmt.Sprint(srv.Port()), "$CA", filepath.Join(dir, "ca.pem"), "$DIR", dir, "$$", "$")
			for name, text := range tt.files {
				write(name, fill.Replace(text))
			}
			cmd := exec.CommandContext(t.Context(), "sh", "-e", "-c", fill.Replace(tt.command))
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "HOME="+dir)
			if output, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, output)
			}
			files, err := filepath.Glob(filepath.Join(dir, "new", "*"))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, name := range files {
				data, err := os.ReadFile(name)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, strings.ReplaceAll(string(data), "\r\n", "\n"))
			}
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("got %d messages, want %d", len(got), len(want))
				for i := range min(len(got), len(want)) {
					if got[i] != want[i] {
						t.Errorf("message %d is\n%.300q, want\n%.300q", i, got[i], want[i])
					}
				}
			}
		})
	}
}
