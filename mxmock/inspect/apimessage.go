package inspect

// The JSON API: messages.

import (
	"context"
	"errors"
	"math"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/lint"
	"github.com/seed078e9d8c/maillab/mailtest/mailauth"
	"github.com/seed078e9d8c/maillab/mxmock"
)

// mostListed is the maximum number of messages in an answer, and usuallyListed the default.
const (
	mostListed    = 1000
	usuallyListed = 50
)

func (p *Page) listMessages(r *http.Request) (any, *failure) {
	q, failed := queryOf(r)
	if failed != nil {
		return nil, failed
	}
	before, failed := number(r, "before", 0, math.MaxInt)
	if failed != nil {
		return nil, failed
	}
	limit, failed := number(r, "limit", usuallyListed, mostListed)
	if failed != nil {
		return nil, failed
	}
	found, total := page(p.index.refresh(), q, before, limit)
	list := jsonMessages{Total: total, Messages: make([]jsonSummary, len(found))}
	for i, it := range found {
		list.Messages[i] = summaryOf(it)
	}
	return list, nil
}

func (p *Page) deleteMessages(r *http.Request) (any, *failure) {
	q, failed := queryOf(r)
	if failed != nil {
		return nil, failed
	}
	found, total := page(p.index.refresh(), q, 0, math.MaxInt)
	p.index.remove(found...)
	return jsonDeleted{total}, nil
}

func (p *Page) oneMessage(r *http.Request) (any, *failure) {
	it, failed := p.item(r)
	if failed != nil {
		return nil, failed
	}
	return messageOf(it), nil
}

func (p *Page) deleteMessage(r *http.Request) (any, *failure) {
	if failed := p.removeItem(r); failed != nil {
		return nil, failed
	}
	return jsonDeleted{1}, nil
}

func (p *Page) raw(w http.ResponseWriter, r *http.Request) {
	it, failed := p.item(r)
	if failed != nil {
		answer(func(*http.Request) (any, *failure) { return nil, failed })(w, r)
		return
	}
	download(w, "message/rfc822", "message-"+strconv.Itoa(it.id)+".eml", it.msg.Raw)
}

func (p *Page) part(w http.ResponseWriter, r *http.Request) {
	it, failed := p.item(r)
	if failed == nil {
		for _, part := range it.msg.Parts {
			if part.Path == r.PathValue("path") && part.Below == 0 {
				download(w, part.MediaType, part.Filename, part.Content)
				return
			}
		}
		failed = fail(http.StatusNotFound, "message %d has no part %q with content", it.id, r.PathValue("path"))
	}
	answer(func(*http.Request) (any, *failure) { return nil, failed })(w, r)
}

// download sends bytes of a mail in a form that browsers save and never show. It sends only media types that can't
// be abused.
func download(w http.ResponseWriter, mediaType, name string, content []byte) {
	h := w.Header()
	switch {
	case mediaType == "message/rfc822", mediaType == "text/plain", mediaType == "text/calendar", mediaType == "application/pdf",
		strings.HasPrefix(mediaType, "image/") && mediaType != "image/svg+xml":
	default:
		mediaType = "application/octet-stream"
	}
	h.Set("Content-Type", mediaType)
	disposition := mime.FormatMediaType("attachment", map[string]string{"filename": safeName(name)})
	if disposition == "" {
		disposition = "attachment"
	}
	h.Set("Content-Disposition", disposition)
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Content-Length", strconv.Itoa(len(content)))
	w.Write(content)
}

// safeName returns a file name without characters that lead into other directories or end a header.
func safeName(name string) string {
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || strings.ContainsRune(`<>:"/\|?*`, r) {
			return '_'
		}
		return r
	}, name)
	if name = strings.TrimLeft(name, "."); name == "" {
		return "part"
	}
	return name
}

func (p *Page) messageFindings(r *http.Request) (any, *failure) {
	it, failed := p.item(r)
	if failed != nil {
		return nil, failed
	}
	return findingsOf(lint.Check(it.msg)), nil
}

// errNoDNS reports that there is no DNS to check a message against.
var errNoDNS = errors.New("there is no DNS to ask for SPF, DKIM and DMARC; a mxmock.Internet has one")

// verdictOn returns the verdict of a receiver on a message.
func verdictOn(ctx context.Context, x Source, m *mailtest.Message) (mailauth.Report, error) {
	inet, ok := x.(*mxmock.Internet)
	if !ok {
		return mailauth.Report{}, errNoDNS
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	_, report := mailauth.Check(ctx, m, inet.TrueResolver())
	return report, nil
}

func (p *Page) verdict(r *http.Request) (any, *failure) {
	it, failed := p.item(r)
	if failed != nil {
		return nil, failed
	}
	report, err := verdictOn(r.Context(), p.Source, it.msg)
	if err != nil {
		return nil, fail(http.StatusNotFound, "%v", err)
	}
	return verdictOf(report), nil
}

// mostPatience is the longest time that a request may wait.
const mostPatience = 5 * time.Minute

func (p *Page) wait(r *http.Request) (any, *failure) {
	q, failed := queryOf(r)
	if failed != nil {
		return nil, failed
	}
	after, failed := number(r, "after", 0, math.MaxInt)
	if failed != nil {
		return nil, failed
	}
	patience := 10 * time.Second
	if text := r.FormValue("timeout"); text != "" {
		var err error
		if patience, err = time.ParseDuration(text); err != nil || patience < 0 || patience > mostPatience {
			return nil, fail(http.StatusBadRequest, "timeout is %q; want a duration such as 10s, at most %v", text, mostPatience)
		}
	}
	over := time.NewTimer(patience)
	defer over.Stop()
	for late := false; ; {
		changed := p.index.change()
		items := p.index.refresh()
		for _, it := range items {
			if it.id > after && q.matches(it) {
				return messageOf(it), nil
			}
		}
		if late {
			return nil, fail(http.StatusNotFound, "no message that matches within %v; there are %d messages", patience, len(items))
		}
		select {
		case <-changed:
		case <-over.C:
			late = true
		case <-p.ctx.Done():
			late = true
		case <-r.Context().Done():
			late = true
		}
	}
}
