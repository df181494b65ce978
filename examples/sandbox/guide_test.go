package main

// Tests of the guide: each command is run as it is printed, and each setting in a program of its language.

import (
	"context"
	"net/smtp"
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
	needs(t, "sh")
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
	out := begin(t, "-socks", "127.0.0.1:0")
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
		shell(t, dir, out.await(t, `(?m)^  (printf .*--proxy.*)$`)[1])
		out.await(t, `<shop@example.com> to <bob@qq.com>: "By a proxy"`)
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
	t.Run("API", func(t *testing.T) {
		needs(t, "curl")
		if err := smtp.SendMail(out.address(t, "SMTP"), nil, "a@shop.example", []string{"bob@qq.com"}, []byte("Subject: Hello\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		if got := shell(t, dir, out.await(t, `(?m)^  (curl .*/api/wait.*)$`)[1]); !strings.Contains(got, `"bob@qq.com"`) {
			t.Errorf("the mail is %s", got)
		}
		shell(t, dir, out.await(t, `(?m)^  (curl .*/api/rules .*)$`)[1])
		if err := smtp.SendMail(out.address(t, "SMTP"), nil, "a@shop.example", []string{"bob@qq.com"}, nil); err == nil || !strings.HasPrefix(err.Error(), "451") {
			t.Errorf("the next recipient: %v, want 451", err)
		}
		out.await(t, `(?m)^\d\d:\d\d:\d\d  smtp sandbox.test:1025 RCPT TO:<bob@qq.com> → 451 4.7.1 Try again later$`)
	})
	t.Run("dig", func(t *testing.T) {
		needs(t, "dig")
		if got := shell(t, dir, "dig "+printed(t, out, "dig")); !strings.Contains(got, "10 mx3.qq.com.") {
			t.Errorf("dig says %s", got)
		}
	})
	for _, p := range programs {
		t.Run(p.label, func(t *testing.T) {
			p.run(t, out, strings.TrimSpace(printed(t, out, p.label)), "By "+p.label)
		})
	}
}

// setting is a setting of the guide in a program that sends a mail.
type setting struct {
	label   string   // with which the line of the guide begins
	needs   []string // programs
	library string   // a command that fails where a library is missing
	file    string   // of the program
	text    string   // the program, with LINE for the line, and SUBJECT
	command string   // what runs it
}

var programs = []setting{
	{
		label: "Go", needs: []string{"go"}, file: "main.go", command: "go run main.go",
		text: `package main

import "net/smtp"

func main() {
	from, to, message := "a@shop.example", []string{"bob@qq.com"}, []byte("Subject: SUBJECT\r\n\r\nHello\r\n")
	if err := LINE; err != nil {
		panic(err)
	}
}
`,
	},
	{
		label: "Node", needs: []string{"node"}, library: `node -e 'require("nodemailer")'`, file: "mail.js", command: "node mail.js",
		text: `const nodemailer = require("nodemailer");
LINE.sendMail({from: "a@shop.example", to: "bob@qq.com", subject: "SUBJECT", text: "Hello"});
`,
	},
	{
		label: "Python", needs: []string{"python3"}, file: "mail.py", command: "python3 mail.py",
		text: `import smtplib
with LINE as s:
    s.sendmail("a@shop.example", ["bob@qq.com"], "Subject: SUBJECT\r\n\r\nHello\r\n")
`,
	},
	{
		label: "Django", needs: []string{"/usr/bin/python3"}, library: "/usr/bin/python3 -c 'import django'", file: "settings.py", text: "LINE\n",
		command: `DJANGO_SETTINGS_MODULE=settings /usr/bin/python3 -c '
from django.core.mail import send_mail
send_mail("SUBJECT", "Hello", "a@shop.example", ["bob@qq.com"])'`,
	},
	{
		label: "PHP", needs: []string{"php", "msmtp"}, file: "php.ini", text: "LINE\n",
		command: `php -c php.ini -r 'exit(mail("bob@qq.com", "SUBJECT", "Hello") ? 0 : 1);'`,
	},
	{
		label: "Rails", needs: []string{"ruby"}, library: `ruby -e 'require "action_mailer"'`, file: "mail.rb", command: "ruby mail.rb",
		text: `require "action_mailer"
config = Struct.new(:action_mailer).new(ActionMailer::Base)
LINE
ActionMailer::Base.mail(from: "a@shop.example", to: "bob@qq.com", subject: "SUBJECT", body: "Hello").deliver_now
`,
	},
	{
		label: "Java", needs: []string{"javac", "java"}, library: "test -e " + jakarta, file: "Mail.java", command: "java LINE -cp " + jakarta + ":/usr/share/java/jakarta-activation.jar Mail.java",
		text: `import jakarta.mail.*;
import jakarta.mail.internet.*;

class Mail {
	public static void main(String[] args) throws Exception {
		var message = new MimeMessage(Session.getInstance(System.getProperties()));
		message.setFrom("a@shop.example");
		message.setRecipients(Message.RecipientType.TO, "bob@qq.com");
		message.setSubject("SUBJECT");
		message.setText("Hello");
		Transport.send(message);
	}
}
`,
	},
}

// jakarta is where Debian has the library for mail.
const jakarta = "/usr/share/java/jakarta-mail.jar"

// run sends a mail with a line of the guide, in a folder of its own.
func (p setting) run(t *testing.T, out *output, line, subject string) {
	t.Helper()
	needs(t, p.needs...)
	if p.library != "" && exec.CommandContext(t.Context(), "sh", "-c", p.library).Run() != nil {
		t.Skipf("the library of %s is needed: %s", p.label, p.library)
	}
	fill := strings.NewReplacer("LINE", line, "SUBJECT", subject).Replace
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, p.file), []byte(fill(p.text)), 0o600); err != nil {
		t.Fatal(err)
	}
	shell(t, dir, fill(p.command))
	out.await(t, `to <bob@qq.com>: "`+subject+`"`)
}

