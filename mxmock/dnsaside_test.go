package mxmock_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed078e9d8c/maillab/mxmock"
)

func TestTrueResolver(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	inet.MX("qq.com", "mx1.qq.com")
	long := strings.Repeat(`"`+strings.Repeat("x", 250)+`" `, 8)
	if err := inet.AddZone("long.example. 60 IN TXT " + long + "\n"); err != nil {
		t.Fatal(err)
	}
	inet.Break("any *", mxmock.ServFail)
	inet.AddDNSRules(mxmock.DNSRule{Question: "mx qq.com", Times: 1, Fault: mxmock.NXDomain})
	aside := inet.TrueResolver()
	check := func() {
		t.Helper()
		if mxs, err := aside.LookupMX(t.Context(), "qq.com."); err != nil || len(mxs) != 1 {
			t.Errorf("MX = %v, %v", mxs, err)
		}
		if txt, err := aside.LookupTXT(t.Context(), "long.example."); err != nil || len(txt) != 1 || len(txt[0]) != 2000 {
			t.Errorf("TXT = %v, %v", txt, err) // comes by TCP
		}
	}
	check()
	if j := inet.Journal(); len(j) != 0 {
		t.Errorf("the journal has %v", j)
	}
	inet.RemoveDNSRules()
	if _, err := inet.Resolver().LookupMX(t.Context(), "qq.com."); err == nil {
		t.Error("what Break has broken was mended by RemoveDNSRules")
	}
	inet.Mend("any *")
	if _, err := inet.Resolver().LookupMX(t.Context(), "qq.com."); err != nil {
		t.Errorf("a rule that was removed has acted: %v", err)
	}
	inet.Close()
	check()
}

// Rules that were removed do not act on a look-up that has begun before.
func TestRemoveDNSRulesDuringLookUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inet := mxmock.New(t)
		inet.MX("qq.com", "mx1.qq.com")
		inet.AddDNSRules(mxmock.DNSRule{Question: "mx qq.com", Fault: mxmock.Silent})
		time.AfterFunc(time.Second, func() {
			inet.RemoveDNSRules()
			inet.AddDNSRules(mxmock.DNSRule{Question: "mx 163.com", Fault: mxmock.ServFail})
		})
		if _, err := inet.Resolver().LookupMX(t.Context(), "qq.com."); err != nil {
			t.Error(err)
		}
	})
}

func TestMailPorts(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	h := inet.Host("mx1.qq.com")
	if ports := h.MailPorts(); len(ports) != 0 {
		t.Errorf("ports = %v, want none", ports)
	}
	h.Server(587)
	h.Server(25)
	if ports := h.MailPorts(); len(ports) != 2 || ports[0] != 25 || ports[1] != 587 {
		t.Errorf("ports = %v, want 25 and 587", ports)
	}
}
