package zone

// The memory of answers, as packets, until a zone changes, since most programs ask the same few questions again and
// again.

import (
	"bytes"
	"sync"

	"github.com/miekg/dns"
)

const (
	// maxRemembered is the number of answers that are remembered, and maxQuery the size of the largest query whose
	// answer is remembered.
	maxRemembered = 1024
	maxQuery      = 512
)

// Reply is a query and the answer to it.
type Reply struct {
	// Query and Answer are shared with other replies. They must not be changed, and their IDs are those of the first
	// such query. Query is nil if the packet was not a query.
	Query, Answer *dns.Msg

	// Packet is the answer in wire form. It must not be changed.
	Packet []byte
}

// memory has the answers since the last change, over one transport in one mode.
type memory struct {
	mu      sync.RWMutex
	changes uint64           // of the DB, in which they were given
	replies map[string]Reply // by the query without its ID
}

// find returns the answer to an earlier query, if nothing has changed since.
func (m *memory) find(packet []byte, changes uint64) (Reply, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.changes != changes {
		return Reply{}, false
	}
	r, ok := m.replies[string(packet[2:])]
	return r, ok
}

// keep remembers an answer, unless newer ones are remembered.
func (m *memory) keep(packet []byte, changes uint64, r Reply) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.changes > changes:
		return
	case m.changes < changes, m.replies == nil, len(m.replies) == maxRemembered:
		m.changes, m.replies = changes, make(map[string]Reply)
	}
	m.replies[string(packet[2:])] = r
}

// Reply answers a packet from the network, as [Unpack], [DB.Answer] and [Pack] together do. It returns false if
// there must be no answer, which is so for packets without a whole header, and for responses.
func (db *DB) Reply(packet []byte, udp bool, m Mode) (Reply, bool) {
	changes := db.changes.Load()
	memory := &db.overTCP[m]
	if udp {
		memory = &db.overUDP[m]
	}
	short := headerSize <= len(packet) && len(packet) <= maxQuery
	if short {
		if r, ok := memory.find(packet, changes); ok {
			r.Packet = bytes.Clone(r.Packet)
			copy(r.Packet, packet[:2])
			return r, true
		}
	}
	q, refusal := Unpack(packet, m)
	if q == nil {
		return Reply{Packet: Pack(refusal, nil, udp)}, refusal != nil
	}
	r := Reply{Query: q}
	var lasting bool
	r.Answer, lasting = db.answer(q, m)
	r.Packet = Pack(r.Answer, q, udp)
	if lasting && short {
		memory.keep(packet, changes, r)
	}
	return r, true
}
