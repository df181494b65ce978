package mailtest

// What a message has besides its text: links, codes, what its header says of a mailing list (RFC 2369, RFC 8058), and delivery
// status notifications (RFC 3464).

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/seed078e9d8c/maillab/internal/mime"
)

// Link is a link in a message.
type Link struct {
	// URL is the target of the link as written in the message, with the character references of HTML decoded. A
	// relative URL is resolved against the base element of the HTML, if there is one. Once that has made the
	// URLs of the message longer by about twice the size of the HTML, further ones are left relative.
	URL string

	// Text is what the reader sees in HTML, with the alternative texts of images. In plain text it
	// is the URL.
	Text string
}

// Query returns the parameters of the URL, or none if it is malformed.
func (l Link) Query() url.Values {
	u, err := url.Parse(l.URL)
	if err != nil {
		return nil
	}
	return u.Query()
}

// Links returns the links of the message in order: first those of Text, each URL once, then those of HTML. In
// plain text, a link begins with "http://", "https://" or "mailto:". It ends before white space, before a
// character that is not ASCII, and before punctuation that belongs to the sentence.
func (m *Message) Links() []Link {
	var links []Link
	seen := make(map[string]bool)
	for _, u := range mime.TextURLs(m.Text) {
		if !seen[u] {
			seen[u] = true
			links = append(links, Link{URL: u, Text: u})
		}
	}
	if m.HTML != "" {
		_, clicks, _ := mime.ReadHTML(m.HTML)
		for _, l := range clicks {
			if !l.Hidden {
				links = append(links, Link{URL: l.URL, Text: l.Text})
			}
		}
	}
	return links
}

// Link returns the first of [Message.Links] whose URL or text contains part, in any letter case. If part is
// empty, it returns the first link. If there is none, Link ends the test, and writes the links and the message
// to its log.
//
//	link := srv.Next(t).Link(t, "confirm")
//	token := link.Query().Get("token")
func (m *Message) Link(tb testing.TB, part string) Link {
	tb.Helper()
	links := m.Links()
	lower := strings.ToLower(part)
	for _, l := range links {
		if strings.Contains(strings.ToLower(l.URL), lower) || strings.Contains(strings.ToLower(l.Text), lower) {
			return l
		}
	}
	var b strings.Builder
	for _, l := range latest(&b, links, "link") {
		fmt.Fprintf(&b, "  %q %q\n", cut(l.URL, 500), cut(l.Text, 200))
	}
	tb.Fatalf("mailtest: no link with %q; %s\n%s%v", part, count(len(links), "link"), &b, m)
	return Link{}
}

// Code returns the first match of a regular expression in Text, in [Message.VisibleText], or in Subject, in
// this order. If the expression has groups, Code returns the match of the first group that took part. If
// nothing matches, it ends the test, and writes the message to its log. It panics if the expression is
// malformed.
//
//	code := srv.Next(t).Code(t, `\b\d{6}\b`)
func (m *Message) Code(tb testing.TB, expr string) string {
	tb.Helper()
	re := regexp.MustCompile(expr)
	for _, text := range []string{m.Text, m.VisibleText(), m.Subject} {
		found := re.FindStringSubmatchIndex(text)
		for i := 2; i < len(found); i += 2 {
			if found[i] >= 0 {
				return text[found[i]:found[i+1]]
			}
		}
		if found != nil {
			return text[found[0]:found[1]]
		}
	}
	tb.Fatalf("mailtest: nothing matches %#q\n%v", expr, m)
	return ""
}

// VisibleText returns the text that a reader of the HTML sees, or Text if the message has no HTML. Blocks are
// on lines of their own, each run of white space is one space, and the alternative text stands for an image.
//
// Hidden text is left out, such as the preheader of a newsletter: text that is hidden by the attribute hidden, by an attribute
// style, or by a style sheet in the HTML, with display, visibility, opacity, a font without a size, or a box without a height
// or width whose overflow is hidden. Media queries are evaluated for a screen 1024 px wide with a light color scheme.
// Selectors with a colon in them (":hover") are ignored.
func (m *Message) VisibleText() string {
	if m.HTML == "" {
		return m.Text
	}
	text, _, _ := mime.ReadHTML(m.HTML)
	return text
}

// List is what the header of a message says about the mailing list that sent it (RFC 2369, RFC
// 2919, RFC 8058). The zero value is that of a message that no mailing list has sent.
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
		Help: mime.Bracketed(m.Get("List-Help")), Unsubscribe: mime.Bracketed(m.Get("List-Unsubscribe")),
		Subscribe: mime.Bracketed(m.Get("List-Subscribe")), Post: mime.Bracketed(m.Get("List-Post")),
		Owner: mime.Bracketed(m.Get("List-Owner")), Archive: mime.Bracketed(m.Get("List-Archive")),
		OneClick: strings.EqualFold(strings.TrimSpace(m.Get("List-Unsubscribe-Post")), "List-Unsubscribe=One-Click"),
	}
}

// DeliveryStatus is what a delivery status notification (RFC 3464), also known as a bounce, says about one
// recipient.
type DeliveryStatus struct {
	// ReportingMTA is the host that reports, without its type "dns;".
	ReportingMTA string

	// EnvelopeID is the ENVID that the message was sent with, if any.
	EnvelopeID string

	// Recipient is the address that was tried last, and Original the one that the sender gave,
	// without their type "rfc822;" or "utf-8;", and without the escapes of the latter (RFC 6533 §3).
	Recipient string
	Original  string

	// Action is what happened, in lower case: "failed", "delayed", "delivered", "relayed" or "expanded".
	Action string

	// Status is the status code of RFC 3463, such as "5.1.1".
	Status string

	// RemoteMTA is the host that answered, and Diagnostic its answer, both without their types.
	RemoteMTA  string
	Diagnostic string
}

// DeliveryStatus returns what the message reports about recipients, in order, or nothing if it is not a report.
// If the report repeats a field, the first one counts. Damaged fields are left as they are.
func (m *Message) DeliveryStatus() []DeliveryStatus {
	var report []DeliveryStatus
	for _, part := range m.Parts {
		if part.MediaType == "message/delivery-status" || part.MediaType == "message/global-delivery-status" {
			for _, status := range mime.ParseReport(part.Content) {
				report = append(report, DeliveryStatus(status))
			}
		}
	}
	return report
}
