package audience_test

import (
	"context"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	core "carillon.dev/carillon/internal/core/audience"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/engine/audience"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/storetest"
)

// watched is a store that remembers the jobs it is given, and does not write for one organization.
type watched struct {
	store.Store
	jobs   []store.Job
	refuse id.ID
}

func (w *watched) InTx(ctx context.Context, scope access.Scope, do func(store.Tx) error, o ...store.TxOption) error {
	if !w.refuse.IsZero() && scope.Org() == w.refuse {
		return errs.New(errs.Unavailable, "not now")
	}
	return w.Store.InTx(ctx, scope, func(tx store.Tx) error { return do(&watchedTx{tx, w}) }, o...)
}

type watchedTx struct {
	store.Tx
	by *watched
}

func (w *watchedTx) Enqueue(ctx context.Context, job store.Job) error {
	w.by.jobs = append(w.by.jobs, job)
	return w.Tx.Enqueue(ctx, job)
}

func (w *watched) sweep(t *testing.T, c *clinic) error {
	t.Helper()
	s, err := audience.New(w, nil, c.clock)
	if err != nil {
		t.Fatal(err)
	}
	return s.Sweep(t.Context(), access.System("test"))
}

func TestACountThatWaitsForAWorkerIsNotCutShort(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open storetest.Open) {
		c := setup(t, open)
		c.populate(t, 10)
		run, err := c.service.StartRule(t.Context(), c.scope, `kind == "patient"`, purpose.Event)
		if err != nil {
			t.Fatal(err)
		}
		w := &watched{Store: c.store}
		for range core.MaxTries + 1 { // other counts keep the workers busy
			c.clock.Advance(4 * time.Minute)
			if err := w.sweep(t, c); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := c.service.Run(t.Context(), c.scope, run.ID); err != nil || got.State != core.Waiting || got.Tries != 1 {
			t.Errorf("it is %s at try %d (%s), %v", got.State, got.Tries, got.Fault, err)
		}
		first := audience.CountJob{Org: c.scope.Org(), Run: run.ID}
		for _, job := range w.jobs {
			if job != first {
				t.Errorf("%+v is another job than the first, and would work beside it", job)
			}
		}
		if err := c.service.Work(t.Context(), first); err != nil {
			t.Fatal(err)
		}
		if got, err := c.service.Run(t.Context(), c.scope, run.ID); err != nil || got.State != core.Counted || got.Result.Looked != 10 {
			t.Errorf("the count is %+v, %v", got, err)
		}
	})
}

func TestACountThatCannotBeTakenUpKeepsNoOtherFromIt(t *testing.T) {
	t.Parallel()
	c := setup(t, storetest.SQLite)
	other := storetest.NewOrg(t, c.store)
	var stuck, taken core.Run
	add := func(scope access.Scope, r *core.Run, seen time.Time) {
		storetest.Write(t, c.store, scope, func(ctx context.Context, tx store.Tx) (err error) {
			if *r, err = tx.Audiences().AddRun(ctx, core.Run{Rule: "age > 2", Purpose: purpose.Event, By: access.Command, SeenAt: seen}); err != nil {
				return err
			}
			r.State, r.SeenAt = core.Counting, seen
			_, err = tx.Audiences().SetRun(ctx, *r)
			return err
		})
	}
	add(other, &stuck, c.clock.Now().Add(-time.Hour)) // the most silent is first
	add(c.scope, &taken, c.clock.Now().Add(-time.Minute*30))
	w := &watched{Store: c.store, refuse: other.Org()}
	if err := w.sweep(t, c); !errs.Is(err, errs.Unavailable) {
		t.Errorf("the fault was swallowed: %v", err)
	}
	if got, err := c.service.Run(t.Context(), c.scope, taken.ID); err != nil || got.Tries != 2 {
		t.Errorf("the other count is at try %d, %v", got.Tries, err)
	}
}
