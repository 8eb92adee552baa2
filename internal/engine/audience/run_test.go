package audience_test

import (
	"context"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/access"
	core "carillon.dev/carillon/internal/core/audience"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/engine/audience"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/storetest"
)

func TestACancelledCountStops(t *testing.T) {
	t.Parallel()
	c := setup(t, storetest.SQLite)
	c.populate(t, 10)
	ctx := context.Background()
	run, err := c.service.StartRule(ctx, c.scope, `age > 3`, purpose.Event)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.service.Cancel(ctx, c.scope, run.ID); err != nil {
		t.Fatal(err)
	}
	if err := c.service.Work(ctx, audience.CountJob{Org: c.scope.Org(), Run: run.ID}); err != nil {
		t.Fatal(err)
	}
	if run, err = c.service.Run(ctx, c.scope, run.ID); err != nil || run.State != core.Cancelled || run.Result.Looked != 0 {
		t.Errorf("the count is %+v, %v", run, err)
	}
	stop := errs.New(errs.Conflict, "enough")
	_, err = c.service.Evaluate(ctx, c.scope, audience.Question{Rule: `age > 3 || age < 4`, Purpose: purpose.Event, PageRows: 1},
		audience.Sinks{Page: func([]audience.Member) error { return stop }})
	if !errs.Is(err, errs.Conflict) {
		t.Errorf("an evaluation went on: %v", err)
	}
}

// dies is a node that stops in the middle of a count: what it found so far stays behind.
func (c *clinic) dies(t *testing.T, run core.Run, try int) {
	t.Helper()
	storetest.Write(t, c.store, c.scope, func(ctx context.Context, tx store.Tx) error {
		run.State, run.Tries, run.SeenAt, run.Result = core.Counting, try, c.clock.Now(), core.Count{Looked: 3, Matched: 3}
		on, err := tx.Audiences().SetRun(ctx, run)
		if !on {
			t.Error("the count is over")
		}
		return err
	})
}

func TestACountWhoseNodeDiedIsTakenUp(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open storetest.Open) {
		c := setup(t, open)
		c.populate(t, 10)
		run, err := c.service.StartRule(t.Context(), c.scope, `kind == "patient"`, purpose.Event)
		if err != nil {
			t.Fatal(err)
		}
		read := func() core.Run {
			got, err := c.service.Run(t.Context(), c.scope, run.ID)
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		sweep := func(after time.Duration) core.Run {
			c.clock.Advance(after)
			if err := c.service.Sweep(t.Context(), access.System("test")); err != nil {
				t.Fatal(err)
			}
			return read()
		}
		c.dies(t, run, 1)
		if got := sweep(time.Minute); got.Tries != 1 || got.State != core.Counting {
			t.Errorf("a count that was heard of a minute ago is %+v", got)
		}
		if got := sweep(3 * time.Minute); got.Tries != 2 || got.State != core.Waiting || got.Result.Looked != 0 {
			t.Errorf("a silent count is %+v", got)
		}
		job := audience.CountJob{Org: c.scope.Org(), Run: run.ID}
		if err := c.service.Work(t.Context(), job); err != nil || read().State != core.Waiting {
			t.Errorf("the first try's job goes on: %+v, %v", read(), err)
		}
		job.Try = 2
		if err := c.service.Work(t.Context(), job); err != nil {
			t.Fatal(err)
		}
		if got := sweep(time.Hour); got.State != core.Counted || got.Result.Looked != 10 || got.Result.Matched != 10 || got.Tries != 2 {
			t.Errorf("the second try is %+v", got)
		}
	})
}

func TestACountThatIsCutShortAgainAndAgainFailsAndCanBeRepeated(t *testing.T) {
	t.Parallel()
	c := setup(t, storetest.SQLite)
	c.populate(t, 10)
	saved, err := c.service.Save(t.Context(), c.scope, core.Audience{Name: "All", Rule: `kind == "patient"`, Purpose: purpose.Recall})
	if err != nil {
		t.Fatal(err)
	}
	run, err := c.service.Start(t.Context(), c.scope, saved.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	for try := 1; try <= core.MaxTries; try++ {
		c.dies(t, run, try)
		c.clock.Advance(4 * time.Minute)
		if err := c.service.Sweep(t.Context(), access.System("test")); err != nil {
			t.Fatal(err)
		}
	}
	got, err := c.service.Run(t.Context(), c.scope, run.ID)
	if err != nil || got.State != core.Failed || got.Fault != core.FaultCutShort || got.EndedAt == nil {
		t.Fatalf("the count is %+v, %v", got, err)
	}
	again, err := c.service.Repeat(t.Context(), c.scope, run.ID)
	if err != nil || again.ID == run.ID || again.Audience != saved.ID || again.Version != 1 || again.State != core.Waiting {
		t.Errorf("repeated as %+v, %v", again, err)
	}
	rule, err := c.service.StartRule(t.Context(), c.scope, `age > 3`, purpose.Event)
	if err != nil {
		t.Fatal(err)
	}
	if again, err = c.service.Repeat(t.Context(), c.scope, rule.ID); err != nil || again.Rule != rule.Rule || again.Purpose != purpose.Event || again.ID == rule.ID {
		t.Errorf("repeated as %+v, %v", again, err)
	}
}
