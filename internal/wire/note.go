package wire

// Notes: what is remarkable about the bytes of a client, in a form that code can inspect.

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
