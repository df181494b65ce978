package imap_test

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
	"github.com/seed078e9d8c/maillab/mailtest/imap"
	"github.com/seed078e9d8c/maillab/mailtest/mailstore"
)

// odd are messages that a careless server or client would spoil.
var odd = []string{
	"From: jb@shop.example\r\nTo: bob@qq.com\r\nSubject: plain\r\n\r\nHello Bob\r\n",
	"From: jb@shop.example\r\nSubject: like a reply\r\n\r\na1 OK done\r\n)\r\n* BYE\r\n{3}\r\n",
	"From: jb@shop.example\r\nSubject: =?GBK?B?xOO6ww==?=\r\nContent-Type: text/plain; charset=GBK\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\xc4\xe3\xba\xc3\r\n",
	"From: jb@shop.example\r\nSubject: \u4f60\u597d\r\n\r\n" + strings.Repeat("a line that is much too long ", 200) + "\r\n",
	"From: jb@shop.example\r\nSubject: large\r\n\r\n" + strings.Repeat("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd\r\n", 20_000),
}

// clients are programs that speak IMAP. Each has a command, in which $PORT, $CA and $DIR are filled in, and files that it reads. It
// leaves each message in a file of its own below DIR/new or DIR/cur; left says which subjects are in bob's Sent after that.
var clients = []struct {
	name, program string
	tls           bool
	files         map[string]string
	command       string
	sent          int // how many messages are in Sent after that
}{
	{name: "curl", program: "curl", command: `mkdir new; for n in 1 2 3 4 5; do curl -s -u bob@qq.com:secret "imap://127.0.0.1:$PORT/INBOX;UID=$n" >new/$n || exit; done
curl -s -u bob@qq.com:secret "imap://127.0.0.1:$PORT/INBOX?SUBJECT%20large" | grep -q 'SEARCH 5'
curl -s -u bob@qq.com:secret -T new/1 "imap://127.0.0.1:$PORT/Sent"`, sent: 1},
	{name: "curl with STARTTLS", program: "curl", tls: true,
		command: `mkdir new; for n in 1 2 3 4 5; do curl -s --ssl-reqd --cacert $CA -u bob@qq.com:secret "imap://localhost:$PORT/INBOX;UID=$n" >new/$n || exit; done`},
	{name: "imaplib", program: "python3", sent: 2, command: `mkdir new; python3 fetch.py $PORT`, files: map[string]string{"fetch.py": `
import imaplib, sys, time
box = imaplib.IMAP4("127.0.0.1", int(sys.argv[1]))
assert "UIDPLUS" not in box.capabilities and "IMAP4REV2" in box.capabilities, box.capabilities
box.login("bob@qq.com", "secret")
assert box.list('""', "%")[0] == "OK"
assert box.select("INBOX") == ("OK", [b"5"])
typ, found = box.search(None, "ALL")
for n in found[0].split():
    typ, data = box.fetch(n, "(UID BODY.PEEK[] RFC822.SIZE)")
    raw = data[0][1]
    assert ("RFC822.SIZE %d" % len(raw)).encode() in data[0][0] + data[1], data
    with open("new/" + n.decode(), "wb") as f:
        f.write(raw)
box.literal = "\u4f60\u597d".encode()
typ, found = box.search("UTF-8", "SUBJECT")
assert found == [b"3 4"], found
assert box.append("Sent", "(\\Seen)", imaplib.Time2Internaldate(time.time()), raw)[0] == "OK"
assert box.copy("1", "Sent")[0] == "OK"
assert box.store("1", "+FLAGS", "\\Deleted")[0] == "OK"
assert box.store("1", "-FLAGS", "\\Deleted")[0] == "OK"
assert box.create("work/2028")[0] == "OK" and box.delete("work/2028")[0] == "OK"
box.close()
box.logout()
`}},
	{name: "mbsync", program: "mbsync", sent: 1, files: map[string]string{"rc": `IMAPAccount lab
Host 127.0.0.1
Port $PORT
User bob@qq.com
Pass secret
SSLType None
AuthMechs *

IMAPStore far
Account lab

MaildirStore near
Path $DIR/mail/
Inbox $DIR
SubFolders Verbatim

Channel lab
Far :far:
Near :near:
Patterns INBOX Sent
Create Near
Sync All
Expunge Both
SyncState *
`}, command: `mkdir new cur tmp mail; mbsync -q -c rc lab
printf 'From: bob@qq.com\r\nSubject: written here\r\n\r\ntext\r\n' >mail/Sent/new/1
mbsync -q -c rc lab; mbsync -q -c rc lab`},
	{name: "mbsync with TLS", program: "mbsync", tls: true, files: map[string]string{"rc": `IMAPAccount lab
Host localhost
Port $PORT
User bob@qq.com
Pass secret
SSLType STARTTLS
CertificateFile $CA
AuthMechs LOGIN

IMAPStore far
Account lab

MaildirStore near
Path $DIR/mail/
Inbox $DIR

Channel lab
Far :far:
Near :near:
Sync Pull
SyncState *
`}, command: `mkdir new cur tmp mail; mbsync -q -c rc lab`},
	{name: "mutt", program: "mutt", files: map[string]string{"rc": `set folder="imap://127.0.0.1:$PORT/" spoolfile="imap://127.0.0.1:$PORT/INBOX" imap_user="bob@qq.com" imap_pass="secret"
set ssl_starttls=no ssl_force_tls=no copy=no move=no confirmcreate=no confirmappend=no mbox_type=Maildir wait_key=no quit=yes header_cache=""
push "T.*\n;C$DIR/box\n<quit>"
`}, command: `TERM=xterm script -qec "mutt -n -F rc" /dev/null </dev/null >log; mv box/new box/cur .`},
}

