package intake_test

import (
	"context"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/feed"
	"carillon.dev/carillon/internal/engine/intake"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/storetest"
)

const cutHeader = "Id;First name;Last name"

// cutOff is an import of patients that died after its first rows.
func (d *desk) cutOff(source string) feed.Import {
	d.Helper()
	lines := []string{cutHeader}
	for i := range 120 {
		lines = append(lines, source+itoa(i/100)+itoa(i%100)+";Jan;Kowalski")
	}
	imp := d.check(d.begin(feed.Patients, feed.Options{}, lines...))
	ctx, die := context.WithCancel(ctx)
	if _, err := d.s.Apply(ctx, d.sc, imp.ID, func(int) { die() }); err == nil {
		d.Fatal("the import was not cut off")
	}
	imp, err := d.s.Get(context.Background(), d.sc, imp.ID)
	if err != nil || imp.State != feed.Applying || imp.Cursor == 0 {
		d.Fatal(imp.State, imp.Cursor, err)
	}
	return imp
}

func (d *desk) dropFiles(at time.Time) {
	for n := 1; n > 0; {
		storetest.Write(d, d.store, access.System("tidy"), func(ctx context.Context, tx store.Tx) (err error) {
			n, err = tx.Imports().DropFiles(ctx, at)
			return err
		})
	}
}

func TestAnImportCutOffForDaysGoesOn(t *testing.T) {
	onBoth(t, func(d *desk) {
		imp := d.cutOff("P")
		d.dropFiles(d.machine.Now().Add(3 * intake.FileLife))
		n, err := d.s.Resume(ctx, access.System("import resume"))
		if err != nil || n != 1 {
			t.Fatal(n, err)
		}
		if imp, err = d.s.Get(ctx, d.sc, imp.ID); err != nil || imp.State != feed.Applied || imp.Counts.Created != 120 {
			t.Errorf("%s %+v, %v", imp.State, imp.Counts, err)
		}
	})
}

func TestAnImportCutOffCanBeGivenUp(t *testing.T) {
	onBoth(t, func(d *desk) {
		imp := d.undo(d.cutOff("P"))
		if imp.State != feed.Undone || imp.Counts.Undone == 0 {
			d.Errorf("%s %+v", imp.State, imp.Counts)
		}
	})
}

func TestOneImportThatCannotGoOnDoesNotKeepTheOthers(t *testing.T) {
	onBoth(t, func(d *desk) {
		stuck := d.check(d.begin(feed.Patients, feed.Options{}, cutHeader, "P1;Jan;Kowalski"))
		d.dropFiles(d.machine.Now().Add(3 * intake.FileLife))
		storetest.Write(d, d.store, d.sc, func(ctx context.Context, tx store.Tx) (err error) {
			stuck.State = feed.Applying
			stuck, err = tx.Imports().Update(ctx, stuck)
			return err
		})
		next := d.cutOff("Q")
		n, err := d.s.Resume(ctx, access.System("import resume"))
		if n != 1 || errs.KindOf(err) != errs.Precondition {
			d.Fatalf("%d finished, %v", n, err)
		}
		if next, err = d.s.Get(ctx, d.sc, next.ID); err != nil || next.State != feed.Applied {
			d.Errorf("%s, %v", next.State, err)
		}
		if got := d.undo(stuck); got.State != feed.Undone {
			d.Errorf("the one without a file is %s", got.State)
		}
	})
}
