package send_test

import (
	"context"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/storetest"
)

// asking makes the rig's line one that answers questions.
func (l *line) asking(answer func(id string) (carrier.Receipt, error)) {
	l.set(func(l *line) { l.traits.Queries, l.traits.QueryAfter, l.query = true, 15*time.Minute, answer })
}

func TestATextWithoutAReceiptIsAskedAbout(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open storetest.Open) {
		r := setup(t, open)
		machine := clock.NewFixed(time.Now())
		r.machine = machine
		wire := r.lines.at(r.route.ID)
		wire.asking(func(id string) (carrier.Receipt, error) {
			return carrier.Receipt{ProviderID: id, State: carrier.ReceiptUndelivered, ErrCode: "27"}, nil
		})
		r.start()
		m := r.plan(r.ask("hello"))[0]
		got := r.await(m, message.Accepted)
		machine.Advance(14 * time.Minute)
		fresh := r.plan(r.ask("hello again"))[0]
		r.await(fresh, message.Accepted)
		if n := wire.asked(); len(n) != 0 {
			t.Errorf("asked about %v before the time", n)
		}
		machine.Advance(2 * time.Minute)
		if end := r.await(m, message.Undelivered); end.ErrorCode != "27" || !r.missed.has(m) {
			t.Errorf("code %q, told %v", end.ErrorCode, r.missed.has(m))
		}
		if n := wire.asked(); len(n) != 1 || n[0] != got.ProviderID+" from 48700" {
			t.Errorf("asked %v", n)
		}
		if d := r.get(fresh); d.State != message.Accepted {
			t.Errorf("a text of two minutes ago is %s", d.State)
		}
	})
}

func TestACarrierThatDoesNotKnowIsAskedAgainLater(t *testing.T) {
	t.Parallel()
	r := setup(t, storetest.SQLite)
	machine := clock.NewFixed(time.Now())
	r.machine = machine
	wire := r.lines.at(r.route.ID)
	wire.asking(func(string) (carrier.Receipt, error) { return carrier.Receipt{}, errs.New(errs.NotFound, "no such id") })
	r.start()
	m := r.plan(r.ask("hello"))[0]
	handedOver := r.await(m, message.Accepted).LeasedAt
	machine.Advance(16 * time.Minute)
	due := func(now time.Time) (got []store.Awaited) {
		r.read(func(ctx context.Context, tx store.Tx) (err error) {
			got, err = tx.Messages().Awaited(ctx, r.route.ID, handedOver, now, 10)
			return err
		})
		return got
	}
	r.until("the question to be noted", func() bool { return len(due(handedOver.Add(time.Hour))) == 1 })
	if n := due(handedOver.Add(time.Hour - time.Second)); len(n) != 0 || len(wire.asked()) != 1 {
		t.Errorf("asked %d times, and due before the hour: %v", len(wire.asked()), n)
	}
	if got := r.get(m); got.State != message.Accepted {
		t.Errorf("a carrier that knows nothing made it %s", got.State)
	}
}

func TestATextThatNobodySaysAnythingAboutEndsAfterThreeDays(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open storetest.Open) {
		r := setup(t, open)
		machine := clock.NewFixed(time.Now())
		r.machine = machine
		r.start()
		m := r.plan(r.ask("hello"))[0]
		r.await(m, message.Accepted)
		machine.Advance(72*time.Hour + time.Second) // its lease ends with it; the next one looks at once
		if got := r.await(m, message.Expired); got.Reason != message.ReasonNoReceipt {
			t.Errorf("ended for %q", got.Reason)
		}
		if !r.missed.has(m) {
			t.Error("nobody was told")
		}
		r.lines.at(r.route.ID).receipts(t, carrier.Receipt{ProviderID: "p01", State: carrier.ReceiptDelivered})
		if got := r.get(m); got.State != message.Delivered {
			t.Errorf("a receipt after four days left it %s", got.State)
		}
	})
}

func (l *line) asked() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.queries...)
}

// Query answers as the test says.
func (l *line) Query(_ context.Context, providerID string, from carrier.Address) (carrier.Receipt, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queries = append(l.queries, providerID+" from "+from.Addr)
	return l.query(providerID)
}
