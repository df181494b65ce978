package inspect

// The JSON API: its routes and its answers.

import (
	"cmp"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// openAPI describes the JSON API.
//
//go:embed openapi.yaml
var openAPI []byte

// endpoint is a method and a path of [http.ServeMux], and the function that serves them.
type endpoint struct {
	pattern string
	serve   func(http.ResponseWriter, *http.Request)
}

// api returns the endpoints of the JSON API.
func (p *Page) api() []endpoint {
	return []endpoint{
		{"GET /api/openapi.yaml", describe},
		{"GET /api/messages", answer(p.listMessages)},
		{"DELETE /api/messages", answer(p.deleteMessages)},
		{"GET /api/messages/{id}", answer(p.oneMessage)},
		{"DELETE /api/messages/{id}", answer(p.deleteMessage)},
		{"GET /api/messages/{id}/raw", p.raw},
		{"GET /api/messages/{id}/parts/{path}", p.part},
		{"GET /api/messages/{id}/findings", answer(p.messageFindings)},
		{"GET /api/messages/{id}/verdict", answer(p.verdict)},
		{"GET /api/wait", answer(p.wait)},
		{"GET /api/sessions", answer(p.listSessions)},
		{"GET /api/sessions/{host}/{number}", answer(p.oneSession)},
		{"GET /api/sessions/{host}/{number}/findings", answer(p.sessionFindings)},
		{"GET /api/journal", answer(p.journal)},
		{"GET /api/rules", answer(p.listRules)},
		{"POST /api/rules", answer(p.addRules)},
		{"DELETE /api/rules", answer(p.deleteRules)},
	}
}

// describe sends the description of the JSON API.
func describe(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/yaml")
	w.Write(openAPI)
}

// parameters are the query parameters of the JSON API, by the patterns of the endpoints that have any.
var parameters = map[string][]string{
	"GET /api/messages":    {"q", "before", "limit"},
	"DELETE /api/messages": {"q"},
	"GET /api/wait":        {"q", "after", "timeout"},
	"GET /api/journal":     {"after", "since", "limit"},
}

// routes returns a handler with all endpoints.
func (p *Page) routes() http.Handler {
	mux := http.NewServeMux()
	for _, e := range p.api() {
		mux.HandleFunc(e.pattern, strict(parameters[e.pattern], e.serve))
	}
	for _, e := range p.web() {
		mux.HandleFunc(e.pattern, e.serve)
	}
	return mux
}

// strict refuses requests with parameters that are malformed or unknown. With a misspelt q, a DELETE would delete all
// messages.
func strict(known []string, serve http.HandlerFunc) http.HandlerFunc {
	refuse := func(w http.ResponseWriter, r *http.Request, format string, args ...any) {
		answer(func(*http.Request) (any, *failure) { return nil, fail(http.StatusBadRequest, format, args...) })(w, r)
	}
	return func(w http.ResponseWriter, r *http.Request) {
		given, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			refuse(w, r, "parameters: %v", err)
			return
		}
		for _, name := range slices.Sorted(maps.Keys(given)) {
			if !slices.Contains(known, name) {
				refuse(w, r, "there is no parameter %q; want %s", name, cmp.Or(strings.Join(known, ", "), "none"))
				return
			}
		}
		serve(w, r)
	}
}

// failure is an error with an HTTP status.
type failure struct {
	status int
	text   string
}

func (f *failure) Error() string { return f.text }

// fail returns a failure.
func fail(status int, format string, args ...any) *failure {
	return &failure{status, fmt.Sprintf(format, args...)}
}

// answer returns a handler that sends the result of f as JSON, or a failure.
func answer(f func(*http.Request) (any, *failure)) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		result, failed := f(r)
		w.Header().Set("Content-Type", "application/json")
		if failed != nil {
			w.WriteHeader(failed.status)
			result = jsonError{failed.text}
		}
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		e.Encode(result)
	}
}

// item returns the message that a request names.
func (p *Page) item(r *http.Request) (*item, *failure) { return named(r, p.index.find) }

// removeItem removes the message that a request names.
func (p *Page) removeItem(r *http.Request) *failure {
	it, failed := named(r, p.index.findOld)
	if failed == nil && !p.index.remove(it) {
		failed = missing(it.id)
	}
	return failed
}

// named returns the message that a request names, given how to find it.
func named(r *http.Request, find func(id int) *item) (*item, *failure) {
	id, err := strconv.Atoi(r.PathValue("id"))
	if err != nil {
		return nil, fail(http.StatusBadRequest, "%q is not the id of a message; want a number", r.PathValue("id"))
	}
	it := find(id)
	if it == nil {
		return nil, missing(id)
	}
	return it, nil
}

func missing(id int) *failure { return fail(http.StatusNotFound, "there is no message %d", id) }

// queryOf returns the query of a request.
func queryOf(r *http.Request) (query, *failure) {
	q, err := parseQuery(r.FormValue("q"), time.Now())
	if err != nil {
		return nil, fail(http.StatusBadRequest, "query: %v", err)
	}
	return q, nil
}

// number returns a number of a request, or the default if it has none.
func number(r *http.Request, name string, without, most int) (int, *failure) {
	text := r.FormValue(name)
	if text == "" {
		return without, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > most {
		return 0, fail(http.StatusBadRequest, "%s is %q; want a number from 0 to %d", name, text, most)
	}
	return n, nil
}
