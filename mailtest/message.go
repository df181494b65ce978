package mailtest

// The types of a captured message and its envelope, and their methods.

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/emersion/go-message"

	"github.com/seed078e9d8c/maillab/internal/mime"
)

// Message is one mail message, as it was received and as a person would read it.
//
// # Plain data
//
// A message is decoded once, before it is first returned, into exported fields of plain data, so that tests can
// compare fields with ==, and whole messages with cmp.Diff without options. Byte slices share the memory of
// Raw, and so do copies of a message. Any number of goroutines may read a message, but none may change it.
//
// # Damage
//
// Decoding never fails and loses nothing. A part or field that is damaged, mislabelled or beyond the bounds
// below is decoded as well as possible. Raw has it unchanged, and Problems names it. If there are no Problems,
// every header field and every part was decoded exactly as it is labelled.
//
// # Bounds
//
// Multiparts may be nested 100 deep, a message may have 10,000 parts, and a header may have 1 MiB. Beyond that,
// a part is not taken apart but is a leaf with its bytes, and further header fields count as the beginning of
// the body. Time and memory are proportional to the size of the message, whatever it contains. A large message
// takes at most three times its size, including Raw, unless it consists of headers, or of letters that take
// more bytes in UTF-8.
type Message struct {
	// Number is the number of the message on its server, from 1, in the order of acceptance. It is 0 if no
	// server received the message.
	Number int

	// Session is the number of the session that carried the message, or 0.
	Session int

	// Time is the time at which the message was accepted. It is zero if no server received it.
	Time time.Time

	// Acked reports whether the acceptance was sent to the client. If a rule loses it, a correct client sends
	// the message again. A message may be returned before its acceptance is sent, and does not change after
	// that. If the acceptance is then lost although no rule says so, for example because the client has reset
	// the connection, Acked is false only in messages that Messages and the waits return later. A reply to a
	// client that has closed its connection without a reset counts as sent, since that client may still be
	// reading.
	Acked bool

	// Envelope has the sender and the recipients that the client gave in the session, and more.
	Envelope Envelope

	// Raw is the message exactly as received, with its line ends, after dot-unstuffing
	// (RFC 5321 §4.5.2).
	Raw []byte

	// Header has the fields of the message's own header, in order.
	Header []Field

	// Date is the Date field in its own offset from UTC. It is zero if there is none, or if the field is not a
	// date (RFC 5322 §3.3).
	Date time.Time

	// Subject is the decoded Subject field.
	Subject string

	// MessageID is the Message-ID field without its angle brackets.
	MessageID string

	// The addresses of these fields, in order; groups are replaced by their members.
	From, Sender, ReplyTo, To, Cc, Bcc []Address

	// Text is the text that a person would read: the first text/plain part of the body. It is in
	// UTF-8, with line ends "\n", and with the soft line breaks of format=flowed undone (RFC 3676).
	// It is empty if there is no such part; HTML does not take its place.
	//
	// The body is found as RFC 8621 §4.1.4 describes. A part with Content-Disposition "attachment" is
	// not in it, nor is a part of a multipart/related other than its root, nor a part with a file
	// name unless it is the first of its multipart, an alternative, or marked as inline. Messages
	// inside this one do not count: see [Part.Message].
	//
	// MIME decides whether the text ends with "\n". The whole body of a message usually does: "Hello\n". A part of a
	// multipart usually does not: "Hello", because the line end before a boundary belongs to the boundary (RFC 2046
	// §5.1.1). In base64 and quoted-printable, the text ends as the encoded text does.
	Text string

	// HTML is the first text/html part of the body, in UTF-8, with line ends "\n". Whether it ends with "\n" is
	// decided as for Text.
	HTML string

	// Parts is the MIME tree, each part before its own parts. The first is the root, whose Header is that of
	// the message. The Path of a part is its place in the tree.
	Parts []Part

	// Attachments has the leaves of the tree that are meant to be saved, in order: those with Content-Disposition
	// "attachment" (or an unknown one, RFC 2183 §2.8), and all others that are neither in the body nor in Inline.
	// Text of a type other than plain and HTML, such as text/calendar, is an attachment only if it has a file name.
	// A part that holds a message is a leaf; a multipart that could not be taken apart is not.
	Attachments []Part

	// Inline has the leaves that are meant to be shown in place, in order: those that HTML refers to as
	// "cid:…", and, unless they are marked as attachments, those with a Content-ID, those that are not text and
	// have Content-Disposition "inline", and those of the body that have a file name. Text and HTML themselves
	// are not in it.
	Inline []Part

	// Problems lists what could not be decoded as it is labelled, one sentence each: where it is (the header
	// field or the part, and the offset in Raw), and why. It has at most 100 sentences. Messages inside this
	// one have their own. For code that acts on the place, package lint reports them as findings, with the line and
	// the part.
	Problems []string
}

