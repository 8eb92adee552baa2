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
	scope  access.Scope
	of     atomic.Pointer[id.ID]
	broken atomic.Bool
}

func (f *flaky) InTx(ctx context.Context, scope access.Scope, do func(store.Tx) error, opts ...store.TxOption) error {
	err := f.Store.InTx(ctx, scope, do, opts...)
	m := f.of.Load()
	if err != nil || m == nil || f.broken.Load() {
		return err
	}
	leased := false
	_ = f.Read(ctx, f.scope, func(tx store.Tx) error {
		d, err := tx.Messages().Get(ctx, *m)
		leased = err == nil && d.State == message.Sending
		return err
	})
	if leased && f.broken.CompareAndSwap(false, true) {
		return errs.New(errs.Unavailable, "the connection is lost")
	}
	return nil
}

func TestALeaseWhoseCommitIsInDoubtIsRecoveredAsUnknown(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open storetest.Open) {
		r := setup(t, open)
		f := &flaky{Store: r.store, scope: r.scope}
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
