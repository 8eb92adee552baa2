package sqlstore

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/store"
)

// Hub hands committed changes to subscribers of this process. The zero Hub is not usable; see NewHub.
type Hub struct {
	mu   sync.Mutex
	subs map[*subscription]struct{}
	live atomic.Bool
}

// NewHub makes a hub. live says whether changes of other nodes arrive from the start (SQLite has none).
func NewHub(live bool) *Hub {
	h := &Hub{subs: map[*subscription]struct{}{}}
	h.live.Store(live)
	return h
}

// SetLive tells that the listener of other nodes' changes is up or down. When it comes up, every subscriber is
// told to read everything again.
func (h *Hub) SetLive(up bool) {
	if was := h.live.Swap(up); up && !was {
		h.Publish(store.Change{})
	}
}

// Publish hands changes to every subscriber that wants them.
func (h *Hub) Publish(changes ...store.Change) {
	if len(changes) == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for s := range h.subs {
		s.add(changes)
	}
}

// Subscribe opens a subscription to topics, or to all.
func (h *Hub) Subscribe(topics ...store.Topic) store.Subscription {
	s := &subscription{hub: h, topics: topics, wake: make(chan struct{}, 1), closed: make(chan struct{}), pending: map[store.Change]struct{}{}}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.subs[s] = struct{}{}
	return s
}

type subscription struct {
	hub    *Hub
	topics []store.Topic
	wake   chan struct{}
	closed chan struct{}
	once   sync.Once

	mu      sync.Mutex
	pending map[store.Change]struct{}
}

func (s *subscription) wants(t store.Topic) bool {
	return t == "" || len(s.topics) == 0 || slices.Contains(s.topics, t)
}

func (s *subscription) add(changes []store.Change) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range changes {
		if s.wants(c.Topic) {
			s.pending[c] = struct{}{}
		}
	}
	if len(s.pending) > 0 {
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}
}

func (s *subscription) take() []store.Change {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]store.Change, 0, len(s.pending))
	for c := range s.pending {
		out = append(out, c)
	}
	clear(s.pending)
	return out
}

// Next waits for changes and takes them.
func (s *subscription) Next(ctx context.Context) ([]store.Change, error) {
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-s.closed:
			return nil, errs.New(errs.Unavailable, "the subscription is closed")
		case <-s.wake:
			if got := s.take(); len(got) > 0 {
				return got, nil
			}
		}
	}
}

// Live reports whether other nodes' changes arrive.
func (s *subscription) Live() bool { return s.hub.live.Load() }

// Close ends the subscription.
func (s *subscription) Close() {
	s.once.Do(func() {
		s.hub.mu.Lock()
		delete(s.hub.subs, s)
		s.hub.mu.Unlock()
		close(s.closed)
	})
}
