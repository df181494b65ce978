package zone

// Signatures (RFC 4034 §3, RFC 4035 §2.2), which are made when they are asked for.

import (
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// window returns the times from which and until which a signature that is made now is valid.
func (s *signer) window(now time.Time) (from, until time.Time) {
	const slack = time.Hour            // for clocks that are late
	const mistake = 7 * 24 * time.Hour // more than validators tolerate, which is a day for unbound
	switch s.Flaw {
	case Expired:
		now = now.Add(-mistake - Validity)
	case NotYetValid:
		now = now.Add(mistake)
	case Unrenewed:
		now = s.since
	}
	return now.Add(-slack), now.Add(Validity)
}

// signing returns the signer of a zone that signs, or nil.
func (z *zone) signing() *signer {
	if z.signer == nil || z.signer.Flaw == Unsigned {
		return nil
	}
	return z.signer
}

// sign returns the signature of an RRset of the zone.
func (s *signer) sign(rrs []dns.RR, now time.Time) *dns.RRSIG {
	k := s.zsk
	if rrs[0].Header().Rrtype == dns.TypeDNSKEY {
		k = s.ksk
	}
	from, until := s.window(now)
	sig := &dns.RRSIG{
		Hdr:        dns.RR_Header{Ttl: rrs[0].Header().Ttl},
		Algorithm:  k.Algorithm,
		Inception:  uint32(from.Unix()),
		Expiration: uint32(until.Unix()),
		KeyTag:     k.tag,
		SignerName: s.name,
	}
	owner := rrs[0].Header().Name
	if owner[0] == '*' && !strings.HasPrefix(owner, "*.") { // no wildcard, but miekg/dns would take it for one
		rrs = slices.Clone(rrs)
		for i, rr := range rrs {
			rrs[i] = dns.Copy(rr)
			rrs[i].Header().Name = `\042` + owner[1:]
		}
	}
	// Records of a DB can be packed and its keys can sign, so there is no error.
	if err := sig.Sign(k.private, rrs); err == nil && s.Flaw == BadSignatures {
		sig.Signature = spoil(sig.Signature)
	}
	sig.Hdr.Name = owner
	return sig
}

// spoil returns a false signature for a good one.
func spoil(signature string) string {
	b, err := base64.StdEncoding.DecodeString(signature)
	if err != nil || len(b) == 0 {
		return ""
	}
	b[len(b)-1] ^= 1
	return base64.StdEncoding.EncodeToString(b)
}

// Spoil makes all signatures in an answer false.
func Spoil(r *dns.Msg) {
	for _, section := range [][]dns.RR{r.Answer, r.Ns, r.Extra} {
		for i, rr := range section {
			if sig, ok := rr.(*dns.RRSIG); ok {
				bad := *sig
				bad.Signature = spoil(sig.Signature)
				section[i] = &bad
			}
		}
	}
}

// sign adds the signature of an RRset of a zone to a section, if the client wants it and the zone
// is signed.
func (a *answerer) sign(section *[]dns.RR, apex *node, rrs []dns.RR) *dns.RRSIG {
	s := apex.zone.signing()
	if !a.signed || s == nil || len(rrs) == 0 || rrs[0].Header().Rrtype == dns.TypeRRSIG {
		return nil
	}
	sig := s.sign(rrs, a.now())
	*section = append(*section, sig)
	return sig
}

// now returns the time of the answer.
func (a *answerer) now() time.Time {
	if a.time.IsZero() {
		a.time = time.Now()
	}
	return a.time
}

// signatures returns the signatures of all records that a zone has at a node.
func (a *answerer) signatures(apex, at *node) []dns.RR {
	var sigs []dns.RR
	for i := range at.sets {
		if s := &at.sets[i]; at != apex || s.typ != dns.TypeDS {
			sigs = append(sigs, apex.zone.signer.sign(s.rrs, a.now()))
		}
	}
	return sigs
}
