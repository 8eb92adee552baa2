package sqlstore

import (
	"sync"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/store"
)

// recentDrafts is how many drafts stay in memory between their insert and their lease, each about a kilobyte;
// recentFor is how long.
const (
	recentDrafts = 8192
	recentFor    = time.Minute
)

// recent keeps drafts that this process wrote and that were due at once: the loop that hands them over takes them from
// here, and neither reads nor opens their rows. That a row was not written anew since is what leasing compares
// (message_states.revised), so nothing here has to follow what others do.
type recent struct {
	mu    sync.Mutex
	of    map[id.ID]recentDraft
	order []id.ID // as they came; next is the oldest's place once it is full
	next  int
}

type recentDraft struct {
	draft store.Draft
	until time.Time
}

func newRecent() *recent {
	return &recent{of: make(map[id.ID]recentDraft), order: make([]id.ID, 0, recentDrafts)}
}

// put keeps drafts; the oldest make room.
func (c *recent) put(drafts []store.Draft) {
	if len(drafts) == 0 {
		return
	}
	until := time.Now().Add(recentFor)
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range drafts {
		d := drafts[i]
		if len(c.order) < recentDrafts {
			c.order = append(c.order, d.ID)
		} else {
			delete(c.of, c.order[c.next])
			c.order[c.next] = d.ID
			c.next = (c.next + 1) % recentDrafts
		}
		c.of[d.ID] = recentDraft{d, until}
	}
}

// take gives a draft away: it is leased now, or read from its row the next time.
func (c *recent) take(m id.ID) (store.Draft, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	d, ok := c.of[m]
	delete(c.of, m)
	return d.draft, ok && time.Now().Before(d.until)
}

// forget drops what was written to persons whose keys were destroyed.
func (c *recent) forget(people []id.ID) {
	if len(people) == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range people {
		for m, d := range c.of {
			if d.draft.Person == p {
				delete(c.of, m)
			}
		}
	}
}

// remember notes drafts of this transaction that wait for nothing.
func (m messages) remember(d *store.Draft) {
	if d.State != message.Queued || d.DueAt.After(m.now) {
		return
	}
	kept := *d
	kept.Org, kept.Revised, kept.Packed = m.scope.Org(), 0, nil
	m.freshDrafts = append(m.freshDrafts, kept)
}
