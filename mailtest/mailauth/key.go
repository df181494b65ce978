package mailauth

// This file reads the records that publish DKIM keys (RFC 6376 §3.6.1, RFC 8463 §4).

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"slices"
	"strings"
)

// keyRecord is what a record says about a key.
type keyRecord struct {
	algorithm string   // k=: "rsa" or "ed25519"
	hashes    []string // h=; nil allows all
	services  []string // s=; nil allows all
	testing   bool     // t=y
	strict    bool     // t=s: no subdomains in i=
	public    crypto.PublicKey
}

// The bounds of RSA keys, in bits. RFC 8301 §3.2 forbids shorter keys, and requires verifiers to support up to 4096
// bits. A longer key may take seconds to use.
const (
	minBits = 1024
	maxBits = 8192
)

var (
	errNoKey   = errors.New("is no key record: it has no p= tag")
	errRevoked = errors.New("is revoked: its p= tag is empty")
)

// parseKey reads a key record. With an error, it returns what could be read.
func parseKey(text string) (*keyRecord, error) {
	k := &keyRecord{algorithm: "rsa"}
	tags, err := parseTags(text)
	if err != nil {
		return k, fmt.Errorf("is no key record: %w", err)
	}
	if v, ok := tags["v"]; ok && v != "DKIM1" {
		return k, fmt.Errorf("is no key record: its version is v=%s, not v=DKIM1", clip(v))
	} else if first, _, _ := strings.Cut(text, "="); ok && strings.Trim(first, space) != "v" {
		return k, errors.New("is no key record: its v= tag is not the first (RFC 6376 §3.6.1)")
	}
	p, ok := tags["p"]
	if !ok {
		return k, errNoKey
	}
	if a, ok := tags["k"]; ok {
		k.algorithm = a
	}
	if h, ok := tags["h"]; ok {
		k.hashes = list(h)
	}
	if s, ok := tags["s"]; ok {
		k.services = list(s)
	}
	flags := list(tags["t"])
	k.testing, k.strict = slices.Contains(flags, "y"), slices.Contains(flags, "s")
	if p = squeeze(p); p == "" {
		return k, errRevoked
	}
	der, err := base64.StdEncoding.DecodeString(p)
	if err != nil {
		return k, fmt.Errorf("has a p= tag that is not base64: %w", err)
	}
	switch k.algorithm {
	case "rsa":
		k.public, err = parseRSA(der)
		return k, err
	case "ed25519":
		if len(der) != ed25519.PublicKeySize {
			return k, fmt.Errorf("has an ed25519 key of %d bytes, not of %d", len(der), ed25519.PublicKeySize)
		}
		k.public = ed25519.PublicKey(der)
		return k, nil
	}
	return k, fmt.Errorf("has a key of the unknown kind k=%s", clip(k.algorithm))
}

// parseRSA reads an RSA key, in the form that everybody uses (SubjectPublicKeyInfo) or in that of
// the RFC's text (RSAPublicKey; erratum 3017 allows both).
func parseRSA(der []byte) (crypto.PublicKey, error) {
	if public, err := x509.ParsePKIXPublicKey(der); err == nil {
		if key, ok := public.(*rsa.PublicKey); ok {
			return key, nil
		}
		return nil, fmt.Errorf("has a %T where k= promises an RSA key", public)
	}
	key, err := x509.ParsePKCS1PublicKey(der)
	if err != nil {
		return nil, fmt.Errorf("has a p= tag that holds no RSA key: %w", err)
	}
	return key, nil
}

// bits returns the size of a public key.
func bits(public crypto.PublicKey) int {
	switch key := public.(type) {
	case *rsa.PublicKey:
		return key.N.BitLen()
	case ed25519.PublicKey:
		return 8 * len(key)
	}
	return 0
}

// algorithm is one of the a= of a signature.
type algorithm struct {
	key, digest string
	hash        crypto.Hash
	new         func() hash.Hash
}

// algorithmOf returns the algorithm with that name.
func algorithmOf(name string) (algorithm, bool) {
	switch name {
	case "rsa-sha256":
		return algorithm{"rsa", "sha256", crypto.SHA256, sha256.New}, true
	case "ed25519-sha256":
		return algorithm{"ed25519", "sha256", crypto.SHA256, sha256.New}, true
	case "rsa-sha1":
		return algorithm{"rsa", "sha1", crypto.SHA1, sha1.New}, true
	}
	return algorithm{}, false
}

// verify reports whether sig is the signature of a digest.
func (a algorithm) verify(public crypto.PublicKey, digest, sig []byte) bool {
	switch key := public.(type) {
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(key, a.hash, digest, sig) == nil
	case ed25519.PublicKey:
		return ed25519.Verify(key, digest, sig)
	}
	return false
}
