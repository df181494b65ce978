package inspect

// The page: its settings, its start and its end.

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/seed078e9d8c/maillab/internal/bubble"
)

// Page shows a [Source]. It is an [http.Handler], and [Page.Start] serves it on a port of its own. The fields may be
// set until it is first used. All methods may be called from several goroutines at once. A Page that has been used must be
// closed.
type Page struct {
	// Source is what the page shows. It is required.
	Source Source

	// Readers are servers from which clients read the mail. The keys are the names of the servers on the page, such as
	// "imap". Their sessions are shown among the others.
	Readers map[string]Reader

	// Hosts are further names that clients may use for the page, such as "host.docker.internal". They may always use
	// localhost and addresses.
	Hosts []string

	// Password, if not empty, is the password that clients must give by HTTP Basic authentication, with any name.
	Password string

	setup   sync.Once
	index   *index
	mux     http.Handler
	ctx     context.Context // done after Close
	stop    context.CancelFunc
	running sync.WaitGroup

	mu     sync.Mutex
	server *http.Server
	url    string
	closed bool

	rulesMu sync.Mutex
	rules   []addedRule
}

// New returns a page that shows x, listens on a free port of the loopback interface, and is closed at the end of the test.
// Inside a synctest bubble, where a real socket would stop the clock, it does not listen, and its URL is empty.
// New panics if x is nil.
func New(tb testing.TB, x Source) *Page {
	tb.Helper()
	p := &Page{Source: x}
	p.mustHaveSource()
	tb.Cleanup(p.Close)
	if bubble.Of(tb) == bubble.Inside {
		return p
	}
	if err := p.Start(); err != nil {
		tb.Fatal(err)
	}
	return p
}

// mustHaveSource panics if there is nothing to show, before a goroutine does.
func (p *Page) mustHaveSource() {
	if p.Source == nil {
		panic("inspect: Page.Source is nil; it says what the page shows")
	}
}

// prepare prepares the page at the first call.
func (p *Page) prepare() {
	p.mustHaveSource()
	p.setup.Do(func() {
		p.ctx, p.stop = context.WithCancel(context.Background())
		p.index = newIndex(p.Source)
		p.mux = p.guard(p.routes())
		p.running.Go(func() { p.index.follow(p.ctx) })
	})
}

// Start serves the page on a free port of 127.0.0.1. A second call does nothing. The error is that of [net.Listen], or says
// that the page is closed.
func (p *Page) Start() error {
	p.prepare()
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		return errors.New("inspect: the page is closed")
	case p.server != nil:
		return nil
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	p.url = "http://" + l.Addr().String()
	p.server = &http.Server{Handler: p, ReadHeaderTimeout: 10 * time.Second}
	p.running.Go(func() { p.server.Serve(l) })
	return nil
}

// URL returns the address of the page without a final slash, such as "http://127.0.0.1:40122", or "" if it was not
// started.
func (p *Page) URL() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.url
}

// Close stops the page, including requests that wait. It does not close the Source. A second call does nothing.
func (p *Page) Close() {
	p.prepare()
	p.stop()
	p.mu.Lock()
	p.closed = true
	server := p.server
	p.mu.Unlock()
	if server != nil {
		server.Close()
	}
	p.running.Wait()
	p.index.close()
}

// ServeHTTP serves the page and the JSON API.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.prepare()
	p.mux.ServeHTTP(w, r)
}
