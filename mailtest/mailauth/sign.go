package mailauth

// This file signs messages, soundly or with a flaw, for tests of verifiers.

import (
	"cmp"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/seed078e9d8c/maillab/internal/dnstext"
)

// Signer signs messages with DKIM. Only Domain must be set; the zero value of every other field is
// the ordinary case. Most fields can also be used to break the signature on purpose: an Expires in
// the past, a Selector that is not in the DNS, a Key that is not the published one, or any tag in
// Tags. A Signer may be used by several goroutines at once.
type Signer struct {
	// Domain is the domain that signs: the d= tag.
	Domain string

	// Selector is the s= tag; empty means "test".
	Selector string

	// Algorithm is "rsa-sha256", "ed25519-sha256" (RFC 8463), or "rsa-sha1", which verifiers must
	// not accept (RFC 8301 §3.1). Empty means the algorithm with SHA-256 for the type of Key, and
	// "rsa-sha256" if Key is nil.
	Algorithm string

	// Key is an *rsa.PrivateKey or an ed25519.PrivateKey. Nil means a key that the process makes
	// when it is first needed and then keeps, of 2048 bits for RSA.
	Key crypto.Signer

	// Canonicalization is the c= tag; empty means "relaxed/relaxed".
	Canonicalization string

	// Headers is the h= tag, the names of the fields to sign. A name is listed once for each field
	// to be signed, and once more to forbid additions. Nil means all fields of the message that RFC
	// 6376 §5.4.1 recommends, and From once more.
	Headers []string

	// Expires is the x= tag; zero means that the signature does not expire.
	Expires time.Time

	// Tags replaces or adds tags, such as "i" or "l", exactly as given; a tag with an empty value
	// is omitted. The body hash is computed by the l= tag, but apart from that, tags may contradict
	// the signature: {"bh": "AAAA"} is a wrong body hash, {"t": "x"} a malformed tag, {"b": "AAAA"}
	// a wrong signature.
	Tags map[string]string
}

// Sign returns the message with a DKIM-Signature field on top. The message may end its lines with CRLF
// or LF. Sign does not change raw.
//
// Sign returns an error if Algorithm, Key, Canonicalization or the l= tag is not valid.
func (s Signer) Sign(raw []byte) ([]byte, error) {
	key, alg, err := s.key()
	if err != nil {
		return nil, fmt.Errorf("mailauth: sign: %w", err)
	}
	form := signature{length: -1}
	if !form.parseCanonicalization(cmp.Or(s.Canonicalization, "relaxed/relaxed")) {
		return nil, fmt.Errorf("mailauth: sign: there is no canonicalization %q", s.Canonicalization)
	}
	if l := s.Tags["l"]; l != "" {
		if form.length, err = strconv.ParseInt(l, 10, 64); err != nil || form.length < 0 {
			return nil, fmt.Errorf("mailauth: sign: l=%s is not a number of bytes", l)
		}
	}
	fields, body := split(raw)
	headers := s.Headers
	if headers == nil {
		headers = recommended(fields)
	}
	digest := alg.new()
	hashBody(digest, body, form.relaxedBody, form.length)

	tags := []tag{
		{"v", "1"}, {"a", s.algorithm()}, {"c", form.Canonicalization}, {"d", s.Domain}, {"s", s.selector()},
		{"t", strconv.FormatInt(time.Now().Unix(), 10)}, {"x", ""}, {"h", strings.Join(headers, ":")},
		{"bh", base64.StdEncoding.EncodeToString(digest.Sum(nil))}, {"b", ""},
	}
	if !s.Expires.IsZero() {
		tags[6].value = strconv.FormatInt(s.Expires.Unix(), 10)
	}
	unsigned := writeSignature(s.override(tags))
	digest.Reset()
	headerHash(digest, fields, headers, form.relaxedHeader, []byte(unsigned))
	opts := alg.hash
	if alg.key == "ed25519" {
		opts = 0 // RFC 8463 §3: pure ed25519, over the hash
	}
	sig, err := key.Sign(rand.Reader, digest.Sum(nil), opts)
	if err != nil {
		return nil, fmt.Errorf("mailauth: sign: %w", err)
	}
	tags[len(tags)-1].value = base64.StdEncoding.EncodeToString(sig)
	return append([]byte(writeSignature(s.override(tags))), raw...), nil
}

// Record returns the record that publishes the key: "v=DKIM1; k=rsa; p=…". It returns an error if
// Sign does.
func (s Signer) Record() (string, error) {
	key, alg, err := s.key()
	if err != nil {
		return "", fmt.Errorf("mailauth: key record: %w", err)
	}
	var public []byte
	switch k := key.Public().(type) {
	case *rsa.PublicKey:
		if public, err = x509.MarshalPKIXPublicKey(k); err != nil {
			return "", fmt.Errorf("mailauth: key record: %w", err)
		}
	case ed25519.PublicKey:
		public = k
	}
	return "v=DKIM1; k=" + alg.key + "; p=" + base64.StdEncoding.EncodeToString(public), nil
}

