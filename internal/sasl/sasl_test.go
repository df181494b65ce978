package sasl

import (
	"errors"
	"net/smtp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	gosasl "github.com/emersion/go-sasl"
	"github.com/xdg-go/scram"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var _ gosasl.Server = (*Server)(nil)

// A client is the other side of an exchange: its initial response, nil for none, and its answers.
type client struct {
	initial []byte
	answer  func(challenge []byte) ([]byte, error)
}

// dialogue lets client talk to s until the end, and returns how it ended for s.
func dialogue(t *testing.T, s *Server, c client) error {
	t.Helper()
	response := c.initial
	for range 5 {
		challenge, done, err := s.Next(response)
		if done || err != nil {
			if _, done, err := s.Next([]byte{}); !done || !errors.Is(err, ErrMalformed) {
				t.Errorf("Next after the end = %t, %v, want true, %v", done, err, ErrMalformed)
			}
			return err
		}
		if response, err = c.answer(challenge); err != nil {
			t.Fatalf("client on %q: %v", challenge, err)
		}
		if response == nil {
			response = []byte{}
		}
	}
	t.Fatal("the exchange does not end")
	return nil
}

// The clients that others wrote. Each begins an exchange as a user with a password or token.
func clients(t *testing.T) map[string]func(user, secret string) client {
	netSMTP := func(auth smtp.Auth) client {
		_, initial, err := auth.Start(&smtp.ServerInfo{Name: "mx1.qq.com", TLS: true})
		if err != nil {
			t.Fatal(err)
		}
		return client{initial, func(challenge []byte) ([]byte, error) { return auth.Next(challenge, true) }}
	}
	goSASL := func(c gosasl.Client) client {
		_, initial, err := c.Start()
		if err != nil {
			t.Fatal(err)
		}
		return client{initial, func(challenge []byte) ([]byte, error) {
			answer, err := c.Next(challenge)
			if _, refused := errors.AsType[*gosasl.OAuthBearerError](err); refused {
				return []byte("\x01"), nil
			}
			return answer, err
		}}
	}
	return map[string]func(user, secret string) client{
		"PLAIN of net/smtp": func(user, secret string) client {
			return netSMTP(smtp.PlainAuth("", user, secret, "mx1.qq.com"))
		},
		"CRAM-MD5 of net/smtp": func(user, secret string) client {
			return netSMTP(smtp.CRAMMD5Auth(user, secret))
		},
		"PLAIN of go-sasl": func(user, secret string) client {
			return goSASL(gosasl.NewPlainClient("", user, secret))
		},
		"LOGIN of go-sasl": func(user, secret string) client {
			return goSASL(gosasl.NewLoginClient(user, secret))
		},
		"OAUTHBEARER of go-sasl": func(user, secret string) client {
			return goSASL(gosasl.NewOAuthBearerClient(&gosasl.OAuthBearerOptions{Username: user, Token: secret, Host: "mx1.qq.com", Port: 25}))
		},
		"XOAUTH2": func(user, secret string) client {
			return script("user=" + user + "\x01auth=Bearer " + secret + "\x01\x01")
		},
		"LOGIN asked for the user": func(user, secret string) client {
			c := script(user, secret)
			return client{answer: func(challenge []byte) ([]byte, error) {
				if string(challenge) == "Username:" {
					return []byte(user), nil
				}
				return c.answer(challenge)
			}}
		},
		"SCRAM-SHA-256 of xdg-go": func(user, secret string) client {
			c, err := scram.SHA256.NewClient(user, secret, "")
			if err != nil {
				t.Fatal(err)
			}
			exchange := c.NewConversation()
			initial, err := exchange.Step("")
			if err != nil {
				t.Fatal(err)
			}
			return client{[]byte(initial), func(challenge []byte) ([]byte, error) {
				answer, err := exchange.Step(string(challenge))
				return []byte(answer), err
			}}
		},
	}
}

// script is a client that says just this, and then nothing but empty lines.
func script(lines ...string) client {
	return client{[]byte(lines[0]), func([]byte) ([]byte, error) {
		if lines = lines[1:]; len(lines) == 0 {
			lines = []string{""}
		}
		return []byte(lines[0]), nil
	}}
}

func TestClients(t *testing.T) {
	t.Parallel()
	users := Users{"bob@qq.com": "s3cret", "eve": "other"}
	for name, begin := range clients(t) {
		mechanism, _, _ := strings.Cut(name, " ")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tests := []struct {
				name, user, secret string
				users              Users
				want               error
			}{
				{"right", "bob@qq.com", "s3cret", users, nil},
				{"wrong password", "bob@qq.com", "other", users, ErrFailed},
				{"unknown user", "mallory", "s3cret", users, ErrFailed},
				{"nobody may", "bob@qq.com", "s3cret", Users{}, ErrFailed},
				{"anybody may", "mallory", "whatever", nil, nil},
			}
			for _, test := range tests {
				if !slices.Contains(Mechanisms(test.users), mechanism) {
					continue
				}
				s := start(t, mechanism, Config{Users: test.users, Host: "mx1.qq.com"})
				if got := dialogue(t, s, begin(test.user, test.secret)); !errors.Is(got, test.want) {
					t.Errorf("%s: error = %v, want %v", test.name, got, test.want)
				}
				if got, want := s.User(), test.user; got != want {
					t.Errorf("%s: User = %q, want %q", test.name, got, want)
				}
				if got := s.Authz(); got != "" {
					t.Errorf("%s: Authz = %q, want none", test.name, got)
				}
			}
		})
	}
}

