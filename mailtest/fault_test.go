package mailtest_test

// Every fault at every stage: what a client reads from its socket, byte for byte and to the
// nanosecond, is what the rule asks for.

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
)

// A dialogue in a test may begin with one of these words, which stands for all that has to be said before.
var beginnings = func() map[string]string {
	b := map[string]string{"@connect": "s <- 220 *\n"}
	b["@ehlo"] = b["@connect"] + "c -> EHLO client.example\ns <~ 250 *\n"
	b["@mail"] = b["@ehlo"] + "c -> MAIL FROM:<a@b.example>\ns <- 250 *\n"
	b["@rcpt"] = b["@mail"] + "c -> RCPT TO:<c@d.example>\ns <- 250 *\n"
	b["@data"] = b["@rcpt"] + "c -> DATA\ns <- 354 *\n"
	b["@text"] = b["@data"] + "c -> Subject: Hello\nc -> \nc -> Hello\n"
	b["@sent"] = b["@text"] + "c -> .\ns <- 250 *\n"
	return b
}()

// begun resolves the first word of a dialogue.
func begun(text string) string {
	first, rest, _ := strings.Cut(strings.TrimPrefix(text, "\n"), "\n")
	if b, ok := beginnings[first]; ok {
		return b + rest
	}
	return text
}

// speedup is how much faster time passes for rules and dialogues on real sockets: five minutes are 6 ms.
const speedup = 50_000

var pause = regexp.MustCompile(`(?m)^([cs] \.\. )(.*)$`)

// hurried returns rules and a dialogue for the real clock.
func hurried(rules []mailtest.Rule, text string) ([]mailtest.Rule, string) {
	fast := make([]mailtest.Rule, len(rules))
	for i, r := range rules {
		r.Delay, r.Pace, r.For = r.Delay/speedup, r.Pace/speedup, r.For/speedup
		fast[i] = r
	}
	return fast, pause.ReplaceAllStringFunc(text, func(line string) string {
		parts := pause.FindStringSubmatch(line)
		d, err := time.ParseDuration(parts[2])
		if err != nil {
			panic(err)
		}
		return parts[1] + (d / speedup).String()
	})
}

// moment is a point of a dialogue at which a rule can act.
type moment struct {
	at     mailtest.Stage
	before string // the dialogue until then, with what the client says last
	own    string // what the server says of its own accord
	next   string // how the dialogue can go on after a refusal
	plain  bool   // not under TLS
	ends   bool   // it ends a message
}

const noopNext = "c -> NOOP\ns <- 250 2.0.0 OK\n"

var moments = []moment{
	{at: mailtest.Greeting, own: "220 localhost ESMTP ready", next: "c -> NOOP\ns <- 503 *\n"},
	{at: mailtest.Helo, before: "@connect\nc -> HELO client.example\n", own: "250 localhost"},
	{at: mailtest.StartTLS, before: "server StartTLS\n@ehlo\nc -> STARTTLS\n", own: "220 2.0.0 Ready to start TLS", plain: true},
	{at: mailtest.Auth, before: "@ehlo\nc -> AUTH PLAIN AGJvYgBwdw==\n", own: "235 2.7.0 Authentication successful"},
	{at: mailtest.AuthStep, before: "@ehlo\nc -> AUTH PLAIN\ns <- 334 *\nc -> AGJvYgBwdw==\n", own: "235 2.7.0 Authentication successful"},
	{at: mailtest.Mail, before: "@ehlo\nc -> MAIL FROM:<a@b.example>\n", own: "250 2.1.0 Sender OK"},
	{at: mailtest.Rcpt, before: "@mail\nc -> RCPT TO:<c@d.example>\n", own: "250 2.1.5 Recipient OK"},
	{at: mailtest.Data, before: "@rcpt\nc -> DATA\n", own: "354 End data with <CR><LF>.<CR><LF>"},
	{at: mailtest.Dot, before: "@text\nc -> .\n", own: "250 2.0.0 Message accepted", ends: true},
	{at: mailtest.Bdat, before: "@rcpt\nc => BDAT 7\\r\\nHello\\r\\n\n", own: "250 2.0.0 7 octets received"},
	{at: mailtest.Bdat, before: "@rcpt\nc => BDAT 7 LAST\\r\\nHello\\r\\n\n", own: "250 2.0.0 Message accepted", ends: true},
	{at: mailtest.Rset, before: "@mail\nc -> RSET\n", own: "250 2.0.0 Reset"},
	{at: mailtest.Noop, before: "@ehlo\nc -> NOOP\n", own: "250 2.0.0 OK", next: "c -> RSET\ns <- 250 *\n"},
	{at: mailtest.Vrfy, before: "@ehlo\nc -> VRFY bob\n", own: "252 2.1.5 Cannot verify, but will accept a message and try to deliver it"},
	{at: mailtest.Help, before: "@ehlo\nc -> HELP\n", own: "214 2.0.0 Commands: HELO EHLO MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT AUTH STARTTLS"},
	{at: mailtest.Quit, before: "@ehlo\nc -> QUIT\n", own: "221 2.0.0 Bye"},
	{at: mailtest.Unknown, before: "@ehlo\nc -> XYZZY\n", own: "500 5.5.1 Command unrecognized"},
}

