package mxmock

// The storage of the journal: entries that become events when they are asked for.

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/seed078e9d8c/maillab/internal/notice"
	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mxmock/internal/question"
)

// events has the journal of an internet. The lock of the internet guards it.
type events struct {
	entries   []entry   // in the order in which they began, which is that of their times
	finished  []entry   // in the order in which they were over
	before    int       // the number of finished entries that were forgotten
	last      int       // the number of the last entry, those that were forgotten included
	most      int       // the number of entries to keep, or 0
	began     time.Time // when the first entry began since the last reset, or zero
	listening notice.List
	ended     bool // no further entries come
}

// usualEntries is the number of entries for which there is room from the first on: a message takes a dozen.
const usualEntries = 16

// LimitJournal bounds the journal, from now on, to the given number of questions, connections and
// SMTP commands; older ones are forgotten. Each of these takes about a kilobyte. Zero, the default,
// means that there is no bound. [Journal.Count] counts only what is left in the journal.
func (n *Internet) LimitJournal(most int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.events.most = max(most, 0)
	n.events.trim()
}

// Journal returns the events so far.
func (n *Internet) Journal() Journal {
	n.lockSettled()
	entries := slices.Clone(n.events.entries)
	n.mu.Unlock()
	return written(entries)
}

// JournalPart returns the events with numbers greater than after, for at most the given number of questions, connections and
// SMTP commands; a message belongs to the command that ended it. This is faster than Journal, which returns all events. First
// and last are the numbers of the first and the last event in the journal; if it is empty, first is greater than last.
//
//	_, _, last := inet.JournalPart(0, 0)
//	latest, _, _ := inet.JournalPart(last-100, 100)
func (n *Internet) JournalPart(after, most int) (part Journal, first, last int) {
	n.lockSettled()
	all := n.events.entries
	last = n.events.last
	first = last - len(all) + 1
	from := min(max(after+1-first, 0), len(all))
	entries := slices.Clone(all[from : from+min(max(most, 0), len(all)-from)])
	n.mu.Unlock()
	return written(entries), first, last
}

// written returns entries as events.
func written(entries []entry) Journal {
	events, seen := make(Journal, 0, len(entries)), capture(entries)
	for _, e := range entries {
		events = e.append(events, seen)
	}
	return events
}

// captured has the turns of entries, by session. Those of a session are as they were when its first entry was written.
type captured map[conversation]*span

// conversation names a session of a server.
type conversation struct {
	server *mailtest.Server
	number int
}

// span is a range of the turns of a session, by their numbers.
type span struct {
	first, last int
	read        bool
	session     *mailtest.Session // nil if the server has forgotten it
}

// capture returns the turns that entries are about. They are not yet read.
func capture(entries []entry) captured {
	c := make(captured)
	for _, e := range entries {
		t, ok := e.(*turn)
		if !ok {
			continue
		}
		of := conversation{t.server, t.session}
		if s := c[of]; s == nil {
			c[of] = &span{first: t.index + 1, last: t.index + 1}
		} else {
			s.first, s.last = min(s.first, t.index+1), max(s.last, t.index+1)
		}
	}
	return c
}

// turn returns a turn and its session, or two times nil if the server has forgotten the turn.
func (c captured) turn(e *turn) (*mailtest.Session, *mailtest.Turn) {
	s := c[conversation{e.server, e.session}]
	if !s.read {
		s.session, s.read = e.server.SessionPart(e.session, s.first, s.last), true
	}
	if s.session == nil {
		return nil, nil
	}
	t := s.session.Turn(e.index + 1)
	if t == nil {
		return nil, nil
	}
	return s.session, t
}

// begin adds an entry, and numbers it.
func (ev *events) begin(e entry) {
	if ev.began.IsZero() {
		ev.began = e.begun()
	}
	if ev.entries == nil {
		ev.entries, ev.finished = make([]entry, 0, usualEntries), make([]entry, 0, usualEntries)
	}
	ev.last++
	e.assign(ev.last)
	ev.entries = append(ev.entries, e)
}

// add adds an entry that is over.
func (ev *events) add(e entry) {
	ev.begin(e)
	ev.finish(e)
}

// finish notes that an entry is over.
func (ev *events) finish(e entry) {
	ev.finished = append(ev.finished, e)
	ev.trim()
	ev.listening.Send()
}

// trim forgets the oldest entries, if there are too many.
func (ev *events) trim() {
	if over := len(ev.entries) - ev.most; ev.most > 0 && over > 0 {
		ev.forget(over)
	}
}

// forget forgets the oldest entries.
func (ev *events) forget(count int) {
	clear(ev.entries[:count])
	if ev.entries = ev.entries[count:]; len(ev.entries) == 0 { // a reset
		ev.began = time.Time{}
	}
	if over := len(ev.finished) - len(ev.entries); over > 0 {
		clear(ev.finished[:over])
		ev.finished = ev.finished[over:]
		ev.before += over
	}
}

// noteTurn adds a turn of an SMTP session to the journal.
func (n *Internet) noteTurn(host *Host, server *mailtest.Server, port, session, index int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.events.add(&turn{time: time.Now(), host: host, server: server, port: port, session: session, index: index})
}

