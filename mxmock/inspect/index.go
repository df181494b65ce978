package inspect

// The index: the messages of a source in order, with the texts that a search compares.

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/seed078e9d8c/maillab/mailtest"
)

// item is a message in the index.
type item struct {
	id   int // from 1, in the order of acceptance
	msg  *mailtest.Message
	host string

	// These are in lower case.
	from, to, subject, text string
}

// mostText is the number of bytes of the text of a message that a search looks at.
const mostText = 256 << 10

// index has the messages of a source.
type index struct {
	source Source

	refreshing sync.Mutex // one refresh at a time
	last       int        // the largest id; guarded by refreshing
	sweepAt    int        // the number of items at which extend looks for those that the source has forgotten; likewise
	fresh      bool       // a refresh has read the source, and only what told reports can have changed since; likewise
	told       chan struct{}
	stop       func() // of the notices to told; nil if the source sends none, or no more

	mu      sync.Mutex
	items   []*item       // in the order of their ids; only appended to
	changed chan struct{} // closed when there is something new
}

// sweepLeast is the least number of items at which extend looks for those that the source has forgotten.
const sweepLeast = 1000

func newIndex(x Source) *index {
	ix := &index{source: x, changed: make(chan struct{}), sweepAt: sweepLeast, told: make(chan struct{}, 1)}
	if x, ok := x.(notifier); ok {
		ix.stop = x.Notify(ix.told)
	}
	return ix
}

// close ends the notices of the source. Each refresh reads the source from then on.
func (ix *index) close() {
	ix.refreshing.Lock()
	defer ix.refreshing.Unlock()
	if ix.stop != nil {
		ix.stop()
		ix.stop = nil
	}
}

// unchanged reports whether the source is as the last refresh has found it. It is called during a refresh.
func (ix *index) unchanged() bool {
	select {
	case <-ix.told:
		ix.fresh = false
	default:
	}
	return ix.fresh && ix.stop != nil
}

// follow keeps the index up to date as messages come, until ctx is done or no message can come.
func (ix *index) follow(ctx context.Context) {
	for n := 0; ; {
		messages, next, err := ix.source.Since(ctx, n)
		if err != nil {
			return
		}
		n = next
		ix.extend(messages)
	}
}

// extend adds messages that came one after the other, unless a refresh was faster.
func (ix *index) extend(messages []*mailtest.Message) {
	ix.refreshing.Lock()
	defer ix.refreshing.Unlock()
	ix.mu.Lock()
	items := ix.items
	ix.mu.Unlock()
	for i, it := range slices.Backward(items) {
		if it.msg == messages[0] {
			messages = messages[min(len(items)-i, len(messages)):]
			break
		}
	}
	items = ix.add(items, messages)
	if len(items) >= ix.sweepAt { // nobody may ask for the page, and so refresh the index, for long
		items = ix.matched(items, ix.source.Messages())
		ix.sweepAt = max(2*len(items), sweepLeast)
	}
	ix.publish(items)
}

// add returns items with those of further messages appended. It is called during a refresh.
func (ix *index) add(items []*item, messages []*mailtest.Message) []*item {
	if len(messages) == 0 {
		return items
	}
	hosts := hostsOf(ix.source)
	for _, m := range messages {
		ix.last++
		items = append(items, newItem(ix.last, m, hosts))
	}
	return items
}

// publish sets the items of the index.
func (ix *index) publish(items []*item) {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	ix.items = items
	close(ix.changed)
	ix.changed = make(chan struct{})
}

// refresh brings the index up to date with the source, and returns its items.
func (ix *index) refresh() []*item {
	ix.refreshing.Lock()
	defer ix.refreshing.Unlock()
	ix.mu.Lock()
	old := ix.items
	ix.mu.Unlock()
	if ix.unchanged() {
		return old
	}
	messages := ix.source.Messages()
	ix.fresh = true
	if agree(old, messages) {
		return old
	}
	items := ix.matched(old, messages)
	ix.publish(items)
	return items
}

