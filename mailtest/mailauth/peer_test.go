package mailauth_test

// This file lets other implementations of DKIM verify what this one signs, and the other way round.

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/emersion/go-msgauth/dkim"

	"github.com/seed078e9d8c/maillab/internal/machine"
	"github.com/seed078e9d8c/maillab/mailtest/mailauth"
	"github.com/seed078e9d8c/maillab/mxmock"
)

// peerCase is a message and a way to sign it.
type peerCase struct {
	name   string
	raw    string
	signer mailauth.Signer
}

// peerCases returns every message with every way to sign it, and the two keys.
func peerCases(t *testing.T) []peerCase {
	t.Helper()
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]crypto.Signer{"rsa-sha256": smallKey(), "ed25519-sha256": ed} // with which dkimpy signs five times as fast
	const head = "From: a@shop.example\r\nSubject: x\r\n\r\n"
	messages := map[string]string{
		"plain":         mail,
		"no body":       strings.TrimSuffix(head, "\r\n"),
		"empty body":    head,
		"empty lines":   head + "\r\n\r\n\r\n",
		"no line end":   head + "text",
		"spaces only":   head + "   \r\n \t \r\n",
		"inner spaces":  head + " a  b\t\tc \t \r\n\r\n\t\r\nd  \r\n",
		"8 bit":         head + "caf\xc3\xa9 \xff\xfe\x80\r\n",
		"GB 18030":      "From: =?gb18030?B?wM/N9Q==?= <a@shop.example>\r\nContent-Type: text/plain; charset=gb18030\r\n\r\n\xc4\xe3\xba\xc3\r\n",
		"raw UTF-8":     "From: 李 <a@shop.example>\r\nSubject: 你好\r\n\r\n你好\r\n",
		"folded":        "From: a@shop.example\r\nSubject:  a\r\n\tb \r\n   c\t\r\nTo: b@x.example,\r\n c@x.example\r\n\r\nx\r\n",
		"field twice":   "Received: 1\r\nFrom: a@shop.example\r\nComments: 1\r\nComments: 2\r\nSubject: x\r\n\r\nx\r\n",
		"long line":     head + strings.Repeat("0123456789", 5000) + "\r\n",
		"semicolon, b=": "From: a@shop.example\r\nSubject: b=x; b=y; bh=z\r\n\r\nb=x; b=y\r\n",
		"dots":          head + ".\r\n..\r\n.x\r\n",
	}
	var cases []peerCase
	for name, raw := range messages {
		for _, c := range []string{"simple/simple", "simple/relaxed", "relaxed/simple", "relaxed/relaxed"} {
			for alg, key := range keys {
				cases = append(cases, peerCase{strings.Join([]string{name, c, alg}, ", "), raw, mailauth.Signer{
					Domain: "shop.example", Algorithm: alg, Key: key, Canonicalization: c,
				}})
			}
		}
	}
	return cases
}

// passes tells in the test whether Check lets a signed message pass.
func (c peerCase) passes(t *testing.T, raw string) {
	t.Run(c.name, func(t *testing.T) {
		inet := mxmock.New(t)
		publish(t, inet, c.signer)
		if v, why := check(t, inet, raw); v.DKIM != mailauth.Pass {
			t.Errorf("dkim = %s, want pass\n%v\n%q", v.DKIM, why, raw)
		}
	})
}

func (c peerCase) record(t *testing.T) string {
	t.Helper()
	record, err := c.signer.Record()
	if err != nil {
		t.Fatal(err)
	}
	return record
}

func TestMsgauth(t *testing.T) {
	t.Parallel()
	for _, c := range peerCases(t) {
		if !strings.Contains(c.raw, "\r\n\r\n") {
			continue // go-msgauth insists on an empty line after the header
		}
		record := c.record(t)
		results, err := dkim.VerifyWithOptions(strings.NewReader(sign(t, c.signer, c.raw)), &dkim.VerifyOptions{
			LookupTXT: func(string) ([]string, error) { return []string{record}, nil },
		})
		if err != nil || len(results) != 1 || results[0].Err != nil {
			t.Errorf("%s: go-msgauth does not verify what we sign: %v, %+v", c.name, err, results)
		}

		head, body, _ := strings.Cut(c.signer.Canonicalization, "/")
		var b bytes.Buffer
		if err := dkim.Sign(&b, strings.NewReader(c.raw), &dkim.SignOptions{
			Domain: c.signer.Domain, Selector: "test", Signer: c.signer.Key,
			HeaderCanonicalization: dkim.Canonicalization(head), BodyCanonicalization: dkim.Canonicalization(body),
		}); err != nil {
			t.Fatal(err)
		}
		c.passes(t, b.String())
	}
}

