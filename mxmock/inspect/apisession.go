package inspect

// The JSON API: sessions and the journal.

import (
	"math"
	"net/http"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/lint"
)

func (p *Page) listSessions(*http.Request) (any, *failure) {
	list := jsonSessions{Sessions: []jsonSession{}}
	for _, h := range hostsOf(p.Source) {
		for _, s := range h.server.Sessions() {
			short := sessionOf(h.name, s)
			short.Turns = nil
			list.Sessions = append(list.Sessions, short)
		}
	}
	return list, nil
}

// session returns the session that a request is about.
func (p *Page) session(r *http.Request) (*mailtest.Session, *failure) {
	s := session(p.Source, r.PathValue("host"), r.PathValue("number"))
	if s == nil {
		return nil, fail(http.StatusNotFound, "host %q has no session %q", r.PathValue("host"), r.PathValue("number"))
	}
	return s, nil
}

func (p *Page) oneSession(r *http.Request) (any, *failure) {
	s, failed := p.session(r)
	if failed != nil {
		return nil, failed
	}
	return sessionOf(r.PathValue("host"), s), nil
}

func (p *Page) sessionFindings(r *http.Request) (any, *failure) {
	s, failed := p.session(r)
	if failed != nil {
		return nil, failed
	}
	return findingsOf(lint.CheckSession(s)), nil
}

func (p *Page) journal(r *http.Request) (any, *failure) {
	after, failed := number(r, "after", 0, math.MaxInt)
	if failed != nil {
		return nil, failed
	}
	events := journalOf(p.Source)
	list := jsonJournal{Total: len(events), Events: []jsonEvent{}}
	for _, e := range events[min(after, len(events)):] {
		list.Events = append(list.Events, jsonEvent{e.Time, e.Client, e.What, e.Result, e.Repeat})
	}
	return list, nil
}
