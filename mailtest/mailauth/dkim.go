package mailauth

// This file verifies DKIM signatures (RFC 6376 §6.1, RFC 8301, RFC 8463).

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// MaxSignatures is the number of signatures that are checked in a message. RFC 6376 §6.1 leaves the
// bound to the verifier.
const MaxSignatures = 10

// Signature is the result of checking one DKIM-Signature field.
type Signature struct {
	// Result is [Pass]; [Fail] if the hash of the body or the signature over the header does not
	// match; [Neutral] if the field can't be read as a signature; [PermError] if there is no usable
	// key, the signature has expired or contradicts itself; [Policy] if its algorithm or key is too
	// weak; or [TempError].
	Result Result

	// Reason explains the result in a sentence. For a signature that passes, it names a weakness,
	// or is empty.
	Reason string

	// Domain and Selector are d= and s=: the key is at Selector._domainkey.Domain. Identity is i=, which
	// is "@" and the domain by default.
	Domain, Selector, Identity string

	// Algorithm is a=, such as "rsa-sha256", and Canonicalization is c= in full, such as "relaxed/simple".
	Algorithm, Canonicalization string

	// Headers is the h= tag: the names of the signed fields as written, in order.
	Headers []string

	// Oversigned are the names in Headers for which the message has no further field: adding such a
	// field breaks the signature (RFC 6376 §8.15).
	Oversigned []string

	// Time and Expires are t= and x=; zero without them.
	Time, Expires time.Time

	// Unsigned is the number of bytes at the end of the body that the l= tag excludes from the
	// signature: anyone can change them (RFC 6376 §8.2).
	Unsigned int64

	// BodyOK is true if the body has the hash that the signature names, and HeaderOK if the
	// signature matches the signed fields. Neither says anything if the check did not get that far,
	// for example because there is no key.
	BodyOK, HeaderOK bool

	// Record is the key record as published, KeyBits is the size of the key, and Testing reports
	// whether the domain says that it is only testing DKIM (t=y). Receivers should then ignore the
	// signature; many do not, and Check does not.
	Record  string
	KeyBits int
	Testing bool

	// Mark is the beginning of the signature, by which Authentication-Results identifies it (RFC
	// 6008).
	Mark string
}

// signature is a DKIM-Signature field while it is being checked.
type signature struct {
	Signature
	algorithm                  algorithm
	relaxedHeader, relaxedBody bool
	bodyHash, b                []byte
	length                     int64 // l=, or -1
}

// verify checks the signatures of a message.
func verify(dns *lookup, fields []field, body []byte) (sigs []Signature, skipped int) {
	bodies := make(map[bodyForm]bodyDigest)
	for i, f := range fields {
		switch {
		case f.name != "dkim-signature":
		case len(sigs) == MaxSignatures:
			skipped++
		default:
			others := slices.Delete(slices.Clone(fields), i, i+1) // h= may name DKIM-Signature: never itself
			sigs = append(sigs, verifyOne(dns, others, f, body, bodies))
		}
	}
	return sigs, skipped
}

// bodyForm is a way to hash a body, and bodyDigest the outcome: signatures of one message mostly share it.
type bodyForm struct {
	digest  string
	relaxed bool
	length  int64
}

type bodyDigest struct {
	sum  []byte
	size int64
}

// verifyOne checks the signature f over the other fields and the body.
func verifyOne(dns *lookup, fields []field, f field, body []byte, bodies map[bodyForm]bodyDigest) Signature {
	s, result, err := parseSignature(f.value())
	if err != nil {
		return s.end(result, err.Error())
	}

	key, result, err := s.findKey(dns)
	if err != nil {
		return s.end(result, err.Error())
	}

	form := bodyForm{s.algorithm.digest, s.relaxedBody, s.length}
	digest, ok := bodies[form]
	if !ok {
		h := s.algorithm.new()
		digest.size = hashBody(h, body, s.relaxedBody, s.length)
		digest.sum = h.Sum(nil)
		bodies[form] = digest
	}
	s.BodyOK = bytes.Equal(digest.sum, s.bodyHash)
	h := s.algorithm.new()
	s.Oversigned = headerHash(h, fields, s.Headers, s.relaxedHeader, f.raw)
	s.HeaderOK = s.algorithm.verify(key.public, h.Sum(nil), s.b)

	switch {
	case s.length > digest.size:
		return s.end(PermError, fmt.Sprintf("l=%d is more than the %d bytes of the body", s.length, digest.size))
	case !s.BodyOK && s.HeaderOK:
		return s.end(Fail, "body hash mismatch: the body has changed since it was signed; the signed header fields have not")
	case !s.BodyOK:
		return s.end(Fail, "body hash mismatch and signature mismatch: the body has changed since it was signed, and so has a signed header field, or the key is another one")
	case !s.HeaderOK:
		return s.end(Fail, "signature mismatch: a signed header field has changed since it was signed, or the key is another one; the body has not changed")
	}
	if s.algorithm.digest == "sha1" {
		return s.end(Policy, "the signature matches, but SHA-1 is too weak to count (RFC 8301 §3.1)")
	}
	if s.length >= 0 && s.length < digest.size {
		s.Unsigned = digest.size - s.length
		return s.end(Pass, fmt.Sprintf("the last %d bytes of the body are not signed: l=%d", s.Unsigned, s.length))
	}
	return s.end(Pass, "")
}

