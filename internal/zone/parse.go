package zone

// The parser of master files (RFC 1035 §5). It reads the form, and keeps the place of every token. Package
// miekg/dns reads the data of each record.

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/miekg/dns"
)

// ParseError is a mistake in a zone text, with its place.
type ParseError struct {
	File   string // as given to Parse
	Line   int    // from 1
	Column int    // from 1, in bytes; just after the end if something is missing
	Text   string // the token in question, "" if something is missing
	Err    error  // the mistake
}

// Error returns the message in the form of compilers: file:line:column: mistake: "token".
func (e *ParseError) Error() string {
	s := fmt.Sprintf("%d:%d: %v", e.Line, e.Column, e.Err)
	if e.File != "" {
		s = e.File + ":" + s
	}
	if e.Text != "" {
		text := e.Text
		if len(text) > 80 {
			text = text[:77] + "..."
		}
		s += ": " + strconv.Quote(text)
	}
	return s
}

// Unwrap returns e.Err.
func (e *ParseError) Unwrap() error { return e.Err }

// Bounds of the records that $GENERATE may make for one text.
const (
	maxGenerated      = 10_000
	maxGeneratedBytes = 4 << 20
)

// Parse reads the records of a zone from the text of a master file (RFC 1035 §5): the records of the
// zone whose apex is origin, or of any zones if origin is ".". File is a name for error messages.
//
// White space with which all non-empty lines begin has no meaning, so a text may be indented as a whole. Otherwise
// a line that begins with white space has the owner of the previous record.
//
// Relative names are completed with origin or the last $ORIGIN. A record without a TTL has that of the last $TTL
// (RFC 2308 §4), or else the last one stated (RFC 1035 §5.1), or else [DefaultTTL]. The data of unknown types is
// read in the form of RFC 3597. $GENERATE is supported up to 10,000 records and 4 MiB per text, with the bases d,
// o, x and X. $INCLUDE is an error. SOA and NS records may be missing: [DB.Add] and [DB.Replace] synthesize them.
//
// If there is a mistake, Parse returns no records and a [*ParseError]. The mistakes are those for which [DB.Add]
// returns an error, records outside the zone, a second SOA, an SOA that is not at origin, a string of more than 255
// bytes, and bytes that are not ASCII outside quotes. (An international name has to be written with A-labels.)
func Parse(text, origin, file string) ([]dns.RR, error) {
	p := newParser(text)
	return p.all(origin, file)
}

// ParseAnswer reads the records of an answer in the format of [Parse]. They need not be in one zone and may contradict
// each other, as in the answers of bad name servers. Origin is the name that was asked for.
func ParseAnswer(text, origin, file string) ([]dns.RR, error) {
	p := newParser(text)
	p.answer = true
	return p.all(origin, file)
}

// parser is the state of Parse: the text, the defaults of the moment, and the records so far.
type parser struct {
	scanner
	apex     name
	origin   string // for relative names
	owner    string // of the last record
	ttl      uint32
	ttlFixed bool // by $TTL
	soa      map[string]bool
	answer   bool // the records are those of an answer
	check    DB   // has all the records, for the rules between those of a zone
	rrs      []dns.RR

	generated, generatedBytes int
}

func newParser(text string) parser {
	return parser{scanner: scanner{text: text, margin: margin(text), line: 1}, ttl: DefaultTTL, check: DB{Occluded: true}}
}

// all returns all records.
func (p *parser) all(origin, file string) ([]dns.RR, error) {
	if err := p.parse(origin); err != nil {
		err.File = file
		return nil, err
	}
	return p.rrs, nil
}

func (p *parser) parse(origin string) *ParseError {
	start := token{text: origin, line: 1, col: 1}
	apex, err := parseName(origin)
	if err != nil {
		return start.wrong(err)
	}
	p.apex, p.origin, p.soa = apex, dns.Fqdn(origin), make(map[string]bool)
	if err := p.check.Ensure(origin); err != nil {
		return start.wrong(err)
	}
	for {
		e, err := p.next()
		if err != nil || len(e.tokens) == 0 {
			return err
		}
		if first := e.tokens[0]; !e.indented && first.text[0] == '$' {
			err = p.directive(e)
		} else {
			err = p.record(e)
		}
		if err != nil {
			if e.indented && p.owner != "" {
				err.Err = fmt.Errorf("%w (this line is indented, so its owner is that of the record before, %s)", err.Err, p.owner)
			}
			return err
		}
	}
}

// directive carries out an entry that begins with $.
func (p *parser) directive(e entry) *ParseError {
	first, args := e.tokens[0], e.tokens[1:]
	switch strings.ToUpper(first.text) {
	case "$ORIGIN":
		if err := exactly(args, 1, e.end, "want $ORIGIN and a name"); err != nil {
			return err
		}
		name, err := p.absolute(args[0])
		if err != nil {
			return err
		}
		p.origin = name
	case "$TTL":
		if err := exactly(args, 1, e.end, "want $TTL and a number of seconds"); err != nil {
			return err
		}
		ttl, err := seconds(args[0])
		if err != nil {
			return err
		}
		p.ttl, p.ttlFixed = ttl, true
	case "$GENERATE":
		return p.generate(e)
	case "$INCLUDE":
		return first.wrong(errors.New("$INCLUDE is not supported: a zone text stands for itself"))
	default:
		return first.wrong(errors.New("unknown directive, want $ORIGIN, $TTL or $GENERATE (a name that begins with $ is written \\$)"))
	}
	return nil
}

