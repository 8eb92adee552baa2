package smpp

import (
	"slices"
	"time"

	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/carrier/smpp/pdu"
)

// write sends what has been appended, as much as there is in one call.
func (s *session) write() {
	for {
		select {
		case <-s.wake:
		case <-s.dead:
			return
		}
		for {
			s.mu.Lock()
			buf := s.out
			s.out, s.spare = s.spare[:0], nil
			s.writing = len(buf) > 0
			s.mu.Unlock()
			if len(buf) == 0 {
				s.giveBack(buf)
				break
			}
			_ = s.conn.SetWriteDeadline(time.Now().Add(s.cfg.EnquireEvery + s.cfg.EnquireWait))
			if _, err := s.conn.Write(buf); err != nil {
				s.fail(broken(carrier.FaultCut, "the connection broke while writing", err))
				return
			}
			s.giveBack(buf)
			s.space.Broadcast()
		}
	}
}

// giveBack keeps the buffer for the next turn.
func (s *session) giveBack(buf []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spare = buf[:0]
	s.writing = false
}

// tick sweeps submits without an answer and tries a silent line.
func (s *session) tick() {
	shortest := min(s.cfg.SubmitTimeout, s.cfg.EnquireEvery, s.cfg.EnquireWait)
	t := time.NewTicker(min(max(shortest/4, 5*time.Millisecond), time.Second))
	defer t.Stop()
	var asked time.Time // when the unanswered enquire_link was sent
	for {
		select {
		case <-s.dead:
			return
		case now := <-t.C:
			if s.handling.Load() || now.UnixNano() < s.graceUntil.Load() {
				asked = time.Time{}
				continue
			}
			asked = s.tryLine(now, asked)
			s.sweep(now)
		}
	}
}

// tryLine sends enquire_link after a silence and ends the session when nothing at all comes after it.
func (s *session) tryLine(now, asked time.Time) time.Time {
	heard := time.Unix(0, s.heard.Load())
	switch {
	case !asked.IsZero() && !heard.Before(asked):
		return time.Time{}
	case !asked.IsZero() && now.Sub(asked) >= s.cfg.EnquireWait:
		s.fail(errSilence)
	case asked.IsZero() && now.Sub(heard) >= s.cfg.EnquireEvery:
		s.mu.Lock()
		s.out = pdu.AppendEmpty(s.out, pdu.Header{ID: pdu.EnquireLink, Seq: s.nextSeq()})
		s.mu.Unlock()
		s.kick()
		return now
	}
	return asked
}

// sweep reports submits whose time is over as unknown and frees their slots. They stay recognisable, because a
// late answer settles the unknown. A whole window without one answer means that the far side is stuck.
func (s *session) sweep(now time.Time) {
	s.mu.Lock()
	var out []carrier.Outcome
	for _, seq := range s.openSeqs() {
		e := s.open[seq]
		if now.Sub(e.sent) < s.cfg.SubmitTimeout {
			break
		}
		e.late = true
		s.open[seq] = e
		s.lateSeqs = append(s.lateSeqs, seq)
		out = append(out, carrier.Outcome{Ref: e.ref, Class: carrier.Unknown, Reason: carrier.ReasonNoAnswer, At: now})
	}
	if over := len(s.lateSeqs) - maxLate; over > 0 {
		for _, seq := range s.lateSeqs[:over] {
			delete(s.open, seq)
		}
		s.lateSeqs = slices.Delete(s.lateSeqs, 0, over)
	}
	s.silent += len(out)
	stuck := s.silent >= s.cfg.Window
	if len(out) > 0 {
		s.checkQuiet()
		s.space.Broadcast()
	}
	s.mu.Unlock()
	if len(out) > 0 {
		s.h.HandleOutcomes(out)
	}
	if stuck {
		s.fail(errStuck)
	}
}

// openSeqs lists the submits that wait for an answer in the order of hand-over; called under mu. Numbers wrap
// once in two thousand million, so the order by time decides.
func (s *session) openSeqs() []uint32 {
	if s.openCount() == 0 {
		return nil
	}
	seqs := make([]uint32, 0, s.openCount())
	for seq, e := range s.open {
		if !e.late {
			seqs = append(seqs, seq)
		}
	}
	slices.SortFunc(seqs, func(a, b uint32) int {
		if c := s.open[a].sent.Compare(s.open[b].sent); c != 0 {
			return c
		}
		return int(int32(a - b))
	})
	return seqs
}
