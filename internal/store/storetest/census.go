package storetest

import (
	"context"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/store"
)

func censusSuite(t *testing.T, open Open) {
	s := open(t, clock.NewFixed(Start))
	d := NewDesk(t, s)
	queued, later, held, unknown := d.Draft(Start), d.Draft(Start.Add(time.Hour)), d.Draft(Start), d.Draft(Start)
	held.State, held.Reason = message.Held, message.ReasonQuietHours
	d.Insert(t, s, queued, later, held, unknown)
	d.lease(t, s, 1, unknown.ID)
	d.answer(t, s, store.Answered{Message: unknown.ID, Attempt: 1, To: message.Unknown, Reason: message.ReasonNoAnswer, Route: d.Route.ID})
	OptOut(t, s, d.Scope, d.Point.ID, Start)
	Write(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
		return tx.Tasks().Add(ctx, []conversation.Task{{Kind: conversation.CallPatient, Person: d.Person.ID}})
	})

	t.Run("what waits is counted over organizations", func(t *testing.T) {
		Read(t, s, System(), func(ctx context.Context, tx store.Tx) error {
			w, err := tx.Census().Waiting(ctx)
			if len(w.Queues) != 1 || w.Queues[0].Route != d.Route.ID || w.Queues[0].Count != 2 || !w.Queues[0].Oldest.Equal(Start) {
				t.Errorf("queues %+v", w.Queues)
			}
			if len(w.Held) != 1 || w.Held[0] != (store.HeldCount{Reason: message.ReasonQuietHours, Count: 1}) {
				t.Errorf("held %+v", w.Held)
			}
			if w.Unknown[d.Route.ID] != 1 || len(w.Sending) != 0 || w.OptedOut != 1 || w.Tasks[conversation.CallPatient] != 1 || w.Inbox != 0 {
				t.Errorf("got %+v", w)
			}
			return err
		})
	})
	t.Run("what was planned lately is counted by where it is", func(t *testing.T) {
		Read(t, s, System(), func(ctx context.Context, tx store.Tx) error {
			// Ids carry the machine's time, whatever the domain's is.
			got := must(tx.Census().Lately(ctx, time.Now().Add(-time.Hour)))
			n := map[message.State]int{}
			for _, m := range got.Messages {
				n[m.State] += m.Count
			}
			if n[message.Queued] != 2 || n[message.Held] != 1 || n[message.Unknown] != 1 {
				t.Errorf("counted %v", n)
			}
			if none := must(tx.Census().Lately(ctx, time.Now().Add(time.Hour))); len(none.Messages) != 0 {
				t.Errorf("from the future on: %v", none)
			}
			return nil
		})
	})
	t.Run("an organization counts nobody else's", func(t *testing.T) {
		for name, count := range map[string]func(context.Context, store.Census) error{
			"waiting": func(ctx context.Context, c store.Census) error { _, err := c.Waiting(ctx); return err },
			"lately":  func(ctx context.Context, c store.Census) error { _, err := c.Lately(ctx, Start); return err },
		} {
			err := s.Read(context.Background(), d.Scope, func(tx store.Tx) error { return count(context.Background(), tx.Census()) })
			if !errs.Is(err, errs.Forbidden) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
