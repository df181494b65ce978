package mailauth

// This file asks the DNS, each question once.

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"

	"github.com/seed078e9d8c/maillab/internal/dnstext"
)

// lookup asks a resolver. Names that do not exist and names without such records give an empty
// answer; an error is always a temporary one.
type lookup struct {
	ctx      context.Context
	resolver Resolver
	txts     map[string]answer
	addrs    map[addrQuestion]addrAnswer
}

type answer struct {
	texts []string
	err   error
}

type addrQuestion struct{ network, name string }

type addrAnswer struct {
	addrs []netip.Addr
	err   error
}

func newLookup(ctx context.Context, r Resolver) *lookup {
	return &lookup{ctx: ctx, resolver: r, txts: make(map[string]answer), addrs: make(map[addrQuestion]addrAnswer)}
}

// txt returns the TXT records of a name, each with its strings joined.
func (l *lookup) txt(name string) ([]string, error) {
	name = fqdn(name)
	a, ok := l.txts[name]
	if !ok && validName(name) {
		if err := l.ctx.Err(); err != nil {
			return nil, err // even of a resolver that would not wait
		}
		a.texts, a.err = l.resolver.LookupTXT(l.ctx, name)
		a.err = temporary(a.err, len(a.texts))
		l.txts[name] = a
	}
	return a.texts, a.err
}

// addr returns the addresses of a name, of the network "ip4" or "ip6".
func (l *lookup) addr(network, name string) ([]netip.Addr, error) {
	q := addrQuestion{network, fqdn(name)}
	a, ok := l.addrs[q]
	if !ok && validName(q.name) {
		if err := l.ctx.Err(); err != nil {
			return nil, err
		}
		a.addrs, a.err = l.resolver.LookupNetIP(l.ctx, network, q.name)
		a.err = temporary(a.err, len(a.addrs))
		for i := range a.addrs {
			a.addrs[i] = a.addrs[i].Unmap()
		}
		l.addrs[q] = a
	}
	return a.addrs, a.err
}

// mx returns the mail exchangers of a name, the null MX (RFC 7505) left out.
func (l *lookup) mx(name string) ([]string, error) {
	if name = fqdn(name); !validName(name) {
		return nil, nil
	}
	if err := l.ctx.Err(); err != nil {
		return nil, err
	}
	mxs, err := l.resolver.LookupMX(l.ctx, name)
	var hosts []string
	for _, mx := range mxs {
		if mx.Host != "." {
			hosts = append(hosts, mx.Host)
		}
	}
	return hosts, temporary(err, len(mxs))
}

// ptr returns the names of an address.
func (l *lookup) ptr(addr netip.Addr) ([]string, error) {
	if err := l.ctx.Err(); err != nil {
		return nil, err
	}
	names, err := l.resolver.LookupAddr(l.ctx, addr.String())
	return names, temporary(err, len(names))
}

// temporary returns err unless it only says that there is nothing, or that some of the
// records that there are make no sense (as net.Resolver does for names it dislikes).
func temporary(err error, records int) error {
	var dnsError *net.DNSError
	if errors.As(err, &dnsError) && (dnsError.IsNotFound || records > 0) {
		return nil
	}
	return err
}

// fqdn returns the name in lower case, with A-labels (RFC 5890 §2.3) and a final dot.
func fqdn(name string) string { return strings.TrimSuffix(ascii(name), ".") + "." }

// ascii returns the name in lower case with A-labels. It leaves a name that is not an international name as it is.
func ascii(name string) string { return lower(dnstext.ASCII(name)) }

// lower returns s with the letters of ASCII in lower case: DNS names are compared so (RFC 4343 §3).
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// validName reports whether a name can be asked for: labels of 1 to 63 bytes, at most 253 in all
// (RFC 1035 §2.3.4).
func validName(name string) bool {
	name = strings.TrimSuffix(name, ".")
	if len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if len(label) == 0 || len(label) > 63 {
			return false
		}
	}
	return true
}
