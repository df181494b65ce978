package zone

// Extended errors, which say why there is no answer (RFC 8914).

import (
	"slices"
	"time"

	"github.com/miekg/dns"
)

// SetExtendedError puts an extended error into a reply, if its query had EDNS. The options of the reply must not be
// shared.
func SetExtendedError(r *dns.Msg, code uint16, text string) {
	if opt := r.IsEdns0(); opt != nil {
		opt.Option = append(opt.Option, &dns.EDNS0_EDE{InfoCode: code, ExtraText: text})
	}
}

// fault returns the extended error for a zone that a validator finds bogus: that of the topmost zone that is to
// blame.
func (apex *node) fault(now time.Time) (code uint16, text string) {
	s := apex.zone.signer
	if apex.parent != nil {
		parent := apex.enclosing(dns.TypeDS)
		ds := apex.set(dns.TypeDS)
		switch {
		case parent.verdict(now) == bogus:
			return parent.fault(now)
		case ds == nil:
			return parent.zone.signer.denialFault()
		case s == nil || !slices.ContainsFunc(ds, s.isFor):
			return dns.ExtendedErrorCodeDNSKEYMissing, "no key of " + apex.name() + " is the one of its DS record"
		}
	}
	from, until := s.window(now)
	switch {
	case s.Flaw == Unsigned:
		return dns.ExtendedErrorCodeDNSKEYMissing, apex.name() + " has a DS record and no key"
	case now.After(until):
		return dns.ExtendedErrorCodeSignatureExpired, "the signatures of " + apex.name() + " have expired"
	case now.Before(from):
		return dns.ExtendedErrorCodeSignatureNotYetValid, "the signatures of " + apex.name() + " are not yet valid"
	case s.deniesBadly():
		return s.denialFault()
	}
	return dns.ExtendedErrorCodeDNSBogus, "the signatures of " + apex.name() + " are wrong"
}

// denialFault returns the extended error for a denial that proves nothing.
func (s *signer) denialFault() (code uint16, text string) {
	if s.Flaw == NoDenial {
		return dns.ExtendedErrorCodeNSECMissing, "nothing proves that there are no such records"
	}
	return dns.ExtendedErrorCodeDNSBogus, "the wrong records prove that there are no such records"
}

// name returns the name of the zone.
func (apex *node) name() string { return apex.zone.soa.Hdr.Name }
