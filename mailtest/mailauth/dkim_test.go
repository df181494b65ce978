package mailauth_test

// This file tests the verification of signatures.

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"flag"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/mailauth"
	"github.com/seed078e9d8c/maillab/mxmock"
)

func TestRFCExamples(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"rfc6376.eml", "rfc8463.eml"} {
		for name, raw := range map[string]string{"LF": read(t, file), "CRLF": crlf(read(t, file))} {
			t.Run(file+" "+name, func(t *testing.T) {
				t.Parallel()
				inet := mxmock.New(t)
				zone(t, inet, read(t, "rfc.zone"))
				v, why := check(t, inet, raw)
				if want := strings.Count(raw, "DKIM-Signature:"); len(why.Signatures) != want {
					t.Errorf("%d signatures, want %d", len(why.Signatures), want)
				}
				for _, s := range why.Signatures {
					if s.Result != mailauth.Pass {
						t.Errorf("result of %s = %s, want pass: %s", s.Algorithm, s.Result, s.Reason)
					}
				}
				if v.DKIM != mailauth.Pass {
					t.Errorf("verdict = %+v, want DKIM pass: %v", v, why)
				}
			})
		}
	}
}

// TestSignatures signs a message, damages message, signature or key, and checks the result.
func TestSignatures(t *testing.T) {
	t.Parallel()
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other := mailauth.Signer{Domain: "shop.example", Key: edKey}
	replace := func(old, new string) func(string) string {
		return func(s string) string { return strings.Replace(s, old, new, 1) }
	}
	tags := func(kv ...string) mailauth.Signer {
		m := make(map[string]string)
		for i := 0; i < len(kv); i += 2 {
			m[kv[i]] = kv[i+1]
		}
		return mailauth.Signer{Tags: m}
	}
	pkcs1 := rsaKey()
	canon := func(c string) mailauth.Signer { return mailauth.Signer{Canonicalization: c} }
	for _, test := range []struct {
		name   string
		signer mailauth.Signer     // Domain is shop.example if empty
		key    string              // the key record if not the right one; "-" for none; "%" is the right key
		change func(string) string // what happens to the message on its way
		check  func(mailauth.Signature) bool
		want   mailauth.Result
		reason string // part of the reason
	}{
		{name: "good", want: "pass"},
		{name: "good ed25519", signer: mailauth.Signer{Algorithm: "ed25519-sha256"}, want: "pass"},
		{name: "good own key", signer: other, want: "pass"},
		{name: "simple/simple", signer: canon("simple/simple"), want: "pass"},
		{name: "simple/relaxed", signer: canon("simple/relaxed"), want: "pass"},
		{name: "relaxed/simple", signer: canon("relaxed/simple"), want: "pass"},
		{name: "c=relaxed means relaxed/simple", signer: canon("relaxed"), want: "pass",
			check: func(s mailauth.Signature) bool { return s.Canonicalization == "relaxed/simple" }},

		// on the way
		{name: "body changed", change: replace("Hello", "Hullo"), want: "fail", reason: "body hash mismatch: ",
			check: func(s mailauth.Signature) bool { return s.HeaderOK && !s.BodyOK }},
		{name: "subject changed", change: replace("Welcome", "WELCOME"), want: "fail", reason: "signature mismatch: ",
			check: func(s mailauth.Signature) bool { return !s.HeaderOK && s.BodyOK }},
		{name: "both changed", change: func(s string) string {
			return replace("Hello", "x")(replace("Welcome", "x")(s))
		}, want: "fail", reason: "body hash mismatch and signature mismatch"},
		{name: "footer added", change: func(s string) string { return s + "--\r\nlist footer\r\n" }, want: "fail", reason: "body hash"},
		{name: "relaxed: white space in body", change: replace("Hello  Bob \r\n", "Hello \t Bob\r\n"), want: "pass"},
		{name: "relaxed: leading white space in body", change: replace("Hello", " Hello"), want: "fail", reason: "body hash"},
		{name: "simple: white space in body", signer: canon("relaxed/simple"), change: replace("Hello  Bob", "Hello Bob"), want: "fail"},
		{name: "empty lines at the end", change: func(s string) string { return s + "\r\n\r\n" }, want: "pass"},
		{name: "simple: empty lines at the end", signer: canon("simple/simple"), change: func(s string) string { return s + "\r\n" }, want: "pass"},
		{name: "empty lines at the end lost", change: replace("here.\r\n\r\n\r\n", "here."), want: "pass"},
		{name: "simple: empty lines at the end lost", signer: canon("simple/simple"), change: replace("here.\r\n\r\n\r\n", "here."), want: "pass"},
		{name: "relaxed: line of spaces at the end", change: func(s string) string { return s + " \t\r\n" }, want: "pass"},
		{name: "simple: line of spaces at the end", signer: canon("simple/simple"), change: func(s string) string { return s + " \r\n" }, want: "fail"},
		{name: "relaxed: header refolded", change: replace("Subject: Welcome", "subject :\r\n  Welcome "), want: "pass"},
		{name: "simple: header refolded", signer: canon("simple/simple"), change: replace("Subject: Welcome", "Subject:  Welcome"), want: "fail"},
		{name: "LF line ends", change: func(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") }, want: "pass"},
		{name: "simple: LF line ends", signer: canon("simple/simple"), change: func(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") }, want: "pass"},
		{name: "bare CR is a byte", change: replace("Hello", "Hel\rlo"), want: "fail"},
		{name: "field added above", change: func(s string) string { return "Received: x\r\n" + s }, want: "pass"},
		{name: "From added: oversigned", change: func(s string) string { return "From: evil@evil.example\r\n" + s }, want: "fail", reason: "signature"},
		{name: "Subject added below: not oversigned", change: replace("\nDate: ", "\nSubject: other\r\nDate: "), want: "fail"},
		{name: "Subject added above: not oversigned", change: func(s string) string { return "Subject: other\r\n" + s }, want: "pass",
			check: func(s mailauth.Signature) bool { return slices.Equal(s.Oversigned, []string{"From"}) }},
		{name: "Subject added above: oversigned", signer: mailauth.Signer{Headers: []string{"From", "Subject", "Subject"}},
			change: func(s string) string { return "Subject: other\r\n" + s }, want: "fail"},
		{name: "Subject lost", change: replace("Subject: Welcome\r\n", ""), want: "fail"},
		{name: "signatures oversigned, none added", signer: mailauth.Signer{Headers: []string{"From", "DKIM-Signature"}}, want: "pass"},
		{name: "b= elsewhere in the value", signer: tags("zb", "b=x"), want: "pass"},

		// the signature itself
		{name: "wrong body hash", signer: tags("bh", "AAAA"), want: "fail", reason: "body hash"},
		{name: "wrong signature", signer: tags("b", "AAAA"), want: "fail", reason: "signature mismatch"},
		{name: "empty signature", signer: tags("b", ""), want: "neutral", reason: "b= is missing"},
		{name: "no v", signer: tags("v", ""), want: "neutral", reason: "version"},
		{name: "v=2", signer: tags("v", "2"), want: "neutral", reason: "version"},
		{name: "no a", signer: tags("a", ""), want: "neutral", reason: "a= is missing"},
		{name: "no d", signer: tags("d", ""), want: "neutral", reason: "d= is missing"},
		{name: "no s", signer: tags("s", ""), want: "neutral", reason: "s= is missing"},
		{name: "no h", signer: tags("h", ""), want: "neutral", reason: "h= is missing"},
		{name: "no bh", signer: tags("bh", ""), want: "neutral", reason: "bh= is missing"},
		{name: "bh is not base64", signer: tags("bh", "*"), want: "neutral", reason: "base64"},
		{name: "b is not base64", signer: tags("b", "*"), want: "neutral", reason: "base64"},
		{name: "unknown algorithm", signer: tags("a", "rsa-md5"), want: "neutral", reason: "a=rsa-md5"},
		{name: "unknown canonicalization", signer: tags("c", "relaxed/loose"), want: "neutral", reason: "c=relaxed/loose"},
		{name: "unknown query", signer: tags("q", "http"), want: "neutral", reason: "q=http"},
		{name: "a known query among others", signer: tags("q", "http : dns/txt"), want: "pass"},
		{name: "unknown tag", signer: tags("zz", "1"), want: "pass"},
		{name: "no tag", signer: tags("zz zz", "1"), want: "neutral", reason: "no tag"},
		{name: "d is no domain", signer: tags("d", "a..b"), want: "neutral", reason: "domain name"},
		{name: "From not signed", signer: mailauth.Signer{Headers: []string{"Subject"}}, want: "permerror", reason: "From"},
		{name: "i of the domain", signer: tags("i", "bob@shop.example"), want: "pass"},
		{name: "i of a subdomain", signer: tags("i", "@mail.shop.example"), want: "pass",
			check: func(s mailauth.Signature) bool { return s.Identity == "@mail.shop.example" }},
		{name: "i of another domain", signer: tags("i", "@workshop.example"), want: "permerror", reason: "i=@workshop.example"},
		{name: "i without @", signer: tags("i", "shop.example"), want: "neutral", reason: "no @"},
		{name: "not yet expired", signer: mailauth.Signer{Expires: time.Now().Add(time.Hour)}, want: "pass"},
		{name: "expired", signer: mailauth.Signer{Expires: time.Now().Add(-time.Second), Tags: map[string]string{"t": ""}}, want: "permerror", reason: "expired"},
		{name: "expires before it was made", signer: mailauth.Signer{Expires: time.Now().Add(-time.Hour)}, want: "permerror", reason: "x= is before t="},
		{name: "t malformed", signer: tags("t", "now"), want: "neutral", reason: "t=now"},
		{name: "x malformed", signer: tags("x", "-1"), want: "neutral", reason: "x=-1"},
		{name: "x beyond all bounds", signer: tags("x", "999999999999999999999999"), want: "pass"},
		{name: "l of all", signer: tags("l", "26"), want: "pass"},
		{name: "l of nothing", signer: tags("l", "0"), change: replace("Hello", "Hullo"), want: "pass", reason: "26 bytes"},
		{name: "l of a part, footer added", signer: tags("l", "26"), change: func(s string) string { return s + "footer\r\n" }, want: "pass", reason: "not signed",
			check: func(s mailauth.Signature) bool { return s.Unsigned == 12 }},
		{name: "l of a part, part changed", signer: tags("l", "20"), change: replace("Hello", "Hullo"), want: "fail"},
		{name: "l beyond the body", signer: tags("l", "27"), want: "permerror", reason: "l=27"},
		{name: "sha1", signer: mailauth.Signer{Algorithm: "rsa-sha1"}, want: "policy", reason: "SHA-1"},

		// the key
		{name: "no key", key: "-", want: "permerror", reason: "no key"},
		{name: "wrong selector", signer: tags("s", "other"), want: "permerror", reason: "other._domainkey.shop.example"},
		{name: "revoked", key: "v=DKIM1; p=", want: "permerror", reason: "revoked"},
		{name: "another key", key: "v=DKIM1; k=rsa; p=" + nobodysKey(t, 2048), want: "fail", reason: "key is another"},
		{name: "short key", key: "v=DKIM1; p=" + shortKey, want: "policy", reason: "512 bits",
			check: func(s mailauth.Signature) bool { return s.KeyBits == 512 }},
		{name: "1024 bits", signer: mailauth.Signer{Key: smallKey()}, want: "pass",
			check: func(s mailauth.Signature) bool { return s.KeyBits == 1024 }},
		{name: "8192 bits", key: "v=DKIM1; p=" + nobodysKey(t, 8192), want: "fail"},
		{name: "too many bits", key: "v=DKIM1; p=" + nobodysKey(t, 8193), want: "policy", reason: "8193 bits"},
		{name: "RSAPublicKey", signer: mailauth.Signer{Key: pkcs1}, key: "v=DKIM1; p=" + base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PublicKey(&pkcs1.PublicKey)), want: "pass"},
		{name: "not an RSA key", key: "v=DKIM1; k=rsa; p=MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", want: "permerror", reason: "RSA key"},
		{name: "only p", key: "p=%", want: "pass"},
		{name: "white space and unknown tags", key: " v = DKIM1 ;n=note; p = % ; zz=1;", want: "pass"},
		{name: "version DKIM2", key: "v=DKIM2; p=%", want: "permerror", reason: "v=DKIM2"},
		{name: "version in small letters", key: "v=dkim1; p=%", want: "permerror", reason: "v=dkim1"},
		{name: "version is empty", key: "v=; p=%", want: "permerror", reason: "version is v=,"},
		{name: "version is not first", key: "k=rsa; v=DKIM1; p=%", want: "permerror", reason: "v= tag is not the first"},
		{name: "version is last", key: "p=%; v=DKIM1", want: "permerror", reason: "v= tag is not the first"},
		{name: "an empty tag before the version", key: "; v=DKIM1; p=%", want: "permerror", reason: "v= tag is not the first"},
		{name: "no version, other tags", key: "k=rsa; h=sha256; t=s; p=%", want: "pass"},
		{name: "no p", key: "v=DKIM1; k=rsa", want: "permerror", reason: "p= tag"},
		{name: "p is not base64", key: "v=DKIM1; p=*", want: "permerror", reason: "base64"},
		{name: "p is no key", key: "v=DKIM1; p=AAAA", want: "permerror", reason: "RSA"},
		{name: "k unknown", key: "v=DKIM1; k=dsa; p=%", want: "permerror", reason: "k=dsa"},
		{name: "k=ed25519 of RSA", key: "v=DKIM1; k=ed25519; p=%", want: "permerror", reason: "ed25519"},
		{name: "key of the other kind", signer: tags("a", "ed25519-sha256"), want: "permerror", reason: "k="},
		{name: "h allows", key: "v=DKIM1; h=sha1:sha256; p=%", want: "pass"},
		{name: "h forbids", key: "v=DKIM1; h=sha1; p=%", want: "permerror", reason: "h=sha1"},
		{name: "s=email", key: "v=DKIM1; s=tlsrpt : email; p=%", want: "pass"},
		{name: "s=*", key: "v=DKIM1; s=*; p=%", want: "pass"},
		{name: "s=tlsrpt", key: "v=DKIM1; s=tlsrpt; p=%", want: "permerror", reason: "s=tlsrpt"},
		{name: "t=s, same domain", key: "v=DKIM1; t=s; p=%", want: "pass"},
		{name: "t=s, subdomain", signer: tags("i", "@a.shop.example"), key: "v=DKIM1; t=s; p=%", want: "permerror", reason: "t=s"},
		{name: "t=y", key: "v=DKIM1; t=y:s; p=%", want: "pass", check: func(s mailauth.Signature) bool { return s.Testing }},
		{name: "tag twice", key: "v=DKIM1; p=%; p=%", want: "permerror", reason: "twice"},
		{name: "SPF record at the same name", key: "v=spf1 -all\nv=DKIM1; p=%", want: "pass"},
		{name: "two keys", key: "v=DKIM1; p=%\nv=DKIM1; n=2; p=%", want: "permerror", reason: "2 key records"},
		{name: "no key but SPF", key: "v=spf1 -all", want: "permerror", reason: "no key record"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			inet := mxmock.New(t)
			s := test.signer
			if s.Domain == "" {
				s.Domain = "shop.example"
			}
			record, err := s.Record()
			if err != nil {
				t.Fatal(err)
			}
			_, public, _ := strings.Cut(record, "p=")
			switch test.key {
			case "":
				publish(t, inet, s)
			case "-":
			default:
				for text := range strings.SplitSeq(strings.ReplaceAll(test.key, "%", public), "\n") {
					zone(t, inet, txt("test._domainkey.shop.example", text))
				}
			}
			raw := sign(t, s, mail)
			if test.change != nil {
				changed := test.change(raw)
				if changed == raw {
					t.Fatal("the change changes nothing")
				}
				raw = changed
			}
			v, why := check(t, inet, raw)
			if v.DKIM != test.want {
				t.Errorf("dkim = %s, want %s\n%v\n%s", v.DKIM, test.want, why, raw)
			}
			got := why.Signatures[0]
			if !strings.Contains(got.Reason, test.reason) {
				t.Errorf("reason = %q, want one with %q", got.Reason, test.reason)
			}
			if test.reason == "" && test.want == "pass" && got.Reason != "" {
				t.Errorf("reason = %q, want none", got.Reason)
			}
			if test.check != nil && !test.check(got) {
				t.Errorf("signature = %+v: a detail is not as it should be", got)
			}
		})
	}
}

// shortKey is the public half of an RSA key of 512 bits.
const shortKey = "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf9Cnzj4p4WGeKLs1Pt8QuKUpRKfFLfRYC9AIKjbJTWit+CqvjWYzvQwECAwEAAQ=="

// rsaKey returns the key of 2048 bits of all tests that need one, but not another one.
var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// smallKey returns the key of 1024 bits of all tests that need one.
var smallKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		panic(err)
	}
	return key
})

