package receipt

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/store"
)

// picky is a store that refuses every batch with a certain message in it.
type picky struct {
	store.Store
	bad  id.ID
	why  error
	seen int
	away int // so many attempts find no store
	kept map[id.ID]message.State
}

func (s *picky) InTx(_ context.Context, _ access.Scope, do func(store.Tx) error, _ ...store.TxOption) error {
	if s.seen++; s.seen <= s.away {
		return errs.New(errs.Unavailable, "the database does not answer")
	}
	return do(pickyTx{s: s})
}

type pickyTx struct {
	store.Tx
	s *picky
}

func (pickyTx) Now() time.Time { return time.UnixMicro(1) }

func (t pickyTx) Messages() store.Messages { return pickyMessages{s: t.s} }

type pickyMessages struct {
	store.Messages
	s *picky
}

func (m pickyMessages) Receipted(_ context.Context, in []store.Receipted) ([]message.State, error) {
	for _, r := range in {
		if r.Message == m.s.bad {
			return nil, m.s.why
		}
	}
	out := make([]message.State, len(in))
	for i, r := range in {
		out[i], m.s.kept[r.Message] = r.State, r.State
	}
	return out, nil
}

// acks are what the carrier hears, by token.
type acks map[uint64]error

func (a acks) Ack(token uint64, err error) { a[token] = err }

func TestOneRowThatTheStoreRefusesTakesNoOtherWithIt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		why  error
		kept int
	}{
		"refused":           {errs.New(errs.Internal, "the database refused a statement"), 6},
		"the store is away": {errs.New(errs.Unavailable, "the database does not answer"), 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &Route{Org: id.New(), ID: id.New(), known: newKnown(16)}
			s := &picky{why: c.why, kept: map[id.ID]message.State{}}
			w := New(s, clock.Real{}, nil, slog.New(slog.DiscardHandler))
			over := make(chan struct{})
			close(over) // the node ends: nothing waits for a store that is away
			w.over = over
			acked := acks{}
			var batch []item
			for token, provider := range []string{"a", "b", "c", "d", "e", "f", "g"} {
				m := id.New()
				if provider == "c" {
					s.bad = m
				}
				r.known.put(provider, store.Part{Message: m})
				batch = append(batch, item{route: r, receipt: &carrier.Receipt{ProviderID: provider, State: carrier.ReceiptDelivered,
					Delivery: carrier.NewDelivery(acked, uint64(token))}}) //nolint:gosec // a handful
			}
			w.write(t.Context(), batch)
			if len(s.kept) != c.kept || len(acked) != len(batch) || acked[2] == nil {
				t.Errorf("%d receipts are kept, %d answered, the bad one with %v", len(s.kept), len(acked), acked[2])
			}
			if c.kept > 0 && (acked[3] != nil || acked[0] != nil) {
				t.Error("a receipt that is kept was given back")
			}
			if c.kept == 0 && s.seen != attempts {
				t.Errorf("%d attempts at a store that is away", s.seen)
			}
		})
	}
}

func TestWhatCarriersSaidWaitsForAStoreThatIsAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &Route{Org: id.New(), ID: id.New(), known: newKnown(16)}
		s := &picky{bad: id.New(), away: 30, kept: map[id.ID]message.State{}}
		w := New(s, clock.Real{}, nil, slog.New(slog.DiscardHandler))
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- w.Run(ctx) }()
		acked, m := acks{}, id.New()
		r.known.put("a", store.Part{Message: m})
		w.Receipts(r, []carrier.Receipt{{ProviderID: "a", State: carrier.ReceiptDelivered, Delivery: carrier.NewDelivery(acked, 1)}})
		if err := w.Flush(ctx); err != nil {
			t.Fatal(err)
		}
		if err, answered := acked[1]; err != nil || !answered || s.kept[m] != message.Delivered {
			t.Errorf("answered %v with %v, the message is %q", answered, err, s.kept[m])
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
