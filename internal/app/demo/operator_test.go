package demo_test

import (
	"context"
	"testing"

	"carillon.dev/carillon/internal/app/demo"
	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/engine/route"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/storetest"
)

func TestADemoStartsAgainAfterASenderWasGivenEveryLocation(t *testing.T) {
	t.Parallel()
	s := storetest.SQLite(t, clock.NewFixed(now))
	clinic, err := demo.Seed(t.Context(), s, 7, 100, now)
	if err != nil {
		t.Fatal(err)
	}
	start := func() (senders []store.Sender) {
		t.Helper()
		o, err := demo.NewOperator(7, clock.NewFast(now, 1))
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		stop() // it need not serve, only let its port go
		defer func() { _ = o.Run(ctx) }()
		if err := o.Connect(t.Context(), s, clinic); err != nil {
			t.Fatal(err)
		}
		storetest.Read(t, s, access.ForCommand(clinic.Org, "test"), func(ctx context.Context, tx store.Tx) (err error) {
			senders, err = tx.Routes().Senders(ctx)
			return err
		})
		return senders
	}
	first := start()
	everywhere := first[0]
	everywhere.Location = id.ID{}
	if _, err := route.AddSender(t.Context(), s, access.ForCommand(clinic.Org, "test"), everywhere); err != nil {
		t.Fatal(err)
	}
	again := start()
	if len(first) != len(clinic.Sites) || len(again) != len(first) {
		t.Errorf("%d senders, then %d", len(first), len(again))
	}
	for _, x := range again {
		if x.ID == everywhere.ID && !x.Location.IsZero() {
			t.Error("what was chosen was taken back")
		}
	}
}
