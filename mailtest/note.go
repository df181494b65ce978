package mailtest

// Notes about the bytes of a client, and endings of connections.

import (
	"fmt"

	"github.com/seed078e9d8c/maillab/internal/enum"
	"github.com/seed078e9d8c/maillab/internal/wire"
)

// Note is something remarkable that a client did in a turn. It is plain data.
type Note struct {
	// Kind says what the client did.
	Kind NoteKind

	// Count, Offset and Text have the meaning that the kind gives them. Those that the kind does not mention are
	// zero.
	Count  int64
	Offset int64
	Text   string
}

// NoteKind is the kind of a [Note]. The zero NoteKind is not a kind.
type NoteKind uint8

// The kinds of notes. Most of them are mistakes of the client.
const (
	LineBareLF         NoteKind = iota + 1 // the line ends with LF alone (RFC 5321 §2.3.8)
	LineBareCR                             // there is a CR inside the line (RFC 5321 §2.3.8)
	LineTooLong                            // the line has Count bytes, more than 16 KiB; Command has those before Offset
	LineEndless                            // the line had no end within Count bytes; Command has those before Offset
	LineUnfinished                         // the connection ended in the middle of the line
	GreetingNotAwaited                     // Count bytes came before the greeting (RFC 5321 §4.3.1)
	ReplyNotAwaited                        // Count bytes came before a reply that the client had to wait for (RFC 2920 §3.1)
	TextInjected                           // Count bytes came in plain text after STARTTLS and were discarded (RFC 3207 §5); Text is their beginning, unless they may be credentials
	HandshakeFailed                        // the TLS handshake failed, as Text says; it may have come where it does not belong
	CertificateMissing                     // the certificate that a rule asks for can't be made, as Text says
	ExchangeFailed                         // the client broke the rules of its authentication mechanism, as Text says
	LowerCaseHex                           // the parameter named by Text has hexadecimal digits in lower case (RFC 3461 §4)
	DotNotDoubled                          // Count lines of the message begin with a dot that was not doubled (RFC 5321 §4.5.2)
	DotBareLF                              // the dot that ended the message was followed by LF alone
	MessageBareLF                          // Count LF in the message are not part of CRLF
	MessageBareCR                          // Count CR in the message are not part of CRLF
	HiddenEnd                              // Text, at Offset in the message, ends it for other servers (SMTP smuggling)
	MessageCut                             // the message has Count bytes, more than the limit; Payload has those before Offset
	MessageUnfinished                      // the connection ended in the middle of the message
	ChunkUnfinished                        // the connection ended in the middle of the chunk
	ReplyCut                               // the reply of a POP3 or IMAP server had Count bytes; Reply has those before Offset
	TurnsForgotten                         // the transcript had Count turns before this one, which are forgotten to bound its size
)

// noteKinds maps the kinds of package wire to those of this package.
var noteKinds = [wire.LastNote + 1]NoteKind{
	wire.LineBareLF: LineBareLF, wire.LineBareCR: LineBareCR, wire.LineTooLong: LineTooLong, wire.LineEndless: LineEndless,
	wire.LineUnfinished: LineUnfinished, wire.GreetingNotAwaited: GreetingNotAwaited, wire.ReplyNotAwaited: ReplyNotAwaited,
	wire.TextInjected: TextInjected, wire.HandshakeFailed: HandshakeFailed, wire.CertificateMissing: CertificateMissing,
	wire.ExchangeFailed: ExchangeFailed, wire.LowerCaseHex: LowerCaseHex,
	wire.DotNotDoubled: DotNotDoubled, wire.DotBareLF: DotBareLF, wire.MessageBareLF: MessageBareLF,
	wire.MessageBareCR: MessageBareCR, wire.HiddenEnd: HiddenEnd, wire.MessageCut: MessageCut,
	wire.MessageUnfinished: MessageUnfinished, wire.ChunkUnfinished: ChunkUnfinished,
}

// notesOf converts notes of package wire.
func notesOf(noted []wire.Note) []Note {
	if noted == nil {
		return nil
	}
	notes := make([]Note, len(noted))
	for i, n := range noted {
		notes[i] = Note{noteKinds[n.Kind], n.Count, n.Offset, n.Text}
	}
	return notes
}

