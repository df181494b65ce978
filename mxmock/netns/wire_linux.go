package netns

// The wire between programs and hosts. An attempt to connect waits on it until the internet has said what
// comes of it; the kernel does TCP at both ends.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/seed078e9d8c/maillab/internal/splice"
)

// wire passes on what programs send.
type wire struct {
	at            Place
	inside, world *os.File // its ends
	network       *os.File // of the hosts
	ctx           context.Context
	cancel        context.CancelFunc
	running       sync.WaitGroup

	mu        sync.Mutex
	closed    bool
	err       error // why it does not work
	attempts  map[flow]*attempt
	failed    []flow // of the attempts, the latest
	datagrams map[flow]*exchange
	listeners map[uint16]net.Listener
	open      map[io.Closer]bool // connections
}

// attempt is an attempt to connect, or the connection that came of it.
type attempt struct {
	sequence uint32   // of its SYN, which is sent again when there is no answer
	host     net.Conn // to which it has led
	answer   []byte   // where it has led to none
}

// newWire makes the wire at a place, with its end in the network in which do calls.
func newWire(at Place, do func(func() error) error) (w *wire, err error) {
	w = &wire{
		at: at, attempts: make(map[flow]*attempt), datagrams: make(map[flow]*exchange),
		listeners: make(map[uint16]net.Listener), open: make(map[io.Closer]bool),
	}
	w.ctx, w.cancel = context.WithCancel(context.Background())
	defer func() {
		if err != nil {
			w.close()
			w = nil
		}
	}()
	addrs, err := addresses(at)
	if err != nil {
		return w, err
	}
	if err = do(func() (err error) {
		w.inside, err = openLink(setUpInside(addrs))
		return err
	}); err != nil {
		return w, err
	}
	if w.network, err = newNetwork(); err != nil {
		return w, err
	}
	if err = w.inWorld(func() (err error) {
		w.world, err = openLink(setUpWorld(addrs))
		return err
	}); err != nil {
		return w, err
	}
	w.running.Go(w.fromInside)
	w.running.Go(w.fromWorld)
	return w, nil
}

// inWorld calls f in the network of the hosts.
func (w *wire) inWorld(f func() error) error {
	return onThread(func() error {
		if err := enter(int(w.network.Fd()), unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("enter the network of the hosts: %w", err)
		}
		return f()
	})
}

// close cuts the wire, and returns why it did not work, if so.
func (w *wire) close() error {
	w.cancel()
	w.mu.Lock()
	w.closed = true
	for _, f := range []*os.File{w.inside, w.world, w.network} {
		if f != nil {
			f.Close()
		}
	}
	for _, l := range w.listeners {
		l.Close()
	}
	for c := range w.open {
		c.Close()
	}
	for _, a := range w.attempts {
		if a.host != nil {
			a.host.Close()
		}
	}
	for _, e := range w.datagrams {
		e.host.Close()
	}
	w.mu.Unlock()
	w.running.Wait()
	return w.err
}

// fromInside passes on what programs send, until the wire is cut.
func (w *wire) fromInside() {
	buf := make([]byte, mtu)
	for {
		n, err := w.inside.Read(buf)
		if err != nil {
			return
		}
		p, ok := parse(buf[:n])
		switch {
		case !ok: // what the kernel says of itself, and pings
		case p.connects():
			w.connect(p)
		case p.protocol == protoTCP:
			w.world.Write(p.raw)
		default:
			w.ask(p)
		}
	}
}

// fromWorld passes on what hosts send, until the wire is cut.
func (w *wire) fromWorld() {
	buf := make([]byte, mtu)
	for {
		n, err := w.world.Read(buf)
		if err != nil {
			return
		}
		if p, ok := parse(buf[:n]); ok && p.protocol == protoTCP {
			w.inside.Write(p.raw)
		}
	}
}

// connect begins an attempt to connect.
func (w *wire) connect(syn packet) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if a := w.attempts[syn.flow]; a != nil && a.sequence == syn.sequence() {
		switch { // it is not answered yet, or the answer came too early for the kernel
		case a.answer != nil:
			w.inside.Write(a.answer)
		case a.host != nil:
			w.world.Write(syn.raw)
		}
		return
	}
	if w.closed {
		return
	}
	syn.raw = slices.Clone(syn.raw)
	syn, _ = parse(syn.raw)
	a := &attempt{sequence: syn.sequence()}
	w.attempts[syn.flow] = a
	w.running.Go(func() { w.conclude(syn, a) })
}

// conclude does what comes of an attempt to connect.
func (w *wire) conclude(syn packet, a *attempt) {
	host, err := w.at.DialContext(w.ctx, "tcp", syn.server.String())
	if err == nil {
		err = w.listen(syn.server.Port())
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.closed:
		if host != nil {
			host.Close()
		}
	case err == nil:
		a.host = host
		w.world.Write(syn.raw)
	case errors.Is(err, syscall.ECONNREFUSED):
		w.fail(syn, a, syn.refusal())
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		w.fail(syn, a, syn.unreachable(false))
	} // else there is no answer
}

// fail answers an attempt to connect. The kernel does not take every answer that comes while it is still
// busy with the SYN, so that some are kept. The wire is locked.
func (w *wire) fail(syn packet, a *attempt, answer []byte) {
	const most = 1000
	a.answer = answer
	if w.failed = append(w.failed, syn.flow); len(w.failed) > most {
		if old := w.attempts[w.failed[0]]; old != nil && old.answer != nil {
			delete(w.attempts, w.failed[0])
		}
		w.failed = w.failed[1:]
	}
	w.inside.Write(answer)
}

// listen takes the connections to a port of all hosts, if it does not yet.
func (w *wire) listen(port uint16) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || w.listeners[port] != nil {
		return nil
	}
	var l net.Listener
	err := w.inWorld(func() (err error) {
		l, err = listen(port)
		return err
	})
	if err != nil {
		w.err = errors.Join(w.err, fmt.Errorf("listen for the hosts: %w", err))
		return err
	}
	w.listeners[port] = l
	w.running.Go(func() { w.accept(l) })
	return nil
}

// accept takes the connections that come to a listener, until the wire is cut.
func (w *wire) accept(l net.Listener) {
	for {
		conn, err := l.Accept()
		w.mu.Lock()
		switch {
		case w.closed && err == nil:
			conn.Close()
		case err != nil && !w.closed:
			w.err = errors.Join(w.err, fmt.Errorf("accept a connection for the hosts: %w", err))
		case err == nil:
			w.join(conn)
		}
		w.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// join joins a connection of a program to that of the attempt from which it came. The wire is locked.
func (w *wire) join(conn net.Conn) {
	f := flow{addrPort(conn.RemoteAddr()), addrPort(conn.LocalAddr())}
	a := w.attempts[f]
	if a == nil || a.host == nil || w.open[a.host] {
		splice.Reset(conn)
		return
	}
	w.open[conn], w.open[a.host] = true, true
	w.running.Go(func() {
		var answered sync.WaitGroup
		answered.Go(func() { splice.Copy(conn, a.host) })
		splice.Copy(a.host, conn)
		answered.Wait()
		conn.Close()
		a.host.Close()
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.open, conn)
		delete(w.open, a.host)
		if w.attempts[f] == a {
			delete(w.attempts, f)
		}
	})
}

// addrPort is the address of a connection as it is on the wire.
func addrPort(a net.Addr) netip.AddrPort {
	at := a.(*net.TCPAddr).AddrPort()
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
}
