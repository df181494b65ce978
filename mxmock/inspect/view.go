package inspect

// The data for templates: messages, sessions and events, in a form for people.

import (
	"context"
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/seed078e9d8c/maillab/internal/elapsed"
	"github.com/seed078e9d8c/maillab/internal/ruletext"
	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/lint"
	"github.com/seed078e9d8c/maillab/mailtest/mailauth"
	"github.com/seed078e9d8c/maillab/mxmock"
)

// mostShown is the number of bytes of a text that a view shows.
const mostShown = 512 << 10

// row is a message in a list.
type row struct {
	ID                       int
	From, To, Subject, Host  string
	Time                     time.Time
	Size                     string
	Attachments              int
	Verdict, VerdictReason   string
	Unacked                  bool
	SessionHost, SessionPath string
}

// mostNamed is the number of recipients that a row names.
const mostNamed = 10

// rowOf returns the row of a message.
func rowOf(ctx context.Context, x Source, it *item) row {
	m := it.msg
	var to []string
	for i, r := range m.Envelope.To {
		if i == mostNamed {
			to = append(to, fmt.Sprintf("and %d more", len(m.Envelope.To)-i))
			break
		}
		to = append(to, r.Address)
	}
	r := row{
		ID: it.id, From: firstOf(m.From, m.Envelope.From), To: strings.Join(to, ", "), Subject: m.Subject, Host: it.host, Time: m.Time,
		Size: sizeText(len(m.Raw)), Attachments: len(m.Attachments), Unacked: !m.Acked,
		SessionHost: it.host, SessionPath: sessionPath(it.host, m.Session),
	}
	if report, err := verdictOn(ctx, x, m); err == nil {
		r.Verdict = string(report.DMARC.Result)
		r.VerdictReason = fmt.Sprintf("SPF %s, DMARC %s", report.SPF.Result, report.DMARC.Result)
	}
	return r
}

// firstOf returns the name or the address of a sender.
func firstOf(list []mailtest.Address, envelope string) string {
	switch {
	case len(list) > 0 && list[0].Name != "":
		return list[0].Name
	case len(list) > 0:
		return list[0].Address
	case envelope == "":
		return "<>"
	}
	return envelope
}

// sessionPath returns the path of the page of a session.
func sessionPath(host string, number int) string {
	return "/sessions/" + host + "/" + strconv.Itoa(number)
}

// detail is a message with all data that its views show.
type detail struct {
	row
	Message     *mailtest.Message
	Static      bool   // for a report, which can't load more
	Document    string // the HTML of the message, made safe
	Blocked     int
	Frame       string // the path of Document, for a message in the message; if empty, the page holds Document itself
	Text        string
	Raw, Source string
	Marked      []piece // Raw, with Findings at their lines
	Parts       []part
	Files       []part // the attachments
	Links       []link
	Cut         bool // a list is longer than what is shown of it
	Findings    []lint.Finding
	Report      *mailauth.Report
	NoReport    string // the reason if there is no Report
	Invitations []invitation
	Inside      []*detail // messages in the message
}

// part is a part of a message.
type part struct {
	mailtest.Part
	Depth   int
	Size    string
	Attach  bool         // the part is among the attachments
	Preview template.URL // a picture
	Content template.URL // the URL of the content
}

// mostInside is the depth to which messages in messages are opened. mostOpened is the number of them, and of
// invitations, that are opened in each message.
const (
	mostInside = 3
	mostOpened = 20
)

// detailOf returns the detail of a message. Static is for a report.
func detailOf(ctx context.Context, x Source, it *item, static bool) *detail {
	d := &detail{row: rowOf(ctx, x, it)}
	d.fill(it.msg, it.id, static, mostInside)
	d.Findings = lint.Check(it.msg)
	d.Marked = mark(d.Raw, d.Findings)
	report, err := verdictOn(ctx, x, it.msg)
	if d.Report = &report; err != nil {
		d.Report, d.NoReport = nil, err.Error()
	}
	return d
}

// fill fills in the data that does not depend on how the message came.
func (d *detail) fill(m *mailtest.Message, id int, static bool, depth int) {
	d.Message, d.Static = m, static
	most := mostShown
	if static {
		most = mostReportedText
	}
	if m.HTML != "" {
		d.Document, d.Blocked = render(m)
		if static && len(d.Document) > mostReportedHTML {
			d.Document = "" // Source has its beginning
		}
		d.Source = clip(m.HTML, most)
	}
	d.Text, d.Raw, d.Links = clip(m.Text, most), clip(string(m.Raw), most), linksOf(m)
	d.Cut = max(len(m.Envelope.To), len(m.From), len(m.To), len(m.Cc), len(m.Header), len(m.Parts), len(d.Links)) > mostInList
	attached := make(map[string]bool)
	for _, p := range m.Attachments {
		attached[p.Path] = true
	}
	for _, p := range m.Parts {
		one := part{Part: p, Depth: strings.Count(p.Path, ".") + 1, Size: sizeText(len(p.Content)), Attach: p.Below == 0 && attached[p.Path]}
		if p.Path == "" {
			one.Depth = 0
		}
		if p.Below == 0 {
			one.link(id, static)
		}
		d.Parts = append(d.Parts, one)
		if one.Attach {
			d.Files = append(d.Files, one)
		}
		if p.Below == 0 && p.MediaType == "text/calendar" && len(d.Invitations) < mostOpened {
			d.Invitations = append(d.Invitations, readInvitation(p.Text))
		}
		if depth == 0 || len(d.Inside) == mostOpened {
			continue
		}
		if inner := p.Message(); inner != nil {
			sub := &detail{row: row{From: firstOf(inner.From, ""), Subject: inner.Subject, Time: inner.Date}}
			if id > 0 && !static {
				sub.Frame = "/messages/" + strconv.Itoa(id) + "/frame/" + p.Path
			}
			sub.fill(inner, 0, static, depth-1)
			d.Inside = append(d.Inside, sub)
		}
	}
}