// String returns the note in a few words: "12 bytes came without waiting for the reply".
func (n Note) String() string {
	switch n.Kind {
	case LineBareLF:
		return "the line ends with a bare LF"
	case LineBareCR:
		return "a bare CR in the line"
	case LineTooLong:
		return fmt.Sprintf("a line of %d bytes, cut here after %d", n.Count, n.Offset)
	case LineEndless:
		return fmt.Sprintf("a line without end, given up after %d bytes, cut here after %d", n.Count, n.Offset)
	case LineUnfinished:
		return "the line was not completed"
	case GreetingNotAwaited:
		return fmt.Sprintf("%d bytes came without waiting for the greeting", n.Count)
	case ReplyNotAwaited:
		return fmt.Sprintf("%d bytes came without waiting for the reply", n.Count)
	case TextInjected:
		text := fmt.Sprintf("%d bytes of plain text injected after STARTTLS were discarded", n.Count)
		if n.Text != "" {
			text += fmt.Sprintf(": %q", n.Text)
		}
		return text
	case HandshakeFailed:
		return "TLS handshake: " + n.Text
	case CertificateMissing, ExchangeFailed:
		return n.Text
	case LowerCaseHex:
		return "hexadecimal digits in small letters in " + n.Text
	case DotNotDoubled:
		if n.Count == 1 {
			return "1 line begins with a dot that was not doubled"
		}
		return fmt.Sprintf("%d lines begin with a dot that was not doubled", n.Count)
	case DotBareLF:
		return "the message ends with a dot and a bare LF"
	case MessageBareLF:
		return fmt.Sprintf("%d bare LF in the message", n.Count)
	case MessageBareCR:
		return fmt.Sprintf("%d bare CR in the message", n.Count)
	case HiddenEnd:
		return fmt.Sprintf("%q at byte %d may end the message for other servers", n.Text, n.Offset)
	case MessageCut:
		return fmt.Sprintf("a message of %d bytes, of which the first %d were kept", n.Count, n.Offset)
	case MessageUnfinished:
		return "the message was not completed"
	case ChunkUnfinished:
		return "the chunk was not completed"
	case ReplyCut:
		return fmt.Sprintf("a reply of %d bytes, of which the first %d are here", n.Count, n.Offset)
	case TurnsForgotten:
		return fmt.Sprintf("%d turns before this one are forgotten", n.Count)
	}
	return n.Kind.String()
}

// noteNames are the names of the kinds of notes, by kind.
var noteNames = enum.Names{
	LineBareLF: "LineBareLF", LineBareCR: "LineBareCR", LineTooLong: "LineTooLong", LineEndless: "LineEndless",
	LineUnfinished: "LineUnfinished", GreetingNotAwaited: "GreetingNotAwaited", ReplyNotAwaited: "ReplyNotAwaited",
	TextInjected: "TextInjected", HandshakeFailed: "HandshakeFailed", CertificateMissing: "CertificateMissing",
	ExchangeFailed: "ExchangeFailed", LowerCaseHex: "LowerCaseHex", DotNotDoubled: "DotNotDoubled", DotBareLF: "DotBareLF",
	MessageBareLF: "MessageBareLF", MessageBareCR: "MessageBareCR", HiddenEnd: "HiddenEnd", MessageCut: "MessageCut",
	MessageUnfinished: "MessageUnfinished", ChunkUnfinished: "ChunkUnfinished",
	ReplyCut: "ReplyCut", TurnsForgotten: "TurnsForgotten",
}

// String returns the name of the kind, which is that of the constant.
func (k NoteKind) String() string { return noteNames.String("NoteKind", "no note", uint8(k)) }

// MarshalText returns the name of the kind, or an empty text for the zero NoteKind. It returns an error if there
// is no such kind.
func (k NoteKind) MarshalText() ([]byte, error) {
	return noteNames.Marshal("mailtest: kind of note", uint8(k))
}

// UnmarshalText reads what MarshalText returns, in any letter case. Its error lists the valid names.
func (k *NoteKind) UnmarshalText(text []byte) error {
	return noteNames.Unmarshal("mailtest: kind of note", text, (*uint8)(k))
}

// Ending is how a connection ended. The zero Ending means that it has not. It is plain data:
//
//	if s.Ending.Kind != mailtest.ClientQuit {
//		t.Errorf("the client did not say QUIT: %v", s.Ending)
//	}
type Ending struct {
	// Kind says who ended the connection, and how.
	Kind EndingKind

	// Cause has the meaning that the kind gives it, or is empty.
	Cause string
}

