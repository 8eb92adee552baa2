package plan

import (
	"context"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/engine/receipt"
	"carillon.dev/carillon/internal/store"
)

// Aftermath tells journeys of texts that reached nobody, in the transaction that says so: the sweep then puts on
// the call list what must be said by voice.
type Aftermath struct{}

var _ receipt.Aftermath = Aftermath{}

// Missed touches the visits of ended messages.
func (Aftermath) Missed(ctx context.Context, tx store.Tx, ended []receipt.Ended) error {
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
