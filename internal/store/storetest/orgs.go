package storetest

import (
	"context"
	"reflect"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/quiet"
	"carillon.dev/carillon/internal/store"
)

func orgs(t *testing.T, open Open) {
	s := open(t, clock.NewFixed(Start))
	scope, other := NewOrg(t, s), NewOrg(t, s)
	stops := func(t *testing.T, scope access.Scope) (st store.Stops) {
		t.Helper()
		Read(t, s, scope, func(ctx context.Context, tx store.Tx) (err error) { st, err = tx.Orgs().Stops(ctx); return err })
		return st
	}

	t.Run("a location comes back whole and raises the organization's revision", func(t *testing.T) {
		l := org.Location{Name: "Centre", Address: "Long Street 1", Zone: "Europe/Warsaw", Region: "PL", Subregion: "MZ",
			Languages: []string{"pl", "en"}, Phone: Number(t, "+48221234567"), Travel: 2 * time.Hour, ExternalID: "C1",
			Hours: quiet.Policy{Holidays: []string{"PL"}, Classes: map[purpose.Class]quiet.Hours{}}}
		var before, after org.Organization
		Write(t, s, scope, func(ctx context.Context, tx store.Tx) (err error) {
			before = must(tx.Orgs().Get(ctx))
			if l, err = tx.Orgs().SaveLocation(ctx, l); err != nil {
				return err
			}
			l, err = tx.Orgs().SaveLocation(ctx, l)
			after = must(tx.Orgs().Get(ctx))
			return err
		})
		if l.Revision != 2 || after.Revision != before.Revision+2 {
			t.Errorf("revisions %d, %d after %d", l.Revision, after.Revision, before.Revision)
		}
		Read(t, s, scope, func(ctx context.Context, tx store.Tx) error {
			got, err := tx.Orgs().Location(ctx, l.ID)
			got.Hours.Classes = l.Hours.Classes // an empty map and none are the same policy
			if !reflect.DeepEqual(got, l) {
				t.Errorf("got %+v\nwant %+v", got, l)
			}
			return err
		})
		err := s.InTx(context.Background(), other, func(tx store.Tx) error { _, err := tx.Orgs().SaveLocation(context.Background(), l); return err })
		if !errs.Is(err, errs.NotFound) {
			t.Errorf("another organization overwrites it: %v", err)
		}
	})
	t.Run("a budget of texts comes back and raises the revision", func(t *testing.T) {
		var before, after org.Organization
		Write(t, s, scope, func(ctx context.Context, tx store.Tx) error {
			before = must(tx.Orgs().Get(ctx))
			if err := tx.Orgs().SetBudget(ctx, org.Budget{Day: org.Unlimited, Week: 3}); err != nil {
				return err
			}
			after = must(tx.Orgs().Get(ctx))
			return nil
		})
		if (before.Budget != org.Budget{}) || (after.Budget != org.Budget{Day: org.Unlimited, Week: 3}) || after.Revision != before.Revision+1 {
			t.Errorf("from %+v to %+v at revision %d after %d", before.Budget, after.Budget, after.Revision, before.Revision)
		}
	})
	t.Run("languages in plain letters come back and raise the revision", func(t *testing.T) {
		var before, after org.Organization
		Write(t, s, scope, func(ctx context.Context, tx store.Tx) error {
			before = must(tx.Orgs().Get(ctx))
			if err := tx.Orgs().SetPlainLetters(ctx, before.PlainLetters.With("pl", true).With("es", true)); err != nil {
				return err
			}
			after = must(tx.Orgs().Get(ctx))
			return nil
		})
		if before.PlainLetters != "" || after.PlainLetters != "es pl" || !after.PlainLetters.Has("pl") || after.PlainLetters.Has("p") ||
			after.PlainLetters.With("pl", false) != "es" || after.Revision != before.Revision+1 {
			t.Errorf("from %q to %q at revision %d after %d", before.PlainLetters, after.PlainLetters, after.Revision, before.Revision)
		}
	})
	t.Run("a practitioner that changes raises the revision, one that stays does not", func(t *testing.T) {
		Write(t, s, scope, func(ctx context.Context, tx store.Tx) error {
			revision := func() int64 { return must(tx.Orgs().Get(ctx)).Revision }
			start := revision()
			p := must(tx.Orgs().SavePractitioner(ctx, org.Practitioner{Name: "Dr. Lis", ExternalID: "L"}))
			made := revision()
			must(tx.Orgs().SavePractitioner(ctx, p))
			same := revision()
			p.Name = "Dr. Lis-Wolny"
			must(tx.Orgs().SavePractitioner(ctx, p))
			if renamed := revision(); made != start+1 || same != made || renamed != same+1 {
				t.Errorf("revisions %d, made %d, again %d, renamed %d", start, made, same, renamed)
			}
			return nil
		})
	})
	t.Run("stop-all is one organization's or everybody's", func(t *testing.T) {
		Write(t, s, scope, func(ctx context.Context, tx store.Tx) error { return tx.Orgs().StopAll(ctx) })
		all := stops(t, System())
		if !all.Blocks(scope.Org()) || all.Blocks(other.Org()) || all.Everything {
			t.Errorf("got %+v", all)
		}
		Write(t, s, scope, func(ctx context.Context, tx store.Tx) error { return tx.Orgs().Resume(ctx) })
		Write(t, s, System(), func(ctx context.Context, tx store.Tx) error { return tx.Orgs().StopAll(ctx) })
		if st := stops(t, scope); !st.Blocks(scope.Org()) || !st.Since.Equal(Start) {
			t.Errorf("got %+v", st)
		}
		Write(t, s, System(), func(ctx context.Context, tx store.Tx) error { return tx.Orgs().Resume(ctx) })
		if st := stops(t, System()); st.Everything || len(st.Orgs) != 0 {
			t.Errorf("got %+v", st)
		}
	})
	t.Run("what crosses organizations needs the system scope", func(t *testing.T) {
		err := s.Read(context.Background(), scope, func(tx store.Tx) error { _, err := tx.Orgs().All(context.Background()); return err })
		if !errs.Is(err, errs.Forbidden) {
			t.Errorf("got %v", err)
		}
		Read(t, s, System(), func(ctx context.Context, tx store.Tx) error {
			all, err := tx.Orgs().All(ctx)
			if len(all) != 2 {
				t.Errorf("%d organizations", len(all))
			}
			return err
		})
	})
}