// Zone returns the record as a line of a master file, for mxmock.Internet.AddZone or a name server:
// with its name, and split into strings of at most 255 bytes (RFC 1035 §3.3). It returns an error
// if Sign does.
func (s Signer) Zone() (string, error) {
	text, err := s.Record()
	if err != nil {
		return "", err
	}
	line := s.selector() + "._domainkey." + strings.TrimSuffix(s.Domain, ".") + ". TXT"
	for _, part := range dnstext.Strings(text) {
		line += ` "` + part + `"`
	}
	return line + "\n", nil
}

func (s Signer) selector() string { return cmp.Or(s.Selector, "test") }

func (s Signer) algorithm() string {
	if s.Algorithm != "" {
		return s.Algorithm
	}
	if _, ok := s.Key.(ed25519.PrivateKey); ok {
		return "ed25519-sha256"
	}
	return "rsa-sha256"
}

// key returns the key, and the algorithm that goes with it.
func (s Signer) key() (crypto.Signer, algorithm, error) {
	alg, ok := algorithmOf(s.algorithm())
	if !ok {
		return nil, alg, fmt.Errorf("there is no algorithm %q", s.Algorithm)
	}
	key := s.Key
	if key == nil {
		key = processKey(alg.key)
	}
	var fits bool
	switch key.Public().(type) {
	case *rsa.PublicKey:
		fits = alg.key == "rsa"
	case ed25519.PublicKey:
		fits = alg.key == "ed25519"
	}
	if !fits {
		return nil, alg, fmt.Errorf("a key of type %T can't sign with %s", key, s.algorithm())
	}
	return key, alg, nil
}

// processKey returns the key that the process has for an algorithm.
func processKey(algorithm string) crypto.Signer {
	if algorithm == "ed25519" {
		return ed25519Key()
	}
	return rsaKey()
}

var rsaKey = sync.OnceValue(func() crypto.Signer {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(fmt.Sprintf("mailauth: RSA key: %v", err)) // only without a source of randomness
	}
	return key
})

var ed25519Key = sync.OnceValue(func() crypto.Signer {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(fmt.Sprintf("mailauth: ed25519 key: %v", err))
	}
	return key
})

// recommended returns the names of the fields that are to be signed, each as often as it occurs.
func recommended(fields []field) []string {
	names := []string{"From"}
	for _, f := range fields {
		switch f.name {
		case "from", "reply-to", "subject", "date", "to", "cc", "sender", "message-id", "in-reply-to", "references",
			"resent-date", "resent-from", "resent-to", "resent-cc", "mime-version", "content-type", "content-transfer-encoding",
			"content-id", "content-description", "content-disposition", "content-language",
			"list-id", "list-help", "list-unsubscribe", "list-unsubscribe-post", "list-subscribe", "list-post", "list-owner", "list-archive":
			name, _, _ := strings.Cut(string(f.raw), ":")
			names = append(names, strings.TrimRight(name, " \t"))
		}
	}
	return names
}

// override returns the tags as Tags wants them: those without a value are left out, those that are new
// stand in front of b=, the last one.
func (s Signer) override(tags []tag) []tag {
	b := len(tags) - 1
	out := make([]tag, 0, len(tags)+len(s.Tags))
	for i, t := range tags {
		if i == b {
			for _, name := range slices.Sorted(maps.Keys(s.Tags)) {
				if !slices.ContainsFunc(tags, func(t tag) bool { return t.name == name }) {
					out = append(out, tag{name, s.Tags[name]})
				}
			}
		}
		value, ok := s.Tags[t.name]
		if ok {
			t.value = value
		}
		if t.value != "" || t.name == "b" && !ok {
			out = append(out, t)
		}
	}
	return out
}

// tag is a tag of a signature that is being made.
type tag struct{ name, value string }

// writeSignature writes a DKIM-Signature field. It folds the field where the values allow it, and
// always in front of b=, so that the text before the value of b= does not depend on that value.
func writeSignature(tags []tag) string {
	const width = 76
	const name = "DKIM-Signature:"
	var field strings.Builder
	field.WriteString(name)
	column := len(name)
	put := func(glue, text string) {
		if column+len(glue)+len(text) > width {
			glue = "\r\n\t"
			column = 0
		}
		field.WriteString(glue)
		field.WriteString(text)
		column += len(glue) + len(text)
	}
	for i, t := range tags {
		end := ";"
		if i == len(tags)-1 {
			end = ""
		}
		text := t.name + "=" + t.value + end
		switch t.name {
		case "h":
			glue := " "
			for name := range strings.SplitAfterSeq(text, ":") {
				put(glue, name)
				glue = ""
			}
		case "b":
			column = width
			for len(text) > width-2 {
				put("", text[:width-2])
				text = text[width-2:]
			}
			put("", text)
		default:
			put(" ", text)
		}
	}
	return field.String() + "\r\n"
}
