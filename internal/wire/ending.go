package wire

// Endings: how connections end. Inside this package an Ending is the error that ends the dialogue.

import (
	"errors"
	"fmt"
	"io"
	"net"
)

// Ending describes how a connection ended.
type Ending struct {
	Kind  EndingKind
	Cause string // details; see the kinds
}

// EndingKind is a way in which a connection ends.
type EndingKind uint8

// The ways in which connections end.
const (
	ClientQuit    EndingKind = iota // the client sent QUIT
	ClientClosed                    // the client closed the connection between two commands
	ClientBroke                     // the client closed the connection within a "line", "chunk" or "message": Cause
	ReadFailed                      // reading from the socket failed as Cause says
	WriteFailed                     // writing to the socket failed as Cause says
	TLSFailed                       // the TLS handshake failed as Cause says
	ProxyFailed                     // there was no valid PROXY header, as Cause says
	ServerClosed                    // the Handler wanted Close, or the client exceeded a limit
	ServerCut                       // the Handler wanted Cut
	ServerReset                     // the Handler wanted Reset
	ServerSilent                    // the Handler wanted Hang
	ServerStopped                   // Stop or Shut was called; Cause is the code that the client was sent, if any
	ServerCrashed                   // code outside this package panicked; see Crash
	ServerFailed                    // the engine closed its connection

	LastEnding = ServerFailed
)

// Error implements the error interface.
func (e Ending) Error() string {
	return fmt.Sprintf("wire: the connection ended (%d): %s", e.Kind, e.Cause)
}

// errStopped is the Ending of a connection whose server stops.
var errStopped = Ending{Kind: ServerStopped}

// end closes the socket and reports to the Handler how the connection ended.
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
	defer c.handler.Closed() // even if the caller's net.Conn panics in Write or Close
	defer c.Shut()
	if how == errStopped && !c.handshaking {
		said := Ending{ServerStopped, farewell[:len("421 4.3.2")]}
		c.ends(said)
		if c.sayFarewell() {
			how = said
		}
	}
	c.ends(how)
	c.conn.Close()
}

// ends tells the Handler how the connection ends, unless the Handler knows that already.
func (c *Conn) ends(how Ending) {
	if now := (fate{how, true}); c.told != now {
		c.told = now
		c.handler.End(how)
	}
}

// fate is an Ending that is known, or the zero value.
type fate struct {
	Ending
	known bool
}

// broken returns the Ending for an error of the socket. The kind is used unless the connection was stopped or err is an
// Ending.
func (c *Conn) broken(kind EndingKind, err error) Ending {
	if c.stopped() {
		return errStopped
	}
	if end, ok := errors.AsType[Ending](err); ok {
		return end
	}
	if operation, ok := errors.AsType[*net.OpError](err); ok && operation.Net != "" && operation.Err != nil {
		err = operation.Err // without the addresses; an alert of the client has none, and remains a "remote error"
	}
	return Ending{kind, err.Error()}
}

// middle returns err, or a ClientBroke that names what was not complete if err is io.EOF.
func middle(err error, of string) error {
	if err == io.EOF {
		return Ending{ClientBroke, of}
	}
	return err
}