// Part is one entity of a message's MIME tree (RFC 2045 §2.4): a multipart with parts
// below it, or a leaf with content.
type Part struct {
	// Path is the number of the part in its message as IMAP counts (RFC 9051 §6.4.5.1): "1", "2", "2.1". A root has
	// the path "" if it is a multipart, and "1" if it is a leaf.
	Path string

	// MediaType is the type in lower case, such as "text/plain". It is "text/plain" for a part without a
	// Content-Type, or with a malformed one (RFC 2045 §5.2), and "message/rfc822" for a part without one in a
	// multipart/digest.
	MediaType string

	// Params has the parameters of the Content-Type, decoded (RFC 2231), with names in lower case. It is nil if
	// there are none.
	Params map[string]string

	// Encoding is the Content-Transfer-Encoding in lower case, such as "base64", or "".
	Encoding string

	// Disposition is the Content-Disposition in lower case, such as "attachment", or "".
	Disposition string

	// Filename is the name that the sender suggests, decoded, from Content-Disposition or
	// else Content-Type. It may hold anything, path separators included.
	Filename string

	// ContentID is the Content-ID without its angle brackets.
	ContentID string

	// Header has the fields of the part's own header, in order.
	Header []Field

	// Raw is the body of the part as it stands in the message: with its transfer encoding,
	// without its header and without the line end that belongs to the boundary below it.
	Raw []byte

	// Content is Raw with the transfer encoding undone. It is nil if there are parts below.
	Content []byte

	// Text is the content of a text part in UTF-8, with line ends "\n" and the soft line
	// breaks of format=flowed undone.
	Text string

	// Below is the number of parts below this one in the tree, which come directly after it in
	// Message.Parts. It is 0 for a leaf.
	Below int
}

// Field is one header field.
type Field struct {
	// Name is the name as written, such as "Subject". It is empty for a line that is not a field: the "From " line
	// of a Unix mailbox at the beginning of a message, and a line among the fields that was skipped.
	Name string

	// Value is the body of the field unfolded (RFC 5322 §2.2.3), without surrounding white
	// space, with encoded words decoded (RFC 2047), in UTF-8.
	Value string

	// Raw is the field as it stands in the message, with name, folds and line ends.
	Raw string
}

// Address is one address in an address field of a message, such as To.
type Address struct {
	// Name is the display name, decoded, or the comment that old mailers write in its
	// place. It is empty if there is neither.
	Name string

	// Address is the address without angle brackets, source route, comments and white space
	// around it, as in an [Envelope]: "bob@qq.com". Text that cannot be read as an address is
	// kept here in full, and the Problems of the message name it.
	Address string
}

// ParseMessage decodes a message, for example one from an .eml file, as if a server had received it. It never
// fails: see Problems. The message keeps raw, which must not be changed from then on.
func ParseMessage(raw []byte) *Message {
	m := &Message{Raw: raw}
	m.decode()
	return m
}

// Get returns the value of the first header field of that name, whose case does not
// matter, or "" if there is none.
func (m *Message) Get(name string) string { return headerValue(m.Header, name) }

// GetAll returns the values of all header fields of that name, in order.
func (m *Message) GetAll(name string) []string {
	var values []string
	for _, f := range m.Header {
		if strings.EqualFold(f.Name, name) {
			values = append(values, f.Value)
		}
	}
	return values
}

// Find returns the leaves of the tree of parts that have a media type, such as "text/calendar", in
// order. A type that ends in "/" stands for all its subtypes.
func (m *Message) Find(mediaType string) []Part {
	mediaType = strings.ToLower(mediaType)
	var found []Part
	for _, part := range m.Parts {
		if part.Below == 0 && (part.MediaType == mediaType || strings.HasSuffix(mediaType, "/") && strings.HasPrefix(part.MediaType, mediaType)) {
			found = append(found, part)
		}
	}
	return found
}

// Attachment returns the first part with the given file name, and reports whether there is one. The part may be
// anywhere in the message, in Attachments, in Inline or in neither.
func (m *Message) Attachment(filename string) (Part, bool) {
	for _, p := range m.Parts {
		if p.Filename == filename && p.Filename != "" {
			return p, true
		}
	}
	return Part{}, false
}

// InlineByID returns the first part with the given Content-ID, and reports whether there is one. The part may
// be anywhere in the message. The id may be written as in HTML ("cid:x@y") or as in a header ("<x@y>").
func (m *Message) InlineByID(id string) (Part, bool) {
	if len(id) > 4 && strings.EqualFold(id[:4], "cid:") {
		id = id[4:]
	}
	id = mime.TrimID(id)
	for _, p := range m.Parts {
		if p.ContentID == id && id != "" {
			return p, true
		}
	}
	return Part{}, false
}

// Get returns the value of the first header field of that name, whose case does not
// matter, or "" if there is none.
func (p Part) Get(name string) string { return headerValue(p.Header, name) }

