package intake_test

import (
	"testing"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/feed"
	"carillon.dev/carillon/internal/store"
)

func TestWhoMayDoWhatWithAnImport(t *testing.T) {
	onBoth(t, func(d *desk) {
		imp := d.check(d.begin(feed.Patients, feed.Options{}, patientHeader, annaLine))
		viewer := access.ForUser(d.sc.Org(), id.New(), access.Viewer)
		nobody := access.ForUser(d.sc.Org(), id.New(), "guest")
		changes := map[string]func(sc access.Scope) error{
			"choose": func(sc access.Scope) error { _, err := d.s.Choose(ctx, sc, imp.ID, true); return err },
			"agree":  func(sc access.Scope) error { _, err := d.s.AgreeAbsent(ctx, sc, imp.ID, 0); return err },
			"settle": func(sc access.Scope) error { _, err := d.s.Settle(ctx, sc, imp.ID, feed.Options{}); return err },
			"check":  func(sc access.Scope) error { _, err := d.s.Check(ctx, sc, imp.ID, nil); return err },
			"apply":  func(sc access.Scope) error { _, err := d.s.Apply(ctx, sc, imp.ID, nil); return err },
			"undo":   func(sc access.Scope) error { _, err := d.s.Undo(ctx, sc, imp.ID, nil); return err },
		}
		for name, do := range changes {
			for _, sc := range []access.Scope{viewer, nobody} {
				if err := do(sc); !errs.Is(err, errs.Forbidden) {
					d.Errorf("%s by a %s: %v", name, sc.Role(), err)
				}
			}
		}
		reads := map[string]func(sc access.Scope) error{
			"get":      func(sc access.Scope) error { _, err := d.s.Get(ctx, sc, imp.ID); return err },
			"list":     func(sc access.Scope) error { _, err := d.s.List(ctx, sc, store.Page{}); return err },
			"recent":   func(sc access.Scope) error { _, err := d.s.Recent(ctx, sc); return err },
			"problems": func(sc access.Scope) error { _, err := d.s.Problems(ctx, sc, imp.ID, 0, 1); return err },
			"kept":     func(sc access.Scope) error { _, err := d.s.Kept(ctx, sc, imp.ID, 0, 1); return err },
		}
		for name, do := range reads {
			if err := do(viewer); err != nil {
				d.Errorf("%s by a viewer: %v", name, err)
			}
			if err := do(nobody); !errs.Is(err, errs.Forbidden) {
				d.Errorf("%s by nobody of ours: %v", name, err)
			}
		}
		if _, err := d.s.Absent(ctx, nobody, imp.ID); !errs.Is(err, errs.Forbidden) {
			d.Errorf("absent by nobody of ours: %v", err)
		}
	})
}