// nobodysKey returns the p= of a key of so many bits that nobody has the other half of.
func nobodysKey(t testing.TB, bits int) string {
	t.Helper()
	n := new(big.Int).Lsh(big.NewInt(1), uint(bits-1))
	der, err := x509.MarshalPKIXPublicKey(&rsa.PublicKey{N: n.SetBit(n, 0, 1), E: 65537})
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

// txt writes a TXT record.
func txt(name, text string) string {
	line := name + ". TXT"
	for part := range slices.Chunk([]byte(text), 255) {
		line += ` "` + string(part) + `"`
	}
	return line + "\n"
}

func TestManySignatures(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	s := mailauth.Signer{Domain: "shop.example", Algorithm: "ed25519-sha256"}
	publish(t, inet, s)
	raw := mail
	for range mailauth.MaxSignatures + 2 {
		raw = sign(t, s, raw)
	}
	v, why := check(t, inet, raw)
	if v.DKIM != "pass" || len(why.Signatures) != mailauth.MaxSignatures || why.Skipped != 2 {
		t.Errorf("dkim = %s, %d signatures, %d skipped, want pass, %d, 2", v.DKIM, len(why.Signatures), why.Skipped, mailauth.MaxSignatures)
	}
	if n := len(inet.Queries()); n != 1+2 {
		t.Errorf("%d questions, want 3: the key once, and two for DMARC\n%v", n, inet.Queries())
	}
}

// TestSummary has several signatures with different results.
func TestSummary(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	signer := func(domain, selector string) mailauth.Signer {
		return mailauth.Signer{Domain: domain, Selector: selector, Algorithm: "ed25519-sha256"}
	}
	good, lost, slow := signer("shop.example", "good"), signer("shop.example", "lost"), signer("shop.example", "slow")
	bad := good
	bad.Tags = map[string]string{"bh": "AAAA"}
	publish(t, inet, good)
	inet.Break("txt slow._domainkey.shop.example", mxmock.ServFail)
	for _, test := range []struct {
		name    string
		signers []mailauth.Signer
		want    mailauth.Result
	}{
		{"none", nil, "none"},
		{"one", []mailauth.Signer{good}, "pass"},
		{"good and bad", []mailauth.Signer{good, bad}, "pass"},
		{"bad and good", []mailauth.Signer{bad, good}, "pass"},
		{"no key", []mailauth.Signer{lost}, "permerror"},
		{"bad and no key", []mailauth.Signer{lost, bad, lost}, "fail"},
		{"no DNS", []mailauth.Signer{slow}, "temperror"},
		{"bad and no DNS", []mailauth.Signer{slow, bad}, "temperror"},
		{"good and no DNS", []mailauth.Signer{slow, good}, "pass"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			raw := mail
			for _, s := range test.signers {
				raw = sign(t, s, raw)
			}
			if v, why := check(t, inet, raw); v.DKIM != test.want {
				t.Errorf("dkim = %s, want %s\n%v", v.DKIM, test.want, why)
			}
		})
	}
}

