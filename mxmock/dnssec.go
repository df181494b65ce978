package mxmock

// DNSSEC: secure domains, and the flaws of their signatures.

import (
	"fmt"

	"github.com/miekg/dns"

	"github.com/seed078e9d8c/maillab/internal/enum"
	"github.com/seed078e9d8c/maillab/internal/zone"
)

// DNSSEC is an argument of [Internet.Secure]: a way to sign a domain, or a flaw of the signatures. Secure panics on
// the zero DNSSEC.
type DNSSEC uint8

// The ways to sign a domain, other than by ECDSA P-256 keys with NSEC records, and the flaws.
const (
	// NSEC3 denies by hashed names (RFC 5155).
	NSEC3 DNSSEC = iota + 1

	// RSA makes keys of 2048 bits for RSA/SHA-256 (RFC 5702), which takes a while, and Ed25519
	// makes those of RFC 8080.
	RSA
	Ed25519

	// BadSignatures: all signatures of the domain are wrong. Validators find its data bogus, as
	// they do with the flaws that follow.
	BadSignatures

	// ExpiredSignatures: the signatures expired a week ago.
	ExpiredSignatures

	// FutureSignatures: the signatures become valid in a week.
	FutureSignatures

	// UnrenewedSignatures: the signatures are made once, when Secure is called, and are valid for
	// 14 days. (Some validators, such as unbound, tolerate another day.)
	UnrenewedSignatures

	// Unsigned: the parent says that the domain is secure, but it has neither keys nor signatures.
	Unsigned

	// WrongDS: the DS record in the parent is for another key.
	WrongDS

	// NoDS: the parent denies that there is a DS record. The domain is then not bogus but insecure,
	// as if it were not signed (RFC 4035 §5.2).
	NoDS

	// NoDenial: answers that say that something does not exist have no proof. The bogus answers are
	// these, those made from wildcards, and those from insecure domains below this one; all others
	// are secure.
	NoDenial

	// WrongDenial: such answers have proofs with good signatures that prove something else.
	WrongDenial

	// OptOut denies by hashed names (NSEC3) and omits insecure delegations (RFC 5155 §6), as most
	// large registries do, that of com among them. The proof that a name does not exist is then
	// insecure, since the name could be one of those omitted.
	OptOut
)

// Secure signs a domain by DNSSEC (RFC 4033). The domain and its parents up to the root get keys,
// so that a validating resolver that trusts [Internet.TrustAnchor] can verify them. If the MX hosts
// and their TLSA records (RFC 7672) are in another domain, that domain must be signed as well. So
// must a domain below this one that is a zone of its own, as made by [Internet.MX],
// [Internet.Publish], [Internet.Blocklist] and SOA records: until then it is not signed.
//
//	inet.Secure("qq.com")
//	inet.Secure("163.com", mxmock.NSEC3)
//	inet.Secure("sina.com", mxmock.ExpiredSignatures)
//
// A client that sets the DO bit gets signatures and proofs. The resolvers of the internet
// ([Internet.Resolver], [Internet.ListenDNS]) validate. They set AD in the answer to a query with
// the AD or DO bit if the data is secure, and answer SERVFAIL for bogus data unless the query has
// the CD bit, which resolvers that validate themselves set. The resolver of package net shows only
// the SERVFAIL; clients that use DANE need a package such as miekg/dns.
//
// Signatures are made for each answer. They are valid from one hour before to 14 days after it, in
// virtual time inside a synctest bubble.
//
// An answer that a fault or a rule gives instead of the true one has no signatures.
//
// A second call for a domain signs it anew, with the same keys unless their kind changes; a call
// without a flaw repairs an earlier one. To make the answer to a single question bogus, use
// [Internet.Break] with [Bogus]. Other DS records can be added like any record.
//
// Secure panics if domain is not a domain name, if it already has DNSSEC records that Secure did
// not make, or if two of the arguments exclude each other.
func (n *Internet) Secure(domain string, how ...DNSSEC) {
	var s zone.Security
	for i, h := range how {
		switch {
		case !dnssecNames.Valid(uint8(h)):
			panic(fmt.Sprintf("mxmock: secure %s: there is no DNSSEC %d", domain, h))
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
			panic(fmt.Sprintf("mxmock: secure %s: %v after %v; there can be one algorithm and one flaw", domain, h, how[:i]))
		}
	}
	if err := n.db.Secure(mustName(domain), s); err != nil {
		panic(fmt.Sprintf("mxmock: secure %s: %v", domain, err))
	}
}

// flaw returns the flaw of package zone, or 0.
func (d DNSSEC) flaw() zone.Flaw {
	return map[DNSSEC]zone.Flaw{
		BadSignatures: zone.BadSignatures, ExpiredSignatures: zone.Expired, FutureSignatures: zone.NotYetValid,
		UnrenewedSignatures: zone.Unrenewed, Unsigned: zone.Unsigned, WrongDS: zone.WrongDS, NoDS: zone.NoDS,
		NoDenial: zone.NoDenial, WrongDenial: zone.WrongDenial,
	}[d]
}

// dnssecNames are the names of the constants.
var dnssecNames = enum.Names{
	NSEC3: "NSEC3", RSA: "RSA", Ed25519: "Ed25519", BadSignatures: "BadSignatures", ExpiredSignatures: "ExpiredSignatures",
	FutureSignatures: "FutureSignatures", UnrenewedSignatures: "UnrenewedSignatures", Unsigned: "Unsigned", WrongDS: "WrongDS",
	NoDS: "NoDS", NoDenial: "NoDenial", WrongDenial: "WrongDenial", OptOut: "OptOut",
}

// String returns the name of the constant.
func (d DNSSEC) String() string { return dnssecNames.String("DNSSEC", "DNSSEC(0)", uint8(d)) }

// MarshalText returns the name of the constant, or an empty text for the zero DNSSEC. It returns an
// error if there is no constant of that number.
func (d DNSSEC) MarshalText() ([]byte, error) { return dnssecNames.Marshal("mxmock: DNSSEC", uint8(d)) }

// UnmarshalText parses what MarshalText returns, in any letter case. Its error lists the names.
func (d *DNSSEC) UnmarshalText(text []byte) error {
	return dnssecNames.Unmarshal("mxmock: DNSSEC", text, (*uint8)(d))
}

// TrustAnchor returns the key of the root as a DNSKEY record in the format of a master file, for a
// validating resolver such as unbound (trust-anchor or trust-anchor-file). The root is signed if it
// is not yet.
func (n *Internet) TrustAnchor() string { return n.rootKey().String() }

// TrustAnchorDS returns [Internet.TrustAnchor] as a DS record with a SHA-256 digest, which
// systemd-resolved and others require.
func (n *Internet) TrustAnchorDS() string { return n.rootKey().ToDS(dns.SHA256).String() }

// rootKey returns the key of the root, which it signs if it is not signed yet.
func (n *Internet) rootKey() *dns.DNSKEY {
	key, err := n.db.TrustAnchor()
	if err != nil {
		panic(fmt.Sprintf("mxmock: secure the root: %v", err))
	}
	return key
}
