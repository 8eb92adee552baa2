package send

import (
	"time"

	"carillon.dev/carillon/internal/base/id"
)

// Lifting returns what takes a contact point out of the set once its START is committed. Whoever records a START
// calls it inside the transaction, after the ledger was written, and hands the answer to Tx.AfterCommit: an
// opt-out that was added meanwhile stays.
func (s *Suppressed) Lifting(point id.ID) (lift func()) {
	s.mu.RLock()
	was, had := s.points[point]
	s.mu.RUnlock()
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if now, has := s.points[point]; had && has && now.Equal(was) {
			delete(s.points, point)
		}
	}
}

// hear takes over what the ledger says of a contact point since the time of its last entry. An opt-out that was added
// later stays: its transaction may still be open, and the ledger does not know of it yet.
func (s *Suppressed) hear(point id.ID, optedOut bool, entry time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, has := s.points[point]
	switch {
	case optedOut && (!has || at.Before(entry)):
		s.points[point] = entry
	case !optedOut && has && at.Before(entry):
		delete(s.points, point)
	}
}
