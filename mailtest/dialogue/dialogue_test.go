package dialogue

// Tests of scripts, of the client, and that a session written as a script can be played again.

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed078e9d8c/maillab/internal/wildcard"
	"github.com/seed078e9d8c/maillab/mailtest"
)

func TestDialogueSyntax(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ text, want string }{
		{"c -> a\nx -> b\n", `line 2: a line begins with c, s or #, not with "x"`},
		{"c <- a\n", `line 1: "<-" is not one of -> ~> => .. !!`},
		{"s -> a\n", `line 1: "->" is not one of <- <~ <= .. !!`},
		{"c\n", `line 1: "" is not one of -> ~> => .. !!`},
		{"c x0 -> a\n", `line 1: "x0" is not a number of times`},
		{"# \n\nc -> \\q\n", `line 3: a bad backslash in "\\q"`},
		{"s .. soon\n", `line 1: "soon" is not a duration such as 5m or 1.5s`},
		{"s .. -1s\n", `line 1: "-1s" is not a duration such as 5m or 1.5s`},
		{"s !! starttls\n", `line 1: "starttls" is not one of close, cut, reset`},
		{"c !! cut\n", `line 1: "cut" is not one of close, closewrite, reset, starttls`},
	} {
		_, err := parse(test.text)
		if got, want := fmt.Sprint(err), "dialogue: "+test.want; got != want {
			t.Errorf("parse(%q): got %q, want %q", test.text, got, want)
		}
	}
}

// What does not come true is an error that says where, and what came instead.
func TestDialogueErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, text, want string
		rule             mailtest.Rule // none if At is 0
	}{
		{"another line", "s <- 250 *\n", `line 1: s <- 250 *: got "220 localhost ESMTP ready"`, mailtest.Rule{}},
		{"another reply", "s <- 220 *\n\nc -> EHLO x\ns <~ 251 *\n", `line 4: s <~ 251 *: got "250 AUTH *"`, mailtest.Rule{}},
		{"other bytes", "s <= 250\n", `line 1: s <= 250: got "220"`, mailtest.Rule{}},
		{"one more line", "s <- 220 *\nc -> NOOP\nc -> QUIT\ns <- 250 *\ns !! close\n", `line 5: s !! close: got "221 2.0.0 Bye\r\n" and EOF`, mailtest.Rule{}},
		{"no end", "s <- 220 *\ns !! close\n", `line 2: s !! close: got "" and *timeout*`, mailtest.Rule{}},
		{"another end", "s !! close\n", `line 1: s !! close: got "" and *reset*`, mailtest.Rule{At: mailtest.Greeting, Drop: mailtest.Reset}},
		{"not enough", "s <= 220 x\n", `line 1: s <= 220 x: got "220" and unexpected EOF`, mailtest.Rule{At: mailtest.Greeting, Drop: mailtest.Close, AfterBytes: 3}},
		{"nothing", "s <- 220 *\ns <- 220 *\n", `line 2: s <- 220 *: got "" and *timeout*`, mailtest.Rule{}},
		{"no TLS", "s <- 220 *\nc !! starttls\n", `line 2: c !! starttls: there is no TLS configuration`, mailtest.Rule{}},
		{"too early", "s .. 5m\ns <- 220 *\n", `line 2: s <- 220 *: "220 localhost ESMTP ready" came after 1m0s, not after 5m0s`, mailtest.Rule{At: mailtest.Greeting, Delay: time.Minute}},
		{"too late", "s .. 30s\ns <- 220 *\n", `line 2: s <- 220 *: it came after 31s, not after 30s`, mailtest.Rule{At: mailtest.Greeting, Delay: 31 * time.Second}},
		{"not silent", "s .. 1m\nc -> NOOP\n", `at its end: "220 localhost ESMTP ready" came after 0s, not after 1m0s`, mailtest.Rule{}},
		{"gone while silent", "s .. 1m\n", `at its end: the connection ended after 0s, not after 1m0s: EOF`, mailtest.Rule{At: mailtest.Greeting, Drop: mailtest.Close}},
		{"wrong text", "s <- 220 *\nc ?? x\n", `line 2: "??" is not one of -> ~> => .. !!`, mailtest.Rule{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv := mailtest.New(t)
				if test.rule.At != 0 {
					srv.AddRules(test.rule)
				}
				conn, err := srv.Dial(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				err = (&Player{Conn: conn, Exact: true}).Play(test.text)
				if got, want := fmt.Sprint(err), "dialogue: "+test.want; !wildcard.Match(want, got) {
					t.Errorf("got\n%s\nwant\n%s", got, want)
				}
			})
		})
	}
}