func TestSignErrors(t *testing.T) {
	t.Parallel()
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]mailauth.Signer{
		"unknown algorithm":        {Domain: "shop.example", Algorithm: "rsa-md5"},
		"unknown canonicalization": {Domain: "shop.example", Canonicalization: "loose"},
		"key of another kind":      {Domain: "shop.example", Key: ec},
		"key does not fit":         {Domain: "shop.example", Algorithm: "ed25519-sha256", Key: smallKey()},
		"l is not a number":        {Domain: "shop.example", Tags: map[string]string{"l": "-1"}},
	} {
		if signed, err := s.Sign([]byte(mail)); err == nil {
			t.Errorf("%s: no error, but %q", name, signed)
		}
		_, err := s.Zone()
		if wantErr := strings.Contains(name, "key") || strings.Contains(name, "algorithm"); (err != nil) != wantErr {
			t.Errorf("%s: Zone gives error %v, want one: %v", name, err, wantErr)
		}
	}
}

// TestSignKeepsMessage: the field is put on top, folded, and the rest is as it was.
func TestSignKeepsMessage(t *testing.T) {
	t.Parallel()
	s := mailauth.Signer{Domain: "shop.example", Headers: slices.Repeat([]string{"From", "X-A-Rather-Long-Name-Of-A-Field"}, 20)}
	signed := sign(t, s, mail)
	field, ok := strings.CutSuffix(signed, mail)
	if !ok {
		t.Fatalf("the message has changed: %q", signed)
	}
	for line := range strings.Lines(field) {
		if len(line) > 78+len("\r\n") || !strings.HasSuffix(line, "\r\n") {
			t.Errorf("line of %d bytes: %q", len(line), line)
		}
	}
}

