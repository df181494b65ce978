package memnet

// The ring buffer of a connection.

// The sizes of a ring, powers of two.
const (
	ringMin  = 512     // the first allocation
	ringKeep = 1 << 10 // the most that an empty ring keeps allocated
	ringMax  = 1 << 18 // the most that it holds
)

// ring is a queue of at most ringMax bytes. An empty ring keeps no large buffer, since most connections are idle
// most of the time.
type ring struct {
	buf   []byte // its length is a power of two, or zero
	start int    // the index in buf of the oldest byte
	n     int    // the number of bytes
}

// write appends as much of p as there is room for, and returns the number of bytes.
func (r *ring) write(p []byte) int {
	p = p[:min(len(p), ringMax-r.n)]
	if need := r.n + len(p); need > len(r.buf) {
		size := max(ringMin, len(r.buf))
		for size < need {
			size *= 2
		}
		buf := make([]byte, size)
		r.peek(buf)
		r.buf, r.start = buf, 0
	}
	if len(p) > 0 {
		end := (r.start + r.n) & (len(r.buf) - 1)
		copy(r.buf, p[copy(r.buf[end:], p):])
		r.n += len(p)
	}
	return len(p)
}

// read moves the oldest bytes to p, and returns their number.
func (r *ring) read(p []byte) int {
	n := r.peek(p)
	r.n -= n
	switch {
	case r.n > 0:
		r.start = (r.start + n) & (len(r.buf) - 1)
	case len(r.buf) > ringKeep:
		*r = ring{}
	default:
		r.start = 0
	}
	return n
}

// peek copies the oldest bytes to p, and returns their number.
func (r *ring) peek(p []byte) int {
	p = p[:min(len(p), r.n)]
	n := copy(p, r.buf[r.start:])
	return n + copy(p[n:], r.buf)
}
