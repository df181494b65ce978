package zone

// The verdicts of a validator (RFC 4035 §4.3).

import (
	"strings"
	"time"

	"github.com/miekg/dns"
)

// verdict is the verdict of a validator on data (RFC 4035 §4.3). Greater values are worse.
type verdict uint8

const (
	secure verdict = iota
	insecure
	bogus
)

// verdict returns the verdict on the data of a zone, at a time, of a validator that trusts our root.
func (apex *node) verdict(now time.Time) verdict {
	s := apex.zone.signer
	if apex.parent == nil {
		if s == nil {
			return insecure
		}
		return s.verdict(now)
	}
	parent := apex.enclosing(dns.TypeDS)
	if v := parent.verdict(now); v != secure {
		return v
	}
	switch ds := apex.set(dns.TypeDS); {
	case ds == nil && parent.zone.signer.deniesBadly():
		return bogus
	case ds == nil:
		return insecure
	default:
		return s.trusted(ds, now)
	}
}

// trusted returns the verdict of a validator that trusts the DS records of the zone. It ignores DS records with
// unknown algorithms (RFC 4035 §5.2).
func (s *signer) trusted(rrs []dns.RR, now time.Time) verdict {
	v := insecure
	for _, rr := range rrs {
		ds := rr.(*dns.DS)
		switch ds.Algorithm {
		case dns.RSASHA1, dns.RSASHA1NSEC3SHA1, dns.RSASHA256, dns.RSASHA512, dns.ECDSAP256SHA256, dns.ECDSAP384SHA384, dns.ED25519, dns.ED448:
		default:
			continue
		}
		switch ds.DigestType {
		case dns.SHA1, dns.SHA256, dns.SHA384:
		default:
			continue
		}
		v = bogus
		if s == nil {
			continue
		}
		if s.isFor(ds) {
			return s.verdict(now)
		}
	}
	return v
}

// isFor reports whether a DS record is that of the zone's own key.
func (s *signer) isFor(rr dns.RR) bool {
	ds := rr.(*dns.DS)
	own := s.ds
	if own.DigestType != ds.DigestType {
		own = s.ksk.ToDS(ds.DigestType)
	}
	return own != nil && own.KeyTag == ds.KeyTag && own.Algorithm == ds.Algorithm && strings.EqualFold(own.Digest, ds.Digest)
}

// verdict returns the verdict of a validator that trusts the keys of the zone.
func (s *signer) verdict(now time.Time) verdict {
	from, until := s.window(now)
	if s.Flaw == BadSignatures || s.Flaw == Unsigned || now.Before(from) || now.After(until) {
		return bogus
	}
	return secure
}

func (s *signer) deniesBadly() bool { return s.Flaw == NoDenial || s.Flaw == WrongDenial }

// judge adds the verdict on the data of a zone.
func (a *answerer) judge(apex *node) {
	v := apex.verdict(a.now())
	if v == bogus && a.verdict != bogus {
		a.blamed = apex
	}
	a.verdict = max(a.verdict, v)
}

// explain adds the reason for a SERVFAIL to the answer, if the client can read it.
func (a *answerer) explain() {
	switch {
	case a.mode == Authoritative && a.msg.Rcode == dns.RcodeRefused:
		SetExtendedError(a.msg, dns.ExtendedErrorCodeNotAuthoritative, "no zone of this server has the name")
	case a.mode != Recursive || a.msg.Rcode != dns.RcodeServerFailure:
	case a.blamed != nil:
		code, text := a.blamed.fault(a.now())
		SetExtendedError(a.msg, code, text)
	case a.circling:
		SetExtendedError(a.msg, dns.ExtendedErrorCodeOther, "too many aliases, or aliases in a circle")
	default:
		SetExtendedError(a.msg, dns.ExtendedErrorCodeNoReachableAuthority, "nobody serves the zone that the name is delegated to")
	}
}

// conclude turns the answer into that of a validating resolver, with or without AD for secure data (RFC 4035
// §3.2.2, §3.2.3).
func (a *answerer) conclude(ad bool) {
	switch r := a.msg; {
	case r.CheckingDisabled:
	case a.verdict == bogus:
		r.Answer, r.Ns, r.Extra, r.Rcode = nil, nil, nil, dns.RcodeServerFailure
	case r.Rcode == dns.RcodeSuccess, r.Rcode == dns.RcodeNameError:
		r.AuthenticatedData = ad && a.verdict == secure
	}
}
