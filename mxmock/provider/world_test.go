package provider

// The world of the tests: a sender who does everything right, and those who don't.

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/seed078e9d8c/maillab/mailtest/mailauth"
	"github.com/seed078e9d8c/maillab/mxmock"
)

// world has a provider, and shop.example, whose host has a name, a PTR record and an SPF record.
type world struct {
	inet   *mxmock.Internet
	p      *Provider
	sender *mxmock.Host
	signer mailauth.Signer
}

const shopZone = `
shop.example.                 MX  10 mail.shop.example.
shop.example.                 TXT "v=spf1 mx -all"
nospf.example.                MX  10 mail.shop.example.
spf-fail.example.             MX  10 mail.shop.example.
spf-fail.example.             TXT "v=spf1 -all"
spf-softfail.example.         MX  10 mail.shop.example.
spf-softfail.example.         TXT "v=spf1 ~all"
dmarc-reject.example.         MX  10 mail.shop.example.
_dmarc.dmarc-reject.example.  TXT "v=DMARC1; p=reject"
`

func newWorld(tb testing.TB, name string) *world {
	tb.Helper()
	w := &world{inet: mxmock.New(tb), signer: mailauth.Signer{Domain: "shop.example", Algorithm: "ed25519-sha256"}}
	w.sender = w.inet.Host("mail.shop.example", "0.0.0.0", "::")
	key, err := w.signer.Zone()
	if err == nil {
		err = w.inet.AddZone(shopZone + key)
	}
	if err != nil {
		tb.Fatal(err)
	}
	w.p = Add(w.inet, name, customersOf(name)...)
	return w
}

// clientTLS is ClientTLS of the internet with the cheapest key exchange.
func (w *world) clientTLS() *tls.Config {
	cfg := w.inet.ClientTLS()
	cfg.CurvePreferences = []tls.CurveID{tls.CurveP256}
	return cfg
}

// customersOf returns a domain for a provider that has none of its own.
func customersOf(name string) []string {
	for _, dom := range builtin()[name].domains {
		if dom.names[0] != "*" {
			return nil
		}
	}
	return []string{"customer.example"}
}

// mail is what a client does. Its zero fields mean what is right.
type mail struct {
	client        func(ctx context.Context, network, address string) (net.Conn, error)
	network       string
	tls           bool
	helo          string   // the whole command
	user, code    string   // with AUTH PLAIN
	credentials   string   // in place of them
	login         bool     // with AUTH LOGIN
	from          string   // "<>" for the null sender
	params        string   // of MAIL
	to            []string // bob at the provider's first domain
	header        string   // in place of From, To, Date, Message-ID and Subject
	headerFrom    string   // the From field
	body          string
	extra         []string // commands after EHLO
	stop          string   // the stage before which the client stops
	breakSequence string   // the stage at which a command comes too early
	reset         bool     // by RSET
	breakSyntax   string   // the stage whose command is malformed
	path          string   // how, if not with a space and two @
	signed        bool     // and changed after that
	sealed        bool     // signed, as it should be
	twice         bool     // sealed by two signatures
}

// message returns the message.
func (m *mail) message(w *world) []byte {
	header := m.header
	if header == "" {
		from := m.headerFrom
		if from == "" {
			from = m.from
		}
		header = fmt.Sprintf("From: <%s>\r\nTo: <%s>\r\nDate: %s\r\nMessage-ID: <%p@shop.example>\r\nSubject: Hello\r\n",
			strings.Trim(from, "<>"), m.to[0], time.Now().Format(time.RFC1123Z), m)
	}
	body := m.body
	if body == "" {
		body = "Hello Bob\r\n"
	}
	raw := []byte(header + "\r\n" + body)
	if m.signed {
		signed, err := w.signer.Sign(raw)
		if err != nil {
			panic(err)
		}
		raw = append(signed, "and a line that was not signed\r\n"...)
	}
	for i := 0; m.sealed && (i == 0 || i == 1 && m.twice); i++ {
		signed, err := w.signer.Sign(raw)
		if err != nil {
			panic(err)
		}
		raw = signed
	}
	return raw
}

// conversation is a connection and the replies on it, by stage.
type conversation struct {
	conn    net.Conn
	r       *bufio.Reader
	replies map[string][]string
}

// read reads a reply and notes it. It reports whether the reply is positive.
func (c *conversation) read(t *testing.T, stage string) bool {
	t.Helper()
	var lines []string
	for {
		line, err := c.r.ReadString('\n')
		if err != nil {
			t.Fatalf("reply at %s: %v, after %q", stage, err, lines)
		}
		line, ok := strings.CutSuffix(line, "\r\n")
		if !ok {
			t.Fatalf("the line %q does not end in CRLF", line)
		}
		lines = append(lines, line)
		if len(line) < 4 || line[3] != '-' {
			break
		}
	}
	reply := strings.Join(lines, "\n")
	c.replies[stage] = append(c.replies[stage], reply)
	return reply[0] == '2' || reply[0] == '3'
}

func (c *conversation) say(t *testing.T, stage, command string) bool {
	t.Helper()
	if _, err := fmt.Fprintf(c.conn, "%s\r\n", command); err != nil {
		t.Fatal(err)
	}
	return c.read(t, stage)
}

// ended reports whether the server closes the connection now.
func (c *conversation) ended(t *testing.T) bool {
	t.Helper()
	if _, err := c.conn.Write([]byte("NOOP\r\n")); err != nil {
		return true
	}
	_, err := c.r.ReadByte()
	return err != nil
}

