package storetest

import (
	"context"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/store"
)

// OptOut records a STOP of a number.
func OptOut(t testing.TB, s store.Store, scope access.Scope, point id.ID, at time.Time) {
	t.Helper()
	Append(t, s, scope, consent.Entry{Point: point, Channel: patient.SMS, Purpose: consent.AllPurposes, Status: consent.Revoked,
		Method: consent.Keyword, Shown: phi.T("STOP"), By: access.Carrier, At: at})
}

// Append adds entries to the ledger.
func Append(t testing.TB, s store.Store, scope access.Scope, entries ...consent.Entry) {
	t.Helper()
	Write(t, s, scope, func(ctx context.Context, tx store.Tx) error {
		_, err := tx.Consents().Append(ctx, entries)
		return err
	})
}

func consents(t *testing.T, open Open) {
	now := clock.NewFixed(Start)
	s := open(t, now)
	scope, other := NewOrg(t, s), NewOrg(t, s)
	person := AddPeople(t, s, scope, Person("Zofia", "Nowak", "1"))[0].ID
	number := AddPoint(t, s, scope, person, Number(t, "+48601000001"))
	second := AddPoint(t, s, scope, person, Number(t, "+48601000002"))
	imported := id.New()
	grant := consent.Entry{ID: id.New(), Person: person, Channel: patient.SMS, Purpose: purpose.Appointment, Status: consent.Granted,
		Method: consent.Form, Wording: "sms-care/3", Shown: phi.T("I agree to texts"), Language: "en", By: access.Command, Import: imported, At: Start}
	state := func(t *testing.T, point id.ID) consent.State {
		t.Helper()
		var entries []consent.Entry
		Read(t, s, scope, func(ctx context.Context, tx store.Tx) (err error) {
			entries, err = tx.Consents().For(ctx, []id.ID{person}, []id.ID{point})
			return err
		})
		return consent.Fold(entries, consent.Query{Person: person, Point: point, Channel: patient.SMS, Purpose: purpose.Appointment, At: now.Now()})
	}
	point := func(t *testing.T, p id.ID) patient.ContactPoint {
		t.Helper()
		var got []patient.ContactPoint
		Read(t, s, scope, func(ctx context.Context, tx store.Tx) (err error) {
			got, err = tx.People().Points(ctx, []id.ID{p})
			return err
		})
		return got[0]
	}

	t.Run("nothing recorded is nothing granted", func(t *testing.T) {
		if state(t, number.ID).Granted {
			t.Fatal("granted by nobody")
		}
	})
	t.Run("a person's entry raises the revision of each of their numbers", func(t *testing.T) {
		before := [2]int64{point(t, number.ID).Revision, point(t, second.ID).Revision}
		Append(t, s, scope, grant)
		after := [2]int64{point(t, number.ID).Revision, point(t, second.ID).Revision}
		if after[0] != before[0]+1 || after[1] != before[1]+1 {
			t.Fatalf("before %v, after %v", before, after)
		}
		got := state(t, number.ID)
		if !got.Granted || got.By.Shown != grant.Shown || got.By.Wording != grant.Wording || got.By.Recorded != Start {
			t.Fatalf("got %+v", got)
		}
	})
	t.Run("the same entry twice is one", func(t *testing.T) {
		Append(t, s, scope, grant)
		Read(t, s, scope, func(ctx context.Context, tx store.Tx) error {
			got, err := tx.Consents().ByImport(ctx, imported, store.Page{})
			if len(got) != 1 {
				t.Errorf("%d entries", len(got))
			}
			return err
		})
	})
	var position id.ID
	t.Run("STOP holds for the number until its START", func(t *testing.T) {
		now.Advance(time.Hour)
		before := point(t, number.ID).Revision
		OptOut(t, s, scope, number.ID, now.Now())
		if p := point(t, number.ID); p.OptedOutAt == nil || !p.OptedOutAt.Equal(now.Now()) || p.Revision != before+1 {
			t.Fatalf("point %+v", p)
		}
		if !state(t, number.ID).OptedOut || state(t, second.ID).OptedOut {
			t.Fatal("the fold disagrees")
		}
		for _, scope := range []access.Scope{scope, System()} {
			Read(t, s, scope, func(ctx context.Context, tx store.Tx) error {
				got, err := tx.Consents().OptOuts(ctx, id.ID{}, 10)
				if len(got) != 1 || got[0].Point != number.ID || !got[0].OptedOut {
					t.Errorf("opt-outs %+v", got)
				}
				position = got[0].Entry
				return err
			})
		}
		Read(t, s, other, func(ctx context.Context, tx store.Tx) error {
			got, err := tx.Consents().OptOuts(ctx, id.ID{}, 10)
			if len(got) != 0 {
				t.Error("another organization sees it")
			}
			return err
		})
		now.Advance(time.Hour)
		Append(t, s, scope, consent.Entry{Point: number.ID, Channel: patient.SMS, Purpose: consent.AllPurposes, Status: consent.Granted,
			Method: consent.Keyword, Lifts: true, By: access.Carrier, At: now.Now()})
		if p := point(t, number.ID); p.OptedOutAt != nil {
			t.Fatalf("still out: %+v", p)
		}
	})
	t.Run("who follows the ledger hears of lifted opt-outs too", func(t *testing.T) {
		Read(t, s, System(), func(ctx context.Context, tx store.Tx) error {
			got, err := tx.Consents().OptOutsSince(ctx, position, 10)
			if len(got) != 1 || got[0].OptedOut || got[0].Point != number.ID {
				t.Errorf("got %+v", got)
			}
			return err
		})
	})
	t.Run("an opt-out is told to whoever listens", func(t *testing.T) {
		sub := s.Subscribe(store.TopicConsents)
		defer sub.Close()
		OptOut(t, s, scope, second.ID, now.Now())
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if got, err := sub.Next(ctx); err != nil || got[0].Org != scope.Org() {
			t.Fatalf("got %v, %v", got, err)
		}
	})
}