// TestMessages is about single messages, after which the client has no more to say.
func TestMessages(t *testing.T) {
	t.Parallel()
	const digest = "00112233445566778899aabbccddeeff"
	bob := Users{"bob": "s3cret"}
	strange := Users{"b,o=b": "s3cret", "IX": "pass word", "emoji": "🐎", "bjørn": "ﬁsk"}
	tests := []struct {
		name, mechanism string
		users           Users
		lines           []string
		user, authz     string
		want            error
	}{
		{"authz", Plain, nil, []string{"root\x00bob\x00s3cret"}, "bob", "root", nil},
		{"authz refused", Plain, bob, []string{"root\x00bob\x00s3cret"}, "bob", "root", ErrFailed},
		{"authz is the user", Plain, bob, []string{"bob\x00bob\x00s3cret"}, "bob", "", nil},
		{"prepared user", Plain, strange, []string{"\x00I\u00adX\x00pass\u00a0word"}, "I\u00adX", "", nil},
		{"unassigned", Plain, strange, []string{"\x00emoji\x00🐎"}, "emoji", "", nil},
		{"unassigned and wrong", Plain, strange, []string{"\x00emoji\x00🐄"}, "emoji", "", ErrFailed},
		{"compatibility forms", Plain, strange, []string{"\x00bjørn\x00fisk"}, "bjørn", "", nil},
		{"no password", Plain, nil, []string{"\x00bob\x00"}, "bob", "", ErrMalformed},
		{"no user", Plain, nil, []string{"\x00\x00s3cret"}, "", "", ErrMalformed},
		{"two parts", Plain, nil, []string{"bob\x00s3cret"}, "", "", ErrMalformed},
		{"four parts", Plain, nil, []string{"\x00bob\x00s3cret\x00"}, "", "", ErrMalformed},
		{"empty", Plain, nil, []string{""}, "", "", ErrMalformed},
		{"Latin-1", Plain, nil, []string{"\x00b\xf8b\x00s3cret"}, "", "", ErrMalformed},
		{"longest", Plain, nil, []string{"\x00bob\x00" + strings.Repeat("x", MaxMessage-5)}, "bob", "", nil},
		{"too long", Plain, nil, []string{"\x00bob\x00" + strings.Repeat("x", MaxMessage-4)}, "", "", ErrMalformed},

		{"no user", Login, nil, []string{"", "s3cret"}, "", "", nil}, // empty is no error of syntax in LOGIN
		{"no password", Login, nil, []string{"bob", ""}, "bob", "", nil},
		{"no user is nobody", Login, bob, []string{"", "s3cret"}, "", "", ErrFailed},
		{"no password is not the one", Login, bob, []string{"bob", ""}, "bob", "", ErrFailed},
		{"Latin-1", Login, nil, []string{"b\xf8b", "s3cret"}, "", "", ErrMalformed},

		{"initial response", CRAMMD5, nil, []string{"bob " + digest}, "", "", ErrMalformed},

		{"example", XOAuth2, Users{"someuser@example.com": "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg"}, []string{
			"user=someuser@example.com\x01auth=Bearer ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg\x01\x01",
		}, "someuser@example.com", "", nil},
		{"no user", XOAuth2, nil, []string{"user=\x01auth=Bearer x\x01\x01"}, "", "", ErrMalformed},
		{"no token", XOAuth2, nil, []string{"user=bob\x01auth=Bearer \x01\x01"}, "bob", "", ErrMalformed},
		{"no auth", XOAuth2, nil, []string{"user=bob\x01Bearer x\x01\x01"}, "bob", "", ErrMalformed},
		{"basic", XOAuth2, nil, []string{"user=bob\x01auth=Basic x\x01\x01"}, "bob", "", ErrMalformed},
		{"one end", XOAuth2, nil, []string{"user=bob\x01auth=Bearer x\x01"}, "", "", ErrMalformed},
		{"empty", XOAuth2, nil, []string{""}, "", "", ErrMalformed},

		{"RFC 7628 §4.1", OAuthBearer, Users{"user@example.com": "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="}, []string{
			"n,a=user@example.com,\x01host=server.example.com\x01port=143\x01" +
				"auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01",
		}, "user@example.com", "", nil},
		{"token alone", OAuthBearer, bob, []string{"n,,\x01auth=bearer s3cret\x01\x01"}, "bob", "", nil},
		{"token of several", OAuthBearer, Users{"b": "t", "a": "t", "c": "t"}, []string{"n,,\x01auth=Bearer t\x01\x01"}, "a", "", nil},
		{"token of nobody", OAuthBearer, bob, []string{"n,,\x01auth=Bearer x\x01\x01"}, "", "", ErrFailed},
		{"any token", OAuthBearer, nil, []string{"n,,\x01auth=Bearer x\x01\x01"}, "", "", nil},
		{"flag y and another key", OAuthBearer, bob, []string{"y,a=bob,\x01fish=x\x01auth=Bearer  s3cret\x01\x01"}, "bob", "", nil},
		{"coded user", OAuthBearer, strange, []string{"n,a=b=2Co=3Db,\x01auth=Bearer s3cret\x01\x01"}, "b,o=b", "", nil},
		{"ill-coded user", OAuthBearer, nil, []string{"n,a=b=2co,\x01auth=Bearer s3cret\x01\x01"}, "", "", ErrMalformed},
		{"channel binding", OAuthBearer, nil, []string{"p=tls-exporter,,\x01auth=Bearer x\x01\x01"}, "", "", ErrMalformed},
		{"no header", OAuthBearer, nil, []string{"auth=Bearer x\x01\x01"}, "", "", ErrMalformed},
		{"no auth", OAuthBearer, nil, []string{"n,a=bob,\x01host=x\x01\x01"}, "bob", "", ErrMalformed},
		{"two auths", OAuthBearer, nil, []string{"n,a=bob,\x01auth=Bearer x\x01auth=Bearer y\x01\x01"}, "bob", "", ErrMalformed},
		{"no value", OAuthBearer, nil, []string{"n,a=bob,\x01auth\x01\x01"}, "bob", "", ErrMalformed},
		{"two tokens", OAuthBearer, nil, []string{"n,a=bob,\x01auth=Bearer x y\x01\x01"}, "bob", "", ErrMalformed},
		{"one end", OAuthBearer, nil, []string{"n,a=bob,\x01auth=Bearer x\x01"}, "", "", ErrMalformed},
		{"empty", OAuthBearer, nil, []string{""}, "", "", ErrMalformed},

		{"authz refused", SCRAMSHA256, bob, []string{"n,a=root,n=bob,r=x"}, "bob", "root", ErrFailed},
		{"coded user", SCRAMSHA256, strange, []string{"n,,n=b=2Co=3Db,r=x"}, "b,o=b", "", ErrMalformed},
		{"ill-coded user", SCRAMSHA256, bob, []string{"n,,n=b=2co,r=x"}, "", "", ErrMalformed},
		{"channel binding", SCRAMSHA256, bob, []string{"p=tls-exporter,,n=bob,r=x"}, "", "", ErrMalformed},
		{"extension", SCRAMSHA256, bob, []string{"n,,m=x,n=bob,r=x"}, "", "", ErrMalformed},
		{"empty", SCRAMSHA256, bob, []string{""}, "", "", ErrMalformed},
		{"Latin-1", SCRAMSHA256, bob, []string{"n,,n=b\xf8b,r=x"}, "", "", ErrMalformed},
		{"short proof", SCRAMSHA256, bob, []string{"n,,n=bob,r=x", "c=biws,r=xN,p=AAAA"}, "bob", "", ErrMalformed},
		{"other nonce", SCRAMSHA256, bob, []string{"n,,n=bob,r=x", "c=biws,r=yN,p=AAAA"}, "bob", "", ErrMalformed},
		{"no proof", SCRAMSHA256, bob, []string{"n,,n=bob,r=x", "c=biws,r=xN"}, "bob", "", ErrMalformed},
		{"wrong proof", SCRAMSHA256, bob, []string{"n,,n=bob,r=x", "c=biws,r=xN,p=" + strings.Repeat("A", 43) + "="}, "bob", "", ErrFailed},
	}
	for _, test := range tests {
		t.Run(test.mechanism+" "+test.name, func(t *testing.T) {
			t.Parallel()
			s := start(t, test.mechanism, Config{Users: test.users, Nonce: func() string { return "N" }})
			got := dialogue(t, s, script(test.lines...))
			if !errors.Is(got, test.want) {
				t.Errorf("error = %v, want %v", got, test.want)
			}
			if got != nil && strings.Contains(got.Error(), "s3cret") {
				t.Errorf("error = %q, want one without the password", got)
			}
			if got, want := s.User(), test.user; got != want {
				t.Errorf("User = %q, want %q", got, want)
			}
			if got, want := s.Authz(), test.authz; got != want {
				t.Errorf("Authz = %q, want %q", got, want)
			}
		})
	}
}

