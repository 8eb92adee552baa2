package plan

import (
	"context"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/engine/receipt"
	"carillon.dev/carillon/internal/store"
)

// Missed hears, in the transaction of the status writer, of messages that reached nobody, and touches their
// visits: the journey decides at its next sweep whether somebody must call. It is a receipt.Aftermath.
func (p *Planner) Missed(ctx context.Context, tx store.Tx, ended []receipt.Ended) error {
	ids := make([]id.ID, len(ended))
	for i, e := range ended {
		ids[i] = e.Message
	}
	drafts, err := tx.Messages().ByIDs(ctx, ids)
	if err != nil {
		return err
	}
	var touches []store.Touch
	for i := range drafts {
		if v := drafts[i].Appointment; !v.IsZero() {
			touches = append(touches, store.Touch{Visit: v})
		}
	}
	return tx.Journeys().Touch(ctx, touches)
}
