// Package clients has tests with mail clients that the library itself does not depend on.
package clients

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/seed078e9d8c/maillab/mailtest"
)

// runs is how often a test ends in the moment in which the message has come.
const runs = 100

// ended is a test whose last line is Next: send is told the server's address in another goroutine.
func ended(t *testing.T, prepare func(*mailtest.Server), send func(*mailtest.Server) error) {
	t.Helper()
	for i := range runs {
		srv := &mailtest.Server{}
		prepare(srv)
		srv.Addr()
		sent := make(chan error, 1)
		go func() { sent <- send(srv) }()
		_, err := srv.NextContext(t.Context())
		srv.Close()
		if err = errors.Join(err, <-sent); err != nil {
			t.Fatalf("run %d: %v", i+1, err)
		}
	}
}

func TestGoMailAtEnd(t *testing.T) {
	tests := []struct {
		name    string
		prepare func(*mailtest.Server)
		options func(*mailtest.Server) []mail.Option
	}{
		{"clear", func(*mailtest.Server) {}, func(srv *mailtest.Server) []mail.Option {
			return []mail.Option{mail.WithPort(srv.Port()), mail.WithTLSPolicy(mail.NoTLS)}
		}},
		{"STARTTLS", func(srv *mailtest.Server) { srv.StartTLS = true }, func(srv *mailtest.Server) []mail.Option {
			return []mail.Option{mail.WithPort(srv.Port()), mail.WithTLSPolicy(mail.TLSMandatory), mail.WithTLSConfig(srv.ClientTLS())}
		}},
		{"TLS", func(srv *mailtest.Server) { srv.ImplicitTLS = true }, func(srv *mailtest.Server) []mail.Option {
			return []mail.Option{mail.WithPort(srv.Port()), mail.WithSSL(), mail.WithTLSConfig(srv.ClientTLS())}
		}},
		{"memory", func(*mailtest.Server) {}, func(srv *mailtest.Server) []mail.Option {
			return []mail.Option{mail.WithTLSPolicy(mail.NoTLS), mail.WithDialContextFunc(func(ctx context.Context, _, _ string) (net.Conn, error) {
				return srv.Dial(ctx)
			})}
		}},
		{"memory TLS", func(srv *mailtest.Server) { srv.ImplicitTLS = true }, func(srv *mailtest.Server) []mail.Option {
			return []mail.Option{mail.WithTLSPolicy(mail.NoTLS), mail.WithDialContextFunc(func(ctx context.Context, _, _ string) (net.Conn, error) {
				conn, err := srv.Dial(ctx)
				if err != nil {
					return nil, err
				}
				return tls.Client(conn, srv.ClientTLS()), nil
			})}
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			ended(t, test.prepare, func(srv *mailtest.Server) error {
				m := mail.NewMsg()
				if err := errors.Join(m.From("a@example.com"), m.To("bob@qq.com")); err != nil {
					return err
				}
				m.Subject("Hello")
				m.SetBodyString(mail.TypeTextPlain, "Hi\n")
				c, err := mail.NewClient("localhost", test.options(srv)...)
				if err != nil {
					return err
				}
				return c.DialAndSend(m)
			})
		})
	}
}

// nodemailer sends a message to each port that it reads, and writes what became of it when its connection
// has ended.
const nodemailer = `
const nodemailer = require("nodemailer")
require("readline").createInterface({ input: process.stdin }).on("line", async port => {
	const t = nodemailer.createTransport({ host: "localhost", port, ignoreTLS: process.env.CA === undefined, tls: { ca: process.env.CA } })
	try {
		await t.sendMail({ from: "a@example.com", to: "bob@qq.com", subject: "Hello", text: "Hi" })
		console.log("sent")
	} catch (err) {
		console.log(String(err).replaceAll("\n", " "))
	}
})
`

func TestNodemailerAtEnd(t *testing.T) {
	if exec.Command("node", "-e", "require('nodemailer')").Run() != nil {
		t.Skip("node or nodemailer is not installed, or NODE_PATH does not lead to it")
	}
	for _, encrypted := range []bool{false, true} {
		t.Run(fmt.Sprint("TLS ", encrypted), func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, "node", "-e", nodemailer)
			if encrypted {
				cmd.Env = append(cmd.Environ(), "CA="+string(new(mailtest.Server).RootPEM()))
			}
			in, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			replies := bufio.NewReader(out)
			ended(t, func(srv *mailtest.Server) { srv.StartTLS = encrypted }, func(srv *mailtest.Server) error {
				fmt.Fprintln(in, srv.Port())
				line, err := replies.ReadString('\n')
				if line = strings.TrimSpace(line); line != "sent" {
					err = errors.Join(err, errors.New(line))
				}
				return err
			})
			in.Close()
			if err := cmd.Wait(); err != nil {
				t.Errorf("node: %v", err)
			}
		})
	}
}
