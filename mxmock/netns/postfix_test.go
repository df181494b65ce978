package netns_test

// This file has Postfix on a host of the internet, with port 25 of its own.

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed078e9d8c/maillab/internal/program"
	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mxmock"
	"github.com/seed078e9d8c/maillab/mxmock/netns"
)

// postfix is a Postfix that runs.
type postfix struct {
	*program.Postfix
	*daemon
	ns *netns.Namespace
}

// startPostfix starts Postfix, or skips the test.
func startPostfix(t *testing.T, ns *netns.Namespace) *postfix {
	t.Helper()
	p := &postfix{Postfix: program.NewPostfix(t, "mail.shop.example"), ns: ns}
	for at, file := range p.Accounts() {
		if err := ns.Mount(file, at); err != nil {
			t.Fatal(err)
		}
	}
	p.run(t, p.Install())
	p.daemon = startDaemon(t, ns, p.Master())
	p.await(t, "daemon started")
	return p
}

// run runs a program in the namespace.
func (p *postfix) run(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	cmd.Env = p.Env
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := p.ns.Run(cmd); err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, &out)
	}
}

// flush makes Postfix try again what it has deferred, and returns the next message of a host. It does so several times,
// because Postfix says that it has deferred a message before the message is in the queue that is tried again.
func (p *postfix) flush(t *testing.T, host *mxmock.Host) *mailtest.Message {
	t.Helper()
	for range 10 {
		p.run(t, exec.Command(filepath.Join(p.Root, "/usr/sbin/postqueue"), "-f"))
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		m, err := host.NextContext(ctx)
		cancel()
		if err == nil {
			return m
		}
	}
	return nil
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
		if m := p.flush(t, grey); m == nil || m.Subject != "later" {
			t.Errorf("the second attempt gives %v", m)
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
