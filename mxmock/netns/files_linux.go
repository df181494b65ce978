package netns

// The files that programs see in place of those of the machine.

import (
	"bytes"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// files maps paths that programs see to the files that are shown there.
var files = []struct{ path, name string }{
	{"/etc/resolv.conf", "resolv.conf"},
	{"/etc/hosts", "hosts"},
	{"/etc/nsswitch.conf", "nsswitch.conf"},
	{"/etc/ssl/certs", "certs"},                                       // Debian, Alpine, Arch
	{"/etc/pki/tls/certs/ca-bundle.crt", "certs/ca-certificates.crt"}, // Fedora
	{"/etc/ssl/cert.pem", "certs/ca-certificates.crt"},                // Alpine, Arch
}

// showFiles shows the files to programs. The files are in a file system that only the namespace has, so nothing
// remains when the namespace ends. Paths that the machine does not have are left out.
func (s *system) showFiles(resolvConf string, authority []byte) error {
	dir, err := os.MkdirTemp("", "netns")
	if err != nil {
		return err
	}
	defer os.Remove(dir) // the mounted files stay where they are bound
	return s.inside(func() error {
		if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "mode=0755"); err != nil {
			return fmt.Errorf("mount a file system at %s: %w", dir, err)
		}
		if err := writeFiles(dir, resolvConf, authority); err != nil {
			return err
		}
		for _, f := range files {
			err := bind(filepath.Join(dir, f.name), f.path)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("mount %s: %w", f.path, err)
			}
		}
		return nil
	})
}

// writeFiles writes the files into a directory.
func writeFiles(dir, resolvConf string, authority []byte) error {
	hash, err := subjectHash(authority)
	if err != nil {
		return err
	}
	certs := filepath.Join(dir, "certs")
	return errors.Join(
		os.Mkdir(certs, 0o755),
		os.WriteFile(filepath.Join(dir, "resolv.conf"), []byte(resolvConf), 0o644),
		os.WriteFile(filepath.Join(dir, "hosts"), []byte("127.0.0.1 localhost\n::1 ip6-localhost ip6-loopback\n"), 0o644),
		os.WriteFile(filepath.Join(dir, "nsswitch.conf"), []byte("passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nservices: files\nprotocols: files\n"), 0o644),
		os.WriteFile(filepath.Join(certs, "ca-certificates.crt"), authority, 0o644),
		os.WriteFile(filepath.Join(certs, fmt.Sprintf("%08x.0", hash)), authority, 0o644),
	)
}

// bind shows a file or directory to programs in place of another. It runs in the namespace of the programs.
func bind(source, target string) error { return unix.Mount(source, target, "", unix.MS_BIND, "") }

// subjectHash returns the number by which OpenSSL names the file of an authority in a directory. It is a hash of
// the names in the subject, in lower case and as UTF-8.
func subjectHash(authority []byte) (uint32, error) {
	block, _ := pem.Decode(authority)
	if block == nil {
		return 0, errors.New("the authority's certificate is not PEM")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return 0, err
	}
	var subject pkix.RDNSequence
	if _, err := asn1.Unmarshal(cert.RawSubject, &subject); err != nil {
		return 0, err
	}
	type attribute struct {
		Type  asn1.ObjectIdentifier
		Value string `asn1:"utf8"`
	}
	var canonical bytes.Buffer
	for _, names := range subject {
		var set []attribute
		for _, name := range names {
			set = append(set, attribute{name.Type, strings.ToLower(strings.Join(strings.Fields(fmt.Sprint(name.Value)), " "))})
		}
		der, err := asn1.MarshalWithParams(set, "set")
		if err != nil {
			return 0, err
		}
		canonical.Write(der)
	}
	sum := sha1.Sum(canonical.Bytes())
	return binary.LittleEndian.Uint32(sum[:]), nil
}
