package live

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/store"
)

// feed is a store's subscription that a test writes to.
type feed struct{ ch chan []store.Change }

func (f feed) Next(ctx context.Context) ([]store.Change, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case c := <-f.ch:
		return c, nil
	}
}
func (feed) Live() bool { return true }
func (feed) Close()     {}

func TestAPageHearsItsOwnOrganizationAtMostTwiceASecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		f := feed{make(chan []store.Change)}
		h := &Hub{changes: f, watchers: map[*Watcher]struct{}{}}
		go func() { _ = h.Run(ctx) }()
		mine, other := id.New(), id.New()
		w := h.Watch(mine)

		f.ch <- []store.Change{{Org: other, Topic: store.TopicVisits}, {Org: mine, Topic: store.TopicMessages}}
		if got, err := w.Next(ctx); err != nil || !slices.Equal(got, []store.Topic{store.TopicMessages}) {
			t.Fatalf("got %v, %v", got, err)
		}
		start := time.Now()
		for range 20 {
			f.ch <- []store.Change{{Org: mine, Topic: store.TopicMessages}}
		}
		if got, _ := w.Next(ctx); len(got) != 1 {
			t.Fatalf("twenty changes of one kind are one telling, got %v", got)
		}
		if d := time.Since(start); d != Gap {
			t.Fatalf("the second telling came after %v", d)
		}
		f.ch <- []store.Change{{}}
		if got, _ := w.Next(ctx); !slices.Equal(got, []store.Topic{Everything}) {
			t.Fatalf("a missed change reaches everyone, got %v", got)
		}
		w.Close()
		stop()
		synctest.Wait()
		if len(h.watchers) != 0 {
			t.Fatal("a closed page is still held")
		}
	})
}
