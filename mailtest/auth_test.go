package mailtest_test

// AUTH with the clients that people use, and that nothing of it is ever written down.

import (
	"encoding/base64"
	"fmt"
	"net"
	"net/smtp"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-sasl"
	gosmtp "github.com/emersion/go-smtp"
	"github.com/xdg-go/scram"

	"github.com/seed078e9d8c/maillab/mailtest"
)

const (
	user   = "bob@qq.com"
	secret = "correct horse 电池"
	wrong  = "wrong-horse-battery"
	token  = "ya29.correct-horse-battery" // it may have no spaces (RFC 6750 §2.1)
)

// scramClient is SCRAM-SHA-256 as go-sasl wants a client.
type scramClient struct{ *scram.ClientConversation }

func newScramClient(user, password string) sasl.Client {
	c, err := scram.SHA256.NewClient(user, password, "")
	if err != nil {
		panic(err)
	}
	return &scramClient{c.NewConversation()}
}

func (c *scramClient) Start() (string, []byte, error) {
	first, err := c.Step("")
	return "SCRAM-SHA-256", []byte(first), err
}

func (c *scramClient) Next(challenge []byte) ([]byte, error) {
	response, err := c.Step(string(challenge))
	return []byte(response), err
}

// xoauth2Client is XOAUTH2, which go-sasl has no more.
type xoauth2Client struct{ user, token string }

func (c xoauth2Client) Start() (string, []byte, error) {
	return "XOAUTH2", fmt.Appendf(nil, "user=%s\x01auth=Bearer %s\x01\x01", c.user, c.token), nil
}

func (c xoauth2Client) Next([]byte) ([]byte, error) { return []byte{}, nil }

// cramClient is the CRAM-MD5 of net/smtp.
type cramClient struct{ smtp.Auth }

func (c cramClient) Start() (string, []byte, error) { return c.Auth.Start(nil) }

func (c cramClient) Next(challenge []byte) ([]byte, error) { return c.Auth.Next(challenge, true) }

func TestAuthMechanisms(t *testing.T) {
	t.Parallel()
	mechanisms := []struct {
		name   string
		secret string
		client func(user, password string) sasl.Client
	}{
		{"PLAIN", secret, func(u, p string) sasl.Client { return sasl.NewPlainClient("", u, p) }},
		{"LOGIN", secret, sasl.NewLoginClient},
		{"CRAM-MD5", secret, func(u, p string) sasl.Client { return cramClient{smtp.CRAMMD5Auth(u, p)} }},
		{"SCRAM-SHA-256", secret, newScramClient},
		{"XOAUTH2", token, func(u, p string) sasl.Client { return xoauth2Client{u, p} }},
		{"OAUTHBEARER", token, func(u, p string) sasl.Client {
			return sasl.NewOAuthBearerClient(&sasl.OAuthBearerOptions{Username: u, Token: p, Host: "localhost", Port: 25})
		}},
	}
	for _, mech := range mechanisms {
		for _, c := range connections {
			t.Run(mech.name+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				srv := mailtest.New(t)
				srv.ImplicitTLS = c.implicit
				srv.Users = map[string]string{user: mech.secret}
				dial := func() *gosmtp.Client {
					conn, err := c.dial(t.Context(), srv)
					if err != nil {
						t.Fatal(err)
					}
					t.Cleanup(func() { conn.Close() })
					return gosmtp.NewClient(conn)
				}
				bad := dial()
				if err := bad.Auth(mech.client(user, wrong)); err == nil {
					t.Error("wrong password: got no error")
				}
				if err := bad.Mail("a@b.example", nil); err == nil || !strings.Contains(err.Error(), "Authentication required") {
					t.Errorf("MAIL without AUTH: got %v, want 530", err)
				}
				good := dial()
				if err := good.Auth(mech.client(user, mech.secret)); err != nil {
					t.Fatal(err)
				}
				if err := good.SendMail("a@b.example", []string{"c@d.example"}, strings.NewReader("hi\r\n")); err != nil {
					t.Fatal(err)
				}
				if err := good.Quit(); err != nil {
					t.Fatal(err)
				}
				if e := srv.Next(t).Envelope; e.User != user || e.Mechanism != mech.name {
					t.Errorf("envelope: got user %q by %q, want %q by %q", e.User, e.Mechanism, user, mech.name)
				}
				if s := srv.Sessions()[1]; s.User != user || s.Mechanism != mech.name {
					t.Errorf("session: got user %q by %q, want %q by %q", s.User, s.Mechanism, user, mech.name)
				}
				bad.Close()
				srv.Close()
				checkSecrets(t, srv, mech.secret, wrong)
				var codes []int
				for _, turn := range srv.Sessions()[0].Turns {
					if code := turn.Code(); turn.Stage == mailtest.AuthStep && code != 334 || turn.Stage == mailtest.Auth && code != 334 {
						codes = append(codes, code)
					}
				}
				// The OAUTHBEARER client of go-sasl cancels when it has read why it was refused.
				if want := map[bool]int{true: 501, false: 535}[mech.name == "OAUTHBEARER"]; len(codes) != 1 || codes[0] != want {
					t.Errorf("wrong password: got %d, want %d", codes, want)
				}
			})
		}
	}
}

