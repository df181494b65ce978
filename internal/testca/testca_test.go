package testca_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed078e9d8c/maillab/internal/testca"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestFirstUseInBubble is not parallel and stands first, so that without -shuffle the authorities are
// made inside its bubble and all other tests use them outside.
func TestFirstUseInBubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 4 {
			go func() {
				cert := issue(t, testca.Spec{Names: []string{"mx1.qq.com"}})
				if _, err := cert.Leaf.Verify(x509.VerifyOptions{Roots: testca.Pool(), DNSName: "mx1.qq.com"}); err != nil {
					t.Errorf("Verify in the year %d: %v", time.Now().Year(), err)
				}
				issue(t, testca.Spec{Names: []string{"mx1.qq.com"}, UnknownCA: true})
			}()
		}
		synctest.Wait()
	})
	handshake(t, issue(t, testca.Spec{Names: []string{"mx1.qq.com"}}), &tls.Config{ServerName: "mx1.qq.com"}, nil)
}

// TestConcurrentUse lets bubbles and ordinary goroutines race for the first use.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	for range 4 {
		t.Run("outside", func(t *testing.T) {
			t.Parallel()
			handshake(t, issue(t, testca.Spec{Names: []string{"qq.com"}}), &tls.Config{ServerName: "qq.com"}, nil)
		})
		t.Run("bubble", func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cert := issue(t, testca.Spec{Names: []string{"qq.com"}, NotAfter: time.Now().Add(time.Hour)})
				options := x509.VerifyOptions{Roots: testca.Pool()}
				if _, err := cert.Leaf.Verify(options); err != nil {
					t.Errorf("Verify within the hour: %v", err)
				}
				time.Sleep(2 * time.Hour)
				if _, err := cert.Leaf.Verify(options); !isInvalid(x509.Expired)(err) {
					t.Errorf("Verify after two hours: %v, want an expired certificate", err)
				}
			})
		})
	}
}

func TestHandshake(t *testing.T) {
	t.Parallel()
	invalid := isInvalid
	mismatch := is[x509.HostnameError]
	unknown := is[x509.UnknownAuthorityError]
	tests := []struct {
		name   string
		spec   testca.Spec
		server string           // the name that the client asks for
		want   func(error) bool // nil where the client trusts the server
	}{
		{"host name", testca.Spec{Names: []string{"mx1.qq.com"}}, "mx1.qq.com", nil},
		{"second name", testca.Spec{Names: []string{"mx1.qq.com", "mx2.qq.com"}}, "mx2.qq.com", nil},
		{"trailing dot", testca.Spec{Names: []string{"mx1.qq.com."}}, "mx1.qq.com", nil},
		{"upper case", testca.Spec{Names: []string{"MX1.QQ.com"}}, "mx1.qq.COM", nil},
		{"underscore", testca.Spec{Names: []string{"mail_1.qq.com"}}, "mail_1.qq.com", nil},
		{"single label", testca.Spec{Names: []string{"localhost"}}, "localhost", nil},
		{"wildcard", testca.Spec{Names: []string{"*.qq.com"}}, "mx1.qq.com", nil},
		{"wildcard is one label", testca.Spec{Names: []string{"*.qq.com"}}, "a.mx1.qq.com", mismatch},
		{"IDN", testca.Spec{Names: []string{"邮件.例子.公司"}}, "xn--5nq051n.xn--fsqu00a.xn--55qx5d", nil},
		{"IDN wildcard", testca.Spec{Names: []string{"*.bücher.example"}}, "mx.xn--bcher-kva.example", nil},
		{"IPv4", testca.Spec{Names: []string{"127.0.0.1"}}, "127.0.0.1", nil},
		{"IPv6", testca.Spec{Names: []string{"::1"}}, "::1", nil},
		{"IPv6 in brackets", testca.Spec{Names: []string{"::1"}}, "[::1]", nil},
		{"mapped IPv4", testca.Spec{Names: []string{"::ffff:127.0.0.1"}}, "127.0.0.1", nil},
		{"names and addresses", testca.Spec{Names: []string{"qq.com", "127.0.0.1", "::1"}}, "127.0.0.1", nil},
		{"long name", testca.Spec{Names: []string{long}}, long, nil},
		{"other name", testca.Spec{Names: []string{"mx1.163.com"}}, "mx1.qq.com", mismatch},
		{"other address", testca.Spec{Names: []string{"127.0.0.2"}}, "127.0.0.1", mismatch},
		{"common name is no host name", testca.Spec{CommonName: "mx1.qq.com"}, "mx1.qq.com", mismatch},
		{"expired", testca.Spec{Names: []string{"qq.com"}, NotAfter: time.Now().Add(-time.Minute)}, "qq.com", invalid(x509.Expired)},
		{"not yet valid", testca.Spec{Names: []string{"qq.com"}, NotBefore: time.Now().Add(time.Hour)}, "qq.com", invalid(x509.Expired)},
		{"never valid", testca.Spec{Names: []string{"qq.com"}, NotBefore: time.Unix(2, 0), NotAfter: time.Unix(1, 0)}, "qq.com", invalid(x509.Expired)},
		{"self-signed", testca.Spec{Names: []string{"qq.com"}, SelfSigned: true}, "qq.com", unknown},
		{"unknown authority", testca.Spec{Names: []string{"qq.com"}, UnknownCA: true}, "qq.com", unknown},
		{"a client's", testca.Spec{Names: []string{"qq.com"}, Client: true}, "qq.com", invalid(x509.IncompatibleUsage)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			handshake(t, issue(t, test.spec), &tls.Config{ServerName: test.server}, test.want)
		})
	}
}