// EndingKind is a way in which connections end. The zero EndingKind means that the connection has not ended.
type EndingKind uint8

// The ways in which connections end.
const (
	ClientQuit    EndingKind = iota + 1 // by QUIT
	ClientClosed                        // the client closed the connection between two commands
	ClientBroke                         // the client closed the connection in the middle of a "line", a "chunk" or a "message"; Cause says which
	ReadFailed                          // reading from the client failed, as Cause says: it reset the connection, for example
	WriteFailed                         // writing to the client failed, as Cause says
	TLSFailed                           // the TLS handshake failed, as Cause says
	ProxyFailed                         // the connection did not begin with a PROXY header, as Cause says
	ServerClosed                        // the server closed the connection, by a rule with Close or after too many bad commands
	ServerCut                           // the server cut the connection, by a rule with Cut
	ServerReset                         // the server reset the connection, by a rule with Reset
	ServerSilent                        // the server fell silent, by a rule with Silence
	ServerStopped                       // Close was called; Cause is the last reply to the client, if there was one
	ServerCrashed                       // code of the test panicked
	ServerFailed                        // the server gave up because of an internal error
)

// endingKinds maps the endings of package wire to those of this package.
var endingKinds = [wire.LastEnding + 1]EndingKind{
	wire.ClientQuit: ClientQuit, wire.ClientClosed: ClientClosed, wire.ClientBroke: ClientBroke, wire.ReadFailed: ReadFailed,
	wire.WriteFailed: WriteFailed, wire.TLSFailed: TLSFailed, wire.ProxyFailed: ProxyFailed, wire.ServerClosed: ServerClosed,
	wire.ServerCut: ServerCut, wire.ServerReset: ServerReset, wire.ServerSilent: ServerSilent,
	wire.ServerStopped: ServerStopped, wire.ServerCrashed: ServerCrashed, wire.ServerFailed: ServerFailed,
}

// String returns the ending in a few words: "the client closed the connection in the middle of the line".
func (e Ending) String() string {
	switch e.Kind {
	case ClientQuit:
		return "QUIT"
	case ClientClosed:
		return "the client closed the connection"
	case ClientBroke:
		return "the client closed the connection in the middle of the " + e.Cause
	case ReadFailed:
		return "read: " + e.Cause
	case WriteFailed:
		return "write: " + e.Cause
	case TLSFailed:
		return "TLS handshake: " + e.Cause
	case ProxyFailed:
		return "no PROXY header: " + e.Cause
	case ServerClosed:
		return "the server closed the connection"
	case ServerCut:
		return "the server cut the connection"
	case ServerReset:
		return "the server reset the connection"
	case ServerSilent:
		return "the server fell silent"
	case ServerStopped:
		if e.Cause != "" {
			return fmt.Sprintf("the server was closed (%s)", e.Cause)
		}
		return "the server was closed"
	case ServerCrashed:
		return "the server reset the connection, since the test's own code panicked"
	case ServerFailed:
		return "the server gave up: internal error"
	}
	return e.Kind.String()
}

// endingNames are the names of the endings, by kind.
var endingNames = enum.Names{
	ClientQuit: "ClientQuit", ClientClosed: "ClientClosed", ClientBroke: "ClientBroke", ReadFailed: "ReadFailed",
	WriteFailed: "WriteFailed", TLSFailed: "TLSFailed", ProxyFailed: "ProxyFailed", ServerClosed: "ServerClosed",
	ServerCut: "ServerCut", ServerReset: "ServerReset", ServerSilent: "ServerSilent", ServerStopped: "ServerStopped",
	ServerCrashed: "ServerCrashed", ServerFailed: "ServerFailed",
}

// String returns the name of the kind, which is that of the constant.
func (k EndingKind) String() string { return endingNames.String("EndingKind", "still open", uint8(k)) }

// MarshalText returns the name of the kind, or an empty text for the zero EndingKind. It returns an error if there
// is no such kind.
func (k EndingKind) MarshalText() ([]byte, error) {
	return endingNames.Marshal("mailtest: kind of ending", uint8(k))
}

// UnmarshalText reads what MarshalText returns, in any letter case. Its error lists the valid names.
func (k *EndingKind) UnmarshalText(text []byte) error {
	return endingNames.Unmarshal("mailtest: kind of ending", text, (*uint8)(k))
}