// TestTLSGuide trusts the certificate authority in each language as the guide says.
func TestTLSGuide(t *testing.T) {
	t.Parallel()
	out := begin(t, "-tls")
	_, port, _ := strings.Cut(out.address(t, "SMTP"), ":")
	for _, p := range []setting{
		{
			label: "curl", needs: []string{"curl"}, file: "mail.eml", text: "Subject: SUBJECT\r\n\r\nHello\r\n",
			command: "curl -sS --ssl-reqd LINE smtp://localhost:PORT --mail-from a@shop.example --mail-rcpt bob@qq.com -T mail.eml",
		},
		{
			label: "Python", needs: []string{"python3"}, file: "mail.py", command: "python3 mail.py",
			text: `import smtplib, ssl
with smtplib.SMTP("localhost", PORT) as s:
    s.starttls(context=LINE)
    s.sendmail("a@shop.example", ["bob@qq.com"], "Subject: SUBJECT\r\n\r\nHello\r\n")
`,
		},
		{
			label: "Node", needs: []string{"node"}, library: `node -e 'require("nodemailer")'`, file: "mail.js", command: "LINE node mail.js",
			text: `require("nodemailer").createTransport({host: "localhost", port: PORT, secure: false, requireTLS: true})
	.sendMail({from: "a@shop.example", to: "bob@qq.com", subject: "SUBJECT", text: "Hello"});
`,
		},
		{
			label: "PHP", needs: []string{"php"}, file: "mail.php", command: "php -d LINE mail.php",
			text: `<?php
$s = stream_socket_client("tcp://localhost:PORT");
function reply($s) { do $line = fgets($s); while ($line !== false && $line[3] === "-"); }
function say($s, $line) { fwrite($s, $line . "\r\n"); reply($s); }
reply($s);
say($s, "EHLO localhost");
say($s, "STARTTLS");
if (!stream_socket_enable_crypto($s, true, STREAM_CRYPTO_METHOD_TLS_CLIENT)) exit(1);
foreach (["EHLO localhost", "MAIL FROM:<a@shop.example>", "RCPT TO:<bob@qq.com>", "DATA", "Subject: SUBJECT\r\n\r\nHello\r\n.", "QUIT"] as $line) say($s, $line);
`,
		},
	} {
		t.Run(p.label, func(t *testing.T) {
			trust := out.await(t, p.label+`: (\S+(?: \S+\.pem)?)`)[1]
			p.text, p.command = strings.ReplaceAll(p.text, "PORT", port), strings.ReplaceAll(p.command, "PORT", port)
			p.run(t, out, trust, "By "+p.label)
		})
	}
}
