package simulator

import (
	"context"
	"sync"
	"time"
)

// event is something that happens later: a PDU that leaves, on one connection or on any of an account's.
type event struct {
	at      time.Time
	conn    *conn // an answer: this connection or none
	account *account
	pdu     []byte // its sequence number is still to be set when it goes to an account
	receipt bool   // a receipt, else a text or an answer
	order   uint64 // equal times leave in the order of their making
}

// schedule keeps events until their time: a binary heap and one goroutine.
type schedule struct {
	mu    sync.Mutex
	heap  []event
	made  uint64
	wake  chan struct{}
	fires func(event)
}

func newSchedule(fires func(event)) *schedule {
	return &schedule{wake: make(chan struct{}, 1), fires: fires}
}

// put adds an event.
func (s *schedule) put(e event) {
	s.mu.Lock()
	s.made++
	e.order = s.made
	s.heap = append(s.heap, e)
	first := s.up(len(s.heap)-1) == 0
	s.mu.Unlock()
	if first {
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}
}

// run fires events at their time until ctx ends.
func (s *schedule) run(ctx context.Context) {
	t := time.NewTimer(time.Hour)
	defer t.Stop()
	for {
		wait := s.fire(time.Now())
		t.Reset(wait)
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		case <-s.wake:
		}
	}
}

// fire fires what is due and says how long until the next.
func (s *schedule) fire(now time.Time) time.Duration {
	for {
		s.mu.Lock()
		if len(s.heap) == 0 {
			s.mu.Unlock()
			return time.Hour
		}
		if d := s.heap[0].at.Sub(now); d > 0 {
			s.mu.Unlock()
			return d
		}
		e := s.heap[0]
		last := len(s.heap) - 1
		s.heap[0] = s.heap[last]
		s.heap[last] = event{}
		s.heap = s.heap[:last]
		s.down(0)
		s.mu.Unlock()
		s.fires(e)
	}
}

func (s *schedule) before(i, j int) bool {
	a, b := &s.heap[i], &s.heap[j]
	if a.at.Equal(b.at) {
		return a.order < b.order
	}
	return a.at.Before(b.at)
}

func (s *schedule) up(i int) int {
	for i > 0 {
		parent := (i - 1) / 2
		if !s.before(i, parent) {
			break
		}
		s.heap[i], s.heap[parent] = s.heap[parent], s.heap[i]
		i = parent
	}
	return i
}

func (s *schedule) down(i int) {
	for {
		least := i
		for _, child := range [2]int{2*i + 1, 2*i + 2} {
			if child < len(s.heap) && s.before(child, least) {
				least = child
			}
		}
		if least == i {
			return
		}
		s.heap[i], s.heap[least] = s.heap[least], s.heap[i]
		i = least
	}
}
