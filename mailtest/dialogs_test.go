package mailtest_test

// The dialogues in testdata/dialogs, each of them on every kind of connection.

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed078e9d8c/maillab/internal/machine"
	"github.com/seed078e9d8c/maillab/internal/wildcard"
	"github.com/seed078e9d8c/maillab/mailtest"
)

// guard is how long a test waits for what must come at once.
const guard = 20 * time.Second

// connect is a way to reach a server.
type connect struct {
	name     string
	tls      bool
	implicit bool // for Server.ImplicitTLS
	dial     func(ctx context.Context, srv *mailtest.Server) (net.Conn, error)
}

// raw connects without TLS, where it is for the client to begin that.
func (c connect) raw(ctx context.Context, srv *mailtest.Server) (net.Conn, error) {
	if c.name == "loopback TLS" {
		return new(net.Dialer).DialContext(ctx, "tcp", srv.TLSAddr())
	}
	if c.tls {
		return srv.Dial(ctx)
	}
	return c.dial(ctx, srv)
}

var connections = []connect{
	{"memory", false, false, func(ctx context.Context, srv *mailtest.Server) (net.Conn, error) { return srv.Dial(ctx) }},
	{"loopback", false, false, func(ctx context.Context, srv *mailtest.Server) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", srv.Addr())
	}},
	{"memory TLS", true, true, func(ctx context.Context, srv *mailtest.Server) (net.Conn, error) {
		conn, err := srv.Dial(ctx)
		if err != nil {
			return nil, err
		}
		return tls.Client(conn, clientTLS(srv)), nil
	}},
	{"loopback TLS", true, false, func(ctx context.Context, srv *mailtest.Server) (net.Conn, error) {
		return (&tls.Dialer{Config: clientTLS(srv)}).DialContext(ctx, "tcp", srv.TLSAddr())
	}},
}

func TestDialogs(t *testing.T) {
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
		for _, c := range connections {
			t.Run(filepath.Base(file)+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				play(t, d, c)
			})
		}
	}
}

// setUp sets a server up as the lines of a dialogue ask. It is false if the dialogue is not for
// this kind of connection.
func setUp(t *testing.T, srv *mailtest.Server, settings []string, c connect) bool {
	for _, s := range settings {
		key, value, _ := strings.Cut(s, "=")
		number, _ := strconv.ParseInt(value, 10, 64)
		switch key {
		case "plain": // only without TLS from the first byte
			if c.tls {
				return false
			}
		case "virtual": // only where nothing takes any time
			if strings.HasPrefix(c.name, "loopback") {
				return false
			}
		case "encrypted":
			if !c.tls {
				return false
			}
		case "Name":
			srv.Name = value
		case "LMTP":
			srv.LMTP = true
		case "ProxyProtocol":
			srv.ProxyProtocol = true
		case "XClient":
			srv.XClient = true
		case "BareLF":
			srv.BareLF = map[string]mailtest.BareLF{"keep": mailtest.KeepLF, "refuse": mailtest.RefuseLF, "end": mailtest.EndLF}[value]
		case "ImplicitTLS":
			srv.ImplicitTLS = true
		case "StartTLS":
			srv.StartTLS = true
		case "QuickTLS":
			srv.TLS = quickTLS()
		case "MaxSize":
			srv.MaxSize = number
		case "MaxRecipients":
			srv.MaxRecipients = int(number)
		case "User":
			name, password, _ := strings.Cut(value, ":")
			srv.Users = map[string]string{name: password}
		case "Mechanisms":
			srv.Mechanisms = strings.Fields(value)
		default:
			t.Fatalf("server %s: unknown setting", s)
		}
	}
	return true
}

// play plays a dialogue with a server of its own, and looks at what that has made of it; in virtual
// time where it can.
func play(t *testing.T, d *dialog, c connect, rules ...mailtest.Rule) {
	if strings.HasPrefix(c.name, "memory") {
		synctest.Test(t, func(t *testing.T) { playHere(t, d, c, rules) })
	} else {
		machine.NeedIPv4(t) // whose addresses are in the dialogues
		fast := *d
		rules, fast.text = hurried(rules, d.text)
		playHere(t, &fast, c, rules)
	}
}

