package wire

// Notes: what was remarkable about the bytes of a client, in a form that code can decide by.

// Note is one remarkable thing about what a client did in a turn.
type Note struct {
	Kind   NoteKind
	Count  int64  // of what the kind counts
	Offset int64  // where in the message or the line
	Text   string // what the kind has besides
}

// NoteKind is what a note is about.
type NoteKind uint8

// The kinds of notes.
const (
	LineBareLF         NoteKind = iota // the line ends with a LF alone
	LineBareCR                         // there is a CR inside the line
	LineTooLong                        // the line has Count bytes, and is cut at Offset
	LineEndless                        // the line had no end within Count bytes, and is cut at Offset
	LineUnfinished                     // the connection ended within the line
	GreetingNotAwaited                 // Count bytes came before the greeting
	ReplyNotAwaited                    // Count bytes came before a reply that the client had to wait for
	TextInjected                       // Count bytes came after STARTTLS in plain text; Text is how they begin, unless they may be secret
	HandshakeFailed                    // the TLS handshake failed as Text says
	CertificateMissing                 // the Handler has no certificate, as Text says: a note of its own
	ExchangeFailed                     // the AUTH exchange failed as Text says: likewise
	LowerCaseHex                       // the parameter Text has hexadecimal digits in small letters
	DotNotDoubled                      // Count lines of the message begin with a dot that was not doubled
	DotBareLF                          // the message ends with a dot and a LF alone
	MessageBareLF                      // Count LF in the message have no CR
	MessageBareCR                      // Count CR in the message have no LF
	HiddenEnd                          // Text, at Offset in the message, may end it for other servers
	MessageCut                         // the message has Count bytes, and is cut at Offset
	MessageUnfinished                  // the connection ended within the message
	ChunkUnfinished                    // the connection ended within the chunk

	LastNote = ChunkUnfinished
)

// note adds a note to the turn.
func (t *Turn) note(n Note) { t.Notes = append(t.Notes, n) }