// TestPrepared: a client that prepares the password meets a server whose map has it unprepared.
func TestPrepared(t *testing.T) {
	t.Parallel()
	s := start(t, SCRAMSHA256, Config{Users: Users{"IX": "ﬁsh\u00a0and\u00adchips"}})
	if err := dialogue(t, s, clients(t)["SCRAM-SHA-256 of xdg-go"]("I\u00adX", "fish and\u00adchips")); err != nil {
		t.Errorf("SCRAM with a password that SASLprep changes: %v, want success", err)
	}
}

func TestCRAMMD5(t *testing.T) {
	t.Parallel()
	// The example of RFC 2195 §2.
	const challenge = "<1896.697170952@postoffice.reston.mci.net>"
	const digest = "b913a602c7eda7a495b4e6e7334d3890"
	users := Users{"tim": "tanstaaftanstaaf", "tim the toolman": "tanstaaftanstaaf"}
	tests := []struct {
		name, response string
		users          Users
		want           error
	}{
		{"RFC 2195 §2", "tim " + digest, users, nil},
		{"spaces", "tim the toolman " + digest, users, nil},
		{"other digest", "tim " + strings.Replace(digest, "b9", "b8", 1), users, ErrFailed},
		{"anybody", "tom " + digest, nil, nil},
		{"unknown", "tom " + digest, users, ErrFailed},
		{"upper case", "tim " + strings.ToUpper(digest), nil, ErrMalformed},
		{"short", "tim " + digest[2:], nil, ErrMalformed},
		{"no digits", "tim " + strings.Repeat("g", 32), nil, ErrMalformed},
		{"no user", digest, nil, ErrMalformed},
		{"empty user", " " + digest, nil, ErrMalformed},
		{"empty", "", nil, ErrMalformed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := &Server{config: Config{Users: test.users}}
			if _, _, got := s.cramResponse([]byte(challenge))([]byte(test.response)); !errors.Is(got, test.want) {
				t.Errorf("%q: error = %v, want %v", test.response, got, test.want)
			}
		})
	}
}

