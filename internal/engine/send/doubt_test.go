package send_test

import (
	"context"
	"sync/atomic"
	"testing"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/storetest"
)

// flaky is a store whose connection breaks right after the commit that leases one message, once.
type flaky struct {
	store.Store
	of     atomic.Pointer[id.ID]
	broken atomic.Bool
}

func (f *flaky) InTx(ctx context.Context, scope access.Scope, do func(store.Tx) error, opts ...store.TxOption) error {
	leases := false
	err := f.Store.InTx(ctx, scope, func(tx store.Tx) error {
		was := f.state(ctx, tx)
		err := do(tx)
		leases = err == nil && was == message.Queued && f.state(ctx, tx) == message.Sending
		return err
	}, opts...)
	if err == nil && leases && f.broken.CompareAndSwap(false, true) {
		return errs.New(errs.Unavailable, "the connection is lost")
	}
	return err
}

// state is the message's, as the transaction sees it.
func (f *flaky) state(ctx context.Context, tx store.Tx) message.State {
	m := f.of.Load()
	if m == nil || tx.Scope().IsSystem() || f.broken.Load() {
		return ""
	}
	d, err := tx.Messages().Get(ctx, *m)
	if err != nil {
		return ""
	}
	return d.State
}

func TestALeaseWhoseCommitIsInDoubtIsRecoveredAsUnknown(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open storetest.Open) {
		r := setup(t, open)
		f := &flaky{Store: r.store}
		r.store = f
		r.start()
		first := id.New()
		a := r.ask("hello")
		a.ID = first
		f.of.Store(&first)
		if got := r.plan(a)[0]; got != first {
			t.Fatal("the text has another id")
		}
		r.await(first, message.Unknown)
		if n := len(r.lines.at(r.route.ID).texts()); n != 0 {
			t.Errorf("%d texts left", n)
		}
		r.await(r.plan(r.ask("again"))[0], message.Accepted)
	})
}
