package storetest

import (
	"bytes"
	"context"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/store"
)

func webSuite(t *testing.T, open Open) {
	s := open(t, clock.NewFixed(Start))
	own, other := NewOrg(t, s), NewOrg(t, s)
	first := store.Replay{Caller: id.New(), Key: phi.T("order-1"), Request: []byte("digest"), At: Start, Until: Start.Add(24 * time.Hour)}
	reserve := func(t *testing.T, scope access.Scope, r store.Replay) (got store.Reserved) {
		t.Helper()
		Write(t, s, scope, func(ctx context.Context, tx store.Tx) (err error) {
			got, err = tx.Web().Reserve(ctx, r)
			return err
		})
		return got
	}
	changed := func(change func(*store.Replay)) store.Replay {
		r := first
		change(&r)
		return r
	}

	t.Run("a key is reserved once for a caller", func(t *testing.T) {
		if got := reserve(t, own, first); !got.Fresh {
			t.Fatalf("first: %+v", got)
		}
		if got := reserve(t, own, first); got.Fresh || !got.Same || got.Status != 0 {
			t.Errorf("again, while it is worked on: %+v", got)
		}
		if got := reserve(t, own, changed(func(r *store.Replay) { r.Request = []byte("other") })); got.Fresh || got.Same {
			t.Errorf("for another request: %+v", got)
		}
		if got := reserve(t, own, changed(func(r *store.Replay) { r.Caller = id.New() })); !got.Fresh {
			t.Errorf("by another caller: %+v", got)
		}
		if got := reserve(t, other, first); !got.Fresh {
			t.Errorf("in another organization: %+v", got)
		}
	})
	t.Run("every attempt of one request has one mark, and no other has it", func(t *testing.T) {
		same, marks := reserve(t, own, first).Mark, map[id.ID]bool{}
		if again := reserve(t, own, changed(func(r *store.Replay) { r.At = r.At.Add(time.Minute) })).Mark; again != same || same.IsZero() {
			t.Errorf("the same request has the marks %s and %s", same, again)
		}
		for _, r := range []store.Replay{changed(func(r *store.Replay) { r.Request = []byte("other") }), changed(func(r *store.Replay) { r.Caller = id.New() }),
			changed(func(r *store.Replay) { r.Key = phi.T("order-0") })} {
			got := reserve(t, own, r)
			marks[got.Mark] = true
			if got.Fresh {
				Write(t, s, own, func(ctx context.Context, tx store.Tx) error { return tx.Web().ForgetReplay(ctx, r) })
			}
		}
		marks[reserve(t, other, first).Mark] = true
		if marks[same] || len(marks) != 4 {
			t.Errorf("other requests have the marks %v; the first has %s", marks, same)
		}
	})
	t.Run("an answer is given back to the same request only", func(t *testing.T) {
		answer := []byte(`{"family_name":"Nowak"}`)
		Write(t, s, own, func(ctx context.Context, tx store.Tx) error { return tx.Web().AnswerReplay(ctx, first, 201, answer) })
		if got := reserve(t, own, first); got.Status != 201 || !bytes.Equal(got.Response, answer) || !got.At.Equal(Start) {
			t.Errorf("same: %+v", got)
		}
		if got := reserve(t, own, changed(func(r *store.Replay) { r.Request = []byte("other") })); got.Same || got.Response != nil {
			t.Errorf("other: %+v", got)
		}
		if got := reserve(t, other, first); got.Response != nil {
			t.Errorf("another organization's: %+v", got)
		}
	})
	t.Run("an answer without a reservation is refused", func(t *testing.T) {
		err := s.InTx(t.Context(), own, func(tx store.Tx) error {
			return tx.Web().AnswerReplay(t.Context(), changed(func(r *store.Replay) { r.Key = phi.T("never") }), 200, nil)
		})
		if !errs.Is(err, errs.NotFound) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a forgotten reservation is free", func(t *testing.T) {
		r := changed(func(r *store.Replay) { r.Key = phi.T("order-2") })
		reserve(t, own, r)
		Write(t, s, own, func(ctx context.Context, tx store.Tx) error { return tx.Web().ForgetReplay(ctx, r) })
		if got := reserve(t, own, r); !got.Fresh {
			t.Errorf("%+v", got)
		}
	})
	t.Run("what is over is free and can be removed", func(t *testing.T) {
		later := changed(func(r *store.Replay) { r.At, r.Until = r.Until, r.Until.Add(24*time.Hour) })
		if got := reserve(t, own, later); !got.Fresh {
			t.Errorf("%+v", got)
		}
		err := s.InTx(t.Context(), own, func(tx store.Tx) error {
			_, err := tx.Web().DropReplays(t.Context(), later.At)
			return err
		})
		if !errs.Is(err, errs.Forbidden) {
			t.Errorf("within an organization: %v", err)
		}
		var n int
		Write(t, s, System(), func(ctx context.Context, tx store.Tx) (err error) {
			n, err = tx.Web().DropReplays(ctx, later.At)
			return err
		})
		if n != 3 { // order-1 of another caller and of another organization, and order-2
			t.Errorf("%d rows were removed", n)
		}
		if got := reserve(t, own, later); got.Fresh {
			t.Error("a row that is not over was removed")
		}
	})
	t.Run("a place in a list opens in its list and organization only", func(t *testing.T) { cursors(t, s, own, other) })
}

func cursors(t *testing.T, s store.Store, own, other access.Scope) {
	place := id.New()
	var sealed []byte
	Read(t, s, own, func(ctx context.Context, tx store.Tx) (err error) {
		sealed, err = tx.Web().SealCursor(ctx, "patients", place[:])
		return err
	})
	if bytes.Contains(sealed, place[:]) {
		t.Error("the place can be read")
	}
	flipped := bytes.Clone(sealed)
	flipped[len(flipped)-1] ^= 1
	for name, c := range map[string]struct {
		scope  access.Scope
		list   string
		sealed []byte
		want   errs.Kind
	}{
		"its own":              {own, "patients", sealed, ""},
		"another list":         {own, "messages", sealed, errs.Invalid},
		"another organization": {other, "patients", sealed, errs.Invalid},
		"changed":              {own, "patients", flipped, errs.Invalid},
		"made up":              {own, "patients", []byte("0123456789012345678901234567890123456789"), errs.Invalid},
		"nothing":              {own, "patients", nil, errs.Invalid},
	} {
		var got []byte
		err := s.Read(t.Context(), c.scope, func(tx store.Tx) (err error) {
			got, err = tx.Web().OpenCursor(t.Context(), c.list, c.sealed)
			return err
		})
		if errs.KindOf(err) != c.want || c.want == "" && !bytes.Equal(got, place[:]) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
