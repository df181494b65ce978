package mxmock_test

// Tests of what a domain publishes, of blocklists, and of the check.

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mxmock"
)

// txtOf returns the TXT records of a name.
func txtOf(tb testing.TB, inet *mxmock.Internet, name string) []string {
	tb.Helper()
	txt, err := inet.Resolver().LookupTXT(tb.Context(), name+".")
	if err != nil {
		tb.Fatal(err)
	}
	return txt
}

func TestPublish(t *testing.T) {
	t.Parallel()
	n := new(big.Int).Lsh(big.NewInt(1), 2047)
	rsaKey := &rsa.PublicKey{N: n.SetBit(n, 0, 1), E: 65537} // of which nobody has the other half
	edKey, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	inet := mxmock.New(t)
	inet.MX("qq.com", "mx1.qq.com", "mx2.qq.com")
	inet.Host("imap.qq.com").Server(993)
	zoneOf(t, inet, `qq.com. TXT "verification=1" "23"`)
	for _, spf := range []string{"-all", "mx -all"} { // the second takes the place of the first
		inet.Publish("qq.com", mxmock.Records{
			SPF:    spf,
			DMARC:  "p=reject; rua=mailto:dmarc@qq.com",
			TLSRPT: "mailto:tls@qq.com",
			DKIM:   map[string]crypto.PublicKey{"s1": rsaKey, "s2": edKey, "old": nil},
			DANE:   true,
			Services: map[string]string{
				"submissions": "smtp.qq.com:465", "imaps": "imap.qq.com:993", "pop3": ".",
			},
		})
	}
	der, err := x509.MarshalPKIXPublicKey(rsaKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]string{
		"qq.com":                {"v=spf1 mx -all", "verification=123"},
		"_dmarc.qq.com":         {"v=DMARC1; p=reject; rua=mailto:dmarc@qq.com"},
		"_smtp._tls.qq.com":     {"v=TLSRPTv1; rua=mailto:tls@qq.com"},
		"s1._domainkey.qq.com":  {"v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der)},
		"s2._domainkey.qq.com":  {"v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(edKey)},
		"old._domainkey.qq.com": {"v=DKIM1; p="},
	} {
		if diff := cmp.Diff(txtOf(t, inet, name), want); diff != "" {
			t.Errorf("%s: got, want differ:\n%s", name, diff)
		}
	}
	for service, want := range map[string]string{"submissions": "smtp.qq.com.:465", "imaps": "imap.qq.com.:993", "pop3": ".:0"} {
		_, srvs, err := inet.Resolver().LookupSRV(t.Context(), service, "tcp", "qq.com.")
		if err != nil || len(srvs) != 1 || fmt.Sprintf("%s:%d", srvs[0].Target, srvs[0].Port) != want {
			t.Errorf("SRV of %s: %v, %v, want %s", service, srvs, err, want)
		}
	}
	for _, bad := range []mxmock.Records{
		{DKIM: map[string]crypto.PublicKey{"s1": "a string"}},
		{DKIM: map[string]crypto.PublicKey{"..": edKey}},
		{MTASTS: "on"},
		{SPF: "v=spf1 mx -all"},
		{DMARC: "v=DMARC1; p=reject"},
		{DMARC: "reject"},
		{DMARC: "p=none; reject"},
		{TLSRPT: "tls@qq.com"},
		{TLSRPT: "rua=mailto:tls@qq.com"},
		{Services: map[string]string{"smtp": "a.example.com:25"}},
		{Services: map[string]string{"imap": "a.example.com"}},
		{Services: map[string]string{"imap": "a.example.com:imap"}},
		{Services: map[string]string{"imap": "..:143"}},
	} {
		mustPanic(t, fmt.Sprintf("%+v", bad), func() { inet.Publish("qq.com", bad) })
	}
	mustPanic(t, "no domain", func() { inet.Publish("", mxmock.Records{SPF: "-all"}) })
}

// TestTLSA compares the TLSA record with the certificate that a client gets.
func TestTLSA(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	mx := inet.MX("qq.com", "mx1.qq.com", "mx2.qq.com")
	own, err := tls.X509KeyPair(selfSigned(t, "mx2.qq.com"))
	if err != nil {
		t.Fatal(err)
	}
	mx[0].Server(25).StartTLS = true
	mx[1].Server(25).StartTLS = true
	mx[1].Server(25).TLS = &tls.Config{Certificates: []tls.Certificate{own}}
	inet.Publish("qq.com", mxmock.Records{DANE: true})
	addr := listenDNS(t, inet)
	for _, host := range mx {
		r := ask(t, "udp", addr, "tlsa _25._tcp."+host.Name(), nil)
		if len(r.Answer) != 1 {
			t.Fatalf("TLSA of %s: %v, want one record", host.Name(), r)
		}
		tlsa := r.Answer[0].(*dns.TLSA)
		leaf := leafOf(t, inet, host.Name())
		hash := sha256.Sum256(leaf.RawSubjectPublicKeyInfo)
		if got, want := fmt.Sprint(tlsa.Usage, tlsa.Selector, tlsa.MatchingType, tlsa.Certificate), fmt.Sprint(3, 1, 1, hex.EncodeToString(hash[:])); got != want {
			t.Errorf("TLSA of %s = %s, want %s", host.Name(), got, want)
		}
	}
	if err := inet.Check(); err != nil {
		t.Error(err)
	}
	zoneOf(t, inet, `
		163.com.        MX    10 nosuch.163.com.
		sina.com.       MX    10 alias.sina.com.
		alias.sina.com. CNAME nosuch.sina.com.
	`)
	inet.MX("nomail.example", ".")
	for domain, want := range map[string]string{
		"163.com": "no host nosuch.163.com", "sina.com": "alias.sina.com. is an alias of nosuch.sina.com", "nomail.example": "takes no mail",
		"nothing.example": "neither MX records nor a host",
	} {
		func() {
			defer func() {
				if text := fmt.Sprint(recover()); !strings.Contains(text, want) {
					t.Errorf("DANE for %s: panic %q, want %q", domain, text, want)
				}
			}()
			inet.Publish(domain, mxmock.Records{DANE: true})
		}()
	}
}

// TestTLSANames compares TLSA records with certificates where the mail host is not the MX of the domain
// under its own first name.
func TestTLSANames(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	zoneOf(t, inet, `
		alias.example.    MX    10 mx.alias.example.
		mx.alias.example. CNAME mail.host.example.
	`)
	shared := inet.Host("mail.host.example")
	shared.AddNames("mx.shared.example")
	shared.Server(25).StartTLS = true
	inet.MX("shared.example", "mx.shared.example")
	alone := inet.Host("alone.example")
	alone.Server(25).StartTLS = true
	inet.MX("mixed.example", "203.0.113.8", "mx.mixed.example")[1].Server(25).StartTLS = true
	addr := listenDNS(t, inet)
	for domain, owners := range map[string][]string{
		"alone.example":  {"alone.example"},
		"shared.example": {"mx.shared.example"},
		"alias.example":  {"mail.host.example", "mx.alias.example"},
		"mixed.example":  {"mx.mixed.example"},
	} {
		inet.Publish(domain, mxmock.Records{DANE: true})
		for _, owner := range owners {
			r := ask(t, "udp", addr, "tlsa _25._tcp."+owner, nil)
			if len(r.Answer) != 1 {
				t.Errorf("TLSA of %s: %v, want one record", owner, r)
				continue
			}
			hash := sha256.Sum256(leafOf(t, inet, owner).RawSubjectPublicKeyInfo)
			if got, want := r.Answer[0].(*dns.TLSA).Certificate, hex.EncodeToString(hash[:]); got != want {
				t.Errorf("TLSA of %s is for another key than its clients see", owner)
			}
		}
	}
	if err, want := inet.Check(), "mxmock: alias.example MX: mx.alias.example is an alias (RFC 2181 §10.3)\n"+
		"mxmock: mixed.example MX: 203.0.113.8 is an address, want the name of a host (RFC 5321 §5.1)"; err == nil || err.Error() != want {
		t.Errorf("check: %v, want %s", err, want)
	}
}

// TestTLSAOfFaultyCertificates: DANE-EE records match whatever else is wrong with the certificate (RFC 7672 §3.1.1),
// unless it is that of another machine.
func TestTLSAOfFaultyCertificates(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	mx := inet.MX("qq.com", "mx1.qq.com")[0]
	mx.Server(25).StartTLS = true
	inet.Publish("qq.com", mxmock.Records{DANE: true})
	answer := ask(t, "udp", listenDNS(t, inet), "tlsa _25._tcp.mx1.qq.com", nil).Answer
	if len(answer) != 1 {
		t.Fatalf("TLSA: %v, want one record", answer)
	}
	good := leafOf(t, inet, "mx1.qq.com")
	matches := func(cert *x509.Certificate) bool { return answer[0].(*dns.TLSA).Verify(cert) == nil }
	for _, fault := range []mailtest.CertificateFault{
		mailtest.Expired, mailtest.NotYetValid, mailtest.SelfSigned, mailtest.OtherName, mailtest.UnknownCA,
	} {
		mx.AddRules(mailtest.Rule{At: mailtest.Handshake, Times: 1, Certificate: fault})
		cert := leafOf(t, inet, "mx1.qq.com")
		if cert.Equal(good) || !matches(cert) {
			t.Errorf("%v: the certificate is the good one, or the TLSA record does not match it", fault)
		}
	}
	mx.Break(mxmock.BadCertificate)
	if matches(leafOf(t, inet, "mx1.qq.com")) {
		t.Error("the TLSA record matches the certificate of another machine")
	}
}

// TestMTASTS fetches the policy as RFC 8461 §3.3 has it, in virtual time too.
func TestMTASTS(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inet := mxmock.New(t)
		inet.MX("qq.com", "mx1.qq.com", "mx2.qq.com")
		client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{DialContext: inet.DialContext, TLSClientConfig: inet.ClientTLS()}}
		defer client.CloseIdleConnections()
		fetch := func() string {
			t.Helper()
			r, err := client.Get("https://mta-sts.qq.com/.well-known/mta-sts.txt")
			if err != nil {
				t.Fatal(err)
			}
			defer r.Body.Close()
			body, err := io.ReadAll(r.Body)
			if err != nil || r.StatusCode != 200 || r.Header.Get("Content-Type") != "text/plain" {
				t.Errorf("policy: %s, %s, %v, want 200 and text/plain", r.Status, r.Header, err)
			}
			return string(body)
		}
		inet.Publish("qq.com", mxmock.Records{MTASTS: "testing"})
		id := txtOf(t, inet, "_mta-sts.qq.com")
		if len(id) != 1 || !strings.HasPrefix(id[0], "v=STSv1; id=2000") {
			t.Errorf("TXT = %q, want v=STSv1; id=2000…", id)
		}
		if got, want := fetch(), "version: STSv1\r\nmode: testing\r\nmx: mx1.qq.com\r\nmx: mx2.qq.com\r\nmax_age: 604800\r\n"; got != want {
			t.Errorf("policy = %q, want %q", got, want)
		}
		inet.MX("qq.com", "mx3.qq.com")[0].Server(25).StartTLS = true
		inet.Publish("QQ.com", mxmock.Records{MTASTS: "enforce"})
		if got, want := fetch(), "version: STSv1\r\nmode: enforce\r\nmx: mx3.qq.com\r\nmax_age: 604800\r\n"; got != want {
			t.Errorf("new policy = %q, want %q", got, want)
		}
		if again := txtOf(t, inet, "_mta-sts.qq.com"); len(again) != 1 || again[0] == id[0] {
			t.Errorf("TXT = %q, want another id than %q", again, id)
		}
		r, err := client.Get("https://mta-sts.qq.com/")
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if r.StatusCode != 404 {
			t.Errorf("another page: %s, want 404", r.Status)
		}
		if err := inet.Check(); err != nil {
			t.Error(err)
		}
		inet.Host("mta-sts.163.com").Server(443)
		mustPanic(t, "MTA-STS where something else listens", func() { inet.Publish("163.com", mxmock.Records{MTASTS: "none"}) })
	})
}

