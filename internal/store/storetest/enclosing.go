package storetest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/store"
)

var errRefused = errors.New("refused")

// enclosure is a store with one organization whose people are counted.
type enclosure struct {
	store.Store
	scope access.Scope
}

func enclosing(t *testing.T, open Open) {
	e := func(t *testing.T) enclosure {
		t.Parallel()
		s := open(t, clock.NewFixed(Start))
		return enclosure{s, NewOrg(t, s)}
	}
	t.Run("calls of an enclosing transaction commit with it", func(t *testing.T) { e(t).commit(t) })
	t.Run("and are gone with it", func(t *testing.T) { e(t).rollback(t) })
	t.Run("a refused call takes back its own and no more", func(t *testing.T) { e(t).refused(t) })
	t.Run("a call inside a joined call fails at once", func(t *testing.T) { e(t).nested(t) })
	t.Run("a joined reader may not write", func(t *testing.T) { e(t).reader(t) })
	t.Run("two that meet are run one after the other", func(t *testing.T) { e(t).meet(t) })
}

// add makes a person by a call of its own, as a use-case does.
func (e enclosure) add(ctx context.Context, name string) (who patient.Person, err error) {
	err = e.InTx(ctx, e.scope, func(tx store.Tx) error {
		made, err := tx.People().Create(ctx, []patient.Person{Person(name, "Nowak", name)})
		if err == nil {
			who = made[0]
		}
		return err
	})
	return who, err
}

func (e enclosure) count(ctx context.Context) (n int, err error) {
	err = e.Read(ctx, e.scope, func(tx store.Tx) error { n, err = tx.People().Count(ctx); return err })
	return n, err
}

func (e enclosure) wantCount(t *testing.T, want int) {
	t.Helper()
	if n, err := e.count(t.Context()); err != nil || n != want {
		t.Errorf("%d people, want %d; %v", n, want, err)
	}
}

func (e enclosure) commit(t *testing.T) {
	ctx := t.Context()
	sub := e.Subscribe(store.TopicTasks)
	defer sub.Close()
	var told []string
	var who patient.Person
	err := e.InTx(ctx, e.scope, func(store.Tx) (err error) {
		told = told[:0]
		if who, err = e.add(ctx, "Zofia"); err != nil {
			return err
		}
		if n, err := e.count(ctx); err != nil || n != 1 {
			t.Errorf("a joined reader counts %d, %v", n, err)
		}
		err = e.InTx(ctx, e.scope, func(tx store.Tx) error {
			tx.Publish(store.TopicTasks)
			tx.AfterCommit(func() { told = append(told, "durable") })
			who.Facts.FamilyName = phi.T("Kowalska")
			_, err := tx.People().Update(ctx, []patient.Person{who})
			return err
		})
		told = append(told, "returned")
		return err
	}, store.Encloses)
	if err != nil || !slices.Equal(told, []string{"returned", "durable"}) {
		t.Fatalf("%v, in the order %v", err, told)
	}
	e.wantCount(t, 1)
	Read(t, e, e.scope, func(ctx context.Context, tx store.Tx) error {
		got, err := tx.People().Get(ctx, who.ID)
		if got.Facts.FamilyName != phi.T("Kowalska") {
			t.Error("the second call's change is missing")
		}
		return err
	})
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if got, err := sub.Next(ctx); err != nil || len(got) != 1 {
		t.Errorf("told %v, %v", got, err)
	}
}

func (e enclosure) rollback(t *testing.T) {
	ctx := t.Context()
	undone := false
	err := e.InTx(ctx, e.scope, func(store.Tx) error {
		if _, err := e.add(ctx, "Zofia"); err != nil {
			return err
		}
		err := e.InTx(ctx, e.scope, func(tx store.Tx) error {
			tx.AfterCommit(func() { t.Error("told of a commit") })
			tx.AfterRollback(func() { undone = true })
			return nil
		})
		if err != nil {
			return err
		}
		return errRefused
	}, store.Encloses)
	if !errors.Is(err, errRefused) || !undone {
		t.Fatalf("%v, undone %t", err, undone)
	}
	e.wantCount(t, 0)
	if _, err := e.add(ctx, "Ewa"); err != nil { // nothing holds the writer, and calls are calls again
		t.Error(err)
	}
}

func (e enclosure) refused(t *testing.T) {
	ctx := t.Context()
	var lost id.ID
	undone := 0
	err := e.InTx(ctx, e.scope, func(store.Tx) error {
		if _, err := e.add(ctx, "Zofia"); err != nil {
			return err
		}
		err := e.InTx(ctx, e.scope, func(tx store.Tx) error {
			tx.AfterCommit(func() { t.Error("a refused call was told of a commit") })
			tx.AfterRollback(func() { undone++ })
			made, err := tx.People().Create(ctx, []patient.Person{Person("Ewa", "Nowak", "Ewa")})
			if err == nil {
				lost, err = made[0].ID, errRefused
			}
			return err
		})
		if !errors.Is(err, errRefused) {
			t.Errorf("the call's own error became %v", err)
		}
		if _, err := e.add(ctx, "Zofia"); !errs.Is(err, errs.Conflict) { // what the database refuses hurts no other call
			t.Errorf("the same identifier twice: %v", err)
		}
		_, err = e.add(ctx, "Jan")
		return err
	}, store.Encloses)
	if err != nil || undone != 1 {
		t.Fatalf("%v, undone %d times", err, undone)
	}
	e.wantCount(t, 2)
	err = e.Read(ctx, e.scope, func(tx store.Tx) error { _, err := tx.People().Get(ctx, lost); return err })
	if !errs.Is(err, errs.NotFound) {
		t.Errorf("the refused person: %v", err)
	}
}

func (e enclosure) nested(t *testing.T) {
	ctx := t.Context()
	err := e.InTx(ctx, e.scope, func(store.Tx) error {
		return e.InTx(ctx, e.scope, func(store.Tx) error { _, err := e.count(ctx); return err })
	}, store.Encloses)
	if !errs.Is(err, errs.Internal) {
		t.Errorf("got %v", err)
	}
}

func (e enclosure) reader(t *testing.T) {
	ctx := t.Context()
	err := e.InTx(ctx, e.scope, func(store.Tx) error {
		return e.Read(ctx, e.scope, func(tx store.Tx) error { return tx.Orgs().StopAll(ctx) })
	}, store.Encloses)
	if !errs.Is(err, errs.Internal) {
		t.Errorf("got %v", err)
	}
}

// meet lets many change one row, each by joined calls: none is lost, and none fails although PostgreSQL has to run
// some again.
func (e enclosure) meet(t *testing.T) {
	ctx := t.Context()
	who, err := e.add(ctx, "Zofia")
	if err != nil {
		t.Fatal(err)
	}
	const all = 8
	done := make(chan error)
	for range all {
		go func() {
			done <- e.InTx(ctx, e.scope, func(store.Tx) error {
				var p patient.Person
				err := e.Read(ctx, e.scope, func(tx store.Tx) (err error) { p, err = tx.People().Get(ctx, who.ID); return err })
				if err != nil {
					return err
				}
				return e.InTx(ctx, e.scope, func(tx store.Tx) error { _, err := tx.People().Update(ctx, []patient.Person{p}); return err })
			}, store.Encloses)
		}()
	}
	for range all {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	Read(t, e, e.scope, func(ctx context.Context, tx store.Tx) error {
		got, err := tx.People().Get(ctx, who.ID)
		if got.Version != all+1 {
			t.Errorf("version %d after %d changes", got.Version, all)
		}
		return err
	})
}
