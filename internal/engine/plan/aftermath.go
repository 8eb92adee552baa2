package plan

import (
	"context"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/engine/receipt"
	"carillon.dev/carillon/internal/store"
)

var _ receipt.Aftermath = (*Planner)(nil)

// Missed tells journeys of texts that reached nobody, in the transaction that says so: it touches their visits,
// and the sweep puts on the call list what must be said by voice.
func (*Planner) Missed(ctx context.Context, tx store.Tx, ended []receipt.Ended) error {
	ids := make([]id.ID, len(ended))
	for i := range ended {
		ids[i] = ended[i].Message
	}
	visits, err := tx.Journeys().VisitsOfTexts(ctx, ids)
	if err != nil || len(visits) == 0 {
		return err
	}
	touches := make([]store.Touch, len(visits))
	for i, v := range visits {
		touches[i] = store.Touch{Visit: v}
	}
	return tx.Journeys().Touch(ctx, touches)
}
