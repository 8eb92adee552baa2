package send_test

import (
	"context"
	"testing"

	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/storetest"
)

func TestAReceiptFindsItsTextAfterARestart(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open storetest.Open) {
		r := setup(t, open).start()
		m := r.plan(r.ask("before the restart"))[0]
		provider := r.await(m, message.Accepted).ProviderID
		r.stop()
		r.start() // nothing of it is in memory
		wire := r.lines.at(r.route.ID)
		r.until("the line", func() bool { return wire.Health().State == carrier.StateUp })
		if err := wire.receipts(t, carrier.Receipt{ProviderID: provider, State: carrier.ReceiptDelivered})[0]; err != nil {
			t.Fatalf("refused: %v", err)
		}
		r.await(m, message.Delivered)
	})
}

// A line that another node had: its last answer is written after this one began, and the receipt came in between.
func TestAParkedReceiptIsTakenUpWhenItsTextIsKnown(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open storetest.Open) {
		r := setup(t, open)
		wire := r.lines.at(r.route.ID)
		wire.answer = func(carrier.Submit) carrier.Outcome { return carrier.Outcome{} } // the other node has it
		r.start()
		m := r.plan(r.ask("hello"))[0]
		r.until("the text", func() bool { return len(wire.texts()) == 1 })
		if err := wire.receipts(t, carrier.Receipt{ProviderID: "theirs", State: carrier.ReceiptDelivered})[0]; err != nil {
			t.Fatalf("refused: %v", err)
		}
		r.write(func(ctx context.Context, tx store.Tx) error {
			_, err := tx.Messages().Answered(ctx, []store.Answered{{Message: m, Attempt: 1, To: message.Unknown, Reason: message.ReasonNoAnswer, Route: r.route.ID}})
			if err != nil {
				return err
			}
			_, err = tx.Messages().Answered(ctx, []store.Answered{{Message: m, Attempt: 1, To: message.Accepted, ProviderID: "theirs", Route: r.route.ID}})
			return err
		})
		r.await(m, message.Delivered)
	})
}
