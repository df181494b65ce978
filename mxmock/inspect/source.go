package inspect

// The sources of a page: servers, internets, and the hosts in an internet.

import (
	"cmp"
	"context"
	"maps"
	"net"
	"slices"
	"strconv"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mxmock"
)

// Source is a [*mailtest.Server] or an [*mxmock.Internet]. For any other type with these methods, a page shows
// only the messages and the sessions.
type Source interface {
	// Messages returns the messages so far, in order.
	Messages() []*mailtest.Message

	// Since returns the messages after the first n that ever came, and waits until there is one, as [mailtest.Inbox.Since] does.
	Since(ctx context.Context, n int) (messages []*mailtest.Message, next int, err error)

	// Remove removes messages, and returns how many of them there were.
	Remove(messages ...*mailtest.Message) int

	// Sessions returns the transcript of each connection so far.
	Sessions() []*mailtest.Session
}

// Reader is a server from which clients read mail: a *pop3.Server or an *imap.Server.
type Reader interface {
	// Sessions returns the transcript of each connection so far.
	Sessions() []*mailtest.Session

	// Session returns the transcript of the connection with a number, or nil if there is none.
	Session(number int) *mailtest.Session

	// Rule returns the rule with the given number, as in mailtest.Turn.Rule, and reports whether there is one that
	// was not removed.
	Rule(number int) (rule mailtest.Rule, ok bool)
}

// host is a mail server of a source.
type host struct {
	name   string // with the port if that is not 25
	server *mailtest.Server
}

// hostsOf returns the mail servers of a source.
func hostsOf(x Source) []host {
	switch x := x.(type) {
	case *mailtest.Server:
		return []host{{cmp.Or(x.Name, "localhost"), x}}
	case *mxmock.Internet:
		var all []host
		for _, h := range x.Hosts() {
			for _, port := range h.MailPorts() {
				name := h.Name()
				if port != 25 {
					name = net.JoinHostPort(name, strconv.Itoa(port))
				}
				all = append(all, host{name, h.Server(port)})
			}
		}
		return all
	}
	return nil
}

// holder returns the host that has accepted a message, and moves it to the front, where it is found faster the next
// time.
func holder(hosts []host, m *mailtest.Message) (host, bool) {
	for i, h := range hosts {
		if own := h.server.Message(m.Number); own != nil && (own == m || sameMessage(own, m)) {
			copy(hosts[1:i+1], hosts[:i])
			hosts[0] = h
			return h, true
		}
	}
	return host{}, false
}

// sameMessage reports whether two messages are the same, although one may say that its acceptance was lost.
func sameMessage(a, b *mailtest.Message) bool {
	return a.Number == b.Number && a.Session == b.Session && a.Envelope.Server == b.Envelope.Server && a.Time.Equal(b.Time)
}

// servers calls f for each server of the page and its name: the hosts, and then the readers in the order of their names.
func (p *Page) servers(f func(name string, server Reader)) {
	for _, h := range hostsOf(p.Source) {
		f(h.name, h.server)
	}
	for _, name := range slices.Sorted(maps.Keys(p.Readers)) {
		f(name, p.Readers[name])
	}
}

// summariesOf returns the sessions of a server with only their last turns, or with all turns if there is nothing faster.
func summariesOf(server Reader) []*mailtest.Session {
	if server, ok := server.(*mailtest.Server); ok {
		return server.SessionSummaries()
	}
	return server.Sessions()
}

// turnsOf returns the number of turns in a session, with those that are forgotten or left out.
func turnsOf(s *mailtest.Session) int {
	if len(s.Turns) == 0 {
		return 0
	}
	return s.Turns[len(s.Turns)-1].Number
}

// journalPart is [mxmock.Internet.JournalPart]. The journal of any other source is empty.
func journalPart(x Source, after, most int) (part mxmock.Journal, first, last int) {
	if inet, ok := x.(*mxmock.Internet); ok {
		return inet.JournalPart(after, most)
	}
	return nil, 1, 0
}

// excerpt returns the events of a window of the journal, and when the first event happened, which may be forgotten.
func excerpt(x Source, w window) (part mxmock.Journal, start time.Time) {
	part, _, _ = journalPart(x, w.after, w.size)
	if inet, ok := x.(*mxmock.Internet); ok {
		start = inet.JournalStart()
	}
	return part, start
}