// TestPolicies has policies that disagree with the MX records, and web servers that fail, in one line each.
func TestPolicies(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inet := mxmock.New(t)
		inet.MX("qq.com", "mx1.qq.com")[0].Server(25).StartTLS = true
		client := &http.Client{
			Timeout:       10 * time.Second,
			Transport:     &http.Transport{DialContext: inet.DialContext, TLSClientConfig: inet.ClientTLS(), DisableKeepAlives: true},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
		fetch := func(domain string) string {
			r, err := client.Get("https://mta-sts." + domain + "/.well-known/mta-sts.txt")
			var refused *tls.CertificateVerificationError
			switch {
			case errors.As(err, &refused):
				return "wrong certificate"
			case errors.Is(err, syscall.ECONNREFUSED):
				return "refused"
			case err != nil && err.(*url.Error).Timeout():
				return "timeout"
			case err != nil:
				return err.Error()
			}
			defer r.Body.Close()
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return err.Error()
			}
			if r.StatusCode != 200 {
				return strings.TrimSpace(fmt.Sprint(r.StatusCode, " ", r.Header.Get("Location")))
			}
			return string(body)
		}
		for _, row := range []struct{ policy, want string }{
			{"none", "version: STSv1\r\nmode: none\r\nmx: mx1.qq.com\r\nmax_age: 604800\r\n"},
			{"version: STSv1\nmode: enforce\nmx: *.qq.com\nmax_age: 86400\n", "version: STSv1\nmode: enforce\nmx: *.qq.com\nmax_age: 86400\n"},
			{"version: STSv1\nmode: enforce\nmx: mx1.163.com\nmax_age: 1\n", "version: STSv1\nmode: enforce\nmx: mx1.163.com\nmax_age: 1\n"},
			{"mode = enforce\n\x00", "mode = enforce\n\x00"},
			{"404", "404"},
			{"500 Internal Server Error", "500"},
			{"301 https://policy.example/.well-known/mta-sts.txt", "301 https://policy.example/.well-known/mta-sts.txt"},
		} {
			inet.Publish("qq.com", mxmock.Records{MTASTS: row.policy})
			if got := fetch("qq.com"); got != row.want {
				t.Errorf("policy %q: %q, want %q", row.policy, got, row.want)
			}
			if txt := txtOf(t, inet, "_mta-sts.qq.com"); len(txt) != 1 {
				t.Errorf("policy %q: TXT = %q, want one", row.policy, txt)
			}
		}
		inet.Publish("qq.com", mxmock.Records{MTASTS: "enforce"})
		for fault, want := range map[mxmock.Fault]string{
			mxmock.Silent: "timeout", mxmock.Mute: "timeout", mxmock.Refused: "refused", mxmock.BadCertificate: "wrong certificate",
		} {
			inet.Break("mta-sts.qq.com:443", fault)
			if got := fetch("qq.com"); got != want {
				t.Errorf("%v: %q, want %q", fault, got, want)
			}
			inet.Mend("mta-sts.qq.com:443")
		}
		for _, bad := range []string{"enforced", "99", "600", "302", "302 nowhere"} {
			mustPanic(t, bad, func() { inet.Publish("qq.com", mxmock.Records{MTASTS: bad}) })
		}

		// Two domains have their policies with a hosting provider; a third has no MX records.
		zoneOf(t, inet, "mta-sts.a.example. CNAME policies.host.example.\nmta-sts.b.example. CNAME mta-sts.a.example.\n")
		inet.MX("a.example", "mx.a.example")[0].Server(25).StartTLS = true
		inet.MX("b.example", "mx.b.example")
		inet.Publish("a.example", mxmock.Records{MTASTS: "enforce"})
		inet.Publish("b.example", mxmock.Records{MTASTS: "testing", Autoconfig: true})
		inet.Host("c.example").Server(25)
		inet.Publish("c.example", mxmock.Records{MTASTS: "enforce"})
		for domain, want := range map[string]string{
			"a.example": "version: STSv1\r\nmode: enforce\r\nmx: mx.a.example\r\nmax_age: 604800\r\n",
			"b.example": "version: STSv1\r\nmode: testing\r\nmx: mx.b.example\r\nmax_age: 604800\r\n",
			"c.example": "version: STSv1\r\nmode: enforce\r\nmx: c.example\r\nmax_age: 604800\r\n",
		} {
			if got := fetch(domain); got != want {
				t.Errorf("policy of %s = %q, want %q", domain, got, want)
			}
		}
		if h, ok := inet.FindHost("policies.host.example"); !ok || h != inet.Host("mta-sts.a.example") || h != inet.Host("mta-sts.b.example") {
			t.Errorf("the policies are not at one host: %v", inet.Hosts())
		}
		if err := inet.Check(); err != nil {
			t.Error(err)
		}
		inet.Host("mta-sts.qq.com").Remove()
		inet.Publish("qq.com", mxmock.Records{MTASTS: "enforce"})
		if got := fetch("qq.com"); !strings.HasPrefix(got, "version: STSv1") {
			t.Errorf("policy on a new machine: %q", got)
		}
	})
}

