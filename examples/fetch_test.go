package examples

// The recipe for programs that fetch mail.

import (
	"errors"
	"net/textproto"
	"strings"
	"testing"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/pop3"
)

// importer fetches mail by POP3, and gives up at the first error.
type importer struct{ addr, user, password string }

// fetch returns the subjects of the messages, which it deletes.
func (i *importer) fetch() (subjects []string, err error) {
	conn, err := textproto.Dial("tcp", i.addr)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	ask := func(command string) (reply string) {
		if err != nil {
			return ""
		}
		if command != "" {
			err = conn.PrintfLine("%s", command)
		}
		if reply, err = conn.ReadLine(); err == nil && !strings.HasPrefix(reply, "+OK") {
			err = errors.New(reply)
		}
		return reply
	}
	ask("")
	ask("USER " + i.user)
	ask("PASS " + i.password)
	count := strings.Fields(ask("STAT") + " 0 0")[1]
	for n := "1"; err == nil && n <= count; n = string(n[0] + 1) {
		ask("RETR " + n)
		if err != nil {
			break
		}
		header, failed := textproto.NewReader(conn.R).ReadMIMEHeader()
		if _, rest := conn.ReadDotBytes(); failed != nil || rest != nil {
			return subjects, errors.Join(failed, rest)
		}
		subjects = append(subjects, header.Get("Subject"))
		ask("DELE " + n)
	}
	ask("QUIT")
	return subjects, err
}

func TestFetch(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	if err := newShop(srv.Addr()).Register("support@shop.example"); err != nil {
		t.Fatal(err)
	}

	pop := pop3.New(t, srv)
	tickets := &importer{pop.Addr(), "support@shop.example", "any password"}
	pop.AddRules(mailtest.Rule{At: pop3.Retr, Times: 1, AfterBytes: 40, Drop: mailtest.Reset})
	if _, err := tickets.fetch(); err == nil {
		t.Error("the connection broke in the middle of a message, and nothing was said")
	}
	if subjects, err := tickets.fetch(); err != nil || len(subjects) != 1 {
		t.Errorf("the message that broke was not fetched again: %q, %v", subjects, err)
	}
}
