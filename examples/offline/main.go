// Offline tells the story of a mail to the world, without any network: the look-up of who takes the
// mail of a domain, a host that is down and the next one that is not, the SMTP dialogues, the
// messages as they arrive, and the trap that the host in everybody's mail program is not the one to
// deliver to.
//
//	go run ./examples/offline
//
// It prints what happens, checks that it did, and exits with 1 if it did not.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"slices"
	"strings"

	"github.com/emersion/go-smtp"

	"github.com/seed078e9d8c/maillab/examples/outbound"
	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mxmock"
	"github.com/seed078e9d8c/maillab/mxmock/provider"
)

const (
	sender  = "jb@wchrt.vicp.cc"
	subject = "你好"
	text    = "约不约?\n"
)

func main() {
	log.SetFlags(0)
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal("offline: ", err)
	}
}

// run tells the story to w. The error says which part of it did not happen.
func run(ctx context.Context, w io.Writer) error {
	inet := &mxmock.Internet{}
	defer inet.Close()
	qq := provider.Add(inet, "qq.com")
	netease := provider.Add(inet, "163.com")
	qq.Mailbox("414322153@qq.com", provider.Good)
	qq.Account("414322153@qq.com", "the authorization code")
	qq.MX[0].Break(mxmock.Refused)

	if err := exchangers(ctx, w, inet, "qq.com"); err != nil {
		return err
	}
	if err := deliver(ctx, w, inet, "414322153@qq.com", qq.MX[1]); err != nil {
		return err
	}
	if sessions := qq.MX[0].Sessions(); len(sessions) > 0 {
		return fmt.Errorf("%s is down, and yet: %v", qq.MX[0].Name(), sessions[0])
	}
	if err := exchangers(ctx, w, inet, "163.com"); err != nil {
		return err
	}
	if err := deliver(ctx, w, inet, "jb@163.com", netease.MX[0]); err != nil {
		return err
	}
	return submit(ctx, w, inet, qq.Submission.Server(587))
}

// exchangers prints who takes the mail of a domain.
func exchangers(ctx context.Context, w io.Writer, inet *mxmock.Internet, domain string) error {
	mxs, err := byName{inet.Resolver()}.LookupMX(ctx, domain)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "Who takes the mail of %s?\n", domain)
	for _, mx := range mxs {
		fmt.Fprintf(w, "    MX %d %s\n", mx.Pref, mx.Host)
	}
	return nil
}

// deliver sends the mail to a recipient, and shows how it went and what has arrived at the host.
func deliver(ctx context.Context, w io.Writer, inet *mxmock.Internet, to string, host *mxmock.Host) error {
	fmt.Fprintf(w, "\nA mail from %s to %s\n", sender, to)
	s := outbound.Sender{
		Resolver: byName{inet.Resolver()},
		Shuffle:  func(int, func(i, j int)) {},
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := inet.DialContext(ctx, network, address)
			if err != nil {
				fmt.Fprintf(w, "    %v\n", err)
			} else {
				fmt.Fprintf(w, "    dial %s %s: connected\n", network, address)
			}
			return conn, err
		},
		Hostname: "wchrt.vicp.cc",
	}
	results, err := s.Send(ctx, sender, []string{to}, message(to))
	if err != nil {
		return err
	}
	dialogue(w, host.Server(25).Sessions())
	fmt.Fprintf(w, "%s: %s by %s\n", to, results[0].Status, results[0].Host)

	arrived := host.Messages()
	if len(arrived) != 1 {
		return fmt.Errorf("%d messages have arrived at %s, want 1", len(arrived), host.Name())
	}
	m := arrived[0]
	fmt.Fprintf(w, "\nWhat %s has got\n    Subject: %s\n    Text:    %s\n", host.Name(), m.Subject, m.Text)
	if m.Subject != subject || m.Text != text || m.Envelope.To[0].Address != to {
		return fmt.Errorf("got %q, %q for %s, want %q, %q for %s", m.Subject, m.Text, m.Envelope.To[0].Address, subject, text, to)
	}
	return nil
}

// submit offers the same mail to the submission host, as its users' mail programs do, but without a login.
func submit(ctx context.Context, w io.Writer, inet *mxmock.Internet, server *mailtest.Server) error {
	fmt.Fprintf(w, "The same mail to %s, which is in every mail program and in no MX record\n", server.Name)
	conn, err := inet.DialContext(ctx, "tcp", server.Name+":587")
	if err != nil {
		return err
	}
	defer conn.Close()
	c := smtp.NewClient(conn)
	refusal := c.Mail(sender, nil)
	if err := c.Quit(); err != nil {
		return err
	}
	dialogue(w, server.Sessions())
	var reply *smtp.SMTPError
	if !errors.As(refusal, &reply) || reply.Code != 503 {
		return fmt.Errorf("%s answers %v, want 503", server.Name, refusal)
	}
	fmt.Fprintf(w, "It wants a login (%d). Mail for others is taken by the hosts that MX names.\n", reply.Code)
	return nil
}

// byName is a resolver that puts exchangers of equal preference in the order of their names, so
// that the story is the same each time.
type byName struct{ *net.Resolver }

func (r byName) LookupMX(ctx context.Context, domain string) ([]*net.MX, error) {
	mxs, err := r.Resolver.LookupMX(ctx, domain)
	slices.SortStableFunc(mxs, func(a, b *net.MX) int {
		return cmp.Or(cmp.Compare(a.Pref, b.Pref), strings.Compare(a.Host, b.Host))
	})
	return mxs, err
}

// dialogue prints what was said.
func dialogue(w io.Writer, sessions []*mailtest.Session) {
	for _, s := range sessions {
		for _, t := range s.Turns {
			for line := range strings.Lines(t.String()) {
				fmt.Fprint(w, "    ", line)
			}
		}
	}
}
