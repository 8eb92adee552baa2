package send

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/engine/receipt"
	"carillon.dev/carillon/internal/store"
)

type fakeStore struct {
	store.Store
	before time.Time
}
type fakeTx struct {
	store.Tx
	s *fakeStore
}
type fakeMessages struct {
	store.Messages
	s *fakeStore
}

func (s *fakeStore) InTx(_ context.Context, _ access.Scope, do func(store.Tx) error, _ ...store.TxOption) error {
	return do(fakeTx{s: s})
}
func (s *fakeStore) Read(_ context.Context, _ access.Scope, do func(store.Tx) error) error {
	return do(fakeTx{s: s})
}
func (t fakeTx) Messages() store.Messages                              { return fakeMessages{s: t.s} }
func (t fakeTx) Now() time.Time                                        { return time.Now() }
func (m fakeMessages) ParkedCount(context.Context, id.ID) (int, error) { return 0, nil }
func (m fakeMessages) UnknownBefore(context.Context, time.Time, store.Page) ([]store.Draft, error) {
	return nil, nil
}
func (m fakeMessages) Answered(_ context.Context, a []store.Answered) ([]bool, error) {
	out := make([]bool, len(a))
	for i := range out {
		out[i] = true
	}
	return out, nil
}
func (m fakeMessages) FileIDs(_ context.Context, _ id.ID, _, before time.Time, _ int) (store.Filed, error) {
	m.s.before = before
	return store.Filed{Until: before}, nil
}

func TestIDsAreFiledBeforeMemoryForgetsThemOnALineThatWasIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &fakeStore{}
		w := receipt.New(s, clock.Real{}, nil, slog.New(slog.DiscardHandler))
		ctx, stop := context.WithCancel(t.Context())
		go func() { _ = w.Run(ctx) }()
		sink, err := w.Route(ctx, id.New(), id.New(), false, nil)
		if err != nil {
			t.Fatal(err)
		}
		l := &Loop{node: &Node{Store: s}, machine: clock.Real{}, sink: sink, log: slog.New(slog.DiscardHandler)}
		f := filing{Loop: l, from: time.Now()}
		go f.run(ctx)
		time.Sleep(2 * time.Minute) // nothing to do
		began := time.Now()
		for i := range 20 { // 5,000 a second: 100,000 texts, 65,536 fit
			for j := range 5000 {
				w.Answer(sink, &receipt.Answer{Answered: store.Answered{Message: id.New(), To: message.Accepted, ProviderID: fmt.Sprint(i, "-", j)}})
			}
			time.Sleep(time.Second)
		}
		if !s.before.After(began) {
			t.Errorf("34,464 ids are forgotten, and filing has come only to %v before the first of them", began.Sub(s.before))
		}
		stop()
	})
}
