package intake

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/feed"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/store"
)

// people writes one step of patients.
type people struct {
	w      *writer
	tx     store.Tx
	known  knownPeople
	counts *feed.Counts
}

func (p people) write(ctx context.Context, part []Row) error {
	var fresh, changed, before []patient.Person
	rows := map[string]*PatientRow{}
	for _, r := range part {
		rows[r.external()] = r.Patient
		have, ok := p.known.people[r.external()]
		switch {
		case !ok:
			fresh = append(fresh, merge(have, r.Patient, p.w.imp.Source))
		case p.known.asItIs(have, r.Patient, p.w.imp.Source):
			p.counts.Same++
		default:
			changed, before = append(changed, merge(have, r.Patient, p.w.imp.Source)), append(before, have)
		}
	}
	created, err := p.tx.People().Create(ctx, fresh)
	if err != nil {
		return err
	}
	updated, err := p.tx.People().Update(ctx, changed)
	if err != nil {
		return err
	}
	p.counts.Created, p.counts.Changed = p.counts.Created+len(created), p.counts.Changed+len(updated)
	written := make([]patient.Person, 0, len(created)+len(updated))
	written = append(append(written, created...), updated...)
	if err := p.writes(ctx, created, updated, before, rows); err != nil {
		return err
	}
	if err := p.link(ctx, written, rows); err != nil {
		return err
	}
	if err := p.consents(ctx, part, written); err != nil {
		return err
	}
	return p.w.touchPeople(ctx, p.tx, updated)
}

func (p people) writes(ctx context.Context, created, updated, before []patient.Person, rows map[string]*PatientRow) error {
	out := make([]feed.Write, 0, len(created)+len(updated))
	for _, c := range created {
		out = append(out, feed.Write{Import: p.w.imp.ID, Line: rows[p.external(c)].Line, Row: feed.PersonRow, ID: c.ID, Person: c.ID,
			Created: true, Version: c.Version})
	}
	for i, u := range updated {
		r := rows[p.external(u)]
		out = append(out, feed.Write{Import: p.w.imp.ID, Line: r.Line, Row: feed.PersonRow, ID: u.ID, Person: u.ID, Version: u.Version,
			Before: packPerson(before[i], p.known.contacts[u.ID], p.known.added(u.ID, r))})
	}
	return p.tx.Imports().AddWrites(ctx, out)
}

func (p people) external(who patient.Person) string {
	return who.Identifier(ExternalSystem(p.w.imp.Source)).Reveal()
}

// link joins persons to their numbers, and parts them from those that the new ones replace. A number that the file
// only left out stays: taking one away is staff's.
func (p people) link(ctx context.Context, written []patient.Person, rows map[string]*PatientRow) error {
	var numbers []phone.Number
	var links []store.ContactLink
	for _, who := range written {
		r := rows[p.external(who)]
		if r == nil {
			continue
		}
		for _, c := range p.known.replaced(who.ID, r) {
			if err := p.tx.People().Unlink(ctx, who.ID, c.Point.ID); err != nil {
				return err
			}
		}
		for _, n := range r.numbers() {
			numbers = append(numbers, n.number)
			links = append(links, store.ContactLink{Person: who.ID, Use: n.use, Rank: n.rank, Relationship: n.relation})
		}
	}
	points, err := p.tx.People().SavePoints(ctx, patient.SMS, numbers)
	if err != nil {
		return err
	}
	for i := range links {
		links[i].Point = points[i].ID
	}
	return p.tx.People().Link(ctx, links)
}

