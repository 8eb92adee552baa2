package route_test

import (
	"testing"
	"time"

	"carillon.dev/carillon/internal/engine/route"
)

// A long text may take more than there was; until that is paid back nothing may leave, and never fewer than none.
func TestABucketInDebtAllowsNothing(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 4, 9, 0, 0, 0, time.UTC)
	b := route.NewBucket(2, now)
	b.Take(now, 9)
	if got := b.Allow(now, 100); got != 0 {
		t.Fatalf("a bucket in debt allows %d", got)
	}
	if got := b.Allow(now.Add(time.Minute), 100); got <= 0 {
		t.Fatalf("a minute later it still allows %d", got)
	}
}