// fault is something that can go wrong at any moment.
type fault struct {
	name      string
	rule      mailtest.Rule                 // without At
	reply     func(own string) string       // for Rule.Reply
	text      func(own, next string) string // what the client sees
	refuses   bool                          // the command has no effect
	cut       bool                          // it has, and the client can't know
	malformed bool                          // some clients understand the reply, some don't
}

var faults = []fault{
	{name: "451", refuses: true, rule: mailtest.Rule{Reply: "451 4.3.0 Try again later"},
		text: func(_, next string) string { return "s <- 451 4.3.0 Try again later\n" + next }},
	{name: "550", refuses: true, rule: mailtest.Rule{Reply: "550-5.7.1 We do not like you\n550 5.7.1 nor your mail"},
		text: func(_, next string) string {
			return "s <- 550-5.7.1 We do not like you\ns <- 550 5.7.1 nor your mail\n" + next
		}},
	{name: "421 and close", refuses: true, rule: mailtest.Rule{Reply: "421 4.3.2 Shutting down", Drop: mailtest.Close},
		text: func(_, _ string) string { return "s <- 421 4.3.2 Shutting down\ns !! close\n" }},
	{name: "delay", rule: mailtest.Rule{Delay: 5 * time.Minute},
		text: func(own, _ string) string { return "s .. 5m\ns <- " + own + "\n" }},
	{name: "delay and 450", refuses: true, rule: mailtest.Rule{Delay: 10 * time.Minute, Reply: "450 4.2.0 Slow"},
		text: func(_, next string) string { return "s .. 10m\ns <- 450 4.2.0 Slow\n" + next }},
	{name: "dribble", rule: mailtest.Rule{Pace: 10 * time.Second},
		text: func(own, _ string) string {
			var b strings.Builder
			for i, c := range []byte(own + "\r\n") {
				if i > 0 {
					b.WriteString("s .. 10s\n")
				}
				fmt.Fprintf(&b, "s <= \\x%02x\n", c)
			}
			return b.String()
		}},
	{name: "silence", refuses: true, rule: mailtest.Rule{Drop: mailtest.Silence},
		text: func(_, _ string) string { return "s .. 10m\nc -> NOOP\ns .. 10m\nc !! close\n" }},
	{name: "close", refuses: true, rule: mailtest.Rule{Drop: mailtest.Close}, text: func(_, _ string) string { return "s !! close\n" }},
	{name: "cut", refuses: true, rule: mailtest.Rule{Drop: mailtest.Cut}, text: func(_, _ string) string { return "s !! cut\n" }},
	{name: "reset", refuses: true, rule: mailtest.Rule{Drop: mailtest.Reset}, text: func(_, _ string) string { return "s !! reset\n" }},
	{name: "delay and reset", refuses: true, rule: mailtest.Rule{Drop: mailtest.Reset, Delay: time.Minute},
		text: func(_, _ string) string { return "s .. 1m\ns !! reset\n" }},
	{name: "close in the reply", cut: true, rule: mailtest.Rule{Drop: mailtest.Close, AfterBytes: 5},
		text: func(own, _ string) string { return "s <= " + own[:5] + "\ns !! close\n" }},
	{name: "cut in the reply", cut: true, rule: mailtest.Rule{Drop: mailtest.Cut, AfterBytes: 1},
		text: func(own, _ string) string { return "s <= " + own[:1] + "\ns !! cut\n" }},
	{name: "reset in the reply", cut: true, rule: mailtest.Rule{Drop: mailtest.Reset, AfterBytes: 3},
		text: func(own, _ string) string { return "s <= " + own[:3] + "\ns !! reset\n" }},
	{name: "close after the reply", rule: mailtest.Rule{Drop: mailtest.Close, AfterReply: true},
		text: func(own, _ string) string { return "s <- " + own + "\ns !! close\n" }},
	{name: "reset after the reply", rule: mailtest.Rule{Drop: mailtest.Reset, AfterReply: true},
		text: func(own, _ string) string { return "s <- " + own + "\ns !! reset\n" }},
	{name: "silence after the reply", rule: mailtest.Rule{Drop: mailtest.Silence, AfterReply: true},
		text: func(own, _ string) string { return "s <- " + own + "\nc -> NOOP\ns .. 10m\nc !! close\n" }},
	{name: "another text", reply: func(own string) string { return own[:3] + " 2.0.0 As you like it" },
		text: func(own, _ string) string { return "s <- " + own[:3] + " 2.0.0 As you like it\n" }},
	{name: "several lines", reply: func(own string) string { return own[:3] + "-one\n" + own[:3] + "-\n" + own[:3] + " three" },
		text: func(own, _ string) string {
			return strings.ReplaceAll("s <- 250-one\ns <- 250-\ns <- 250 three\n", "250", own[:3])
		}},
	{name: "no text", malformed: true, reply: func(own string) string { return own[:3] }, text: func(own, _ string) string { return "s <- " + own[:3] + "\n" }},
	{name: "4 KiB", malformed: true, reply: func(own string) string { return own[:3] + " " + strings.Repeat("blah", 1024) },
		text: func(own, _ string) string { return "s <- " + own[:3] + " " + strings.Repeat("blah", 1024) + "\n" }},
	{name: "GBK", reply: func(own string) string { return own[:3] + " \xc4\xe3\xba\xc3" },
		text: func(own, _ string) string { return "s <- " + own[:3] + ` \xc4\xe3\xba\xc3` + "\n" }},
	{name: "contradictory enhanced code", reply: func(own string) string { return own[:3] + " 3.1.4 Neither here nor there" },
		text: func(own, _ string) string { return "s <- " + own[:3] + " 3.1.4 Neither here nor there\n" }},
	{name: "no line end", malformed: true, rule: mailtest.Rule{Raw: true}, reply: func(own string) string { return own[:3] + " OK" },
		text: func(own, _ string) string { return "s <= " + own[:3] + " OK\ns .. 10m\n" }},
	{name: "bare LF", malformed: true, rule: mailtest.Rule{Raw: true}, reply: func(own string) string { return own[:3] + " OK\n" },
		text: func(own, _ string) string { return "s <= " + own[:3] + " OK\\n\n" }},
	{name: "codes that differ", malformed: true, rule: mailtest.Rule{Raw: true}, reply: func(own string) string { return own[:3] + "-OK\r\n599 not\r\n" },
		text: func(own, _ string) string { return "s <= " + own[:3] + `-OK\r\n599 not\r\n` + "\n" }},
	{name: "an unknown code", malformed: true, reply: func(own string) string { return own[:1] + "99 Whatever" },
		text: func(own, _ string) string { return "s <- " + own[:1] + "99 Whatever\n" }},
	{name: "no reply at all", malformed: true, refuses: true, rule: mailtest.Rule{Raw: true, Reply: "<html>\x00\xff"},
		text: func(_, _ string) string { return `s <= <html>\x00\xff` + "\n" }},
	{name: "a code of two digits", malformed: true, refuses: true, rule: mailtest.Rule{Raw: true, Reply: "25 OK\r\n"},
		text: func(_, _ string) string { return "s <- 25 OK\n" }},
	{name: "continuation without end", malformed: true, rule: mailtest.Rule{Endless: true}, reply: func(own string) string { return own[:3] + "-and more" },
		text: func(own, _ string) string { return "s x300 <- " + own[:3] + "-and more\nc !! reset\n" }},
}