// noteDial adds an attempt to connect to the journal.
func (n *Internet) noteDial(client string, host *Host, to netip.AddrPort, f Fault) *dialled {
	n.mu.Lock()
	defer n.mu.Unlock()
	e := &dialled{time: time.Now(), client: client, host: host, target: host.target(to), fault: f}
	n.events.begin(e)
	n.events.trim()
	return e
}

// concludeDial notes how an attempt ended. It returns a new entry, since the old one may be in use.
func (n *Internet) concludeDial(e *dialled, err error) *dialled {
	concluded := *e
	concluded.concluded, concluded.err = true, err
	n.mu.Lock()
	defer n.mu.Unlock()
	if i := e.number - 1 - (n.events.last - len(n.events.entries)); i >= 0 { // otherwise it was forgotten
		n.events.entries[i] = &concluded
	}
	if e.concluded { // a second call: the service has turned out to be closed
		replace(n.events.finished, e, &concluded)
	} else {
		n.events.finish(&concluded)
	}
	return &concluded
}

// replace replaces an entry, which is one of the last, by another, if it is there.
func replace(entries []entry, old, by entry) {
	for i, e := range slices.Backward(entries) {
		if e == old {
			entries[i] = by
			return
		}
	}
}

// entry is the form in which the journal keeps an event until it is asked for.
type entry interface {
	append(Journal, captured) Journal
	assign(number int)
	begun() time.Time
}

// numbered is an entry with its number.
type numbered struct{ number int }

func (n *numbered) assign(number int) { n.number = number }

// asked is a question.
type asked struct {
	numbered
	asking
	server  netip.AddrPort
	answer  *dns.Msg // nil if there was none
	verdict verdict
}

func (e *asked) begun() time.Time { return e.time }

func (e *asked) append(j Journal, _ captured) Journal {
	q := e.query()
	q.Answer = e.records(e.typ == dns.TypeRRSIG)
	result := q.result()
	for _, note := range []struct {
		text  string
		holds bool
	}{
		{"truncated", e.answer != nil && e.answer.Truncated && q.Fault != Truncate},
		{"secure", e.answer != nil && e.answer.AuthenticatedData},
		{"tcp", !e.udp},
	} {
		if note.holds {
			result += " (" + note.text + ")"
		}
	}
	return append(j, Event{
		Number: e.number, Time: q.Time, Client: q.Client, Repeat: q.Repeat,
		What:   "ask " + question.Question{Type: e.typ, Name: e.name}.String(),
		Result: result, Failed: q.Rcode != dns.RcodeToString[dns.RcodeSuccess], Rule: q.Rule,
	})
}

// dialled is an attempt to connect.
type dialled struct {
	numbered
	time      time.Time
	client    string
	host      *Host  // nil if no host has the address
	target    string // host or address, and port
	fault     Fault
	concluded bool
	err       error
}

func (e *dialled) begun() time.Time { return e.time }

func (e *dialled) append(j Journal, _ captured) Journal {
	ev := Event{Number: e.number, Time: e.time, Client: e.client, What: "dial " + e.target, Result: "connected", Names: e.host.furtherNames()}
	switch {
	case !e.concluded:
		ev.Result = "(no answer yet)"
	case e.err != nil:
		ev.Result, ev.Failed = e.err.Error(), true
	case e.fault != 0:
		ev.Result += " (" + e.fault.String() + ")"
	}
	return append(j, ev)
}

// turn is a turn of an SMTP session.
type turn struct {
	numbered
	time    time.Time // when the server had finished it
	host    *Host
	server  *mailtest.Server
	port    int
	session int
	index   int
}

func (e *turn) begun() time.Time { return e.time }

func (e *turn) append(j Journal, seen captured) Journal {
	s, t := seen.turn(e)
	if t == nil { // the server has forgotten it
		return j
	}
	said := t.Command
	if said == "" || t.Stage == mailtest.AuthStep {
		said = "(" + strings.ToLower(t.Stage.String()) + ")"
	}
	reply, _, _ := strings.Cut(t.Reply, "\r\n")
	failed := t.Code() < 200 || t.Code() > 399
	switch {
	case t.Stage == mailtest.Handshake:
		at := slices.IndexFunc(t.Notes, func(n mailtest.Note) bool { return n.Kind == mailtest.HandshakeFailed })
		if failed = at >= 0; failed {
			reply = t.Notes[at].String()
		}
	case reply == "":
		reply = "(no reply)"
	}
	ev := Event{Number: e.number, Time: e.time, Client: s.Client, Names: e.host.furtherNames(), Rule: max(0, t.Rule), Session: e.session, Turn: e.index + 1}
	at := net.JoinHostPort(e.host.name, strconv.Itoa(e.port))
	ev.What, ev.Result, ev.Failed = "smtp "+at+" "+said, reply, failed
	j = append(j, ev)
	if t.Message == 0 {
		return j
	}
	m := e.server.Message(t.Message)
	if m == nil {
		return j
	}
	for _, to := range m.Envelope.To {
		ev.What, ev.Result, ev.Failed = "mail "+at+" "+to.Address, fmt.Sprintf("from <%s>: %s", m.Envelope.From, m.Subject), false
		j = append(j, ev)
	}
	return j
}