func users(t *testing.T, open Open) {
	s := open(t, clock.NewFixed(Start))
	scope, other := NewOrg(t, s), NewOrg(t, s)
	var maria org.StaffUser
	Write(t, s, scope, func(ctx context.Context, tx store.Tx) (err error) {
		maria, err = tx.Users().Save(ctx, org.StaffUser{Login: "Maria@clinic.example", Name: "Maria", Role: access.Receptionist, Locale: "pl", PasswordHash: "$argon2id$"})
		return err
	})

	t.Run("a login is found without regard to case, by the system only", func(t *testing.T) {
		Read(t, s, System(), func(ctx context.Context, tx store.Tx) error {
			got, err := tx.Users().ByLogin(ctx, "maria@CLINIC.example ")
			if got != maria {
				t.Errorf("got %+v", got)
			}
			return err
		})
		err := s.Read(context.Background(), scope, func(tx store.Tx) error { _, err := tx.Users().ByLogin(context.Background(), maria.Login); return err })
		if !errs.Is(err, errs.Forbidden) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a login is unique in the installation", func(t *testing.T) {
		err := s.InTx(context.Background(), other, func(tx store.Tx) error {
			_, err := tx.Users().Save(context.Background(), org.StaffUser{Login: "MARIA@clinic.example"})
			return err
		})
		if !errs.Is(err, errs.Conflict) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a session ends in time and on demand", func(t *testing.T) {
		find := func(hash string, now time.Time) error {
			return s.Read(context.Background(), System(), func(tx store.Tx) error {
				got, err := tx.Users().Session(context.Background(), []byte(hash), now)
				if err == nil && (string(got.Data) != "data" || got.User != maria.ID) {
					t.Errorf("got %+v", got)
				}
				return err
			})
		}
		Write(t, s, scope, func(ctx context.Context, tx store.Tx) error {
			for _, h := range []string{"one", "two"} {
				if err := tx.Users().PutSession(ctx, store.Session{TokenHash: []byte(h), User: maria.ID, Data: []byte("data"), ExpiresAt: Start.Add(time.Hour)}); err != nil {
					return err
				}
			}
			return tx.Users().DropSession(ctx, []byte("two"))
		})
		if err := find("one", Start); err != nil {
			t.Error(err)
		}
		if err := find("one", Start.Add(time.Hour)); !errs.Is(err, errs.NotFound) {
			t.Errorf("ended session: %v", err)
		}
		if err := find("two", Start); !errs.Is(err, errs.NotFound) {
			t.Errorf("dropped session: %v", err)
		}
		Write(t, s, scope, func(ctx context.Context, tx store.Tx) error { return tx.Users().DropSessionsOf(ctx, maria.ID) })
		if err := find("one", Start); !errs.Is(err, errs.NotFound) {
			t.Errorf("user's session: %v", err)
		}
	})
	t.Run("a key is found by its hash and can be revoked once", func(t *testing.T) {
		var key store.APIKey
		Write(t, s, scope, func(ctx context.Context, tx store.Tx) (err error) {
			key, err = tx.Users().SaveKey(ctx, store.APIKey{Name: "EHR", Prefix: "crl_ab", Hash: []byte("hash"), Role: access.Manager})
			return err
		})
		Read(t, s, System(), func(ctx context.Context, tx store.Tx) error {
			got, err := tx.Users().KeyByHash(ctx, []byte("hash"))
			if !reflect.DeepEqual(got, key) {
				t.Errorf("got %+v", got)
			}
			return err
		})
		Write(t, s, scope, func(ctx context.Context, tx store.Tx) error { return tx.Users().RevokeKey(ctx, key.ID, Start) })
		for _, k := range []id.ID{key.ID, id.New()} {
			err := s.InTx(context.Background(), scope, func(tx store.Tx) error { return tx.Users().RevokeKey(context.Background(), k, Start) })
			if !errs.Is(err, errs.NotFound) {
				t.Errorf("got %v", err)
			}
		}
	})
}
