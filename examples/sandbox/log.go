package main

// The log, which has a line for each message, and for each command that was refused.

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mxmock"
)

// log writes lines. It may be used by several goroutines at once.
type log struct {
	json bool

	mu sync.Mutex
	w  io.Writer
}

// message writes a line about a message.
func (l *log) message(m *mailtest.Message) {
	to := make([]string, len(m.Envelope.To))
	for i, r := range m.Envelope.To {
		to[i] = r.Address
	}
	if l.json {
		l.line(struct {
			Time    time.Time `json:"time"`
			Event   string    `json:"event"`
			Host    string    `json:"host"`
			From    string    `json:"from"`
			To      []string  `json:"to"`
			Subject string    `json:"subject"`
			Size    int       `json:"size"`
		}{m.Time, "message", m.Envelope.Server, m.Envelope.From, to, m.Subject, len(m.Raw)})
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintf(l.w, "%s  mail from <%s> to <%s>: %q\n", m.Time.Format(time.TimeOnly), m.Envelope.From, strings.Join(to, ">, <"), m.Subject)
}

// failure writes a line about a turn of a session that is a failure.
func (l *log) failure(e mxmock.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintf(l.w, "%s  %v\n", e.Time.Format(time.TimeOnly), e)
}

// ready writes the addresses of the doors, by flag.
func (l *log) ready(at map[string]string, ca string) {
	l.line(struct {
		Time  time.Time         `json:"time"`
		Event string            `json:"event"`
		At    map[string]string `json:"at"`
		CA    string            `json:"ca,omitempty"`
	}{time.Now(), "ready", at, ca})
}

// error writes a line about an error after which the sandbox continues.
func (l *log) error(what string, err error) {
	if l.json {
		l.line(struct {
			Time  time.Time `json:"time"`
			Event string    `json:"event"`
			What  string    `json:"what"`
			Error string    `json:"error"`
		}{time.Now(), "error", what, err.Error()})
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintf(l.w, "%s  %s: %v\n", time.Now().Format(time.TimeOnly), what, err)
}

// line writes a line of JSON.
func (l *log) line(v any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	enc := json.NewEncoder(l.w)
	enc.SetEscapeHTML(false)
	enc.Encode(v)
}
