package inspect

// The parser of queries.

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/seed078e9d8c/maillab/mailtest"
)

// query is a list of terms, all of which must match.
type query []term

// term is one condition.
type term struct {
	excludes bool
	matches  func(*item) bool
}

func (q query) matches(it *item) bool {
	for _, t := range q {
		if t.matches(it) == t.excludes {
			return false
		}
	}
	return true
}

// fields are the prefixes of words, in the order of the documentation.
var fields = []string{"from", "to", "subject", "host", "has", "after", "before"}

// parseQuery reads a query. Durations count from now.
func parseQuery(text string, now time.Time) (query, error) {
	var q query
	for rest := strings.TrimSpace(text); rest != ""; rest = strings.TrimLeftFunc(rest, unicode.IsSpace) {
		var t term
		rest, t.excludes = strings.CutPrefix(rest, "-")
		field := ""
		if i := strings.IndexAny(rest, ": \""); i > 0 && rest[i] == ':' {
			field, rest = strings.ToLower(rest[:i]), rest[i+1:]
		}
		word, left, err := cutWord(rest)
		if err != nil {
			return nil, err
		}
		rest = left
		if t.matches, err = condition(field, word, now); err != nil {
			return nil, err
		}
		q = append(q, t)
	}
	return q, nil
}

// cutWord returns the first word, which may be in quotation marks, and the rest.
func cutWord(s string) (word, rest string, err error) {
	if quoted, ok := strings.CutPrefix(s, `"`); ok {
		word, rest, ok := strings.Cut(quoted, `"`)
		if !ok {
			return "", "", fmt.Errorf("the quotation mark before %q has no end", quoted)
		}
		return word, rest, nil
	}
	if i := strings.IndexFunc(s, unicode.IsSpace); i >= 0 {
		return s[:i], s[i:], nil
	}
	return s, "", nil
}

// condition returns the condition that a word places on a message.
func condition(field, word string, now time.Time) (func(*item) bool, error) {
	lower := strings.ToLower(word)
	if word == "" {
		return nil, fmt.Errorf("a word is missing after %q", field+":")
	}
	switch field {
	case "":
		return func(it *item) bool {
			return strings.Contains(it.subject, lower) || strings.Contains(it.from, lower) || strings.Contains(it.to, lower) ||
				strings.Contains(it.text, lower)
		}, nil
	case "from":
		return func(it *item) bool { return strings.Contains(it.from, lower) }, nil
	case "to":
		return func(it *item) bool { return strings.Contains(it.to, lower) }, nil
	case "subject":
		return func(it *item) bool { return strings.Contains(it.subject, lower) }, nil
	case "host":
		return func(it *item) bool { return strings.Contains(strings.ToLower(it.host), lower) }, nil
	case "has":
		return possession(lower)
	case "after", "before":
		when, err := parseTime(word, now)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", field, err)
		}
		if field == "after" {
			return func(it *item) bool { return it.msg.Time.After(when) }, nil
		}
		return func(it *item) bool { return it.msg.Time.Before(when) }, nil
	}
	return nil, fmt.Errorf("there is no field %q; there are %s; a word with a colon in it must be in quotation marks", field, strings.Join(fields, ", "))
}

// possession returns the condition that a message has something.
func possession(what string) (func(*item) bool, error) {
	has := map[string]func(*mailtest.Message) bool{
		"attachment": func(m *mailtest.Message) bool { return len(m.Attachments) > 0 },
		"html":       func(m *mailtest.Message) bool { return m.HTML != "" },
		"text":       func(m *mailtest.Message) bool { return m.Text != "" },
		"calendar":   func(m *mailtest.Message) bool { return len(m.Find("text/calendar")) > 0 },
		"problem":    func(m *mailtest.Message) bool { return len(m.Problems) > 0 },
	}[what]
	if has == nil {
		return nil, fmt.Errorf("there is no has:%s; there are has:attachment, has:html, has:text, has:calendar and has:problem", what)
	}
	return func(it *item) bool { return has(it.msg) }, nil
}

// layouts are the layouts of times in queries.
var layouts = []string{time.DateOnly, "2006-01-02T15:04", "2006-01-02T15:04:05", time.RFC3339}

// parseTime reads a time, or a duration before now.
func parseTime(word string, now time.Time) (time.Time, error) {
	if d, err := time.ParseDuration(word); err == nil {
		return now.Add(-d), nil
	}
	for _, layout := range slices.Backward(layouts) {
		if t, err := time.ParseInLocation(layout, word, time.Local); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time; want a duration such as 10m, or a date such as 2026-11-27 or 2026-11-27T13:00", word)
}
