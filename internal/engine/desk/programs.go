package desk

import (
	"context"
	"strings"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audit"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/engine/explain"
	"carillon.dev/carillon/internal/store"
)

// Span is one page of a list: after a row, at most Limit rows (0 is the usual).
type Span struct {
	After id.ID
	Limit int
}

func (s Span) page() store.Page {
	p := store.Page{After: s.After, Limit: s.Limit}
	p.Limit = min(p.Size(), store.MaxLimit-1) + 1 // one more tells whether there is a next page
	return p
}

// cut gives a page's rows and the last one's id when more follow.
func cut[T any](p store.Page, rows []T, of func(*T) id.ID) ([]T, id.ID) {
	if len(rows) < p.Limit {
		return rows, id.ID{}
	}
	rows = rows[:p.Limit-1]
	return rows, of(&rows[len(rows)-1])
}

// Patients pages through persons by id.
func (d *Desk) Patients(ctx context.Context, scope access.Scope, s Span) (list []Found, next id.ID, err error) {
	if err := may(scope, access.ReadPatients); err != nil {
		return nil, next, err
	}
	err = d.store.Read(ctx, scope, func(tx store.Tx) error {
		people, err := tx.People().List(ctx, s.page())
		if err != nil {
			return err
		}
		people, next = cut(s.page(), people, func(p *patient.Person) id.ID { return p.ID })
		list, err = withContacts(ctx, tx, people)
		return err
	})
	if err != nil {
		return nil, next, err
	}
	return list, next, d.note(ctx, scope, "person.list", "search", id.ID{}, "found="+band(len(list)))
}

func withContacts(ctx context.Context, tx store.Tx, people []patient.Person) ([]Found, error) {
	out, ids := make([]Found, len(people)), make([]id.ID, len(people))
	for i, p := range people {
		out[i].Person, ids[i] = p, p.ID
	}
	contacts, err := tx.People().ContactsOf(ctx, ids)
	for i := range out {
		out[i].Contacts = contacts[out[i].ID]
	}
	return out, err
}

// Patient reads one person with the numbers that reach them.
func (d *Desk) Patient(ctx context.Context, scope access.Scope, person id.ID) (f Found, err error) {
	if err := may(scope, access.ReadPatients); err != nil {
		return f, err
	}
	err = d.store.Read(ctx, scope, func(tx store.Tx) error {
		p, err := tx.People().Get(ctx, person)
		if err != nil {
			return err
		}
		all, err := withContacts(ctx, tx, []patient.Person{p})
		if err == nil {
			f = all[0]
		}
		return err
	})
	if err != nil {
		return f, err
	}
	return f, d.note(ctx, scope, "person.open", "person", person, "")
}

// Query is who a program looks for; all that is given must match.
type Query struct {
	Name       phi.Text // words of it
	BirthDate  phi.Text // YYYY-MM-DD
	Number     phi.Text // as anybody would type it
	Identifier phi.Text // in any system of the organization
}

// Find looks for persons. The audit row has the count, never the words.
func (d *Desk) Find(ctx context.Context, scope access.Scope, q Query) (found []Found, err error) {
	if err := may(scope, access.ReadPatients); err != nil {
		return nil, err
	}
	ask := store.PersonQuery{Identifier: q.Identifier, BirthDate: q.BirthDate, Limit: maxFound}
	if strings.TrimSpace(q.Name.Reveal()) == "" && q.BirthDate.IsEmpty() && q.Number.IsEmpty() && q.Identifier.IsEmpty() {
		return nil, errs.New(errs.Invalid, "say whom you look for: a name, a birth date, a number or an identifier").At("name")
	}
	err = d.store.Read(ctx, scope, func(tx store.Tx) error {
		if !q.Number.IsEmpty() {
			o, err := tx.Orgs().Get(ctx)
			if err != nil {
				return err
			}
			if ask.Number, err = phone.Parse(q.Number, o.Region); err != nil {
				return &errs.Error{Kind: errs.Invalid, Safe: err.Error(), Where: "number", Err: err}
			}
		}
		var asks []store.PersonQuery
		for _, words := range spellings(q.Name.Reveal()) {
			ask.Words = words
			asks = append(asks, ask)
		}
		found, err = search(ctx, tx, asks)
		return err
	})
	if err != nil {
		return nil, err
	}
	return found, d.note(ctx, scope, "person.search", "search", id.ID{}, "found="+band(len(found)))
}

