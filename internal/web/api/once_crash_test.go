package api_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/storetest"
	"carillon.dev/carillon/internal/web/api"
)

var errDead = errors.New("the node died")

// mortal is a store whose node dies at a write: before it, or after it and before anybody heard of it. Calls that
// join an enclosing transaction count too: a death among them is the loss of the whole.
type mortal struct {
	store.Store
	left  atomic.Int64 // writes until then
	after atomic.Bool
}

func (m *mortal) dead() bool { return m.left.Load() <= 0 }

func (m *mortal) InTx(ctx context.Context, sc access.Scope, do func(store.Tx) error, opts ...store.TxOption) error {
	if !m.after.Load() {
		m.left.Add(-1)
	}
	if m.dead() {
		return errDead
	}
	err := m.Store.InTx(ctx, sc, func(tx store.Tx) error {
		if err := do(tx); err != nil || !m.dead() {
			return err
		}
		return errDead // whatever was made of it, a dead node commits nothing
	}, opts...)
	if err == nil && m.after.Load() && m.left.Add(-1) <= 0 {
		return errDead
	}
	return err
}

// effect is what an organization has: enough to see a request done twice or by half.
func (w *world) effect(t *testing.T, scope access.Scope, steps bool) string {
	t.Helper()
	var people, log, texts, visits int
	var lists []string
	storetest.Read(t, w.store, scope, func(ctx context.Context, tx store.Tx) error {
		events, err := tx.Audit().List(ctx, store.Page{Limit: 500})
		if err != nil {
			return err
		}
		log = len(events)
		if people, err = tx.People().Count(ctx); err != nil {
			return err
		}
		all, err := tx.Visits().Between(ctx, [16]byte{}, now.Add(-time.Hour), now.Add(240*time.Hour), 500)
		if err != nil {
			return err
		}
		visits = len(all)
		drafts, err := tx.Messages().List(ctx, store.MessageFilter{}, store.Page{Limit: 500})
		texts = len(drafts)
		if err != nil {
			return err
		}
		saved, err := tx.Audiences().List(ctx)
		for _, a := range saved {
			lists = append(lists, fmt.Sprintf("%s at version %d of %d", a.Kind, a.Version, a.Size))
		}
		return err
	})
	if steps { // may be told twice
		log = 0
	}
	return fmt.Sprintf("%d people, %d visits, %d texts, %d audit rows, audiences %v", people, visits, texts, log, lists)
}

func TestARequestWhoseNodeDiesIsDoneExactlyOnce(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open storetest.Open) {
		w := setup(t, nil, open)
		m := &mortal{Store: w.store}
		_, url := w.serve(t, m, api.Options{Rate: 1e6, Burst: 1e6})
		dying := &world{url: url}
		for _, r := range w.api.Routes() {
			// What check does after its answer is the business of the intake's own tests.
			if r.Method == http.MethodPost && r.Name != "checkImport" {
				t.Run(r.Name, func(t *testing.T) { w.dies(t, r, entries[r.Name], m, dying) })
			}
		}
	})
}

// dies lets the node die at each of the route's writes, and sends the same request again to a living one.
func (w *world) dies(t *testing.T, r api.Route, e entry, m *mortal, dying *world) {
	const never = 100
	end := func(n int64, after bool) (what string, died bool) {
		c := w.clinic(t, "Crash")
		key, _, err := w.login.NewKey(t.Context(), c.scope, "program", access.Admin)
		if err != nil {
			t.Fatal(err)
		}
		e := e
		if body := e.body; body != nil { // the same request is the same body
			same := body(c.rows)
			e.body = func(rows) any { return same }
		}
		m.after.Store(after)
		m.left.Store(n)
		_, _ = dying.ask(t, r, e, c.rows, key, "Idempotency-Key", "once")
		died = m.dead()
		w.clock.Advance(3 * time.Minute)
		res, _ := w.ask(t, r, e, c.rows, key, "Idempotency-Key", "once")
		return fmt.Sprintf("%d, %s", res.StatusCode, w.effect(t, c.scope, r.Repeats || r.Streams)), died
	}
	whole, _ := end(never, false)
	for _, after := range []bool{false, true} {
		n := int64(1)
		for ; n < never; n++ {
			got, died := end(n, after)
			if got != whole {
				t.Errorf("a death at write %d (after it: %t) ends in %s, and without in %s", n, after, got, whole)
			}
			if !died {
				break
			}
		}
		if n == 1 || n == never {
			t.Errorf("the node never died: %d writes", n)
		}
	}
}
