package imap

// ENVELOPE and BODYSTRUCTURE (RFC 9051 §7.5.2), made from a message that package mailtest has decoded.

import (
	"bytes"
	"strings"

	goimap "github.com/emersion/go-imap/v2"

	"github.com/seed078e9d8c/maillab/internal/mime"
	"github.com/seed078e9d8c/maillab/mailtest"
)

// envelope returns the ENVELOPE of a message.
func envelope(msg *mailtest.Message) *goimap.Envelope {
	e := &goimap.Envelope{
		Date: msg.Date, Subject: msg.Subject, MessageID: msg.MessageID,
		From: addresses(msg.From), Sender: addresses(msg.Sender), ReplyTo: addresses(msg.ReplyTo),
		To: addresses(msg.To), Cc: addresses(msg.Cc), Bcc: addresses(msg.Bcc),
	}
	for _, id := range strings.Fields(msg.Get("In-Reply-To")) {
		e.InReplyTo = append(e.InReplyTo, mime.TrimID(id))
	}
	return e
}

// addresses returns addresses in two halves. An address without a domain gets a word for it, since NIL would begin
// a group.
func addresses(all []mailtest.Address) []goimap.Address {
	var split []goimap.Address
	for _, a := range all {
		mailbox, host := a.Address, "MISSING_DOMAIN"
		if i := strings.LastIndexByte(a.Address, '@'); i >= 0 {
			mailbox, host = a.Address[:i], a.Address[i+1:]
		}
		split = append(split, goimap.Address{Name: a.Name, Mailbox: mailbox, Host: host})
	}
	return split
}

// structure returns the BODYSTRUCTURE of a message.
func structure(msg *mailtest.Message) goimap.BodyStructure {
	s, _ := structureOf(msg.Parts)
	return s
}

// structureOf returns the structure of the first of some parts, and the parts that are neither it nor below it.
func structureOf(parts []mailtest.Part) (goimap.BodyStructure, []mailtest.Part) {
	p, rest := &parts[0], parts[1:]
	if p.Below == 0 {
		return leaf(p), rest
	}
	below, rest := rest[:p.Below], rest[p.Below:]
	_, subtype, _ := strings.Cut(p.MediaType, "/")
	multi := &goimap.BodyStructureMultiPart{Subtype: subtype, Extended: &goimap.BodyStructureMultiPartExt{
		Params: p.Params, Disposition: disposition(p), Language: language(p), Location: p.Get("Content-Location"),
	}}
	for len(below) > 0 {
		var child goimap.BodyStructure
		child, below = structureOf(below)
		multi.Children = append(multi.Children, child)
	}
	return multi, rest
}

// leaf returns the structure of a part with content.
func leaf(p *mailtest.Part) *goimap.BodyStructureSinglePart {
	typ, subtype, _ := strings.Cut(p.MediaType, "/")
	if typ == "multipart" { // a multipart that could not be taken apart
		typ, subtype = "application", "octet-stream"
	}
	single := &goimap.BodyStructureSinglePart{
		Type: typ, Subtype: subtype, Params: p.Params, Description: p.Get("Content-Description"), Encoding: p.Encoding,
		Size: uint32(len(p.Raw)),
		Extended: &goimap.BodyStructureSinglePartExt{
			Disposition: disposition(p), Language: language(p), Location: p.Get("Content-Location"),
		},
	}
	if p.ContentID != "" {
		single.ID = "<" + p.ContentID + ">"
	}
	inner := p.Message()
	switch {
	case typ == "text":
		single.Text = &goimap.BodyStructureText{NumLines: lineCount(p.Raw)}
	case p.MediaType == "message/rfc822" && inner != nil:
		single.MessageRFC822 = &goimap.BodyStructureMessageRFC822{
			Envelope: envelope(inner), BodyStructure: structure(inner), NumLines: lineCount(p.Raw),
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

// disposition returns the Content-Disposition of a part with its parameters, or nil.
func disposition(p *mailtest.Part) *goimap.BodyStructureDisposition {
	if p.Disposition == "" {
		return nil
	}
	var params map[string]string
	for _, f := range p.Header {
		if strings.EqualFold(f.Name, "Content-Disposition") {
			_, params = mime.ParseDisposition(mime.Field(f).Body(), "", new(mime.Problems))
			break
		}
	}
	return &goimap.BodyStructureDisposition{Value: p.Disposition, Params: params}
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