// row is one fault at one moment.
func row(m moment, f fault) (rule mailtest.Rule, text string) {
	rule = f.rule
	rule.At = m.at
	if f.reply != nil {
		rule.Reply = f.reply(m.own)
	}
	next := m.next
	if next == "" {
		next = noopNext
	}
	settings, before := "server QuickTLS\n", m.before
	if strings.HasPrefix(before, "server ") {
		var setting string
		setting, before, _ = strings.Cut(before, "\n")
		settings += setting + "\n"
	}
	end := f.text(m.own, next)
	if m.at == mailtest.Quit && !f.refuses {
		end = strings.TrimSuffix(end, "s .. 10m\n") // for then the connection ends
	}
	text = settings + begun(before) + end
	if m.ends && !f.refuses {
		if f.cut {
			text += "= message* unacked*\n"
		} else {
			text += "= message*\n"
		}
	}
	return rule, text
}

// With the race detector, each fault is seen on every kind of connection, but at every other moment.
func TestFaults(t *testing.T) {
	t.Parallel()
	for i, m := range moments {
		for _, f := range faults {
			rule, text := row(m, f)
			for j, c := range connections {
				if m.plain && c.tls || mailtest.RaceEnabled && (i+j)%2 == 1 {
					continue
				}
				t.Run(m.at.String()+"/"+f.name+"/"+c.name, func(t *testing.T) {
					t.Parallel()
					play(t, parseDialog(text), c, rule)
				})
			}
		}
	}
}
