package storetest

import (
	"context"
	"maps"
	"sync"
	"testing"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/store"
)

func templates(t *testing.T, open Open) {
	s := open(t, clock.NewFixed(Start))
	scope, other := NewOrg(t, s), NewOrg(t, s)
	save := func(sc access.Scope, v store.TemplateVersion) error {
		return s.InTx(context.Background(), sc, func(tx store.Tx) error { return tx.Templates().Save(context.Background(), v) })
	}
	revision := func(sc access.Scope) (n int64) {
		Read(t, s, sc, func(ctx context.Context, tx store.Tx) error {
			o, err := tx.Orgs().Get(ctx)
			n = o.Revision
			return err
		})
		return n
	}
	versions := func(sc access.Scope, key content.Key) (out []store.TemplateVersion) {
		Read(t, s, sc, func(ctx context.Context, tx store.Tx) (err error) {
			out, err = tx.Templates().Versions(ctx, key)
			return err
		})
		return out
	}
	by := id.New()
	second := store.TemplateVersion{Key: "reminder-24h", Version: 2, Variants: content.Variants{"en": "one\n“two”", "pl": "żółw"},
		Note: "shorter", ByKind: access.User, By: by}

	t.Run("a version is kept as it was written, and the organization's revision rises", func(t *testing.T) {
		before, foreign := revision(scope), revision(other)
		if err := save(scope, second); err != nil {
			t.Fatal(err)
		}
		if err := save(scope, store.TemplateVersion{Key: "reminder-24h", Version: 3, Shipped: true, ByKind: access.Command}); err != nil {
			t.Fatal(err)
		}
		got := versions(scope, "reminder-24h")
		if len(got) != 2 || !got[0].Shipped || len(got[0].Variants) != 0 || !got[0].By.IsZero() || got[0].ByKind != access.Command {
			t.Fatalf("got %+v", got)
		}
		if v := got[1]; v.Version != 2 || !maps.Equal(v.Variants, second.Variants) || v.Note != "shorter" || v.By != by || v.ByKind != access.User || !v.CreatedAt.Equal(Start) {
			t.Errorf("got %+v", v)
		}
		if revision(scope) != before+2 || revision(other) != foreign {
			t.Errorf("revisions %d and %d, from %d and %d", revision(scope), revision(other), before, foreign)
		}
		if got := versions(other, "reminder-24h"); len(got) != 0 {
			t.Errorf("another organization sees %+v", got)
		}
	})

	t.Run("a version that is not the next is a conflict and changes nothing", func(t *testing.T) {
		before := revision(scope)
		for _, n := range []int64{1, 3, 5} {
			if err := save(scope, store.TemplateVersion{Key: "reminder-24h", Version: n, ByKind: access.Command}); !errs.Is(err, errs.Conflict) {
				t.Errorf("version %d: %v", n, err)
			}
		}
		if got := versions(scope, "reminder-24h"); len(got) != 2 || revision(scope) != before {
			t.Errorf("%d versions, revision %d from %d", len(got), revision(scope), before)
		}
	})

	t.Run("of two who save at once, one is told of the other", func(t *testing.T) {
		var wg sync.WaitGroup
		failed := make([]error, 2)
		for i := range failed {
			wg.Go(func() {
				failed[i] = save(scope, store.TemplateVersion{Key: "booking", Version: 2, Variants: content.Variants{"en": "text"}, ByKind: access.Command})
			})
		}
		wg.Wait()
		if (failed[0] == nil) == (failed[1] == nil) || !errs.Is(failed[0], errs.Conflict) && !errs.Is(failed[1], errs.Conflict) {
			t.Errorf("got %v and %v", failed[0], failed[1])
		}
	})

	t.Run("the newest of every key", func(t *testing.T) {
		Read(t, s, scope, func(ctx context.Context, tx store.Tx) error {
			got, err := tx.Templates().Newest(ctx)
			if len(got) != 2 || got[0].Key != "booking" || got[0].Version != 2 || got[1].Key != "reminder-24h" || got[1].Version != 3 {
				t.Errorf("got %+v", got)
			}
			return err
		})
		Read(t, s, other, func(ctx context.Context, tx store.Tx) error {
			got, err := tx.Templates().Newest(ctx)
			if len(got) != 0 {
				t.Errorf("another organization has %+v", got)
			}
			return err
		})
	})

	t.Run("languages of active persons are counted", func(t *testing.T) {
		AddPeople(t, s, scope, patient.Person{Kind: patient.Patient, Status: patient.Active, Language: "pl"},
			patient.Person{Kind: patient.Patient, Status: patient.Active, Language: "pl"}, patient.Person{Kind: patient.Patient, Status: patient.Active},
			patient.Person{Kind: patient.Patient, Status: patient.Deceased, Language: "en"})
		Read(t, s, scope, func(ctx context.Context, tx store.Tx) error {
			got, err := tx.People().Languages(ctx)
			if !maps.Equal(got, map[string]int{"pl": 2, "": 1}) {
				t.Errorf("got %v", got)
			}
			return err
		})
	})
}
