package mailtest

// Endings: how a connection ended.

import (
	"fmt"

	"github.com/seed078e9d8c/maillab/internal/enum"
	"github.com/seed078e9d8c/maillab/internal/wire"
)

// Ending is how a connection ended. The zero Ending means that it has not. It is plain data:
//
//	if s.Ending.Kind != mailtest.ClientQuit {
//		t.Errorf("the client did not say QUIT: %v", s.Ending)
//	}
type Ending struct {
	Kind EndingKind

	// Cause has the meaning that the kind gives it, or is empty.
	Cause string
}

// EndingKind is a way in which connections end. The zero EndingKind is none.
type EndingKind uint8

// The ways in which connections end.
const (
	ClientQuit    EndingKind = iota + 1 // by QUIT
	ClientClosed                        // the client closed the connection between two commands
	ClientBroke                         // the client closed the connection in the middle of a "line", a "chunk" or a "message"; Cause is which
	ReadFailed                          // to read from the client failed, as Cause says: it reset the connection, for example
	WriteFailed                         // to write to the client failed, as Cause says
	TLSFailed                           // the TLS handshake failed, as Cause says
	ProxyFailed                         // the connection did not begin with a PROXY header, as Cause says
	ServerClosed                        // the server closed the connection: a rule with Close, or after too many bad commands
	ServerCut                           // a rule with Cut
	ServerReset                         // a rule with Reset
	ServerSilent                        // a rule with Silence
	ServerStopped                       // Close of the server; Cause is what the client was told, if it was
	ServerCrashed                       // code of the test's own panicked
	ServerFailed                        // the server gave up
)

// endingKinds are the ways of package wire, by kind.
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

// endingNames are the names of the ways, by kind.
var endingNames = enum.Names{
	ClientQuit: "ClientQuit", ClientClosed: "ClientClosed", ClientBroke: "ClientBroke", ReadFailed: "ReadFailed",
	WriteFailed: "WriteFailed", TLSFailed: "TLSFailed", ProxyFailed: "ProxyFailed", ServerClosed: "ServerClosed",
	ServerCut: "ServerCut", ServerReset: "ServerReset", ServerSilent: "ServerSilent", ServerStopped: "ServerStopped",
	ServerCrashed: "ServerCrashed", ServerFailed: "ServerFailed",
}

// String returns the name of the kind as it is in this package.
func (k EndingKind) String() string { return endingNames.String("EndingKind", "still open", uint8(k)) }

// MarshalText returns the name of the kind, and nothing for the zero EndingKind. The error says that
// there is no such kind.
func (k EndingKind) MarshalText() ([]byte, error) {
	return endingNames.Marshal("mailtest: kind of ending", uint8(k))
}

// UnmarshalText reads what MarshalText returns, in any letter case. The error says which names there
// are.
func (k *EndingKind) UnmarshalText(text []byte) error {
	return endingNames.Unmarshal("mailtest: kind of ending", text, (*uint8)(k))
}
