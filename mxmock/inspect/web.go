package inspect

// The page for people: its routes and its answers.

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"math"
	"net/http"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"sync"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mxmock"
)

//go:embed assets
var assets embed.FS

// templates are the files in assets that end in .html. They are parsed when a page is first shown, since most tests that
// import this package show none.
var templates = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("").Funcs(template.FuncMap{
		"clock":  func(t time.Time) string { return t.Format("15:04:05") },
		"moment": func(t time.Time) string { return t.Format("2006-01-02 15:04:05.000 MST") },
		"iso":    func(t time.Time) string { return t.Format(time.RFC3339Nano) },
		"plural": func(n int, thing string) string {
			if n == 1 {
				return "1 " + thing
			}
			return strconv.Itoa(n) + " " + thing + "s"
		},
		"indent": func(depth int) string { return fmt.Sprintf("d%d", min(depth, 8)) },
		"first":  first,
		"rest":   rest,
	}).ParseFS(assets, "assets/*.html"))
})

// web returns the endpoints of the page.
func (p *Page) web() []endpoint {
	static, err := fs.Sub(assets, "assets")
	if err != nil {
		panic(err)
	}
	files := http.FileServerFS(static)
	return []endpoint{
		{"GET /style.css", files.ServeHTTP},
		{"GET /page.js", files.ServeHTTP},
		{"GET /{$}", p.showList},
		{"GET /messages/{id}", p.showMessage},
		{"GET /messages/{id}/frame", p.showFrame},
		{"GET /messages/{id}/frame/{path}", p.showFrame},
		{"POST /messages/{id}/delete", p.deleteShown},
		{"POST /messages/delete", p.deleteFound},
		{"GET /sessions", p.showSessions},
		{"GET /sessions/{host}/{number}", p.showSession},
		{"GET /journal", p.showJournal},
		{"GET /journal/{number}", p.openEvent},
		{"GET /picture", p.showPicture},
		{"GET /events", p.events},
		{"GET /", p.showNothing},
		{"GET /api/{$}", describe},
		{"GET /api/", answer(nothing)},
	}
}

// frame has the data that all pages share.
type frame struct {
	Title    string
	Tab      string
	Query    string
	Internet bool // there is a journal
	Body     any
}

// show sends a page.
func (p *Page) show(w http.ResponseWriter, status int, name string, f frame) {
	_, f.Internet = p.Source.(*mxmock.Internet)
	var b bytes.Buffer
	if err := templates().ExecuteTemplate(&b, name, f); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	w.Write(b.Bytes())
}

// refuse sends a page with a failure.
func (p *Page) refuse(w http.ResponseWriter, r *http.Request, failed *failure) {
	p.show(w, failed.status, "error.html", frame{Title: "Error", Query: r.FormValue("q"), Body: failed.text})
}

// showNothing refuses a request for a page that does not exist.
func (p *Page) showNothing(w http.ResponseWriter, r *http.Request) {
	p.refuse(w, r, fail(http.StatusNotFound, "there is no page %s", r.URL.Path))
}

// nothing refuses a request that the JSON API does not have.
func nothing(r *http.Request) (any, *failure) {
	return nil, fail(http.StatusNotFound, "there is nothing at %s; /api/openapi.yaml has all requests", r.URL.Path)
}

// listing is the data of the list of messages.
type listing struct {
	Rows          []row
	Total         int
	Next          string // the path of the next page
	Hosts, Checks bool   // whether these columns have content
}

func (p *Page) showList(w http.ResponseWriter, r *http.Request) {
	q, failed := queryOf(r)
	before, wrong := number(r, "before", 0, math.MaxInt)
	if failed != nil || wrong != nil {
		p.refuse(w, r, firstFailure(failed, wrong))
		return
	}
	found, total := page(p.index.refresh(), q, before, usuallyListed)
	l := listing{Total: total}
	_, l.Hosts = p.Source.(*mxmock.Internet)
	for _, it := range found {
		l.Rows = append(l.Rows, rowOf(r.Context(), p.Source, it))
		l.Checks = l.Checks || l.Rows[len(l.Rows)-1].Verdict != ""
	}
	if len(found) == usuallyListed && found[len(found)-1].id > 1 {
		l.Next = "/?" + url.Values{"q": {r.FormValue("q")}, "before": {strconv.Itoa(found[len(found)-1].id)}}.Encode()
	}
	p.show(w, http.StatusOK, "list.html", frame{Title: "Messages", Tab: "messages", Query: r.FormValue("q"), Body: l})
}

// firstFailure returns the first argument that is not nil, or nil.
func firstFailure(all ...*failure) *failure {
	return all[slices.IndexFunc(all, func(f *failure) bool { return f != nil })]
}

// views are the views of a message, in the order of their tabs.
var views = []struct{ Name, Title string }{
	{"html", "HTML"}, {"text", "Text"}, {"source", "Source"}, {"headers", "Headers"}, {"parts", "Parts"}, {"links", "Links"}, {"checks", "Checks"},
	{"raw", "Raw"},
}

// opened is the data of the page of a message.
type opened struct {
	Detail                 *detail
	View                   string
	Views                  any
	Width, Scheme          string
	Query                  string
	Newer, Older, Position int // ids; 0 means none
}

