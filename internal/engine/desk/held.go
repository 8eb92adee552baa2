package desk

import (
	"context"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/store"
)

// Held is what an import would set free: how many visits wait, and the first of them to look at.
type Held struct {
	Count   int
	Samples []Visit
}

// heldSamples are enough to see whether names, places and times make sense.
const heldSamples = 8

// HeldBy reads what waits for an import's release.
func (d *Desk) HeldBy(ctx context.Context, scope access.Scope, imported id.ID) (h Held, err error) {
	if err := may(scope, access.ReadPatients); err != nil {
		return h, err
	}
	err = d.store.Read(ctx, scope, func(tx store.Tx) error {
		if h.Count, err = tx.Journeys().CountHeld(ctx, imported); err != nil {
			return err
		}
		rows, err := tx.Journeys().HeldEnrollments(ctx, imported, store.Page{Limit: heldSamples})
		if err != nil {
			return err
		}
		var ids distinct
		for i := range rows {
			ids.add(rows[i].Appointment)
		}
		visits, err := tx.Visits().ByIDs(ctx, ids.ids)
		if err != nil {
			return err
		}
		h.Samples, err = dress(ctx, tx, visits)
		return err
	})
	return h, err
}
