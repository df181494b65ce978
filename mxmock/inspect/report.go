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
}

// WriteReport writes the page of x as one HTML file, which has no script and makes no request. It has the last 200
// messages, the last 200 sessions and the last 2,000 events of the journal. Long texts are cut, and large
// attachments are left out. The error is that of w.
func WriteReport(w io.Writer, x Source) error {
	style, err := assets.ReadFile("assets/style.css")
	if err != nil {
		return err
	}
	r := report{Style: template.CSS(style), Made: time.Now()}
	items := newIndex(x).refresh()
	r.TotalMessages = len(items)
	for _, it := range items[max(0, len(items)-mostReported):] {
		r.Messages = append(r.Messages, detailOf(context.Background(), x, it, true))
	}
	for _, h := range hostsOf(x) {
		for _, s := range h.server.Sessions() {
			r.Sessions = append(r.Sessions, conversation{Host: h.name, Session: s, server: h.server})
		}
	}
	slices.SortStableFunc(r.Sessions, func(a, b conversation) int { return a.Session.Start.Compare(b.Session.Start) })
	r.TotalSessions = len(r.Sessions)
	r.Sessions = r.Sessions[max(0, len(r.Sessions)-mostReportedSessions):]
	for i, c := range r.Sessions {
		r.Sessions[i] = conversationOf(c.Host, c.server, c.Session, lint.CheckSession(c.Session))
		r.Sessions[i].Path = "" // a report is one page
	}
	journal := journalOf(x)
	r.TotalEvents, r.Events = len(journal), eventsOf(journal, max(0, len(journal)-mostReportedEvents), mostReportedEvents)
	if r.Picture, err = pictureOf(journal, nil); err != nil {
		return err
	}
	var b strings.Builder
	if err := templates.ExecuteTemplate(&b, "report.html", r); err != nil {
		return err
	}
	_, err = io.WriteString(w, b.String())
	return err
}