// end sets the result.
func (s *signature) end(result Result, reason string) Signature {
	s.Result, s.Reason = result, reason
	return s.Signature
}

// parseSignature reads the value of a DKIM-Signature field (RFC 6376 §3.5) and checks what can be
// checked without the key. If err is not nil, result is what the signature comes to, and s has what
// could be read.
func parseSignature(value string) (s *signature, result Result, err error) {
	s = &signature{length: -1}
	tags, err := parseTags(value)
	if err != nil {
		return s, Neutral, fmt.Errorf("malformed signature: %w", err)
	}
	s.Domain, s.Selector, s.Algorithm = ascii(squeeze(tags["d"])), ascii(squeeze(tags["s"])), lower(squeeze(tags["a"]))
	if s.Identity = squeeze(tags["i"]); s.Identity == "" {
		s.Identity = "@" + s.Domain
	}
	if h, ok := tags["h"]; ok {
		s.Headers = list(h)
	}
	b64 := squeeze(tags["b"])
	s.Mark = b64[:min(8, len(b64))]
	if v := squeeze(tags["v"]); v != "1" {
		return s, Neutral, fmt.Errorf("the version is not v=1 but %q", clip(v))
	}
	for _, name := range []string{"a", "b", "bh", "d", "h", "s"} {
		if squeeze(tags[name]) == "" {
			return s, Neutral, fmt.Errorf("the tag %s= is missing", name)
		}
	}
	if !validName(s.Domain) || !strings.Contains(s.Domain, ".") || !validName(s.Selector) {
		return s, Neutral, fmt.Errorf("d=%s or s=%s is not a domain name", clip(s.Domain), clip(s.Selector))
	}
	if !s.parseCanonicalization(squeeze(tags["c"])) {
		return s, Neutral, fmt.Errorf("unknown canonicalization c=%s", clip(tags["c"]))
	}
	if s.bodyHash, err = base64.StdEncoding.DecodeString(squeeze(tags["bh"])); err != nil {
		return s, Neutral, fmt.Errorf("bh= is not base64: %w", err)
	}
	if s.b, err = base64.StdEncoding.DecodeString(b64); err != nil {
		return s, Neutral, fmt.Errorf("b= is not base64: %w", err)
	}
	if q, ok := tags["q"]; ok && !slices.Contains(list(lower(q)), "dns/txt") {
		return s, Neutral, fmt.Errorf("unknown way q=%s to get the key", clip(q))
	}
	if err := s.parseNumbers(tags); err != nil {
		return s, Neutral, err
	}
	var known bool
	if s.algorithm, known = algorithmOf(s.Algorithm); !known {
		return s, Neutral, fmt.Errorf("unknown algorithm a=%s", clip(s.Algorithm))
	}

	at := strings.LastIndexByte(s.Identity, '@')
	switch {
	case at < 0:
		return s, Neutral, fmt.Errorf("i=%s has no @", clip(s.Identity))
	case !within(ascii(s.Identity[at+1:]), s.Domain):
		return s, PermError, fmt.Errorf("i=%s is not of the domain d=%s", clip(s.Identity), s.Domain)
	case !slices.ContainsFunc(s.Headers, func(h string) bool { return lower(h) == "from" }):
		return s, PermError, errors.New("the From field is not signed: h= doesn't name it")
	case !s.Expires.IsZero() && s.Expires.Before(s.Time):
		return s, PermError, errors.New("the signature expires before it was made: x= is before t=")
	case !s.Expires.IsZero() && !time.Now().Before(s.Expires):
		return s, PermError, fmt.Errorf("the signature has expired: x= is %s", s.Expires.Format(time.RFC3339))
	}
	return s, "", nil
}

