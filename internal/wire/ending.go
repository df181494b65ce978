package wire

// Endings: how a connection ends. Inside this package an ending is the error that ends the loop of turns.

import (
	"errors"
	"fmt"
	"io"
	"net"
)

// Ending is how a connection ended.
type Ending struct {
	Kind  EndingKind
	Cause string // what the kind has besides
}

// EndingKind is a way in which connections end.
type EndingKind uint8

// The ways in which connections end.
const (
	ClientQuit    EndingKind = iota // by QUIT
	ClientClosed                    // between two commands
	ClientBroke                     // in the middle of what Cause names: "line", "chunk" or "message"
	ReadFailed                      // the socket failed as Cause says
	WriteFailed                     // likewise
	TLSFailed                       // the handshake failed as Cause says
	ProxyFailed                     // there was no PROXY header, as Cause says
	ServerClosed                    // by a Close of the Handler's, or after too much
	ServerCut                       // by a Cut
	ServerReset                     // by a Reset
	ServerSilent                    // by a Hang
	ServerStopped                   // by Stop or Shut; Cause is what the client was told
	ServerCrashed                   // since a func of the Handler's owner panicked
	ServerFailed                    // the engine gave up

	LastEnding = ServerFailed
)

// Error makes an Ending an error.
func (e Ending) Error() string {
	return fmt.Sprintf("wire: the connection ended (%d): %s", e.Kind, e.Cause)
}

// errStopped ends a connection because its server ends.
var errStopped = Ending{Kind: ServerStopped}

// end closes the socket, once, and reports how the connection ended.
func (c *Conn) end(err error) {
	c.ended = true
	how, ok := errors.AsType[Ending](err)
	switch {
	case ok:
	case errors.Is(err, io.EOF):
		how = Ending{Kind: ClientClosed}
	default:
		how = c.broken(ReadFailed, err)
	}
	defer func() { c.handler.End(how) }() // whatever writing to a conn of the caller's own does, and closing it
	defer c.Shut()
	if how == errStopped && c.sayFarewell() {
		how.Cause = farewell[:len("421 4.3.2")]
	}
	c.conn.Close()
}

// broken returns the ending that an error of the socket means.
func (c *Conn) broken(kind EndingKind, err error) Ending {
	if c.stopped() {
		return errStopped
	}
	if end, ok := errors.AsType[Ending](err); ok {
		return end
	}
	if operation, ok := errors.AsType[*net.OpError](err); ok && operation.Err != nil {
		err = operation.Err
	}
	return Ending{kind, err.Error()}
}

// middle says in the middle of what the client has gone.
func middle(err error, of string) error {
	if err == io.EOF {
		return Ending{ClientBroke, of}
	}
	return err
}