// consents appends what the rows prove and the ledger does not say yet. Of a person whom somebody else owns a file
// may say no, and never yes.
func (p people) consents(ctx context.Context, part []Row, written []patient.Person) error {
	ids := map[string]id.ID{}
	for name, have := range p.known.people {
		ids[name] = have.ID
	}
	for _, who := range written {
		ids[p.external(who)] = who.ID
	}
	said, err := p.ledger(ctx, part)
	if err != nil {
		return err
	}
	var entries []consent.Entry
	for _, r := range part {
		have, known := p.known.people[r.external()]
		for _, c := range r.Patient.Consents {
			e := consent.Entry{Person: ids[r.external()], Channel: patient.SMS, Purpose: c.Purpose, Status: c.Status, Method: c.Method,
				Wording: c.Wording, Language: r.Patient.Language, By: p.tx.Scope().Actor().Kind(), ByID: p.tx.Scope().Actor().ID(),
				Import: p.w.imp.ID, At: c.At}
			if known && have.Source != p.w.imp.Source && c.Status == consent.Granted {
				continue
			}
			if said.news(&e, c.Undated) {
				entries = append(entries, e)
			}
		}
	}
	p.counts.Consents += len(entries)
	_, err = p.tx.Consents().Append(ctx, entries)
	return err
}

// ledger is what was said before about the people of a step.
type ledger struct {
	ids    map[id.ID]bool
	stated map[statement][]consent.Entry
}

// statement is what a line says: the same one is recorded once, however often a file comes.
type statement struct {
	person  id.ID
	purpose purpose.Purpose
}

func (p people) ledger(ctx context.Context, part []Row) (ledger, error) {
	l := ledger{map[id.ID]bool{}, map[statement][]consent.Entry{}}
	var list []id.ID
	for _, r := range part {
		if have, ok := p.known.people[r.external()]; ok && len(r.Patient.Consents) > 0 {
			list = append(list, have.ID)
		}
	}
	if len(list) == 0 {
		return l, nil
	}
	entries, err := p.tx.Consents().For(ctx, list, nil)
	for _, e := range entries {
		l.ids[e.ID] = true
		k := statement{e.Person, e.Purpose}
		l.stated[k] = append(l.stated[k], e)
	}
	return l, err
}

// news reports whether the ledger lacks the entry. An undo answered a statement at its own instant; the statement
// made again comes just after, so that it counts again.
func (l ledger) news(e *consent.Entry, undated bool) bool {
	latest := consent.Entry{}
	for _, old := range l.stated[statement{e.Person, e.Purpose}] {
		if !old.At.Before(latest.At) {
			latest = old
		}
		if old.Status != e.Status || !sameDay(old.At, e.At) {
			continue
		}
		if !l.ids[undoID(old.ID)] {
			return false
		}
		if !e.At.After(old.At) {
			e.At = old.At.Add(time.Microsecond)
		}
	}
	return !undated || latest.Status != e.Status // a "no" that still holds is not said again each day
}

func sameDay(a, b time.Time) bool {
	return a.UTC().Format(time.DateOnly) == b.UTC().Format(time.DateOnly)
}

// newNames makes the practitioners and kinds of visit that a page names for the first time.
func (s *Service) newNames(ctx context.Context, sc access.Scope, rows []Row) error {
	known, err := s.knownVisits(ctx, sc, id.ID{}, nil)
	if err != nil {
		return err
	}
	doctors, types := map[string]bool{}, map[string]bool{}
	for _, r := range good(rows) {
		if n := r.Visit.Practitioner; n != "" && known.doctors[n].IsZero() {
			doctors[n] = true
		}
		if n := r.Visit.Type; n != "" && known.types[n].IsZero() {
			types[n] = true
		}
	}
	if len(doctors)+len(types) == 0 {
		return nil
	}
	return s.write(ctx, sc, func(tx store.Tx) error {
		for n := range doctors {
			if _, err := tx.Orgs().SavePractitioner(ctx, org.Practitioner{Name: n, ExternalID: n}); err != nil {
				return err
			}
		}
		for n := range types {
			if _, err := tx.Visits().SaveType(ctx, schedule.VisitType{Name: n, ExternalID: n}); err != nil {
				return err
			}
		}
		return nil
	})
}
