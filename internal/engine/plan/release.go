package plan

import (
	"context"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/store"
)

// Release plans what waited for imports that a person has released since. Run calls it when an import changes.
func (p *Planner) Release(ctx context.Context) error {
	var waiting []store.HeldImport
	err := p.store.Read(ctx, access.System("plan"), func(tx store.Tx) (err error) {
		waiting, err = tx.Journeys().HeldImports(ctx)
		return err
	})
	if err != nil {
		return err
	}
	for _, w := range waiting {
		if err := p.release(ctx, access.ForJob(w.Org, "plan"), w.Import); err != nil {
			return err
		}
	}
	return nil
}

// release plans what waited for one import, when it is not held any more.
func (p *Planner) release(ctx context.Context, scope access.Scope, imported id.ID) error {
	next := func(ctx context.Context, scope access.Scope) (b batch, err error) {
		err = p.store.Read(ctx, scope, func(tx store.Tx) error {
			held, err := heldImports(ctx, tx)
			if err != nil || held[imported] {
				return err
			}
			all, err := tx.Journeys().HeldEnrollments(ctx, imported, store.Page{Limit: sweepRows})
			for i := range all {
				b.visits = append(b.visits, all[i].Appointment)
			}
			return err
		})
		return b, err
	}
	_, err := p.drain(ctx, scope, next)
	return err
}
