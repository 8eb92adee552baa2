package plan_test

import (
	"context"
	"testing"
	"time"

	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/engine/desk"
	"carillon.dev/carillon/internal/engine/plan/plantest"
	"carillon.dev/carillon/internal/store"
)

// A stored version that cannot be read costs its own visits only: others are planned, and the page of journeys says so.
func TestAVersionThatCannotBeReadStopsNobodyElse(t *testing.T) {
	onBoth(t, func(t *testing.T, k *plantest.Clinic) {
		before := k.Book(k.Person(true).ID, plantest.Noon.Add(20*day), plantest.Noon.Add(-30*day))
		k.Sweep()
		k.Write(func(ctx context.Context, tx store.Tx) error {
			return tx.Journeys().SaveDefinition(ctx, store.JourneyFile{Key: "appointment-reminder", Version: 2, Source: "journey: [", CreatedAt: tx.Now()})
		})
		v := k.Book(k.Person(true).ID, plantest.Noon.Add(3*day), plantest.Noon.Add(-30*day))
		k.Sweep()
		want(t, lines(k, v), "day-before queued")
		k.Clock.Advance(14*day + time.Hour)
		k.Sweep()
		want(t, lines(k, before), "week-before queued")
		all, err := desk.New(k.Store, nil).Journeys(t.Context(), access.ForCommand(k.Scope.Org(), "test"))
		if err != nil || len(all) != 1 || all[0].Version != 1 || len(all[0].Unread) != 1 || all[0].Unread[0] != 2 {
			t.Errorf("journeys %+v, %v", all, err)
		}
	})
}
