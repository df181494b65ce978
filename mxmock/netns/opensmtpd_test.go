package netns_test

// This file has OpenSMTPD on a host of the internet, with the configuration that Debian gives it.

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed078e9d8c/maillab/internal/program"
	"github.com/seed078e9d8c/maillab/mxmock"
	"github.com/seed078e9d8c/maillab/mxmock/netns"
)

func TestOpenSMTPD(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	inet.Patience = 30 * time.Second
	mx := inet.MX("qq.com", "mx1.qq.com", "mx2.qq.com")
	mx[0].Break(mxmock.Refused)
	ns := netns.New(t, inet, inet.Sender("shop.example").Host.Name())
	root := program.Unpacked(t, "opensmtpd", "/usr/sbin/smtpd")
	dir := program.PublicDir(t)
	packaged, err := os.ReadFile(filepath.Join(root, "/etc/smtpd.conf"))
	if err != nil {
		t.Fatal(err)
	}
	conf := filepath.Join(dir, "smtpd.conf")
	for name, text := range map[string]string{
		"smtpd.conf": strings.ReplaceAll(string(packaged), "/etc/aliases", filepath.Join(dir, "aliases")), "aliases": "",
		"passwd": "root:x:0:0::/root:/bin/sh\nopensmtpd:x:64001:64001::/var/lib/opensmtpd/empty:/bin/false\nopensmtpq:x:64002:64002::/var/lib/opensmtpd/empty:/bin/false\n",
		"group":  "root:x:0:\nopensmtpd:x:64001:\nopensmtpq:x:64002:\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"spool/smtpd", "lib/opensmtpd/empty", "run"} { // as the installation of the package does
		if err := os.MkdirAll(filepath.Join(dir, name), 0o711); err != nil {
			t.Fatal(err)
		}
	}
	for name, target := range map[string]string{"passwd": "/etc/passwd", "group": "/etc/group", "spool": "/var/spool", "lib": "/var/lib", "run": "/run"} {
		if err := ns.Mount(filepath.Join(dir, name), target); err != nil {
			t.Fatal(err)
		}
	}
	smtpd := startDaemon(t, ns, exec.Command(filepath.Join(root, "/usr/sbin/smtpd"), "-v", "-d", "-f", conf))
	smtpd.await(t, "smtp: will accept at most") // so it says that it listens

	send(t, ns, "bob@qq.com", "Through OpenSMTPD", "Hello\r\n")
	if m := mx[1].Next(t); m.Subject != "Through OpenSMTPD" || m.Text != "Hello\n" {
		t.Errorf("subject = %q, text = %q", m.Subject, m.Text)
	}
	await(t, inet, 0, "mail ") // the message is there before the turn that accepted it is in the journal
	await(t, inet, 0, "dial mx1.qq.com:25")
	if err := inet.Journal().Order("ask mx qq.com", "dial mx1.qq.com:25", "dial mx2.qq.com:25", "smtp mx2.qq.com:25 RCPT TO:<bob@qq.com>", "mail mx2.qq.com"); err != nil {
		t.Error(err)
	}
}
