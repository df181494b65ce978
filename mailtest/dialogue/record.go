package dialogue

// Records: a session written as a script.

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
)

// Of returns a session as a script. It succeeds against a server or a client that does the same
// again. Pauses of a second or more are included, in whole seconds. Credentials are replaced by
// "***": to play the client, fill them in; when the server is played, they match anything.
func Of(s *mailtest.Session) string {
	w := recorder{last: s.Start}
	w.comment("session %d from %s to %s", s.Number, s.Client, s.Server)
	for i, t := range s.Turns {
		if t.Stage == mailtest.Handshake && i > 0 && t.Reply == "" { // else it comes before the dialogue, or never
			w.step("c", "!!", "starttls")
		}
		w.turn(t)
	}
	switch s.Ending.Kind {
	case 0:
	case mailtest.ClientClosed, mailtest.ClientBroke:
		w.step("c", "!!", "close")
	case mailtest.ClientQuit, mailtest.ServerClosed:
		w.step("s", "!!", "close")
	case mailtest.ServerCut:
		w.step("s", "!!", "cut")
	case mailtest.ServerReset:
		w.step("s", "!!", "reset")
	default:
		w.comment("%s", s.Ending)
	}
	return w.String()
}

// recorder writes a session down.
type recorder struct {
	strings.Builder
	last time.Time // when the last thing happened
}

func (w *recorder) comment(format string, args ...any) {
	fmt.Fprintf(w, "# %s\n", quote(fmt.Sprintf(format, args...)))
}

func (w *recorder) step(who, op, text string) {
	fmt.Fprintln(w, step{who: who, op: op, text: []string{text}})
}

// pause says that who has been silent until now.
func (w *recorder) pause(who string, now time.Time) {
	if d := now.Sub(w.last).Truncate(time.Second); d > 0 {
		fmt.Fprintln(w, step{who: who, op: "..", pause: d})
	}
	w.last = now
}

// turn writes a turn: first what the client says in it, then the server.
func (w *recorder) turn(t mailtest.Turn) {
	client := "c"
	if t.Stage == mailtest.Greeting || t.Stage == mailtest.Idle {
		client = "s" // which is who has been waited for
	}
	w.pause(client, t.Received)
	if t.Command != "" {
		fmt.Fprintln(w, step{who: "c", op: "->", text: strings.Split(t.Command, "***")}) // which stands for credentials
	}
	switch {
	case t.Payload == nil:
	case t.Command != "": // BDAT; with LAST, the payload is that of all chunks
		size, _ := strconv.Atoi(strings.Fields(t.Command + " 0")[1])
		w.step("c", "=>", string(t.Payload[max(0, len(t.Payload)-size):]))
	default:
		w.message(t)
	}
	for _, note := range t.Notes {
		w.comment("%s", note)
	}
	if t.Reply == "" {
		return
	}
	w.pause("s", t.Replied)
	for line := range strings.Lines(t.Reply) {
		if text, ok := strings.CutSuffix(line, "\r\n"); ok {
			w.step("s", "<-", text)
		} else {
			w.step("s", "<=", line)
		}
	}
}

// message writes the message after DATA, with its dots stuffed.
func (w *recorder) message(t mailtest.Turn) {
	for line := range bytes.Lines(t.Payload) {
		text, ok := strings.CutSuffix(string(line), "\r\n")
		if strings.HasPrefix(text, ".") {
			text = "." + text
		}
		if ok {
			w.step("c", "->", text)
		} else {
			w.step("c", "=>", text)
		}
	}
	if t.Stage == mailtest.Dot {
		w.step("c", "->", ".")
	}
}
