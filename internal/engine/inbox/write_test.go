package inbox_test

import (
	"sync"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/phi"
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