// connect opens a connection to a host and port and reads the greeting.
func (w *world) connect(t *testing.T, m *mail, host string, port int) (*conversation, bool) {
	t.Helper()
	conn, err := m.client(t.Context(), m.network, fmt.Sprintf("%s:%d", host, port))
	if err != nil {
		t.Fatal(err)
	}
	if port == 465 {
		cfg := w.clientTLS()
		cfg.ServerName = host
		conn = tls.Client(conn, cfg)
	}
	t.Cleanup(func() { conn.Close() })
	c := &conversation{conn: conn, r: bufio.NewReader(conn), replies: make(map[string][]string)}
	return c, c.read(t, "connect")
}

// deliver goes through a whole transaction on a connection, after its greeting, as far as it gets.
func (w *world) deliver(t *testing.T, c *conversation, m *mail, host string, again bool) {
	t.Helper()
	if m.stop == "helo" {
		return
	}
	if m.breakSequence == "mail" {
		if m.reset {
			c.say(t, "rset", "RSET")
		}
		if !c.say(t, "mail", "MAIL FROM:<"+m.from+">") {
			return
		}
	}
	if !again {
		if !c.say(t, "helo", m.helo) {
			return
		}
		if m.tls {
			if !c.say(t, "starttls", "STARTTLS") {
				t.Fatalf("STARTTLS: %q", c.replies["starttls"])
			}
			cfg := w.clientTLS()
			cfg.ServerName = host
			c.conn = tls.Client(c.conn, cfg)
			c.r.Reset(c.conn)
			if !c.say(t, "helo", m.helo) {
				return
			}
		}
		for _, command := range m.extra {
			c.say(t, "command", command)
		}
		if m.extra != nil {
			return
		}
		if m.user != "" || m.credentials != "" {
			credentials := m.credentials
			if credentials == "" {
				credentials = base64.StdEncoding.EncodeToString([]byte("\x00" + m.user + "\x00" + m.code))
			}
			switch {
			case m.login:
				ok := c.say(t, "auth", "AUTH LOGIN") && c.say(t, "auth", base64.StdEncoding.EncodeToString([]byte(m.user))) &&
					c.say(t, "auth", base64.StdEncoding.EncodeToString([]byte(m.code)))
				if !ok {
					return
				}
			case !c.say(t, "auth", "AUTH PLAIN "+credentials):
				return
			}
		}
	}
	if m.stop == "mail" {
		return
	}
	wrong := m.path
	if wrong == "" {
		wrong = "<a b@@shop.example>"
	}
	command := "MAIL FROM:<" + strings.Trim(m.from, "<>") + ">" + m.params
	switch {
	case m.breakSyntax == "mail":
		command = "MAIL FROM:" + wrong
	case m.breakSequence == "rcpt":
		if m.reset {
			c.say(t, "mail", command)
			c.say(t, "rset", "RSET")
		}
		c.say(t, "rcpt", "RCPT TO:<"+m.to[0]+">")
		return
	}
	if !c.say(t, "mail", command) {
		return
	}
	if m.breakSequence == "data" {
		if m.reset {
			c.say(t, "rcpt", "RCPT TO:<"+m.to[0]+">")
			c.say(t, "rset", "RSET")
		}
		c.say(t, "data", "DATA")
		return
	}
	for _, to := range m.to {
		to = "<" + to + ">"
		if m.breakSyntax == "rcpt" {
			to = wrong
		}
		if !c.say(t, "rcpt", "RCPT TO:"+to) {
			return
		}
	}
	if !c.say(t, "data", "DATA") {
		return
	}
	if _, err := c.conn.Write([]byte(strings.ReplaceAll(string(m.message(w)), "\r\n.", "\r\n..") + ".\r\n")); err != nil {
		t.Fatal(err)
	}
	c.read(t, "dot")
}

// shapes are what placeholders look like.
func (w *world) shapes(s *service) map[string]string {
	shapes := map[string]string{
		"{ip}": `[0-9a-f.:]+`, "{unix}": `[0-9]+`, "{date}": `[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} \+0000`,
		"{stamp}": `[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{3}Z`, "{addr}": `[^ <>]*@[^ <>]+`, "{from}": `[^ <>]*@[^ <>]+`,
		"{user}": `[^ <>]*@[^ <>]+`, "{helo}": `[^ <>]+`, "{host}": `[a-z0-9.-]+`, "{size}": `[0-9]+`, "{domain}": `[a-z.-]+`,
		"{author}": `[a-z.-]+`, "{lint}": `[a-z-]+`, "{spf}": `[A-Z][a-z]+`, "{dkim}": `[A-Z][a-z]+`, "{dmarc}": `[A-Z][a-z]+`,
		"{AUTHOR}": `[A-Z.-]+`,
	}
	if s.token != nil {
		shapes["{token}"] = s.token.re.String()
	}
	return shapes
}

// pattern is what the filled text of a definition has to match, byte for byte outside of placeholders.
func (w *world) pattern(s *service, text string) *regexp.Regexp {
	shapes := w.shapes(s)
	quoted := regexp.MustCompile(`\\\{[A-Za-z]+\\\}`).ReplaceAllStringFunc(regexp.QuoteMeta(text), func(name string) string {
		return "(" + shapes[strings.ReplaceAll(name, `\`, "")] + ")"
	})
	return regexp.MustCompile("^" + quoted + "$")
}

// fromGBK decodes a reply, which must not be UTF-8.
func fromGBK(t *testing.T, reply string) string {
	t.Helper()
	decoded, err := simplifiedchinese.GBK.NewDecoder().String(reply)
	if err != nil || utf8.ValidString(reply) {
		t.Fatalf("%q is no GBK: %v", reply, err)
	}
	return decoded
}
