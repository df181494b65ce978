package zone

// The data of records in a master file.

import (
	"errors"
	"fmt"
	"strings"

	"github.com/miekg/dns"
)

// data reads the data of a record. It passes the data to the parser of miekg/dns on a line of its own. That parser
// does not say where it stopped, but it takes its bytes one by one, so the token that it refused is the last one
// that it read.
func (p *parser) data(typ uint16, data []token, end token) (dns.RR, *ParseError) {
	want := fmt.Errorf("bad %s record, want %s", dns.Type(typ), syntax(typ))
	if generic := data[0].text == `\#`; !generic && len(data) < fields(typ) {
		return nil, end.wrong(want)
	} else if !generic {
		if err := strict(typ, data); err != nil {
			return nil, err
		}
	}
	var line strings.Builder
	fmt.Fprintf(&line, ". 0 IN TYPE%d", typ)
	starts := make([]int, len(data))
	for i, t := range data {
		line.WriteByte(' ')
		starts[i] = line.Len()
		line.WriteString(t.text)
	}
	line.WriteByte('\n')
	r := strings.NewReader(line.String())
	z := dns.NewZoneParser(r, p.origin, "")
	rr, ok := z.Next()
	if ok && z.Err() == nil {
		return rr, nil
	}
	read := line.Len() - r.Len()
	i := len(data) - 1
	for i > 0 && starts[i] >= read-1 {
		i--
	}
	return nil, data[i].wrong(want)
}

// strict refuses data that the parser of miekg/dns would accept: it splits a string that is too long, and reads a
// malformed time as 0.
func strict(typ uint16, data []token) *ParseError {
	switch typ {
	case dns.TypeTXT, dns.TypeSPF, dns.TypeAVC, dns.TypeHINFO, dns.TypeISDN, dns.TypeNINFO, dns.TypeRESINFO, dns.TypeUINFO:
		for _, t := range data {
			if longest(t.text) > 255 {
				return t.wrong(errors.New("more than 255 bytes in one string (RFC 1035 §3.3): make it several"))
			}
		}
	case dns.TypeSOA:
		for _, t := range data[3:fields(typ)] {
			if _, err := seconds(t); err != nil {
				return err
			}
		}
	}
	return nil
}

// longest returns the length in bytes of the longest string in a token.
func longest(text string) int {
	most, n := 0, 0
	for len(text) > 0 {
		step := 1
		switch text[0] {
		case '"':
			most, n = max(most, n), -1
		case '\\':
			step = max(1, escape(text))
		}
		n, text = n+1, text[step:]
	}
	return max(most, n)
}

// syntax returns the syntax of the data of a type, for errors.
func syntax(typ uint16) string {
	switch typ {
	case dns.TypeA:
		return "an IPv4 address"
	case dns.TypeAAAA:
		return "an IPv6 address"
	case dns.TypeNS, dns.TypeCNAME, dns.TypeDNAME, dns.TypePTR:
		return "a name"
	case dns.TypeMX:
		return "preference and host"
	case dns.TypeTXT, dns.TypeSPF:
		return "strings"
	case dns.TypeSOA:
		return "primary server, mailbox, serial, refresh, retry, expire, minimum"
	case dns.TypeSRV:
		return "priority, weight, port and host (RFC 2782)"
	case dns.TypeTLSA:
		return "usage, selector, matching type and hexadecimal data (RFC 6698 §2.2)"
	case dns.TypeCAA:
		return "flags, tag and value (RFC 8659 §4.1.1)"
	case dns.TypeDS:
		return "key tag, algorithm, digest type and hexadecimal digest (RFC 4034 §5.3)"
	}
	if _, known := dns.TypeToRR[typ]; known {
		return "the form of its RFC"
	}
	return `\#, length and hexadecimal data (RFC 3597 §5)`
}

// fields returns the minimum number of tokens in the data of a type, by its syntax.
func fields(typ uint16) int {
	switch typ {
	case dns.TypeMX:
		return 2
	case dns.TypeCAA:
		return 3
	case dns.TypeSRV, dns.TypeTLSA, dns.TypeDS:
		return 4
	case dns.TypeSOA:
		return 7
	}
	return 1
}

// take adds a record if it does not contradict the others.
func (p *parser) take(rr dns.RR, where token) *ParseError {
	if p.answer {
		p.rrs = append(p.rrs, rr)
		return nil
	}
	h := rr.Header()
	n, err := parseName(h.Name)
	if err != nil {
		return where.wrong(err)
	}
	if !n.within(&p.apex) {
		return where.wrong(fmt.Errorf("%s is not in the zone", h.Name))
	}
	if h.Rrtype == dns.TypeSOA {
		key := string(n.wire[:n.len()])
		if p.apex.labels > 0 && n.labels != p.apex.labels {
			return where.wrong(fmt.Errorf("SOA of %s in another zone (RFC 1035 §5.2)", h.Name))
		}
		if p.soa[key] {
			return where.wrong(errors.New("second SOA record of the zone (RFC 1035 §5.2)"))
		}
		p.soa[key] = true
	}
	if err := p.check.Add(rr); err != nil {
		var bad *RecordError
		if errors.As(err, &bad) {
			err = fmt.Errorf("%s record of %s: %w", dns.Type(h.Rrtype), h.Name, bad.Err)
		}
		return where.wrong(err)
	}
	p.rrs = append(p.rrs, rr)
	return nil
}
