package wire

// Notes: what is remarkable about the bytes of a client, in a form that code can inspect.

import "bytes"

// Note describes one remarkable thing that a client did in a turn.
type Note struct {
	Kind   NoteKind
	Count  int64  // the number of what the kind counts
	Offset int64  // the position in the message or the line
	Text   string // details; see the kinds
}

// NoteKind is the kind of a note.
type NoteKind uint8

// The kinds of notes.
const (
	LineBareLF         NoteKind = iota // the line ends with LF without CR
	LineBareCR                         // the line contains a CR
	LineTooLong                        // the line has Count bytes, and is cut at Offset
	LineEndless                        // the line has no end within Count bytes, and is cut at Offset
	LineUnfinished                     // the connection ended within the line
	GreetingNotAwaited                 // Count bytes came before the greeting
	ReplyNotAwaited                    // Count bytes came before a reply that the client had to wait for
	TextInjected                       // Count bytes came in plain text after STARTTLS; Text begins them, or is "" if secret
	HandshakeFailed                    // the TLS handshake failed as Text says
	CertificateMissing                 // there is no certificate, as Text says; added by the Handler
	ExchangeFailed                     // the AUTH exchange failed as Text says; added by the Handler
	LowerCaseHex                       // the parameter Text has hexadecimal digits in lower case
	DotNotDoubled                      // Count lines of the message begin with a dot that was not doubled
	DotBareLF                          // the message ends with a dot and LF without CR
	MessageBareLF                      // Count LF in the message have no CR
	MessageBareCR                      // Count CR in the message have no LF
	HiddenEnd                          // other servers may take Text, at Offset, for the end of the message
	MessageCut                         // the message has Count bytes, and is cut at Offset
	MessageUnfinished                  // the connection ended within the message
	ChunkUnfinished                    // the connection ended within the chunk

	LastNote = ChunkUnfinished
)

// note adds a note to the turn.
func (t *Turn) note(n Note) { t.Notes = append(t.Notes, n) }

// LineEnds returns notes on each CR or LF in a message that is not part of a CRLF, and on those sequences that could
// hide a second message from one of two servers (the "SMTP smuggling" of 2023). It returns nil if there are none.
// Turn.Notes includes these notes only if the message has no end, because scanning a large message takes longer than
// receiving it.
func LineEnds(data []byte) []Note {
	crlf := bytes.Count(data, []byte("\r\n"))
	lf, cr := bytes.Count(data, []byte("\n"))-crlf, bytes.Count(data, []byte("\r"))-crlf
	if lf == 0 && cr == 0 {
		return nil
	}
	var notes []Note
	if lf > 0 {
		notes = append(notes, Note{Kind: MessageBareLF, Count: int64(lf)})
	}
	if cr > 0 {
		notes = append(notes, Note{Kind: MessageBareCR, Count: int64(cr)})
	}
	for _, end := range []string{"\n.\n", "\n.\r\n", "\r.\r", "\n.\r", "\r.\n", "\r.\r\n", "\r\n\x00.\r\n"} {
		if i := indexEnd(data, end); i >= 0 {
			notes = append(notes, Note{Kind: HiddenEnd, Text: end, Offset: int64(i)})
		}
	}
	return notes
}

// indexEnd returns the index of end in data, or -1. It skips a dot after CRLF, which was doubled.
func indexEnd(data []byte, end string) int {
	for from := 0; ; {
		i := bytes.Index(data[from:], []byte(end))
		if i < 0 {
			return -1
		}
		i += from
		if i == 0 || data[i-1] != '\r' || end[0] != '\n' {
			return i
		}
		from = i + 1
	}
}
