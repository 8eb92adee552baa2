package sqlstore

import (
	"slices"
	"sync"
	"time"

	"carillon.dev/carillon/internal/store"
)

// kept is how many of the last durations percentiles are taken from.
const kept = 4096

// Stats measures write transactions. The zero value is ready.
type Stats struct {
	mu        sync.Mutex
	count     int64
	last      [kept]time.Duration
	max, wait time.Duration
	sum       time.Duration
}

// Add notes one transaction: how long it waited for the writer and how long it held it.
func (s *Stats) Add(waited, held time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last[s.count%kept] = held
	s.count++
	s.sum += held
	s.max, s.wait = max(s.max, held), max(s.wait, waited)
}

// Snapshot is what was measured so far.
func (s *Stats) Snapshot() store.WriteStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := min(s.count, kept)
	if n == 0 {
		return store.WriteStats{}
	}
	sorted := slices.Clone(s.last[:n])
	slices.Sort(sorted)
	return store.WriteStats{Count: s.count, P50: sorted[n/2], P99: sorted[n*99/100], Max: s.max, MaxWait: s.wait, Held: s.sum}
}
