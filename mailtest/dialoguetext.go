package mailtest

// The text of a dialogue: how it is read, and how a session is written as one.

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// step is a thing that one side does.
type step struct {
	line  int // in the text
	who   string
	op    string
	text  string        // of all but ".."
	pause time.Duration // of ".."
	times int           // 0 and 1 are once
}

// operations are what the two sides can do.
func operations(who string) []string {
	if who == "c" {
		return []string{"->", "=>", "..", "!!"}
	}
	return []string{"<-", "<~", "<=", "..", "!!"}
}

// deeds are what the two sides can do with "!!".
func deeds(who string) []string {
	if who == "c" {
		return []string{"close", "closewrite", "reset", "starttls"}
	}
	return []string{"close", "cut", "reset"}
}

// String writes the step as it stands in a text.
func (s step) String() string {
	times, text := "", quote(s.text)
	if s.times > 1 {
		times = "x" + strconv.Itoa(s.times) + " "
	}
	if s.op == ".." {
		text = s.pause.String()
	}
	return strings.TrimSuffix(s.who+" "+times+s.op+" "+text, " ")
}

// parseDialogue reads a text. An error says in which line it is.
func parseDialogue(text string) ([]step, error) {
	var steps []step
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSuffix(line, "\r")
		if line == "" || line[0] == '#' {
			continue
		}
		s, err := parseStep(line)
		if err != nil {
			return nil, fmt.Errorf("mailtest: dialogue, line %d: %w", i+1, err)
		}
		s.line = i + 1
		steps = append(steps, s)
	}
	return steps, nil
}

func parseStep(line string) (step, error) {
	who, rest, _ := strings.Cut(line, " ")
	s := step{who: who}
	if who != "c" && who != "s" {
		return s, fmt.Errorf("a line begins with c, s or #, not with %q", who)
	}
	op, text, _ := strings.Cut(rest, " ")
	if times, ok := strings.CutPrefix(op, "x"); ok {
		n, err := strconv.Atoi(times)
		if err != nil || n < 1 {
			return s, fmt.Errorf("%q is no number of times", op)
		}
		s.times = n
		op, text, _ = strings.Cut(text, " ")
	}
	ops := operations(who)
	if !slices.Contains(ops, op) {
		return s, fmt.Errorf("%q is not one of %s", op, strings.Join(ops, " "))
	}
	s.op = op
	var err error
	switch op {
	case "..":
		if s.pause, err = time.ParseDuration(text); err != nil || s.pause < 0 {
			return s, fmt.Errorf("%q is no duration such as 5m or 1.5s", text)
		}
		return s, nil
	case "!!":
		if deeds := deeds(who); !slices.Contains(deeds, text) {
			return s, fmt.Errorf("%q is not one of %s", text, strings.Join(deeds, ", "))
		}
	}
	s.text, err = unquote(text)
	return s, err
}

// quote writes bytes so that unquote gives them back, and that they survive an editor.
func quote(s string) string {
	q := strconv.Quote(s)
	q = strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`)
	if strings.HasSuffix(q, " ") {
		q = strings.TrimSuffix(q, " ") + `\x20`
	}
	return q
}

// unquote resolves the backslashes of s.
func unquote(s string) (string, error) {
	var b []byte
	for rest := s; rest != ""; {
		if rest[0] != '\\' {
			b = append(b, rest[0])
			rest = rest[1:]
			continue
		}
		r, multibyte, tail, err := strconv.UnquoteChar(rest, 0)
		if err != nil {
			return "", fmt.Errorf("a bad backslash in %q", s)
		}
		if multibyte {
			b = append(b, string(r)...)
		} else {
			b = append(b, byte(r))
		}
		rest = tail
	}
	return string(b), nil
}

// matches tells whether s is as pattern says, in which * stands for anything.
func matches(pattern, s string) bool {
	parts := strings.Split(pattern, "*")
	s, ok := strings.CutPrefix(s, parts[0])
	if !ok || len(parts) == 1 {
		return ok && s == ""
	}
	last := len(parts) - 1
	for _, part := range parts[1:last] {
		_, rest, found := strings.Cut(s, part)
		if !found {
			return false
		}
		s = rest
	}
	return strings.HasSuffix(s, parts[last])
}

// Dialogue writes the session as the text of a [Dialogue]: played against a server that does the
// same again, it comes true. Pauses are in it as far as they lasted a second and more, in whole
// seconds. Credentials are not: those who play it have to fill them in.
func (s *Session) Dialogue() string {
	w := dialogueWriter{last: s.Start}
	w.comment("session %d from %s to %s", s.Number, s.Client, s.Server)
	for i, t := range s.Turns {
		if t.Stage == Handshake && i > 0 && t.Reply == "" { // else it comes before the dialogue, or never
			w.step("c", "!!", "starttls")
		}
		w.turn(t)
	}
	switch s.Ending.Kind {
	case 0:
	case ClientClosed, ClientBroke:
		w.step("c", "!!", "close")
	case ClientQuit, ServerClosed:
		w.step("s", "!!", "close")
	case ServerCut:
		w.step("s", "!!", "cut")
	case ServerReset:
		w.step("s", "!!", "reset")
	default:
		w.comment("%s", s.Ending)
	}
	return w.String()
}

// dialogueWriter writes a session down.
type dialogueWriter struct {
	strings.Builder
	last time.Time // when the last thing happened
}

func (w *dialogueWriter) comment(format string, args ...any) {
	fmt.Fprintf(w, "# %s\n", quote(fmt.Sprintf(format, args...)))
}

func (w *dialogueWriter) step(who, op, text string) {
	fmt.Fprintln(w, step{who: who, op: op, text: text})
}

// pause says that who has been silent until now.
func (w *dialogueWriter) pause(who string, now time.Time) {
	if d := now.Sub(w.last).Truncate(time.Second); d > 0 {
		fmt.Fprintln(w, step{who: who, op: "..", pause: d})
	}
	w.last = now
}

// turn writes a turn: first what the client says in it, then the server.
func (w *dialogueWriter) turn(t Turn) {
	client := "c"
	if t.Stage == Greeting || t.Stage == Idle {
		client = "s" // which is who has been waited for
	}
	w.pause(client, t.Received)
	if t.Command != "" {
		w.step("c", "->", t.Command)
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
func (w *dialogueWriter) message(t Turn) {
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
	if t.Stage == Dot {
		w.step("c", "->", ".")
	}
}