// matched returns the items of the given messages: the old ones, where there are, and new ones. It is called during a refresh.
func (ix *index) matched(old []*item, messages []*mailtest.Message) []*item {
	items := make([]*item, 0, len(messages))
	for _, it := range old { // both are in the same order
		if len(messages) > 0 && (it.msg == messages[0] || sameMessage(it.msg, messages[0])) {
			if it.msg != messages[0] {
				later := *it
				later.msg, it = messages[0], &later
			}
			items, messages = append(items, it), messages[1:]
		}
	}
	return ix.add(items, messages)
}

// agree reports whether items are those of the given messages.
func agree(items []*item, messages []*mailtest.Message) bool {
	return slices.EqualFunc(items, messages, func(it *item, m *mailtest.Message) bool { return it.msg == m })
}

// change returns a channel that is closed when the index changes.
func (ix *index) change() <-chan struct{} {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	return ix.changed
}

// find returns the item with an id, or nil.
func (ix *index) find(id int) *item { return withID(ix.refresh(), id) }

// findOld is like find, but may return an item that the source has forgotten since the last refresh. It does not take time in
// proportion to the number of items if something has changed.
func (ix *index) findOld(id int) *item {
	ix.mu.Lock()
	items := ix.items
	ix.mu.Unlock()
	if it := withID(items, id); it != nil {
		return it
	}
	return ix.find(id)
}

// withID returns the item with an id among some, or nil.
func withID(items []*item, id int) *item {
	i, ok := slices.BinarySearchFunc(items, id, func(it *item, id int) int { return it.id - id })
	if !ok {
		return nil
	}
	return items[i]
}

// remove deletes messages from the source, and from the hosts that have accepted them. It reports whether any of them was there.
// The next refresh removes their items; the source tells that there is something new, if it can.
func (ix *index) remove(items ...*item) bool {
	messages := make([]*mailtest.Message, len(items))
	byHost := make(map[string][]*mailtest.Message)
	for i, it := range items {
		messages[i] = it.msg
		byHost[it.host] = append(byHost[it.host], it.msg)
	}
	removed := 0
	for _, h := range hostsOf(ix.source) {
		if own := byHost[h.name]; own != nil {
			removed += h.server.Remove(own...)
		}
	}
	removed += ix.source.Remove(messages...)
	if _, tells := ix.source.(notifier); !tells {
		ix.refresh()
	}
	return removed > 0
}

func newItem(id int, m *mailtest.Message, hosts []host) *item {
	it := &item{id: id, msg: m, host: m.Envelope.Server, subject: strings.ToLower(m.Subject)}
	if h, ok := holder(hosts, m); ok {
		it.host = h.name
	}
	from, to := []string{m.Envelope.From}, make([]string, 0, 4)
	for _, r := range m.Envelope.To {
		to = append(to, r.Address)
	}
	from = appendAddresses(appendAddresses(from, m.From), m.Sender)
	for _, list := range [][]mailtest.Address{m.To, m.Cc, m.Bcc} {
		to = appendAddresses(to, list)
	}
	it.from, it.to = strings.ToLower(strings.Join(from, "\n")), strings.ToLower(strings.Join(to, "\n"))
	text := m.Text
	if m.HTML != "" {
		text += "\n" + m.VisibleText()
	}
	var names strings.Builder
	for _, p := range m.Attachments {
		names.WriteString("\n" + p.Filename)
	}
	it.text = strings.ToLower(text[:min(len(text), mostText)] + names.String())
	return it
}

// appendAddresses appends the names and addresses of a header field.
func appendAddresses(all []string, list []mailtest.Address) []string {
	for _, a := range list {
		all = append(all, a.Name, a.Address)
	}
	return all
}

// page returns the newest items that match and have an id below before, at most limit of them, and the number of
// all items that match. If before is 0, any id will do.
func page(items []*item, q query, before, limit int) (found []*item, total int) {
	for _, it := range slices.Backward(items) {
		if !q.matches(it) {
			continue
		}
		total++
		if len(found) < limit && (before == 0 || it.id < before) {
			found = append(found, it)
		}
	}
	return found, total
}
