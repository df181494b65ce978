package inspect

import (
	"fmt"
	"io"
	"net/http/httptest"
	"net/smtp"
	"runtime"
	"strings"
	"testing"

	"github.com/seed078e9d8c/maillab/mailtest"
)

// fill sends n messages to a server, on one connection.
func fill(tb testing.TB, srv *mailtest.Server, n int) {
	tb.Helper()
	conn, err := srv.Dial(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	c, err := smtp.NewClient(conn, "localhost")
	if err != nil {
		tb.Fatal(err)
	}
	defer c.Close()
	text := strings.Repeat("<p>Hello you there.</p>\r\n", 60)
	for i := range n {
		if err := c.Mail("jo@shop.example"); err != nil {
			tb.Fatal(err)
		}
		if err := c.Rcpt("bob@qq.com"); err != nil {
			tb.Fatal(err)
		}
		w, err := c.Data()
		if err != nil {
			tb.Fatal(err)
		}
		fmt.Fprintf(w, "From: jo@shop.example\r\nSubject: number %d\r\nContent-Type: text/html\r\n\r\n%s", i, text)
		if err := w.Close(); err != nil {
			tb.Fatal(err)
		}
	}
}

// BenchmarkPage asks for the first page, and for a search, of 50,000 messages.
func BenchmarkPage(b *testing.B) {
	srv := mailtest.New(b)
	fill(b, srv, 50_000)
	page := &Page{Source: srv}
	defer page.Close()
	page.prepare()
	page.index.refresh()
	for name, path := range map[string]string{"first": "/", "search": "/?q=absent", "fields": "/?q=from:jo+subject:49999", "message": "/messages/25000"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				r := httptest.NewRequest("GET", path, nil)
				r.Host = "localhost"
				rec := httptest.NewRecorder()
				if page.ServeHTTP(rec, r); rec.Code != 200 {
					b.Fatal(rec.Body)
				}
			}
		})
	}
	b.Run("json", func(b *testing.B) {
		for b.Loop() {
			r := httptest.NewRequest("GET", "/api/messages?q=hello", nil)
			r.Host = "localhost"
			rec := httptest.NewRecorder()
			page.ServeHTTP(rec, r)
			io.Copy(io.Discard, rec.Body)
		}
	})
}

// TestIndexGrows shows that the follower and refreshes by requests, at the same time, leave each message once, in order.
func TestIndexGrows(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	page := &Page{Source: srv}
	defer page.Close()
	page.prepare()
	const n = 300
	done := make(chan struct{})
	go func() {
		defer close(done)
		for changed := page.index.change(); len(page.index.refresh()) < n; changed = page.index.change() {
			<-changed
		}
	}()
	fill(t, srv, n)
	<-done
	items := page.index.refresh()
	for i, it := range items {
		if it.id != i+1 || it.msg.Number != i+1 {
			t.Fatalf("item %d has id %d and message %d", i, it.id, it.msg.Number)
		}
	}
	if len(items) != n {
		t.Errorf("%d items, want %d", len(items), n)
	}
	all := srv.Messages()
	srv.Remove(all[0], all[150])
	if items = page.index.refresh(); len(items) != n-2 || items[0].id != 2 || items[149].id != 152 {
		t.Errorf("after a removal: %d items, first %d", len(items), items[0].id)
	}
}

// TestIndexForgets shows that the follower does not keep what the source has forgotten, though nobody asks for the page.
func TestIndexForgets(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	page := &Page{Source: srv}
	defer page.Close()
	page.prepare()
	held := func() (last, items int) {
		page.index.refreshing.Lock()
		defer page.index.refreshing.Unlock()
		return page.index.last, len(page.index.items)
	}
	const rounds, each = 10, sweepLeast / 2
	for round := range rounds {
		fill(t, srv, each)
		for {
			changed := page.index.change()
			if last, _ := held(); last >= (round+1)*each {
				break
			}
			<-changed
		}
		srv.Remove(srv.Messages()...)
	}
	if _, items := held(); items > 2*sweepLeast {
		t.Errorf("the index has %d items of %d messages, and the source has none", items, rounds*each)
	}
}

// TestDeletesGrow shows that to delete twice as many messages one by one takes about twice the memory. It is not parallel:
// allocations of others would count.
func TestDeletesGrow(t *testing.T) {
	allocated := func(n int) uint64 {
		srv := mailtest.New(t)
		fill(t, srv, n)
		page := &Page{Source: srv}
		page.prepare()
		defer page.Close()
		page.index.refresh()
		remove := func(id int) (status int) {
			r := httptest.NewRequest("DELETE", fmt.Sprint("/api/messages/", id), nil)
			r.Host = "localhost"
			rec := httptest.NewRecorder()
			page.ServeHTTP(rec, r)
			return rec.Code
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for id := range n {
			if status := remove(id + 1); status != 200 {
				t.Fatalf("message %d: status %d", id+1, status)
			}
		}
		runtime.ReadMemStats(&after)
		if status := remove(n); status != 404 || len(srv.Messages()) != 0 || len(page.index.refresh()) != 0 {
			t.Errorf("a message that is gone: status %d; the server has %d", status, len(srv.Messages()))
		}
		return after.TotalAlloc - before.TotalAlloc
	}
	small, large := allocated(1_500), allocated(3_000)
	if large > 3*small {
		t.Errorf("to delete twice as many messages takes %d bytes of memory instead of %d", large, small)
	}
}

// TestDeleteTells shows that pages hear of a deletion also if the source does not tell of changes.
func TestDeleteTells(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	fill(t, srv, 2)
	page := &Page{Source: struct{ Source }{srv}}
	page.prepare()
	defer page.Close()
	page.index.refresh()
	changed := page.index.change()
	page.index.remove(page.index.find(1))
	select {
	case <-changed:
	default:
		t.Error("nothing has changed")
	}
}
