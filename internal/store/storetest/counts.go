package storetest

import (
	"context"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/journey"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/store"
)

// countsAhead: reminders that wait and visits whose journey will write count as care to come, each visit once.
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
	visit := id.New()
	soon.Appointment = visit
	d.Insert(t, s, soon, later, far, survey, over)
	planned := func(visit id.ID, due time.Time) journey.Enrollment {
		return journey.Enrollment{ID: id.New(), Org: d.Scope.Org(), Person: d.Person.ID, Appointment: visit, Journey: "reminder", Definition: 1,
			State: journey.Active, NextDue: due}
	}
	saveEnrollments(t, s, scopeOf{d.Scope}, planned(visit, Start.Add(2*time.Hour)), planned(id.New(), Start.Add(5*day)), planned(id.New(), Start.Add(8*day)))
	Read(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
		ask := store.CountAsk{Person: d.Person.ID, Purpose: purpose.Survey, Day: Start.Add(-day), Week: Start.Add(-week)}
		ahead := ask
		ahead.AheadDay, ahead.AheadWeek = Start.Add(day), Start.Add(week)
		stranger := ahead
		stranger.Person = id.New()
		got, err := tx.Messages().SentCounts(ctx, []store.CountAsk{ask, ahead, stranger})
		if err != nil {
			return err
		}
		for i, want := range []store.SentCount{{}, {AheadDay: 1, AheadWeek: 3}, {}} {
			if got[i] != want {
				t.Errorf("ask %d: counted %+v, want %+v", i, got[i], want)
			}
		}
		return nil
	})
}
