package audience

import (
	"context"
	"strings"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audience"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/engine/exchange"
	"carillon.dev/carillon/internal/engine/intake"
	"carillon.dev/carillon/internal/store"
)

// Ref is one line of an uploaded list: how it names a person. The first that is given and known decides.
type Ref struct {
	Line       int
	ExternalID phi.Text // of any source
	MRN        phi.Text
	Number     phi.Text // as written; nationally in the organization's country
}

// Upload is a list that somebody brings.
type Upload struct {
	Audience audience.Audience // ID and Version for a new version of a list; Name and Purpose
	Refs     []Ref
	// Request names a program's request, the same for every attempt of it: one that has kept its list already, and
	// whose node died before it could say so, is answered as it would have been. Zero is a request of its own.
	Request id.ID
}

// Unmatched is a line that names nobody, or not one person alone.
type Unmatched struct {
	Line int
	Why  string // nobody, several, bad_number, empty
}

// Uploaded is what became of a list.
type Uploaded struct {
	Audience  audience.Audience
	Lines     int
	People    int // different persons
	Unmatched []Unmatched
}

// MaxList is how many lines a list may have.
const MaxList = 200_000

// listRows is how many members one transaction writes.
const listRows = 1000

// Upload matches the lines of a list to persons and keeps those as a new version. Lines that match nobody are named
// by their number; a list without a single match is errs.Invalid and nothing is kept.
func (s *Service) Upload(ctx context.Context, scope access.Scope, up Upload) (out Uploaded, err error) {
	if err := may(scope, access.ReadPatients, access.ImportFiles); err != nil {
		return out, err
	}
	a := up.Audience
	a.Kind, a.Rule = audience.ByList, ""
	if err := tidy(&a); err != nil {
		return out, err
	}
	if len(up.Refs) == 0 || len(up.Refs) > MaxList {
		return out, errs.Newf(errs.Invalid, "a list has from one to %d lines under its header", MaxList).At("file")
	}
	if out.Audience, err = s.earlier(ctx, scope, up.Request); err != nil {
		return out, err
	}
	if done := !out.Audience.ID.IsZero(); done {
		out.Lines, out.People = len(up.Refs), out.Audience.Size
		_, out.Unmatched, err = s.match(ctx, scope, up.Refs)
		return out, err
	}
	if err := s.listable(ctx, scope, a); err != nil {
		return out, err
	}
	people, unmatched, err := s.match(ctx, scope, up.Refs)
	out.Lines, out.Unmatched = len(up.Refs), unmatched
	if err != nil {
		return out, err
	}
	if len(people) == 0 {
		return out, errs.New(errs.Invalid, "no line of this list names a patient here; check the column and the numbers").At("file")
	}
	if a.ID.IsZero() {
		a.ID = id.New()
	}
	a.Size, a.By, a.ByID, a.Request = len(people), scope.Actor().Kind(), scope.Actor().ID(), up.Request
	out.People = len(people)
	out.Audience, err = s.keep(ctx, scope, a, people)
	return out, err
}

// earlier is the version that an earlier attempt of a request kept; none is the zero audience. The request's name
// holds its caller, so that nobody is given what somebody else's request did.
func (s *Service) earlier(ctx context.Context, scope access.Scope, request id.ID) (a audience.Audience, err error) {
	if request.IsZero() {
		return a, nil
	}
	err = s.store.Read(ctx, scope, func(tx store.Tx) error {
		a, err = tx.Audiences().ByRequest(ctx, request)
		if errs.Is(err, errs.NotFound) || err == nil && tx.Now().Sub(a.CreatedAt) > exchange.Life { // the key is free again
			a, err = audience.Audience{}, nil
		}
		return err
	})
	return a, err
}

// listable refuses a new version of what is no list, or of a list that somebody changed meanwhile.
func (s *Service) listable(ctx context.Context, scope access.Scope, a audience.Audience) error {
	if a.ID.IsZero() {
		return nil
	}
	return s.store.Read(ctx, scope, func(tx store.Tx) error {
		have, err := tx.Audiences().Get(ctx, a.ID, 0)
		switch {
		case err != nil:
			return err
		case have.Kind != audience.ByList:
			return errs.New(errs.Precondition, "this audience is a rule: save a new version of the rule instead")
		case have.Version != a.Version:
			return errs.New(errs.Conflict, "somebody saved this audience meanwhile; read it again")
		}
		return nil
	})
}

