package mailtest_test

// In what pieces a client's bytes arrive does not matter.

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
)

// halfConn is a connection of which one side can be closed.
type halfConn interface {
	net.Conn
	CloseWrite() error
	SetLinger(int) error
}

// recordingConn keeps what its client says.
type recordingConn struct {
	halfConn
	said []byte
}

func (c *recordingConn) Write(p []byte) (int, error) {
	c.said = append(c.said, p...)
	return c.halfConn.Write(p)
}

// said plays a dialogue in the usual way, in which the client waits for replies, and returns the client's
// bytes.
func said(t *testing.T, d *dialog, rules []mailtest.Rule) (input []byte) {
	synctest.Test(t, func(t *testing.T) {
		srv := mailtest.New(t)
		setUp(t, srv, d.server, connections[0])
		srv.AddRules(rules...)
		conn, err := srv.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		recording := &recordingConn{halfConn: conn.(halfConn)}
		defer conn.Close()
		if _, _, err := d.play(srv, recording, true, false); err != nil {
			t.Fatal(err)
		}
		input = recording.said
	})
	return input
}

// outcome is what a server makes of a connection.
type outcome struct {
	turns    []mailtest.Turn // without their times
	messages []delivered
	ending   string
}

// delivered is what matters of a message here.
type delivered struct {
	raw      string
	envelope mailtest.Envelope
	acked    bool
}

// String returns the outcome as lines of text.
func (o outcome) String() string {
	var b strings.Builder
	for _, turn := range o.turns {
		fmt.Fprintf(&b, "%v %q %q %q %q rule %d message %d\n", turn.Stage, turn.Command, turn.Reply, turn.Payload, turn.Notes, turn.Rule, turn.Message)
	}
	for _, m := range o.messages {
		fmt.Fprintf(&b, "message %q %+v acked %v\n", m.raw, m.envelope, m.acked)
	}
	return b.String() + "ended: " + o.ending
}

// replayed is what a server makes of a client's bytes that come in some pieces, each of them when it has
// done all that it can with those before. It must be called in a bubble.
func replayed(t *testing.T, d *dialog, rules []mailtest.Rule, pieces ...[]byte) (o outcome) {
	t.Helper()
	srv := &mailtest.Server{}
	defer srv.Close()
	setUp(t, srv, d.server, connections[0])
	srv.AddRules(rules...)
	conn, err := srv.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	go io.Copy(io.Discard, conn)
	for _, p := range pieces {
		if _, err := conn.Write(p); err != nil {
			break // the server has ended the connection
		}
		synctest.Wait()
	}
	conn.(halfConn).CloseWrite()
	time.Sleep(24 * time.Hour) // whatever a rule delays has come
	s := srv.Sessions()[0]
	o.turns = s.Turns
	for i := range o.turns {
		turn := &o.turns[i]
		if strings.HasPrefix(turn.Reply, "334 ") {
			turn.Reply = "334 *\r\n" // which may be a random challenge
		}
		var notes []mailtest.Note
		for _, note := range turn.Notes {
			if note.Kind != mailtest.GreetingNotAwaited && note.Kind != mailtest.ReplyNotAwaited {
				notes = append(notes, note)
			}
		}
		turn.Notes = notes
		turn.Received, turn.Replied = time.Time{}, time.Time{}
	}
	for _, m := range srv.Messages() {
		o.messages = append(o.messages, delivered{string(m.Raw), m.Envelope, m.Acked})
	}
	o.ending = s.Ending.String()
	if strings.Contains(s.Ending.Cause, " reset") && strings.Contains(s.Ending.Cause, "peer") {
		o.ending = "reset by the client"
	}
	return o
}

// packetRules are rules for which it matters which byte has come.
var packetRules = map[string]mailtest.Rule{
	"reset":   {At: mailtest.Body, Drop: mailtest.Reset},
	"close":   {At: mailtest.Body, Drop: mailtest.Close},
	"refusal": {At: mailtest.Body, Reply: "552 5.3.4 Too big"},
	"delay":   {At: mailtest.Body, Delay: time.Minute},
	"end":     {At: mailtest.Body, Reply: "421 4.3.0 Bye", Drop: mailtest.Close},
}

