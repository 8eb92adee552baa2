package send

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/engine/receipt"
	"carillon.dev/carillon/internal/store"
)

// Receipts that do not come: the carrier is asked, a few texts a second and only from what the route's rate leaves over,
// and after noReceiptFor nobody waits any longer. All of it is the machine's time.
const (
	askEvery     = time.Second
	mostAsks     = 5 // texts in one round
	askApart     = 15 * time.Minute
	noReceiptFor = 72 * time.Hour
)

// askLater is when a text is asked about after the first question, counted from its hand-over; then every twelve hours.
var askLater = []time.Duration{time.Hour, 6 * time.Hour}

// nextAsk is the next question after one at now; the last one is the end of the wait.
func nextAsk(handedOver, now time.Time) time.Time {
	soonest, end := now.Add(askApart), handedOver.Add(noReceiptFor)
	for _, d := range askLater {
		if t := handedOver.Add(d); !t.Before(soonest) {
			return t
		}
	}
	for d := 12 * time.Hour; d < noReceiptFor; d += 12 * time.Hour {
		if t := handedOver.Add(d); !t.Before(soonest) {
			return t
		}
	}
	return end
}

// ask asks the carrier about accepted texts without a receipt, until ctx ends or the carrier says that it does not take
// questions.
func (l *Loop) ask(ctx context.Context, conn carrier.Connector) {
	traits := conn.Traits()
	q, can := conn.(carrier.Querier)
	if !can || !traits.Queries {
		return
	}
	t := time.NewTicker(askEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		if conn.Health().State != carrier.StateUp || l.fenced() {
			continue
		}
		err := l.askRound(ctx, q, traits.QueryAfter)
		switch {
		case ctx.Err() != nil:
			return
		case errs.Is(err, errs.Precondition):
			l.log.Warn("the carrier takes no questions about receipts", "error", errs.Safe(err))
			return
		case err != nil:
			l.log.Warn("texts without a receipt could not be asked about", "kind", errs.KindOf(err), "error", errs.Safe(err))
			pause(ctx, time.Minute)
		}
	}
}

// askRound asks about a few texts. The answer goes the way of a receipt.
func (l *Loop) askRound(ctx context.Context, q carrier.Querier, after time.Duration) error {
	now := l.machine.Now()
	waiting, from, err := l.awaited(ctx, now.Add(-after), now)
	if err != nil || len(waiting) == 0 {
		return err
	}
	var asked []store.AskedAbout
	var answers []carrier.Receipt
	for _, w := range waiting {
		if l.bucket.Allow(l.machine.Now(), len(w.IDs)) < len(w.IDs) {
			break // sending comes first
		}
		l.bucket.Take(l.machine.Now(), len(w.IDs))
		for _, provider := range w.IDs {
			r, failed := q.Query(ctx, provider, from[w.Sender])
			switch {
			case failed == nil && r.State.Final():
				answers = append(answers, r)
			case failed != nil && !errs.Is(failed, errs.NotFound):
				err = failed
			}
		}
		if ctx.Err() != nil || errs.Is(err, errs.Precondition) {
			break
		}
		asked = append(asked, store.AskedAbout{Message: w.Message, Next: nextAsk(w.LeasedAt, l.machine.Now())})
		if err != nil {
			break
		}
	}
	l.writer.Receipts(l.sink, answers)
	if noted := l.noteAsked(ctx, asked); err == nil {
		err = noted
	}
	return err
}

// awaited reads what may be asked about, and the senders' addresses as the carrier knows them.
func (l *Loop) awaited(ctx context.Context, first, now time.Time) (out []store.Awaited, from map[id.ID]carrier.Address, err error) {
	n := mostAsks
	if l.route.Rate > 0 {
		n = min(max(l.route.Rate/10, 1), mostAsks)
	}
	err = l.node.Store.Read(ctx, l.scope, func(tx store.Tx) error {
		if out, err = tx.Messages().Awaited(ctx, l.route.ID, first, now, n); err != nil || len(out) == 0 {
			return err
		}
		senders, err := tx.Routes().Senders(ctx)
		from = make(map[id.ID]carrier.Address, len(senders))
		for _, s := range senders {
			from[s.ID] = carrier.Address{Addr: s.Address, TON: s.TON, NPI: s.NPI}
		}
		return err
	})
	return out, from, err
}

func (l *Loop) noteAsked(ctx context.Context, asked []store.AskedAbout) error {
	if len(asked) == 0 {
		return nil
	}
	return l.node.Store.InTx(ctx, l.scope, func(tx store.Tx) error { return tx.Messages().AskAgain(ctx, asked) })
}

// giveUp ends texts that no receipt came for, and tells of them unless the route is known to send none.
func (l *Loop) giveUp(ctx context.Context, rare bool) error {
	for {
		n := 0
		err := l.node.Store.InTx(ctx, l.scope, func(tx store.Tx) error {
			now := l.machine.Now()
			ids, err := tx.Messages().GiveUp(ctx, l.route.ID, now.Add(-noReceiptFor), now, sweepPage)
			n = len(ids)
			if err != nil || n == 0 || rare || l.node.After == nil {
				return err
			}
			ended := make([]receipt.Ended, n)
			for i, m := range ids {
				ended[i] = receipt.Ended{Message: m, To: message.Expired, Reason: message.ReasonNoReceipt}
			}
			return l.node.After.Missed(ctx, tx, ended)
		})
		if err != nil || n < sweepPage {
			return err
		}
	}
}
