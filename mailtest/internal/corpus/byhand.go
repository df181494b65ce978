package corpus

// This file is for messages that are written out.

import (
	"slices"
	"strings"
)

// byHand makes a message of its text, whose line ends become CRLF, unless it has CRLF already. In
// it {head} is a header that says what is filled in here where want says nothing: From, To, Date
// and Message-ID.
func byHand(family, name, text string, want Want) Message {
	if !strings.Contains(text, crlf) {
		text = lines(text)
	}
	if strings.Contains(text, "{head}") {
		text = strings.Replace(text, "{head}", "From: Alice Chen <alice@example.com>\r\nTo: Bob <bob@example.org>\r\nDate: Tue, 06 Jan 2026 09:15:00 +0800\r\n"+
			"Message-ID: <"+family+"."+name+"@example.com>\r\nMIME-Version: 1.0", 1)
		if want.From == nil {
			want.From = []Address{{"Alice Chen", "alice@example.com"}}
		}
		if want.To == nil {
			want.To = []Address{{"Bob", "bob@example.org"}}
		}
		if want.Date == "" {
			want.Date = "2026-01-06T09:15:00+08:00"
		}
		if want.MessageID == "" {
			want.MessageID = family + "." + name + "@example.com"
		}
	}
	if want.Tree == "" {
		want.Tree = "text/plain"
	}
	return Message{Family: family, Name: name, Raw: []byte(text), Want: want}
}

// content returns a base64 body for a message that is written by hand, and what it holds.
func content(name string, size int) (b []byte, body string) {
	b = blob(name, size)
	return b, strings.ReplaceAll(base64Lines(b, 76), crlf, "\n")
}

func people(list ...string) []Address { // pairs of name and address
	var all []Address
	for pair := range slices.Chunk(list, 2) {
		all = append(all, Address{pair[0], pair[1]})
	}
	return all
}
