package mailtest_test

// Credentials are in no output, however clumsily a client sends them.

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/lint"
)

const password = "correct-horse-battery-staple-7d1f0c35a8b942e6"

// responses are what a client answers by each mechanism, in the order of its lines; the first may come
// with AUTH.
var responses = []struct {
	mechanism string
	lines     []string
}{
	{"PLAIN", []string{"\x00bob\x00" + password}},
	{"LOGIN", []string{"bob", password}},
	{"CRAM-MD5", []string{"bob 5f4dcc3b5aa765d61d8327deb882cf99" + password}}, // a client that is wrong in more than one way
	{"SCRAM-SHA-256", []string{"n,,n=bob,r=x", "c=biws,r=x,p=" + password}},
	{"XOAUTH2", []string{"user=bob\x01auth=Bearer " + password + "\x01\x01", password}},
	{"OAUTHBEARER", []string{"n,a=bob,\x01auth=Bearer " + password + "\x01\x01", "AQ==", password}},
	{"X-NOBODY-KNOWS-IT", []string{password, password}},
	{password, []string{password}},
}

// rules are what a server may do with AUTH that makes its client say more than it should.
var credentialRules = [][]mailtest.Rule{
	nil,
	{{At: mailtest.Auth, Reply: "535 5.7.8 No"}},
	{{At: mailtest.Auth, Reply: "334 VXNlcm5hbWU6", Lie: true}},
	{{At: mailtest.Auth, Reply: "235 2.7.0 Welcome", Lie: true}},
	{{At: mailtest.Auth, Reply: "250 OK", Lie: true}},
	{{At: mailtest.Auth, Reply: "500 5.5.1 What"}},
	{{At: mailtest.AuthStep, Reply: "334 UGFzc3dvcmQ6", Lie: true, Times: 2}},
	{{At: mailtest.AuthStep, Reply: "235 2.7.0 Welcome", Lie: true}},
	{{At: mailtest.AuthStep, Reply: "454 4.7.0 Later"}},
	{{At: mailtest.Helo, Reply: "502 5.5.1 No"}},
	{{At: mailtest.AuthStep, Drop: mailtest.Close}},
}

// clumsy is a client that does not wait, in numbers that a fuzzer can choose.
type clumsy struct {
	mechanism, rule, users byte
	wrap                   byte // columns at which base64 is broken; 0 is never
	initial                bool // the first line comes with AUTH
	prefix, middle         byte // what is said before AUTH, and between AUTH and the credentials
	size                   byte // of the client's packets; 0 is all in one
	lf                     bool // lines end with LF
	cut                    byte // bytes at the end that are missing
}

func clumsyFrom(data []byte) clumsy {
	data = append(bytes.Clone(data), make([]byte, 10)...)
	return clumsy{
		mechanism: data[0], rule: data[1], users: data[2], wrap: data[3], initial: data[4]&1 != 0,
		prefix: data[5], middle: data[6], size: data[7], lf: data[8]&1 != 0, cut: data[9],
	}
}

// Lines that are longer than a server takes.
var (
	longInitial  = "EHLO a\r\nAUTH PLAIN " + strings.Repeat("A", 17<<10) + "\r\n"
	longResponse = strings.Repeat("=", 17<<10) + "\r\n"
)

// input returns what the client says, and its credentials as they stand in it.
func (c clumsy) input() (input string, secrets []string) {
	r := responses[int(c.mechanism)%len(responses)]
	prefixes := []string{
		"EHLO a\r\n", "", "HELO a\r\n", "EHLO a\r\nAUTH\r\n", "EHLO a\r\nSTARTTLS\r\n", "EHLO a\r\nMAIL FROM:<a@a.example>\r\n",
		longInitial, "EHLO a\r\nRSET\r\nNOOP\r\n",
	}
	middles := []string{
		"", "STARTTLS\r\n", "*\r\n", "\r\n", longResponse, " ", "AUTH " + r.mechanism + "\r\n", "FROB\r\n",
	}
	var b strings.Builder
	b.WriteString(prefixes[int(c.prefix)%len(prefixes)])
	auth := []string{"AUTH ", "auth ", " AUTH ", "AUTH\t", "AUTH  "}[int(c.middle)/16%5]
	b.WriteString(auth + r.mechanism)
	if c.initial {
		b.WriteString(" ")
	} else {
		b.WriteString("\r\n" + middles[int(c.middle)%len(middles)])
	}
	for _, line := range r.lines {
		encoded := base64.StdEncoding.EncodeToString([]byte(line))
		for width := int(c.wrap); width > 0 && len(encoded) > width; encoded = encoded[width:] {
			secrets = append(secrets, encoded[:width])
			b.WriteString(encoded[:width] + "\r\n")
		}
		secrets = append(secrets, encoded)
		b.WriteString(encoded + "\r\n")
	}
	b.WriteString("MAIL FROM:<a@a.example>\r\nQUIT\r\n")
	input = b.String()
	if c.lf {
		input = strings.ReplaceAll(input, "\r\n", "\n")
	}
	return input[:max(0, len(input)-int(c.cut))], append(secrets, password)
}

