// Package dovecot runs Dovecot for tests that compare our POP3 and IMAP servers with it. It is started without any rights that
// the test does not have, in a temporary folder.
package dovecot

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/seed078e9d8c/maillab/internal/machine"
	"github.com/seed078e9d8c/maillab/internal/program"
)

// Server is a Dovecot that runs until the end of the test.
type Server struct {
	POP3, IMAP string // addresses

	dir      string
	uid, gid int // of the mail
}

// Password is that of every user.
const Password = "secret"

// config is the configuration: folder, ports, users that it switches to, and the owner of the mail.
const config = `base_dir = %[1]s/run
state_dir = %[1]s/run
log_path = /dev/stderr
protocols = imap pop3
listen = 127.0.0.1
default_internal_user = %[4]s
default_internal_group = %[5]s
default_login_user = %[6]s
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
mail_location = maildir:%[1]s/mail/%%u
first_valid_uid = 1
first_valid_gid = 1
mail_max_userip_connections = 1000
service anvil {
  chroot =
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service imap-login {
  chroot =
  inet_listener imap {
    port = %[2]d
  }
}
service pop3-login {
  chroot =
  inet_listener pop3 {
    port = %[3]d
  }
}
passdb {
  driver = static
  args = password=%[9]s
}
userdb {
  driver = static
  args = uid=%[7]d gid=%[8]d home=%[1]s/mail/%%u
}
namespace inbox {
  inbox = yes
  separator = /
}
`

// Start starts Dovecot, or skips the test where there is none.
func Start(tb testing.TB) *Server {
	tb.Helper()
	machine.NeedIPv4(tb)
	name := program.Find(tb, "dovecot")
	for _, protocol := range []string{"pop3", "imap"} {
		if _, err := os.Stat("/usr/lib/dovecot/" + protocol); err != nil {
			tb.Skipf("dovecot has no %s: %v", protocol, err)
		}
	}
	s := &Server{dir: machine.TempDir(tb)}
	self, err := user.Current()
	if err != nil {
		tb.Fatal(err)
	}
	group, err := user.LookupGroupId(self.Gid)
	if err != nil {
		tb.Fatal(err)
	}
	login, owner := self, self
	if self.Uid == "0" { // which Dovecot refuses to be
		if owner, err = user.Lookup("nobody"); err != nil {
			tb.Skip(err)
		}
		login = owner
	}
	s.uid, _ = strconv.Atoi(owner.Uid)
	s.gid, _ = strconv.Atoi(owner.Gid)
	s.POP3, s.IMAP = program.FreeAddr(tb), program.FreeAddr(tb)
	text := fmt.Sprintf(config, s.dir, port(s.IMAP), port(s.POP3), self.Username, group.Name, login.Username, s.uid, s.gid, Password)
	s.write(tb, "dovecot.conf", text)
	for _, sub := range []string{"mail", "run"} {
		s.mkdir(tb, sub)
	}
	for _, dir := range []string{filepath.Dir(s.dir), s.dir} { // the owner of the mail may be another
		if err := os.Chmod(dir, 0o755); err != nil {
			tb.Fatal(err)
		}
	}
	program.Start(tb, exec.Command(name, "-F", "-c", filepath.Join(s.dir, "dovecot.conf")), "starting up for")
	return s
}

func port(addr string) int {
	_, port, _ := net.SplitHostPort(addr)
	n, _ := strconv.Atoi(port)
	return n
}

// Deliver puts messages into the mailbox of a user.
func (s *Server) Deliver(tb testing.TB, user string, messages ...string) {
	tb.Helper()
	for _, sub := range []string{"", "/cur", "/new", "/tmp"} {
		s.mkdir(tb, "mail/"+user+sub)
	}
	for i, m := range messages {
		s.write(tb, fmt.Sprintf("mail/%s/cur/%d.%d.test:2,", user, 1_000_000_000+i, i+1), strings.ReplaceAll(m, "\r\n", "\n"))
	}
}

// Mail returns the directory that has a Maildir for each user.
func (s *Server) Mail() string { return filepath.Join(s.dir, "mail") }

// Own gives Dovecot what others have written to the directory of a user.
func (s *Server) Own(tb testing.TB, user string) {
	tb.Helper()
	err := filepath.WalkDir(filepath.Join(s.Mail(), user), func(path string, _ fs.DirEntry, err error) error {
		return errors.Join(err, os.Chown(path, s.uid, s.gid))
	})
	if err != nil {
		tb.Fatal(err)
	}
}

func (s *Server) mkdir(tb testing.TB, name string) {
	tb.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.MkdirAll(path, 0o755); err != nil {
		tb.Fatal(err)
	}
	if err := os.Chown(path, s.uid, s.gid); err != nil {
		tb.Fatal(err)
	}
}

func (s *Server) write(tb testing.TB, name, text string) {
	tb.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		tb.Fatal(err)
	}
	if err := os.Chown(path, s.uid, s.gid); err != nil {
		tb.Fatal(err)
	}
}
