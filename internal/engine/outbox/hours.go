package outbox

import (
	"context"

	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/quiet"
	"carillon.dev/carillon/internal/store"
)

// Hours are the hours in which each ask may leave, as the gate would read them when the ask is due: who plans
// news of a change must know whether it can wait for the next window.
func (o *Outbox) Hours(ctx context.Context, scope access.Scope, asks []Ask) ([]quiet.Timetable, error) {
	out := make([]quiet.Timetable, len(asks))
	err := o.store.Read(ctx, scope, func(tx store.Tx) error {
		items := make([]item, len(asks))
		for i := range asks {
			d, bare := draftOf(tx, &asks[i]), asks[i]
			bare.Codes = nil // no code is taken by asking for hours
			items[i] = item{draft: &d, ask: &bare}
		}
		if err := o.load(ctx, tx, items); err != nil {
			return err
		}
		for i := range items {
			var l line
			if c := items[i].contact; c != nil {
				l = o.lines.get(c.Point.Number)
			}
			out[i], _ = o.hours(&items[i], l)
		}
		return nil
	})
	return out, err
}
