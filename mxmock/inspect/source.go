package inspect

// What is looked at: a server, an internet, and the hosts in it.

import (
	"cmp"
	"context"
	"net"
	"strconv"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mxmock"
)

// Source is what can be looked at: a [*mailtest.Server] or a [*mxmock.Internet]. Of anything else that has these methods,
// only messages and sessions are shown.
type Source interface {
	Messages() []*mailtest.Message
	Since(ctx context.Context, n int) (messages []*mailtest.Message, next int, err error)
	Remove(messages ...*mailtest.Message) int
	Sessions() []*mailtest.Session
}

// host is a mail server of a source.
type host struct {
	name   string // with the port, if that is not 25
	server *mailtest.Server
}

// hostsOf returns the mail servers of a source.
func hostsOf(x Source) []host {
	switch x := x.(type) {
	case *mailtest.Server:
		return []host{{cmp.Or(x.Name, "localhost"), x}}
	case *mxmock.Internet:
		var all []host
		for _, h := range x.Hosts() {
			for _, port := range h.MailPorts() {
				name := h.Name()
				if port != 25 {
					name = net.JoinHostPort(name, strconv.Itoa(port))
				}
				all = append(all, host{name, h.Server(port)})
			}
		}
		return all
	}
	return nil
}

// holder finds the host that has accepted a message, and moves it to the front, where it is found soon next time.
func holder(hosts []host, m *mailtest.Message) (host, bool) {
	for i, h := range hosts {
		if own := h.server.Message(m.Number); own != nil && (own == m || sameMessage(own, m)) {
			copy(hosts[1:i+1], hosts[:i])
			hosts[0] = h
			return h, true
		}
	}
	return host{}, false
}

// sameMessage reports whether two messages are one of which a server has learned later that its acceptance got lost.
func sameMessage(a, b *mailtest.Message) bool {
	return a.Number == b.Number && a.Session == b.Session && a.Envelope.Server == b.Envelope.Server && a.Time.Equal(b.Time)
}

// session returns the session with a number of the host with a name, or nil.
func session(x Source, name, number string) *mailtest.Session {
	n, err := strconv.Atoi(number)
	if err != nil {
		return nil
	}
	for _, h := range hostsOf(x) {
		if h.name == name {
			return h.server.Session(n)
		}
	}
	return nil
}

// journalOf returns the journal of an internet, and nothing for any other source.
func journalOf(x Source) mxmock.Journal {
	if inet, ok := x.(*mxmock.Internet); ok {
		return inet.Journal()
	}
	return nil
}
