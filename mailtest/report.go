package mailtest

// The report and the artifacts of a server whose test has failed.

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/seed078e9d8c/maillab/internal/artifact"
)

// Report returns what the server saw, as text: each message as [Message.String] returns it, and the
// transcripts. A server made by [New] writes it to the log of a test that fails. For a server that lives
// longer, such as one that TestMain starts, the caller has to print it.
func (s *Server) Report() string {
	s.prepare()
	var b strings.Builder
	messages, sessions := s.Messages(), s.Sessions()
	fmt.Fprintf(&b, "mailtest: what server %s saw: %s, %s\n", s.name(), count(len(messages), "message"), count(len(sessions), "session"))
	if len(sessions) == 0 {
		fmt.Fprintf(&b, "%s\n", s.nobody())
	}
	for _, m := range latest(&b, messages, "message") {
		fmt.Fprintln(&b, m)
	}
	for _, session := range latest(&b, sessions, "session") {
		b.WriteString(session.brief())
	}
	return strings.TrimRight(b.String(), "\n")
}

// mostListed bounds the things of one kind that a report lists.
const mostListed = 20

// latest returns the last of some things, and writes how many it has left out.
func latest[T any](b *strings.Builder, all []T, thing string) []T {
	if skipped := len(all) - mostListed; skipped > 0 {
		fmt.Fprintf(b, "… %s before these\n", count(skipped, thing))
		all = all[skipped:]
	}
	return all
}

// nobody returns a line that says that no client has connected.
func (s *Server) nobody() string {
	s.state.Lock()
	defer s.state.Unlock()
	var at []string
	for _, e := range []*endpoint{&s.state.plain, &s.state.tls} {
		if e.addr != nil {
			at = append(at, e.addr.String())
		}
	}
	for _, l := range s.state.listeners {
		if addr := text(l.Addr()); addr != "" && !slices.Contains(at, addr) {
			at = append(at, addr)
		}
	}
	if s.state.last > 0 {
		return "nobody has connected to server " + s.name() + " since Reset"
	}
	if len(at) == 0 {
		return "nobody connected to server " + s.name() + ", and nobody asked for its address"
	}
	return "nobody connected to " + strings.Join(at, " or ")
}

// String returns a few lines of text for people: the subject, the sender and the recipients of the envelope,
// the addresses of the header, the parts, and the first lines of the text.
func (m *Message) String() string {
	const mostLines, width = 8, 100
	var b strings.Builder
	b.WriteString(m.summary())
	for _, name := range []string{"From", "To", "Cc"} {
		for _, value := range m.GetAll(name) {
			fmt.Fprintf(&b, "\n    %s: %s", name, printable(value, 2*width))
		}
	}
	b.WriteString("\n    Parts:")
	separator := " "
	for i, p := range m.Parts {
		if p.Below > 0 {
			continue
		}
		if i > 20 {
			b.WriteString(separator + "…")
			break
		}
		b.WriteString(separator + p.String())
		separator = ", "
	}
	if len(m.Problems) > 0 {
		fmt.Fprintf(&b, "\n    Problems: %s", printable(m.Problems[0], 2*width))
		if more := len(m.Problems) - 1; more > 0 {
			fmt.Fprintf(&b, " … and %d more", more)
		}
	}
	shown := 0
	for line := range strings.Lines(m.VisibleText()) {
		line = strings.TrimSpace(line)
		switch {
		case line == "":
			continue
		case shown == mostLines:
			b.WriteString("\n    | …")
			return b.String()
		}
		shown++
		fmt.Fprintf(&b, "\n    | %s", printable(line, width))
	}
	return b.String()
}

