package inspect

// The page for people: the picture, and the targets of its steps.

import (
	"html/template"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mxmock"
)

// pictureOf returns the picture of a journal for a page.
func pictureOf(j mxmock.Journal, link func(int) string) (template.HTML, error) {
	if len(j) == 0 {
		return "", nil
	}
	var b strings.Builder
	err := writePicture(&b, j, link)
	return template.HTML(b.String()), err // the texts are escaped
}

func (p *Page) showPicture(w http.ResponseWriter, r *http.Request) {
	picture, err := pictureOf(journalOf(p.Source), func(number int) string { return "/journal/" + strconv.Itoa(number) })
	if err != nil {
		p.refuse(w, r, fail(http.StatusInternalServerError, "%v", err))
		return
	}
	p.show(w, http.StatusOK, "picture.html", frame{Title: "Picture", Tab: "picture", Body: picture})
}

// openEvent redirects to the turn of an event in its session or, if it has none, to its line in the journal.
func (p *Page) openEvent(w http.ResponseWriter, r *http.Request) {
	journal := journalOf(p.Source)
	n, err := strconv.Atoi(r.PathValue("number"))
	if err != nil || n < 1 || n > len(journal) {
		p.refuse(w, r, fail(http.StatusNotFound, "the journal has no event %q", r.PathValue("number")))
		return
	}
	place := turnOf(p.Source, journal[n-1])
	if place == "" {
		place = "/journal?after=" + strconv.Itoa(max(0, n-1-mostEvents/2)) + "#event-" + strconv.Itoa(n)
	}
	http.Redirect(w, r, place, http.StatusSeeOther)
}

// turnOf returns the path of the turn of an event, or "" if it has none.
func turnOf(x Source, e mxmock.Event) string {
	kind, what, _ := strings.Cut(e.What, " ")
	at, command, _ := strings.Cut(what, " ")
	if kind == "ask" {
		return ""
	}
	for _, h := range hostsOf(x) {
		if h.name != at && net.JoinHostPort(h.name, "25") != at {
			continue
		}
		for _, s := range h.server.Sessions() {
			if s.Client != e.Client {
				continue
			}
			return sessionPath(h.name, s.Number) + "#turn-" + strconv.Itoa(turnAt(s, kind, command, e.Time))
		}
	}
	return ""
}

// turnAt returns the number of the last turn of a kind that was over at a time.
func turnAt(s *mailtest.Session, kind, command string, when time.Time) int {
	found := 1
	for i, t := range s.Turns {
		fits := kind == "mail" && t.Message > 0 ||
			kind == "smtp" && (t.Command == command || t.Command == "" && strings.EqualFold("("+t.Stage.String()+")", command))
		if fits && !t.Received.After(when) {
			found = i + 1
		}
	}
	return found
}
