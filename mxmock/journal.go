package mxmock

// The journal: the events of the internet in order, now and as they come, and the questions that were asked.

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/miekg/dns"

	"github.com/seed078e9d8c/maillab/internal/elapsed"
	"github.com/seed078e9d8c/maillab/mxmock/internal/eventtext"
)

// Event is something that happened: a question to the DNS, an attempt to connect, a turn of an SMTP
// session, or a message that was accepted.
type Event struct {
	// Number is the number of the event in the journal, counted from 1. A message has the number of the turn that ended
	// it. Numbers are not used again, even if events were forgotten.
	Number int

	// Time is the time at which the question was asked, the attempt to connect began, or the server had finished the
	// turn. In a [Journal], times never decrease.
	Time time.Time

	// Client is the address and port of the client.
	Client string

	// What is the kind of the event and what it is about, in one of these forms:
	//
	//	ask mx qq.com
	//	dial mx1.qq.com:25
	//	smtp mx1.qq.com:25 RCPT TO:<bob@qq.com>
	//	mail mx1.qq.com:25 bob@qq.com
	//
	// Turns that are not commands have names in parentheses, such as "smtp mx1.qq.com:25
	// (greeting)" and, for the end of a message, "smtp mx1.qq.com:25 (dot)". An address that
	// belongs to no host stands in place of the name. If a host has several addresses, the one that
	// was dialed follows: "dial mx1.qq.com:25 2001:db8::2". A message has one event for each of its
	// recipients.
	What string

	// Result is the outcome: the answer of the DNS, without signatures; "connected", the error, or
	// "(no answer yet)"; the first line of the reply; or sender and subject. Parentheses
	// after it say that an answer is "truncated" (TC) or "secure" (AD), or came by "tcp", and name the
	// fault that a question or a connection has met.
	Result string

	// Names are the further names of the host ([Host.AddNames]), with a space between, if it has any.
	// The methods of [Journal] find the event by each of them, too.
	Names string

	// Repeat reports whether a stub resolver asked again because it did not get a usable answer;
	// see [DNSRule.Times].
	Repeat bool

	// Failed reports whether the event is a failure: a question without an answer or with one other than NOERROR, an
	// attempt to connect without a connection, a reply other than 2xx and 3xx, or a failed TLS handshake.
	Failed bool

	// Rule is the number of the [DNSRule] or [mailtest.Rule] that decided, or 0 if none did.
	Rule int

	// Session and Turn say where to find the turn of an "smtp" or "mail" event: Session is the number of the
	// session, as in [mailtest.Server.Session], and Turn is the number of the turn, as in [mailtest.Session.Turn].
	Session, Turn int
}

// String returns the event as one line, without its time and client. Characters that are not printable are escaped as in Go, and
// What and Result are cut if they are longer than a kilobyte.
func (e Event) String() string {
	if e.Result == "" {
		return printable(e.What)
	}
	return printable(e.What) + " → " + printable(e.Result)
}

