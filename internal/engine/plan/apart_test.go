package plan_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/engine/outbox"
	"carillon.dev/carillon/internal/engine/plan"
	"carillon.dev/carillon/internal/engine/plan/plantest"
	"carillon.dev/carillon/internal/store"
)

// picky is an outbox that fails whenever a certain person is among the asks.
type picky struct {
	*outbox.Outbox
	person id.ID
}

func (p picky) Prepare(ctx context.Context, scope access.Scope, asks []outbox.Ask) ([]outbox.Prepared, error) {
	for i := range asks {
		if asks[i].Person == p.person {
			return nil, errors.New("cannot")
		}
	}
	return p.Outbox.Prepare(ctx, scope, asks)
}

func TestAVisitThatCannotBePlannedKeepsNobodyWaiting(t *testing.T) {
	onBoth(t, func(t *testing.T, k *plantest.Clinic) {
		first := k.Book(k.Person(true).ID, plantest.Noon.Add(3*day), plantest.Noon)
		bad := k.Book(k.Person(true).ID, plantest.Noon.Add(3*day), plantest.Noon)
		last := k.Book(k.Person(true).ID, plantest.Noon.Add(3*day), plantest.Noon)
		p := plan.New(k.Store, picky{k.Outbox, bad.Person}, k.Clock, slog.New(slog.DiscardHandler))
		if _, err := p.Sweep(t.Context()); err == nil {
			t.Error("nobody heard of it")
		}
		want(t, lines(k, first), "booking queued", "day-before queued")
		want(t, lines(k, bad))
		want(t, lines(k, last), "booking queued", "day-before queued")
		k.Sweep()
		want(t, lines(k, bad), "booking queued", "day-before queued")
	})
}

func TestATouchOfAPersonWhoseVisitsWorkedIsGoneAlthoughAnotherFailed(t *testing.T) {
	onBoth(t, func(t *testing.T, k *plantest.Clinic) {
		good := k.Book(k.Person(true).ID, plantest.Noon.Add(3*day), plantest.Noon)
		bad := k.Book(k.Person(true).ID, plantest.Noon.Add(3*day), plantest.Noon)
		k.Write(func(ctx context.Context, tx store.Tx) error {
			return tx.Journeys().Touch(ctx, []store.Touch{{Person: good.Person}, {Person: bad.Person}})
		})
		p := plan.New(k.Store, picky{k.Outbox, bad.Person}, k.Clock, slog.New(slog.DiscardHandler))
		if _, err := p.Sweep(t.Context()); err == nil {
			t.Error("nobody heard of it")
		}
		k.Read(func(ctx context.Context, tx store.Tx) error {
			left, err := tx.Journeys().Touched(ctx, 10)
			for _, l := range left {
				if l.Person == good.Person || l.Visit == good.ID {
					t.Errorf("still there: %+v", l)
				}
			}
			if len(left) == 0 {
				t.Error("nothing is left of the one that failed")
			}
			return err
		})
	})
}

func TestAChangeThatCannotBePlannedKeepsNoReminderWaiting(t *testing.T) {
	onBoth(t, func(t *testing.T, k *plantest.Clinic) {
		due := k.Book(k.Person(true).ID, plantest.Noon.Add(21*day), plantest.Noon)
		k.Sweep()
		bad := k.Book(k.Person(true).ID, plantest.Noon.Add(21*day), plantest.Noon)
		k.Clock.Advance(14*day - time.Hour)
		p := plan.New(k.Store, picky{k.Outbox, bad.Person}, k.Clock, slog.New(slog.DiscardHandler))
		if _, err := p.Sweep(t.Context()); err == nil {
			t.Error("nobody heard of it")
		}
		if got := lines(k, due); !slices.Contains(got, "week-before queued") {
			t.Errorf("the reminder that is due was not planned: %q", got)
		}
		want(t, lines(k, bad))
	})
}

func TestATouchOfSomebodyWithoutVisitsIsWorkedAndGone(t *testing.T) {
	onBoth(t, func(t *testing.T, k *plantest.Clinic) {
		who := k.Person(true)
		k.Write(func(ctx context.Context, tx store.Tx) error {
			return tx.Journeys().Touch(ctx, []store.Touch{{Person: who.ID}, {Visit: id.New()}})
		})
		k.Sweep()
		k.Read(func(ctx context.Context, tx store.Tx) error {
			left, err := tx.Journeys().Touched(ctx, 10)
			if len(left) != 0 {
				t.Errorf("still there: %+v", left)
			}
			return err
		})
	})
}
