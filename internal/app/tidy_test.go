package app

import (
	"context"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/feed"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/storetest"
)

func TestUploadsThatAreOverGoAllAtOnce(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open storetest.Open) {
		c := clock.NewFixed(storetest.Start)
		s := open(t, c)
		sc := storetest.NewOrg(t, s)
		const pieces = 50 // more than one transaction takes
		var imp feed.Import
		storetest.Write(t, s, sc, func(ctx context.Context, tx store.Tx) error {
			src, err := tx.Visits().SaveSource(ctx, schedule.Source{Name: "main"})
			if err != nil {
				return err
			}
			if imp, err = tx.Imports().Create(ctx, feed.Import{Source: src.ID, Kind: feed.Patients, State: feed.Uploaded, Created: tx.Now()}); err != nil {
				return err
			}
			for n := range pieces {
				if err := tx.Imports().PutChunk(ctx, imp.ID, n, []byte("Id;Name\n"), c.Now().Add(time.Hour)); err != nil {
					return err
				}
			}
			return nil
		})
		left := func() (n int) {
			storetest.Read(t, s, sc, func(ctx context.Context, tx store.Tx) error {
				for i := range pieces {
					switch _, err := tx.Imports().Chunk(ctx, imp.ID, i); {
					case err == nil:
						n++
					case !errs.Is(err, errs.NotFound):
						return err
					}
				}
				return nil
			})
			return n
		}
		node := &Node{System: &System{Store: s, Machine: c}}
		if err := node.tidy(t.Context()); err != nil || left() != pieces {
			t.Fatalf("%d pieces are left before their time: %v", left(), err)
		}
		c.Advance(time.Hour)
		if err := node.tidy(t.Context()); err != nil || left() != 0 {
			t.Fatalf("%d pieces are left: %v", left(), err)
		}
	})
}