// Ledger reads what a person and their numbers have agreed to, oldest first.
func (d *Desk) Ledger(ctx context.Context, scope access.Scope, person id.ID) (out []consent.Entry, err error) {
	if err := may(scope, access.ReadPatients); err != nil {
		return nil, err
	}
	err = d.store.Read(ctx, scope, func(tx store.Tx) error {
		if _, err := tx.People().Get(ctx, person); err != nil {
			return err
		}
		contacts, err := tx.People().ContactsOf(ctx, []id.ID{person})
		if err != nil {
			return err
		}
		var points distinct
		for _, c := range contacts[person] {
			points.add(c.Point.ID)
		}
		out, err = tx.Consents().For(ctx, []id.ID{person}, points.ids)
		return err
	})
	return out, err
}

// Visit reads one visit with what people ask about it.
func (d *Desk) Visit(ctx context.Context, scope access.Scope, visit id.ID) (v Visit, err error) {
	if err := may(scope, access.ReadPatients); err != nil {
		return v, err
	}
	err = d.store.Read(ctx, scope, func(tx store.Tx) error {
		a, err := tx.Visits().Get(ctx, visit)
		if err != nil {
			return err
		}
		all, err := dress(ctx, tx, []schedule.Appointment{a})
		if err == nil {
			v = all[0]
		}
		return err
	})
	return v, err
}

// MessagesTo pages through messages, newest first; a zero person is everybody.
func (d *Desk) MessagesTo(ctx context.Context, scope access.Scope, person id.ID, f Filter, s Span) (list []Line, next id.ID, err error) {
	if err := may(scope, access.ReadMessages); err != nil {
		return nil, next, err
	}
	err = d.store.Read(ctx, scope, func(tx store.Tx) error {
		drafts, err := tx.Messages().List(ctx, store.MessageFilter{States: f.States, Person: person, Location: f.Location,
			Purpose: f.Purpose, Reason: f.Reason, From: f.From, To: f.To}, s.page())
		if err != nil {
			return err
		}
		drafts, next = cut(s.page(), drafts, func(m *store.Draft) id.ID { return m.ID })
		list = linesOf(drafts)
		return nil
	})
	return list, next, err
}

// TaskList narrows a list of tasks; empty fields do not.
type TaskList struct {
	Kind     conversation.TaskKind
	Location id.ID
	Person   id.ID
	Done     bool // ended ones instead of open ones
}

// Tasks pages through what waits for a person, oldest first.
func (d *Desk) Tasks(ctx context.Context, scope access.Scope, f TaskList, s Span) (list []conversation.Task, next id.ID, err error) {
	if err := may(scope, access.ReadPatients); err != nil {
		return nil, next, err
	}
	which := store.TaskFilter{Location: f.Location, Person: f.Person, Done: f.Done}
	if f.Kind != "" {
		which.Kinds = []conversation.TaskKind{f.Kind}
	}
	err = d.store.Read(ctx, scope, func(tx store.Tx) error {
		if list, err = tx.Tasks().List(ctx, which, s.page()); err != nil {
			return err
		}
		list, next = cut(s.page(), list, func(t *conversation.Task) id.ID { return t.ID })
		return nil
	})
	return list, next, err
}

// AuditLog pages through what was done, newest first.
func (d *Desk) AuditLog(ctx context.Context, scope access.Scope, s Span) (list []audit.Event, next id.ID, err error) {
	if err := may(scope, access.ReadAudit); err != nil {
		return nil, next, err
	}
	err = d.store.Read(ctx, scope, func(tx store.Tx) error {
		if list, err = tx.Audit().List(ctx, s.page()); err != nil {
			return err
		}
		list, next = cut(s.page(), list, func(e *audit.Event) id.ID { return e.ID })
		return nil
	})
	return list, next, err
}

// Frame is what facts about patients hang in.
type Frame struct {
	Practitioners []org.Practitioner
	Types         []schedule.VisitType
	Sources       []schedule.Source
}

// Frame reads who patients have visits with, of which kinds, and from which systems facts come.
func (d *Desk) Frame(ctx context.Context, scope access.Scope) (f Frame, err error) {
	err = d.store.Read(ctx, scope, func(tx store.Tx) error {
		if f.Practitioners, err = tx.Orgs().Practitioners(ctx); err != nil {
			return err
		}
		if f.Types, err = tx.Visits().Types(ctx); err != nil {
			return err
		}
		f.Sources, err = tx.Visits().Sources(ctx)
		return err
	})
	return f, err
}

// Story tells the message in the order that a person asks.
func (t *Told) Story() []explain.Sentence {
	return explain.Story(&store.Draft{Message: t.Message, Flags: t.Flags, HeldUntil: t.HeldUntil, Resent: t.Resent}, t.Events)
}
