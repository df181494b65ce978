package inspect

// The page for people: the picture, and the targets of its steps.

import (
	"html/template"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/seed078e9d8c/maillab/mxmock"
)

// mostPictured is the number of events of which a page has the picture. Those of a connection become one line in a picture
// of so many.
const mostPictured = 5000

// pictureOf returns the picture of a part of a journal that has begun at a time. If link is not nil, it returns the target
// of the event with a number.
func pictureOf(j mxmock.Journal, start time.Time, link func(int) string) (template.HTML, error) {
	if len(j) == 0 {
		return "", nil
	}
	var target func(int) string
	if link != nil {
		target = func(step int) string { return link(j[step-1].Number) }
	}
	var b strings.Builder
	err := writePicture(&b, j, start, target)
	return template.HTML(b.String()), err // the texts are escaped
}

// pictured is the data of the page of the picture.
type pictured struct {
	Picture template.HTML
	Window  window
}

func (p *Page) showPicture(w http.ResponseWriter, r *http.Request) {
	_, first, last := journalPart(p.Source, 0, 0)
	shown, failed := lastWindow("event", mostPictured, first, last).chosen(r)
	if failed != nil {
		p.refuse(w, r, failed)
		return
	}
	part, start := excerpt(p.Source, shown)
	picture, err := pictureOf(part, start, func(number int) string { return "/journal/" + strconv.Itoa(number) })
	if err != nil {
		p.refuse(w, r, fail(http.StatusInternalServerError, "%v", err))
		return
	}
	p.show(w, http.StatusOK, "picture.html", frame{Title: "Picture", Tab: "picture", Body: pictured{picture, shown}})
}

// openEvent redirects to the turn of an event in its session or, if it has none, to its line in the journal.
func (p *Page) openEvent(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.Atoi(r.PathValue("number"))
	part, _, _ := journalPart(p.Source, n-1, 1)
	if err != nil || len(part) == 0 || part[0].Number != n {
		p.refuse(w, r, fail(http.StatusNotFound, "the journal has no event %q", r.PathValue("number")))
		return
	}
	place := turnOf(p.Source, part[0])
	if place == "" {
		place = "/journal?after=" + strconv.Itoa(max(0, n-1-mostEvents/2)) + "#event-" + strconv.Itoa(n)
	}
	http.Redirect(w, r, place, http.StatusSeeOther)
}

// turnOf returns the path of the turn of an event or, for a connection, of its first turn. It returns "" if there is none.
func turnOf(x Source, e mxmock.Event) string {
	kind, what, _ := strings.Cut(e.What, " ")
	at, _, _ := strings.Cut(what, " ")
	if kind == "ask" {
		return ""
	}
	for _, h := range hostsOf(x) {
		if h.name != at && net.JoinHostPort(h.name, "25") != at {
			continue
		}
		if e.Session > 0 {
			return turnPath(h.name, e.Session, e.Turn)
		}
		for _, s := range h.server.SessionSummaries() {
			if s.Client == e.Client {
				return turnPath(h.name, s.Number, 1)
			}
		}
	}
	return ""
}

// turnPath returns the path of a turn on the page of its session.
func turnPath(host string, session, turn int) string {
	number := strconv.Itoa(turn)
	return sessionPath(host, session) + "?turn=" + number + "#turn-" + number
}
