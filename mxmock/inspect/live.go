package inspect

// Server-sent events, which tell the page about changes.

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// calm is the shortest time between two events.
const calm = 200 * time.Millisecond

// notifier is a source or a reader that sends notices of its changes.
type notifier interface {
	Notify(c chan<- struct{}) (stop func())
}

// events tells a browser about changes until the browser goes.
func (p *Page) events(w http.ResponseWriter, r *http.Request) {
	ctx, stop := context.WithCancel(r.Context())
	defer stop()
	defer context.AfterFunc(p.ctx, stop)()
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	happened := make(chan struct{}, 1)
	if source, ok := p.Source.(notifier); ok {
		defer source.Notify(happened)()
	}
	for _, reader := range p.Readers {
		if reader, ok := reader.(notifier); ok {
			defer reader.Notify(happened)()
		}
	}
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
