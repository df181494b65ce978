package imap

// ENVELOPE and BODYSTRUCTURE (RFC 9051 §7.5.2), made from a message that package mailtest has decoded.

import (
	"bytes"
	"slices"
	"strings"

	goimap "github.com/emersion/go-imap/v2"

	"github.com/seed078e9d8c/maillab/internal/mime"
	"github.com/seed078e9d8c/maillab/mailtest"
)

// envelope returns the ENVELOPE of a message.
func envelope(msg *mailtest.Message) *goimap.Envelope {
	e := &goimap.Envelope{
		Date: msg.Date, Subject: msg.Subject, MessageID: msg.MessageID,
		From: addresses(msg, "From", msg.From), Sender: addresses(msg, "Sender", msg.Sender), ReplyTo: addresses(msg, "Reply-To", msg.ReplyTo),
		To: addresses(msg, "To", msg.To), Cc: addresses(msg, "Cc", msg.Cc), Bcc: addresses(msg, "Bcc", msg.Bcc),
	}
	if bodies := written(msg.Header, "Subject"); bodies != nil {
		e.Subject = bodies[0]
	}
	reply := msg.Get("In-Reply-To")
	for _, id := range strings.Fields(reply) {
		if strings.HasPrefix(id, "<") || !strings.Contains(reply, "<") { // otherwise it is a word of a phrase (RFC 5322 §4.5.4)
			e.InReplyTo = append(e.InReplyTo, mime.TrimID(id))
		}
	}
	return e
}

// written returns the bodies of the fields with a name as they are written, since it is the client that decodes them. It
// returns nil if there are none, or if one of them has bytes beyond ASCII, which go-imap does not send as they are.
func written(header []mailtest.Field, name string) []string {
	var bodies []string
	for _, f := range header {
		if strings.EqualFold(f.Name, name) {
			body := mime.Field(f).Body()
			if mime.FirstNonASCII([]byte(body)) >= 0 {
				return nil
			}
			bodies = append(bodies, body)
		}
	}
	return bodies
}

// addresses returns the addresses in the fields with a name. If they are returned as written, an address without a host
// begins a group, and one without anything ends it (RFC 9051 §7.5.2).
func addresses(msg *mailtest.Message, name string, decoded []mailtest.Address) []goimap.Address {
	var all []goimap.Address
	bodies := written(msg.Header, name)
	for _, body := range bodies {
		for _, group := range mime.RawAddresses(body) {
			if group.Name != "" {
				all = append(all, goimap.Address{Mailbox: group.Name})
			}
			for _, a := range group.Members {
				all = append(all, split(mailtest.Address(a)))
			}
			if group.Name != "" {
				all = append(all, goimap.Address{})
			}
		}
	}
	if bodies == nil {
		for _, a := range decoded {
			all = append(all, split(a))
		}
	}
	return all
}

// split returns an address in two halves, the first without its quotes. An address without a domain gets a word for it,
// since NIL would begin a group.
func split(a mailtest.Address) goimap.Address {
	mailbox, host := a.Address, "MISSING_DOMAIN"
	if i := strings.LastIndexByte(a.Address, '@'); i >= 0 {
		mailbox, host = a.Address[:i], a.Address[i+1:]
	}
	if n := len(mailbox); n >= 2 && mailbox[0] == '"' && mailbox[n-1] == '"' {
		mailbox = mime.Unescape(mailbox[1 : n-1])
	}
	return goimap.Address{Name: a.Name, Mailbox: mailbox, Host: host}
}

// structure returns the BODYSTRUCTURE of a message.
func structure(d *document) goimap.BodyStructure {
	s, _ := structureOf(d, 0)
	return s
}

// structureOf returns the structure of a part, and the index of the first part that is neither it nor below it.
func structureOf(d *document, i int) (s goimap.BodyStructure, next int) {
	p := &d.Parts[i]
	if p.Below == 0 {
		return leaf(d, i), i + 1
	}
	_, subtype, _ := strings.Cut(p.MediaType, "/")
	multi := &goimap.BodyStructureMultiPart{Subtype: subtype, Extended: &goimap.BodyStructureMultiPartExt{
		Params: params(p), Disposition: disposition(p), Language: language(p), Location: p.Get("Content-Location"),
	}}
	for next = i + 1; next <= i+p.Below; {
		var child goimap.BodyStructure
		child, next = structureOf(d, next)
		multi.Children = append(multi.Children, child)
	}
	return multi, next
}

// leaf returns the structure of a part with content.
func leaf(d *document, i int) *goimap.BodyStructureSinglePart {
	p := &d.Parts[i]
	typ, subtype, _ := strings.Cut(p.MediaType, "/")
	if typ == "multipart" { // a multipart that could not be taken apart
		typ, subtype = "application", "octet-stream"
	}
	single := &goimap.BodyStructureSinglePart{
		Type: typ, Subtype: subtype, Params: params(p), Description: p.Get("Content-Description"), Encoding: p.Encoding,
		Size: uint32(len(p.Raw)),
		Extended: &goimap.BodyStructureSinglePartExt{
			Disposition: disposition(p), Language: language(p), Location: p.Get("Content-Location"),
		},
	}
	if bodies := written(p.Header, "Content-Description"); bodies != nil {
		single.Description = bodies[0]
	}
	if p.ContentID != "" {
		single.ID = "<" + p.ContentID + ">"
	}
	inner := d.message(i)
	switch {
	case typ == "text":
		single.Text = &goimap.BodyStructureText{NumLines: lineCount(p.Raw)}
	case p.MediaType == "message/rfc822" && inner != nil:
		single.MessageRFC822 = &goimap.BodyStructureMessageRFC822{
			Envelope: envelope(inner.Message), BodyStructure: structure(inner), NumLines: lineCount(p.Raw),
		}
	case p.MediaType == "message/rfc822": // whose form would demand an envelope
		single.Type, single.Subtype = "application", "octet-stream"
	}
	return single
}

// lineCount returns the number of lines. The last line counts even if it has no end.
func lineCount(b []byte) int64 {
	n := int64(bytes.Count(b, []byte("\n")))
	if len(b) > 0 && b[len(b)-1] != '\n' {
		n++
	}
	return n
}

// params returns the parameters of the Content-Type of a part.
func params(p *mailtest.Part) map[string]string {
	if bodies := written(p.Header, "Content-Type"); bodies != nil {
		return mime.RawParams(bodies[0])
	}
	return p.Params
}

// disposition returns the Content-Disposition of a part with its parameters, or nil.
func disposition(p *mailtest.Part) *goimap.BodyStructureDisposition {
	if p.Disposition == "" {
		return nil
	}
	d := &goimap.BodyStructureDisposition{Value: p.Disposition}
	var bad mime.Problems
	if bodies := written(p.Header, "Content-Disposition"); bodies != nil {
		d.Params = mime.RawParams(mime.Disposition(bodies[0], &bad))
	} else {
		i := slices.IndexFunc(p.Header, func(f mailtest.Field) bool { return strings.EqualFold(f.Name, "Content-Disposition") })
		_, d.Params = mime.ParseParams(mime.Disposition(mime.Field(p.Header[i]).Body(), &bad), "", &bad)
	}
	return d
}

// language returns the tags of Content-Language (RFC 3282).
func language(p *mailtest.Part) []string {
	var tags []string
	for tag := range strings.SplitSeq(p.Get("Content-Language"), ",") {
		if tag = strings.TrimSpace(tag); tag != "" {
			tags = append(tags, tag)
		}
	}
	return tags
}