// long is a legal host name that is too long for a common name.
var long = strings.Repeat("a", 60) + "." + strings.Repeat("b", 60) + ".example"

// TestSelfSignedTrusted: a self-signed certificate is fine for those who know it.
func TestSelfSignedTrusted(t *testing.T) {
	t.Parallel()
	cert := issue(t, testca.Spec{Names: []string{"qq.com"}, SelfSigned: true})
	pool := x509.NewCertPool()
	pool.AddCert(cert.Leaf)
	handshake(t, cert, &tls.Config{ServerName: "qq.com", RootCAs: pool}, nil)
}

func TestClientCertificate(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		spec testca.Spec
		want bool
	}{
		{"good", testca.Spec{CommonName: "bob", Client: true}, true},
		{"a server's", testca.Spec{CommonName: "bob", Names: []string{"qq.com"}}, false},
		{"unknown authority", testca.Spec{CommonName: "bob", Client: true, UnknownCA: true}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cert := issue(t, test.spec)
			if got, want := cert.Leaf.Subject.CommonName, "bob"; got != want {
				t.Errorf("common name = %q, want %q", got, want)
			}
			_, err := cert.Leaf.Verify(x509.VerifyOptions{
				Roots:     testca.Pool(),
				KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
			})
			if got := err == nil; got != test.want {
				t.Errorf("trusted by a server = %t (%v), want %t", got, err, test.want)
			}
		})
	}
}

func TestIssueErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		spec testca.Spec
	}{
		{"no name", testca.Spec{}},
		{"empty name", testca.Spec{Names: []string{""}}},
		{"dot", testca.Spec{Names: []string{"."}}},
		{"empty label", testca.Spec{Names: []string{"a..b"}}},
		{"space", testca.Spec{Names: []string{"a b"}}},
		{"NUL", testca.Spec{Names: []string{"a\x00.qq.com"}}},
		{"address with port", testca.Spec{Names: []string{"127.0.0.1:25"}}},
		{"address with zone", testca.Spec{Names: []string{"fe80::1%eth0"}}},
		{"address in brackets", testca.Spec{Names: []string{"[::1]"}}},
		{"mail address", testca.Spec{Names: []string{"bob@qq.com"}}},
		{"inner wildcard", testca.Spec{Names: []string{"mx.*.com"}}},
		{"lone wildcard", testca.Spec{Names: []string{"*"}}},
		{"long label", testca.Spec{Names: []string{strings.Repeat("a", 64) + ".com"}}},
		{"ill-formed A-label", testca.Spec{Names: []string{"xn--0.com"}}},
		{"no UTF-8", testca.Spec{CommonName: "\xff"}},
		{"two issuers", testca.Spec{Names: []string{"qq.com"}, SelfSigned: true, UnknownCA: true}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if cert, err := testca.Issue(test.spec); err == nil {
				t.Errorf("Issue(%+v) = a certificate for %q, want an error", test.spec, cert.Leaf.DNSNames)
			}
		})
	}
}

