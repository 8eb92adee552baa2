package receipt

import (
	"context"

	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/store"
)

// parkedRows is how many receipts one look takes up.
const parkedRows = 200

// TakeUp applies parked receipts whose texts have become known since: by another node's answer, or by one that came after
// its attempt was given up.
func (w *Writer) TakeUp(ctx context.Context, r *Route) error {
	if r.parked.Load() <= 0 {
		return nil
	}
	scope := access.ForJob(r.Org, "receipt")
	var ids []string
	err := w.store.Read(ctx, scope, func(tx store.Tx) (err error) {
		ids, err = tx.Messages().ParkedKnown(ctx, r.ID, parkedRows)
		return err
	})
	if err != nil || len(ids) == 0 {
		return err
	}
	var b *batch
	err = w.store.InTx(ctx, scope, func(tx store.Tx) error {
		b = newBatch(nil) // the function may run again
		if b.fresh[r], err = tx.Messages().ByProvider(ctx, r.ID, ids); err != nil {
			return err
		}
		if err := b.takeParked(ctx, tx, r, ids); err != nil {
			return err
		}
		if err := b.apply(ctx, tx); err != nil || w.after == nil || len(b.ended) == 0 {
			return err
		}
		return w.after.Missed(ctx, tx, b.ended)
	})
	if err == nil {
		b.settle()
	}
	return err
}