func (p *Page) showMessage(w http.ResponseWriter, r *http.Request) {
	it, failed := p.item(r)
	q, wrong := queryOf(r)
	if failed != nil || wrong != nil {
		p.refuse(w, r, firstFailure(failed, wrong))
		return
	}
	o := opened{Detail: detailOf(r.Context(), p.Source, it, false), View: r.FormValue("view"), Views: views, Query: r.FormValue("q")}
	o.Width, o.Scheme = oneOf(r.FormValue("width"), "full", "phone", "tablet", "desktop"), oneOf(r.FormValue("scheme"), "light", "dark")
	if !slices.ContainsFunc(views, func(v struct{ Name, Title string }) bool { return v.Name == o.View }) {
		if o.View = "text"; o.Detail.Document != "" {
			o.View = "html"
		}
	}
	o.Older, o.Newer = neighbours(p.index.refresh(), q, it.id)
	p.show(w, http.StatusOK, "message.html", frame{Title: it.msg.Subject, Tab: "messages", Query: o.Query, Body: o})
}

// oneOf returns word if it is one of words, and otherwise the first of them.
func oneOf(word string, words ...string) string {
	if slices.Contains(words, word) {
		return word
	}
	return words[0]
}

// neighbours returns the ids of the matching messages before and after a message.
func neighbours(items []*item, q query, id int) (older, newer int) {
	at, _ := slices.BinarySearchFunc(items, id, func(it *item, id int) int { return it.id - id })
	for i := at - 1; i >= 0 && older == 0; i-- {
		if q.matches(items[i]) {
			older = items[i].id
		}
	}
	for i := at + 1; i < len(items) && newer == 0; i++ {
		if q.matches(items[i]) {
			newer = items[i].id
		}
	}
	return older, newer
}

func (p *Page) showFrame(w http.ResponseWriter, r *http.Request) {
	it, failed := p.item(r)
	if failed != nil {
		p.refuse(w, r, failed)
		return
	}
	shown := it.msg
	if path := r.PathValue("path"); path != "" {
		at := slices.IndexFunc(shown.Parts, func(p mailtest.Part) bool { return p.Path == path })
		if at < 0 || shown.Parts[at].Message() == nil {
			p.refuse(w, r, fail(http.StatusNotFound, "message %d has no message at part %q", it.id, path))
			return
		}
		shown = shown.Parts[at].Message()
	}
	document, _ := render(shown)
	w.Header().Set("Content-Security-Policy", framePolicy)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write([]byte(document))
}

func (p *Page) deleteShown(w http.ResponseWriter, r *http.Request) {
	if failed := p.removeItem(r); failed != nil {
		p.refuse(w, r, failed)
		return
	}
	p.backToList(w, r)
}

func (p *Page) deleteFound(w http.ResponseWriter, r *http.Request) {
	q, failed := queryOf(r)
	if failed != nil {
		p.refuse(w, r, failed)
		return
	}
	found, _ := page(p.index.refresh(), q, 0, math.MaxInt)
	p.index.remove(found...)
	p.backToList(w, r)
}

// backToList redirects to the list that the request came from.
func (p *Page) backToList(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "/?"+url.Values{"q": {r.FormValue("q")}}.Encode(), http.StatusSeeOther)
}

// mostSessions and mostEvents are the numbers of sessions and events that a page shows.
const (
	mostSessions = 500
	mostEvents   = 1000
)

// sessionList is the data of the page of sessions.
type sessionList struct {
	Sessions []conversation
	Total    int
	Window   window // in the order in which the sessions began
}

func (p *Page) showSessions(w http.ResponseWriter, r *http.Request) {
	var all []conversation
	p.servers(func(name string, server Reader) {
		for _, s := range summariesOf(server) {
			all = append(all, conversation{Host: name, Session: s})
		}
	})
	shown, failed := lastWindow("session", mostSessions, 1, len(all)).chosen(r)
	if failed != nil {
		p.refuse(w, r, failed)
		return
	}
	slices.SortStableFunc(all, func(a, b conversation) int { return a.Session.Start.Compare(b.Session.Start) })
	l := sessionList{Total: len(all), Window: shown}
	for _, c := range slices.Backward(all[shown.after:shown.end()]) {
		c.Path, c.Total = sessionPath(c.Host, c.Session.Number), turnsOf(c.Session)
		l.Sessions = append(l.Sessions, c)
	}
	p.show(w, http.StatusOK, "sessions.html", frame{Title: "Sessions", Tab: "sessions", Body: l})
}

func (p *Page) showSession(w http.ResponseWriter, r *http.Request) {
	s, server, failed := p.session(r)
	if failed != nil {
		p.refuse(w, r, failed)
		return
	}
	shown, failed := turnWindow(s).chosen(r)
	turn, wrong := number(r, "turn", 0, math.MaxInt)
	if failed != nil || wrong != nil {
		p.refuse(w, r, firstFailure(failed, wrong))
		return
	}
	if turn > 0 {
		at := sort.Search(len(s.Turns), func(i int) bool { return s.Turns[i].Number >= turn })
		shown = turnWindow(s).from(r.URL.Path, at-mostTurnsShown/2)
	}
	host := r.PathValue("host")
	c := conversationOf(host, server, s, shown, p.sessionFindingsOf(host, s))
	p.show(w, http.StatusOK, "session.html", frame{Title: "Session " + strconv.Itoa(s.Number) + " of " + host, Tab: "sessions", Body: c})
}

// chronicle is the data of the page of the journal.
type chronicle struct {
	Events []event
	Window window
}

func (p *Page) showJournal(w http.ResponseWriter, r *http.Request) {
	_, first, last := journalPart(p.Source, 0, 0)
	shown, failed := lastWindow("event", mostEvents, first, last).chosen(r)
	if failed != nil {
		p.refuse(w, r, failed)
		return
	}
	c := chronicle{Window: shown, Events: eventsOf(excerpt(p.Source, shown))}
	p.show(w, http.StatusOK, "journal.html", frame{Title: "Journal", Tab: "journal", Body: c})
}
