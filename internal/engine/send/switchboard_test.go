package send_test

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/engine/send"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/storetest"
)

// silent is a store whose changes never arrive although the line to it looks well, and that can go away.
type silent struct {
	store.Store
	away atomic.Bool
}

func (s *silent) Subscribe(...store.Topic) store.Subscription { return mute{} }

func (s *silent) Read(ctx context.Context, scope access.Scope, do func(store.Tx) error) error {
	if s.away.Load() {
		return errs.New(errs.Unavailable, "the store is away")
	}
	return s.Store.Read(ctx, scope, do)
}

type mute struct{}

func (mute) Next(ctx context.Context) ([]store.Change, error) { <-ctx.Done(); return nil, ctx.Err() }
func (mute) Live() bool                                       { return true }
func (mute) Close()                                           {}

func TestAStopThatNobodyToldOfHoldsAllTheSame(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open storetest.Open) {
		r := setup(t, open)
		s := &silent{Store: r.store}
		b := send.NewSwitchboard(s, send.NewSuppressed(clock.Real{}), slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- b.Run(ctx) }()
		defer func() { cancel(); <-ended }()
		blocks := func() bool { return b.Blocks(r.org.ID, r.route.ID) }
		r.until("the switches to be read", func() bool { return !blocks() })
		began := time.Now()
		r.write(func(ctx context.Context, tx store.Tx) error { return tx.Orgs().StopAll(ctx) })
		r.until("the stop to be seen", blocks)
		if took := time.Since(began); took > patience/2 {
			t.Errorf("the stop took %s", took)
		}
		r.write(func(ctx context.Context, tx store.Tx) error { return tx.Orgs().Resume(ctx) })
		r.until("sending to go on", func() bool { return !blocks() })
		s.away.Store(true)
		r.until("a store that is away to stop everything", blocks)
	})
}
