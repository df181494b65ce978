package mailtest

// This file tests the text of dialogues, and that a session written as one can be played again.

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
)

func TestDialogueSyntax(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ text, want string }{
		{"c -> a\nx -> b\n", `line 2: a line begins with c, s or #, not with "x"`},
		{"c <- a\n", `line 1: "<-" is not one of -> => .. !!`},
		{"s -> a\n", `line 1: "->" is not one of <- <~ <= .. !!`},
		{"c\n", `line 1: "" is not one of -> => .. !!`},
		{"c x0 -> a\n", `line 1: "x0" is no number of times`},
		{"# \n\nc -> \\q\n", `line 3: a bad backslash in "\\q"`},
		{"s .. soon\n", `line 1: "soon" is no duration such as 5m or 1.5s`},
		{"s .. -1s\n", `line 1: "-1s" is no duration such as 5m or 1.5s`},
		{"s !! starttls\n", `line 1: "starttls" is not one of close, cut, reset`},
		{"c !! cut\n", `line 1: "cut" is not one of close, closewrite, reset, starttls`},
	} {
		_, err := parseDialogue(test.text)
		if got, want := fmt.Sprint(err), "mailtest: dialogue, "+test.want; got != want {
			t.Errorf("parseDialogue(%q): got %q, want %q", test.text, got, want)
		}
	}
	for _, test := range []struct {
		pattern, text string
		want          bool
	}{
		{"250 OK", "250 OK", true}, {"250 OK", "250 OK!", false}, {"250 *", "250 ", true}, {"*", "", true},
		{"250*OK", "250 2.0.0 OK", true}, {"250*OK", "250 2.0.0 OK.", false}, {"a*b*c", "axbxc", true}, {"a*b*c", "axc", false},
		{"a*a", "a", false}, {"", "", true}, {"", "a", false},
	} {
		if got := matches(test.pattern, test.text); got != test.want {
			t.Errorf("matches(%q, %q) = %v, want %v", test.pattern, test.text, got, test.want)
		}
	}
}

