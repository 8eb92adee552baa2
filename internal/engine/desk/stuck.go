package desk

import (
	"context"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/engine/explain"
	"carillon.dev/carillon/internal/store"
)

// Stuck lists what does not move by itself, oldest first: held until somebody acts, queued although long due, of unknown
// outcome. A zero site is every site; more says that there are others.
func (d *Desk) Stuck(ctx context.Context, scope access.Scope, site id.ID) (list []Addressed, more bool, err error) {
	late, next, err := explain.Stuck(ctx, d.store, scope, id.ID{})
	if err != nil {
		return nil, false, err
	}
	more = !next.IsZero()
	err = d.store.Read(ctx, scope, func(tx store.Tx) error {
		held, err := tx.Messages().Held(ctx, tx.Now(), true, store.Page{Limit: store.DefaultLimit})
		if err != nil {
			return err
		}
		more = more || len(held) == store.DefaultLimit
		var here []store.Draft
		for _, m := range append(held, late...) {
			if site.IsZero() || m.Location == site {
				here = append(here, m)
			}
		}
		list, err = addressed(ctx, tx, here)
		return err
	})
	return list, more, err
}
