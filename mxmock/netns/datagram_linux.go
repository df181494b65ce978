package netns

// UDP: questions to the DNS, and the answers.

import (
	"errors"
	"net"
	"slices"
	"syscall"
	"time"
)

// How long an answer is waited for, and a further one after that.
const (
	answerPatience  = 2 * time.Minute
	furtherPatience = 5 * time.Second
)

// exchange is the questions from one port to another, and their answers.
type exchange struct {
	host     net.Conn
	question packet // the last, by which an answer of ICMP is known
}

// ask passes on a datagram of a program.
func (w *wire) ask(p packet) {
	e := w.exchange(p)
	if e == nil {
		return
	}
	e.host.SetReadDeadline(time.Now().Add(answerPatience))
	e.host.Write(p.segment[8:])
}

// exchange returns the exchange that a datagram belongs to. It is nil if there is nobody to answer.
func (w *wire) exchange(p packet) *exchange {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil
	}
	e := w.datagrams[p.flow]
	if e == nil {
		host, err := w.at.DialContext(w.ctx, "udp", p.server.String())
		if err != nil {
			w.inside.Write(p.unreachable(false))
			return nil
		}
		e = &exchange{host: host}
		w.datagrams[p.flow] = e
		w.running.Go(func() { w.answer(p.flow, e) })
	}
	e.question, _ = parse(slices.Clone(p.raw))
	return e
}

// answer passes on the answers, until no further one is expected.
func (w *wire) answer(f flow, e *exchange) {
	buf := make([]byte, mtu)
	for {
		n, err := e.host.Read(buf)
		w.mu.Lock()
		switch {
		case err == nil:
			if reply := f.reply(buf[:n]); reply != nil {
				w.inside.Write(reply)
			}
			e.host.SetReadDeadline(time.Now().Add(furtherPatience))
		case errors.Is(err, syscall.ECONNREFUSED):
			w.inside.Write(e.question.unreachable(true))
		default: // there was none for some time, or the wire is cut
			delete(w.datagrams, f)
			w.mu.Unlock()
			e.host.Close()
			return
		}
		w.mu.Unlock()
	}
}
