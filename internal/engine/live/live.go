// Package live tells open pages that something of their organization has changed. It hears what commits,
// keeps at most two tellings a second, and says only which kind of thing changed: the page reads again with
// its own rights. It refuses to carry rows, and to remember anything for a page that is gone.
package live

import (
	"context"
	"sync"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/store"
)

// Gap is the least machine time between two tellings to one page.
const Gap = 500 * time.Millisecond

// Hub spreads committed changes to watchers. The zero value is not usable; New makes one.
type Hub struct {
	changes store.Subscription

	mu       sync.Mutex
	watchers map[*Watcher]struct{}
}

// New listens to every topic of the store. Run must be called for anything to arrive.
func New(s store.Store) *Hub {
	return &Hub{changes: s.Subscribe(), watchers: map[*Watcher]struct{}{}}
}

// Run spreads changes until ctx ends.
func (h *Hub) Run(ctx context.Context) error {
	defer h.changes.Close()
	for {
		batch, err := h.changes.Next(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		h.spread(batch)
	}
}

func (h *Hub) spread(batch []store.Change) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for w := range h.watchers {
		for _, c := range batch {
			w.note(c)
		}
	}
}

// Watch begins to collect changes of one organization. Close the watcher when the page is gone.
func (h *Hub) Watch(org id.ID) *Watcher {
	w := &Watcher{hub: h, org: org, topics: map[store.Topic]struct{}{}, ready: make(chan struct{}, 1)}
	h.mu.Lock()
	h.watchers[w] = struct{}{}
	h.mu.Unlock()
	return w
}

// Watcher is one open page.
type Watcher struct {
	hub   *Hub
	org   id.ID
	ready chan struct{}

	mu     sync.Mutex
	topics map[store.Topic]struct{} // collected since the last Next; bounded by the number of topics
	told   time.Time
}

// Everything stands for "something may have been missed: read all again".
const Everything store.Topic = ""

func (w *Watcher) note(c store.Change) {
	if c.Topic != Everything && c.Org != w.org {
		return
	}
	w.mu.Lock()
	w.topics[c.Topic] = struct{}{}
	w.mu.Unlock()
	select {
	case w.ready <- struct{}{}:
	default: // it is already due to look
	}
}

// Next waits for changes, and at least Gap since it last returned some, and returns their topics.
// It ends with ctx.
func (w *Watcher) Next(ctx context.Context) ([]store.Topic, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-w.ready:
	}
	if err := w.rest(ctx); err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	out := make([]store.Topic, 0, len(w.topics))
	for t := range w.topics {
		out = append(out, t)
	}
	clear(w.topics)
	w.told = time.Now()
	return out, nil
}

func (w *Watcher) rest(ctx context.Context) error {
	wait := Gap - time.Since(w.told)
	if w.told.IsZero() || wait <= 0 {
		return nil
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// Close ends the watcher.
func (w *Watcher) Close() {
	w.hub.mu.Lock()
	delete(w.hub.watchers, w)
	w.hub.mu.Unlock()
}
