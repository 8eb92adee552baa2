package storetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/gate"
	"carillon.dev/carillon/internal/core/journey"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/store"
)

// countsAhead: care that waits and steps that journeys will say are to come, as far as it is asked; what is no care, has
// lost its use or waits for a release is not.
func countsAhead(t *testing.T, open Open) {
	s := open(t, clock.NewFixed(Start))
	d := NewDesk(t, s)
	const day, week = 24 * time.Hour, 7 * 24 * time.Hour
	soon, later, far, survey, over := d.Draft(Start.Add(time.Hour)), d.Draft(Start.Add(3*day)), d.Draft(Start.Add(9*day)),
		d.Draft(Start.Add(time.Hour)), d.Draft(Start.Add(-time.Hour))
	for _, m := range []*store.Draft{&soon, &later, &far, &survey} {
		m.ExpiresAt = m.DueAt.Add(day)
	}
	survey.Purpose, over.ExpiresAt = purpose.Survey, Start
	later.State, later.Reason = message.Held, message.ReasonStopped
	later.Flags |= message.KeepsRoom
	d.Insert(t, s, soon, later, far, survey, over)
	ahead := func(held bool, texts ...journey.Ahead) store.TextsAhead {
		return store.TextsAhead{Enrollment: id.New(), Person: d.Person.ID, Visit: id.New(), Location: id.New(), Purpose: purpose.Appointment,
			Held: held, Texts: texts}
	}
	one := ahead(false, journey.Ahead{Step: "far", Due: Start.Add(20 * day)})
	set := func(all ...store.TextsAhead) {
		Write(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error { return tx.Journeys().SetAhead(ctx, all) })
	}
	set(one, ahead(true, journey.Ahead{Step: "held", Due: Start.Add(day), Last: true}))
	one.Texts = []journey.Ahead{{Step: "early", Due: Start.Add(2 * day)}, {Step: "last", Due: Start.Add(5 * day), Last: true},
		{Step: "late", Due: Start.Add(8 * day), Last: true}, {Step: "past", Due: Start.Add(-day)}}
	set(one) // takes the place of what was there
	Read(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
		ask := store.SpokenAsk{Person: d.Person.ID, Since: Start.Add(-week)}
		far, stranger := ask, ask
		far.Until, stranger.Until, stranger.Person = Start.Add(week), Start.Add(week), id.New()
		got, err := tx.Messages().Spoken(ctx, []store.SpokenAsk{ask, far, stranger})
		if err != nil {
			return err
		}
		want := []gate.Spoken{{At: Start.Add(time.Hour)}, {At: Start.Add(2 * day), Yields: true}, {At: Start.Add(3 * day), Yields: true},
			{At: Start.Add(5 * day)}}
		slices.SortFunc(got[1], func(a, b gate.Spoken) int { return a.At.Compare(b.At) })
		same := func(a, b gate.Spoken) bool {
			return a.At.Equal(b.At) && a.Yields == b.Yields && a.Ahead && a.Purpose == purpose.Appointment
		}
		if len(got[0]) != 0 || !slices.EqualFunc(got[1], want, same) || len(got[2]) != 0 {
			t.Errorf("to come are %+v, want %+v", got, want)
		}
		return nil
	})
}
