package mxmock_test

// Tests of synctest bubbles: what works inside, and what says that it does not.

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed078e9d8c/maillab/mxmock"
)

// firstInBubble is set in the process that runs TestFirstLookupInBubble alone.
const firstInBubble = "MXMOCK_FIRST_IN_BUBBLE"

// TestFirstLookupOfProcess starts this program again, for a test in which the first look-up of the
// process is inside a bubble, and the second outside (golang/go#80903).
func TestFirstLookupOfProcess(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFirstLookupInBubble$", "-test.v")
	cmd.Env = append(os.Environ(), firstInBubble+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "PASS: TestFirstLookupInBubble") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestFirstLookupInBubble(t *testing.T) {
	if os.Getenv(firstInBubble) == "" {
		t.Skip("run by TestFirstLookupOfProcess")
	}
	synctest.Test(t, func(t *testing.T) {
		if addrs, err := mxmock.New(t).Resolver().LookupHost(t.Context(), "nosuch.example.org."); !isNotFound(err) {
			t.Errorf("inside: %v, %v, want not found", addrs, err)
		}
		inet := mxmock.New(t)
		mx := inet.MX("qq.com", "mx1.qq.com")[0]
		app := newApp(inet.Resolver(), inet.DialContext)
		if err := app.Send(t.Context(), "bob@qq.com"); err != nil {
			t.Fatal(err)
		}
		mx.Next(t)
	})
	inet := mxmock.New(t)
	mx := inet.MX("qq.com", "mx1.qq.com")[0]
	app := newApp(inet.Resolver(), inet.DialContext)
	if err := app.Send(t.Context(), "bob@qq.com"); err != nil {
		t.Fatal(err)
	}
	mx.Next(t)
}

// TestWrongSideOfBubble uses an internet where it was not made.
func TestWrongSideOfBubble(t *testing.T) {
	t.Parallel()
	const want = "outside of a synctest bubble"
	outside := mxmock.New(t)
	outside.MX("qq.com", "mx1.qq.com")
	check := func(what string, err error) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want an error with %q", what, err, want)
		}
	}
	var inside *mxmock.Internet
	synctest.Test(t, func(t *testing.T) {
		_, err := outside.DialContext(t.Context(), "tcp", "mx1.qq.com:25")
		check("DialContext inside", err)
		_, err = outside.Resolver().LookupMX(t.Context(), "qq.com.")
		check("look-up inside", err)
		inside = &mxmock.Internet{}
		inside.MX("qq.com", "mx1.qq.com")
		if _, err := inside.DialContext(t.Context(), "tcp", "mx1.qq.com:26"); err == nil || strings.Contains(err.Error(), want) {
			t.Errorf("a zero value that was first used inside: %v, want refused", err)
		}
		if _, err := inside.ListenDNS(); err == nil || !strings.Contains(err.Error(), "bubble") {
			t.Errorf("ListenDNS inside: %v, want an error about the bubble", err)
		}
		if err := inside.ListenHosts(nil); err == nil || !strings.Contains(err.Error(), "bubble") {
			t.Errorf("ListenHosts inside: %v, want an error about the bubble", err)
		}
		_, err = inside.Dialer().DialContext(t.Context(), "tcp", "203.0.113.1:25")
		if err == nil || !strings.Contains(err.Error(), "bubble") {
			t.Errorf("Dialer inside: %v, want an error about the bubble", err)
		}
		inside.Close()
	})
	other := &mxmock.Internet{}
	defer other.Close()
	synctest.Test(t, func(t *testing.T) { other = mxmock.New(t) })
	_, err := other.DialContext(t.Context(), "tcp", "mx1.qq.com:25")
	if err == nil {
		t.Error("an internet of a bubble that is over: no error, want one")
	}
}

// TestVirtualTime has everything observable in the time of the bubble.
func TestVirtualTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		time.Sleep(time.Hour)
		inet := mxmock.New(t)
		mx := inet.MX("qq.com", "mx1.qq.com")[0]
		app := newApp(inet.Resolver(), inet.DialContext)
		if err := app.Send(t.Context(), "bob@qq.com"); err != nil {
			t.Fatal(err)
		}
		if got, want := mx.Next(t).Time.Sub(start), time.Hour; got != want {
			t.Errorf("message at %v, want %v", got, want)
		}
		for _, e := range inet.Journal() {
			if got, want := e.Time.Sub(start), time.Hour; got != want {
				t.Errorf("%v at %v, want %v", e, got, want)
			}
		}
	})
}