func TestAutoconfig(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	inet.Publish("qq.com", mxmock.Records{
		Services:   map[string]string{"imaps": "imap.qq.com:993", "pop3": ".", "submission": "smtp.qq.com:587", "submissions": "smtp.qq.com:465"},
		Autoconfig: true,
	})
	client := &http.Client{Transport: &http.Transport{DialContext: inet.DialContext, TLSClientConfig: inet.ClientTLS()}}
	defer client.CloseIdleConnections()
	for _, scheme := range []string{"http", "https"} {
		r, err := client.Get(scheme + "://autoconfig.qq.com/mail/config-v1.1.xml?emailaddress=bob@qq.com")
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		var got struct {
			Provider struct {
				Domain  string `xml:"domain"`
				Servers []struct {
					Type   string `xml:"type,attr"`
					Host   string `xml:"hostname"`
					Port   int    `xml:"port"`
					Socket string `xml:"socketType"`
				} `xml:",any"`
				Incoming, Outgoing []struct {
					Type   string `xml:"type,attr"`
					Host   string `xml:"hostname"`
					Port   int    `xml:"port"`
					Socket string `xml:"socketType"`
				}
			} `xml:"emailProvider"`
		}
		if err := xml.NewDecoder(r.Body).Decode(&got); err != nil {
			t.Fatal(err)
		}
		var servers []string
		for _, s := range got.Provider.Servers {
			if s.Host != "" {
				servers = append(servers, fmt.Sprint(s.Type, " ", s.Host, " ", s.Port, " ", s.Socket))
			}
		}
		want := []string{"imap imap.qq.com 993 SSL", "smtp smtp.qq.com 465 SSL", "smtp smtp.qq.com 587 STARTTLS"}
		if diff := cmp.Diff(servers, want); diff != "" || got.Provider.Domain != "qq.com" {
			t.Errorf("%s: domain %q; got, want differ:\n%s", scheme, got.Provider.Domain, diff)
		}
	}
}

