package storetest

import (
	"context"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/audit"
	"carillon.dev/carillon/internal/store"
)

func audits(t *testing.T, open Open) {
	s := open(t, clock.NewFixed(Start))
	scope, other := NewOrg(t, s), NewOrg(t, s)
	object := id.New()
	record := func(t *testing.T, n int) {
		t.Helper()
		Write(t, s, scope, func(ctx context.Context, tx store.Tx) error {
			for range n {
				if err := tx.Audit().Record(ctx, audit.Of(scope, tx.Now(), "consent.record", "person", object, "rows=1")); err != nil {
					return err
				}
			}
			return nil
		})
	}
	sequence := func(t *testing.T, limit int) (n int) {
		t.Helper()
		Write(t, s, System(), func(ctx context.Context, tx store.Tx) (err error) {
			n, err = tx.Audit().Sequence(ctx, limit)
			return err
		})
		return n
	}
	verify := func(t *testing.T, now time.Time) (r store.AuditReport) {
		t.Helper()
		Read(t, s, System(), func(ctx context.Context, tx store.Tx) (err error) { r, err = tx.Audit().Verify(ctx, now); return err })
		return r
	}

	t.Run("rows get their numbers and the log proves itself at every size", func(t *testing.T) {
		var last string
		for size := int64(1); size <= 20; size++ {
			record(t, 1)
			if n := sequence(t, 100); n != 1 {
				t.Fatalf("numbered %d", n)
			}
			r := verify(t, time.Now())
			if !r.OK() || r.Size != size || string(r.Root) == last {
				t.Fatalf("at %d: %+v", size, r)
			}
			last = string(r.Root)
		}
	})
	t.Run("a batch is numbered like single rows", func(t *testing.T) {
		record(t, 13)
		if n := sequence(t, 10) + sequence(t, 10) + sequence(t, 10); n != 13 {
			t.Fatalf("numbered %d", n)
		}
		if r := verify(t, time.Now()); !r.OK() || r.Size != 33 {
			t.Fatalf("%+v", r)
		}
	})
	t.Run("rows that wait too long for a number are reported", func(t *testing.T) {
		record(t, 2)
		if r := verify(t, time.Now()); r.Waiting != 0 {
			t.Errorf("too early: %+v", r)
		}
		if r := verify(t, time.Now().Add(11*time.Second)); r.Waiting != 2 || r.OK() {
			t.Errorf("%+v", r)
		}
		sequence(t, 10)
	})
	t.Run("an organization reads its own events, newest first", func(t *testing.T) {
		Read(t, s, scope, func(ctx context.Context, tx store.Tx) error {
			first, err := tx.Audit().List(ctx, store.Page{Limit: 20})
			if err != nil || len(first) != 20 || first[0].Object != object || first[0].Name != "storetest" {
				t.Fatalf("%d events, %v", len(first), err)
			}
			rest, err := tx.Audit().Of(ctx, object, store.Page{Limit: 20, After: first[19].ID})
			if len(rest) != 15 {
				t.Errorf("%d older events", len(rest))
			}
			return err
		})
		Read(t, s, other, func(ctx context.Context, tx store.Tx) error {
			got, err := tx.Audit().List(ctx, store.Page{})
			if len(got) != 0 {
				t.Error("another organization's events are seen")
			}
			return err
		})
	})
	t.Run("only the system numbers and verifies", func(t *testing.T) {
		err := s.InTx(context.Background(), scope, func(tx store.Tx) error { _, err := tx.Audit().Sequence(context.Background(), 1); return err })
		if !errs.Is(err, errs.Forbidden) {
			t.Errorf("got %v", err)
		}
	})
}
