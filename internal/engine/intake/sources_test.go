package intake_test

import (
	"context"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/feed"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/engine/intake"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/storetest"
)

func TestASourceThatIsLateIsSaidAndThenItsTextsWait(t *testing.T) {
	onBoth(t, func(d *desk) {
		d.take(feed.Patients, "Id;First name;Last name", "P1;Jan;Kowalski")
		source := d.sourceID()
		look := func() (late int, waits bool) {
			all, err := d.s.Overdue(ctx, d.sc)
			if err != nil {
				d.Fatal(err)
			}
			storetest.Read(d, d.store, d.sc, func(ctx context.Context, tx store.Tx) error {
				_, silent, err := intake.Holds{}.Held(ctx, tx, []schedule.Appointment{{Source: source}}, nil)
				waits = silent[0]
				return err
			})
			if len(all) == 1 && all[0].Held != waits {
				d.Errorf("the page says held %v, the gate %v", all[0].Held, waits)
			}
			return len(all), waits
		}
		d.now.Advance(100 * 24 * time.Hour)
		if late, waits := look(); late != 0 || waits {
			d.Fatalf("late without a period: %d %v", late, waits)
		}
		if err := d.s.Expect(ctx, d.sc, source, 5*time.Minute); !errs.Is(err, errs.Invalid) {
			d.Errorf("a period of minutes: %v", err)
		}
		d.take(feed.Patients, "Id;First name;Last name", "P1;Jan;Kowalski")
		if err := d.s.Expect(ctx, d.sc, source, 24*time.Hour); err != nil {
			d.Fatal(err)
		}
		for _, c := range []struct {
			after time.Duration
			late  int
			waits bool
		}{{23 * time.Hour, 0, false}, {2 * time.Hour, 1, false}, {24 * time.Hour, 1, true}} {
			d.now.Advance(c.after)
			if late, waits := look(); late != c.late || waits != c.waits {
				d.Errorf("%v later: late %d, waits %v", c.after, late, waits)
			}
		}
		d.take(feed.Patients, "Id;First name;Last name", "P1;Jan;Kowalski")
		if late, waits := look(); late != 0 || waits {
			d.Errorf("after a fresh file: late %d, waits %v", late, waits)
		}
	})
}
