package main

// The guide, tried as a new user would: each command as it is printed, each setting in a program of its language.

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// needs skips a test where a program is missing.
func needs(t *testing.T, programs ...string) {
	t.Helper()
	for _, name := range programs {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("the program %s is needed", name)
		}
	}
}

// shell runs a command line.
func shell(t *testing.T, dir, line string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", line)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s: %v\n%s", line, err, out)
	}
	return string(out)
}

// printed returns the line of the guide that begins with a word, without its label.
func printed(t *testing.T, out *output, label string) string {
	t.Helper()
	return out.await(t, `(?m)^  `+regexp.QuoteMeta(label)+` +(.*)$`)[1]
}

func TestGuide(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	zone := filepath.Join(dir, "zone")
	if err := os.WriteFile(zone, []byte("shop.example. MX 10 mx.shop.example.\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out := begin(t, "-socks", "127.0.0.1:0", "-zone", zone)
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("swaks", func(t *testing.T) {
		needs(t, "swaks")
		shell(t, dir, "swaks "+printed(t, out, "swaks"))
		out.await(t, `<shop@example.com> to <bob@qq.com>: "Hello"`)
	})
	t.Run("curl", func(t *testing.T) {
		needs(t, "curl")
		shell(t, dir, "printf "+strings.Replace(printed(t, out, "printf"), "Subject: Hello", "Subject: By curl", 1))
		out.await(t, `<shop@example.com> to <bob@qq.com>: "By curl"`)
	})
	t.Run("curl and SOCKS", func(t *testing.T) {
		needs(t, "curl")
		write("mail.eml", "From: a@shop.example\r\nSubject: Through the proxy\r\n\r\nHello\r\n")
		line := "curl -sS --proxy " + printed(t, out, "curl --proxy")
		shell(t, dir, strings.Replace(line, "mx3.qq.com", "mx.shop.example", 1)) // which takes mail from anybody
		out.await(t, `"Through the proxy"`)
	})
	t.Run("reading", func(t *testing.T) {
		needs(t, "curl")
		for _, by := range []string{"pop3", "imap"} {
			line := out.await(t, `(?m)^  (curl .*`+by+`://.*)$`)[1]
			if got := shell(t, dir, line); !strings.Contains(got, "Subject: Hello\r\n") {
				t.Errorf("%s prints %q", line, got)
			}
		}
	})
	t.Run("dig", func(t *testing.T) {
		needs(t, "dig")
		if got := shell(t, dir, "dig "+printed(t, out, "dig")); !strings.Contains(got, "10 mx3.qq.com.") {
			t.Errorf("dig says %s", got)
		}
	})
	t.Run("Python", func(t *testing.T) {
		needs(t, "python3")
		write("mail.py", "import smtplib\ns = "+printed(t, out, "Python")+"\ns.sendmail('a@shop.example', ['bob@qq.com'], 'Subject: By Python\\r\\n\\r\\n')\ns.quit()\n")
		shell(t, dir, "python3 mail.py")
		out.await(t, `"By Python"`)
	})
	t.Run("Node", func(t *testing.T) {
		needs(t, "node")
		write("mail.js", `let nodemailer; try { nodemailer = require("nodemailer") } catch { console.log("missing"); process.exit(0) }
`+printed(t, out, "Node")+`.sendMail({from: "a@shop.example", to: "bob@qq.com", subject: "By Node", text: "Hello"}).catch(e => { console.log(e); process.exit(1) })`)
		if strings.Contains(shell(t, dir, "node mail.js"), "missing") {
			t.Skip("the package nodemailer is needed, where NODE_PATH leads")
		}
		out.await(t, `"By Node"`)
	})
	t.Run("PHP", func(t *testing.T) {
		needs(t, "msmtp")
		setting := out.await(t, `sendmail_path = "([^"]*)"`)[1]
		if _, err := exec.LookPath("php"); err == nil {
			write("mail.php", "<?php exit(mail('bob@qq.com', 'By PHP', 'Hello') ? 0 : 1);")
			shell(t, dir, "php -d 'sendmail_path="+setting+"' mail.php")
		} else { // what mail() does
			shell(t, dir, `printf 'To: bob@qq.com\nSubject: By PHP\n\nHello\n' | `+setting)
		}
		out.await(t, `to <bob@qq.com>: "By PHP"`)
	})
}

// TestTLSGuide trusts the certificate authority as the guide says.
func TestTLSGuide(t *testing.T) {
	t.Parallel()
	needs(t, "curl", "python3")
	out := begin(t, "-tls")
	at := out.address(t, "SMTP")
	dir := t.TempDir()
	ca := out.await(t, `curl: --cacert (\S+)`)[1]
	shell(t, dir, `printf 'Subject: By curl\r\n\r\n' | curl -sS --ssl-reqd --cacert `+ca+` smtp://`+strings.Replace(at, "127.0.0.1", "localhost", 1)+` --mail-from a@shop.example --mail-rcpt bob@qq.com -T -`)
	out.await(t, `"By curl"`)
	host, port, _ := strings.Cut(at, ":")
	script := "import smtplib, ssl\ns = smtplib.SMTP('" + host + "', " + port + ")\ns.starttls(context=" + out.await(t, `Python: (ssl.create_default_context\([^)]*\))`)[1] + ")\ns.sendmail('a@shop.example', ['bob@qq.com'], 'Subject: By Python\\r\\n\\r\\n')\ns.quit()\n"
	if err := os.WriteFile(filepath.Join(dir, "mail.py"), []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	shell(t, dir, "python3 mail.py")
	out.await(t, `"By Python"`)
	if _, err := os.Stat(ca); err != nil {
		t.Error(err)
	}
}
