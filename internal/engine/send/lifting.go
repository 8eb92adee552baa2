package send

import "carillon.dev/carillon/internal/base/id"

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