// link is a link of a message. If its text names another site than the one to which it leads, Says and Leads are the
// hosts.
type link struct {
	mailtest.Link
	Says, Leads string
}

// linksOf returns the links of a message.
func linksOf(m *mailtest.Message) []link {
	var links []link
	for _, l := range m.Links() {
		said, target := lint.Spoofed(l)
		links = append(links, link{l, said, target})
	}
	return links
}

// mostEmbedded is the maximum size in bytes of a part that a report holds.
const mostEmbedded = 256 << 10

// link sets the URL of the content of a part. A part of a message in a message has no URL of its own.
func (p *part) link(id int, static bool) {
	switch {
	case static && len(p.Part.Content) <= mostEmbedded:
		p.Content = template.URL(dataURL("application/octet-stream", p.Part.Content))
		if previewable(p.MediaType) {
			p.Preview = template.URL(dataURL(p.MediaType, p.Part.Content)) // its characters can't end the attribute
		}
	case !static && id > 0:
		p.Content = template.URL("/api/messages/" + strconv.Itoa(id) + "/parts/" + p.Path)
		if previewable(p.MediaType) {
			p.Preview = p.Content
		}
	}
}

// Name returns the name under which a part is saved.
func (p part) Name() string { return safeName(p.Filename) }

// clip returns a text, or its beginning if it is longer than n bytes.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "\n… and " + sizeText(len(s)-n) + " more"
}

// sizeText returns a number of bytes as text for people.
func sizeText(n int) string {
	switch {
	case n < 1000:
		return strconv.Itoa(n) + " B"
	case n < 1000*1000:
		return strconv.FormatFloat(float64(n)/1000, 'f', 1, 64) + " kB"
	}
	return strconv.FormatFloat(float64(n)/1e6, 'f', 1, 64) + " MB"
}

// conversation is a session with its turns.
type conversation struct {
	server   Reader
	Host     string
	Path     string
	Session  *mailtest.Session
	Lasted   string
	Total    int // the number of turns
	Window   window
	Turns    []exchange
	Findings []lint.Finding
}

// exchange is a turn of a session.
type exchange struct {
	mailtest.Turn
	After   string // the time since the start of the session
	Took    string // the time until the reply, if it took long
	Command string
	Payload string
	Acted   string // the text of the rule that decided the turn
}

// mostTurnsShown is the number of turns of a session that a page shows.
const mostTurnsShown = 1000

// turnWindow returns the last window of the turns of a session that are not forgotten.
func turnWindow(s *mailtest.Session) window {
	thing := "turn"
	if turnsOf(s) > len(s.Turns) {
		thing = "kept turn"
	}
	return lastWindow(thing, mostTurnsShown, 1, len(s.Turns))
}

// conversationOf returns the conversation of a session, with the turns of a window.
func conversationOf(host string, server Reader, s *mailtest.Session, w window, findings []lint.Finding) conversation {
	c := conversation{Host: host, Path: sessionPath(host, s.Number), Session: s, Total: turnsOf(s), Window: w, Findings: findings, Lasted: "open"}
	if !s.End.IsZero() {
		c.Lasted = elapsed.Round(s.End.Sub(s.Start)).String()
	}
	for _, t := range s.Turns[w.after:w.end()] {
		e := exchange{Turn: t, Acted: ruleText(server, t.Rule), After: elapsed.Round(t.Received.Sub(s.Start)).String(), Command: t.Command}
		if e.Command == "" {
			e.Command = "(" + strings.ToLower(t.Stage.String()) + ")"
		}
		if took := t.Replied.Sub(t.Received); !t.Replied.IsZero() && took >= 100*time.Millisecond {
			e.Took = elapsed.Round(took).String()
		}
		if len(t.Payload) > 0 {
			e.Payload = string(t.Payload[:min(len(t.Payload), 4<<10)])
		}
		c.Turns = append(c.Turns, e)
	}
	return c
}

// ruleText returns the text of the rule of a server with a number, or "" if it is not in force any more. Functions
// have no text.
func ruleText(server Reader, number int) string {
	rule, ok := server.Rule(number)
	if !ok {
		return ""
	}
	funcs := ""
	if rule.When != nil {
		funcs += ", When: a func"
	}
	if rule.ReplyFunc != nil {
		funcs += ", ReplyFunc: a func"
	}
	rule.When, rule.ReplyFunc = nil, nil
	text, err := ruletext.Marshal(rule)
	if err != nil {
		return ""
	}
	return string(text) + funcs
}

// event is an event of the journal.
type event struct {
	Number                     int  // of the event
	Own                        bool // no event before it has the same number
	After                      string
	Time                       time.Time
	Kind, What, Result, Client string
	Repeat, Bad                bool
}

// eventsOf returns events of a journal that has begun at a time.
func eventsOf(j mxmock.Journal, start time.Time) []event {
	events := make([]event, len(j))
	for i, e := range j {
		kind, what, _ := strings.Cut(e.What, " ")
		events[i] = event{
			Number: e.Number, Own: i == 0 || j[i-1].Number != e.Number, After: elapsed.Round(e.Time.Sub(start)).String(), Time: e.Time,
			Kind: kind, What: what, Result: e.Result, Client: e.Client, Repeat: e.Repeat,
			Bad: kind == "smtp" && (strings.HasPrefix(e.Result, "4") || strings.HasPrefix(e.Result, "5")),
		}
	}
	return events
}
