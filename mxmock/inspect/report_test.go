package inspect_test

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mxmock"
	"github.com/seed078e9d8c/maillab/mxmock/inspect"
)

func TestReport(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	inet.MX("qq.com", "mx1.qq.com", "mx2.qq.com", "mx3.qq.com")
	for range 200 {
		if _, err := inet.Resolver().LookupMX(t.Context(), "qq.com."); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 40 {
		deliver(t, inet, fmt.Sprintf("user%d@qq.com", i), letter)
	}
	var b bytes.Buffer
	if err := inspect.WriteReport(&b, inet); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	checkHTML(t, "report", b.Bytes())
	if len(page) > 2<<20 {
		t.Errorf("%d bytes, want 2 MiB at most", len(page))
	}
	for _, want := range []string{"user39@qq.com", "RCPT TO:", "ask</span>", "srcdoc=\"&lt;!doctype html&gt;", "data:application/octet-stream;base64,PHNjcmlwdD4=", "40 messages, 40 sessions", "DMARC <span class=\"verdict none\">none</span>"} {
		if !strings.Contains(page, want) {
			t.Errorf("the report has no %q", want)
		}
	}
	for _, request := range []string{"<script", "<link", `src="http`, `href="http`, `href="/`, `src="/`, "ZgotmplZ"} {
		if strings.Contains(page, request) {
			t.Errorf("the report has %s", request)
		}
	}
}

func TestReportOfNothing(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := inspect.WriteReport(&b, mailtest.New(t)); err != nil {
		t.Fatal(err)
	}
	checkHTML(t, "report", b.Bytes())
}

func TestReportInVirtualTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inet := mxmock.New(t)
		inet.MX("qq.com", "mx1.qq.com")
		page := inspect.New(t, inet)
		time.Sleep(4 * time.Hour)
		deliver(t, inet, "bob@qq.com", letter)
		var b bytes.Buffer
		if err := inspect.WriteReport(&b, inet); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), "2000-01-01 04:00:00.000 UTC") || page.URL() != "" {
			t.Errorf("URL %q, report\n%s", page.URL(), &b)
		}
	})
}

// TestTimesAfterForgetting forgets the first events, in the journal and in the session of its turns. The times of a report
// and of its picture count from the first event nevertheless, and from the first one after a reset.
func TestTimesAfterForgetting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inet := mxmock.New(t)
		inet.MX("qq.com", "mx1.qq.com")
		ask := func() {
			if _, err := inet.Resolver().LookupMX(t.Context(), "qq.com."); err != nil {
				t.Fatal(err)
			}
		}
		check := func(want string) {
			t.Helper()
			var b bytes.Buffer
			if err := inspect.WriteReport(&b, inet); err != nil {
				t.Fatal(err)
			}
			if text := b.String(); strings.Count(text, ">"+want+"</time>") != 1 || strings.Count(text, "<title>"+want+" ask") != 1 {
				t.Errorf("the last event is not %s after the first:\n%s", want, text)
			}
		}
		hurry(t, inet, "")
		time.Sleep(time.Hour)
		ask()
		check("1h0m0s")
		inet.LimitJournal(1)
		check("1h0m0s")
		inet.Reset()
		time.Sleep(time.Hour)
		ask()
		time.Sleep(time.Minute)
		ask()
		check("1m0s")
	})
}

// TestForgottenStart has a session at the beginning of the journal whose turns are forgotten.
func TestForgottenStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inet := mxmock.New(t)
		mx := inet.MX("qq.com", "mx1.qq.com")[0]
		hurry(t, inet, "")
		time.Sleep(time.Hour)
		hurry(t, inet, "")
		j := inet.Journal()
		inet.LimitJournal(len(j) - slices.IndexFunc(j, func(e mxmock.Event) bool { return e.Session == 1 }))
		mx.Server(25).LimitSessions(1)
		var b bytes.Buffer
		if err := inspect.WriteReport(&b, inet); err != nil {
			t.Fatal(err)
		}
		if text := b.String(); !strings.Contains(text, ">1h0m0s</time>") || strings.Contains(text, ">0s</time>") {
			t.Errorf("the times of the second session do not count from the first event:\n%s", text)
		}
	})
}

// A report of what a server has seen, in a file.
func ExampleWriteReport() {
	srv := &mailtest.Server{}
	defer srv.Close()
	var file bytes.Buffer
	if err := inspect.WriteReport(&file, srv); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	fmt.Println(strings.Contains(file.String(), "0 messages, 0 sessions"))
	// Output: true
}