func TestPackets(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/dialogs/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("got %d dialogues, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		d := parseDialog(string(text))
		if slices.Contains(d.server, "encrypted") || slices.Contains(d.server, "StartTLS") || strings.Contains(d.text, "!! tls") || strings.Contains(d.text, "!! reset") {
			continue // TLS is never twice the same, and a reset throws bytes away
		}
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			testPackets(t, d, nil)
		})
	}
	for name, message := range map[string]string{
		"data": "DATA\nHello\n..\n.x\nWorld\n.\n", "chunks": "BDAT 7\nHello\nBDAT 9 LAST\n..World\n",
		"two": "DATA\nHello\n.\nMAIL FROM:<a@b.example>\nRCPT TO:<c@d.example>\nDATA\nWorld\n.\n",
	} {
		// What follows comes with it, or later.
		input := strings.ReplaceAll("EHLO a\nMAIL FROM:<a@b.example>\nRCPT TO:<c@d.example>\n"+message+"RSET\nNOOP\nQUIT\n", "\n", "\r\n")
		for rule, r := range packetRules {
			for _, after := range []int64{0, 1, 6, 8, 9, 10, 15, 16, 17, 18, 20, 21, 22, 23, 24, 25, 26, 40, 1000} {
				r := r
				r.AfterBytes = after
				t.Run(fmt.Sprint(name, "/", rule, "/", after), func(t *testing.T) {
					t.Parallel()
					testPieces(t, &dialog{}, []mailtest.Rule{r}, []byte(input))
				})
			}
		}
	}
}

func testPackets(t *testing.T, d *dialog, rules []mailtest.Rule) {
	t.Helper()
	testPieces(t, d, rules, said(t, d, rules))
}

// testPieces compares what becomes of a client's bytes in one piece, in three, which are split at every two places
// that are half of it apart, and in as many pieces as there are bytes.
func testPieces(t *testing.T, d *dialog, rules []mailtest.Rule, input []byte) {
	t.Helper()
	mostSplits := 200
	const mostSingle = 16 << 10
	if mailtest.RaceEnabled {
		mostSplits = 20
	}
	synctest.Test(t, func(t *testing.T) {
		want := replayed(t, d, rules, input)
		compare := func(how string, pieces ...[]byte) {
			t.Helper()
			if got := replayed(t, d, rules, pieces...); !reflect.DeepEqual(got, want) {
				t.Errorf("%s, the server makes of %.2000q\n%.5000s\nand in one piece\n%.5000s", how, input, got, want)
			}
		}
		if len(input) <= mostSingle {
			var single [][]byte
			for i := range input {
				single = append(single, input[i:i+1])
			}
			compare("byte by byte", single...)
		}
		half := len(input) / 2
		for i := 1; i <= half && !t.Failed(); i += 1 + len(input)/mostSplits {
			compare(fmt.Sprintf("split before bytes %d and %d", i, half+i), input[:i], input[i:half+i], input[half+i:])
		}
	})
}

// What a client says behind STARTTLS without waiting for the reply is thrown away, and noted (RFC 3207 §6).
func TestPacketsBehindSTARTTLS(t *testing.T) {
	t.Parallel()
	const injected = "MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nNOOP"
	for n := range len(injected) + 1 {
		srv := mailtest.New(t)
		srv.StartTLS, srv.TLS = true, quickTLS()
		conn, err := srv.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if err := raw(conn, "220", "EHLO a", "250", "STARTTLS\r\n"+injected[:n]+"+", "220"); err != nil {
			t.Fatal(err)
		}
		client := tls.Client(conn, clientTLS(srv))
		if _, err := client.Write([]byte("QUIT\r\n")); err != nil {
			t.Fatal(err)
		}
		reply, _ := io.ReadAll(client)
		s := srv.WaitSession(t, 1)
		if string(reply) != "221 2.0.0 Bye\r\n" || len(s.Turns) != 5 || (n > 0) != (len(s.Turns[2].Notes) > 0) {
			t.Errorf("%d bytes behind STARTTLS: got reply %q, and\n%v", n, reply, s)
		}
	}
}