// python runs testdata/dkimpy.py by a Python that has dkimpy.
func python(t *testing.T, in []map[string]string) (out []map[string]any) {
	t.Helper()
	var lines bytes.Buffer
	for _, line := range in {
		if err := json.NewEncoder(&lines).Encode(line); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"/usr/bin/python3", "python3"} {
		cmd := exec.Command(name, "testdata/dkimpy.py")
		cmd.Stdin, cmd.Stderr = bytes.NewReader(lines.Bytes()), os.Stderr
		text, err := cmd.Output()
		const notInstalled = 3
		if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() == notInstalled {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		dec := json.NewDecoder(bytes.NewReader(text))
		for range in {
			var line map[string]any
			if err := dec.Decode(&line); err != nil {
				t.Fatal(err)
			}
			out = append(out, line)
		}
		return out
	}
	t.Skip("dkimpy is not installed (Debian: python3-dkim and python3-nacl)")
	return nil
}

func TestDkimpyVerifies(t *testing.T) {
	t.Parallel()
	cases := peerCases(t)
	var in []map[string]string
	for _, c := range cases {
		in = append(in, map[string]string{
			"do": "verify", "message": base64.StdEncoding.EncodeToString([]byte(sign(t, c.signer, c.raw))), "record": c.record(t),
		})
	}
	for i, out := range python(t, in) {
		if out["ok"] != true {
			t.Errorf("%s: dkimpy does not verify what we sign: %v", cases[i].name, out["error"])
		}
	}
}

func TestDkimpySigns(t *testing.T) {
	t.Parallel()
	cases := peerCases(t)
	var in []map[string]string
	for _, c := range cases {
		key := ""
		switch k := c.signer.Key.(type) {
		case *rsa.PrivateKey:
			key = string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(k)}))
		case ed25519.PrivateKey:
			key = base64.StdEncoding.EncodeToString(k.Seed())
		}
		in = append(in, map[string]string{
			"do": "sign", "message": base64.StdEncoding.EncodeToString([]byte(c.raw)), "key": key,
			"c": c.signer.Canonicalization, "a": c.signer.Algorithm,
		})
	}
	for i, out := range python(t, in) {
		field, err := base64.StdEncoding.DecodeString(out["field"].(string))
		if err != nil {
			t.Fatal(err)
		}
		cases[i].passes(t, string(field)+cases[i].raw)
	}
}

// TestOpendkimSigns: opendkim-testmsg signs with SHA-1 and in one form only, so the signatures
// match but don't count.
func TestOpendkimSigns(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("opendkim-testmsg"); err != nil {
		t.Skip("opendkim-testmsg is not installed (Debian: opendkim-tools)")
	}
	signed := make(map[string]bool)
	for _, c := range peerCases(t) {
		name, _, _ := strings.Cut(c.name, ",")
		if c.signer.Algorithm != "rsa-sha256" || signed[name] {
			continue
		}
		signed[name] = true
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(machine.TempDir(t), "key.pem")
			key := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(c.signer.Key.(*rsa.PrivateKey))})
			if err := os.WriteFile(file, key, 0o600); err != nil {
				t.Fatal(err)
			}
			raw := c.raw
			if !strings.Contains(raw, "Date:") {
				raw = "Date: Mon, 12 Jan 2026 08:00:00 +0000\r\n" + raw // opendkim wants one
			}
			cmd := exec.Command("opendkim-testmsg", "-C", "-d", "shop.example", "-k", file, "-s", "test")
			cmd.Stdin, cmd.Stderr = strings.NewReader(raw), os.Stderr
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("opendkim-testmsg: %v", err)
			}
			inet := mxmock.New(t)
			publish(t, inet, c.signer)
			v, why := check(t, inet, string(out))
			if s := why.Signatures[0]; v.DKIM != mailauth.Policy || !s.BodyOK || !s.HeaderOK {
				t.Errorf("dkim = %s, want policy, with body and header as signed\n%v\n%q", v.DKIM, why, out)
			}
		})
	}
}
