package clients

// The library wneessen/go-mail.

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"testing"

	"github.com/wneessen/go-mail"

	"github.com/seed078e9d8c/maillab/mailtest"
)

func TestGoMail(t *testing.T) {
	send := func(client *mail.Client, err error) error {
		m := mail.NewMsg()
		if err := errors.Join(err, m.From(from), m.To(to)); err != nil {
			return err
		}
		m.Subject("Hello")
		m.SetBodyString(mail.TypeTextPlain, "Hi\n")
		return client.DialAndSend(m)
	}
	sent(t, []way{
		{"plain", func(srv *mailtest.Server) error {
			return send(mail.NewClient(srv.Host(), mail.WithPort(srv.Port()), mail.WithTLSPolicy(mail.NoTLS)))
		}},
		{"STARTTLS", func(srv *mailtest.Server) error {
			return send(mail.NewClient(srv.Host(), mail.WithPort(srv.Port()), mail.WithTLSConfig(srv.ClientTLS())))
		}},
		{"TLS", func(srv *mailtest.Server) error {
			srv.ImplicitTLS = true
			return send(mail.NewClient(srv.Host(), mail.WithPort(srv.Port()), mail.WithSSL(), mail.WithTLSConfig(srv.ClientTLS())))
		}},
		{"memory", func(srv *mailtest.Server) error {
			dial := func(ctx context.Context, _, _ string) (net.Conn, error) { return srv.Dial(ctx) }
			return send(mail.NewClient("localhost", mail.WithDialContextFunc(dial), mail.WithTLSPolicy(mail.NoTLS)))
		}},
		{"memory TLS", func(srv *mailtest.Server) error {
			srv.ImplicitTLS = true
			dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
				conn, err := srv.Dial(ctx)
				if err != nil {
					return nil, err
				}
				return tls.Client(conn, srv.ClientTLS()), nil
			}
			return send(mail.NewClient("localhost", mail.WithSSL(), mail.WithDialContextFunc(dial)))
		}},
	})
	srv := mailtest.New(t)
	if err := send(mail.NewClient(srv.Host(), mail.WithPort(srv.Port()))); err == nil {
		t.Error("it does not insist on STARTTLS")
	}
}
