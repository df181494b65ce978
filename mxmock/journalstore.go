package mxmock

// The storage of the journal: entries that become events when they are asked for, and the streams that wait for
// more events.

import (
	"context"
	"fmt"
	"iter"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/seed078e9d8c/maillab/internal/notice"
	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mxmock/internal/question"
)

// events has the journal of an internet. The lock of the internet guards it.
type events struct {
	entries   []entry // in the order in which they began, which is that of their times
	finished  []entry // in the order in which they were over
	before    int     // the number of finished entries that were forgotten
	most      int     // the number of entries to keep, or 0
	listening notice.List
	ended     bool // no further entries come
}

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

// Events returns an iterator over past and future events: first the events of the journal, then
// each further event as soon as it is complete. It ends when ctx is done, or when the internet was
// closed and all events were delivered. An attempt to connect is delivered when it has succeeded or
// failed, so the order may differ from that of the journal.
//
// Each event comes with a position; a later call with that position continues after the event. Only
// the end of a message is repeated if not all of its "mail" events were delivered. The position 0
// is the beginning. Positions stay valid after [Internet.Reset], but events that it has forgotten
// are omitted. If ctx is already done, Events delivers the events that there are and does not wait.
//
//	for _, e := range inet.Events(ctx, 0) {
//		log.Print(e)
//	}
func (n *Internet) Events(ctx context.Context, position int) iter.Seq2[int, Event] {
	return func(yield func(int, Event) bool) {
		more := make(chan struct{}, 1)
		defer n.events.listening.Add(more)()
		at := position
		for {
			n.mu.Lock()
			at = max(at, n.events.before)
			fresh := slices.Clone(n.events.finished[min(at-n.events.before, len(n.events.finished)):])
			ended := n.events.ended
			n.mu.Unlock()
			seen := make(captured)
			for _, e := range fresh {
				group := e.append(nil, seen)
				for i, event := range group {
					if i == len(group)-1 {
						at++
					}
					if !yield(at, event) {
						return
					}
				}
				if len(group) == 0 {
					at++
				}
			}
			if ended && len(fresh) == 0 {
				return
			}
			if len(fresh) > 0 && ctx.Err() == nil {
				continue
			}
			select {
			case <-more:
			case <-ctx.Done():
				return
			}
		}
	}
}

// Notify is [mailtest.Inbox.Notify]. It also sends when the journal has another event.
func (n *Internet) Notify(c chan<- struct{}) (stop func()) {
	stopInbox, stopEvents := n.Inbox.Notify(c), n.events.listening.Add(c)
	return func() {
		stopInbox()
		stopEvents()
	}
}

// written returns entries as events.
func written(entries []entry) Journal {
	events, seen := make(Journal, 0, len(entries)), make(captured)
	for _, e := range entries {
		events = e.append(events, seen)
	}
	return events
}

// captured caches the sessions of entries, as they were when the first such entry was written.
type captured map[*mailtest.Server]map[int]*mailtest.Session

// session returns a session of a server, or nil if the server has forgotten it.
func (c captured) session(server *mailtest.Server, number int) *mailtest.Session {
	if c[server] == nil {
		c[server] = make(map[int]*mailtest.Session)
	}
	s, ok := c[server][number]
	if !ok {
		s = server.Session(number)
		c[server][number] = s
	}
	return s
}

// add adds an entry that is over.
func (ev *events) add(e entry) {
	ev.entries = append(ev.entries, e)
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
	ev.entries = ev.entries[count:]
	if over := len(ev.finished) - len(ev.entries); over > 0 {
		clear(ev.finished[:over])
		ev.finished = ev.finished[over:]
		ev.before += over
	}
}

// noteTurn adds a turn of an SMTP session to the journal.
func (n *Internet) noteTurn(host *Host, server *mailtest.Server, port string, session, index int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.events.add(&turn{time.Now(), host, server, port, session, index})
}

// noteDial adds an attempt to connect to the journal.
func (n *Internet) noteDial(client string, host *Host, to netip.AddrPort) *dialled {
	n.mu.Lock()
	defer n.mu.Unlock()
	e := &dialled{time: time.Now(), client: client, host: host, target: host.target(to)}
	n.events.entries = append(n.events.entries, e)
	n.events.trim()
	return e
}

// concludeDial notes how an attempt ended. It returns a new entry, since the old one may be in use.
func (n *Internet) concludeDial(e *dialled, err error) *dialled {
	concluded := *e
	concluded.concluded, concluded.err = true, err
	n.mu.Lock()
	defer n.mu.Unlock()
	replace(n.events.entries, e, &concluded)
	if e.concluded { // a second call: the service has turned out to be closed
		replace(n.events.finished, e, &concluded)
	} else {
		n.events.finish(&concluded)
	}
	return &concluded
}

// replace replaces an entry, which is one of the last, by another.
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
}

// asked is a question.
type asked struct {
	asking
	server  netip.AddrPort
	answer  *dns.Msg // nil if there was none
	verdict verdict
}

func (e *asked) append(j Journal, _ captured) Journal {
	q := e.query()
	return append(j, Event{
		Time: q.Time, Client: q.Client, Repeat: q.Repeat,
		What:   "ask " + question.Question{Type: e.typ, Name: e.name}.String(),
		Result: q.result(), Failed: q.Rcode != dns.RcodeToString[dns.RcodeSuccess], Rule: q.Rule,
	})
}

// dialled is an attempt to connect.
type dialled struct {
	time      time.Time
	client    string
	host      *Host  // nil if no host has the address
	target    string // host or address, and port
	concluded bool
	err       error
}

func (e *dialled) append(j Journal, _ captured) Journal {
	ev := Event{Time: e.time, Client: e.client, What: "dial " + e.target, Result: "connected", Names: e.host.furtherNames()}
	switch {
	case !e.concluded:
		ev.Result = "(no answer yet)"
	case e.err != nil:
		ev.Result, ev.Failed = e.err.Error(), true
	}
	return append(j, ev)
}

// turn is a turn of an SMTP session.
type turn struct {
	time    time.Time // when the server had finished it
	host    *Host
	server  *mailtest.Server
	port    string // host and port
	session int
	index   int
}

func (e *turn) append(j Journal, seen captured) Journal {
	s := seen.session(e.server, e.session)
	if s == nil || e.index >= len(s.Turns) { // the server has forgotten it
		return j
	}
	t := &s.Turns[e.index]
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
	ev := Event{Time: e.time, Client: s.Client, Names: e.host.furtherNames(), Rule: max(0, t.Rule), Session: e.session, Turn: e.index + 1}
	ev.What, ev.Result, ev.Failed = "smtp "+e.port+" "+said, reply, failed
	j = append(j, ev)
	if t.Message == 0 {
		return j
	}
	m := e.server.Message(t.Message)
	if m == nil {
		return j
	}
	for _, to := range m.Envelope.To {
		ev.What, ev.Result, ev.Failed = "mail "+e.port+" "+to.Address, fmt.Sprintf("from <%s>: %s", m.Envelope.From, m.Subject), false
		j = append(j, ev)
	}
	return j
}
