package inspect

// Server-sent events, which tell the page about changes.

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/seed078e9d8c/maillab/mxmock"
)

// calm is the shortest time between two events.
const calm = 200 * time.Millisecond

// events tells a browser about changes until the browser goes.
func (p *Page) events(w http.ResponseWriter, r *http.Request) {
	ctx, stop := context.WithCancel(r.Context())
	defer stop()
	defer context.AfterFunc(p.ctx, stop)()
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	happened, ended := make(chan struct{}, 1), make(chan struct{})
	go func() {
		defer close(ended)
		p.watchJournal(ctx, happened)
	}()
	defer func() { stop(); <-ended }()
	for ctx.Err() == nil {
		changed := p.index.change()
		if _, err := fmt.Fprint(w, "event: change\ndata: \n\n"); err != nil {
			return
		}
		if err := out.Flush(); err != nil {
			return
		}
		pause := time.NewTimer(calm)
		select {
		case <-pause.C:
		case <-ctx.Done():
		}
		pause.Stop()
		select {
		case <-changed:
		case <-happened:
		case <-ctx.Done():
		}
	}
}

// watchJournal sends to happened when there are new events in the journal, until ctx is done.
func (p *Page) watchJournal(ctx context.Context, happened chan<- struct{}) {
	inet, ok := p.Source.(*mxmock.Internet)
	if !ok {
		return
	}
	for range inet.Events(ctx, 0) {
		select {
		case happened <- struct{}{}:
		default: // it is known already
		}
	}
}
