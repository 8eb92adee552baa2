package storetest

import (
	"cmp"
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

// coming: waiting messages and steps ahead in one order of due times, page by page, and counted between edges.
func coming(t *testing.T, open Open) {
	s := open(t, clock.NewFixed(Start))
	d := NewDesk(t, s)
	here, elsewhere := id.New(), id.New()
	at := func(hours int) time.Time { return Start.Add(time.Duration(hours) * time.Hour) }
	var want []store.ComingMark
	for i, hours := range []int{-1, 5, 30} {
		m := d.Draft(at(hours))
		if m.Location = here; i == 1 {
			m.State, m.Reason = message.Held, message.ReasonStopped
		}
		d.Insert(t, s, m)
		want = append(want, store.ComingMark{Due: at(hours), ID: m.ID, Step: m.Origin.Step})
	}
	gone, away := d.Draft(at(2)), d.Draft(at(3))
	gone.State, gone.Reason, gone.Location, away.Location = message.Refused, message.ReasonNoConsent, here, elsewhere
	d.Insert(t, s, gone, away)
	ahead := store.TextsAhead{Enrollment: id.New(), Person: d.Person.ID, Visit: id.New(), Location: here, Purpose: purpose.Appointment,
		Texts: []journey.Ahead{{Step: "b", Due: at(5)}, {Step: "a", Due: at(5)}, {Step: "c", Due: at(100)}}}
	Write(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
		return tx.Journeys().SetAhead(ctx, []store.TextsAhead{ahead})
	})
	for _, step := range []string{"a", "b"} {
		want = append(want, store.ComingMark{Due: at(5), ID: ahead.Enrollment, Step: step})
	}
	slices.SortFunc(want, func(a, b store.ComingMark) int {
		return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.ID.String(), b.ID.String()), cmp.Compare(a.Step, b.Step))
	})
	Read(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
		var got []store.ComingMark
		var after store.ComingMark
		for {
			page, err := tx.Messages().ComingTexts(ctx, here, at(-24), at(50), after, 2)
			if err != nil {
				return err
			}
			for _, c := range page {
				if c.Person != d.Person.ID || c.Message.IsZero() != (c.ID == ahead.Enrollment) {
					t.Errorf("%+v", c)
				}
				got, after = append(got, c.ComingMark), c.ComingMark
			}
			if len(page) < 2 {
				break
			}
		}
		if !slices.EqualFunc(got, want, func(a, b store.ComingMark) bool { return a.Due.Equal(b.Due) && a.ID == b.ID && a.Step == b.Step }) {
			t.Errorf("to come %+v\nwant    %+v", got, want)
		}
		n, err := tx.Messages().CountComing(ctx, here, []time.Time{at(-24), at(24), at(48), at(96)})
		if err == nil && !slices.Equal(n, []int{4, 1, 0}) {
			t.Errorf("counted %v", n)
		}
		all, err2 := tx.Messages().CountComing(ctx, id.ID{}, []time.Time{at(-24), at(200)})
		if err2 == nil && !slices.Equal(all, []int{7}) {
			t.Errorf("everywhere %v", all)
		}
		return cmp.Or(err, err2)
	})
	Read(t, s, NewOrg(t, s), func(ctx context.Context, tx store.Tx) error {
		n, err := tx.Messages().CountComing(ctx, id.ID{}, []time.Time{at(-24), at(200)})
		if err == nil && n[0] != 0 {
			t.Errorf("another organization sees %d", n[0])
		}
		return err
	})
}
