package examples

// The recipes for other programs and languages, which are run as they stand in the cookbook.

import (
	"bytes"
	"net"
	"net/smtp"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/proxy"

	"github.com/seed078e9d8c/maillab/internal/machine"
	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mxmock"
	"github.com/seed078e9d8c/maillab/mxmock/inspect"
)

// languages maps the name after a fence in the cookbook to the program that runs the recipe, and the text before
// it.
var languages = map[string]struct{ program, option, before string }{
	"python": {"python3", "-c", "import os, smtplib, ssl\n"},
	"js":     {"node", "-e", "const fs = require('fs'), nodemailer = require('nodemailer')\n"},
	"sh":     {"sh", "-c", "set -e\n"},
}

func TestLanguages(t *testing.T) {
	machine.NeedIPv4(t)
	cookbook, err := os.ReadFile("COOKBOOK.md")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(machine.TempDir(t))
	nodemailer := sync.OnceValue(func() bool { return exec.Command("node", "-e", "require('nodemailer')").Run() == nil })
	recipes := 0
	for block := range strings.SplitSeq(string(cookbook), "\n```") {
		language, recipe, _ := strings.Cut(block, "\n")
		l, ok := languages[language]
		if !ok {
			continue
		}
		recipes++
		name := strings.Fields(recipe)[0]
		t.Run(language+" "+name, func(t *testing.T) {
			if language != "sh" {
				name = l.program
			}
			if _, err := exec.LookPath(name); err != nil {
				t.Skipf("%s is not installed", name)
			}
			if language == "js" && !nodemailer() {
				t.Skip("nodemailer is not installed where NODE_PATH leads")
			}
			if err := os.WriteFile("mail.eml", []byte("From: jb@shop.example\nTo: bob@qq.com\nSubject: Hello\n\nHi\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), l.program, l.option, l.before+recipe)
			srv := mailtest.New(t)

			srv.StartTLS = true
			if err := os.WriteFile("ca.pem", srv.RootPEM(), 0o600); err != nil {
				t.Fatal(err)
			}
			cmd.Env = append(os.Environ(), "SMTP_PORT="+strconv.Itoa(srv.Port()))

			page := inspect.New(t, srv)
			cmd.Env = append(cmd.Env, "MAIL_API="+page.URL()+"/api")

			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			msg := srv.Next(t)
			if msg.Subject != "Hello" || msg.Envelope.To[0].Address != "bob@qq.com" || msg.Envelope.TLS == nil {
				t.Errorf("got %v, TLS %v", msg, msg.Envelope.TLS)
			}
		})
	}
	if recipes < 5 {
		t.Errorf("the cookbook has %d recipes, want 5 at least: is it read rightly?", recipes)
	}
}

func TestAnotherMachine(t *testing.T) {
	t.Parallel()
	machine.NeedIPv4(t)
	srv := mailtest.New(t)

	srv.Name = "host.docker.internal"
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	go srv.Serve(l)

	_, port, _ := net.SplitHostPort(l.Addr().String())
	if err := smtp.SendMail(net.JoinHostPort("localhost", port), nil, "a@example.com", []string{"bob@qq.com"}, []byte("Hi\r\n")); err != nil {
		t.Fatal(err)
	}
	srv.Next(t)
}

// deliver is code that takes neither a resolver nor a dialer.
func deliver(domain, to string) error {
	mxs, err := net.LookupMX(domain)
	if err != nil {
		return err
	}
	return smtp.SendMail(mxs[0].Host+":25", nil, "a@example.com", []string{to}, []byte("Hi\r\n"))
}

func TestInjectsNothing(t *testing.T) {
	inet := mxmock.New(t)
	inet.Networks = []string{"127.80.0.0/16"}
	mx := inet.MX("qq.com", "mx1.qq.com")[0]
	inet.UseAsDefault(t)
	if err := inet.ListenHosts(nil); err != nil {
		t.Skip(err)
	}

	if err := deliver("qq.com", "bob@qq.com"); err != nil {
		t.Fatal(err)
	}
	mx.Next(t)
}

func TestProxySetting(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	inet.MX("qq.com", "mx1.qq.com")

	proxyAddr, err := inet.ListenSOCKS("")
	if err != nil {
		t.Fatal(err)
	}
	d, err := proxy.SOCKS5("tcp", proxyAddr, nil, proxy.Direct)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := d.Dial("tcp", "mx1.qq.com:25")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	greeting := make([]byte, 4)
	if _, err := conn.Read(greeting); err != nil || !bytes.Equal(greeting, []byte("220 ")) {
		t.Errorf("greeting = %q, %v", greeting, err)
	}
}
