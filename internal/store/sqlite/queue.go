package sqlite

import (
	"context"
	"slices"
	"sync"

	"carillon.dev/carillon/internal/store"
)

// queue hands the one writer to the most urgent that waits, and in order of arrival within an urgency. The
// zero value is ready.
type queue struct {
	mu      sync.Mutex
	busy    bool
	waiting [3][]chan struct{} // urgent, usual, bulk
}

// urgency is the line that a transaction waits in.
func urgency(opts []store.TxOption) int {
	switch {
	case slices.Contains(opts, store.Urgent):
		return 0
	case slices.Contains(opts, store.Bulk):
		return 2
	}
	return 1
}

// acquire waits until the caller holds the writer, or ctx ends.
func (q *queue) acquire(ctx context.Context, line int) error {
	q.mu.Lock()
	if err := ctx.Err(); err != nil {
		q.mu.Unlock()
		return err
	}
	if !q.busy {
		q.busy = true
		q.mu.Unlock()
		return nil
	}
	turn := make(chan struct{})
	q.waiting[line] = append(q.waiting[line], turn)
	q.mu.Unlock()
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
		q.leave(line, turn)
		return ctx.Err()
	}
}

// leave gives up waiting; a turn that came meanwhile is passed on.
func (q *queue) leave(line int, turn chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if i := slices.Index(q.waiting[line], turn); i >= 0 {
		q.waiting[line] = slices.Delete(q.waiting[line], i, i+1)
		return
	}
	q.next()
}

func (q *queue) release() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.next()
}

// next wakes the first of the most urgent line; the writer stays busy on its behalf.
func (q *queue) next() {
	for i := range q.waiting {
		if len(q.waiting[i]) > 0 {
			turn := q.waiting[i][0]
			q.waiting[i] = q.waiting[i][1:]
			close(turn)
			return
		}
	}
	q.busy = false
}
