package send

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/engine/receipt"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/storetest"
)

// watched is a route whose receipts usually come, with n texts that were accepted in the last full minute.
func watched(t *testing.T, n int) (*watching, *clock.Fixed, []id.ID) {
	t.Helper()
	machine := clock.NewFixed(storetest.Start.Add(5 * time.Second))
	s := storetest.SQLite(t, clock.NewFixed(storetest.Start.Add(-4000*time.Hour))) // the domain's clock is no matter
	desk := storetest.NewDesk(t, s)
	node := &Node{Store: s, Domain: machine, Machine: machine, Log: slog.New(slog.DiscardHandler)}
	l := node.NewLoop(desk.Route)
	l.noteLine(carrier.Health{State: carrier.StateUp})
	machine.Set(storetest.Start.Add(time.Minute))
	w := &watching{Loop: l, next: minuteOf(machine.Now()), flow: receipt.FlowOf(store.ReceiptWatch{Route: desk.Route.ID, Org: desk.Route.Org, Usual: 950, Seen: 400})}
	ids := make([]id.ID, n)
	drafts, rows, answers := make([]store.Draft, n), make([]store.Leased, n), make([]store.Answered, n)
	for i := range drafts {
		drafts[i] = desk.Draft(storetest.Start)
		ids[i] = drafts[i].ID
		rows[i] = store.Leased{Message: ids[i]}
		answers[i] = store.Answered{Message: ids[i], Attempt: 1, To: message.Accepted, ProviderID: ids[i].String(), Route: desk.Route.ID}
		l.tally.accept(machine.Now())
	}
	desk.Insert(t, s, drafts...)
	storetest.Write(t, s, desk.Scope, func(ctx context.Context, tx store.Tx) error {
		if _, err := tx.Messages().Lease(ctx, store.Lease{Route: desk.Route.ID, Fence: 1, Machine: machine.Now(), Domain: tx.Now()}, rows); err != nil {
			return err
		}
		_, err := tx.Messages().Answered(ctx, answers)
		return err
	})
	return w, machine, ids
}

func (w *watching) kept(t *testing.T) (out []store.ReceiptWatch) {
	t.Helper()
	storetest.Read(t, w.node.Store, w.scope, func(ctx context.Context, tx store.Tx) (err error) {
		out, err = tx.Messages().Watches(ctx)
		return err
	})
	return out
}

func TestTextsWithoutAReceiptInTimeRaiseTheAlarm(t *testing.T) {
	t.Parallel()
	w, machine, _ := watched(t, 25)
	machine.Advance(10 * time.Minute) // the minute itself is not over yet for all of its texts
	if err := w.look(t.Context()); err != nil || len(w.kept(t)) != 0 {
		t.Fatalf("judged before the receipts had their time: %v", err)
	}
	machine.Advance(time.Minute)
	if err := w.look(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := w.kept(t)
	if len(got) != 1 || !got[0].LateSince.Equal(machine.Now()) || got[0].Texts != 25 || got[0].Missing != 25 || got[0].Usual != 950 {
		t.Fatalf("kept %+v", got)
	}
	w.tally.came(make([]carrier.Receipt, 25)) // no final states: they are no receipts
	final := make([]carrier.Receipt, 25)
	for i := range final {
		final[i].State = carrier.ReceiptDelivered
	}
	if err := w.look(t.Context()); err != nil || !w.flow.Late() {
		t.Fatal("intermediate states ended the alarm")
	}
	w.tally.came(final)
	if err := w.look(t.Context()); err != nil || len(w.kept(t)) != 1 || !w.kept(t)[0].LateSince.IsZero() {
		t.Fatalf("the alarm did not end: %v", err)
	}
}

func TestReceiptsInTimeAndALineThatWasDownRaiseNone(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]func(*testing.T, *watching, []id.ID){
		"receipts came": func(t *testing.T, w *watching, ids []id.ID) {
			rows := make([]store.Receipted, len(ids))
			for i := range ids {
				rows[i] = store.Receipted{Part: store.Part{Message: ids[i]}, State: message.Delivered, At: storetest.Start}
			}
			storetest.Write(t, w.node.Store, w.scope, func(ctx context.Context, tx store.Tx) error {
				_, err := tx.Messages().Receipted(ctx, rows)
				return err
			})
		},
		"the line broke": func(_ *testing.T, w *watching, _ []id.ID) {
			w.noteLine(carrier.Health{State: carrier.StateDown})
			w.noteLine(carrier.Health{State: carrier.StateUp})
		},
		"the line is down": func(_ *testing.T, w *watching, _ []id.ID) { w.noteLine(carrier.Health{State: carrier.StateDown}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, machine, ids := watched(t, 25)
			machine.Advance(5 * time.Second)
			before(t, w, ids)
			machine.Advance(11 * time.Minute)
			if err := w.look(t.Context()); err != nil || w.flow.Late() {
				t.Errorf("late %v, %v", w.flow.Late(), err)
			}
		})
	}
}
