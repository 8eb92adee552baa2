package storetest

import (
	"context"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/store"
)

func routesSuite(t *testing.T, open Open) {
	t.Run("a real route begins on trial, whatever it says", func(t *testing.T) {
		t.Parallel()
		s := open(t, clock.NewFixed(Start))
		scope := NewOrg(t, s)
		var r store.Route
		Write(t, s, scope, func(ctx context.Context, tx store.Tx) error {
			var err error
			r, err = tx.Routes().Save(ctx, store.Route{Name: "operator", Kind: store.RouteSMPP, State: store.RouteOpen, Config: phi.T(`{"password":"x"}`), Rate: 30})
			return err
		})
		if r.State != store.RouteTrial {
			t.Fatalf("begins %s", r.State)
		}
		Write(t, s, scope, func(ctx context.Context, tx store.Tx) error {
			if err := tx.Routes().SetState(ctx, r.ID, store.RouteOpen); err != nil {
				return err
			}
			r.Rate = 50
			_, err := tx.Routes().Save(ctx, r)
			return err
		})
		Read(t, s, scope, func(ctx context.Context, tx store.Tx) error {
			got, err := tx.Routes().Get(ctx, r.ID)
			if got.State != store.RouteOpen || got.Rate != 50 || got.Config.Reveal() != `{"password":"x"}` || got.Version < 3 {
				t.Errorf("came back %s, rate %d, version %d", got.State, got.Rate, got.Version)
			}
			return err
		})
		other := NewOrg(t, s)
		Write(t, s, other, func(ctx context.Context, tx store.Tx) error {
			if err := tx.Routes().SetState(ctx, r.ID, store.RouteStopped); !errs.Is(err, errs.NotFound) {
				t.Errorf("another organization stopped it: %v", err)
			}
			return nil
		})
	})
	t.Run("senders keep purposes, and an address is on a route once", func(t *testing.T) {
		t.Parallel()
		s := open(t, clock.NewFixed(Start))
		d := NewDesk(t, s)
		Write(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
			_, err := tx.Routes().SaveSender(ctx, store.Sender{Route: d.Route.ID, Address: "CLINIC", TON: 5, Purposes: []purpose.Purpose{purpose.Recall, purpose.Survey}})
			return err
		})
		err := s.InTx(context.Background(), d.Scope, func(tx store.Tx) error {
			_, err := tx.Routes().SaveSender(context.Background(), store.Sender{Route: d.Route.ID, Address: "CLINIC"})
			return err
		})
		if !errs.Is(err, errs.Conflict) {
			t.Errorf("the same address again: %v", err)
		}
		Read(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
			got, err := tx.Routes().Senders(ctx)
			if len(got) != 2 || got[1].TON != 5 || len(got[1].Purposes) != 2 || got[1].TwoWay || !got[0].TwoWay {
				t.Errorf("senders %+v", got)
			}
			return err
		})
	})
	t.Run("a guest list knows its numbers", func(t *testing.T) {
		t.Parallel()
		s := open(t, clock.NewFixed(Start))
		d := NewDesk(t, s)
		in, out := Number(t, "+48601234567"), Number(t, "+48601234568")
		Write(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
			if err := tx.Routes().SaveGuests(ctx, d.Route.ID, []phone.Number{out}); err != nil {
				return err
			}
			return tx.Routes().SaveGuests(ctx, d.Route.ID, []phone.Number{in})
		})
		Read(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
			got, err := tx.Routes().Guests(ctx, d.Route.ID, []phone.Number{out, in})
			if err == nil && (got[0] || !got[1]) {
				t.Errorf("guests %v", got)
			}
			list, err2 := tx.Routes().ListGuests(ctx, d.Route.ID)
			if err2 != nil || len(list) != 1 || list[0] != in {
				t.Errorf("list of %d, %v", len(list), err2)
			}
			return err
		})
	})
	t.Run("a lease has one owner, and a new owner a higher fence", func(t *testing.T) {
		t.Parallel()
		s := open(t, clock.NewFixed(Start))
		d := NewDesk(t, s)
		take := func(owner string, now time.Time) (f store.Fence, ok bool) {
			Write(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
				var err error
				f, ok, err = tx.Routes().Take(ctx, d.Route.ID, owner, now, now.Add(10*time.Second))
				return err
			})
			return f, ok
		}
		holds := func(owner string, f store.Fence, now time.Time) (ok bool) {
			Write(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
				var err error
				ok, err = tx.Routes().Holds(ctx, d.Route.ID, owner, f, now)
				return err
			})
			return ok
		}
		first, ok := take("a", Start)
		if !ok {
			t.Fatal("nobody has it, and it was refused")
		}
		if _, ok := take("b", Start.Add(5*time.Second)); ok {
			t.Error("two owners")
		}
		if again, ok := take("a", Start.Add(5*time.Second)); !ok || again != first {
			t.Errorf("renewal changed the fence from %d to %d", first, again)
		}
		second, ok := take("b", Start.Add(16*time.Second))
		if !ok || second <= first {
			t.Errorf("after its end: %v, fence %d after %d", ok, second, first)
		}
		if holds("a", first, Start.Add(16*time.Second)) || !holds("b", second, Start.Add(16*time.Second)) || holds("b", second, Start.Add(26*time.Second)) {
			t.Error("who holds it is wrong")
		}
		Write(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error { return tx.Routes().Drop(ctx, d.Route.ID, "b", second) })
		if third, ok := take("a", Start.Add(17*time.Second)); !ok || third <= second {
			t.Errorf("after it was given back: %v, fence %d after %d", ok, third, second)
		}
	})
}
