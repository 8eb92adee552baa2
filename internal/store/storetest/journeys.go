package storetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/journey"
	"carillon.dev/carillon/internal/store"
)

func journeys(t *testing.T, open Open) {
	s := open(t, clock.NewFixed(Start))
	scope, other := NewOrg(t, s), NewOrg(t, s)

	t.Run("a version of a journey is kept as it was first written", func(t *testing.T) {
		save := func(source string, version int) {
			Write(t, s, scope, func(ctx context.Context, tx store.Tx) error {
				return tx.Journeys().SaveDefinition(ctx, store.JourneyFile{Key: "reminder", Version: version, Source: source, Shipped: true})
			})
		}
		save("one", 1)
		save("changed", 1)
		save("two", 2)
		Read(t, s, scope, func(ctx context.Context, tx store.Tx) error {
			got, err := tx.Journeys().DefinitionFiles(ctx)
			if len(got) != 2 || got[0].Source != "two" || got[1].Source != "one" || !got[0].Shipped || !got[0].CreatedAt.Equal(Start) {
				t.Errorf("got %+v", got)
			}
			return err
		})
		Read(t, s, other, func(ctx context.Context, tx store.Tx) error {
			got, err := tx.Journeys().DefinitionFiles(ctx)
			if len(got) != 0 {
				t.Errorf("another organization sees %+v", got)
			}
			return err
		})
	})

	t.Run("touches wait in order until they are dropped", func(t *testing.T) {
		a, b, imported := id.New(), id.New(), id.New()
		Write(t, s, scope, func(ctx context.Context, tx store.Tx) error {
			return tx.Journeys().Touch(ctx, []store.Touch{{Visit: a, PatientKnows: true, Version: 7}, {Person: b, Import: imported}})
		})
		var got []store.Touch
		Read(t, s, scope, func(ctx context.Context, tx store.Tx) (err error) {
			got, err = tx.Journeys().Touched(ctx, 10)
			return err
		})
		if len(got) != 2 || got[0].Visit != a || !got[0].PatientKnows || got[0].Version != 7 || got[1].Person != b || got[1].Import != imported || !got[1].At.Equal(Start) {
			t.Fatalf("got %+v", got)
		}
		Read(t, s, System(), func(ctx context.Context, tx store.Tx) error {
			orgs, err := tx.Journeys().TouchedOrgs(ctx, 10)
			if !slices.Equal(orgs, []id.ID{scope.Org()}) {
				t.Errorf("organizations with touches: %v", orgs)
			}
			return err
		})
		drop := func(of id.ID) {
			sc := scope
			if of == other.Org() {
				sc = other
			}
			Write(t, s, sc, func(ctx context.Context, tx store.Tx) error {
				return tx.Journeys().DropTouches(ctx, []id.ID{got[0].ID})
			})
		}
		drop(other.Org())
		left := func() (n int) {
			Read(t, s, scope, func(ctx context.Context, tx store.Tx) error {
				all, err := tx.Journeys().Touched(ctx, 10)
				n = len(all)
				return err
			})
			return n
		}
		if left() != 2 {
			t.Error("another organization dropped a touch")
		}
		if drop(scope.Org()); left() != 1 {
			t.Error("the worked touch is still there")
		}
	})

	t.Run("an enrollment is replaced only at the row that was read", func(t *testing.T) {
		e := journey.Enrollment{ID: id.New(), Person: id.New(), Appointment: id.New(), Journey: "reminder", Definition: 1,
			State: journey.Active, NextDue: Start.Add(time.Hour),
			Visit: journey.Visit{Fact: journey.Fact{Start: Start.Add(48 * time.Hour)}, Version: 3}}
		e.Texts = []journey.Text{{Ref: journey.Ref{Step: "booking", Occurrence: 1}, Phase: journey.Pending, Due: Start}}
		if got := saveEnrollments(t, s, scopeOf{scope}, e); !got[0] {
			t.Fatal("not inserted")
		}
		twin := e
		twin.ID = id.New()
		if got := saveEnrollments(t, s, scopeOf{scope}, twin); got[0] {
			t.Error("a visit has two enrollments of one journey")
		}
		back := enrollmentOf(t, s, scopeOf{scope}, e.Appointment)
		if back.Row != 1 || back.Visit.Version != 3 || len(back.Texts) != 1 || !back.NextDue.Equal(e.NextDue) || back.Person != e.Person {
			t.Fatalf("read back %+v", back)
		}
		first, second := back, back
		first.State = journey.Ended
		first.NextDue = time.Time{}
		second.Definition = 9
		if got := saveEnrollments(t, s, scopeOf{scope}, first); !got[0] {
			t.Error("the first writer is refused")
		}
		if got := saveEnrollments(t, s, scopeOf{scope}, second); got[0] {
			t.Error("the second writer overwrote the first")
		}
		if now := enrollmentOf(t, s, scopeOf{scope}, e.Appointment); now.State != journey.Ended || now.Row != 2 || now.Definition != 1 || !now.NextDue.IsZero() {
			t.Errorf("now %+v", now)
		}
		back.Row = 2
		if got := saveEnrollments(t, s, scopeOf{other}, back); got[0] {
			t.Error("another organization wrote the row")
		}
	})

	t.Run("what is due is found by its time, across organizations only by the system", func(t *testing.T) {
		fresh := open(t, clock.NewFixed(Start))
		mine := NewOrg(t, fresh)
		for i := range 3 {
			e := journey.Enrollment{ID: id.New(), Person: id.New(), Appointment: id.New(), Journey: "reminder", Definition: 1,
				State: journey.Active, NextDue: Start.Add(time.Duration(2-i) * time.Hour)}
			saveEnrollments(t, fresh, scopeOf{mine}, e)
		}
		Read(t, fresh, mine, func(ctx context.Context, tx store.Tx) error {
			due, err := tx.Journeys().DueEnrollments(ctx, Start.Add(time.Hour), 10)
			if len(due) != 2 || !due[0].NextDue.Equal(Start) {
				t.Errorf("due: %+v", due)
			}
			if _, err := tx.Journeys().DueOrgs(ctx, Start, 10); !errs.Is(err, errs.Forbidden) {
				t.Errorf("an organization's scope looked across: %v", err)
			}
			return err
		})
		Read(t, fresh, System(), func(ctx context.Context, tx store.Tx) error {
			orgs, err := tx.Journeys().DueOrgs(ctx, Start, 10)
			if err != nil || !slices.Equal(orgs, []id.ID{mine.Org()}) {
				t.Errorf("organizations: %v, %v", orgs, err)
			}
			next, err := tx.Journeys().NextDue(ctx)
			if !next.Equal(Start) {
				t.Errorf("next due %v", next)
			}
			return err
		})
	})

	t.Run("what waits for an import is paged and counted", func(t *testing.T) {
		imported := id.New()
		for range 3 {
			saveEnrollments(t, s, scopeOf{scope}, journey.Enrollment{ID: id.New(), Person: id.New(), Appointment: id.New(),
				Journey: "reminder", Definition: 1, State: journey.Active, HeldBy: imported})
		}
		Read(t, s, scope, func(ctx context.Context, tx store.Tx) error {
			page, err := tx.Journeys().HeldEnrollments(ctx, imported, store.Page{Limit: 2})
			if err != nil || len(page) != 2 {
				t.Fatalf("first page %d, %v", len(page), err)
			}
			rest, err := tx.Journeys().HeldEnrollments(ctx, imported, store.Page{After: page[1].ID, Limit: 2})
			if err != nil || len(rest) != 1 || rest[0].HeldBy != imported {
				t.Errorf("second page %+v, %v", rest, err)
			}
			n, err := tx.Journeys().CountHeld(ctx, imported)
			if n != 3 {
				t.Errorf("counted %d", n)
			}
			return err
		})
		Read(t, s, System(), func(ctx context.Context, tx store.Tx) error {
			waiting, err := tx.Journeys().HeldImports(ctx)
			if !slices.Equal(waiting, []store.HeldImport{{Org: scope.Org(), Import: imported}}) {
				t.Errorf("waited for: %v", waiting)
			}
			return err
		})
	})

	t.Run("the texts of an enrollment are found by their natural keys", func(t *testing.T) {
		texts(t, s, scopeOf{scope})
	})
}
