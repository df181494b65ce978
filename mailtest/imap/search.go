package imap

// SEARCH, which looks into decoded text of any charset.

import (
	"slices"
	"strings"
	"time"

	goimap "github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
)

// Search runs SEARCH.
func (ss *session) Search(kind imapserver.NumKind, criteria *goimap.SearchCriteria, options *goimap.SearchOptions) (*goimap.SearchData, error) {
	if err := ss.refresh(); err != nil {
		return nil, err
	}
	q := ss.query(criteria)
	data := new(goimap.SearchData)
	var seqs goimap.SeqSet
	var uids goimap.UIDSet
	for i, m := range ss.view {
		msg := found{uint32(i + 1), *m}
		if !q.matches(&msg) {
			continue
		}
		seqs.AddNum(msg.seq)
		uids.AddNum(goimap.UID(msg.UID))
		n := msg.seq
		if kind == imapserver.NumKindUID {
			n = msg.UID
		}
		if data.Count == 0 {
			data.Min = n
		}
		data.Max = n
		data.Count++
	}
	if data.All = seqs; kind == imapserver.NumKindUID {
		data.All = uids
	}
	if options.ReturnSave {
		ss.saved = saved(uids, data, options)
	}
	return data, nil
}

// saved returns the result that "$" stands for: all messages, or the first and the last if the command asks only
// for these (RFC 9051 §6.4.4.4).
func saved(uids goimap.UIDSet, data *goimap.SearchData, options *goimap.SearchOptions) goimap.UIDSet {
	if data.Count == 0 || options.ReturnAll || options.ReturnCount || !options.ReturnMin && !options.ReturnMax {
		return uids
	}
	var ends goimap.UIDSet
	if options.ReturnMin {
		ends.AddNum(uids[0].Start)
	}
	if options.ReturnMax {
		ends.AddNum(uids[len(uids)-1].Stop)
	}
	return ends
}

// query is a search, ready to be compared with messages.
type query struct {
	session *session
	*goimap.SearchCriteria
	sets []func(seq, uid uint32) bool
	body []string // in lower case
	text []string
	not  []*query
	or   [][2]*query
}

func (ss *session) query(c *goimap.SearchCriteria) *query {
	q := &query{session: ss, SearchCriteria: c}
	for _, set := range c.SeqNum {
		q.sets = append(q.sets, ss.matcher(set))
	}
	for _, set := range c.UID {
		q.sets = append(q.sets, ss.matcher(set))
	}
	for _, s := range c.Body {
		q.body = append(q.body, strings.ToLower(s))
	}
	for _, s := range c.Text {
		q.text = append(q.text, strings.ToLower(s))
	}
	for i := range c.Not {
		q.not = append(q.not, ss.query(&c.Not[i]))
	}
	for i := range c.Or {
		q.or = append(q.or, [2]*query{ss.query(&c.Or[i][0]), ss.query(&c.Or[i][1])})
	}
	return q
}

// matches reports whether a message matches. Of a message that is gone, it compares only what the session knows.
func (q *query) matches(m *found) bool {
	for _, contains := range q.sets {
		if !contains(m.seq, m.UID) {
			return false
		}
	}
	for _, flag := range q.Flag {
		if !hasFlag(m.Flags, flag) {
			return false
		}
	}
	for _, flag := range q.NotFlag {
		if hasFlag(m.Flags, flag) {
			return false
		}
	}
	if q.Larger > 0 && m.Size <= q.Larger || q.Smaller > 0 && m.Size >= q.Smaller || !within(m.Date, q.Since, q.Before) {
		return false
	}
	for _, not := range q.not {
		if not.matches(m) {
			return false
		}
	}
	for _, or := range q.or {
		if !or[0].matches(m) && !or[1].matches(m) {
			return false
		}
	}
	return q.matchesContent(m)
}

// matchesContent reports whether the content of a message matches.
func (q *query) matchesContent(m *found) bool {
	if len(q.Header) == 0 && len(q.body) == 0 && len(q.text) == 0 && q.SentSince.IsZero() && q.SentBefore.IsZero() {
		return true
	}
	msg, err := q.session.decode(m.UID)
	if err != nil {
		return false
	}
	if !within(msg.Date, q.SentSince, q.SentBefore) {
		return false
	}
	in := msg.search()
	contains := func(texts []string, want string) bool {
		return slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(text, want) })
	}
	for _, h := range q.Header {
		if !contains(in.fields[strings.ToLower(h.Key)], strings.ToLower(h.Value)) {
			return false
		}
	}
	for _, want := range q.body {
		if !contains(in.body, want) {
			return false
		}
	}
	for _, want := range q.text {
		if !contains(in.all, want) {
			return false
		}
	}
	return true
}

// within reports whether the day of a time is in a range. It ignores the time zone (RFC 9051 §6.4.4).
func within(t, since, before time.Time) bool {
	if since.IsZero() && before.IsZero() {
		return true
	}
	day := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	start := func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC) }
	return (since.IsZero() || !day.Before(start(since))) && (before.IsZero() || day.Before(start(before)))
}
