package inbound_test

import (
	"context"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/engine/inbound"
	"carillon.dev/carillon/internal/store"
)

// faulty refuses its next transactions.
type faulty struct {
	store.Store
	refuse int
}

func (f *faulty) InTx(ctx context.Context, scope access.Scope, do func(store.Tx) error, o ...store.TxOption) error {
	if f.refuse > 0 {
		f.refuse--
		return errs.New(errs.Unavailable, "the disk is full")
	}
	return f.Store.InTx(ctx, scope, do, o...)
}

func TestATextThatCannotBeJoinedDoesNotKeepTheOthersWaiting(t *testing.T) {
	onBoth(t, func(t *testing.T, k *clinic) {
		asked, v := k.patient()
		k.ask(asked, v, "1", "2", "3")
		const first, second = "48500999111", "48500999222"
		for _, from := range []string{first, second} {
			if err := k.take(k.parts(from, "a text of two parts", 10, 3)[0]); err != nil {
				t.Fatal(err)
			}
		}
		k.Clock.Advance(30 * 24 * time.Hour)
		disk := &faulty{Store: k.box.Store, refuse: 1}
		k.box.Store = disk
		made, err := k.in.Sweep(context.Background())
		if made != 1 || !errs.Is(err, errs.Unavailable) {
			t.Fatalf("%d texts, %v", made, err)
		}
		if shown := len(k.texts(first)) + len(k.texts(second)); shown != 1 || k.open(asked) != 0 {
			t.Errorf("%d texts are shown, %d questions are open", shown, k.open(asked))
		}
		disk.refuse = 1000
		if made, err := k.in.Sweep(context.Background()); made != 0 || !errs.Is(err, errs.Unavailable) {
			t.Errorf("%d texts, %v", made, err)
		}
		disk.refuse = 0
		k.Clock.Advance(inbound.Sames)
		if made, err := k.in.Sweep(context.Background()); made != 1 || err != nil || len(k.texts(first))+len(k.texts(second)) != 2 {
			t.Errorf("%d texts, %v", made, err)
		}
	})
}
