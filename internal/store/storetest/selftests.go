package storetest

import (
	"context"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/incident"
	"carillon.dev/carillon/internal/core/selftest"
	"carillon.dev/carillon/internal/store"
)

func selfTests(t *testing.T, open Open) {
	s := open(t, clock.NewFixed(Start))
	d := NewDesk(t, s)
	other := NewOrg(t, s)
	set := selftest.Setting{Org: d.Scope.Org(), Route: d.Route.ID, Point: d.Point.ID, Every: time.Hour, Answers: true, Next: Start}
	save := func(t *testing.T, scope access.Scope, c selftest.Setting) error {
		t.Helper()
		return s.InTx(context.Background(), scope, func(tx store.Tx) error { return tx.SelfTests().SaveSetting(context.Background(), c) })
	}
	due := func(t *testing.T, at time.Time) (n int) {
		t.Helper()
		Read(t, s, System(), func(ctx context.Context, tx store.Tx) error {
			got, err := tx.SelfTests().DueTests(ctx, at, 10)
			n = len(got)
			return err
		})
		return n
	}

	t.Run("a setting comes back and is due at its time", func(t *testing.T) {
		if err := save(t, other, set); !errs.Is(err, errs.NotFound) {
			t.Errorf("another organization tests the route: %v", err)
		}
		if err := save(t, d.Scope, set); err != nil {
			t.Fatal(err)
		}
		Read(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
			got, err := tx.SelfTests().Settings(ctx)
			if err == nil && (len(got) != 1 || got[0] != set) {
				t.Errorf("got %+v, want %+v", got, set)
			}
			return err
		})
		if due(t, Start.Add(-time.Second)) != 0 || due(t, Start) != 1 {
			t.Error("not due at its time")
		}
	})
	run := selftest.Run{ID: id.New(), Org: d.Scope.Org(), Route: d.Route.ID, Point: d.Point.ID, Message: id.New(), Code: "7K2M", Answers: true, Planned: Start}
	t.Run("of two nodes one starts the text, and a second waits for its end", func(t *testing.T) {
		Write(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
			first := must(tx.SelfTests().Reschedule(ctx, set.Route, Start, Start.Add(time.Hour)))
			second := must(tx.SelfTests().Reschedule(ctx, set.Route, Start, Start.Add(time.Hour)))
			if !first || second {
				t.Errorf("claimed %t and %t", first, second)
			}
			return tx.SelfTests().StartRun(ctx, run)
		})
		again := run
		again.ID = id.New()
		err := s.InTx(context.Background(), d.Scope, func(tx store.Tx) error { return tx.SelfTests().StartRun(context.Background(), again) })
		if !errs.Is(err, errs.Conflict) {
			t.Errorf("a second run at once: %v", err)
		}
		if due(t, Start.Add(2*time.Hour)) != 0 {
			t.Error("due while a text is on its way")
		}
	})
	t.Run("a run keeps how far it came and ends once", func(t *testing.T) {
		run.Handed, run.Taken, run.Receipt = Start.Add(time.Second), Start.Add(2*time.Second), Start.Add(3*time.Second)
		Write(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
			if at := must(tx.SelfTests().RunsAt(ctx, d.Point.ID, 3)); len(at) != 1 {
				t.Errorf("%d runs at the phone", len(at))
			}
			if !must(tx.SelfTests().Replied(ctx, run.ID, Start.Add(4*time.Second))) || must(tx.SelfTests().Replied(ctx, run.ID, Start)) {
				t.Error("the reply is not kept once")
			}
			if !must(tx.SelfTests().NoteRun(ctx, run)) {
				t.Error("not noted")
			}
			run.Ended, run.Cause = Start.Add(5*time.Second), selftest.CauseLate
			if !must(tx.SelfTests().NoteRun(ctx, run)) || must(tx.SelfTests().NoteRun(ctx, run)) {
				t.Error("it does not end once")
			}
			return nil
		})
		run.Reply = Start.Add(4 * time.Second)
		Read(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
			got, err := tx.SelfTests().Runs(ctx, d.Route.ID, 24)
			if err == nil && (len(got) != 1 || got[0] != run) {
				t.Errorf("got %+v\nwant %+v", got, run)
			}
			if left := must(tx.SelfTests().RunningTests(ctx, 10)); len(left) != 0 {
				t.Errorf("%d still run", len(left))
			}
			return err
		})
		Read(t, s, other, func(ctx context.Context, tx store.Tx) error {
			if got := must(tx.SelfTests().Runs(ctx, d.Route.ID, 24)); len(got) != 0 {
				t.Error("another organization sees it")
			}
			return nil
		})
	})
	t.Run("old runs go", func(t *testing.T) {
		Write(t, s, System(), func(ctx context.Context, tx store.Tx) error {
			if n := must(tx.SelfTests().DropRuns(ctx, Start)); n != 0 {
				t.Errorf("%d too young ones went", n)
			}
			if n := must(tx.SelfTests().DropRuns(ctx, Start.Add(time.Hour))); n != 1 {
				t.Errorf("%d went", n)
			}
			return nil
		})
	})
}

func incidents(t *testing.T, open Open) {
	s := open(t, clock.NewFixed(Start))
	scope, other := NewOrg(t, s), NewOrg(t, s)
	route := id.New()
	of := func(cause incident.Cause) incident.Incident {
		return incident.Incident{Kind: incident.SelfTest, Subject: route, Cause: cause, Since: Start, Details: incident.Details{Run: id.New(), Message: id.New()}}
	}
	var first incident.Incident
	Write(t, s, scope, func(ctx context.Context, tx store.Tx) (err error) {
		var fresh bool
		if first, fresh, err = tx.Incidents().Begin(ctx, of(selftest.CauseLineDown)); err != nil || !fresh {
			t.Errorf("not begun: %v", err)
		}
		if _, fresh, err = tx.Incidents().Begin(ctx, of(selftest.CauseNoReceipt)); err != nil || fresh {
			t.Errorf("a second one about the same route: %v", err)
		}
		return err
	})
	Read(t, s, scope, func(ctx context.Context, tx store.Tx) error {
		open := must(tx.Incidents().Open(ctx))
		if len(open) != 1 || open[0] != first || !open[0].Open() {
			t.Errorf("open: %+v, want %+v", open, first)
		}
		return nil
	})
	Write(t, s, other, func(ctx context.Context, tx store.Tx) error {
		if must(tx.Incidents().End(ctx, incident.SelfTest, route, Start)) || len(must(tx.Incidents().Open(ctx))) != 0 {
			t.Error("another organization ends or sees it")
		}
		return nil
	})
	Write(t, s, scope, func(ctx context.Context, tx store.Tx) error {
		if !must(tx.Incidents().End(ctx, incident.SelfTest, route, Start.Add(time.Hour))) || must(tx.Incidents().End(ctx, incident.SelfTest, route, Start)) {
			t.Error("it does not end once")
		}
		_, fresh, err := tx.Incidents().Begin(ctx, of(selftest.CauseHandset))
		if !fresh {
			t.Error("none may follow one that has ended")
		}
		return err
	})
	Read(t, s, scope, func(ctx context.Context, tx store.Tx) error {
		all := must(tx.Incidents().List(ctx, store.Page{}))
		if len(all) != 2 || all[0].Cause != selftest.CauseHandset || all[1].Open() {
			t.Errorf("listed %+v", all)
		}
		if rest := must(tx.Incidents().List(ctx, store.Page{After: all[0].ID})); len(rest) != 1 || rest[0].ID != first.ID {
			t.Errorf("second page %+v", rest)
		}
		return nil
	})
}