// printable returns the first kilobyte of s with the characters escaped that are not printable, if there are any.
func printable(s string) string {
	const most = 1000
	if n := most; len(s) > most {
		for n > most-utf8.UTFMax && !utf8.RuneStart(s[n]) {
			n--
		}
		return printable(s[:n]) + fmt.Sprintf("… (%d bytes)", len(s))
	}
	if !strings.ContainsFunc(s, func(r rune) bool { return !strconv.IsPrint(r) || r == utf8.RuneError }) {
		return s
	}
	q := strconv.Quote(s)
	return strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`)
}

// Journal is a list of events in the order in which they happened, across all hosts. The order is exact even when
// virtual time stands still.
//
// Its methods name events by the first words of [Event.What], in any letter case. A port, and
// anything else after a colon, may be omitted: "ask mx qq.com", "dial mx1.qq.com", "smtp
// mx1.qq.com:25 RCPT", or just "mail". Questions are named as for [Internet.Break]: "ask any
// qq.com" is every question about qq.com. Names may be given in Unicode or as A-labels, with or
// without a final dot. The methods panic if an event can't occur, since its kind, record type,
// name, port or SMTP command does not exist: a test for the absence of a misspelled event would
// always pass.
type Journal []Event

// Count returns the number of such events, not counting repeated questions. So a name was looked up
// exactly once if
//
//	inet.Journal().Count("ask mx qq.com") == 1
func (j Journal) Count(what string) int {
	count, pattern := 0, mustPattern(what)
	for _, e := range j {
		if !e.Repeat && pattern.Matches(e.What, e.Names) {
			count++
		}
	}
	return count
}

// Order returns nil if the given events happened in this order. Other events may happen before, between and after
// them. Otherwise the error says which event is missing, and shows the journal.
//
//	err := inet.Journal().Order("ask mx qq.com", "dial mx1.qq.com", "smtp mx1.qq.com RCPT", "mail mx1.qq.com")
func (j Journal) Order(events ...string) error {
	patterns := make([]*eventtext.Pattern, len(events))
	for i, what := range events {
		patterns[i] = mustPattern(what)
	}
	at := 0
	for i, what := range events {
		next := slices.IndexFunc(j[at:], func(e Event) bool { return patterns[i].Matches(e.What, e.Names) })
		if next < 0 {
			after := "at all"
			if i > 0 {
				after = fmt.Sprintf("after %q", events[i-1])
			}
			return fmt.Errorf("mxmock: there is no %q %s\n%v", what, after, j)
		}
		at += next + 1
	}
	return nil
}

// mustPattern reads a text that names events, in the code of a test. It panics if the text is wrong.
func mustPattern(text string) *eventtext.Pattern {
	p, err := eventtext.Parse(text)
	if err != nil {
		panic(fmt.Sprintf("mxmock: the event %q can't occur: %v", text, err))
	}
	return p
}

// String returns the journal as text, with a line for each event, which begins with the time since
// the first event: in three significant digits, or in hundredths of a second from one second on.
func (j Journal) String() string {
	var b strings.Builder
	for _, e := range j {
		repeat := ""
		if e.Repeat {
			repeat = " (again)"
		}
		fmt.Fprintf(&b, "%12v %v%s\n", elapsed.Round(e.Time.Sub(j[0].Time)), e, repeat)
	}
	return b.String()
}

// Query is a DNS question that was asked, and its answer.
type Query struct {
	// Time is the time at which the question arrived.
	Time time.Time

	// Network is "udp" or "tcp", Client is the address and port of the client, and Server is the
	// address that was asked.
	Network string
	Client  string
	Server  string

	// Name is the name that was asked for, with a final dot, and Type is the record type, such as
	// "MX".
	Name string
	Type string

	// Flags are those of the question, separated by spaces: "rd" recursion desired, "ad" authentic
	// data, "cd" checking disabled, "do" DNSSEC OK.
	Flags string

	// Rcode is the response code of the answer, such as "NOERROR" or "NXDOMAIN". It is empty if
	// there was no answer.
	Rcode string

	// Answer has the records of the answer section, in the format of a master file with single
	// spaces. AnswerFlags are the flags of the answer, separated by spaces: "aa" authoritative
	// answer, "tc" truncated, "ra" recursion available, and those of Flags.
	Answer      []string
	AnswerFlags string

	// Fault is the fault that was applied to the question. Rule is the number of the [DNSRule] that
	// decided, counted from 1 in the order in which rules were added, or 0 if none did.
	Fault Fault
	Rule  int

	// Repeat reports whether a stub resolver asked again because it did not get a usable answer;
	// see [DNSRule.Times].
	Repeat bool
}

// String returns the query as one line: "udp MX qq.com. NOERROR 10 mx1.qq.com.; 20 mx2.qq.com.".
func (q Query) String() string {
	return q.Network + " " + q.Type + " " + q.Name + " " + q.result()
}

// result returns the part of String from the response code on.
func (q Query) result() string {
	var s strings.Builder
	s.WriteString(q.Rcode)
	if q.Rcode == "" {
		s.WriteString("no answer")
	}
	for i, rr := range q.Answer {
		if i > 0 {
			s.WriteString(";")
		}
		if fields := strings.SplitN(rr, " ", 5); len(fields) == 5 {
			rr = fields[4]
		}
		s.WriteString(" " + rr)
	}
	if q.Fault != 0 {
		s.WriteString(" (" + q.Fault.String() + ")")
	}
	return s.String()
}

// JournalStart returns the time of the first event since the internet was made or last reset, whether or not the journal
// still has it. It is zero if there was none.
func (n *Internet) JournalStart() time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.events.began
}

// Queries returns the questions of the journal.
func (n *Internet) Queries() []Query {
	n.mu.Lock()
	entries := slices.Clone(n.events.entries)
	n.mu.Unlock()
	var queries []Query
	for _, e := range entries {
		if a, ok := e.(*asked); ok {
			queries = append(queries, a.query())
		}
	}
	return queries
}

func (e *asked) query() Query {
	q := Query{
		Time: e.time, Network: "tcp", Client: e.client.String(), Server: e.server.String(),
		Flags: flags(e.packet), Fault: e.verdict.fault, Rule: e.verdict.number(), Repeat: e.verdict.repeat,
	}
	if e.udp {
		q.Network = "udp"
	}
	if len(e.packet.Question) > 0 {
		q.Name, q.Type = e.packet.Question[0].Name, dns.Type(e.packet.Question[0].Qtype).String()
	}
	if e.answer != nil {
		q.Rcode, q.Answer, q.AnswerFlags = dns.RcodeToString[e.answer.Rcode], e.records(true), flags(e.answer)
	}
	return q
}

// records returns the records of the answer as text, with or without signatures.
func (e *asked) records(signatures bool) (texts []string) {
	if e.answer == nil {
		return nil
	}
	for _, rr := range e.answer.Answer {
		if signatures || rr.Header().Rrtype != dns.TypeRRSIG {
			texts = append(texts, strings.Join(strings.Fields(rr.String()), " "))
		}
	}
	return texts
}

// flags names the flags of a question or an answer.
func flags(m *dns.Msg) string {
	var set []string
	opt := m.IsEdns0()
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"aa", m.Authoritative}, {"tc", m.Truncated}, {"rd", m.RecursionDesired}, {"ra", m.RecursionAvailable},
		{"ad", m.AuthenticatedData}, {"cd", m.CheckingDisabled}, {"do", opt != nil && opt.Do()},
	} {
		if f.set {
			set = append(set, f.name)
		}
	}
	return strings.Join(set, " ")
}

// Events returns an iterator over past and future events: first the events of the journal, then
// each further event as soon as it is complete. It ends when ctx is done and all events until then
// were delivered, or when the internet was closed and all events were delivered. An attempt to
// connect is delivered when it has succeeded or failed, so the order may differ from that of the
// journal.
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
			done := ctx.Err() != nil // from here on, there is one more look at the journal
			n.mu.Lock()
			at = max(at, n.events.before)
			fresh := slices.Clone(n.events.finished[min(at-n.events.before, len(n.events.finished)):])
			ended := n.events.ended
			n.mu.Unlock()
			seen := capture(fresh)
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
			switch {
			case done, ended && len(fresh) == 0:
				return
			case len(fresh) > 0:
				continue
			}
			select {
			case <-more:
			case <-ctx.Done():
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
