// Offline shows the delivery of a mail to the world, without any network: the look-up of the MX hosts of a domain,
// a host that is down and another one that works, the SMTP sessions, and the messages as they arrive. It also shows
// a common mistake: the host that users enter in their mail programs is not the one to deliver to.
//
//	go run ./examples/offline
//
// It prints each step, checks the result, and exits with status 1 if a step has failed.
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

// run runs all steps, and prints them to w. The error says which step has failed.
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

// exchangers prints the MX hosts of a domain.
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

// deliver sends the mail to a recipient, and prints the session and the message that the host has received.
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

// submit sends the same mail to the submission host, as the mail programs of its users do, but without a login.
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

// byName is a resolver that sorts exchangers of equal preference by their names, so the output is the same each
// time.
type byName struct{ *net.Resolver }

func (r byName) LookupMX(ctx context.Context, domain string) ([]*net.MX, error) {
	mxs, err := r.Resolver.LookupMX(ctx, domain)
	slices.SortStableFunc(mxs, func(a, b *net.MX) int {
		return cmp.Or(cmp.Compare(a.Pref, b.Pref), strings.Compare(a.Host, b.Host))
	})
	return mxs, err
}

// dialogue prints the transcripts of sessions.
func dialogue(w io.Writer, sessions []*mailtest.Session) {
	for _, s := range sessions {
		for _, t := range s.Turns {
			for line := range strings.Lines(t.String()) {
				fmt.Fprint(w, "    ", line)
			}
		}
	}
}
