package browser

// Accessibility, and the report from the disk.

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/smtp"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/seed078e9d8c/maillab/mxmock"
	"github.com/seed078e9d8c/maillab/mxmock/inspect"
)

// axe returns the text of axe-core, which looks for what keeps people with disabilities from using a page.
func axe(t *testing.T) string {
	t.Helper()
	for _, dir := range filepath.SplitList(os.Getenv("NODE_PATH")) {
		if text, err := os.ReadFile(filepath.Join(dir, "axe-core", "axe.min.js")); err == nil {
			return string(text)
		}
	}
	t.Skip("the package axe-core is needed, where NODE_PATH leads")
	return ""
}

// violations is what axe-core finds that is serious, a line each.
const violations = `axe.run(document, {iframes: false}).then(r => r.violations.filter(v => v.impact === "serious" || v.impact === "critical")` +
	`.map(v => v.id + ": " + v.nodes.map(n => n.html.slice(0, 120)).join(" | ")).join("\n"))`

// looks are the windows in which people look at the page.
var looks = []struct {
	name          string
	width, height int64
	scheme        string
}{
	{"phone, light", 375, 740, "light"}, {"phone, dark", 375, 740, "dark"}, {"tablet, light", 768, 1024, "light"},
	{"desktop, light", 1280, 800, "light"}, {"desktop, dark", 1280, 800, "dark"},
}

// cramped is what does not fit into the window, or has too little room in it.
const cramped = `[...(document.documentElement.scrollWidth > innerWidth ? ["the page is " + document.documentElement.scrollWidth + " wide"] : []),
	...[...document.querySelectorAll(".list .subject, .sessions td:first-child, .turns td:last-child")].map(e => e.getBoundingClientRect())
		.filter(r => r.width < 100 || r.right > innerWidth).map(r => "a cell from " + r.left + " to " + r.right)].join("\n")`

// TestAccessibility looks at each page in each window: axe-core finds nothing serious, and what matters has room.
func TestAccessibility(t *testing.T) {
	t.Parallel()
	script := axe(t)
	inet := mxmock.New(t)
	inet.MX("qq.com", "mx1.qq.com")
	page := inspect.New(t, inet)
	sendTo(t, inet, rich("A letter"))
	ctx := open(t, "")
	paths := []string{"/", "/?q=nothing", "/sessions", "/sessions/mx1.qq.com/1", "/journal", "/picture", "/messages/99"}
	for _, view := range []string{"html", "text", "source", "headers", "parts", "raw", "links", "checks"} {
		paths = append(paths, "/messages/1?view="+view)
	}
	for _, look := range looks {
		do(t, ctx, chromedp.EmulateViewport(look.width, look.height))
		features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: look.scheme}}
		if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features}); err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			do(t, ctx, chromedp.Navigate(page.URL()+path), chromedp.WaitReady("main"), chromedp.Evaluate[chromedp.Void](script))
			for _, question := range []string{violations, cramped} {
				if found := ask(t, ctx, chromedp.Evaluate[string](question, chromedp.EvalAwaitPromise)); found != "" {
					t.Errorf("%s, %s:\n%s", look.name, path, found)
				}
			}
		}
	}
}

// TestReport opens a report from the disk. It shows the mail, and makes no request.
func TestReport(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	canary := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/favicon.ico" {
			asked.Add(1)
		}
	}))
	defer canary.Close()
	inet := mxmock.New(t)
	inet.MX("qq.com", "mx1.qq.com")
	sendTo(t, inet, rich("A letter"))
	var report bytes.Buffer
	if err := inspect.WriteReport(&report, inet); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(file, report.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx := open(t, strings.TrimPrefix(canary.URL, "http://"))
	do(t, ctx, chromedp.Navigate("http://x.example/canary"))
	if asked.Swap(0) == 0 {
		t.Fatal("the canary is not reached by its names")
	}
	do(t, ctx, chromedp.Navigate("file://"+filepath.ToSlash(file)), chromedp.WaitReady("body"))
	if text := ask(t, ctx, chromedp.Text("body")); !strings.Contains(text, "A letter") || !strings.Contains(text, "RCPT") {
		t.Errorf("the report shows\n%.2000s", text)
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("the report makes %d requests", n)
	}
}

// sendTo sends a mail to the MX host of qq.com.
func sendTo(t *testing.T, inet *mxmock.Internet, raw string) {
	t.Helper()
	conn, err := inet.DialContext(t.Context(), "tcp", "mx1.qq.com:25")
	if err != nil {
		t.Fatal(err)
	}
	c, err := smtp.NewClient(conn, "mx1.qq.com")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(deliver(c, raw), c.Quit()); err != nil {
		t.Fatal(err)
	}
}
