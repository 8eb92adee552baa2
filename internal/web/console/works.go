package console

import (
	"context"
	"sync"
	"sync/atomic"

	"carillon.dev/carillon/internal/base/id"
)

// works are long uses of a use-case that go on after the answer to the form that began them. Each is about one
// object and is not begun twice.
type works struct {
	ctx    context.Context //nolint:containedctx // it is the life of the works, not of a request
	cancel context.CancelFunc
	wg     sync.WaitGroup
	mu     sync.Mutex
	going  map[id.ID]*atomic.Int64 // how far it is
}

func newWorks() *works {
	w := &works{going: map[id.ID]*atomic.Int64{}}
	w.ctx, w.cancel = context.WithCancel(context.Background())
	return w
}

// begin runs do unless something about the object is going on; do reports how far it is.
func (w *works) begin(object id.ID, do func(ctx context.Context, told func(int))) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, busy := w.going[object]; busy || w.ctx.Err() != nil {
		return false
	}
	far := &atomic.Int64{}
	w.going[object] = far
	w.wg.Go(func() {
		defer w.end(object)
		do(w.ctx, func(n int) { far.Store(int64(n)) })
	})
	return true
}

func (w *works) end(object id.ID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.going, object)
}

// far is how far the work on an object is; false when nothing goes on.
func (w *works) far(object id.ID) (int, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n, ok := w.going[object]
	if !ok {
		return 0, false
	}
	return int(n.Load()), true
}

// close stops what goes on and waits for it.
func (w *works) close() {
	w.cancel()
	w.wg.Wait()
}
