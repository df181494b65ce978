package clients

// The library emersion/go-smtp.

import (
	"bytes"
	"net"
	"testing"

	"github.com/emersion/go-smtp"

	"github.com/seed078e9d8c/maillab/mailtest"
)

func TestGoSMTP(t *testing.T) {
	send := func(client *smtp.Client, err error) error {
		if err != nil {
			return err
		}
		if err := client.SendMail(from, []string{to}, bytes.NewReader(msg)); err != nil {
			return err
		}
		return client.Quit()
	}
	sent(t, []way{
		{"plain", func(srv *mailtest.Server) error { return send(smtp.Dial(srv.Addr())) }},
		{"STARTTLS", func(srv *mailtest.Server) error { return send(smtp.DialStartTLS(srv.Addr(), srv.ClientTLS())) }},
		{"TLS", func(srv *mailtest.Server) error { return send(smtp.DialTLS(srv.TLSAddr(), srv.ClientTLS())) }},
		{"memory", func(srv *mailtest.Server) error {
			return dial(srv, func(conn net.Conn) error { return send(smtp.NewClient(conn), nil) })
		}},
	})
}
