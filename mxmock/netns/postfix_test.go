package netns_test

// This file has Postfix on a host of the internet: as Debian packs it, with port 25 of its own, and nothing
// said to it but who may relay and that it is to do DANE.

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mxmock"
	"github.com/seed078e9d8c/maillab/mxmock/netns"
)

const postfixMain = `compatibility_level = 3.6
myhostname = mail.shop.example
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

// postfixInstall makes the directories that the package makes.
const postfixInstall = `cd DIR && mkdir -p data queue && cd queue &&
mkdir active bounce corrupt defer deferred flush hold incoming private saved trace maildrop public pid &&
chown -R postfix ../data active bounce corrupt defer deferred flush hold incoming private saved trace maildrop public &&
chmod 700 active bounce corrupt defer deferred flush hold incoming private saved trace &&
chgrp postdrop maildrop public && chmod 1730 maildrop && chmod 710 public
`

// postfix is a Postfix that runs.
type postfix struct {
	*daemon
	ns   *netns.Namespace
	env  []string
	root string
}

// startPostfix starts Postfix, or skips the test.
func startPostfix(t *testing.T, ns *netns.Namespace) *postfix {
	t.Helper()
	root := unpacked(t, "postfix", "/usr/lib/postfix/sbin/master")
	dir := publicDir(t)
	p := &postfix{ns: ns, root: root}
	p.env = append(os.Environ(), "MAIL_CONFIG="+dir, "LD_LIBRARY_PATH="+filepath.Join(root, "/usr/lib/postfix"))
	replace := strings.NewReplacer("DIR", dir, "ROOT", root).Replace
	for name, text := range map[string]string{
		"main.cf": replace(postfixMain), "master.cf": postfixMaster, "dynamicmaps.cf": "",
		"passwd": "root:x:0:0::/root:/bin/sh\npostfix:x:64011:64011::/:/bin/false\nnobody:x:65534:65534::/:/bin/false\n",
		"group":  "root:x:0:\npostfix:x:64011:\npostdrop:x:64012:\nnogroup:x:65534:\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"passwd", "group"} {
		if err := ns.Mount(filepath.Join(dir, name), "/etc/"+name); err != nil {
			t.Fatal(err)
		}
	}
	p.run(t, "/bin/sh", "-c", replace(postfixInstall))
	master := exec.Command(filepath.Join(root, "/usr/lib/postfix/sbin/master"), "-s")
	master.Env = p.env
	p.daemon = startDaemon(t, ns, master)
	p.await(t, "daemon started")
	return p
}

// run runs a program in the namespace.
func (p *postfix) run(t *testing.T, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = p.env
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := p.ns.Run(cmd); err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, &out)
	}
}

func TestPostfix(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	inet.Patience = 30 * time.Second
	sender := inet.Sender("shop.example")
	qq := inet.MX("qq.com", "mx1.qq.com", "mx2.qq.com")
	qq[0].Break(mxmock.Refused)
	silent := inet.MX("silent.example", "mx1.silent.example", "mx2.silent.example")
	silent[0].Break(mxmock.Silent)
	grey := inet.MX("grey.example", "mx.grey.example")[0]
	grey.AddRules(mailtest.Greylist(time.Millisecond))
	inet.MX("null.example", ".")
	dane := inet.MX("dane.example", "mx.dane.example")[0]
	dane.Server(25).StartTLS = true
	inet.Publish("dane.example", mxmock.Records{DANE: true})
	inet.Secure("dane.example")
	bad := inet.MX("bad.example", "mx.bad.example")[0]
	bad.Server(25).StartTLS = true
	inet.Publish("bad.example", mxmock.Records{DANE: true})
	inet.Secure("bad.example")
	bad.Break(mxmock.BadCertificate)
	p := startPostfix(t, netns.New(t, inet, sender.Host.Name()))

	t.Run("two MX, the first refuses", func(t *testing.T) {
		send(t, p.ns, "bob@qq.com", "fail-over", "hi\r\n")
		if m := qq[1].Next(t); m.Subject != "fail-over" || m.Envelope.Client != "" && !strings.HasPrefix(m.Envelope.Client, sender.Host.Addrs()[0]+":") {
			t.Errorf("subject = %q, from %s", m.Subject, m.Envelope.Client)
		}
		if e, _ := await(t, inet, 0, "dial mx1.qq.com:25"); !strings.Contains(e.Result, "refused") {
			t.Errorf("the journal says %q", e.Result)
		}
	})
	t.Run("two MX, the first is silent", func(t *testing.T) {
		send(t, p.ns, "bob@silent.example", "after a time-out", "hi\r\n")
		if m := silent[1].Next(t); m.Subject != "after a time-out" {
			t.Errorf("subject = %q", m.Subject)
		}
	})
	t.Run("greylisting", func(t *testing.T) {
		send(t, p.ns, "bob@grey.example", "later", "hi\r\n")
		p.await(t, "to=<bob@grey.example>", "status=deferred", "451")
		if all := grey.Messages(); len(all) > 0 {
			t.Errorf("%d messages at the first attempt", len(all))
		}
		p.run(t, filepath.Join(p.root, "/usr/sbin/postqueue"), "-f")
		if m := grey.Next(t); m.Subject != "later" {
			t.Errorf("subject = %q", m.Subject)
		}
	})
	t.Run("null MX", func(t *testing.T) {
		send(t, p.ns, "bob@null.example", "nowhere", "hi\r\n")
		p.await(t, "to=<bob@null.example>", "dsn=5.1.0", "status=bounced")
	})
	t.Run("DANE", func(t *testing.T) {
		send(t, p.ns, "bob@dane.example", "verified", "hi\r\n")
		p.await(t, "Verified TLS connection established to mx.dane.example")
		if m := dane.Next(t); m.Subject != "verified" {
			t.Errorf("subject = %q", m.Subject)
		}
	})
	t.Run("DANE, broken", func(t *testing.T) {
		send(t, p.ns, "bob@bad.example", "never", "hi\r\n")
		p.await(t, "to=<bob@bad.example>", "status=deferred", "Server certificate not verified")
		if all := bad.Messages(); len(all) > 0 {
			t.Errorf("%d messages reached a server with a wrong certificate", len(all))
		}
	})
	t.Run("10 MiB", func(t *testing.T) {
		line := strings.Repeat("0123456789abcdef", 4)[:62] + "\r\n"
		body := strings.Repeat(line, 10<<20/len(line))
		send(t, p.ns, "bob@qq.com", "large", body)
		m := qq[1].Next(t)
		if _, got, _ := strings.Cut(string(m.Raw), "\r\n\r\n"); m.Subject != "large" || got != body {
			t.Errorf("subject = %q, %d bytes of text, want %d", m.Subject, len(got), len(body))
		}
	})
}
