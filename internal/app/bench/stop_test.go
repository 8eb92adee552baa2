package bench

import (
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/carrier/simulator"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/store"
)

// TestNothingLeavesAfterASTOPsCommit is the short form; the soak tests repeat it 200 times.
func TestNothingLeavesAfterASTOPsCommit(t *testing.T) {
	t.Parallel()
	stopsDuringABatch(t, Database{Store: "sqlite"}, 10)
}

// witness stands between the loop and its connector: the guard is asked under the lock that appends a PDU, so what it
// lets pass after a STOP's commit would be a hand-off too late.
type witness struct {
	carrier.Connector
	mu      sync.Mutex
	stopped map[string]bool // numbers whose STOP is committed
	late    int
	passed  int
	held    int
	each    func(n int) // called after the n-th text that passed
}

type witnessed struct {
	carrier.Handler
	w *witness
}

func (w *witness) Run(ctx context.Context, h carrier.Handler) error {
	return w.Connector.Run(ctx, witnessed{h, w})
}

func (h witnessed) Guard(s *carrier.Submit) carrier.Permit {
	h.w.mu.Lock()
	defer h.w.mu.Unlock()
	p := h.Handler.Guard(s)
	switch {
	case p != carrier.PermitSend:
		h.w.held++
	default:
		h.w.passed++
		if h.w.stopped[s.To.Reveal()] {
			h.w.late++
		}
		if h.w.each != nil {
			h.w.each(h.w.passed)
		}
	}
	return p
}

// stopsDuringABatch writes to patients and lets so many of them send STOP at random moments meanwhile.
func stopsDuringABatch(t *testing.T, db Database, stops int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	domain := clock.NewFast(began(), 1)
	s, _, done, err := db.open(ctx, domain, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(done)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serving, stopServing := context.WithCancel(ctx)
	t.Cleanup(stopServing)
	go func() { _ = simulator.Run(serving, simulator.Config{Seed: 1}, ln) }()
	c, err := found(ctx, s, ln.Addr().String(), 50)
	if err != nil {
		t.Fatal(err)
	}
	patients := 40 * stops
	if err := c.seed(ctx, s, patients); err != nil {
		t.Fatal(err)
	}
	points := pointsOf(t, ctx, s, c, patients)

	w := &witness{stopped: map[string]bool{}}
	moments := make(chan struct{}, stops)
	var passed atomic.Int64
	w.each = func(n int) { // spread over the batch, at the moment of a hand-over
		passed.Store(int64(n))
		if n%30 == 0 {
			select {
			case moments <- struct{}{}:
			default:
			}
		}
	}
	var n *node
	n, err = startNodeWith(ctx, s, domain, log, func(inner carrier.Connector) carrier.Connector { w.Connector = inner; return w })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.close)
	rnd := rand.New(rand.NewPCG(7, 7)) //nolint:gosec // moments, not secrets
	var said atomic.Int64
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for range stops {
			select {
			case <-moments:
			case <-time.After(2 * time.Second): // the batch is over: the rest of the STOPs come after it
			}
			// Somebody whose text is about to leave: patients are written to in their order.
			p := points[min(int(passed.Load())+rnd.IntN(120), len(points)-1)]
			err := s.InTx(ctx, c.scope, func(tx store.Tx) error {
				tx.AfterRollback(n.suppressed.Add(p.ID))
				_, err := tx.Consents().Append(ctx, []consent.Entry{{Org: c.org, Point: p.ID, Channel: patient.SMS, Purpose: consent.AllPurposes,
					Status: consent.Revoked, Method: consent.Keyword, At: tx.Now()}})
				return err
			}, store.Urgent)
			if err != nil {
				t.Error(err)
				return
			}
			w.mu.Lock()
			w.stopped[p.Number.Reveal()] = true
			w.mu.Unlock()
			said.Add(1)
		}
	}()
	if err := c.plan(ctx, s, n.outbox, purpose.Appointment, 0); err != nil {
		t.Fatal(err)
	}
	<-ended
	states := settled(t, ctx, s, c, patients)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.late > 0 {
		t.Errorf("%d texts left after their number's STOP was committed", w.late)
	}
	if int(said.Load()) != stops {
		t.Errorf("only %d STOPs of %d", said.Load(), stops)
	}
	t.Logf("%d texts left, %d were held by the guard, %d STOPs, in the end %v", w.passed, w.held, stops, states)
}

// pointsOf lists the contact points of the clinic's patients, in the order of their visits.
func pointsOf(t *testing.T, ctx context.Context, s store.Store, c *clinic, n int) (out []patient.ContactPoint) {
	t.Helper()
	for after := (id.ID{}); len(out) < n; {
		err := s.Read(ctx, c.scope, func(tx store.Tx) error {
			people, err := tx.People().List(ctx, store.Page{After: after, Limit: store.MaxLimit})
			if err != nil {
				return err
			}
			ids := make([]id.ID, len(people))
			for i := range people {
				ids[i] = people[i].ID
			}
			contacts, err := tx.People().ContactsOf(ctx, ids)
			for _, p := range ids {
				out, after = append(out, contacts[p][0].Point), p
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// settled waits until every message has come to an end.
func settled(t *testing.T, ctx context.Context, s store.Store, c *clinic, n int) (states map[message.State]int) {
	t.Helper()
	sub := s.Subscribe(store.TopicMessages)
	defer sub.Close()
	for ctx.Err() == nil {
		err := s.Read(ctx, c.scope, func(tx store.Tx) error {
			var err error
			states, err = tx.Messages().StateCounts(ctx, began().Add(-time.Hour))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if states[message.Delivered]+states[message.Refused] == n {
			return states
		}
		wait, stop := context.WithTimeout(ctx, 500*time.Millisecond)
		_, _ = sub.Next(wait)
		stop()
	}
	t.Fatalf("messages did not settle: %v", states)
	return nil
}
