package lint

// This file holds the findings, and the linter that makes them.

import (
	"fmt"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
)

// Finding is one thing that is wrong. It is plain data: findings can be compared with ==.
type Finding struct {
	// Source says what was looked at: "message" or "session", with the number that the server gave it
	// if it has one, as in "message 3".
	Source string

	// Line is the line of the message's Raw, from 1, on which the finding begins. Of a session it
	// is the number of the turn, from 1. It is 0 for what concerns the whole, such as a field that
	// is missing.
	Line int

	// Part is the path of the part, as in [mailtest.Part]; empty for the header of the message, for
	// the message as a whole, and for sessions.
	Part string

	// Rule, Severity, Section and Fix are as in [RuleInfo].
	Rule     string
	Severity Severity
	Section  string
	Fix      string

	// Text says what is wrong, and quotes the piece that is, shortened.
	Text string
}

// String returns the finding as a line like that of a compiler:
//
//	message 3:4: error: the field name "mail from" has a space in it [field-name, RFC 5322 §2.2]
func (f Finding) String() string {
	where := f.Source
	if f.Line > 0 {
		where += fmt.Sprintf(":%d", f.Line)
	}
	if f.Part != "" {
		where += ": part " + f.Part
	}
	return fmt.Sprintf("%s: %v: %s [%s, %s]", where, f.Severity, f.Text, f.Rule, f.Section)
}

// Severity says how bad a finding is. Greater is worse; the zero value is none.
type Severity uint8

const (
	// Note is for what is allowed and out of date.
	Note Severity = iota + 1

	// Warning is for what a standard discourages ("SHOULD"), and for what makes filters suspicious.
	Warning

	// Error is for what a standard forbids ("MUST"), and for what receivers refuse.
	Error
)

// String returns "note", "warning" or "error".
func (s Severity) String() string {
	switch s {
	case Note:
		return "note"
	case Warning:
		return "warning"
	case Error:
		return "error"
	}
	return "no severity"
}

// Linter is a choice of rules, with their bounds. The zero value has all rules and the bounds that
// are named below. A Linter is not changed by its methods, so that any number of goroutines may use
// it.
type Linter struct {
	// Off names rules and groups of rules that are not to be looked at. Only, if it is not empty,
	// names all that are; Off counts within it. A name that is neither that of a rule nor of a
	// group panics, so that no misspelling switches nothing off.
	Off  []string
	Only []string

	// Now is the time with which Date fields are compared. If it is zero, that is when the server
	// accepted the message, and the Dates of messages that no server has received are not compared
	// with anything.
	Now time.Time

	// DateOff is how far a Date may be from Now, in either direction. Zero means 24 hours.
	DateOff time.Duration

	// MaxSize is the most bytes that a message may have before it is too big for the receivers of
	// the world. Zero means 35,882,577, which is what Gmail announces for submission, and less than
	// the other providers do.
	MaxSize int64

	// Bulk takes every message for one that is sent to many, and not only those whose header says so.
	Bulk bool
}

// Check returns what is wrong with the messages, by the rules of the groups "format" and
// "deliverability": for each message in the order of lines, then of [Rules]. Several messages are
// also compared with each other. Of what a rule finds in one message, the first ten are listed and
// the rest is counted.
//
// Messages inside messages are looked at as bytes only: they are quotations, whatever is wrong with them.
// Time is proportional to the size of the messages. A nil message has no findings.
func (l *Linter) Check(messages ...*mailtest.Message) []Finding {
	off := l.switchedOff()
	var all []Finding
	ids := make(map[string]*mailtest.Message)
	for _, m := range messages {
		if m == nil {
			continue
		}
		c := newChecker(l, off, m)
		c.message()
		c.unique(ids)
		all = append(all, c.findings()...)
	}
	return all
}

// CheckSession returns what is wrong with what the client said on a connection, by the rules of the
// group "transport", in the order of turns. Of what a rule finds in one session, the first ten are
// listed and the rest is counted. It does not look into the messages, apart from how they fit what
// was said about them.
func (l *Linter) CheckSession(s *mailtest.Session) []Finding {
	c := sessionChecker{s: s}
	c.out.source, c.out.off = source("session", s.Number), l.switchedOff()
	c.run()
	return c.out.inOrder()
}

// Check is [Linter.Check] with all rules and the usual bounds.
func Check(messages ...*mailtest.Message) []Finding { return new(Linter).Check(messages...) }

// CheckSession is [Linter.CheckSession] with all rules.
func CheckSession(s *mailtest.Session) []Finding { return new(Linter).CheckSession(s) }

// switchedOff returns the rules that are off.
func (l *Linter) switchedOff() *[numRules]bool {
	var off [numRules]bool
	set := func(name string, value bool) {
		known := false
		for i, r := range rules {
			if r.Name == name || r.Group == name {
				off[i], known = value, true
			}
		}
		if !known {
			panic(fmt.Sprintf("lint: there is no rule and no group %q", name))
		}
	}
	if len(l.Only) > 0 {
		for i := range off {
			off[i] = true
		}
	}
	for _, name := range l.Only {
		set(name, false)
	}
	for _, name := range l.Off {
		set(name, true)
	}
	return &off
}
