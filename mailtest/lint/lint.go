package lint

// This file holds the findings, and the linter that makes them.

import (
	"fmt"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
)

// Finding is one thing that is wrong. It is plain data; findings can be compared with ==.
type Finding struct {
	// Source is what was checked: "message" or "session", with the number that the server gave it,
	// if any, as in "message 3".
	Source string

	// Line is the line of the message's Raw on which the finding begins, counted from 1. For a
	// session it is the number of the turn, counted from 1. It is 0 for a finding about the whole,
	// such as a missing field.
	Line int

	// Part is the path of the part, as in [mailtest.Part]. It is empty for the header of the
	// message, for the message as a whole, and for sessions.
	Part string

	// Rule, Severity, Section and Fix are as in [RuleInfo].
	Rule     string
	Severity Severity
	Section  string
	Fix      string

	// Text says what is wrong and quotes it, shortened.
	Text string
}

// String returns the finding as a line like a compiler's:
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

// Severity is how bad a finding is. Greater values are worse; the zero value is not a severity.
type Severity uint8

// The severities.
const (
	// Note is for what is allowed but out of date.
	Note Severity = iota + 1

	// Warning is for what a standard discourages ("SHOULD NOT"), and for what makes filters
	// suspicious.
	Warning

	// Error is for what a standard forbids ("MUST NOT"), and for what receivers refuse.
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

// Linter is a selection of rules, with their bounds. The zero value has all rules and the default
// bounds. Its methods do not change it, so any number of goroutines may use it at once.
type Linter struct {
	// Off has the names of rules and groups to skip. Only, if not empty, has the names of those to
	// check; Off applies within it. The methods panic if a name is not that of a rule or group, so
	// a misspelled name does not go unnoticed.
	Off  []string
	Only []string

	// Now is the time with which Date fields are compared. If it is zero, they are compared with
	// the time when the server accepted the message, and not at all for messages that no server has
	// received.
	Now time.Time

	// DateOff is how far a Date may differ from Now, in either direction. Zero means 24 hours.
	DateOff time.Duration

	// MaxSize is the largest size of a message, in bytes, that receivers are expected to take. Zero
	// means 35,882,577, which Gmail announces for submission and which is less than the other
	// providers announce.
	MaxSize int64

	// Bulk makes every message count as bulk mail, and not only those whose header says so.
	Bulk bool
}

// Check returns what is wrong with the messages, by the rules of the groups "format" and
// "deliverability", sorted for each message by line and then in the order of [Rules]. Several
// messages are also compared with each other. If a rule finds more than ten places in a message,
// the first ten are listed and the rest is counted.
//
// Messages inside messages are checked only as bytes, since they are quotations. The time is
// proportional to the size of the messages. A nil message has no findings.
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
// group "transport", in the order of turns. If a rule finds more than ten places in a session, the
// first ten are listed and the rest is counted. Messages are checked only against what the session
// says about them.
func (l *Linter) CheckSession(s *mailtest.Session) []Finding {
	c := sessionChecker{s: s}
	c.out.source, c.out.off = source("session", s.Number), l.switchedOff()
	c.run()
	return c.out.inOrder()
}

// Check is [Linter.Check] with all rules and the default bounds.
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
