package mxmock

// The sender that strict receivers accept, whole or with a part missing.

import (
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"github.com/seed078e9d8c/maillab/internal/dnstext"
	"github.com/seed078e9d8c/maillab/internal/enum"
	"github.com/seed078e9d8c/maillab/mailtest/mailauth"
)

// Sender is the host from which a domain sends its mail; see [Internet.Sender].
type Sender struct {
	// Host is the machine that sends the mail. Code under test connects from it by
	// [Host.DialContext], and gives its [Host.Name] in EHLO.
	*Host

	// DKIM signs the mail of the domain. The key is published at selector "test".
	DKIM mailauth.Signer
}

// Omission is a part that a [Sender] lacks. The zero Omission is not a part.
type Omission uint8

// The parts that a sender can be without.
const (
	NoMX    Omission = iota + 1 // the domain has no MX record, though its host takes mail
	NoPTR                       // the address of the host has no PTR record
	NoSPF                       // the domain does not say which hosts may send
	NoDKIM                      // the key of the signatures is not published
	NoDMARC                     // the domain has no policy
)

// omissionNames are the names of the omissions.
var omissionNames = enum.Names{NoMX: "NoMX", NoPTR: "NoPTR", NoSPF: "NoSPF", NoDKIM: "NoDKIM", NoDMARC: "NoDMARC"}

// String returns the name of the constant.
func (o Omission) String() string { return omissionNames.String("Omission", "no Omission", uint8(o)) }

// MarshalText returns the name of the constant, or an empty text for the zero Omission. It returns
// an error if there is no such omission.
func (o Omission) MarshalText() ([]byte, error) {
	return omissionNames.Marshal("mxmock: omission", uint8(o))
}

// UnmarshalText parses what MarshalText returns, in any letter case. Its error lists the names.
func (o *Omission) UnmarshalText(text []byte) error {
	return omissionNames.Unmarshal("mxmock: omission", text, (*uint8)(o))
}

// Sender makes the host mail.DOMAIN, with a mail server on port 25 for bounces and replies, and
// everything by which receivers judge a sender: an MX record, a PTR record that leads back to the
// host, an SPF record that allows only this host, a DKIM public key, and a DMARC policy that
// rejects everything else. Each part can be omitted. Existing records of these kinds are replaced,
// or removed if the part is omitted; the host may exist already. A zero Omission leaves out nothing, so
// a table of tests can have a row with the whole sender. Sender panics if domain is not a domain
// name, or if there is no such Omission.
//
//	shop := inet.Sender("shop.example", mxmock.NoPTR)
//	app := newApp(inet.Resolver(), shop.DialContext)
//	signed, err := shop.DKIM.Sign(message)
func (n *Internet) Sender(domain string, without ...Omission) *Sender {
	apex := mustName(domain)
	name := strings.TrimSuffix(apex, ".")
	for _, o := range without {
		if o != 0 && !omissionNames.Valid(uint8(o)) {
			panic(fmt.Sprintf("mxmock: sender for %s: there is no %v; use NoMX, NoPTR, NoSPF, NoDKIM or NoDMARC", name, o))
		}
	}
	must(n.db.Ensure(apex))
	s := &Sender{Host: n.Host("mail." + name), DKIM: mailauth.Signer{Domain: name}}
	s.mail(25)
	has := func(o Omission) bool { return !slices.Contains(without, o) }
	if has(NoMX) {
		n.MX(domain, s.Name())
	} else {
		n.db.Remove(apex, dns.TypeMX)
	}
	for _, a := range s.addrs {
		ptr := &dns.PTR{Hdr: header(dnstext.ReverseName(a), dns.TypePTR), Ptr: s.fqdn}
		must(n.withdraw(ptr))
		if has(NoPTR) {
			must(n.db.Add(ptr))
		}
	}
	key, err := s.DKIM.Record()
	if err != nil {
		panic(fmt.Sprintf("mxmock: sender for %s: %v", domain, err))
	}
	for _, part := range []struct {
		omission            Omission
		name, version, text string
	}{
		{NoSPF, apex, "v=spf1", "v=spf1 a:" + s.Name() + " -all"},
		{NoSPF, s.fqdn, "v=spf1", "v=spf1 a -all"}, // for bounces, whose sender is null (RFC 7208 §2.4)
		{NoDMARC, "_dmarc." + apex, "v=DMARC1;", "v=DMARC1; p=reject"},
		{NoDKIM, "test._domainkey." + apex, "v=DKIM1;", key},
	} {
		if !has(part.omission) {
			part.text = ""
		}
		must(n.setTXT(part.name, part.version, part.text))
	}
	return s
}
