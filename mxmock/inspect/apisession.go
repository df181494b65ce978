package inspect

// The JSON API: sessions and the journal.

import (
	"math"
	"net/http"
	"strconv"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/lint"
)

func (p *Page) listSessions(*http.Request) (any, *failure) {
	list := jsonSessions{Sessions: []jsonSession{}}
	p.servers(func(name string, server Reader) {
		for _, s := range summariesOf(server) {
			short := sessionOf(name, server, s)
			short.Turns = nil
			list.Sessions = append(list.Sessions, short)
		}
	})
	return list, nil
}

// session returns the session that a request names.
func (p *Page) session(r *http.Request) (found *mailtest.Session, of Reader, failed *failure) {
	if n, err := strconv.Atoi(r.PathValue("number")); err == nil {
		p.servers(func(name string, server Reader) {
			if found == nil && name == r.PathValue("host") {
				found, of = server.Session(n), server
			}
		})
	}
	if found == nil {
		return nil, nil, fail(http.StatusNotFound, "host %q has no session %q", r.PathValue("host"), r.PathValue("number"))
	}
	return found, of, nil
}

// sessionFindingsOf returns the findings of package lint on the session of a server. There are none for POP3 and
// IMAP.
func (p *Page) sessionFindingsOf(server string, s *mailtest.Session) []lint.Finding {
	if p.Readers[server] != nil {
		return nil
	}
	return lint.CheckSession(s)
}

func (p *Page) oneSession(r *http.Request) (any, *failure) {
	s, server, failed := p.session(r)
	if failed != nil {
		return nil, failed
	}
	return sessionOf(r.PathValue("host"), server, s), nil
}

func (p *Page) sessionFindings(r *http.Request) (any, *failure) {
	s, _, failed := p.session(r)
	if failed != nil {
		return nil, failed
	}
	return findingsOf(p.sessionFindingsOf(r.PathValue("host"), s)), nil
}

func (p *Page) journal(r *http.Request) (any, *failure) {
	after, failed := number(r, "after", 0, math.MaxInt)
	if failed != nil {
		return nil, failed
	}
	since, failed := number(r, "since", 0, math.MaxInt)
	if failed != nil {
		return nil, failed
	}
	limit, failed := number(r, "limit", math.MaxInt, math.MaxInt)
	if failed != nil {
		return nil, failed
	}
	most := limit
	if after > 0 {
		most = math.MaxInt // events are not counted by their numbers
	}
	events, first, last := journalPart(p.Source, since, most)
	list := jsonJournal{Last: last, Events: []jsonEvent{}}
	if since < first && most > last-first {
		total := len(events)
		list.Total = &total
	}
	if after > 0 {
		events = events[min(after, len(events)):]
		events = events[:min(limit, len(events))]
	}
	for _, e := range events {
		list.Events = append(list.Events, jsonEvent{e.Number, e.Time, e.Client, e.What, e.Result, e.Repeat})
	}
	return list, nil
}
