package desk

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/store"
)

// maxDay bounds a day's list; a site with more visits is looked at in parts.
const maxDay = 1000

// Visit is one visit with what people ask about it: who, with whom, what was sent and what came back.
type Visit struct {
	schedule.Appointment
	Who      patient.Person
	With     string // practitioner, empty when unknown
	Kind     string // visit type as staff say it
	Answers  []schedule.Response
	Messages []Line // oldest first
}

// Answer is the last answer about the visit as it stands now; empty when there is none.
func (v *Visit) Answer() schedule.Answer {
	for i := len(v.Answers) - 1; i >= 0; i-- {
		if v.Answers[i].Version == v.Version {
			return v.Answers[i].Answer
		}
	}
	return ""
}

// Latest is the newest message about the visit that has left or has been refused, else the next one to
// leave; false when there is none.
func (v *Visit) Latest() (Line, bool) {
	for i := len(v.Messages) - 1; i >= 0; i-- {
		if v.Messages[i].State.HandedOver() {
			return v.Messages[i], true
		}
	}
	if len(v.Messages) == 0 {
		return Line{}, false
	}
	return v.Messages[len(v.Messages)-1], true
}

// Day lists the visits of a site that start in [from, to), by start; a zero site is every site. cut says
// that there are more than are shown.
func (d *Desk) Day(ctx context.Context, scope access.Scope, site id.ID, from, to time.Time) (day []Visit, cut bool, err error) {
	if err := may(scope, access.ReadPatients); err != nil {
		return nil, false, err
	}
	err = d.store.Read(ctx, scope, func(tx store.Tx) error {
		visits, err := tx.Visits().Between(ctx, site, from, to, maxDay+1)
		if err != nil {
			return err
		}
		if cut = len(visits) > maxDay; cut {
			visits = visits[:maxDay]
		}
		day, err = dress(ctx, tx, visits)
		return err
	})
	return day, cut, err
}

// dress adds to visits what is shown beside them, with one query each.
func dress(ctx context.Context, tx store.Tx, visits []schedule.Appointment) ([]Visit, error) {
	var people, ids distinct
	for i := range visits {
		people.add(visits[i].Person)
		ids.add(visits[i].ID)
	}
	who, err := persons(ctx, tx, people.ids)
	if err != nil {
		return nil, err
	}
	names, err := names(ctx, tx)
	if err != nil {
		return nil, err
	}
	answers, err := tx.Visits().Answers(ctx, ids.ids)
	if err != nil {
		return nil, err
	}
	texts, err := tx.Messages().OfVisits(ctx, ids.ids)
	if err != nil {
		return nil, err
	}
	out := make([]Visit, len(visits))
	for i, v := range visits {
		out[i] = Visit{Appointment: v, Who: who[v.Person], With: names[v.Practitioner], Kind: names[v.Type],
			Answers: answers[v.ID], Messages: linesOf(texts[v.ID])}
	}
	return out, nil
}

func persons(ctx context.Context, tx store.Tx, ids []id.ID) (map[id.ID]patient.Person, error) {
	people, err := tx.People().ByIDs(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make(map[id.ID]patient.Person, len(people))
	for _, p := range people {
		out[p.ID] = p
	}
	return out, nil
}

// names are practitioners and visit types by id.
func names(ctx context.Context, tx store.Tx) (map[id.ID]string, error) {
	out := map[id.ID]string{}
	staff, err := tx.Orgs().Practitioners(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range staff {
		out[p.ID] = p.Name
	}
	types, err := tx.Visits().Types(ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range types {
		out[t.ID] = t.Name
	}
	return out, nil
}