func TestNothingIsShared(t *testing.T) {
	t.Parallel()
	one := issue(t, testca.Spec{Names: []string{"qq.com"}})
	two := issue(t, testca.Spec{Names: []string{"qq.com"}})
	if bytes.Equal(one.Leaf.RawSubjectPublicKeyInfo, two.Leaf.RawSubjectPublicKeyInfo) {
		t.Error("two certificates have the same key, want a new one each")
	}
	if one.Leaf.SerialNumber.Cmp(two.Leaf.SerialNumber) == 0 {
		t.Errorf("two certificates have the serial number %v, want different ones", one.Leaf.SerialNumber)
	}
	testca.Pool().AddCert(issue(t, testca.Spec{Names: []string{"qq.com"}, SelfSigned: true}).Leaf)
	root := x509.NewCertPool()
	if !root.AppendCertsFromPEM(testca.RootPEM()) {
		t.Fatalf("RootPEM is not a certificate: %q", testca.RootPEM())
	}
	if !testca.Pool().Equal(root) {
		t.Error("Pool holds something beside the root, want RootPEM alone")
	}
}

// FuzzNames: what Certificate takes is a certificate for exactly that.
func FuzzNames(f *testing.F) {
	for _, name := range []string{"qq.com", "*.qq.com.", "bücher.example", "127.0.0.1", "::1", "a..b", "-", "xn--a", "192.0.2.1.", "１92.0.2.1"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		cert, err := testca.Certificate(name)
		if err != nil {
			return
		}
		names := slices.Clone(cert.Leaf.DNSNames)
		for _, ip := range cert.Leaf.IPAddresses {
			names = append(names, ip.String())
		}
		if len(names) != 1 {
			t.Fatalf("Certificate(%q) is for %q, want one name", name, names)
		}
		host := strings.Replace(names[0], "*", "x", 1)
		if _, err := cert.Leaf.Verify(x509.VerifyOptions{Roots: testca.Pool(), DNSName: host}); err != nil {
			t.Errorf("Certificate(%q) does not serve %q: %v", name, host, err)
		}
	})
}

func BenchmarkCertificate(b *testing.B) {
	for b.Loop() {
		if _, err := testca.Certificate("mx1.qq.com"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPool(b *testing.B) {
	for b.Loop() {
		testca.Pool()
	}
}

func issue(t *testing.T, spec testca.Spec) *tls.Certificate {
	t.Helper()
	cert, err := testca.Issue(spec)
	if err != nil {
		t.Fatalf("Issue(%+v): %v", spec, err)
	}
	return cert
}

// handshake has a client with the given configuration, which trusts [testca.Pool] unless it says
// otherwise, meet a server that shows cert. The client's error must be as want says.
func handshake(t *testing.T, cert *tls.Certificate, client *tls.Config, want func(error) bool) {
	t.Helper()
	if client.RootCAs == nil {
		client.RootCAs = testca.Pool()
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var server sync.WaitGroup
	server.Go(func() {
		conn, err := listener.Accept()
		if err != nil {
			t.Errorf("Accept: %v", err)
			return
		}
		defer conn.Close()
		tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{*cert}}).HandshakeContext(t.Context())
	})
	defer server.Wait()
	defer listener.Close()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	err = tls.Client(conn, client).HandshakeContext(t.Context())
	switch {
	case want == nil && err != nil:
		t.Errorf("handshake with %q: %v, want success", client.ServerName, err)
	case want != nil && !want(err):
		t.Errorf("handshake with %q: %T %v, want another error", client.ServerName, err, err)
	}
}

// is reports whether there is an E in err's chain.
func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// isInvalid returns a function that looks for an [x509.CertificateInvalidError] of that reason.
func isInvalid(reason x509.InvalidReason) func(error) bool {
	return func(err error) bool {
		invalid, ok := errors.AsType[x509.CertificateInvalidError](err)
		return ok && invalid.Reason == reason
	}
}