// Programs that speak IMAP get all mail, byte by byte but for line ends.
func TestPrograms(t *testing.T) {
	t.Parallel()
	machine.NeedIPv4(t)
	var want []string
	for _, raw := range odd {
		want = append(want, strings.ReplaceAll(raw, "\r\n", "\n"))
	}
	slices.Sort(want)
	for _, tt := range clients {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(tt.program); err != nil {
				t.Skipf("%s is not installed", tt.program)
			}
			store := &mailstore.Memory{Passwords: map[string]string{"bob@qq.com": "secret"}}
			for _, raw := range odd {
				store.Deliver([]byte(raw), time.Now(), "bob@qq.com")
			}
			srv := imap.New(t, store)
			srv.StartTLS = tt.tls
			dir := machine.TempDir(t)
			write := func(name, text string) {
				must(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
			}
			write("ca.pem", string(srv.RootPEM()))
			fill := strings.NewReplacer("$PORT", fmt.Sprint(srv.Port()), "$CA", filepath.Join(dir, "ca.pem"), "$DIR", dir)
			for name, text := range tt.files {
				write(name, fill.Replace(text))
			}
			cmd := exec.CommandContext(t.Context(), "sh", "-e", "-c", fill.Replace(tt.command))
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "HOME="+dir)
			if output, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, output)
			}
			if got := saved(t, dir); !slices.Equal(got, want) {
				t.Errorf("got %d messages, want %d", len(got), len(want))
				for i := range min(len(got), len(want)) {
					if got[i] != want[i] {
						t.Errorf("message %d is\n%.300q, want\n%.300q", i, got[i], want[i])
					}
				}
			}
			account, err := store.Account("bob@qq.com")
			must(t, err)
			sent, err := account.Mailbox("Sent")
			must(t, err)
			if status, err := sent.Status(); err != nil || status.Messages != tt.sent {
				t.Errorf("Sent has %d messages (%v), want %d", status.Messages, err, tt.sent)
			}
		})
	}
}

// saved returns the messages below a folder, in order. The headers that clients add of their own are left out.
func saved(t *testing.T, dir string) []string {
	var all []string
	for _, sub := range []string{"new", "cur"} {
		files, err := filepath.Glob(filepath.Join(dir, sub, "*"))
		must(t, err)
		for _, name := range files {
			data, err := os.ReadFile(name)
			must(t, err)
			var kept strings.Builder
			inHeader := true
			for line := range strings.Lines(strings.ReplaceAll(string(data), "\r\n", "\n")) {
				inHeader = inHeader && line != "\n"
				if name, _, _ := strings.Cut(line, ":"); inHeader && slices.Contains([]string{"X-TUID", "Status", "Content-Length", "Lines"}, name) {
					continue
				}
				kept.WriteString(line)
			}
			all = append(all, kept.String())
		}
	}
	slices.Sort(all)
	return all
}
