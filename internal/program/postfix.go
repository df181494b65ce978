package program

// Postfix from the package of Debian, which is unpacked and not installed. Its configuration only says who may
// relay, and switches DANE on.

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed078e9d8c/maillab/internal/machine"
)

// mailServers names the environment variable with a folder into which packages of mail servers, which exclude each
// other, were unpacked (dpkg -x), each into a folder of its name.
const mailServers = "MAIL_SERVERS"

// Unpacked returns the folder of a package of a mail server that has a program, such as "/usr/sbin/smtpd", and skips the
// test if there is none.
func Unpacked(tb testing.TB, pkg, program string) string {
	tb.Helper()
	root := filepath.Join(os.Getenv(mailServers), pkg)
	if _, err := os.Stat(filepath.Join(root, program)); err != nil || os.Getenv(mailServers) == "" {
		tb.Skipf("the program %s (package %s, unpacked below %s) is needed", program, pkg, mailServers)
	}
	return root
}

// PublicDir returns a temporary directory that programs with users of their own can read.
func PublicDir(tb testing.TB) string {
	tb.Helper()
	dir := machine.TempDir(tb)
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
		tb.Fatal(err)
	}
	return dir
}

const postfixMain = `compatibility_level = 3.6
myhostname = HOST
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = all
smtpd_relay_restrictions = permit_mynetworks, reject
message_size_limit = 50000000
alias_maps =
smtp_dns_support_level = dnssec
smtp_tls_security_level = dane
smtp_tls_loglevel = 1
smtp_connect_timeout = 1s
minimal_backoff_time = 1h
queue_run_delay = 1h
maillog_file = /dev/stdout
mail_owner = postfix
setgid_group = postdrop
queue_directory = DIR/queue
data_directory = DIR/data
daemon_directory = ROOT/usr/lib/postfix/sbin
command_directory = ROOT/usr/sbin
shlib_directory = ROOT/usr/lib/postfix
meta_directory = DIR
import_environment = MAIL_CONFIG LD_LIBRARY_PATH
export_environment = MAIL_CONFIG LD_LIBRARY_PATH
`

const postfixMaster = `smtp      inet  n       -       n       -       -       smtpd
pickup    unix  n       -       n       60      1       pickup
cleanup   unix  n       -       n       -       0       cleanup
qmgr      unix  n       -       n       300     1       qmgr
tlsmgr    unix  -       -       n       1000?   1       tlsmgr
rewrite   unix  -       -       n       -       -       trivial-rewrite
bounce    unix  -       -       n       -       0       bounce
defer     unix  -       -       n       -       0       bounce
trace     unix  -       -       n       -       0       bounce
verify    unix  -       -       n       -       1       verify
flush     unix  n       -       n       1000?   0       flush
proxymap  unix  -       -       n       -       -       proxymap
smtp      unix  -       -       n       -       -       smtp
relay     unix  -       -       n       -       -       smtp
showq     unix  n       -       n       -       -       showq
error     unix  -       -       n       -       -       error
retry     unix  -       -       n       -       -       error
discard   unix  -       -       n       -       -       discard
anvil     unix  -       -       n       -       1       anvil
scache    unix  -       -       n       -       1       scache
postlog   unix-dgram n  -       n       -       1       postlogd
`

// postfixInstall creates the directories that the package creates.
const postfixInstall = `cd DIR && mkdir -p data queue && cd queue &&
mkdir active bounce corrupt defer deferred flush hold incoming private saved trace maildrop public pid &&
chown -R postfix ../data active bounce corrupt defer deferred flush hold incoming private saved trace maildrop public &&
chmod 700 active bounce corrupt defer deferred flush hold incoming private saved trace &&
chgrp postdrop maildrop public && chmod 1730 maildrop && chmod 710 public
`

// Postfix is a Postfix that is ready to be started by root in a network namespace, where it listens at port 25 of all
// addresses and logs to its standard output.
type Postfix struct {
	Root string   // folder of the package
	Dir  string   // folder of the files that it reads and writes
	Env  []string // environment of its programs
}

// NewPostfix writes the configuration of a Postfix with a host name, and skips the test if there is none.
func NewPostfix(tb testing.TB, host string) *Postfix {
	tb.Helper()
	p := &Postfix{Root: Unpacked(tb, "postfix", "/usr/lib/postfix/sbin/master"), Dir: PublicDir(tb)}
	p.Env = append(os.Environ(), "MAIL_CONFIG="+p.Dir, "LD_LIBRARY_PATH="+filepath.Join(p.Root, "/usr/lib/postfix"))
	replace := strings.NewReplacer("DIR", p.Dir, "ROOT", p.Root, "HOST", host).Replace
	for name, text := range map[string]string{
		"main.cf": replace(postfixMain), "master.cf": postfixMaster, "dynamicmaps.cf": "", "install": replace(postfixInstall),
		"passwd": "root:x:0:0::/root:/bin/sh\npostfix:x:64011:64011::/:/bin/false\nnobody:x:65534:65534::/:/bin/false\n",
		"group":  "root:x:0:\npostfix:x:64011:\npostdrop:x:64012:\nnogroup:x:65534:\n",
	} {
		if err := os.WriteFile(filepath.Join(p.Dir, name), []byte(text), 0o644); err != nil {
			tb.Fatal(err)
		}
	}
	return p
}

// Accounts returns files with the users of Postfix, by the paths at which it must find them.
func (p *Postfix) Accounts() map[string]string {
	return map[string]string{"/etc/passwd": filepath.Join(p.Dir, "passwd"), "/etc/group": filepath.Join(p.Dir, "group")}
}

// Install returns the command that creates the directories of the package. It needs the accounts.
func (p *Postfix) Install() *exec.Cmd { return p.command("/bin/sh", filepath.Join(p.Dir, "install")) }

// Master returns the command that runs Postfix. It writes "daemon started" when it is ready.
func (p *Postfix) Master() *exec.Cmd {
	return p.command(filepath.Join(p.Root, "/usr/lib/postfix/sbin/master"), "-s")
}

func (p *Postfix) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Env = p.Env
	return cmd
}