// TestSCRAM is the exchange of RFC 7677 §3.
func TestSCRAM(t *testing.T) {
	t.Parallel()
	const nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
	s := start(t, SCRAMSHA256, Config{
		Users: Users{"user": "pencil"},
		Nonce: func() string { return "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0" },
	})
	s.next = s.scram(func(string) []byte { return []byte("\x5b\x6d\x99\x68\x9d\x12\x35\x8e\xec\xa0\x4b\x14\x12\x36\xfa\x81") })
	for _, turn := range []struct {
		client, server string
		done           bool
	}{
		{"n,,n=user,r=rOprNGfwEbeRWgbNEkqO", "r=" + nonce + ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", false},
		{"c=biws,r=" + nonce + ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", false},
		{"", "", true},
	} {
		got, done, err := s.Next([]byte(turn.client))
		if string(got) != turn.server || done != turn.done || err != nil {
			t.Fatalf("Next(%q) = %q, %t, %v, want %q, %t", turn.client, got, done, err, turn.server, turn.done)
		}
	}
}

func TestSCRAMGoesOn(t *testing.T) {
	t.Parallel()
	if _, _, got := scramEnd([]byte("x")); !errors.Is(got, ErrMalformed) {
		t.Errorf("error = %v, want %v", got, ErrMalformed)
	}
}

// TestChallenges has the first words of each mechanism, where the client waits for them, and
// those to a client that is refused.
func TestChallenges(t *testing.T) {
	t.Parallel()
	tests := []struct {
		mechanism string
		response  []byte
		want      string
	}{
		{Plain, nil, ""},
		{Login, nil, "Username:"},
		{Login, []byte("bob"), "Password:"},
		{CRAMMD5, nil, "<N.946684800@mx1.qq.com>"},
		{XOAuth2, nil, ""},
		{XOAuth2, []byte("user=bob\x01auth=Bearer x\x01\x01"), `{"status":"401","schemes":"bearer"}`},
		{XOAuth2, []byte("x"), `{"status":"400","schemes":"bearer"}`},
		{OAuthBearer, nil, ""},
		{OAuthBearer, []byte("n,a=bob,\x01auth=Bearer x\x01\x01"), `{"status":"invalid_token","schemes":"bearer"}`},
		{OAuthBearer, []byte("x"), `{"status":"invalid_request","schemes":"bearer"}`},
		{SCRAMSHA256, nil, ""},
		{SCRAMSHA256, []byte("n,,n=bob,r=x"), "r=xN,s=+doYlIjHyfHFmZVeeTRAHg==,i=4096"},
	}
	synctest.Test(t, func(t *testing.T) {
		for _, test := range tests {
			s := start(t, strings.ToLower(test.mechanism), Config{
				Users: Users{"bob": "s3cret"},
				Host:  "mx1.qq.com",
				Nonce: func() string { return "N" },
			})
			got, done, err := s.Next(test.response)
			if string(got) != test.want || done || err != nil {
				t.Errorf("%s: Next(%q) = %q, %t, %v, want %q", test.mechanism, test.response, got, done, err, test.want)
			}
		}
	})
}

// TestRandom: without a Nonce no challenge comes twice.
func TestRandom(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 3 {
		challenge, _, err := start(t, CRAMMD5, Config{}).Next(nil)
		if err != nil || seen[string(challenge)] || !strings.HasSuffix(string(challenge), "@localhost>") {
			t.Errorf("challenge %q, %v, want a new one of localhost", challenge, err)
		}
		seen[string(challenge)] = true
	}
}

func TestMechanisms(t *testing.T) {
	t.Parallel()
	for _, users := range []Users{nil, {}} {
		offered := Mechanisms(users)
		for _, mechanism := range []string{Plain, Login, CRAMMD5, XOAuth2, OAuthBearer, SCRAMSHA256, "SCRAM-SHA-256-PLUS", ""} {
			_, err := New(mechanism, Config{Users: users})
			unknown, isUnknown := errors.AsType[MechanismError](err)
			if got, want := err == nil, slices.Contains(offered, mechanism); got != want {
				t.Errorf("nil users %t: New(%q) succeeds = %t, want %t", users == nil, mechanism, got, want)
			}
			if err != nil && (!isUnknown || string(unknown) != mechanism) {
				t.Errorf("New(%q): error = %v, want MechanismError(%q)", mechanism, err, mechanism)
			}
		}
	}
}

// FuzzServer: whatever the client sends, the exchange ends, in one of three ways; and nobody but the one
// user there is gets in.
func FuzzServer(f *testing.F) {
	for _, mechanism := range Mechanisms(Users{}) {
		f.Add(mechanism, true, []byte("bob"), []byte("s3cret"), []byte(""))
	}
	f.Fuzz(func(t *testing.T, mechanism string, lenient bool, one, two, three []byte) {
		users := Users{"bob": "s3cret"}
		if lenient {
			users = nil
		}
		s, err := New(mechanism, Config{Users: users, Nonce: func() string { return "N" }})
		if err != nil {
			if _, ok := errors.AsType[MechanismError](err); !ok {
				t.Fatalf("New(%q): %v, want a MechanismError", mechanism, err)
			}
			return
		}
		for _, response := range [][]byte{one, two, three, {}, {}} {
			challenge, done, err := s.Next(response)
			switch {
			case err != nil && !errors.Is(err, ErrFailed) && !errors.Is(err, ErrMalformed):
				t.Fatalf("Next(%q): %v, want another error", response, err)
			case err != nil && (!done || challenge != nil):
				t.Fatalf("Next(%q) = %q, %t with an error, want the end", response, challenge, done)
			case err == nil && done && !lenient && (prepare(s.User()) != "bob" || s.Authz() != ""):
				t.Fatalf("%q got in as %q, want bob alone", s.User(), s.Authz())
			}
			if done {
				return
			}
		}
		t.Fatal("the exchange does not end")
	})
}

func BenchmarkPlain(b *testing.B) {
	for b.Loop() {
		s, err := New(Plain, Config{Users: Users{"bob": "s3cret"}})
		if err != nil {
			b.Fatal(err)
		}
		if _, done, err := s.Next([]byte("\x00bob\x00s3cret")); !done || err != nil {
			b.Fatal(done, err)
		}
	}
}

func BenchmarkSCRAM(b *testing.B) {
	for b.Loop() {
		s, err := New(SCRAMSHA256, Config{Users: Users{"bob": "s3cret"}})
		if err != nil {
			b.Fatal(err)
		}
		if _, _, err := s.Next([]byte("n,,n=bob,r=x")); err != nil {
			b.Fatal(err)
		}
	}
}

func start(t *testing.T, mechanism string, config Config) *Server {
	t.Helper()
	s, err := New(mechanism, config)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