func playHere(t *testing.T, d *dialog, c connect, rules []mailtest.Rule) {
	srv := mailtest.New(t)
	if !setUp(t, srv, d.server, c) {
		return
	}
	srv.ImplicitTLS = srv.ImplicitTLS || c.implicit
	srv.AddRules(rules...)
	ctx, cancel := context.WithTimeout(t.Context(), guard)
	defer cancel()
	conn, err := c.raw(ctx, srv)
	if errors.Is(err, syscall.ECONNRESET) && strings.Contains(d.text, "s !! reset") {
		return // on a real socket, this can be as early as that
	}
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	received, conn, err := d.play(srv, conn, strings.HasPrefix(c.name, "memory"), c.tls)
	if err != nil {
		t.Fatal(err)
	}
	conn.SetDeadline(time.Now().Add(guard))
	if w, ok := conn.(interface{ CloseWrite() error }); ok && w.CloseWrite() == nil {
		io.Copy(io.Discard, conn) // until the server has closed
	}
	conn.Close()
	if strings.HasPrefix(c.name, "memory") {
		synctest.Wait() // until the server has seen that the client has gone
	} else {
		srv.WaitSession(t, 1)
	}
	srv.Close()
	session := srv.Sessions()[0]
	var sent strings.Builder
	for _, turn := range session.Turns {
		sent.WriteString(turn.Reply)
	}
	if got, want := sent.String(), received; !strings.HasPrefix(got, want) && !slices.ContainsFunc(rules, func(r mailtest.Rule) bool { return r.Endless }) {
		t.Errorf("the transcript has the replies\n%q, the client read\n%q", got, want)
	}
	wants := d.wants
	if strings.HasPrefix(c.name, "loopback") { // where the server's Close may come first
		wants = slices.DeleteFunc(slices.Clone(wants), func(w string) bool { return strings.HasPrefix(w, "ended: ") })
	}
	checkWants(t, wants, describe(srv, session))
}

// describe says what there is to be found after a dialogue: the messages, all notes, how it ended,
// and the rules without use.
func describe(srv *mailtest.Server, session *mailtest.Session) []string {
	var found []string
	for _, m := range srv.Messages() {
		e := m.Envelope
		line := fmt.Sprintf("message from <%s>", e.From)
		for _, r := range e.To {
			line += " to <" + r.Address + ">"
			if r.Notify != nil {
				line += " notify " + strings.Join(r.Notify, ",")
			}
			if r.Original != "" {
				line += " orcpt " + r.OriginalType + ";" + r.Original
			}
		}
		for _, p := range []struct{ name, value string }{
			{"helo", e.Helo}, {"user", e.User}, {"by", e.Mechanism}, {"body", e.Body}, {"ret", e.Return},
			{"envid", e.EnvelopeID}, {"auth", e.Auth},
		} {
			if p.value != "" {
				line += " " + p.name + " " + p.value
			}
		}
		for _, p := range []struct {
			name string
			set  bool
		}{{"smtputf8", e.SMTPUTF8}, {"requiretls", e.RequireTLS}, {"chunking", e.Chunking}, {"unacked", !m.Acked}} {
			if p.set {
				line += " " + p.name
			}
		}
		if e.Size != 0 {
			line += fmt.Sprintf(" size %d", e.Size)
		}
		found = append(found, fmt.Sprintf("%s: %q", line, m.Raw))
	}
	found = append(found, "client "+session.Client)
	for _, turn := range session.Turns {
		for _, note := range turn.Notes {
			found = append(found, "note "+note.String())
		}
	}
	found = append(found, "ended: "+session.Ending.String())
	for _, r := range srv.UnusedRules() {
		found = append(found, fmt.Sprintf("unused %v %s", r.At, r.Reply))
	}
	return found
}

// checkWants compares what was found with what was wanted: each thing wanted, in order; messages
// and unused rules must all be named.
func checkWants(t *testing.T, wants, found []string) {
	t.Helper()
	named := func(line string) bool { return strings.HasPrefix(line, "message") || strings.HasPrefix(line, "unused") }
	rest := found
	surplus := 0
	for _, want := range wants {
		if named(want) {
			surplus--
		}
		for len(rest) > 0 && !wildcard.Match(want, rest[0]) {
			rest = rest[1:]
		}
		if len(rest) == 0 {
			t.Errorf("got\n\t%s\nwant (in this order)\n\t%s\nof which %q is missing",
				strings.Join(found, "\n\t"), strings.Join(wants, "\n\t"), want)
			return
		}
		rest = rest[1:]
	}
	for _, line := range found {
		if named(line) {
			surplus++
		}
	}
	if surplus != 0 {
		t.Errorf("got %d messages and unused rules more than wanted:\n\t%s", surplus, strings.Join(found, "\n\t"))
	}
}