// testClumsy plays the client, which says the input, and looks for its credentials in whatever comes out.
func testClumsy(t *testing.T, c clumsy, input string, secrets []string) {
	t.Helper()
	srv := &mailtest.Server{StartTLS: true, TLS: quickTLS(), Rules: credentialRules[int(c.rule)%len(credentialRules)]}
	srv.Users = []map[string]string{nil, {"bob": password}, {"ann": "x"}, {"bob": "other"}}[c.users%4]
	var reworded strings.Builder
	var mu sync.Mutex
	srv.Reword = func(a *mailtest.Attempt, reply string) string {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintln(&reworded, a.Command, reply)
		return reply
	}
	defer srv.Close()
	conn, err := srv.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	read := make(chan []byte)
	go func() {
		all, _ := io.ReadAll(conn)
		read <- all
	}()
	size := int(c.size)
	if size == 0 {
		size = len(input)
	}
	for packet := range slices.Chunk([]byte(input), max(size, 1)) {
		if _, err := conn.Write(packet); err != nil {
			break
		}
	}
	conn.(interface{ CloseWrite() error }).CloseWrite()
	conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	replies := <-read
	s := srv.WaitSession(t, 1)
	mu.Lock()
	defer mu.Unlock()
	out := []string{reworded.String(), string(replies), s.String(), srv.Report(), fmt.Sprint(lint.CheckSession(s))}
	for _, turn := range s.Turns {
		out = append(out, turn.Command, turn.Reply, string(turn.Payload))
		for _, note := range turn.Notes {
			out = append(out, note.String())
		}
	}
	for _, secret := range secrets {
		const window = 12
		if len(secret) < window {
			continue
		}
		for _, part := range []string{secret[:window], secret[len(secret)-window:]} {
			if slices.ContainsFunc(out, func(text string) bool { return strings.Contains(text, part) }) {
				t.Fatalf("%+v: the client said %q, and %q is in\n%s", c, input, part, strings.Join(out, "\n"))
			}
		}
	}
}

