package mailtest

// This file reads what the header says about a mailing list (RFC 2369, RFC 2919, RFC 8058).

import "strings"

// List is what the header of a message says about the mailing list that it came by (RFC 2369,
// RFC 2919, RFC 8058). The zero value is that of a message that came by none.
type List struct {
	// ID is the identifier in List-Id, without its angle brackets.
	ID string

	// The URLs of these fields, in order, without their angle brackets.
	Help, Unsubscribe, Subscribe, Post, Owner, Archive []string

	// OneClick reports whether List-Unsubscribe-Post allows unsubscribing by a POST request (RFC 8058).
	OneClick bool
}

// List returns what the header says about a mailing list.
func (m *Message) List() List {
	id := m.Get("List-Id")
	if _, rest, ok := strings.Cut(id, "<"); ok {
		id, _, _ = strings.Cut(rest, ">")
	}
	return List{
		ID:   strings.TrimSpace(id),
		Help: bracketed(m.Get("List-Help")), Unsubscribe: bracketed(m.Get("List-Unsubscribe")),
		Subscribe: bracketed(m.Get("List-Subscribe")), Post: bracketed(m.Get("List-Post")),
		Owner: bracketed(m.Get("List-Owner")), Archive: bracketed(m.Get("List-Archive")),
		OneClick: strings.EqualFold(strings.TrimSpace(m.Get("List-Unsubscribe-Post")), "List-Unsubscribe=One-Click"),
	}
}

// bracketed returns the texts between angle brackets, without the white space in them (RFC 2369 §2).
func bracketed(value string) []string {
	var all []string
	for {
		_, rest, ok := strings.Cut(value, "<")
		if !ok {
			return all
		}
		one, rest, ok := strings.Cut(rest, ">")
		if !ok {
			return all
		}
		all = append(all, strings.Join(strings.Fields(one), ""))
		value = rest
	}
}
