package clients

// The library xhit/go-simple-mail.

import (
	"crypto/tls"
	"net"
	"testing"

	"github.com/xhit/go-simple-mail/v2"

	"github.com/seed078e9d8c/maillab/mailtest"
)

func TestSimpleMail(t *testing.T) {
	send := func(server *mail.SMTPServer) error {
		client, err := server.Connect()
		if err != nil {
			return err
		}
		return mail.NewMSG().SetFrom(from).AddTo(to).SetSubject("Hello").SetBody(mail.TextPlain, "Hi").Send(client)
	}
	sent(t, []way{
		{"plain", func(srv *mailtest.Server) error {
			server := mail.NewSMTPClient()
			server.Host, server.Port = srv.Host(), srv.Port()
			return send(server)
		}},
		{"STARTTLS", func(srv *mailtest.Server) error {
			server := mail.NewSMTPClient()
			server.Host, server.Port = srv.Host(), srv.Port()
			server.Encryption, server.TLSConfig = mail.EncryptionSTARTTLS, srv.ClientTLS()
			return send(server)
		}},
		{"TLS", func(srv *mailtest.Server) error {
			srv.ImplicitTLS = true
			server := mail.NewSMTPClient()
			server.Host, server.Port = srv.Host(), srv.Port()
			server.Encryption, server.TLSConfig = mail.EncryptionSSLTLS, srv.ClientTLS()
			return send(server)
		}},
		{"memory", func(srv *mailtest.Server) error {
			return dial(srv, func(conn net.Conn) error {
				server := mail.NewSMTPClient()
				server.CustomConn = conn
				return send(server)
			})
		}},
		{"memory TLS", func(srv *mailtest.Server) error {
			srv.ImplicitTLS = true
			return dial(srv, func(conn net.Conn) error {
				server := mail.NewSMTPClient()
				server.CustomConn = tls.Client(conn, srv.ClientTLS())
				return send(server)
			})
		}},
	})
}
