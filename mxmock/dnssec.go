package mxmock

// DNSSEC: secure domains, and what is wrong with them.

import (
	"fmt"

	"github.com/miekg/dns"

	"github.com/seed078e9d8c/maillab/internal/enum"
	"github.com/seed078e9d8c/maillab/internal/zone"
)

// DNSSEC is how a domain is signed, or what is wrong with that: something to give to
// [Internet.Secure]. The zero DNSSEC is neither, and Secure panics on it.
type DNSSEC uint8

// How a domain can be signed, instead of by ECDSA P-256 keys with NSEC records.
const (
	// NSEC3 denies by hashed names (RFC 5155).
	NSEC3 DNSSEC = iota + 1

	// RSA makes keys of 2048 bits for RSA/SHA-256 (RFC 5702), which takes long; Ed25519 those of RFC 8080.
	RSA
	Ed25519

	// BadSignatures: all signatures of the domain are false. Validators find its data bogus, as
	// with the flaws that follow.
	BadSignatures

	// ExpiredSignatures: the signatures have expired a week ago.
	ExpiredSignatures

	// FutureSignatures: the signatures are valid in a week.
	FutureSignatures

	// UnrenewedSignatures: the signatures are those of the moment when Secure was called, which are
	// valid for 14 days. (Some validators overlook a day, as unbound does.)
	UnrenewedSignatures

	// Unsigned: the parent says that the domain is secure, but it has neither keys nor signatures.
	Unsigned

	// WrongDS: the DS record in the parent is for another key.
	WrongDS

	// NoDS: the parent denies that there is a DS record. So the domain is not bogus, but insecure,
	// as one that is not signed (RFC 4035 §5.2).
	NoDS

	// NoDenial: answers that something does not exist have no proof. Only these are bogus, those made from
	// wildcards, and the domains beneath that are not secure.
	NoDenial

	// WrongDenial: such answers have proofs with good signatures that prove something else.
	WrongDenial

	// OptOut denies by hashed names of which those are left out that are not secure (RFC 5155 §6), as
	// most of the large domains do in which others register theirs, com among them. That a name
	// does not exist is then insecure, since it could be one of those.
	OptOut
)

// Secure makes a domain secure by DNSSEC (RFC 4033): it gets keys, and its parents too, up to the
// root, so that a validating resolver that trusts [Internet.TrustAnchor] gets to them. For MX hosts
// in another domain and their TLSA records (RFC 7672), that domain must be made secure as well. So
// must a domain beneath this one that is a zone of its own, as [Internet.MX], [Internet.Publish],
// [Internet.Blocklist] and SOA records make them: until then it is not signed.
//
//	inet.Secure("qq.com")
//	inet.Secure("163.com", mxmock.NSEC3)
//	inet.Secure("sina.com", mxmock.ExpiredSignatures)
//
// A client that sets the DO bit gets signatures and proofs. Resolvers of the internet
// ([Internet.Resolver], [Internet.ListenDNS]) validate: to the AD or DO bit in a query they answer
// with AD if all is secure, and bogus data is SERVFAIL unless the query has the CD bit, as that of
// a resolver which validates itself. The resolver of package net shows nothing of that but
// SERVFAIL: clients of DANE use packages such as miekg/dns.
//
// Signatures are made for each answer and are valid from an hour ago until in 14 days, inside a
// synctest bubble in virtual time.
//
// An answer that a fault or a rule gives in place of the truth has no signatures.
//
// A second call for a domain signs it anew, with the same keys unless their kind changes; without a
// flaw it mends what was wrong. A single record is made bogus by [Internet.Break] with [Bogus], and
// other DS records can be set as any record can.
//
// Secure panics if domain is not a domain name, or has records of DNSSEC already that it did not make,
// or if two of how exclude each other.
func (n *Internet) Secure(domain string, how ...DNSSEC) {
	var s zone.Security
	for _, h := range how {
		switch {
		case h == NSEC3:
			s.NSEC3 = true
		case h == OptOut:
			s.OptOut = true
		case h == RSA && s.Algorithm == 0:
			s.Algorithm = dns.RSASHA256
		case h == Ed25519 && s.Algorithm == 0:
			s.Algorithm = dns.ED25519
		case h.flaw() != 0 && s.Flaw == 0:
			s.Flaw = h.flaw()
		default:
			panic(fmt.Sprintf("mxmock: secure %s: %v excludes something before it, or is nothing", domain, how))
		}
	}
	if err := n.db.Secure(mustName(domain), s); err != nil {
		panic(fmt.Sprintf("mxmock: secure %s: %v", domain, err))
	}
}

// flaw returns what it means for a zone, or 0.
func (d DNSSEC) flaw() zone.Flaw {
	return map[DNSSEC]zone.Flaw{
		BadSignatures: zone.BadSignatures, ExpiredSignatures: zone.Expired, FutureSignatures: zone.NotYetValid,
		UnrenewedSignatures: zone.Unrenewed, Unsigned: zone.Unsigned, WrongDS: zone.WrongDS, NoDS: zone.NoDS,
		NoDenial: zone.NoDenial, WrongDenial: zone.WrongDenial,
	}[d]
}

// dnssecNames are the names of the ways to be secure.
var dnssecNames = enum.Names{
	NSEC3: "NSEC3", RSA: "RSA", Ed25519: "Ed25519", BadSignatures: "BadSignatures", ExpiredSignatures: "ExpiredSignatures",
	FutureSignatures: "FutureSignatures", UnrenewedSignatures: "UnrenewedSignatures", Unsigned: "Unsigned", WrongDS: "WrongDS",
	NoDS: "NoDS", NoDenial: "NoDenial", WrongDenial: "WrongDenial", OptOut: "OptOut",
}

// String returns the name as it is in this package.
func (d DNSSEC) String() string { return dnssecNames.String("DNSSEC", "DNSSEC(0)", uint8(d)) }

// MarshalText returns the name, and nothing for the zero DNSSEC. The error says that there is none
// of that number.
func (d DNSSEC) MarshalText() ([]byte, error) { return dnssecNames.Marshal("mxmock: DNSSEC", uint8(d)) }

// UnmarshalText reads what MarshalText returns, in any letter case. The error says which names there
// are.
func (d *DNSSEC) UnmarshalText(text []byte) error {
	return dnssecNames.Unmarshal("mxmock: DNSSEC", text, (*uint8)(d))
}

// TrustAnchor returns the key of the root as a DNSKEY record in the format of a master file, for a
// validating resolver: the text of unbound's trust-anchor, or a file for its trust-anchor-file. The
// root is made secure if it is not.
func (n *Internet) TrustAnchor() string { return n.rootKey().String() }

// TrustAnchorDS returns [Internet.TrustAnchor] as a DS record with a SHA-256 digest, as systemd-resolved
// and others want it.
func (n *Internet) TrustAnchorDS() string { return n.rootKey().ToDS(dns.SHA256).String() }

// rootKey returns the key of the root, which is made secure if it is not.
func (n *Internet) rootKey() *dns.DNSKEY {
	key, err := n.db.TrustAnchor()
	if err != nil {
		panic(fmt.Sprintf("mxmock: secure the root: %v", err))
	}
	return key
}
