package route_test

import (
	"context"
	"testing"

	"carillon.dev/carillon/internal/app/lines"
	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/engine/route"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/storetest"
)

func TestADemoHasNoWayOutButASimulator(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open storetest.Open) {
		s, ctx := open(t, clock.NewFixed(storetest.Start)), context.Background()
		demo, own := organization(t, s, true), organization(t, s, false)
		real := store.Route{Name: "operator", Kind: store.RouteSMPP, Channel: patient.SMS, Config: phi.T("{}"), Rank: 1}
		if _, err := route.Add(ctx, s, demo, real); !errs.Is(err, errs.Precondition) {
			t.Errorf("a real route in a demo: %v", err)
		}
		if _, err := route.Add(ctx, s, own, real); err != nil {
			t.Errorf("a real route: %v", err)
		}
		simulated := real
		simulated.Simulator = true
		simulated, err := route.Add(ctx, s, demo, simulated)
		if err != nil {
			t.Fatal(err)
		}
		simulated.Simulator = false
		if _, err := route.Add(ctx, s, demo, simulated); !errs.Is(err, errs.Precondition) {
			t.Errorf("a demo's simulator that becomes real: %v", err)
		}

		old := real // of a copy that a person brought
		storetest.Write(t, s, demo, func(ctx context.Context, tx store.Tx) (err error) {
			old, err = tx.Routes().Save(ctx, old)
			return err
		})
		m := route.NewManager(s, lines.Configs{})
		for _, state := range []store.RouteState{store.RouteOpen, store.RouteTrial} {
			if err := m.SetState(ctx, demo, old.ID, state); !errs.Is(err, errs.Precondition) {
				t.Errorf("a real route of a demo becomes %s: %v", state, err)
			}
			if err := m.SetState(ctx, demo, simulated.ID, state); err != nil {
				t.Errorf("a simulator becomes %s: %v", state, err)
			}
		}
		if err := m.SetState(ctx, demo, old.ID, store.RouteStopped); err != nil {
			t.Errorf("anything can be stopped: %v", err)
		}
		if err := m.SetState(ctx, demo, old.ID, store.RouteDraining); err != nil {
			t.Errorf("anything can be drained: %v", err)
		}
	})
}

func organization(t *testing.T, s store.Store, demo bool) access.Scope {
	t.Helper()
	o := org.Organization{ID: id.New(), Name: "Linden", Region: "PL", Locale: "pl", CalendarOwner: org.OwnCalendar, Demo: demo}
	scope := access.ForCommand(o.ID, "test")
	storetest.Write(t, s, scope, func(ctx context.Context, tx store.Tx) error {
		_, err := tx.Orgs().Create(ctx, o)
		return err
	})
	return scope
}
