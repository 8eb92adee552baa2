package jobs_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/engine/jobs"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/storetest"
)

type note struct {
	ID id.ID
}

func (note) Kind() string { return "test.note" }

type once struct{ N int }

func (once) Kind() string                     { return "test.once" }
func (once) JobOptions() store.EnqueueOptions { return store.EnqueueOptions{Once: true} }

type chain struct{ Left int }

func (chain) Kind() string { return "test.chain" }

const patience = 60 * time.Second

func start(t *testing.T, s store.Store, workers ...jobs.Worker) {
	t.Helper()
	r, err := jobs.Start(context.Background(), s.(jobs.Host), jobs.Options{}, workers...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := r.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
}

func receive[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatal("nothing happened")
		panic("unreachable")
	}
}

func TestJobsCommitWithTheirTransaction(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open storetest.Open) {
		s := open(t, clock.NewFixed(storetest.Start))
		done := make(chan id.ID, 10)
		start(t, s, jobs.Do(func(_ context.Context, n note) error { done <- n.ID; return nil }))
		scope := storetest.NewOrg(t, s)
		ctx := context.Background()

		lost, kept := id.New(), id.New()
		_ = s.InTx(ctx, scope, func(tx store.Tx) error {
			if err := tx.Enqueue(ctx, note{lost}); err != nil {
				t.Error(err)
			}
			return errors.New("no")
		})
		began := time.Now()
		storetest.Write(t, s, scope, func(ctx context.Context, tx store.Tx) error { return tx.Enqueue(ctx, note{kept}) })
		if got := receive(t, done); got != kept {
			t.Fatalf("worked %v, want %v", got, kept)
		}
		t.Logf("picked up after %v", time.Since(began))
	})
}

func TestAWorkerMayUseTheStoreAndEnqueueTheNext(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open storetest.Open) {
		s := open(t, clock.NewFixed(storetest.Start))
		scope := storetest.NewOrg(t, s)
		done := make(chan struct{})
		start(t, s, jobs.Do(func(ctx context.Context, c chain) error {
			if c.Left == 0 {
				close(done)
				return nil
			}
			return s.InTx(ctx, scope, func(tx store.Tx) error { return tx.Enqueue(ctx, chain{c.Left - 1}) })
		}))
		storetest.Write(t, s, scope, func(ctx context.Context, tx store.Tx) error { return tx.Enqueue(ctx, chain{5}) })
		receive(t, done)
	})
}

func TestAnEqualJobThatWaitsIsNotAddedTwice(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open storetest.Open) {
		s := open(t, clock.NewFixed(storetest.Start))
		scope := storetest.NewOrg(t, s)
		storetest.Write(t, s, scope, func(ctx context.Context, tx store.Tx) error {
			return errors.Join(tx.Enqueue(ctx, once{1}), tx.Enqueue(ctx, once{1}), tx.Enqueue(ctx, once{2}))
		})
		done := make(chan int, 10)
		start(t, s, jobs.Do(func(_ context.Context, o once) error { done <- o.N; return nil }))
		if sum := receive(t, done) + receive(t, done); sum != 3 {
			t.Fatalf("sum %d", sum)
		}
		select {
		case n := <-done:
			t.Fatalf("%d was worked twice", n)
		case <-time.After(300 * time.Millisecond):
		}
	})
}

func TestFailuresAreTriedAgainAndPanicsDoNotEndTheWorker(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open storetest.Open) {
		s := open(t, clock.NewFixed(storetest.Start))
		scope := storetest.NewOrg(t, s)
		done := make(chan id.ID, 10)
		first := id.New()
		start(t, s, jobs.Do(func(_ context.Context, n note) error {
			if n.ID == first {
				defer func() { done <- n.ID }()
				panic("the patient's name")
			}
			done <- n.ID
			return errs.New(errs.NotFound, "gone")
		}))
		storetest.Write(t, s, scope, func(ctx context.Context, tx store.Tx) error { return tx.Enqueue(ctx, note{first}) })
		receive(t, done)
		second := id.New()
		storetest.Write(t, s, scope, func(ctx context.Context, tx store.Tx) error { return tx.Enqueue(ctx, note{second}) })
		for receive(t, done) != second {
		}
	})
}