// keep writes members in short transactions to a roll of this upload alone; the list is seen when its version is saved
// with the last of them.
func (s *Service) keep(ctx context.Context, scope access.Scope, a audience.Audience, people []id.ID) (kept audience.Audience, err error) {
	a.Roll = id.New()
	next := a.Version + 1
	defer func() {
		if err != nil { // what is left of it after a crash is seen by nobody
			_ = s.store.InTx(context.WithoutCancel(ctx), scope, func(tx store.Tx) error { return tx.Audiences().DropMembers(context.WithoutCancel(ctx), a.Roll, next) })
		}
	}()
	for from := 0; err == nil && from < len(people); from += listRows {
		page := people[from:min(from+listRows, len(people))]
		err = s.store.InTx(ctx, scope, func(tx store.Tx) error { return tx.Audiences().PutMembers(ctx, a.Roll, next, page) }, store.Bulk)
	}
	if err != nil {
		return a, err
	}
	err = s.store.InTx(ctx, scope, func(tx store.Tx) error {
		if kept, err = tx.Audiences().Save(ctx, a); err != nil {
			return err
		}
		return note(ctx, tx, "audience.save", kept.ID, "kind=list version="+itoa(kept.Version)+" size="+itoa(int64(kept.Size)))
	})
	return kept, err
}

// match finds who is meant, in the order of lines, each person once.
func (s *Service) match(ctx context.Context, scope access.Scope, refs []Ref) (people []id.ID, unmatched []Unmatched, err error) {
	seen := make(map[id.ID]bool, len(refs))
	for from := 0; from < len(refs); from += listRows {
		page := refs[from:min(from+listRows, len(refs))]
		err := s.store.Read(ctx, scope, func(tx store.Tx) error {
			m, err := newMatcher(ctx, tx, page)
			if err != nil {
				return err
			}
			for i := range page {
				p, why, err := m.one(ctx, tx, &page[i])
				if err != nil {
					return err
				}
				if why != "" {
					unmatched = append(unmatched, Unmatched{page[i].Line, why})
				} else if !seen[p] {
					seen[p] = true
					people = append(people, p)
				}
			}
			return nil
		})
		if err != nil {
			return nil, nil, err
		}
	}
	return people, unmatched, nil
}

// matcher knows the identifiers of one page of lines.
type matcher struct {
	region   string
	external []map[string]id.ID // by source
	records  map[string]id.ID
}

func newMatcher(ctx context.Context, tx store.Tx, refs []Ref) (*matcher, error) {
	var external, records []string
	for i := range refs {
		if x := &refs[i]; !x.ExternalID.IsEmpty() {
			external = append(external, x.ExternalID.Reveal())
		}
		if x := &refs[i]; !x.MRN.IsEmpty() {
			records = append(records, x.MRN.Reveal())
		}
	}
	own, err := tx.Orgs().Get(ctx)
	if err != nil {
		return nil, err
	}
	m := &matcher{region: own.Region}
	if m.records, err = tx.People().ByIdentifiers(ctx, intake.RecordSystem, records); err != nil {
		return nil, err
	}
	sources, err := tx.Visits().Sources(ctx)
	if err != nil {
		return nil, err
	}
	for _, source := range sources {
		found, err := tx.People().ByIdentifiers(ctx, intake.ExternalSystem(source.ID), external)
		if err != nil {
			return nil, err
		}
		m.external = append(m.external, found)
	}
	return m, nil
}

// one finds the person of a line, or says why there is none.
func (m *matcher) one(ctx context.Context, tx store.Tx, r *Ref) (person id.ID, why string, err error) {
	var found []id.ID
	for _, of := range m.external {
		if p, ok := of[r.ExternalID.Reveal()]; ok {
			found = append(found, p)
		}
	}
	if p, ok := m.records[r.MRN.Reveal()]; ok && len(found) == 0 {
		found = append(found, p)
	}
	if len(found) == 0 && !r.Number.IsEmpty() {
		if found, why, err = m.byNumber(ctx, tx, r.Number); err != nil || why != "" {
			return person, why, err
		}
	}
	switch {
	case len(found) == 1:
		return found[0], "", nil
	case len(found) > 1:
		return person, "several", nil
	case r.ExternalID.IsEmpty() && r.MRN.IsEmpty() && r.Number.IsEmpty():
		return person, "empty", nil
	}
	return person, "nobody", nil
}

// byNumber finds who has a number: a person's own before those who share it.
func (m *matcher) byNumber(ctx context.Context, tx store.Tx, written phi.Text) ([]id.ID, string, error) {
	n, err := phone.Parse(phi.T(strings.TrimSpace(written.Reveal())), m.region)
	if err != nil {
		return nil, "bad_number", nil //nolint:nilerr // the line is named as unmatched
	}
	point, err := tx.People().PointByNumber(ctx, patient.SMS, n)
	if errs.Is(err, errs.NotFound) {
		return nil, "nobody", nil
	}
	if err != nil {
		return nil, "", err
	}
	at, err := tx.People().PeopleAt(ctx, point.ID)
	var own, all []id.ID
	for _, c := range at {
		all = append(all, c.Person)
		if c.Relationship == patient.Self {
			own = append(own, c.Person)
		}
	}
	if len(own) == 1 {
		return own, "", err
	}
	return all, "", err
}
