package browser

// A page of very many messages: how long a person waits, and what the browser needs.

import (
	"context"
	"fmt"
	"net/smtp"
	"testing"

	"github.com/chromedp/cdproto/heapprofiler"
	"github.com/chromedp/cdproto/memory"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/seed078e9d8c/maillab/mailtest"
)

// many is the number of messages.
const many = 50_000

// fill sends messages to a server, over one connection in memory.
func fill(tb testing.TB, srv *mailtest.Server, from, to int) {
	tb.Helper()
	conn, err := srv.Dial(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	c, err := smtp.NewClient(conn, "localhost")
	if err != nil {
		tb.Fatal(err)
	}
	for i := from; i < to; i++ {
		raw := fmt.Sprintf("From: Shop <shop@example.com>\r\nTo: bob@qq.com\r\nSubject: Order %d\r\nContent-Type: text/html\r\n\r\n<p>Your <b>order</b> %[1]d</p>\r\n", i+1)
		if err := deliver(c, raw); err != nil {
			tb.Fatal(err)
		}
	}
	if err := c.Quit(); err != nil {
		tb.Fatal(err)
	}
}

// painted is when the first text of a page was painted, in milliseconds since a person has asked for the page.
const painted = `new Promise(done => new PerformanceObserver(list => list.getEntriesByName("first-contentful-paint").forEach(e => done(e.startTime)))
	.observe({type: "paint", buffered: true}))`

// needs is what a browser needs for a page.
type needs struct {
	heap  float64 // bytes, of JavaScript and of what belongs to it
	nodes int64
}

// needed measures what is left of a page after the garbage is collected.
func needed(tb testing.TB, ctx context.Context) needs {
	tb.Helper()
	if _, err := chromedp.Call(ctx, heapprofiler.CollectGarbage, struct{}{}); err != nil {
		tb.Fatal(err)
	}
	heap, err := chromedp.Call(ctx, runtime.GetHeapUsage, struct{}{})
	if err != nil {
		tb.Fatal(err)
	}
	dom, err := chromedp.Call(ctx, memory.GetDOMCounters, struct{}{})
	if err != nil {
		tb.Fatal(err)
	}
	return needs{heap.UsedSize + heap.EmbedderHeapUsedSize + heap.BackingStorageSize, dom.Nodes}
}

// TestManyMessages opens the page of 50,000 messages, searches, and gets more while it is open. What the browser needs does not grow
// with the number of messages. The times are in the log.
func TestManyMessages(t *testing.T) {
	t.Parallel()
	srv, p := serve(t)
	ctx := open(t, "")
	heading := func(text string) chromedp.Action[chromedp.Void] {
		return chromedp.WaitVisible(`//h1[.="` + text + `"]`)
	}
	fill(t, srv, 0, many)
	check := func(what string) {
		t.Helper()
		n := needed(t, ctx)
		t.Logf("%s: %.1f MB, %d nodes", what, n.heap/1e6, n.nodes)
		if n.heap > 20e6 || n.nodes > 5_000 {
			t.Errorf("%s needs %.1f MB and %d nodes, want 20 MB and 5,000 at most", what, n.heap/1e6, n.nodes)
		}
	}
	do(t, ctx, chromedp.Navigate(p.URL()), heading(fmt.Sprintf("%d messages", many)))
	t.Logf("first page, with the index: %.0f ms", value[float64](t, ctx, painted))
	for range 3 {
		do(t, ctx, chromedp.Navigate(p.URL()), heading(fmt.Sprintf("%d messages", many)))
		t.Logf("first page: %.0f ms", value[float64](t, ctx, painted))
	}
	check("the first page")
	for query, found := range map[string]string{"from:shop subject:49999": "1 message found", "order": fmt.Sprintf("%d messages found", many), "absent": "0 messages found"} {
		do(t, ctx, press("/"), press(query), press(kb.Enter), heading(found))
		t.Logf("search %q: %.0f ms", query, value[float64](t, ctx, painted))
	}
	check("a search")
	do(t, ctx, chromedp.Navigate(p.URL()), heading(fmt.Sprintf("%d messages", many)))
	fill(t, srv, many, many+2000)
	do(t, ctx, heading(fmt.Sprintf("%d messages", many+2000)))
	check("the page that has changed many times")
}
