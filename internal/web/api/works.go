package api

import (
	"context"
	"sync"

	"carillon.dev/carillon/internal/base/id"
)

// works are checks and applies of imports that go on after the answer to the request that began them. Nothing is
// begun twice for one import.
type works struct {
	ctx    context.Context //nolint:containedctx // it ends with the API, not with a request
	cancel context.CancelFunc
	wg     sync.WaitGroup
	mu     sync.Mutex
	going  map[id.ID]int // lines done
}

func newWorks() *works {
	w := &works{going: map[id.ID]int{}}
	w.ctx, w.cancel = context.WithCancel(context.Background())
	return w
}

// begin runs do unless something about the import is going on already.
func (w *works) begin(imported id.ID, do func(ctx context.Context, told func(int))) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, busy := w.going[imported]; busy || w.ctx.Err() != nil {
		return false
	}
	w.going[imported] = 0
	w.wg.Go(func() {
		defer w.end(imported)
		do(w.ctx, func(n int) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.going[imported] = n
		})
	})
	return true
}

func (w *works) end(imported id.ID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.going, imported)
}

// far is how many lines are done; false when nothing goes on.
func (w *works) far(imported id.ID) (int, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n, ok := w.going[imported]
	return n, ok
}

// close stops what goes on and waits for it.
func (w *works) close() {
	w.cancel()
	w.wg.Wait()
}
