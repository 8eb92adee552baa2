package send_test

import (
	"testing"

	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/core/message"
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