func TestBlocklist(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	inet.Blocklist("zen.example.org", "203.0.113.7", "2001:db8::7", "spam.example.com 127.0.1.2")
	inet.Blocklist("zen.example.org", "203.0.113.8 127.0.0.4", "2001:db9::/33 127.0.0.6", "203.0.113.129/25 127.0.0.9")
	inet.Blocklist("zen.example.org", "10.0.0.0/8 127.0.0.11", "10.1.255.255/15 127.0.0.3", "10.1.2.3")
	for name, want := range map[string]string{
		"7.113.0.203": "127.0.0.2",
		"8.113.0.203": "127.0.0.4",
		"7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2": "127.0.0.2",
		"spam.example.com": "127.0.1.2",
		"2.0.0.127":        "127.0.0.2",
		"2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0": "127.0.0.2",
		"128.113.0.203": "127.0.0.9", "127.113.0.203": "",
		"9.9.9.10": "127.0.0.11", "9.9.1.10": "127.0.0.11 127.0.0.3", "3.2.1.10": "127.0.0.11 127.0.0.2 127.0.0.3", "9.9.2.10": "127.0.0.11",
		"7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.f.f.f.7.9.b.d.0.1.0.0.2": "127.0.0.6",
		"7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.9.b.d.0.1.0.0.2": "",
		"TEST": "127.0.0.2", "1.0.0.127": "", "INVALID": "", "9.113.0.203": "",
	} {
		addrs, err := inet.Resolver().LookupHost(t.Context(), name+".zen.example.org.")
		slices.Sort(addrs)
		if got := strings.Join(addrs, " "); got != want || (err != nil) != (want == "") {
			t.Errorf("%s: %s, %v, want %q", name, got, err, want)
		}
	}
	if txt := txtOf(t, inet, "7.113.0.203.zen.example.org"); !slices.Equal(txt, []string{"203.0.113.7 is listed"}) {
		t.Errorf("TXT = %q, want the reason", txt)
	}
	if txt := txtOf(t, inet, "3.2.1.10.zen.example.org"); !slices.Equal(txt, []string{"10.1.2.3 is listed", "10.0.0.0/8 is listed", "10.1.255.255/15 is listed"}) {
		t.Errorf("TXT = %q, want the reasons", txt)
	}
	inet.Blocklist("zen.spamhaus.org", "198.51.100.0/22 127.0.0.10", "198.51.100.7 127.0.0.4", "2001:db8::/32")
	if addrs, err := inet.Resolver().LookupHost(t.Context(), "7.100.51.198.zen.spamhaus.org."); err != nil || !slices.Equal(addrs, []string{"127.0.0.4", "127.0.0.10"}) {
		t.Errorf("an address that two entries contain: %v, %v, want the answers of both", addrs, err)
	}
	for _, bad := range []string{"", "203.0.113.7 listed", "203.0.113.7 ::1", ".."} {
		mustPanic(t, "entry "+bad, func() { inet.Blocklist("zen.example.org", bad) })
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	fine := mxmock.New(t)
	fine.MX("qq.com", "mx1.qq.com")[0].Server(25).StartTLS = true
	fine.MX("163.com", "mx1.163.com")
	fine.Publish("163.com", mxmock.Records{MTASTS: "testing"})
	fine.MX("null.example.com", "0 .")
	fine.Host("six.example.com", "::", "0.0.0.0")
	fine.Publish("qq.com", mxmock.Records{SPF: "mx -all", MTASTS: "enforce", DANE: true})
	fine.MX("sina.com", "mx.sina.com")
	for _, policy := range []string{"404", "mode = enforce\n", "version: STSv1\nmode: none\nmax_age: 86400\n",
		"version: STSv1\nmode: none\nmode: testing\nmx: mx.qq.com\nmax_age: 86400\n", "version: STSv1\nmode: testing\nmx: *.sina.com\nmax_age: 86400\n"} {
		fine.Publish("sina.com", mxmock.Records{MTASTS: policy})
		if err := fine.Check(); err != nil {
			t.Errorf("policy %q: %v", policy, err)
		}
	}
	if err := fine.Check(); err != nil {
		t.Errorf("nothing is wrong, and yet:\n%v", err)
	}
	if err := new(mxmock.Internet).Check(); err != nil {
		t.Errorf("an empty internet: %v", err)
	}

	inet := mxmock.New(t)
	inet.MX("good.example.com", "mx.good.example.com")
	zoneOf(t, inet, `
$ORIGIN bad.example.com.
@ MX 10 nowhere
@ MX 20 alias
@ MX 30 192.0.2.9.
@ MX 40 nohost
@ MX 50 deaf
@ TXT "v=spf1 -all"
pieces TXT v=spf1 mx -all
spaceless TXT "v=spf1-all"
@ TXT "v=spf1 mx -all"
alias CNAME mx.good.example.com.
dangling CNAME nowhere.example.net.
round CNAME round
nohost A 198.51.100.9
deaf A 198.51.100.10
null MX 0 .
null MX 10 mx.good.example.com.
null5 MX 5 .
_imaps._tcp SRV 0 1 993 deaf
_mta-sts TXT "v=STSv1; id=1"
_25._tcp.mx.good.example.com. TLSA 3 1 1 0000000000000000000000000000000000000000000000000000000000000000
_25._tcp.nowhere TLSA 3 1 1 0000000000000000000000000000000000000000000000000000000000000000
`)
	inet.Host("deaf.bad.example.com")
	inet.Host("one.example.com", "198.51.100.20")
	inet.RemoveRecords("ptr 198.51.100.20")
	inet.Host("two.example.com", "198.51.100.21")
	inet.RemoveRecords("a two.example.com")
	zoneOf(t, inet, "one.example.com. A 198.51.100.22")
	inet.MX("plain.example.com", "mx.plain.example.com")
	inet.Publish("plain.example.com", mxmock.Records{MTASTS: "enforce", DANE: true})
	moved := inet.MX("moved.example.com", "new.moved.example.com", "a.mx.moved.example.com", "a.b.mx.moved.example.com")
	moved[0].Server(25).StartTLS = true
	moved[2].Server(25).StartTLS = true
	inet.Publish("moved.example.com", mxmock.Records{MTASTS: "version: STSv1\r\nmode: enforce\r\nmx: old.moved.example.com\r\nmx: *.MX.moved.example.com\r\nmax_age: 86400\r\n"})
	err := inet.Check()
	if err == nil {
		t.Fatal("no error, want many")
	}
	want := `mxmock: _25._tcp.mx.good.example.com: the mail server of mx.good.example.com does not offer STARTTLS, which a TLSA record requires (RFC 7672 §2.2)
mxmock: _25._tcp.mx.good.example.com: the server on port 25 of mx.good.example.com has another key (RFC 6698 §2.1)
mxmock: _25._tcp.mx.plain.example.com: the mail server of mx.plain.example.com does not offer STARTTLS, which a TLSA record requires (RFC 7672 §2.2)
mxmock: _25._tcp.nowhere.bad.example.com: there is no host nowhere.bad.example.com
mxmock: _imaps._tcp.bad.example.com SRV: nobody listens on port 993 of deaf.bad.example.com (198.51.100.10)
mxmock: _mta-sts.bad.example.com TXT: mta-sts.bad.example.com has no address (RFC 8461 §3.3)
mxmock: bad.example.com MX: 192.0.2.9 is an address, want the name of a host (RFC 5321 §5.1)
mxmock: bad.example.com MX: alias.bad.example.com is an alias (RFC 2181 §10.3)
mxmock: bad.example.com MX: nobody listens on port 25 of deaf.bad.example.com (198.51.100.10)
mxmock: bad.example.com MX: nohost.bad.example.com has the address 198.51.100.9, which is that of no host
mxmock: bad.example.com MX: nowhere.bad.example.com has no address (RFC 5321 §5.1)
mxmock: bad.example.com: 2 TXT records with v=spf1, and so none counts (RFC 7208 §4.5, RFC 9989 §4.10, RFC 8461 §3.1, RFC 8460 §3)
mxmock: dangling.bad.example.com: the alias leads to nowhere.example.net, for which the answer is NXDOMAIN
mxmock: moved.example.com MX: the MTA-STS policy does not name a.b.mx.moved.example.com (RFC 8461 §4.1)
mxmock: moved.example.com MX: the MTA-STS policy does not name new.moved.example.com (RFC 8461 §4.1)
mxmock: moved.example.com MX: the mail server of a.mx.moved.example.com does not offer STARTTLS, which an MTA-STS policy requires (RFC 8461 §5)
mxmock: null.bad.example.com: a null MX beside other MX records (RFC 7505 §3)
mxmock: null5.bad.example.com: a null MX with preference 5, want 0 (RFC 7505 §3)
mxmock: one.example.com: the DNS has the address 198.51.100.22, which the host does not have
mxmock: one.example.com: there is no PTR record for 198.51.100.20 (RFC 1912 §2.1)
mxmock: pieces.bad.example.com TXT: "v=spf1mx-all" is not an SPF record, though it begins like one; the strings of a record are joined without spaces, so put the whole text in quotation marks (RFC 7208 §3.3)
mxmock: plain.example.com MX: the mail server of mx.plain.example.com does not offer STARTTLS, which an MTA-STS policy requires (RFC 8461 §5)
mxmock: round.bad.example.com: the alias leads to round.bad.example.com, for which the answer is SERVFAIL
mxmock: spaceless.bad.example.com TXT: "v=spf1-all" is not an SPF record, though it begins like one; there is no space after the version (RFC 7208 §4.5)
mxmock: two.example.com: the DNS does not have the address 198.51.100.21 of the host
mxmock: two.example.com: the PTR record for 198.51.100.21 says two.example.com, which does not have that address (RFC 1912 §2.1)`
	if diff := cmp.Diff(strings.Split(err.Error(), "\n"), strings.Split(want, "\n")); diff != "" {
		t.Errorf("got, want differ:\n%s", diff)
	}
}

// leafOf returns the certificate that the mail server of a host presents after STARTTLS.
func leafOf(tb testing.TB, inet *mxmock.Internet, host string) *x509.Certificate {
	tb.Helper()
	return chainOf(tb, inet, host)[0]
}