// net/smtp with everything that it knows, over STARTTLS.
func TestNetSMTP(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	srv.StartTLS = true
	srv.Users = map[string]string{user: secret}
	plain := smtp.PlainAuth("", user, secret, srv.Host())
	conn, err := net.Dial("tcp", srv.Addr())
	if err != nil {
		t.Fatal(err)
	}
	c, err := smtp.NewClient(conn, srv.Host())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.StartTLS(srv.ClientTLS()); err != nil {
		t.Fatal(err)
	}
	if err := c.Auth(plain); err != nil {
		t.Fatal(err)
	}
	if err := deliver(c, "a@b.example", "c@d.example", "hi\n"); err != nil {
		t.Fatal(err)
	}
	if err := c.Quit(); err != nil {
		t.Errorf("QUIT: %v", err)
	}
	if m := srv.Next(t); m.Envelope.TLS == nil || m.Envelope.TLS.Implicit || m.Envelope.User != user || string(m.Raw) != "hi\r\n" {
		t.Errorf("got TLS %+v, user %q, %q", m.Envelope.TLS, m.Envelope.User, m.Raw)
	}
	checkSecrets(t, srv, secret)
}

// What clients say without sense is no way for credentials to get into a transcript.
func TestNoCredentialsInTranscripts(t *testing.T) {
	t.Parallel()
	b64 := base64.StdEncoding.EncodeToString
	plain := b64([]byte("\x00" + user + "\x00" + secret))
	name, password := b64([]byte(user)), b64([]byte(secret))
	scripts := map[string]string{
		"mechanism refused":      "EHLO x\r\nAUTH GSSAPI\r\n" + name + "\r\n" + password + "\r\nQUIT\r\n",
		"before EHLO":            "AUTH LOGIN\r\n" + name + "\r\n" + password + "\r\nQUIT\r\n",
		"initial response":       "EHLO x\r\nAUTH GSSAPI " + plain + "\r\nauth plain " + plain + "\r\nQUIT\r\n",
		"spaces":                 "EHLO x\r\n AUTH PLAIN " + plain + "\r\nAUTH\tPLAIN\t" + plain + "\r\nQUIT\r\n",
		"no mechanism":           "EHLO x\r\nAUTH " + plain + "\r\nQUIT\r\n",
		"glued":                  "EHLO x\r\nAUTH=PLAIN " + plain + "\r\nAUTHPLAIN " + plain + "\r\nQUIT\r\n",
		"not completed":          "EHLO x\r\nAUTH PLAIN " + plain,
		"answer not completed":   "EHLO x\r\nAUTH LOGIN\r\n" + name + "\r\n" + password,
		"answer too long":        "EHLO x\r\nAUTH PLAIN\r\n" + plain + strings.Repeat("A", 20000) + "\r\nQUIT\r\n",
		"too long":               "EHLO x\r\nAUTH PLAIN " + plain + strings.Repeat("A", 20000) + "\r\nQUIT\r\n",
		"twice":                  "EHLO x\r\nAUTH PLAIN " + b64([]byte("\x00a\x00b")) + "\r\nAUTH PLAIN " + plain + "\r\nAUTH LOGIN\r\n" + name + "\r\n" + password + "\r\nQUIT\r\n",
		"wrong, and on it goes":  "EHLO x\r\nAUTH LOGIN\r\n" + name + "\r\n!" + password + "\r\n" + password + "\r\nQUIT\r\n",
		"injected":               "EHLO x\r\nSTARTTLS\r\nAUTH PLAIN " + plain + "\r\n",
		"in a transaction":       "EHLO x\r\nMAIL FROM:<>\r\nAUTH LOGIN\r\n" + name + "\r\n" + password + "\r\nQUIT\r\n",
		"argument behind cancel": "EHLO x\r\nAUTH LOGIN\r\n*\r\n" + password + "\r\nQUIT\r\n",
	}
	for what, script := range scripts {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			if !slices.ContainsFunc(forms(secret), func(form string) bool { return strings.Contains(script, form) }) {
				t.Fatal("there is no secret in the script")
			}
			tb := &fakeTB{failed: true}
			var srv *mailtest.Server
			tb.run(func() {
				srv = mailtest.New(tb)
				srv.StartTLS = true
				srv.Users = map[string]string{"a": "b"}
				conn, err := srv.Dial(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				conn.Write([]byte(script))
				conn.(interface{ CloseWrite() error }).CloseWrite()
				for buf := make([]byte, 4096); err == nil; {
					_, err = conn.Read(buf)
				}
				conn.Close()
			})
			if len(tb.logs) != 1 || !strings.Contains(tb.logs[0], "EHLO x") && what != "before EHLO" {
				t.Errorf("got the report %q, want one with the dialogue", tb.logs)
			}
			checkSecrets(t, srv, secret)
			for _, form := range forms(secret) {
				if strings.Contains(tb.logs[0], form) {
					t.Errorf("the report holds %q:\n%s", form, tb.logs[0])
				}
			}
		})
	}
}

// checkSecrets looks for passwords in everything that the server has to say about its sessions.
func checkSecrets(t *testing.T, srv *mailtest.Server, secrets ...string) {
	t.Helper()
	for _, s := range srv.Sessions() {
		said := fmt.Sprintf("%s\n%+v", s, *s)
		for _, secret := range secrets {
			for _, form := range forms(secret) {
				if strings.Contains(said, form) {
					t.Errorf("the transcript holds %q:\n%s", form, said)
				}
			}
		}
	}
}

// forms are the ways in which a secret can stand in a transcript: as it is and in base64, at each
// of the three places where it can begin there.
func forms(secret string) []string {
	forms := []string{secret, fmt.Sprintf("%q", secret)[1:6]}
	for i := range 3 {
		b := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("x", i) + secret))
		forms = append(forms, b[(i*8+5)/6:][:8])
	}
	return forms
}