// However a client says its credentials, and whoever has asked for them, they are in no text.
func TestOddCredentials(t *testing.T) {
	t.Parallel()
	enc := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	const secret = "correct-horse-battery"
	plain := enc("\x00bob\x00" + secret)
	login := []string{enc("bobs-mailbox"), enc(secret)}
	for name, test := range map[string]struct {
		lines []string
		rule  mailtest.Rule
	}{
		"after a bare CR":                  {lines: []string{"EHLO x\rAUTH PLAIN " + plain}},
		"after NOOP and a bare CR":         {lines: []string{"EHLO x", "NOOP\rAUTH PLAIN " + plain}},
		"after a NUL":                      {lines: []string{"EHLO x", "\x00AUTH PLAIN " + plain}},
		"after Telnet":                     {lines: []string{"EHLO x", "\xff\xf4AUTH PLAIN " + plain}},
		"after a no-break space":           {lines: []string{"EHLO x", "\u00a0AUTH PLAIN " + plain}},
		"after a word":                     {lines: []string{"EHLO x", "QUITAUTH PLAIN " + plain}},
		"asked for at HELO":                {lines: append([]string{"EHLO x"}, login...), rule: mailtest.Rule{At: mailtest.Helo, Reply: "334 VXNlcm5hbWU6", Lie: true}},
		"asked for at MAIL":                {lines: append([]string{"EHLO x", "MAIL FROM:<a@b.example>"}, login...), rule: mailtest.Rule{At: mailtest.Mail, Reply: "334 VXNlcm5hbWU6", Lie: true}},
		"PLAIN's response to LOGIN":        {lines: []string{"EHLO x", "AUTH LOGIN " + plain}},
		"a token in the place of the user": {lines: []string{"EHLO x", "AUTH OAUTHBEARER " + enc("n,auth=Bearer "+secret+",\x01\x01")}},
		"not UTF-8":                        {lines: []string{"EHLO x", "AUTH LOGIN " + enc("bob:"+secret+"\xff")}},
		"after RSET":                       {lines: append([]string{"EHLO x", "AUTH LOGIN x y", "RSET"}, login...)},
		"after NOOP":                       {lines: append([]string{"EHLO x", "AUTH LOGIN x y", "NOOP", "EHLO x"}, login...)},
		"injected after STARTTLS":          {lines: append([]string{"EHLO x", "AUTH FOO", "NOOP", "STARTTLS"}, login...)},
		"after XCLIENT":                    {lines: append([]string{"EHLO x", "AUTH FOO", "XCLIENT ADDR=192.0.2.9"}, login...)},
	} {
		srv := &mailtest.Server{StartTLS: true, XClient: true, Users: map[string]string{"bob": "other"}}
		if test.rule.At != 0 {
			srv.AddRules(test.rule)
		}
		conn, err := srv.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(conn, strings.Join(test.lines, "\r\n")+"\r\n")
		conn.(interface{ CloseWrite() error }).CloseWrite()
		conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		io.ReadAll(conn)
		conn.Close()
		s := srv.WaitSession(t, 1)
		srv.Close()
		text := fmt.Sprintf("%v %#v %v", s, s, srv.Report())
		for _, part := range []string{secret, plain, login[0], login[1], enc(secret)[:12]} {
			if strings.Contains(text, part) {
				t.Errorf("%s: %q is in\n%s", name, part, s)
			}
		}
	}
}

// A client that gives up when its token is refused leaves a note of that.
func TestRefusedToken(t *testing.T) {
	t.Parallel()
	message := base64.StdEncoding.EncodeToString([]byte("user=alice\x01auth=Bearer tok\x01\x01"))
	for _, lines := range [][]string{
		{"EHLO x", "AUTH XOAUTH2 " + message, "*"}, {"EHLO x", "AUTH XOAUTH2 " + message, ""}, {"EHLO x", "AUTH XOAUTH2", message, "*"},
	} {
		srv := &mailtest.Server{Users: map[string]string{"bob": "tok"}}
		say(t, srv, lines...)
		srv.Close()
		found := 0
		for _, turn := range srv.Sessions()[0].Turns {
			for _, note := range turn.Notes {
				if note.Kind == mailtest.ExchangeFailed {
					found++
					if !strings.Contains(note.Text, `no user "alice"`) || !strings.HasPrefix(turn.Reply, "334") {
						t.Errorf("%q: the note at %q is %v", lines, turn.Reply, note)
					}
				}
			}
		}
		if found != 1 {
			t.Errorf("%q: %d notes say why the exchange failed, want 1:\n%v", lines, found, srv.Sessions()[0])
		}
	}
}

func TestCredentials(t *testing.T) {
	t.Parallel()
	for mechanism := range responses {
		t.Run(fmt.Sprint(mechanism), func(t *testing.T) {
			t.Parallel()
			for rule := range credentialRules {
				for prefix := range byte(8) {
					for middle := range byte(8) {
						if mailtest.RaceEnabled && (prefix+middle)%8 != byte(rule)%8 {
							continue
						}
						said := make(map[string]bool) // to wrap what is short changes nothing
						for _, wrap := range []byte{0, 76, 24} {
							c := clumsy{mechanism: byte(mechanism), rule: byte(rule), wrap: wrap, prefix: prefix, middle: middle}
							c.users, c.initial, c.size = prefix+middle, middle == 7, 40*(middle%3)
							if input, secrets := c.input(); !said[input] {
								said[input] = true
								testClumsy(t, c, input, secrets)
							}
						}
					}
				}
			}
		})
	}
}

func FuzzCredentials(f *testing.F) {
	f.Add([]byte{0, 0, 1, 76, 1, 0, 0, 0, 0, 0})
	f.Add([]byte{1, 2, 0, 24, 0, 6, 1, 7, 1, 30})
	f.Add([]byte{5, 6, 3, 40, 0, 4, 17, 255, 0, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		c := clumsyFrom(data)
		input, secrets := c.input()
		testClumsy(t, c, input, secrets)
	})
}
