package send

import (
	"context"
	"sync"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/engine/receipt"
	"carillon.dev/carillon/internal/store"
)

// lookEvery is how often a route's receipts are looked at, by the machine's clock, and the width of the stretches in which
// texts are counted.
const lookEvery = time.Minute

// tally counts what the line brings, until somebody looks. It is safe for concurrent use.
type tally struct {
	mu       sync.Mutex
	accepted map[int64]int // by the minute of the hand-over
	fresh    int           // accepted since the last look
	receipts int           // final ones since the last look
}

func newTally() *tally { return &tally{accepted: map[int64]int{}} }

func minuteOf(t time.Time) int64 { return t.Unix() / int64(lookEvery/time.Second) }

func startOf(minute int64) time.Time {
	return time.Unix(minute*int64(lookEvery/time.Second), 0).UTC()
}

func (t *tally) accept(handedOver time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.accepted[minuteOf(handedOver)]++
	t.fresh++
}

func (t *tally) came(batch []carrier.Receipt) {
	n := 0
	for i := range batch {
		if batch[i].State.Final() && !batch[i].Intermediate {
			n++
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.receipts += n
}

// of gives the texts of a minute.
func (t *tally) of(minute int64) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.accepted[minute]
}

// forget drops a minute and all before.
func (t *tally) forget(minute int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for m := range t.accepted {
		if m <= minute {
			delete(t.accepted, m)
		}
	}
}

// since gives what came since the last call.
func (t *tally) since() (receipts, fresh int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	receipts, fresh = t.receipts, t.fresh
	t.receipts, t.fresh = 0, 0
	return receipts, fresh
}

// watch looks once a minute whether receipts come as they usually do, and ends the wait for those that never came.
func (l *Loop) watch(ctx context.Context) {
	flow, err := l.flow(ctx)
	if err != nil && ctx.Err() == nil {
		l.log.Error("how receipts came so far could not be read", "error", errs.Safe(err))
	}
	w := watching{Loop: l, flow: flow, next: minuteOf(l.machine.Now()) + 1}
	t := time.NewTicker(lookEvery)
	defer t.Stop()
	for {
		if err := w.look(ctx); err != nil && ctx.Err() == nil {
			l.log.Error("a route's receipts could not be looked at", "kind", errs.KindOf(err), "error", errs.Safe(err))
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

func (l *Loop) flow(ctx context.Context) (receipt.Flow, error) {
	out := receipt.FlowOf(store.ReceiptWatch{Route: l.route.ID, Org: l.route.Org})
	err := l.node.Store.Read(ctx, l.scope, func(tx store.Tx) error {
		all, err := tx.Messages().Watches(ctx)
		for _, w := range all {
			if w.Route == l.route.ID {
				out = receipt.FlowOf(w)
			}
		}
		return err
	})
	return out, err
}

// watching is a route's receipts under observation.
type watching struct {
	*Loop
	flow receipt.Flow
	next int64 // the first minute that nobody has looked at
}

// look judges the minutes whose receipts have had their time.
func (w *watching) look(ctx context.Context) (err error) {
	if err := w.giveUp(ctx, w.flow.Rare()); err != nil {
		return err
	}
	now := w.machine.Now()
	was := w.flow
	news := false
	note := func(f receipt.Flow, fresh bool) { w.flow, news = f, news || fresh }
	note(w.flow.Flowed(w.tallied(now)))
	for ; !startOf(w.next + 1).After(now.Add(-receipt.InTime)); w.next++ {
		from, until := startOf(w.next), startOf(w.next+1)
		texts, missing := w.tally.of(w.next), 0
		up := w.upSince(from) // a line that was down brings nothing: that is another fault, and shown as one
		if texts > 0 && up {
			if missing, err = w.missing(ctx, from, until); err != nil {
				return err // the minute is looked at again
			}
		}
		w.tally.forget(w.next)
		if texts == 0 || !up {
			continue
		}
		note(w.flow.Look(from, until, texts, missing, now))
	}
	if !news {
		return nil
	}
	if was.Late() != w.flow.Late() {
		w.log.Warn("how receipts come has changed", "late", w.flow.Late(), "texts", w.flow.Texts, "missing", w.flow.Missing)
	}
	return w.node.Store.InTx(ctx, w.scope, func(tx store.Tx) error { return tx.Messages().SaveWatch(ctx, w.flow.ReceiptWatch) })
}

func (w *watching) tallied(now time.Time) (receipts, accepted int, at time.Time) {
	receipts, accepted = w.tally.since()
	return receipts, accepted, now
}

func (w *watching) missing(ctx context.Context, from, until time.Time) (n int, err error) {
	err = w.node.Store.Read(ctx, w.scope, func(tx store.Tx) error {
		n, err = tx.Messages().CountAwaited(ctx, w.route.ID, from, until)
		return err
	})
	return n, err
}

// upSince reports whether the line has been up since then without a break.
func (l *Loop) upSince(then time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.downAt.IsZero() && !l.upAt.After(then)
}
