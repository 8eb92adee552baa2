package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audit"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/store"
)

// Run is the whole suite.
func Run(t *testing.T, open Open) {
	for name, part := range map[string]func(*testing.T, Open){
		"transactions": transactions, "enclosing": enclosing, "census": censusSuite, "organizations": orgs, "users": users, "people": people, "contact points": points,
		"erasure": erasure, "consents": consents, "visits": visits, "audit": audits,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			part(t, open)
		})
	}
	t.Run("journeys", func(t *testing.T) { t.Parallel(); journeys(t, open) })
	t.Run("templates", func(t *testing.T) { t.Parallel(); templates(t, open) })
	t.Run("messages", func(t *testing.T) { t.Parallel(); messagesSuite(t, open) })
	t.Run("receipts that did not come", func(t *testing.T) { t.Parallel(); followUpsSuite(t, open) })
	t.Run("the carrier's ids are filed", func(t *testing.T) { t.Parallel(); filingSuite(t, open) })
	t.Run("routes", func(t *testing.T) { t.Parallel(); routesSuite(t, open) })
	t.Run("tasks", func(t *testing.T) { t.Parallel(); tasks(t, open) })
	t.Run("audiences", func(t *testing.T) { t.Parallel(); audiences(t, open) })
	t.Run("facts of rules", func(t *testing.T) { t.Parallel(); audienceFacts(t, open) })
	t.Run("imports", func(t *testing.T) { t.Parallel(); imports(t, open) })
	t.Run("conversations", func(t *testing.T) { t.Parallel(); conversations(t, open) })
	t.Run("web", func(t *testing.T) { t.Parallel(); webSuite(t, open) })
	t.Run("self-tests", func(t *testing.T) { t.Parallel(); selfTests(t, open) })
	t.Run("incidents", func(t *testing.T) { t.Parallel(); incidents(t, open) })
}

func transactions(t *testing.T, open Open) {
	s := open(t, clock.NewFixed(Start))
	scope := NewOrg(t, s)
	stop := func(ctx context.Context, tx store.Tx) error { return tx.Orgs().StopAll(ctx) }
	stopped := func(t *testing.T) (yes bool) {
		t.Helper()
		Read(t, s, scope, func(ctx context.Context, tx store.Tx) error {
			st, err := tx.Orgs().Stops(ctx)
			yes = st.Blocks(scope.Org())
			return err
		})
		return yes
	}
	ctx := context.Background()

	t.Run("an error rolls everything back", func(t *testing.T) {
		boom := errors.New("boom")
		undone := false
		err := s.InTx(ctx, scope, func(tx store.Tx) error {
			tx.AfterCommit(func() { t.Error("told of a commit") })
			tx.AfterRollback(func() { undone = true })
			if err := stop(ctx, tx); err != nil {
				return err
			}
			return boom
		})
		if !errors.Is(err, boom) || stopped(t) || !undone {
			t.Fatalf("err %v, stopped %v, undone %v", err, stopped(t), undone)
		}
	})
	t.Run("a panic rolls everything back and frees the writer", func(t *testing.T) {
		func() {
			defer func() { _ = recover() }()
			_ = s.InTx(ctx, scope, func(tx store.Tx) error { _ = stop(ctx, tx); panic("boom") })
		}()
		if stopped(t) {
			t.Fatal("kept")
		}
	})
	t.Run("a read-only transaction refuses writes", func(t *testing.T) {
		for name, write := range map[string]func(store.Tx) error{
			"a statement":           func(tx store.Tx) error { return stop(ctx, tx) },
			"a statement with rows": func(tx store.Tx) error { _, err := tx.Orgs().SaveLocation(ctx, org.Location{}); return err },
			"many rows":             func(tx store.Tx) error { return tx.Audit().Record(ctx, audit.Of(scope, Start, "x", "y", id.New(), "")) },
			"a job":                 func(tx store.Tx) error { return tx.Enqueue(ctx, nothing{}) },
		} {
			if err := s.Read(ctx, scope, write); !errs.Is(err, errs.Internal) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
	t.Run("a store call inside a transaction fails at once", func(t *testing.T) {
		none := func(store.Tx) error { return nil }
		calls := map[string]func() error{
			"write": func() error { return s.InTx(ctx, scope, none) },
			"read":  func() error { return s.Read(ctx, scope, none) },
		}
		for name, call := range calls {
			err := s.InTx(ctx, scope, func(store.Tx) error { return call() })
			if !errs.Is(err, errs.Internal) {
				t.Errorf("%s in write: %v", name, err)
			}
			err = s.Read(ctx, scope, func(store.Tx) error { return call() })
			if !errs.Is(err, errs.Internal) {
				t.Errorf("%s in read: %v", name, err)
			}
		}
		if err := s.InTx(ctx, scope, none); err != nil {
			t.Fatalf("afterwards: %v", err)
		}
	})
	t.Run("a scope that nobody made is refused", func(t *testing.T) {
		if err := s.Read(ctx, access.Scope{}, func(store.Tx) error { return nil }); !errs.Is(err, errs.Internal) {
			t.Fatalf("got %v", err)
		}
	})
	t.Run("a reader sees one moment", func(t *testing.T) {
		Read(t, s, scope, func(ctx context.Context, tx store.Tx) error {
			before := must(tx.Orgs().Get(ctx))
			done := make(chan error)
			go func() {
				done <- s.InTx(ctx, scope, func(tx store.Tx) error { return tx.Orgs().Update(ctx, org.Organization{Name: "Renamed"}) })
			}()
			if err := <-done; err != nil {
				return err
			}
			after, err := tx.Orgs().Get(ctx)
			if after.Name != before.Name {
				t.Errorf("%q became %q meanwhile", before.Name, after.Name)
			}
			return err
		})
	})
	t.Run("a cancelled caller changes nothing", func(t *testing.T) {
		ctx, cancel := context.WithCancel(ctx)
		err := s.InTx(ctx, scope, func(tx store.Tx) error {
			cancel()
			return stop(ctx, tx)
		})
		if err == nil || stopped(t) {
			t.Fatalf("err %v, stopped %v", err, stopped(t))
		}
	})
	t.Run("how long the writer was held is known", func(t *testing.T) {
		if st := s.WriteStats(); st.Count == 0 || st.P50 <= 0 || st.Max < st.P99 || st.P99 < st.P50 {
			t.Fatalf("%+v", st)
		}
	})
	t.Run("a transaction has one domain time", func(t *testing.T) {
		Read(t, s, scope, func(_ context.Context, tx store.Tx) error {
			if !tx.Now().Equal(Start) {
				t.Errorf("now is %v", tx.Now())
			}
			return nil
		})
	})
	t.Run("what commits is told, what rolls back is not", func(t *testing.T) {
		sub := s.Subscribe(store.TopicTasks)
		defer sub.Close()
		_ = s.InTx(ctx, scope, func(tx store.Tx) error { tx.Publish(store.TopicTasks); return errors.New("no") })
		Write(t, s, scope, func(_ context.Context, tx store.Tx) error {
			tx.Publish(store.TopicTasks)
			tx.Publish(store.TopicTasks)
			tx.Publish(store.TopicVisits)
			return nil
		})
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		got, err := sub.Next(ctx)
		want := store.Change{Org: scope.Org(), Topic: store.TopicTasks}
		if err != nil || len(got) != 1 || got[0] != want || !sub.Live() {
			t.Fatalf("got %v, %v, live %v", got, err, sub.Live())
		}
	})
}

// nothing is a job that nobody works.
type nothing struct{}

func (nothing) Kind() string { return "test.nothing" }