// What does not come true is an error that says where, and what came instead.
func TestDialogueErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, text, want string
		rule             Rule // none if At is 0
	}{
		{"another line", "s <- 250 *\n", `line 1: s <- 250 *: got "220 localhost ESMTP ready"`, Rule{}},
		{"another reply", "s <- 220 *\n\nc -> EHLO x\ns <~ 251 *\n", `line 4: s <~ 251 *: got "250 AUTH *"`, Rule{}},
		{"other bytes", "s <= 250\n", `line 1: s <= 250: got "220"`, Rule{}},
		{"one more line", "s <- 220 *\nc -> NOOP\nc -> QUIT\ns <- 250 *\ns !! close\n", `line 5: s !! close: got "221 2.0.0 Bye\r\n" and EOF`, Rule{}},
		{"no end", "s <- 220 *\ns !! close\n", `line 2: s !! close: got "" and *timeout*`, Rule{}},
		{"another end", "s !! close\n", `line 1: s !! close: got "" and *reset*`, Rule{At: Greeting, Drop: Reset}},
		{"not enough", "s <= 220 x\n", `line 1: s <= 220 x: got "220" and unexpected EOF`, Rule{At: Greeting, Drop: Close, AfterBytes: 3}},
		{"nothing", "s <- 220 *\ns <- 220 *\n", `line 2: s <- 220 *: got "" and *timeout*`, Rule{}},
		{"no TLS", "s <- 220 *\nc !! starttls\n", `line 2: c !! starttls: the Dialogue has no TLS configuration`, Rule{}},
		{"too early", "s .. 5m\ns <- 220 *\n", `line 2: s <- 220 *: "220 localhost ESMTP ready" came after 1m0s, not after 5m0s`, Rule{At: Greeting, Delay: time.Minute}},
		{"too late", "s .. 30s\ns <- 220 *\n", `line 2: s <- 220 *: it came after 31s, not after 30s`, Rule{At: Greeting, Delay: 31 * time.Second}},
		{"not silent", "s .. 1m\nc -> NOOP\n", `at its end: "220 localhost ESMTP ready" came after 0s, not after 1m0s`, Rule{}},
		{"gone while silent", "s .. 1m\n", `at its end: the connection ended after 0s, not after 1m0s: EOF`, Rule{At: Greeting, Drop: Close}},
		{"wrong text", "s <- 220 *\nc ?? x\n", `line 2: "??" is not one of -> => .. !!`, Rule{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv := New(t)
				if test.rule.At != 0 {
					srv.AddRules(test.rule)
				}
				conn, err := srv.Dial(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				err = Dialogue{Text: test.text, Exact: true}.Play(conn)
				if got, want := fmt.Sprint(err), "mailtest: dialogue, "+test.want; !matches(want, got) {
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
		rules      []Rule
	}{
		{"message", mail + "c -> DATA\ns <- 354 *\nc -> Subject: 你好\nc -> \nc -> ..dot \nc => bare\\nLF\\r\\n\nc -> .\ns <- 250 *\nc -> QUIT\ns <- 221 *\ns !! close\n", nil},
		{"chunks", mail + "c => BDAT 3\\r\\nabc\ns <- 250 *\nc => BDAT 2 LAST\\r\\n\\x00*\ns <- 250 *\nc !! close\n", nil},
		{"STARTTLS", begin + "c -> STARTTLS\ns <- 220 *\nc !! starttls\nc -> EHLO again.example\ns <~ 250 *\nc -> QUIT\ns <- 221 *\ns !! close\n", nil},
		{"pauses", "s .. 5m\n" + begin + "c .. 1h\nc -> NOOP\ns .. 90s\ns <- 250 *\nc -> QUIT\ns <- 221 *\ns !! close\n",
			[]Rule{{At: Greeting, Delay: 5 * time.Minute}, {At: Noop, Delay: 90 * time.Second}}},
		{"reset", begin + "c -> NOOP\ns <= 250 \ns !! reset\n", []Rule{{At: Noop, Drop: Reset, AfterBytes: 4}}},
		{"cut", begin + "c -> NOOP\ns !! cut\n", []Rule{{At: Noop, Drop: Cut}}},
		{"idle", begin + "s .. 5m\ns <- 421 *\ns !! close\n", []Rule{{At: Idle, Delay: 5 * time.Minute, Reply: "421 4.4.2 Idle for too long", Drop: Close}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				first := played(t, test.text, test.rules)
				second := played(t, first.Dialogue(), test.rules)
				if diff := cmp.Diff(first.String(), second.String()); diff != "" {
					t.Errorf("the second time (-first +second):\n%s", diff)
				}
				if diff := cmp.Diff(first.Dialogue(), second.Dialogue()); diff != "" {
					t.Errorf("the second time (-first +second):\n%s", diff)
				}
			})
		})
	}
}

// played returns the session that a dialogue leads to.
func played(t *testing.T, text string, rules []Rule) *Session {
	t.Helper()
	srv := &Server{StartTLS: true}
	srv.AddRules(rules...)
	conn, err := srv.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := (Dialogue{Text: text, TLS: srv.ClientTLS(), Exact: true}).Play(conn); err != nil {
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
		if err := (Dialogue{Text: "c !! " + deed}).Play(near); err == nil {
			t.Errorf("%s of a net.Pipe: got no error, want one", deed)
		}
	}
}

func FuzzDialogue(f *testing.F) {
	files, err := filepath.Glob("testdata/dialogs/*.txt")
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
		steps, err := parseDialogue(text)
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
		got, err := parseDialogue(again.String())
		if err != nil {
			t.Fatalf("%q, written as %q: %v", text, again.String(), err)
		}
		if diff := cmp.Diff(steps, got, cmp.AllowUnexported(step{})); diff != "" {
			t.Errorf("%q, written as %q (-want +got):\n%s", text, again.String(), diff)
		}
	})
}
