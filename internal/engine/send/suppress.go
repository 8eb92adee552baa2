package send

import (
	"sync"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/id"
)

// keepSuppressed is how long an opt-out stays in memory: far longer than any message stays between its last
// check against the ledger and the wire.
const keepSuppressed = time.Hour

// Suppressed are the contact points that opted out since this process began to hand over what it had checked
// before. The ledger is the truth for everything older: each message is checked against it when it is leased.
// The sender asks under the lock that appends a PDU to the write buffer. It is safe for concurrent use.
type Suppressed struct {
	machine clock.Clock

	mu     sync.RWMutex
	points map[id.ID]time.Time
}

// NewSuppressed makes an empty set.
func NewSuppressed(machine clock.Clock) *Suppressed {
	return &Suppressed{machine: machine, points: map[id.ID]time.Time{}}
}

// Add suppresses a contact point at once. Whoever records an opt-out calls it inside the transaction, before the
// commit, and hands the returned function to Tx.AfterRollback:
//
//	tx.AfterRollback(suppressed.Add(point))
func (s *Suppressed) Add(point id.ID) (undo func()) {
	now := s.machine.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	before, had := s.points[point]
	s.points[point] = now
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		switch {
		case s.points[point] != now: // somebody else added it meanwhile
		case had:
			s.points[point] = before
		default:
			delete(s.points, point)
		}
	}
}

// Has reports whether nothing but emergencies may go to the contact point.
func (s *Suppressed) Has(point id.ID) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, ok := s.points[point]
	return ok
}

// forget drops what the ledger has said long enough.
func (s *Suppressed) forget() {
	limit := s.machine.Now().Add(-keepSuppressed)
	s.mu.Lock()
	defer s.mu.Unlock()
	for p, at := range s.points {
		if at.Before(limit) {
			delete(s.points, p)
		}
	}
}
