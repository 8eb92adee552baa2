package send

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/store"
)

// The carrier's ids of accepted texts are remembered, and most texts have their receipt while they are. Those that
// wait longer are filed, so that a receipt finds them when memory has forgotten them or another node has the line.
const (
	fileEvery = time.Second
	fileAfter = time.Minute // a text that has waited so long is filed
	filePage  = 2 * LeaseRows
	// takeUpEvery is how often parked receipts are compared with what was filed.
	takeUpEvery = 10 * time.Second
)

// filing is a route's filing: everything that was handed over before from is filed.
type filing struct {
	*Loop
	from   time.Time
	tookUp time.Time // when parked receipts were looked at last
}

// run files until ctx ends.
func (f *filing) run(ctx context.Context) {
	t := time.NewTicker(fileEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		now := f.machine.Now()
		before := now.Add(-fileAfter)
		if f.sink.Pressed() { // before memory forgets one of them
			f.sink.Filing()
			before = now
		}
		if before.After(f.from) {
			f.failed(ctx, f.file(ctx, before))
		}
		if now.Sub(f.tookUp) >= takeUpEvery {
			f.tookUp = now
			f.failed(ctx, f.writer.TakeUp(ctx, f.sink))
		}
	}
}

func (f *filing) failed(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil {
		f.log.Error("the carrier's ids could not be filed; it is tried again", "kind", errs.KindOf(err), "error", errs.Safe(err))
	}
}

// file files what was handed over before then, in short transactions. Texts that have no answer yet are looked at again
// the next time.
func (f *filing) file(ctx context.Context, before time.Time) error {
	at, open := f.from, time.Time{}
	for more := true; more; {
		err := f.node.Store.InTx(ctx, f.scope, func(tx store.Tx) error {
			got, err := tx.Messages().FileIDs(ctx, f.route.ID, at, before, filePage)
			if err != nil {
				return err
			}
			at, more = got.Until, got.More
			if open.IsZero() {
				open = got.Open
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	if f.from = before; !open.IsZero() {
		f.from = open
	}
	return nil
}
