package desk

import (
	"context"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/store"
)

// Call is one row of the call list with whom it is about.
type Call struct {
	conversation.Task
	Who      patient.Person
	Contacts []patient.Contact
	Visit    schedule.Appointment // zero when it is about none
	Text     conversation.Inbound // what came from the phone, where that is what the row is about
}

// aboutText: the row's message is a text from a phone.
func aboutText(t conversation.Task) bool {
	return t.Kind == conversation.CheckNumber || t.Kind == conversation.ReadText
}

// Calls pages through the call list: open rows oldest first, or with done the ended ones.
func (d *Desk) Calls(ctx context.Context, scope access.Scope, site id.ID, done bool, after id.ID) (list []Call, next id.ID, err error) {
	if err := may(scope, access.ReadPatients); err != nil {
		return nil, id.ID{}, err
	}
	err = d.store.Read(ctx, scope, func(tx store.Tx) error {
		tasks, err := tx.Tasks().List(ctx, store.TaskFilter{Kinds: CallKinds(), Location: site, Done: done},
			store.Page{After: after, Limit: store.DefaultLimit + 1})
		if err != nil {
			return err
		}
		if len(tasks) > store.DefaultLimit {
			tasks = tasks[:store.DefaultLimit]
			next = tasks[len(tasks)-1].ID
		}
		list, err = callRows(ctx, tx, tasks)
		return err
	})
	return list, next, err
}

func callRows(ctx context.Context, tx store.Tx, tasks []conversation.Task) ([]Call, error) {
	var people, visits distinct
	for i := range tasks {
		people.add(tasks[i].Person)
		visits.add(tasks[i].Appointment)
	}
	who, err := persons(ctx, tx, people.ids)
	if err != nil {
		return nil, err
	}
	contacts, err := tx.People().ContactsOf(ctx, people.ids)
	if err != nil {
		return nil, err
	}
	rows, err := tx.Visits().ByIDs(ctx, visits.ids)
	if err != nil {
		return nil, err
	}
	byID := map[id.ID]schedule.Appointment{}
	for _, v := range rows {
		byID[v.ID] = v
	}
	out := make([]Call, len(tasks))
	for i, t := range tasks {
		out[i] = Call{Task: t, Who: who[t.Person], Contacts: contacts[t.Person], Visit: byID[t.Appointment]}
		if !aboutText(t) {
			continue
		}
		out[i].Message = id.ID{} // no message of ours
		if out[i].Text, err = tx.Conversations().Inbound(ctx, t.Message); err != nil && !errs.Is(err, errs.NotFound) {
			return nil, err
		}
	}
	return out, nil
}
