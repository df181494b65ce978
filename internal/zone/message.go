package zone

// The messages around questions and answers: malformed queries, EDNS, and the size of packets.

import (
	"encoding/binary"
	"slices"

	"github.com/miekg/dns"
)

// MaxUDP is the maximum size of an answer over UDP, even if the client accepts more, and the size that answers with
// EDNS announce. It avoids fragments, as real name servers do by default.
const MaxUDP = 1232

// headerSize is the length of the header of a message (RFC 1035 §4.1.1).
const headerSize = 12

// Unpack reads a query from a packet. If the packet is not a message but has the header of a query, Unpack returns
// the refusal to send, which is FORMERR with the same ID. For a packet that is shorter than a header, and for a
// response, it returns neither, since they get no answer.
func Unpack(packet []byte, m Mode) (query, refusal *dns.Msg) {
	if len(packet) < headerSize {
		return nil, nil
	}
	q := new(dns.Msg)
	err := q.Unpack(packet)
	if q.Response {
		return nil, nil
	}
	if err != nil || !counted(q, packet) {
		r := reply(&dns.Msg{MsgHdr: q.MsgHdr}, m)
		r.Rcode = dns.RcodeFormatError
		return nil, r
	}
	return q, nil
}

// counted reports whether a message has as many questions and records as its header says. (dns.Msg.Unpack accepts a
// packet that ends early.)
func counted(q *dns.Msg, packet []byte) bool {
	count := func(at int) int { return int(binary.BigEndian.Uint16(packet[at:])) }
	return len(q.Question) == count(4) && len(q.Answer) == count(6) && len(q.Ns) == count(8) && len(q.Extra) == count(10)
}

// reply returns the empty answer to a query: the header, the question, and EDNS.
func reply(q *dns.Msg, m Mode) *dns.Msg {
	r := &dns.Msg{
		MsgHdr: dns.MsgHdr{
			Id: q.Id, Response: true, Opcode: q.Opcode, RecursionDesired: q.RecursionDesired,
			RecursionAvailable: m == Recursive,
			CheckingDisabled:   m == Recursive && q.CheckingDisabled, // RFC 4035 §3.1.6, §3.2.2
		},
		Compress: true,
		Question: slices.Clone(q.Question),
	}
	if opt := q.IsEdns0(); opt != nil {
		ours := &dns.OPT{Hdr: dns.RR_Header{Name: ".", Rrtype: dns.TypeOPT}}
		ours.SetUDPSize(MaxUDP)
		if opt.Do() {
			ours.SetDo()
		}
		r.Extra = []dns.RR{ours}
	}
	return r
}

// check returns the code with which to refuse a query, or success.
func check(q *dns.Msg) int {
	if q.Opcode != dns.OpcodeQuery {
		return dns.RcodeNotImplemented
	}
	if len(q.Question) != 1 {
		return dns.RcodeFormatError
	}
	opts := 0
	for _, rr := range q.Extra {
		if opt, ok := rr.(*dns.OPT); ok {
			if opts++; opts > 1 || opt.Hdr.Name != "." {
				return dns.RcodeFormatError // RFC 6891 §6.1.1
			}
			if opt.Version() != 0 {
				return dns.RcodeBadVers
			}
		}
	}
	switch question := q.Question[0]; {
	case question.Qclass == 0, question.Qtype == dns.TypeNone, question.Qtype == dns.TypeOPT,
		question.Qtype == dns.TypeTKEY, question.Qtype == dns.TypeTSIG:
		return dns.RcodeFormatError
	case question.Qclass != dns.ClassINET, question.Qtype == dns.TypeAXFR, question.Qtype == dns.TypeIXFR:
		return dns.RcodeRefused
	case question.Qtype == dns.TypeMAILA, question.Qtype == dns.TypeMAILB:
		return dns.RcodeNotImplemented
	}
	return dns.RcodeSuccess
}

// Pack returns the packet of an answer to a query, which may be nil if it could not be read. Over UDP the answer is
// cut to the size that the client accepts: 512 bytes without EDNS, and otherwise the size that it announces, but at
// most [MaxUDP]. Over TCP the limit is 65535. Whole RRsets are left out, from the end: first additional addresses,
// silently, and then needed ones, with TC set (RFC 2181 §9). Over TCP, since no client can ask again, the records
// of an RRset that fit are sent. Pack changes r if it has to cut. It returns nil if r is nil or cannot be packed at
// all, which never happens to answers of a [DB].
func Pack(r, query *dns.Msg, udp bool) []byte {
	if r == nil {
		return nil
	}
	limit := dns.MaxMsgSize
	if udp {
		limit = dns.MinMsgSize
		if query != nil {
			if opt := query.IsEdns0(); opt != nil {
				limit = min(max(int(opt.UDPSize()), limit), MaxUDP)
			}
		}
	}
	packet, err := r.Pack()
	if err == nil && len(packet) <= limit {
		return packet
	}
	cut(r, limit, udp)
	if packet, err = r.Pack(); err != nil || len(packet) > limit {
		return nil
	}
	return packet
}

// cut leaves out RRsets until the message fits, or only records if they need not be whole.
func cut(r *dns.Msg, limit int, sets bool) {
	was, referral := *r, len(r.Answer) == 0
	was.Extra = slices.Clone(r.Extra) // Truncate moves the OPT record in place
	r.Truncate(limit)
	r.Compress = true
	var opt []dns.RR
	if n := len(r.Extra); n > 0 && r.Extra[n-1].Header().Rrtype == dns.TypeOPT {
		opt = r.Extra[n-1:]
	}
	extra := r.Extra[:len(r.Extra)-len(opt)]
	if sets {
		r.Answer = whole(r.Answer, was.Answer)
		r.Ns = whole(r.Ns, was.Ns)
	}
	extra = whole(extra, was.Extra[:len(was.Extra)-len(opt)])
	r.Truncated = was.Truncated || len(r.Answer) < len(was.Answer) || len(r.Ns) < len(was.Ns) ||
		referral && len(extra) < len(was.Extra)-len(opt) // glue is needed too (RFC 9471 §3.1)
	r.Extra = append(extra[:len(extra):len(extra)], opt...)
}

// whole shortens kept, the beginning of all, to whole RRsets.
func whole(kept, all []dns.RR) []dns.RR {
	n := len(kept)
	if n == len(all) {
		return kept
	}
	next := all[n].Header()
	for n > 0 {
		last := all[n-1].Header()
		if last.Rrtype != next.Rrtype || last.Name != next.Name {
			break
		}
		n--
	}
	return all[:n]
}
