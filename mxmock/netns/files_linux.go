package netns

// Files: what programs see below /etc, /usr, /var and /run.

import (
	"bytes"
	"crypto/sha1"
	"crypto/x509"
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

	"github.com/seed078e9d8c/maillab/internal/testca"
)

// furnish gives the namespace, in which it is called, a view of its own of the files.
func furnish() error {
	const run = "/run" // here are the files that differ, until it is covered itself
	if err := mount("tmpfs", run, "tmpfs", "mode=0755"); err != nil {
		return err
	}
	for _, dir := range []string{"/etc", "/usr", "/var"} {
		changed, work := run+dir, run+dir+".work"
		options := fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", dir, changed, work)
		if err := errors.Join(os.Mkdir(changed, 0o755), os.Mkdir(work, 0o755)); err != nil {
			return err
		}
		if err := mount("overlay", dir, "overlay", options); err != nil {
			return err
		}
	}
	if err := mount("tmpfs", run, "tmpfs", "mode=0755"); err != nil {
		return err
	}
	for name, text := range map[string]string{
		"/etc/resolv.conf":   "nameserver 192.0.2.53\noptions trust-ad\n", // else glibc strips the AD bit
		"/etc/hosts":         "127.0.0.1 localhost\n::1 localhost\n",
		"/etc/nsswitch.conf": "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n",
	} {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) { // it may be a link
			return err
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return trust(testca.RootPEM())
}

func mount(source, target, kind, options string) error {
	if err := unix.Mount(source, target, kind, 0, options); err != nil {
		return fmt.Errorf("mount %s at %s: %w", kind, target, err)
	}
	return nil
}

// trust makes an authority the only one that programs trust. There are directories, in which OpenSSL finds
// it by the hash of its name and the others under a fixed one, and files, of which a machine has some.
func trust(authority []byte) error {
	hashed, err := subjectHash(authority)
	if err != nil {
		return err
	}
	for _, dir := range []string{"/etc/ssl/certs", "/etc/pki/tls/certs"} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		if err := mount("tmpfs", dir, "tmpfs", "mode=0755"); err != nil {
			return err
		}
		for _, name := range []string{"ca-certificates.crt", "ca-bundle.crt", hashed + ".0"} {
			if err := os.WriteFile(filepath.Join(dir, name), authority, 0o644); err != nil {
				return err
			}
		}
	}
	const bundle = "/etc/ssl/certs/ca-certificates.crt"
	for _, name := range []string{
		"/etc/ssl/cert.pem", "/etc/ssl/ca-bundle.pem", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", os.Getenv("SSL_CERT_FILE"),
	} {
		if _, err := os.Stat(name); err != nil {
			continue
		}
		if err := unix.Mount(bundle, name, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("mount %s at %s: %w", bundle, name, err)
		}
	}
	return nil
}

// subjectHash returns the name by which OpenSSL looks for an authority in a directory: a hash of its
// subject in a canonical form, as X509_NAME_hash_ex makes it, for subjects of a text per attribute.
func subjectHash(authority []byte) (string, error) {
	block, _ := pem.Decode(authority)
	if block == nil {
		return "", errors.New("the authority is not in PEM")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return "", fmt.Errorf("read the authority: %w", err)
	}
	type attribute struct {
		Type  asn1.ObjectIdentifier
		Value string `asn1:"utf8"`
	}
	var canonical bytes.Buffer
	for _, name := range cert.Subject.Names {
		text := strings.ToLower(strings.Join(strings.Fields(fmt.Sprint(name.Value)), " "))
		der, err := asn1.MarshalWithParams([]attribute{{name.Type, text}}, "set")
		if err != nil {
			return "", fmt.Errorf("write the subject of the authority: %w", err)
		}
		canonical.Write(der)
	}
	sum := sha1.Sum(canonical.Bytes())
	return fmt.Sprintf("%08x", binary.LittleEndian.Uint32(sum[:])), nil
}
