package mailtest

// The decoded form of a message, from what internal/mime has read in its bytes.

import "github.com/seed078e9d8c/maillab/internal/mime"

// decode fills everything that follows from Raw. It must be called once.
func (m *Message) decode() {
	mail := mime.Read(m.Raw)
	m.Parts = parts(mail.Parts)
	m.Header = m.Parts[0].Header
	m.Date, m.Subject, m.MessageID = mail.Date, m.Get("Subject"), mime.TrimID(m.Get("Message-ID"))
	m.From, m.Sender, m.ReplyTo = addresses(mail.From), addresses(mail.Sender), addresses(mail.ReplyTo)
	m.To, m.Cc, m.Bcc = addresses(mail.To), addresses(mail.Cc), addresses(mail.Bcc)
	if mail.Text >= 0 {
		m.Text = m.Parts[mail.Text].Text
	}
	if mail.HTML >= 0 {
		m.HTML = m.Parts[mail.HTML].Text
	}
	for _, i := range mail.Attachments {
		m.Attachments = append(m.Attachments, m.Parts[i])
	}
	for _, i := range mail.Inline {
		m.Inline = append(m.Inline, m.Parts[i])
	}
	m.Problems = mail.Problems
}

// parts returns the parts as tests see them, whose fields share one array.
func parts(tree []mime.Part) []Part {
	n := 0
	for i := range tree {
		n += len(tree[i].Header)
	}
	fields, all := make([]Field, 0, n), make([]Part, len(tree))
	for i := range tree {
		p, first := &tree[i], len(fields)
		for _, f := range p.Header {
			fields = append(fields, Field(f))
		}
		all[i] = Part{
			Path: p.Path, MediaType: p.MediaType, Params: p.Params, Encoding: p.Encoding, Disposition: p.Disposition,
			Filename: p.Filename, ContentID: p.ContentID, Raw: p.Raw, Content: p.Content, Text: p.Text, Below: p.Below,
		}
		if p.Header != nil {
			all[i].Header = fields[first:len(fields):len(fields)]
		}
	}
	return all
}

// addresses returns the addresses as tests see them.
func addresses(list []mime.Mailbox) []Address {
	var all []Address
	if len(list) > 0 {
		all = make([]Address, len(list))
	}
	for i, a := range list {
		all[i] = Address(a)
	}
	return all
}