func exactly(args []token, n int, end token, want string) *ParseError {
	switch {
	case len(args) < n:
		return end.wrong(errors.New(want))
	case len(args) > n:
		return args[n].wrong(errors.New(want + ", and nothing more"))
	}
	return nil
}

// absolute returns the name that a token means.
func (p *parser) absolute(t token) (string, *ParseError) {
	s := t.text
	switch {
	case t.quoted:
		return "", t.wrong(errors.New("a name has no quotes"))
	case s == "@":
		return p.origin, nil
	case !dns.IsFqdn(s) && p.origin == ".":
		s += "."
	case !dns.IsFqdn(s):
		s += "." + p.origin
	}
	if _, err := parseName(s); err != nil {
		return "", t.wrong(errors.New("not a domain name: labels have 1 to 63 octets, names with their origin 255 at most (RFC 1035 §2.3.4)"))
	}
	return s, nil
}

// seconds reads a TTL or another time, plain or with the units of BIND: 1h30m.
func seconds(t token) (uint32, *ParseError) {
	const most = 1<<31 - 1
	total, n, digits := uint64(0), uint64(0), false
	for _, c := range []byte(t.text) {
		unit := uint64(0)
		switch c {
		case '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
			n, digits = n*10+uint64(c-'0'), true
		case 's', 'S':
			unit = 1
		case 'm', 'M':
			unit = 60
		case 'h', 'H':
			unit = 3600
		case 'd', 'D':
			unit = 86400
		case 'w', 'W':
			unit = 7 * 86400
		default:
			return 0, t.wrong(errors.New("not a time, want seconds or a form such as 1h30m"))
		}
		if unit > 0 {
			if !digits {
				return 0, t.wrong(errors.New("not a time, want a number before each unit"))
			}
			total, n, digits = total+n*unit, 0, false
		}
		if n > most || total+n > most {
			return 0, t.wrong(errors.New("time is more than 2147483647 seconds (RFC 2181 §8)"))
		}
	}
	return uint32(total + n), nil
}

// record reads a record: [owner] [TTL] [class] type data, TTL and class in either order.
func (p *parser) record(e entry) *ParseError {
	rest := e.tokens
	if !e.indented {
		owner, err := p.absolute(rest[0])
		if err != nil {
			return err
		}
		p.owner, rest = owner, rest[1:]
	} else if p.owner == "" {
		return rest[0].wrong(errors.New("the first record has no owner name before it"))
	}
	ttl, hasTTL, hasClass := p.ttl, false, false
	for ; len(rest) > 0; rest = rest[1:] {
		t := rest[0]
		switch upper := strings.ToUpper(t.text); {
		case !hasTTL && '0' <= t.text[0] && t.text[0] <= '9':
			var err *ParseError
			if ttl, err = seconds(t); err != nil {
				return err
			}
			if hasTTL = true; !p.ttlFixed {
				p.ttl = ttl
			}
			continue
		case !hasClass && (upper == "IN" || upper == "CLASS1"):
			hasClass = true
			continue
		case !hasClass && isClass(upper):
			return t.wrong(errors.New("want class IN"))
		}
		break
	}
	if len(rest) == 0 {
		return e.end.wrong(errors.New("want a type"))
	}
	typ, ok := typeOf(rest[0].text)
	if !ok {
		return rest[0].wrong(errors.New("unknown type (others are written TYPE123, RFC 3597 §5)"))
	}
	if !storable(typ) {
		return rest[0].wrong(errors.New("no zone holds records of this type"))
	}
	data := rest[1:]
	if len(data) == 0 {
		return e.end.wrong(fmt.Errorf("%s record without data, want %s", dns.Type(typ), syntax(typ)))
	}
	rr, err := p.data(typ, data, e.end)
	if err != nil {
		return err
	}
	*rr.Header() = dns.RR_Header{Name: p.owner, Rrtype: typ, Class: dns.ClassINET, Ttl: ttl}
	sent, bad := onWire(rr)
	if bad != nil {
		return data[0].wrong(fmt.Errorf("bad %s record: %w", dns.Type(typ), bad))
	}
	return p.take(sent, e.tokens[0])
}

func isClass(upper string) bool {
	_, ok := dns.StringToClass[upper]
	return ok || strings.HasPrefix(upper, "CLASS")
}

func typeOf(s string) (uint16, bool) {
	upper := strings.ToUpper(s)
	if typ, ok := dns.StringToType[upper]; ok {
		return typ, true
	}
	if number, ok := strings.CutPrefix(upper, "TYPE"); ok {
		n, err := strconv.ParseUint(number, 10, 16)
		return uint16(n), err == nil
	}
	return 0, false
}
