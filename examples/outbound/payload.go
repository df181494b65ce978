package outbound

// The conversion of a message to the form that DATA sends (RFC 5321 §2.3.8, §4.5.2).

// payload is a message as DATA sends it, made once for all domains.
type payload struct {
	wire     []byte // CRLF line ends, dots doubled, and the final dot
	size     int64  // octets as SIZE counts them: without doubled dots and final dot (RFC 1870 §6.1)
	eightBit bool   // has octets above 127
	utf8     bool   // has them in its header
}

// newPayload replaces every bare CR and every bare LF by CRLF, so all servers see the same lines and the same end
// of the message. It doubles the dot at the beginning of a line.
func newPayload(msg []byte) payload {
	var p payload
	p.wire = make([]byte, 0, len(msg)+len(msg)/32+8)
	header, start, stuffed := true, 0, 0
	end := func() { // of a line that began at start
		header = header && start < len(p.wire)
		p.wire = append(p.wire, '\r', '\n')
		start = len(p.wire)
	}
	for i, c := range msg {
		switch {
		case c == '\n' && i > 0 && msg[i-1] == '\r':
			// The CR before it has ended the line.
		case c == '\r' || c == '\n':
			end()
		default:
			if c == '.' && start == len(p.wire) {
				p.wire = append(p.wire, '.')
				stuffed++
			}
			p.eightBit = p.eightBit || c > 127
			p.utf8 = p.utf8 || c > 127 && header
			p.wire = append(p.wire, c)
		}
	}
	if start < len(p.wire) {
		end()
	}
	p.size = int64(len(p.wire) - stuffed)
	p.wire = append(p.wire, ".\r\n"...)
	return p
}
