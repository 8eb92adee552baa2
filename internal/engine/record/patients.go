package record

import (
	"context"
	"strings"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/store"
)

// CreatePatient makes a person that staff keep. Kind is a patient and the status active when empty.
func (s *Service) CreatePatient(ctx context.Context, scope access.Scope, p patient.Person) (patient.Person, error) {
	if p.Kind == "" {
		p.Kind = patient.Patient
	}
	if p.Status == "" {
		p.Status = patient.Active
	}
	p.Source = id.ID{}
	if err := checkFacts(&p); err != nil {
		return p, err
	}
	err := s.write(ctx, scope, func(tx store.Tx) error {
		made, err := tx.People().Create(ctx, []patient.Person{p})
		if err != nil {
			return err
		}
		p = made[0]
		return note(ctx, tx, "person.create", "person", p.ID, "")
	})
	return p, err
}

// checkFacts refuses what no reader could use later.
func checkFacts(p *patient.Person) error {
	f := &p.Facts
	switch {
	case strings.TrimSpace(f.GivenName.Reveal()) == "" && strings.TrimSpace(f.FamilyName.Reveal()) == "":
		return errs.New(errs.Invalid, "a person needs a name").At("family_name")
	case !f.BirthDate.IsEmpty() && !birthDate(f.BirthDate):
		return errs.New(errs.Invalid, "a birth date looks like 1980-05-31, 1980-05 or 1980").At("birth_date")
	}
	if f.Zone != "" {
		if _, err := time.LoadLocation(f.Zone); err != nil {
			return errs.New(errs.Invalid, "a time zone looks like Europe/Warsaw").At("zone")
		}
	}
	return nil
}

func birthDate(t phi.Text) bool {
	for _, layout := range []string{time.DateOnly, "2006-01", "2006"} {
		if _, err := time.Parse(layout, t.Reveal()); err == nil {
			return true
		}
	}
	return false
}

// UpdatePatient writes a person anew at the version that was read (errs.Conflict otherwise). Fields that a
// source owns must be as they are: changed here they would come back with its next file.
func (s *Service) UpdatePatient(ctx context.Context, scope access.Scope, p patient.Person) (patient.Person, error) {
	if err := checkFacts(&p); err != nil {
		return p, err
	}
	err := s.write(ctx, scope, func(tx store.Tx) error {
		have, err := tx.People().Get(ctx, p.ID)
		if err != nil {
			return err
		}
		if err := ownFields(&have, &p); err != nil {
			return err
		}
		if have.Status == patient.Deceased && p.Status != patient.Deceased {
			return errs.New(errs.Precondition, "this person is recorded as deceased; take that back by name").At("status")
		}
		p.Kind, p.Source = have.Kind, have.Source
		made, err := tx.People().Update(ctx, []patient.Person{p})
		if err != nil {
			return err
		}
		p = made[0]
		if err := ifGone(ctx, tx, have.Status, &p); err != nil {
			return err
		}
		return note(ctx, tx, "person.update", "person", p.ID, "status="+string(p.Status))
	})
	return p, err
}

// ownFields refuses a change to what the person's source owns: name, birth date, sex and identifiers.
func ownFields(have, want *patient.Person) error {
	if have.Source.IsZero() {
		return nil
	}
	a, b := &have.Facts, &want.Facts
	for field, changed := range map[string]bool{
		"given_name":  a.GivenName != b.GivenName,
		"family_name": a.FamilyName != b.FamilyName,
		"birth_date":  a.BirthDate != b.BirthDate,
		"sex":         a.Sex != b.Sex,
		"identifiers": !sameIdentifiers(a.Identifiers, b.Identifiers),
	} {
		if changed {
			return errs.New(errs.Precondition, "this field comes from the practice system: change it there").At(field)
		}
	}
	return nil
}

func sameIdentifiers(a, b []patient.Identifier) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// MarkDeceased ends every text to a person at once, in the same transaction, and every journey with it.
func (s *Service) MarkDeceased(ctx context.Context, scope access.Scope, person id.ID) error {
	return s.setStatus(ctx, scope, person, patient.Deceased, "person.deceased")
}

