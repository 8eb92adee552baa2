package intake_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/feed"
	"carillon.dev/carillon/internal/ehr/table"
	"carillon.dev/carillon/internal/engine/intake"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/storetest"
)

var errCrash = errors.New("the process died")

// mortal is a store whose process dies at a write transaction: before it, or after its commit and before anybody
// heard of it.
type mortal struct {
	store.Store
	left  atomic.Int64 // write transactions until then
	after bool
}

func (m *mortal) InTx(ctx context.Context, sc access.Scope, do func(store.Tx) error, opts ...store.TxOption) error {
	switch n := m.left.Add(-1); {
	case n < 0, n == 0 && !m.after:
		return errCrash
	case n == 0:
		if err := m.Store.InTx(ctx, sc, do, opts...); err != nil {
			return err
		}
		return errCrash
	}
	return m.Store.InTx(ctx, sc, do, opts...)
}

// picture is everything that an import may write, without ids.
func (d *desk) picture() string {
	var b strings.Builder
	for _, p := range []string{"P1", "P2", "P3", "P4"} {
		who := d.person(p)
		fmt.Fprintf(&b, "%s v%d %s %s %v consents %d\n", p, who.Version, who.Status, who.Facts.FamilyName.Reveal(), d.numbers(p), len(d.ledger(p)))
	}
	for _, v := range []string{"A1", "A2", "A3"} {
		at := d.visit(v)
		fmt.Fprintf(&b, "%s v%d %s %s\n", v, at.Version, at.Status, at.Wall)
	}
	var touched []string
	for _, t := range d.touches() {
		touched = append(touched, fmt.Sprint(t.Visit.IsZero(), t.Person.IsZero(), t.Version))
	}
	slices.Sort(touched)
	fmt.Fprintln(&b, touched)
	storetest.Read(d, d.store, d.sc, func(ctx context.Context, tx store.Tx) error {
		n, err := tx.People().Count(ctx)
		fmt.Fprintln(&b, n)
		return err
	})
	return b.String()
}

// world is what a file meets: an earlier file was imported.
func (d *desk) world(kind feed.Kind) feed.Import {
	d.take(feed.Patients, patientHeader, annaLine, janLine)
	d.take(feed.Appointments, visitHeader, firstVisit, secondVisit, "A3;P1;2026-03-05 12:00;;booked")
	d.touches()
	if kind == feed.Patients {
		return d.check(d.begin(kind, feed.Options{SkipBad: true}, patientHeader, strings.Replace(annaLine, "Nowak", "Lis", 1),
			"P3;Ewa;Sowa;M3;+48 601 000 003;yes;2025-06-01;web", "P4;;;;;;;", "P2;Jan;Kowalski;M2;+48 601 000 009;;;"))
	}
	imp := d.check(d.begin(kind, feed.Options{Snapshot: true}, visitHeader, strings.Replace(firstVisit, "10:00", "09:30", 1), secondVisit))
	imp, err := d.s.AgreeAbsent(ctx, d.sc, imp.ID, 1)
	if err != nil {
		d.Fatal(err)
	}
	return imp
}

// untilDone does the work, dying at the nth write transaction, and goes on as a node does when it starts. It
// reports whether the work died at all.
func (d *desk) untilDone(imp id.ID, n int64, after bool, work func(*intake.Service) error) bool {
	d.Helper()
	m := &mortal{Store: d.store, after: after}
	m.left.Store(n)
	err := work(intake.New(m, table.Reader{}, d.machine))
	if err == nil {
		return false
	}
	if !errors.Is(err, errCrash) {
		d.Fatalf("at %d: %v", n, err)
	}
	if _, err := d.s.Resume(ctx, storetest.System()); err != nil {
		d.Fatalf("resume after %d: %v", n, err)
	}
	now, err := d.s.Get(ctx, d.sc, imp)
	if err == nil && (now.State == feed.Checked || now.State == feed.Applied) { // it had not begun, or was just done
		if err = work(d.s); err != nil && now.State == feed.Applied {
			err = nil
		}
	}
	if err != nil {
		d.Fatalf("again after %d: %v", n, err)
	}
	return true
}

func TestACrashAtAnyStepEndsInTheSameState(t *testing.T) {
	t.Parallel()
	for _, kind := range []feed.Kind{feed.Patients, feed.Appointments} {
		t.Run(string(kind), func(t *testing.T) {
			onBoth(t, func(d *desk) { d.crashes(kind) })
		})
	}
}

func (d *desk) crashes(kind feed.Kind) {
	var applied, undone string
	for n := int64(100); n != 0; n++ { // 100 is never reached: the undisturbed run
		for _, after := range []bool{false, true} {
			d.sc = storetest.NewOrg(d, d.store)
			site(d, d.store, d.sc)
			imp := d.world(kind)
			died := d.untilDone(imp.ID, n, after, func(s *intake.Service) error { _, err := s.Apply(ctx, d.sc, imp.ID, nil); return err })
			got := d.picture()
			gone := d.untilDone(imp.ID, n, after, func(s *intake.Service) error { _, err := s.Undo(ctx, d.sc, imp.ID, nil); return err })
			back := d.picture()
			if n == 100 && !after {
				applied, undone = got, back
			}
			if got != applied {
				d.Fatalf("a crash at transaction %d (after its commit: %v) ends in\n%s\nand without in\n%s", n, after, got, applied)
			}
			if back != undone {
				d.Fatalf("an undo that crashed at %d (after its commit: %v) ends in\n%s\nand without in\n%s", n, after, back, undone)
			}
			if n < 100 && !died && !gone {
				return
			}
		}
		if n == 100 {
			n = 0
		}
	}
}