// Message decodes the message that a message/rfc822 or message/global part holds, anew each
// time. It returns nil if the part is of another type.
func (p Part) Message() *Message {
	if p.MediaType != "message/rfc822" && p.MediaType != "message/global" {
		return nil
	}
	return ParseMessage(p.Content)
}

func headerValue(fields []Field, name string) string {
	for _, f := range fields {
		if strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

// Entity returns the message for code that works with github.com/emersion/go-message. Each call reads it from
// Raw, and its body can be read once. The errors are those of [message.ReadWithOptions]. If
// [message.IsUnknownCharset] or [message.IsUnknownEncoding] reports true for the error, Entity also returns an
// entity, whose body is not decoded. Charsets other than UTF-8 and US-ASCII are unknown unless the program
// sets [message.CharsetReader]; Text and HTML of the message itself do not depend on that.
func (m *Message) Entity() (*message.Entity, error) {
	e, err := message.ReadWithOptions(bytes.NewReader(m.Raw), &message.ReadOptions{MaxHeaderBytes: -1})
	if err != nil {
		err = fmt.Errorf("mailtest: message %d as an entity: %w", m.Number, err)
	}
	return e, err
}

// Envelope has what the client said in the session before the message itself: the sender and the recipients, which
// decide where the message goes, with their parameters, and the identity that the client claimed and proved (RFC
// 5321 §3.3).
//
// The zero value is the envelope of a message that did not come by SMTP, such as
// one made by [ParseMessage].
type Envelope struct {
	// From is the sender: the address in MAIL FROM, without angle brackets and without a source
	// route. It is empty for the null sender "<>" (RFC 5321 §4.5.5).
	From string

	// To has the recipients that the server accepted, in the order of the RCPT TO commands.
	To []Recipient

	// Helo is the name that the client gave in the last HELO or EHLO.
	Helo string

	// ESMTP is true if the client greeted with EHLO (or LHLO) and not with HELO.
	ESMTP bool

	// Client and Server are the two ends of the connection, as "address:port".
	Client string
	Server string

	// User is the authenticated identity, or empty without AUTH. Mechanism is the SASL mechanism
	// that proved it, such as "PLAIN" (RFC 4954).
	User      string
	Mechanism string

	// TLS describes the encryption of the connection; nil means plain text.
	TLS *TLSState

	// Body is the BODY parameter of MAIL in upper case, which says what bytes the message may have: "7BIT",
	// "8BITMIME", "BINARYMIME", or empty if there was none (RFC 6152, RFC 3030).
	Body string

	// Size is the SIZE parameter of MAIL in bytes, or 0 if there was none (RFC 1870).
	Size int64

	// SMTPUTF8 and RequireTLS report whether MAIL had these parameters: SMTPUTF8 allows UTF-8 in addresses and in
	// the header (RFC 6531), and REQUIRETLS forbids delivery without TLS (RFC 8689).
	SMTPUTF8   bool
	RequireTLS bool

	// Return is the RET parameter of MAIL, which says whether a bounce has the whole message
	// ("FULL") or only its header ("HDRS"). EnvelopeID is the decoded ENVID parameter, which a
	// bounce repeats (RFC 3461 §4.3, §4.4).
	Return     string
	EnvelopeID string

	// Auth is the decoded AUTH parameter of MAIL, which names the original submitter of the message. It is "<>" if
	// the parameter has that value, and empty if there was none (RFC 4954 §5).
	Auth string

	// Chunking is true if the message came by BDAT and not by DATA (RFC 3030).
	Chunking bool
}

// Recipient is a recipient that the server has accepted by one RCPT TO command.
type Recipient struct {
	// Address is the address in RCPT TO, without angle brackets and without a source route, for
	// example "bob@qq.com" or "postmaster".
	Address string

	// Notify is the NOTIFY parameter, which says when the sender wants a delivery status notification:
	// "NEVER", or some of "SUCCESS", "FAILURE" and "DELAY", in the client's order (RFC 3461 §4.1). It is
	// nil if there was none.
	Notify []string

	// OriginalType and Original are the two halves of the decoded ORCPT parameter, which has the original
	// address of the recipient: "RFC822" and "bob@qq.com", for example (RFC 3461 §4.2). The types RFC822 and
	// UTF-8 are in capitals; any other type is as the client wrote it.
	OriginalType string
	Original     string
}

// TLSState describes an encrypted connection. It is plain data, unlike tls.ConnectionState.
type TLSState struct {
	// Version is the protocol, such as "TLS 1.3", and Cipher the cipher suite.
	Version string
	Cipher  string

	// ServerName is the name that the client asked for (SNI), in lower case as sent, or empty if it asked for none.
	ServerName string

	// ALPN is the negotiated application protocol, or empty.
	ALPN string

	// Implicit is true if TLS came before the greeting (RFC 8314 §3.3), and false if it came by STARTTLS (RFC 3207).
	Implicit bool

	// ClientCertificates are the certificates of the client in DER, leaf first.
	ClientCertificates [][]byte
}
