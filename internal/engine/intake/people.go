package intake

import (
	"context"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/feed"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/store"

	"carillon.dev/carillon/internal/core/access"
)

// people writes one step of patients.
type people struct {
	w      *writer
	tx     store.Tx
	known  knownPeople
	counts *feed.Counts
}

func (p people) write(ctx context.Context, part []Row) error {
	var fresh, changed []patient.Person
	var before []patient.Person
	rows := map[string]*PatientRow{}
	for _, r := range part {
		rows[r.external()] = r.Patient
		have, ok := p.known.people[r.external()]
		next := merge(have, r.Patient, p.w.imp.Source)
		switch {
		case !ok:
			fresh = append(fresh, next)
		case samePerson(have, next) && p.known.reachedBy(have.ID, r.Patient):
			p.counts.Same++
		default:
			changed, before = append(changed, next), append(before, have)
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
	line := func(who patient.Person) int {
		if r := rows[p.external(who)]; r != nil {
			return r.Line
		}
		return 0
	}
	for _, c := range created {
		out = append(out, feed.Write{Import: p.w.imp.ID, Line: line(c), Row: feed.PersonRow, ID: c.ID, Person: c.ID, Created: true, Version: c.Version})
	}
	for i, u := range updated {
		out = append(out, feed.Write{Import: p.w.imp.ID, Line: line(u), Row: feed.PersonRow, ID: u.ID, Person: u.ID, Version: u.Version, Before: packPerson(before[i])})
	}
	return p.tx.Imports().AddWrites(ctx, out)
}

func (p people) external(who patient.Person) string {
	return who.Identifier(ExternalSystem(p.w.imp.Source)).Reveal()
}

// link joins persons to their numbers. Numbers that a file no longer has stay: taking one away is staff's.
func (p people) link(ctx context.Context, written []patient.Person, rows map[string]*PatientRow) error {
	var numbers []phone.Number
	var links []store.ContactLink
	for _, who := range written {
		r := rows[p.external(who)]
		if r == nil {
			continue
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

// consents appends what the rows prove and the ledger does not say yet.
func (p people) consents(ctx context.Context, part []Row, written []patient.Person) error {
	ids := map[string]id.ID{}
	for name, have := range p.known.people {
		ids[name] = have.ID
	}
	for _, who := range written {
		ids[p.external(who)] = who.ID
	}
	said, err := p.ledger(ctx)
	if err != nil {
		return err
	}
	var entries []consent.Entry
	for _, r := range part {
		for _, c := range r.Patient.Consents {
			e := consent.Entry{Person: ids[r.external()], Channel: patient.SMS, Purpose: c.Purpose, Status: c.Status, Method: c.Method,
				Wording: c.Wording, Language: r.Patient.Language, By: p.tx.Scope().Actor().Kind(), ByID: p.tx.Scope().Actor().ID(),
				Import: p.w.imp.ID, At: c.At}
			if !said[key(e)] {
				entries = append(entries, e)
			}
		}
	}
	p.counts.Consents += len(entries)
	_, err = p.tx.Consents().Append(ctx, entries)
	return err
}

// consentKey tells entries of imports apart: the same statement is recorded once, however often a file comes.
type consentKey struct {
	person id.ID
	scope  string
	status consent.Status
	day    string
}

func key(e consent.Entry) consentKey {
	return consentKey{e.Person, string(e.Purpose), e.Status, e.At.UTC().Format("2006-01-02")}
}

// ledger is what the ledger says of the people who were known before. A "no" without a date is stated anew each
// day, so the latest statement counts: an equal one that still holds is not repeated.
func (p people) ledger(ctx context.Context) (map[consentKey]bool, error) {
	var list []id.ID
	for _, have := range p.known.people {
		list = append(list, have.ID)
	}
	out := map[consentKey]bool{}
	if len(list) == 0 {
		return out, nil
	}
	entries, err := p.tx.Consents().For(ctx, list, nil)
	for _, e := range entries {
		out[key(e)] = true
	}
	return out, err
}

// newNames makes the practitioners and kinds of visit that a page names for the first time.
func (s *Service) newNames(ctx context.Context, sc access.Scope, rows []Row) error {
	known, err := s.knownVisits(ctx, sc, id.ID{}, nil)
	if err != nil {
		return err
	}
	doctors, types := map[string]bool{}, map[string]bool{}
	for _, r := range rows {
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
	return s.store.InTx(ctx, sc, func(tx store.Tx) error {
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
