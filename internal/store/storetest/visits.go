package storetest

import (
	"context"
	"reflect"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/store"
)

func visits(t *testing.T, open Open) {
	now := clock.NewFixed(Start)
	s := open(t, now)
	scope, other := NewOrg(t, s), NewOrg(t, s)
	person := AddPeople(t, s, scope, Person("Zofia", "Nowak", "1"))[0].ID
	var site org.Location
	var feed schedule.Source
	Write(t, s, scope, func(ctx context.Context, tx store.Tx) (err error) {
		if site, err = tx.Orgs().SaveLocation(ctx, org.Location{Name: "Centre", Zone: "Europe/Warsaw", Region: "PL"}); err != nil {
			return err
		}
		feed, err = tx.Visits().SaveSource(ctx, schedule.Source{Name: "EHR export", Encoding: "windows-1250",
			Mapping: map[string]string{"Data wizyty": "start"}, Period: 24 * time.Hour})
		return err
	})
	start := Start.Add(48 * time.Hour)
	visit := schedule.Appointment{Person: person, Location: site.ID, Practitioner: id.New(), Source: feed.ID, Status: schedule.Booked,
		Start: start, Length: 20 * time.Minute, Zone: "Europe/Warsaw", Wall: "2026-03-04T10:00", BookedAt: Start,
		Reason: phi.T("follow-up"), ExternalID: phi.T("A-1"), Import: id.New()}
	Write(t, s, scope, func(ctx context.Context, tx store.Tx) error {
		made, err := tx.Visits().Create(ctx, []schedule.Appointment{visit})
		if err == nil {
			visit = made[0]
		}
		return err
	})
	update := func(v schedule.Appointment) (out schedule.Appointment, err error) {
		err = s.InTx(context.Background(), scope, func(tx store.Tx) error {
			got, err := tx.Visits().Update(context.Background(), []schedule.Appointment{v})
			if err == nil {
				out = got[0]
			}
			return err
		})
		return out, err
	}
	stored := func(t *testing.T) (v schedule.Appointment) {
		t.Helper()
		Read(t, s, scope, func(ctx context.Context, tx store.Tx) (err error) {
			v, err = tx.Visits().Get(ctx, visit.ID)
			return err
		})
		return v
	}

	t.Run("what was stored comes back, but for the outside name", func(t *testing.T) {
		want := visit
		want.ExternalID = phi.Text{}
		if got := stored(t); !reflect.DeepEqual(got, want) {
			t.Fatalf("got %+v\nwant %+v", got, want)
		}
	})
	t.Run("a source finds its visits by its own names", func(t *testing.T) {
		Read(t, s, scope, func(ctx context.Context, tx store.Tx) error {
			got, err := tx.Visits().ByExternal(ctx, feed.ID, []string{"A-1", "A-2"})
			if len(got) != 1 || got["A-1"].ID != visit.ID || got["A-1"].ExternalID != phi.T("A-1") {
				t.Errorf("got %v", got)
			}
			elsewhere, err2 := tx.Visits().ByExternal(ctx, id.New(), []string{"A-1"})
			if len(elsewhere) != 0 || err2 != nil {
				t.Errorf("another source finds it: %v, %v", elsewhere, err2)
			}
			return err
		})
		err := s.InTx(context.Background(), scope, func(tx store.Tx) error {
			again := visit
			again.ID = id.ID{}
			_, err := tx.Visits().Create(context.Background(), []schedule.Appointment{again})
			return err
		})
		if !errs.Is(err, errs.Conflict) {
			t.Fatalf("the same name twice: %v", err)
		}
	})
	t.Run("the version rises with what a text states and only then", func(t *testing.T) {
		now.Advance(time.Minute)
		v := stored(t)
		v.Reason = phi.T("something else")
		got, err := update(v)
		if err != nil || got.Version != 1 || stored(t).Version != 1 || stored(t).Reason != phi.T("something else") {
			t.Fatalf("a new reason: version %d, %v", got.Version, err)
		}
		for i, change := range []func(*schedule.Appointment){
			func(v *schedule.Appointment) { v.Start = v.Start.Add(time.Hour) },
			func(v *schedule.Appointment) { v.Practitioner = id.ID{} },
			func(v *schedule.Appointment) { v.Location = id.ID{} },
			func(v *schedule.Appointment) { v.Status = schedule.Cancelled },
		} {
			v := stored(t)
			change(&v)
			got, err := update(v)
			if want := int64(i + 2); err != nil || got.Version != want || stored(t).Version != want {
				t.Fatalf("change %d: version %d stored %d, %v", i, got.Version, stored(t).Version, err)
			}
		}
		if _, err := update(visit); !errs.Is(err, errs.Conflict) {
			t.Fatalf("an old version: %v", err)
		}
	})
	t.Run("an answer is a row of its own", func(t *testing.T) {
		before := stored(t)
		Write(t, s, scope, func(ctx context.Context, tx store.Tx) error {
			for i, a := range []schedule.Answer{schedule.Tentative, schedule.Accepted} {
				_, err := tx.Visits().Answer(ctx, schedule.Response{Appointment: visit.ID, Version: 1, Person: person, Answer: a, At: Start.Add(time.Duration(i) * time.Hour)})
				if err != nil {
					return err
				}
			}
			return nil
		})
		Read(t, s, scope, func(ctx context.Context, tx store.Tx) error {
			got, err := tx.Visits().Answers(ctx, []id.ID{visit.ID})
			if a := got[visit.ID]; len(a) != 2 || a[1].Answer != schedule.Accepted || a[1].Version != 1 {
				t.Errorf("answers %+v", a)
			}
			return err
		})
		if got := stored(t); !reflect.DeepEqual(got, before) {
			t.Fatalf("the visit changed: %+v", got)
		}
		err := s.InTx(context.Background(), other, func(tx store.Tx) error {
			_, err := tx.Visits().Answer(context.Background(), schedule.Response{Appointment: visit.ID, Answer: schedule.Accepted})
			return err
		})
		if !errs.Is(err, errs.NotFound) {
			t.Fatalf("another organization answers: %v", err)
		}
	})
	t.Run("days, persons, sources and imports list their visits", func(t *testing.T) {
		Read(t, s, scope, func(ctx context.Context, tx store.Tx) error {
			v := tx.Visits()
			for name, got := range map[string]int{
				"in the hour":   len(must(v.Between(ctx, id.ID{}, start.Add(time.Hour), start.Add(2*time.Hour), 10))),
				"of the person": len(must(v.OfPerson(ctx, person, 10))),
				"of the source": must(v.CountBySource(ctx, feed.ID, Start)),
				"of the import": len(must(v.ByImport(ctx, visit.Import, store.Page{}))),
				"sources":       len(must(v.Sources(ctx))),
			} {
				if got != 1 {
					t.Errorf("%s: %d", name, got)
				}
			}
			if n := len(must(v.Between(ctx, id.ID{}, start.Add(-time.Hour), start.Add(time.Hour), 10))); n != 0 {
				t.Errorf("an end is not in the interval: %d", n)
			}
			if got := must(v.Source(ctx, feed.ID)); !reflect.DeepEqual(got, feed) {
				t.Errorf("source %+v", got)
			}
			return nil
		})
	})
	t.Run("an undone visit goes with its answers", func(t *testing.T) {
		Write(t, s, scope, func(ctx context.Context, tx store.Tx) error { return tx.Visits().Delete(ctx, []id.ID{visit.ID}) })
		err := s.Read(context.Background(), scope, func(tx store.Tx) error { _, err := tx.Visits().Get(context.Background(), visit.ID); return err })
		if !errs.Is(err, errs.NotFound) {
			t.Fatalf("got %v", err)
		}
	})
}
