package mxmock_test

// Mistakes of a test: settings that come too late, and panics in its own funcs.

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mxmock"
)

// panicOf returns what a call panics with, as text; "" if it does not.
func panicOf(call func()) (text string) {
	defer func() {
		if v := recover(); v != nil {
			text = fmt.Sprint(v)
		}
	}()
	call()
	return ""
}

func TestNetworksTooLate(t *testing.T) {
	t.Parallel()
	const want = "mxmock: Networks was set after the internet was first used"
	inet := &mxmock.Internet{}
	inet.Host("mx1.qq.com", "203.0.113.1") // takes no address of them
	inet.Networks = []string{"198.51.100.0/24"}
	if got := inet.Host("mx2.qq.com").Addrs()[0]; !strings.HasPrefix(got, "198.51.100.") {
		t.Errorf("got address %s", got)
	}
	inet.Networks = append(inet.Networks, "203.0.113.0/24")
	for name, call := range map[string]func(){
		"Host": func() { inet.Host("mx3.qq.com") },
		"MX":   func() { inet.MX("qq.com", "mx3.qq.com") },
	} {
		if got := panicOf(call); got != want {
			t.Errorf("%s panics with %q, want %q", name, got, want)
		}
	}
	if err := inet.ListenHosts(nil); err == nil || err.Error() != want {
		t.Errorf("ListenHosts: got error %v", err)
	}
	if got := panicOf(inet.Close); got != want {
		t.Errorf("Close panics with %q, want %q", got, want)
	}
}

// spoil makes two mistakes with the hosts of qq.com.
func spoil(t *testing.T, inet *mxmock.Internet) {
	t.Helper()
	hosts := inet.MX("qq.com", "mx1.qq.com", "mx2.qq.com")
	hosts[0].AddRules(mailtest.Rule{At: mailtest.Greeting, When: func(*mailtest.Attempt) bool { panic("boom") }, Delay: 1})
	for _, h := range hosts {
		conn, err := inet.DialContext(context.Background(), "tcp", h.Name()+":25")
		if err != nil {
			t.Fatal(err)
		}
		conn.Read(make([]byte, 1)) // until the server has taken notice
		conn.Close()
	}
	hosts[1].Server(25).StartTLS = true
}

func TestMistakesOfHosts(t *testing.T) {
	t.Parallel()
	wants := []string{
		"host mx1.qq.com: mailtest: server mx1.qq.com, session 1, Greeting: the test's own code panicked: boom",
		"host mx2.qq.com: mailtest: StartTLS was set after the server was first used",
	}
	tb := &fakeTB{TB: t}
	spoil(t, mxmock.New(tb))
	tb.end()
	inet := &mxmock.Internet{}
	spoil(t, inet)
	closed := panicOf(inet.Close)
	for _, want := range wants {
		if got := fmt.Sprint(tb.errors); !strings.Contains(got, want) {
			t.Errorf("the test gets errors %s, want %q in it", got, want)
		}
		if !strings.Contains(closed, want) {
			t.Errorf("Close panics with %s, want %q in it", closed, want)
		}
	}
	if got := panicOf(inet.Close); strings.Contains(got, "boom") {
		t.Errorf("the second Close panics with %s", got)
	}
}

// TestWordsOfMistakes: a panic says what to write instead.
func TestWordsOfMistakes(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	inet.MX("qq.com", "mx1.qq.com")
	for name, test := range map[string]struct {
		mistake func()
		want    string
	}{
		"a host in Break": {func() { inet.Break("mx1.qq.com", mxmock.Refused) },
			`"mx1.qq.com" is not a question such as "mx qq.com", nor an address or a port; for a whole host, there is Host.Break`},
		"a question the wrong way round": {func() { inet.Break("qq.com mx", mxmock.Refused) }, `question "qq.com mx": there is no record type "qq.com"`},
		"a preference after the name":    {func() { inet.MX("qq.com", "mx1.qq.com 10") }, `write it as in "10 mx1.qq.com"`},
		"a host named by its address":    {func() { inet.Host("192.0.2.9").Server(25) }, `it is an address, want a name; write it as in Host("mx1.qq.com", "192.0.2.9")`},
		"DMARC of a wildcard":            {func() { inet.Publish("*.qq.com", mxmock.Records{DMARC: "p=none"}) }, "it can have SPF and DANE only"},
		"services of a wildcard":         {func() { inet.Publish("*.qq.com", mxmock.Records{Services: map[string]string{"imaps": "."}}) }, "it can have SPF and DANE only"},
		"a network that is too small":    {func() { inet.Blocklist("zen.example.org", "203.0.113.0/33") }, `entry "203.0.113.0/33": netip.ParsePrefix("203.0.113.0/33"): prefix length out of range`},
		"an omission that is none":       {func() { inet.Sender("shop.example", mxmock.NoMX, 9) }, "sender for shop.example: there is no Omission(9); use NoMX, NoPTR, NoSPF, NoDKIM or NoDMARC"},
		"a network that is cut":          {func() { inet.Blocklist("zen.example.org", "10/8 127.0.0.11") }, `entry "10/8 127.0.0.11": netip.ParsePrefix("10/8"): ParseAddr("10"): unable to parse IP`},
	} {
		if got := panicOf(test.mistake); !strings.Contains(got, test.want) {
			t.Errorf("%s: panic %q, want %q in it", name, got, test.want)
		}
	}
}
