package desk

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/store"
)

// Filter narrows the list of messages; empty fields do not.
type Filter struct {
	States   []message.State
	Location id.ID
	Purpose  purpose.Purpose
	Reason   message.Reason
	From, To time.Time // by due time
}

// Addressed is a message with whom it is for.
type Addressed struct {
	Line
	Who patient.Person
}

// Messages pages through messages, newest first. next is the cursor of the following page, zero at the end.
func (d *Desk) Messages(ctx context.Context, scope access.Scope, f Filter, after id.ID) (list []Addressed, next id.ID, err error) {
	if err := may(scope, access.ReadMessages); err != nil {
		return nil, id.ID{}, err
	}
	err = d.store.Read(ctx, scope, func(tx store.Tx) error {
		drafts, err := tx.Messages().List(ctx, store.MessageFilter{States: f.States, Location: f.Location,
			Purpose: f.Purpose, Reason: f.Reason, From: f.From, To: f.To}, store.Page{After: after, Limit: store.DefaultLimit + 1})
		if err != nil {
			return err
		}
		if len(drafts) > store.DefaultLimit {
			drafts = drafts[:store.DefaultLimit]
			next = drafts[len(drafts)-1].ID
		}
		list, err = addressed(ctx, tx, drafts)
		return err
	})
	return list, next, err
}

func addressed(ctx context.Context, tx store.Tx, drafts []store.Draft) ([]Addressed, error) {
	var people distinct
	for i := range drafts {
		people.add(drafts[i].Person)
	}
	who, err := persons(ctx, tx, people.ids)
	if err != nil {
		return nil, err
	}
	out := make([]Addressed, len(drafts))
	for i := range drafts {
		out[i] = Addressed{Line: lineOf(drafts[i]), Who: who[drafts[i].Person]}
	}
	return out, nil
}

// Counts are messages by state.
type Counts map[message.State]int

// Sum adds up some states.
func (c Counts) Sum(states ...message.State) (n int) {
	for _, s := range states {
		n += c[s]
	}
	return n
}

// Counts counts the organization's messages that were planned since then.
func (d *Desk) Counts(ctx context.Context, scope access.Scope, since time.Time) (c Counts, err error) {
	if err := may(scope, access.ReadMessages); err != nil {
		return nil, err
	}
	err = d.store.Read(ctx, scope, func(tx store.Tx) error {
		m, err := tx.Messages().StateCounts(ctx, since)
		c = m
		return err
	})
	return c, err
}

// Part is one part of a text that went in several.
type Part struct {
	Number     int
	ProviderID string
	State      message.State
}

// Told is one message with its history.
type Told struct {
	Line
	Who    patient.Person
	Visit  schedule.Appointment // zero when it states none
	Events []message.Event      // oldest first
	Parts  []Part
	Route  string
	Sender string
}

// Message reads one message with its history.
func (d *Desk) Message(ctx context.Context, scope access.Scope, m id.ID) (t Told, err error) {
	if err := may(scope, access.ReadMessages); err != nil {
		return t, err
	}
	err = d.store.Read(ctx, scope, func(tx store.Tx) error {
		draft, err := tx.Messages().Get(ctx, m)
		if err != nil {
			return err
		}
		t.Line = lineOf(draft)
		if t.Events, err = tx.Messages().Events(ctx, m); err != nil {
			return err
		}
		parts, err := tx.Messages().Parts(ctx, m)
		if err != nil {
			return err
		}
		for _, p := range parts {
			t.Parts = append(t.Parts, Part(p))
		}
		return t.around(ctx, tx)
	})
	return t, err
}

// around reads whom, which visit and which way.
func (t *Told) around(ctx context.Context, tx store.Tx) error {
	who, err := persons(ctx, tx, []id.ID{t.Person})
	if err != nil {
		return err
	}
	t.Who = who[t.Person]
	if !t.Appointment.IsZero() {
		visits, err := tx.Visits().ByIDs(ctx, []id.ID{t.Appointment})
		if err != nil {
			return err
		}
		if len(visits) == 1 {
			t.Visit = visits[0]
		}
	}
	routes, err := tx.Routes().List(ctx)
	if err != nil {
		return err
	}
	for _, r := range routes {
		if r.ID == t.Message.Route {
			t.Route = r.Name
		}
	}
	senders, err := tx.Routes().Senders(ctx)
	if err != nil {
		return err
	}
	for _, s := range senders {
		if s.ID == t.Message.Sender {
			t.Sender = s.Address
		}
	}
	return nil
}