// parseCanonicalization reads c=, whose default is "simple/simple", and "relaxed/simple" for "relaxed".
func (s *signature) parseCanonicalization(c string) bool {
	head, top, _ := strings.Cut(lower(c), "/")
	if head == "" {
		head = "simple"
	}
	if top == "" {
		top = "simple"
	}
	s.Canonicalization = head + "/" + top
	s.relaxedHeader, s.relaxedBody = head == "relaxed", top == "relaxed"
	return (s.relaxedHeader || head == "simple") && (s.relaxedBody || top == "simple")
}

// parseNumbers reads t=, x= and l=. RFC 6376 §3.5 allows numbers longer than 64 bits: those mean the
// end of time.
func (s *signature) parseNumbers(tags map[string]string) error {
	for _, name := range []string{"t", "x", "l"} {
		text, ok := tags[name]
		if !ok {
			continue
		}
		text = squeeze(text)
		n, err := strconv.ParseUint(text, 10, 63)
		if errors.Is(err, strconv.ErrRange) {
			n, err = math.MaxInt64, nil
		}
		if err != nil {
			return fmt.Errorf("%s=%s is not a number", name, clip(text))
		}
		const latest = 1<<38 - 1 // some 8700 years: more would not print as a date
		switch when := time.Unix(int64(min(n, latest)), 0).UTC(); name {
		case "t":
			s.Time = when
		case "x":
			s.Expires = when
		case "l":
			s.length = int64(n)
		}
	}
	return nil
}

// within reports whether name is the domain or one below it.
func within(name, domain string) bool {
	return name == domain || strings.HasSuffix(name, "."+domain)
}

// findKey gets the key of the signature and checks whether it may be used (RFC 6376 §6.1.2).
func (s *signature) findKey(dns *lookup) (*keyRecord, Result, error) {
	name := s.Selector + "._domainkey." + s.Domain
	if !validName(name) {
		return nil, PermError, fmt.Errorf("no key: %s is too long for a domain name", clip(name))
	}
	records, err := dns.txt(name)
	if err != nil {
		return nil, TempError, fmt.Errorf("the key can't be had: %w", err)
	}
	if len(records) == 0 {
		return nil, PermError, fmt.Errorf("no key: there is no TXT record at %s", name)
	}
	// Other TXT records may stand at the same name, mostly through a wildcard.
	var key *keyRecord
	usable := 0
	for i, record := range records {
		k, bad := parseKey(record)
		if bad == nil {
			usable++
		}
		if i == 0 || err != nil && bad == nil {
			key, s.Record, err = k, record, bad
		}
	}
	s.Testing, s.KeyBits = key.testing, bits(key.public)
	switch {
	case err != nil:
		return nil, PermError, fmt.Errorf("the record at %s %w", name, err)
	case usable > 1:
		return nil, PermError, fmt.Errorf("there are %d key records at %s", usable, name)
	case key.algorithm != s.algorithm.key:
		return nil, PermError, fmt.Errorf("the key is for %s (k=), the signature is %s (a=)", key.algorithm, s.Algorithm)
	case key.hashes != nil && !slices.Contains(key.hashes, s.algorithm.digest):
		return nil, PermError, fmt.Errorf("the key is not for %s: it has h=%s", s.algorithm.digest, strings.Join(key.hashes, ":"))
	case key.services != nil && !slices.Contains(key.services, "*") && !slices.Contains(key.services, "email"):
		return nil, PermError, fmt.Errorf("the key is not for mail: it has s=%s", strings.Join(key.services, ":"))
	case key.strict && !strings.HasSuffix(ascii(s.Identity), "@"+s.Domain):
		return nil, PermError, fmt.Errorf("the key allows no subdomain in i=%s: it has t=s", clip(s.Identity))
	case key.algorithm == "rsa" && s.KeyBits < minBits:
		return nil, Policy, fmt.Errorf("the key has %d bits; less than %d do not count (RFC 8301 §3.2)", s.KeyBits, minBits)
	case s.KeyBits > maxBits:
		return nil, Policy, fmt.Errorf("the key has %d bits; keys of more than %d are not tried", s.KeyBits, maxBits)
	}
	return key, "", nil
}