// String returns a few words that name the part: its type, its file name, its Content-ID as HTML refers to it, and its size.
// They do not contain the content.
func (p Part) String() string {
	const width = 100
	s := printable(p.MediaType, width)
	if p.Filename != "" {
		s += fmt.Sprintf(" %q", cut(p.Filename, width))
	}
	if p.ContentID != "" {
		s += " cid:" + printable(p.ContentID, width)
	}
	if p.Below > 0 {
		return s + fmt.Sprintf(" (%s below)", count(p.Below, "part"))
	}
	return s + fmt.Sprintf(" (%s)", count(len(p.Content), "byte"))
}

// cut returns the first n bytes of s, or a few less so that no letter is cut.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// artifacts returns the files that a failed test leaves behind: each message, and all transcripts.
func (s *Server) artifacts() []artifact.File {
	var files []artifact.File
	for _, m := range s.Messages() {
		files = append(files, artifact.File{Name: fmt.Sprintf("%s-%d.eml", s.name(), m.Number), Data: m.Raw})
	}
	var b strings.Builder
	for _, session := range s.Sessions() {
		b.WriteString(session.String())
	}
	return append(files, artifact.File{Name: s.name() + "-sessions.txt", Data: []byte(b.String())})
}

// count returns n things in words.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// explain returns a text about the messages that arrived, and about how far those connections came that ended
// without a message, or went on after it.
func (b *Inbox) explain() string {
	var s strings.Builder
	b.mu.Lock()
	entries, servers := slices.Clone(b.entries), slices.Clone(b.servers)
	b.mu.Unlock()
	entries = slices.DeleteFunc(entries, func(e entry) bool { return e.record == nil })
	s.WriteString(count(len(entries), "message") + "\n")
	shown := telling(entries)
	if left := len(entries) - len(shown); left > 0 {
		fmt.Fprintf(&s, "… %s left out here\n", count(left, "message"))
	}
	for _, e := range shown {
		s.WriteString("  ")
		if len(servers) > 1 {
			s.WriteString(e.session.server.name() + " ")
		}
		s.WriteString(e.message().summary())
		if e.taken {
			s.WriteString(" (taken)")
		}
		s.WriteByte('\n')
	}
	var failed []string
	connected := false
	for _, server := range servers {
		all := server.allSessions()
		connected = connected || len(all) > 0
		for _, ss := range all {
			session := ss.latest(tellingTurns)
			if session.delivered() {
				continue
			}
			line := session.summary()
			if len(servers) > 1 {
				line = server.name() + " " + line
			}
			failed = append(failed, line)
		}
	}
	for _, line := range latest(&s, failed, "session") {
		s.WriteString(line + "\n")
	}
	switch {
	case len(servers) == 0:
		s.WriteString("nobody connected, and no server was in use\n")
	case !connected:
		for _, server := range latest(&s, servers, "server") {
			s.WriteString(server.nobody() + "\n")
		}
	}
	return strings.TrimSuffix(s.String(), "\n")
}

// telling returns the entries to list, in order. Those that are not taken come before the others if there is not room for all,
// and later ones before earlier ones.
func telling(all []entry) []entry {
	open := 0
	for _, e := range all {
		if !e.taken {
			open++
		}
	}
	room := map[bool]int{false: mostListed, true: max(mostListed-open, 0)} // for entries that are taken, or not
	var shown []entry
	for _, e := range slices.Backward(all) {
		if room[e.taken] > 0 {
			room[e.taken]--
			shown = append(shown, e)
		}
	}
	slices.Reverse(shown)
	return shown
}

// summary returns a line that names the message.
func (m *Message) summary() string {
	const most = 500 // bytes of recipients
	subject := strconv.Quote(cut(m.Subject, 200))
	if m.Number == 0 { // no server has received it
		return subject
	}
	to := ""
	for i, r := range m.Envelope.To {
		if i > 0 {
			to += ", "
			if len(to)+len(r.Address) > most {
				to += fmt.Sprintf("… and %d more", len(m.Envelope.To)-i)
				break
			}
		}
		to += cut(r.Address, most)
	}
	return fmt.Sprintf("#%d %s from <%s> to %s", m.Number, subject, m.Envelope.From, to)
}