// A session is written down so that it can be played again, against a server with the same rules,
// to the same effect.
func TestSessionDialogue(t *testing.T) {
	t.Parallel()
	const begin = "s <- 220 *\nc -> EHLO client.example\ns <~ 250 *\n"
	const mail = begin + "c -> MAIL FROM:<a@b.example>\ns <- 250 *\nc -> RCPT TO:<c@d.example>\ns <- 250 *\n"
	for _, test := range []struct {
		name, text string
		rules      []mailtest.Rule
	}{
		{"message", mail + "c -> DATA\ns <- 354 *\nc -> Subject: 你好\nc -> \nc -> ..dot \nc => bare\\nLF\\r\\n\nc -> .\ns <- 250 *\nc -> QUIT\ns <- 221 *\ns !! close\n", nil},
		{"chunks", mail + "c => BDAT 3\\r\\nabc\ns <- 250 *\nc => BDAT 2 LAST\\r\\n\\x00*\ns <- 250 *\nc !! close\n", nil},
		{"STARTTLS", begin + "c -> STARTTLS\ns <- 220 *\nc !! starttls\nc -> EHLO again.example\ns <~ 250 *\nc -> QUIT\ns <- 221 *\ns !! close\n", nil},
		{"pauses", "s .. 5m\n" + begin + "c .. 1h\nc -> NOOP\ns .. 90s\ns <- 250 *\nc -> QUIT\ns <- 221 *\ns !! close\n",
			[]mailtest.Rule{{At: mailtest.Greeting, Delay: 5 * time.Minute}, {At: mailtest.Noop, Delay: 90 * time.Second}}},
		{"reset", begin + "c -> NOOP\ns <= 250 \ns !! reset\n", []mailtest.Rule{{At: mailtest.Noop, Drop: mailtest.Reset, AfterBytes: 4}}},
		{"cut", begin + "c -> NOOP\ns !! cut\n", []mailtest.Rule{{At: mailtest.Noop, Drop: mailtest.Cut}}},
		{"idle", begin + "s .. 5m\ns <- 421 *\ns !! close\n", []mailtest.Rule{{At: mailtest.Idle, Delay: 5 * time.Minute, Reply: "421 4.4.2 Idle for too long", Drop: mailtest.Close}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				first := played(t, test.text, test.rules)
				second := played(t, Of(first), test.rules)
				if diff := cmp.Diff(first.String(), second.String()); diff != "" {
					t.Errorf("the second time (-first +second):\n%s", diff)
				}
				if diff := cmp.Diff(Of(first), Of(second)); diff != "" {
					t.Errorf("the second time (-first +second):\n%s", diff)
				}
			})
		})
	}
}

// played returns the session that a dialogue leads to.
func played(t *testing.T, text string, rules []mailtest.Rule) *mailtest.Session {
	t.Helper()
	srv := &mailtest.Server{StartTLS: true}
	srv.AddRules(rules...)
	conn, err := srv.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := (&Player{Conn: conn, TLS: srv.ClientTLS(), Exact: true}).Play(text); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	conn.Close()
	synctest.Wait()
	srv.Close()
	return srv.Sessions()[0]
}

// A connection that can't do what a text wants is an error.
func TestDialogueOnPipe(t *testing.T) {
	t.Parallel()
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	for _, deed := range []string{"closewrite", "reset"} {
		if err := Play(near, "c !! "+deed); err == nil {
			t.Errorf("%s of a net.Pipe: got no error, want one", deed)
		}
	}
}

// A dialogue with a server that does not stop ends, and its error is short.
func TestDialogueEndless(t *testing.T) {
	t.Parallel()
	for _, reply := range []string{"250-again", "x"} {
		for _, wants := range []string{"s <- 220 *", "s <~ 220 *", "s !! close", "s .. 1s\nc !! close", "s <= no"} {
			synctest.Test(t, func(t *testing.T) {
				srv := mailtest.New(t)
				srv.AddRules(mailtest.Rule{At: mailtest.Greeting, Reply: reply, Raw: reply == "x", Endless: true})
				conn, err := srv.Dial(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				err = Play(conn, wants+"\n")
				if err == nil || len(err.Error()) > 4096 {
					t.Errorf("%q against %q: got an error of %d bytes: %.200v", wants, reply, len(err.Error()), err)
				}
			})
		}
	}
}

func FuzzScript(f *testing.F) {
	files, err := filepath.Glob("../testdata/dialogs/*.txt")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add("c x3 => \\x00\\u4f60\\\\\"\ns .. 1h2m3.5s\ns !! cut\r\n# é\n")
	f.Fuzz(func(t *testing.T, text string) {
		steps, err := parse(text)
		if err != nil {
			return
		}
		var again strings.Builder
		for i, s := range steps {
			again.WriteString(s.String() + "\n")
			steps[i].line = i + 1
			if s.times == 1 {
				steps[i].times = 0 // once, which is not written
			}
		}
		got, err := parse(again.String())
		if err != nil {
			t.Fatalf("%q, written as %q: %v", text, again.String(), err)
		}
		if diff := cmp.Diff(steps, got, cmp.AllowUnexported(step{})); diff != "" {
			t.Errorf("%q, written as %q (-want +got):\n%s", text, again.String(), diff)
		}
	})
}