// MarkAlive takes back what was recorded by mistake. Texts that were cancelled stay so; visits that are still
// expected are planned anew.
func (s *Service) MarkAlive(ctx context.Context, scope access.Scope, person id.ID) error {
	return s.setStatus(ctx, scope, person, patient.Active, "person.alive")
}

func (s *Service) setStatus(ctx context.Context, scope access.Scope, person id.ID, to patient.Status, action string) error {
	return s.write(ctx, scope, func(tx store.Tx) error {
		p, err := tx.People().Get(ctx, person)
		if err != nil || p.Status == to {
			return err
		}
		before := p.Status
		p.Status = to
		made, err := tx.People().Update(ctx, []patient.Person{p})
		if err != nil {
			return err
		}
		if err := ifGone(ctx, tx, before, &made[0]); err != nil {
			return err
		}
		return note(ctx, tx, action, "person", person, "")
	})
}

// ifGone cancels what waits for somebody who must not be written to any more, and tells the journeys of any
// change of status.
func ifGone(ctx context.Context, tx store.Tx, before patient.Status, p *patient.Person) error {
	if before == p.Status {
		return nil
	}
	why := map[patient.Status]message.Reason{patient.Deceased: message.ReasonDeceased, patient.Inactive: message.ReasonInactive}[p.Status]
	if why != "" {
		if _, err := tx.Messages().Cancel(ctx, store.Selection{Person: p.ID}, why); err != nil {
			return err
		}
	}
	return tx.Journeys().Touch(ctx, []store.Touch{{Person: p.ID}})
}

// Contact is a number to reach a person at, as somebody typed it.
type Contact struct {
	Person       id.ID
	Number       phi.Text
	Region       string // ISO 3166-1; empty is the organization's
	Use          patient.Use
	Rank         int
	Relationship patient.Relationship
}

// AddContact links a person to a number. It gives no consent: that is recorded by itself.
func (s *Service) AddContact(ctx context.Context, scope access.Scope, c Contact) (point patient.ContactPoint, err error) {
	if c.Use == "" {
		c.Use = patient.Mobile
	}
	if c.Relationship == "" {
		c.Relationship = patient.Self
	}
	err = s.write(ctx, scope, func(tx store.Tx) error {
		n, err := readNumber(ctx, tx, c)
		if err != nil {
			return err
		}
		if _, err := tx.People().Get(ctx, c.Person); err != nil {
			return err
		}
		points, err := tx.People().SavePoints(ctx, patient.SMS, []phone.Number{n})
		if err != nil {
			return err
		}
		point = points[0]
		link := store.ContactLink{Person: c.Person, Point: point.ID, Use: c.Use, Rank: max(c.Rank, 1), Relationship: c.Relationship}
		if err := tx.People().Link(ctx, []store.ContactLink{link}); err != nil {
			return err
		}
		return note(ctx, tx, "person.contact", "person", c.Person, "point="+point.ID.String()+" use="+string(c.Use))
	})
	return point, err
}

func readNumber(ctx context.Context, tx store.Tx, c Contact) (phone.Number, error) {
	region := c.Region
	if region == "" {
		o, err := tx.Orgs().Get(ctx)
		if err != nil {
			return phone.Number{}, err
		}
		region = o.Region
	}
	n, err := phone.Parse(c.Number, region)
	if err != nil {
		return n, &errs.Error{Kind: errs.Invalid, Safe: err.Error(), Where: "number", Err: err}
	}
	return n, nil
}

// RemoveContact takes a number away from a person. The number's opt-out, if there is one, stays.
func (s *Service) RemoveContact(ctx context.Context, scope access.Scope, person, point id.ID) error {
	return s.write(ctx, scope, func(tx store.Tx) error {
		if err := tx.People().Unlink(ctx, person, point); err != nil {
			return err
		}
		return note(ctx, tx, "person.contact_removed", "person", person, "point="+point.String())
	})
}

// NumberChecked clears "wrong number" after somebody has made sure whose it is.
func (s *Service) NumberChecked(ctx context.Context, scope access.Scope, point id.ID) error {
	return s.write(ctx, scope, func(tx store.Tx) error {
		if err := tx.People().SetQuarantine(ctx, point, false); err != nil {
			return err
		}
		return note(ctx, tx, "point.checked", "point", point, "")
	})
}
