package imap

// FETCH: the sections of a message, and the data about it.

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"

	goimap "github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"

	"github.com/seed078e9d8c/maillab/internal/mime"
	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/mailstore"
)

// decoded is a decoded message with its UID, which is kept for further commands about it.
type decoded struct {
	uid     uint32
	message *document
}

// decode returns a message, decoded.
func (ss *session) decode(uid uint32) (*document, error) {
	if ss.latest.message != nil && ss.latest.uid == uid {
		return ss.latest.message, nil
	}
	raw, err := ss.mailbox.Raw(uid)
	if err != nil {
		return nil, err
	}
	ss.latest = decoded{uid, &document{Message: mailtest.ParseMessage(raw)}}
	return ss.latest.message, nil
}

// Fetch runs FETCH.
func (ss *session) Fetch(w *imapserver.FetchWriter, set goimap.NumSet, options *goimap.FetchOptions) error {
	if slices.ContainsFunc(options.BodySection, func(s *goimap.FetchItemBodySection) bool {
		return s.Specifier == goimap.PartSpecifierMIME && len(s.Part) == 0
	}) {
		return &goimap.Error{Type: goimap.StatusResponseTypeBad, Text: "MIME needs the number of a part"}
	}
	messages, err := ss.find(set)
	if err == nil {
		err = ss.lose(messages)
	}
	seen := !ss.readOnly && marksSeen(options)
	if err == nil && (options.Flags || seen) {
		err = ss.refresh()
	}
	if err != nil {
		return err
	}
	gone := false
	for _, m := range messages {
		err := ss.fetch(w, m, options, seen)
		if errors.Is(err, mailstore.ErrNoMessage) {
			gone = true
			continue
		}
		if err != nil {
			return err
		}
	}
	if gone {
		return errGone
	}
	return nil
}

// marksSeen reports whether a FETCH sets \Seen (RFC 9051 §6.4.5).
func marksSeen(options *goimap.FetchOptions) bool {
	return slices.ContainsFunc(options.BodySection, func(s *goimap.FetchItemBodySection) bool { return !s.Peek }) ||
		slices.ContainsFunc(options.BinarySection, func(s *goimap.FetchItemBinarySection) bool { return !s.Peek })
}

// fetch sends the requested data of one message. If the message is gone, it sends nothing and returns
// mailstore.ErrNoMessage.
func (ss *session) fetch(w *imapserver.FetchWriter, m found, options *goimap.FetchOptions, seen bool) error {
	var msg *document
	if options.Envelope || options.BodyStructure != nil || len(options.BodySection) > 0 || len(options.BinarySection) > 0 ||
		len(options.BinarySectionSize) > 0 {
		var err error
		if msg, err = ss.decode(m.UID); err != nil {
			return err
		}
	}
	flags := ss.view[m.seq-1].Flags
	changed := seen && !hasFlag(flags, goimap.FlagSeen)
	if changed {
		if err := ss.mailbox.ChangeFlags([]string{string(goimap.FlagSeen)}, nil, m.UID); err != nil {
			return refused(err)
		}
		flags = slices.Sorted(slices.Values(append(slices.Clone(flags), string(goimap.FlagSeen))))
		ss.view[m.seq-1].Flags = flags
	}
	response := w.CreateMessage(m.seq)
	if options.UID {
		response.WriteUID(goimap.UID(m.UID))
	}
	if options.Flags || changed {
		response.WriteFlags(flagsOf(flags))
	}
	if options.InternalDate {
		response.WriteInternalDate(m.Date)
	}
	if options.RFC822Size {
		response.WriteRFC822Size(m.Size)
	}
	if options.Envelope {
		response.WriteEnvelope(envelope(msg.Message))
	}
	if options.BodyStructure != nil {
		response.WriteBodyStructure(structure(msg))
	}
	for _, s := range options.BodySection {
		data := partial(section(msg, s), s.Partial)
		write(response.WriteBodySection(s, int64(len(data))), data)
	}
	for _, s := range options.BinarySection {
		data := partial(binary(msg, s.Part), s.Partial)
		write(response.WriteBinarySection(s, int64(len(data))), data)
	}
	for _, s := range options.BinarySectionSize {
		response.WriteBinarySectionSize(s, uint32(len(binary(msg, s.Part))))
	}
	return response.Close()
}

// write writes a literal. An error shows up again at the end of the response.
func write(w io.WriteCloser, data []byte) {
	w.Write(data)
	w.Close()
}

// partial returns the requested piece of a section.
func partial(data []byte, p *goimap.SectionPartial) []byte {
	if p == nil {
		return data
	}
	from := min(max(p.Offset, 0), int64(len(data)))
	return data[from : from+min(max(p.Size, 0), int64(len(data))-from)]
}

// find returns the part with a number, and the document that has it, or nil if there is none. A message/rfc822 part has the
// parts of its message below it.
func find(d *document, number []int) (*mailtest.Part, *document, int) {
	for n := min(len(number), mime.MaxDepth); n > 0; n-- {
		i := d.part(number[:n])
		switch {
		case i < 0:
		case n == len(number):
			return &d.Parts[i], d, i
		default:
			if inner := d.message(i); inner != nil {
				return find(inner, number[n:])
			}
			return nil, nil, 0
		}
	}
	return nil, nil, 0
}

// section returns a section of a message, or nothing if there is none (RFC 9051 §6.4.5.1).
func section(msg *document, s *goimap.FetchItemBodySection) []byte {
	if len(s.Part) > 0 {
		part, holder, i := find(msg, s.Part)
		if part == nil {
			return nil
		}
		switch s.Specifier {
		case goimap.PartSpecifierNone:
			return part.Raw
		case goimap.PartSpecifierMIME:
			return header(part.Header, s)
		}
		if msg = holder.message(i); msg == nil {
			return nil
		}
	}
	switch s.Specifier {
	case goimap.PartSpecifierHeader:
		return header(msg.Header, s)
	case goimap.PartSpecifierText:
		return msg.Parts[0].Raw
	}
	return msg.Raw
}

// header returns all or the requested header fields as they stand in a message, and the empty line after them.
func header(fields []mailtest.Field, s *goimap.FetchItemBodySection) []byte {
	wanted, unwanted := lower(s.HeaderFields), lower(s.HeaderFieldsNot)
	var b bytes.Buffer
	for _, f := range fields {
		if name := strings.ToLower(f.Name); s.HeaderFields != nil && !wanted[name] || unwanted[name] {
			continue
		}
		b.WriteString(f.Raw)
	}
	if b.Len() > 0 && !bytes.HasSuffix(b.Bytes(), []byte("\n")) {
		b.WriteString("\r\n")
	}
	b.WriteString("\r\n")
	return b.Bytes()
}

// lower returns the set of some names in lower case.
func lower(names []string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, name := range names {
		set[strings.ToLower(name)] = true
	}
	return set
}

// binary returns the content of a part, with the transfer encoding undone (RFC 9051 §6.4.5.2).
func binary(msg *document, path []int) []byte {
	if len(path) == 0 {
		return msg.Raw
	}
	part, _, _ := find(msg, path)
	switch {
	case part == nil:
		return nil
	case part.Below > 0:
		return part.Raw // a multipart has no transfer encoding
	}
	return part.Content
}
