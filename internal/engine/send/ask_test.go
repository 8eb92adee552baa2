package send

import (
	"context"
	"log/slog"
	"math"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/storetest"
)

// deafLine is up and takes no questions.
type deafLine struct {
	carrier.Connector
	asked int
}

func (*deafLine) Health() carrier.Health { return carrier.Health{State: carrier.StateUp} }
func (*deafLine) Traits() carrier.Traits {
	return carrier.Traits{Queries: true, QueryAfter: 15 * time.Minute}
}

func (d *deafLine) Query(context.Context, string, carrier.Address) (carrier.Receipt, error) {
	d.asked++
	return carrier.Receipt{}, errs.New(errs.Precondition, "no such command")
}

func TestACarrierThatTakesNoQuestionsIsAskedOnce(t *testing.T) {
	t.Parallel()
	s := storetest.SQLite(t, clock.NewFixed(storetest.Start))
	desk := storetest.NewDesk(t, s)
	m := desk.Draft(storetest.Start)
	desk.Insert(t, s, m)
	machine := clock.NewFixed(storetest.Start)
	storetest.Write(t, s, desk.Scope, func(ctx context.Context, tx store.Tx) error {
		if _, err := tx.Messages().Lease(ctx, store.Lease{Route: desk.Route.ID, Fence: 1, Machine: machine.Now(), Domain: tx.Now()}, []store.Leased{{Message: m.ID}}); err != nil {
			return err
		}
		_, err := tx.Messages().Answered(ctx, []store.Answered{{Message: m.ID, Attempt: 1, To: message.Accepted, ProviderID: "7", Route: desk.Route.ID}})
		return err
	})
	machine.Advance(time.Hour)
	node := &Node{Store: s, Domain: machine, Machine: machine, Log: slog.New(slog.DiscardHandler)}
	l := node.NewLoop(desk.Route)
	l.until.Store(math.MaxInt64)
	conn := &deafLine{}
	l.ask(t.Context(), conn) // ends by itself
	if conn.asked != 1 {
		t.Errorf("asked %d times", conn.asked)
	}
}
