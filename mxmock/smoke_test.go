package mxmock_test

import (
	"context"
	"io"
	"net"
	"net/smtp"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mxmock"
)

func TestSmoke(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	err := smtp.SendMail(srv.Addr(), smtp.PlainAuth("", "u", "p", srv.Host()), "a@b.c", []string{"x@y.z"}, []byte("Subject: Welcome\r\n\r\nHello Bob\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	m := srv.Next(t)
	if m.Subject != "Welcome" || m.Text != "Hello Bob\n" {
		t.Errorf("%q %q", m.Subject, m.Text)
	}
	for _, s := range srv.Sessions() {
		t.Log(s)
	}
}

func send(ctx context.Context, r *net.Resolver, dial func(context.Context, string, string) (net.Conn, error)) error {
	mxs, err := r.LookupMX(ctx, "qq.com")
	if err != nil {
		return err
	}
	var last error
	for _, mx := range mxs {
		conn, err := dial(ctx, "tcp", mx.Host+":25")
		if err != nil {
			last = err
			continue
		}
		c, err := smtp.NewClient(conn, mx.Host)
		if err != nil {
			return err
		}
		defer c.Close()
		if err := c.Mail("a@b.c"); err != nil {
			return err
		}
		if err := c.Rcpt("bob@qq.com"); err != nil {
			return err
		}
		w, err := c.Data()
		if err != nil {
			return err
		}
		io.WriteString(w, "Subject: x\n\nhi\n")
		if err := w.Close(); err != nil {
			return err
		}
		return c.Quit()
	}
	return last
}

func TestSmokeBubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inet := mxmock.New(t)
		mx := inet.MX("qq.com", "mx1.qq.com", "mx2.qq.com")
		mx[0].Break(mxmock.Refused)
		mx[1].AddRules(mailtest.Greylist(5 * time.Minute))
		start := time.Now()
		for send(t.Context(), inet.Resolver(), inet.DialContext) != nil {
			time.Sleep(time.Minute)
		}
		t.Log(time.Since(start))
		mx[1].Next(t)
		for _, s := range inet.Sessions() {
			t.Log(s)
		}
		for _, q := range inet.Queries() {
			t.Log(q)
		}
	})
}
