package receipt

import (
	"sync"

	"carillon.dev/carillon/internal/store"
)

// known maps carriers' ids to messages, so that receipts (and their repetitions) find them without a query. It holds a
// bounded number: the oldest goes first, and the store finds what has gone, if it was filed in time.
type known struct {
	mu   sync.Mutex
	of   map[string]entry
	ring []string
	next int
	late int // how many came since all of them were filed
}

// entry is a text with the place of its id in the ring: a carrier may give an id again.
type entry struct {
	store.Part
	slot int
}

func newKnown(size int) *known {
	return &known{of: map[string]entry{}, ring: make([]string, size)}
}

func (k *known) put(provider string, p store.Part) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if old, ok := k.of[k.ring[k.next]]; ok && old.slot == k.next {
		delete(k.of, k.ring[k.next])
	}
	k.ring[k.next] = provider
	k.of[provider] = entry{p, k.next}
	k.next = (k.next + 1) % len(k.ring)
	k.late++
}

// filing tells that what is known so far is being filed.
func (k *known) filing() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.late = 0
}

// pressed reports whether filing must not wait: half of what fits came since the last time.
func (k *known) pressed() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.late > len(k.ring)/2
}

func (k *known) get(provider string) (store.Part, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	e, ok := k.of[provider]
	return e.Part, ok
}
