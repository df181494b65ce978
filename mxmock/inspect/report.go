package inspect

// The static report, which is the page as one file.

import (
	"context"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest/lint"
)

// The numbers of messages, sessions and events in a report, and the sizes of its texts.
const (
	mostReported         = 200
	mostReportedSessions = 200
	mostReportedEvents   = 2000
	mostReportedText     = 64 << 10 // bytes of each text
	mostReportedHTML     = 1 << 20  // bytes of HTML with its images
)

// report is the data for the template of the report.
type report struct {
	Style    template.CSS
	Made     time.Time
	Messages []*detail
	Sessions []conversation
	Events   []event
	Picture  template.HTML

	// The numbers of all messages, sessions and events.
	TotalMessages, TotalSessions, TotalEvents int

	EventWindow, PictureWindow window
}

// WriteReport writes the page of x as one HTML file, which has no script and makes no request. It has the last 200
// messages, the last 200 sessions with the last 1,000 turns of each, the last 2,000 events of the journal, and a picture of
// the last 5,000. Long texts are cut, and large attachments are left out. The error is that of w.
func WriteReport(w io.Writer, x Source) error {
	style, err := assets.ReadFile("assets/style.css")
	if err != nil {
		return err
	}
	r := report{Style: template.CSS(style), Made: time.Now()}
	messages, hosts := x.Messages(), hostsOf(x)
	r.TotalMessages = len(messages)
	before := max(0, len(messages)-mostReported)
	for i, m := range messages[before:] {
		r.Messages = append(r.Messages, detailOf(context.Background(), x, newItem(before+i+1, m, hosts), true))
	}
	for _, h := range hosts {
		for _, s := range h.server.SessionSummaries() {
			r.Sessions = append(r.Sessions, conversation{Host: h.name, Session: s, server: h.server})
		}
	}
	slices.SortStableFunc(r.Sessions, func(a, b conversation) int { return a.Session.Start.Compare(b.Session.Start) })
	r.TotalSessions = len(r.Sessions)
	r.Sessions = r.Sessions[max(0, len(r.Sessions)-mostReportedSessions):]
	for i, c := range r.Sessions {
		if s := c.server.Session(c.Session.Number); s != nil { // it may just have been forgotten
			c.Session = s
		}
		r.Sessions[i] = conversationOf(c.Host, c.server, c.Session, turnWindow(c.Session), lint.CheckSession(c.Session))
		r.Sessions[i].Path = "" // a report is one page
	}
	_, first, last := journalPart(x, 0, 0)
	r.TotalEvents = last - first + 1
	r.EventWindow, r.PictureWindow = lastWindow("event", mostReportedEvents, first, last), lastWindow("event", mostPictured, first, last)
	r.Events = eventsOf(excerpt(x, r.EventWindow))
	part, start := excerpt(x, r.PictureWindow)
	if r.Picture, err = pictureOf(part, start, nil); err != nil {
		return err
	}
	var b strings.Builder
	if err := templates().ExecuteTemplate(&b, "report.html", r); err != nil {
		return err
	}
	_, err = io.WriteString(w, b.String())
	return err
}