var large = flag.Bool("large", false, "look at messages with 100,000 of a thing, and not with 25,000")

// TestBounds has messages that would take minutes if anything grew faster than its input.
func TestBounds(t *testing.T) {
	t.Parallel()
	s := mailauth.Signer{Domain: "shop.example", Algorithm: "ed25519-sha256"}
	record, err := s.Record()
	if err != nil {
		t.Fatal(err)
	}
	n := 25_000
	if *large {
		n = 100_000
	}
	for name, raw := range map[string]string{
		"signatures":          strings.Repeat("DKIM-Signature: v=1\r\n", n) + mail,
		"signed names":        sign(t, mailauth.Signer{Domain: "shop.example", Algorithm: "ed25519-sha256", Headers: slices.Repeat([]string{"From", "X"}, n)}, mail),
		"fields":              sign(t, s, strings.Repeat("Subject: x\r\n", n)+mail),
		"From fields":         strings.Repeat("From: a@b.example\r\n", n) + mail,
		"From addresses":      "From: " + strings.Repeat("a@b.example, ", n) + "\r\n\r\n",
		"folds":               sign(t, s, "Subject: "+strings.Repeat("x\r\n ", n)+"\r\n"+mail),
		"tags":                "DKIM-Signature: " + strings.Repeat("b=;", n) + "\r\n" + mail,
		"semicolons":          "DKIM-Signature: v=1; a=rsa-sha256; d=shop.example; s=test; h=From; bh=AA==; b=" + strings.Repeat("; ", n) + "\r\n" + mail,
		"lines":               sign(t, s, mail+strings.Repeat("\r\n", 10*n)+"."),
		"labels":              "From: a@" + strings.Repeat("a.", n) + "example\r\n\r\n",
		"l of ten signatures": strings.Repeat("DKIM-Signature: v=1; a=ed25519-sha256; d=shop.example; s=test; h=From; l=5; bh=AA==; b=AA==\r\n", n) + mail,
	} {
		v, why := mailauth.Check(t.Context(), &mailtest.Message{Raw: []byte(raw)}, oneText{text: record})
		if v.DMARC == "" || why.String() == "" {
			t.Errorf("%s: verdict = %+v", name, v)
		}
	}
}
