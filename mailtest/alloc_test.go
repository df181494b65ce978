package mailtest_test

// What the hot paths may allocate. These tests are not parallel: allocations of others would count.

import (
	"bufio"
	"net"
	"strings"
	"testing"

	"github.com/seed078e9d8c/maillab/internal/machine"
	"github.com/seed078e9d8c/maillab/mailtest"
)

// rawClient speaks over a connection to a server in memory, and allocates nothing itself.
type rawClient struct {
	tb   testing.TB
	conn net.Conn
	in   *bufio.Reader
}

func newRawClient(tb testing.TB, srv *mailtest.Server) *rawClient {
	conn, err := srv.Dial(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { conn.Close() })
	d := &rawClient{tb: tb, conn: conn, in: bufio.NewReader(conn)}
	d.reply()
	d.say([]byte("HELO client.example\r\n"))
	return d
}

func (d *rawClient) reply() {
	if _, err := d.in.ReadSlice('\n'); err != nil {
		d.tb.Fatal(err)
	}
}

func (d *rawClient) say(line []byte) {
	if _, err := d.conn.Write(line); err != nil {
		d.tb.Fatal(err)
	}
	d.reply()
}

func TestAllocations(t *testing.T) {
	machine.NeedIPv4(t)
	srv := mailtest.New(t)
	d := newRawClient(t, srv)
	mail, rcpt, data := []byte("MAIL FROM:<a@b.example>\r\n"), []byte("RCPT TO:<c@d.example>\r\n"), []byte("DATA\r\n")
	noop, body := []byte("NOOP\r\n"), []byte("Subject: x\r\n\r\n"+strings.Repeat("0123456789\r\n", 90)+".\r\n")
	send := func() {
		d.say(mail)
		d.say(rcpt)
		d.say(data)
		d.say(body)
	}
	for range 1000 { // what is looked at below
		send()
	}
	srv.Messages()
	stopped := func() {
		s := &mailtest.Server{}
		s.Addr()
		s.Close()
	}
	message := 44.0 // go-smtp's share is 30
	if mailtest.RaceEnabled {
		message = 48 // with it, a sync.Pool drops some of what it is given
	}
	for _, test := range []struct {
		what string
		f    func()
		most float64
	}{
		{"a message over a kept connection", send, message},
		{"a command", func() { d.say(noop) }, 4},
		{"to see a thousand messages again", func() { srv.Messages() }, 2},
		{"to start and stop a server", stopped, 25},
	} {
		if got := testing.AllocsPerRun(200, test.f); got > test.most {
			t.Errorf("%s takes %.1f allocations, want %.0f at most", test.what, got, test.most)
		} else {
			t.Logf("%s takes %.1f allocations", test.what, got)
		}
	}
}
