package sqlite

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"carillon.dev/carillon/internal/store"
)

func TestTheMostUrgentThatWaitsGoesFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var q queue
		var mu sync.Mutex
		var order []string
		if err := q.acquire(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		for _, w := range []struct {
			name string
			opts []store.TxOption
		}{
			{"import 1", []store.TxOption{store.Bulk}}, {"staff 1", nil}, {"import 2", []store.TxOption{store.Bulk}},
			{"stop 1", []store.TxOption{store.Urgent}}, {"staff 2", nil}, {"stop 2", []store.TxOption{store.Urgent}},
		} {
			go func() {
				if err := q.acquire(context.Background(), urgency(w.opts)); err != nil {
					t.Error(err)
				}
				mu.Lock()
				order = append(order, w.name)
				mu.Unlock()
				q.release()
			}()
			synctest.Wait()
		}
		q.release()
		synctest.Wait()
		if want := []string{"stop 1", "stop 2", "staff 1", "staff 2", "import 1", "import 2"}; !slices.Equal(order, want) {
			t.Fatalf("got %v", order)
		}
		if q.busy {
			t.Fatal("the writer is still taken")
		}
	})
}

func TestWhoGivesUpWaitingBlocksNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var q queue
		if err := q.acquire(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		gaveUp := make(chan error, 1)
		go func() { gaveUp <- q.acquire(ctx, 0) }()
		synctest.Wait()
		cancel()
		if err := <-gaveUp; !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		// A turn that comes at the moment of giving up is passed on.
		turn := make(chan struct{})
		q.leave(0, turn)
		if q.busy {
			t.Fatal("the turn was lost")
		}
		if err := q.acquire(ctx, 1); !errors.Is(err, context.Canceled) || q.busy {
			t.Fatalf("a dead context takes the writer: %v", err)
		}
		if err := q.acquire(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
	})
}
