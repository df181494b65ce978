package inspect_test

// Whatever happens, an open page hears of it.

import (
	"bytes"
	"context"
	"net"
	"net/http/httptest"
	"net/textproto"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/imap"
	"github.com/seed078e9d8c/maillab/mailtest/pop3"
	"github.com/seed078e9d8c/maillab/mxmock"
	"github.com/seed078e9d8c/maillab/mxmock/inspect"
)

// browser is what has a page open.
type browser struct {
	page *inspect.Page
	*httptest.ResponseRecorder
}

// browse opens the events of a page until the end of the test, in a bubble.
func browse(t *testing.T, page *inspect.Page) *browser {
	t.Helper()
	b := &browser{page, httptest.NewRecorder()}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		page.ServeHTTP(b, httptest.NewRequestWithContext(ctx, "GET", "http://localhost/events", nil))
	}()
	t.Cleanup(func() { cancel(); <-done })
	b.hear()
	return b
}

// hear returns the events since the last call, once nothing more happens.
func (b *browser) hear() int {
	time.Sleep(time.Second)
	synctest.Wait()
	n := strings.Count(b.Body.String(), "event: change\ndata: \n\n")
	b.Body.Reset()
	return n
}

// hears checks that there was an event, and that a place shows what has changed.
func (b *browser) hears(t *testing.T, what, path, want string) {
	t.Helper()
	if n := b.hear(); n == 0 {
		t.Errorf("after %s, there was no event", what)
	}
	got := httptest.NewRecorder()
	b.page.ServeHTTP(got, httptest.NewRequest("GET", "http://localhost"+path, nil))
	if !bytes.Contains(got.Body.Bytes(), []byte(want)) {
		t.Errorf("after %s, %s does not show %q:\n%s", what, path, want, got.Body)
	}
}

// watches checks that a browser hears of each step of a session.
func (b *browser) watches(t *testing.T, dial func(context.Context) (net.Conn, error), path, command string) {
	t.Helper()
	conn, err := dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c := textproto.NewConn(conn)
	b.hears(t, "the greeting", path, "The connection is open.")
	c.PrintfLine("%s", command)
	b.hears(t, command, path, command)
	c.Close()
	b.hears(t, "the end", path, "Ended: ")
}

func TestLive(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]func(*testing.T){
		"server": func(t *testing.T) {
			srv := mailtest.New(t)
			b := browse(t, inspect.New(t, srv))
			b.watches(t, srv.Dial, "/sessions/localhost/1", "NOOP")
			srv.Reset()
			b.hears(t, "a reset", "/sessions", "<h1>0 sessions</h1>")
		},
		"internet": func(t *testing.T) {
			inet := mxmock.New(t)
			b := browse(t, inspect.New(t, inet))
			inet.MX("qq.com", "mx1.qq.com")
			if _, err := inet.Resolver().LookupMX(t.Context(), "qq.com."); err != nil {
				t.Fatal(err)
			}
			b.hears(t, "a question", "/journal", "mx qq.com")
			b.watches(t, func(ctx context.Context) (net.Conn, error) { return inet.DialContext(ctx, "tcp", "mx1.qq.com:25") },
				"/sessions/mx1.qq.com/1", "NOOP")
			deliver(t, inet, "bob@qq.com", "Subject: two\r\n\r\nHi\r\n")
			b.hears(t, "a message", "/", "<h1>1 message</h1>")
			inet.Remove(inet.Messages()...)
			b.hears(t, "the removal of the message", "/", "<h1>0 messages</h1>")
		},
		"readers": func(t *testing.T) {
			srv := mailtest.New(t)
			mail, boxes := pop3.New(t, srv), imap.New(t, srv)
			page := &inspect.Page{Source: srv, Readers: map[string]inspect.Reader{"pop3": mail, "imap": boxes}}
			t.Cleanup(page.Close)
			b := browse(t, page)
			b.watches(t, mail.Dial, "/sessions/pop3/1", "CAPA")
			b.watches(t, boxes.Dial, "/sessions/imap/1", "a CAPABILITY")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, test)
		})
	}
}
