package send

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/store"
)

// A route's lease holds for leaseFor after it was taken or renewed, by the machine's clock. The owner stops
// handing over leaseMargin earlier, so that clocks of nodes may differ by that much.
const (
	leaseFor    = 10 * time.Second
	leaseMargin = 2 * time.Second
	leaseRetry  = time.Second
)

// takeLease takes the lease, or renews it, and says with which fence.
func (l *Loop) takeLease(ctx context.Context) (fence store.Fence, won bool, err error) {
	now := l.machine.Now()
	until := now.Add(leaseFor)
	err = l.node.Store.InTx(ctx, l.scope, func(tx store.Tx) error {
		var err error
		fence, won, err = tx.Routes().Take(ctx, l.route.ID, l.node.Owner, now, until)
		return err
	}, store.Urgent)
	if err == nil && won {
		l.until.Store(until.Add(-leaseMargin).UnixMicro())
	}
	return fence, won && err == nil, err
}

// renew keeps the lease; when another node has it, or the store does not answer in time, it ends serving.
func (l *Loop) renew(ctx context.Context, lost func()) {
	t := time.NewTicker(leaseFor / 4)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		fence, won, err := l.takeLease(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && !l.fenced():
			l.log.Warn("the route's lease could not be renewed yet", "error", errs.Safe(err))
		case err != nil || !won || fence != l.fence:
			l.log.Warn("the route's lease is lost")
			l.until.Store(0)
			lost()
			return
		}
	}
}

func (l *Loop) dropLease(ctx context.Context) error {
	l.until.Store(0)
	return l.node.Store.InTx(ctx, l.scope, func(tx store.Tx) error {
		return tx.Routes().Drop(ctx, l.route.ID, l.node.Owner, l.fence)
	}, store.Urgent)
}

// recover turns what an earlier lease left sending into unknown: nobody can say whether it left.
func (l *Loop) recover(ctx context.Context) error {
	total := 0
	for {
		var got []id.ID
		err := l.node.Store.InTx(ctx, l.scope, func(tx store.Tx) error {
			var err error
			got, err = tx.Messages().Recover(ctx, l.route.ID, l.fence, LeaseRows)
			return err
		}, store.Urgent)
		if err != nil {
			return err
		}
		if total += len(got); len(got) < LeaseRows {
			break
		}
	}
	if total > 0 {
		l.sink.NoteUnknown(total)
		l.log.Warn("outcomes are unknown after an unclean end", "messages", total)
	}
	return nil
}
