package inbox_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/engine/exchange"
	"carillon.dev/carillon/internal/engine/inbox"
)

func TestAButtonPressedTwiceWritesOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, k *office) {
		note := inbox.Note{Person: k.known.ID, Text: phi.T("Please bring your card.")}
		results := make([]error, 4)
		var all sync.WaitGroup
		for i := range results {
			all.Go(func() { _, results[i] = k.inbox.Write(ctx, k.ewa, note) })
		}
		all.Wait()
		written := 0
		for _, err := range results {
			switch {
			case err == nil:
				written++
			case !errs.Is(err, errs.Conflict):
				t.Errorf("refused as %v", err)
			}
		}
		if written != 1 {
			t.Fatalf("%d texts were written", written)
		}
		if _, err := k.inbox.Write(ctx, k.jan, note); err != nil {
			t.Errorf("somebody else's text: %v", err)
		}
		other := note
		other.Text = phi.T("Please bring your card and a pen.")
		if _, err := k.inbox.Write(ctx, k.ewa, other); err != nil {
			t.Errorf("another text: %v", err)
		}
		k.Clock.Advance(time.Minute)
		if _, err := k.inbox.Write(ctx, k.ewa, note); err != nil {
			t.Errorf("the same text a minute later: %v", err)
		}
	})
}

// Requests under an idempotency key are one transaction with their answer, others begin their own: neither kind may
// wait for the other with the database in its hand.
func TestKeyedAndOtherRequestsToOneNumberTakeTurns(t *testing.T) {
	onBoth(t, func(t *testing.T, k *office) {
		x := exchange.New(k.Store, k.Clock)
		note := inbox.Note{Person: k.known.ID, Text: phi.T("Please bring your card.")}
		var all sync.WaitGroup
		var written atomic.Int64
		count := func(err error) error {
			if err == nil {
				written.Add(1)
			} else if !errs.Is(err, errs.Conflict) {
				t.Errorf("refused as %v", err)
			}
			return err
		}
		for i := range 4 {
			all.Go(func() { _, err := k.inbox.Write(ctx, k.ewa, note); _ = count(err) })
			all.Go(func() {
				ask := exchange.Ask{Key: phi.T("key " + string(rune('a'+i))), Request: []byte{byte(i)}, Urgent: true}
				var last error
				_, _, err := x.Once(ctx, k.ewa, ask, func(ctx context.Context, _ id.ID) exchange.Answer {
					_, last = k.inbox.Write(ctx, k.ewa, note)
					return exchange.Answer{Status: 200, Final: true}
				})
				if err != nil {
					t.Errorf("the request itself: %v", err)
				}
				_ = count(last)
			})
		}
		all.Wait()
		if n := written.Load(); n != 1 {
			t.Errorf("%d texts were written", n)
		}
	})
}
