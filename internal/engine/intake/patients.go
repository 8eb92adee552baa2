package intake

import (
	"context"
	"reflect"
	"slices"
	"strings"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/feed"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/store"
)

// knownPeople is what is stored of the people that a page of rows names.
type knownPeople struct {
	people   map[string]patient.Person // by external id
	contacts map[id.ID][]patient.Contact
	records  map[string]id.ID // by record number
}

// preparePeople looks up a page of patients, and finds record numbers that others have.
func (s *Service) preparePeople(sc access.Scope, imp feed.Import) func(context.Context, []Row) (knownPeople, error) {
	return func(ctx context.Context, rows []Row) (knownPeople, error) {
		known, err := s.knownPeople(ctx, sc, imp.Source, rows)
		if err != nil {
			return known, err
		}
		for i := range rows {
			r := &rows[i]
			if known.people[r.external()].Unreadable {
				r.Bad = append(r.Bad, Problem{Line: r.Line, Code: Unreadable,
					Say: "what is stored of this patient does not open, so nothing may be written over it: tell who runs the server"})
			}
			if len(r.Bad) > 0 || r.Patient.MRN.IsEmpty() {
				continue
			}
			if owner, taken := known.records[r.Patient.MRN.Reveal()]; taken && owner != known.people[r.external()].ID {
				r.Bad = append(r.Bad, Problem{Line: r.Line, Column: r.Patient.RecordHeader, Code: IDTaken, Value: r.Patient.MRN,
					Say: "another patient has this record number; correct it, or put the two records together first"})
			}
		}
		return known, nil
	}
}

func (s *Service) knownPeople(ctx context.Context, sc access.Scope, source id.ID, rows []Row) (k knownPeople, err error) {
	names, records := make([]string, 0, len(rows)), make([]string, 0, len(rows))
	for _, r := range rows {
		if r.Patient == nil {
			continue
		}
		names = append(names, r.external())
		if !r.Patient.MRN.IsEmpty() {
			records = append(records, r.Patient.MRN.Reveal())
		}
	}
	k.people = map[string]patient.Person{}
	err = s.store.Read(ctx, sc, func(tx store.Tx) error {
		if k.records, err = tx.People().ByIdentifiers(ctx, RecordSystem, records); err != nil {
			return err
		}
		ids, err := tx.People().ByIdentifiers(ctx, ExternalSystem(source), names)
		if err != nil || len(ids) == 0 {
			return err
		}
		list := make([]id.ID, 0, len(ids))
		for _, p := range ids {
			list = append(list, p)
		}
		people, err := tx.People().ByIDs(ctx, list)
		if err != nil {
			return err
		}
		byID := map[id.ID]patient.Person{}
		for _, p := range people {
			byID[p.ID] = p
		}
		for name, p := range ids {
			k.people[name] = byID[p]
		}
		k.contacts, err = tx.People().ContactsOf(ctx, list)
		return err
	})
	return k, err
}

// asItIs reports whether the row would change nothing about the person.
func (k knownPeople) asItIs(have patient.Person, row *PatientRow, source id.ID) bool {
	if have.Source != source {
		return true // somebody else owns this person
	}
	return samePerson(have, merge(have, row, source)) && k.reachedBy(have.ID, row)
}

// reachedBy reports whether every number of the row is linked to the person already.
func (k knownPeople) reachedBy(person id.ID, row *PatientRow) bool {
	for _, n := range row.numbers() {
		if !k.linked(person, n) {
			return false
		}
	}
	return true
}

func (k knownPeople) linked(person id.ID, n contact) bool {
	return slices.ContainsFunc(k.contacts[person], func(c patient.Contact) bool {
		return c.Point.Number == n.number && c.Use == n.use && c.Relationship == n.relation
	})
}

// added are the numbers that a row would link.
func (k knownPeople) added(person id.ID, row *PatientRow) (out []phone.Number) {
	for _, n := range row.numbers() {
		if !slices.ContainsFunc(k.contacts[person], func(c patient.Contact) bool { return c.Point.Number == n.number }) {
			out = append(out, n.number)
		}
	}
	return out
}

// replaced are the numbers that a row's new ones take the place of: a source that states another number for the
// same use and relationship says that the old one is not theirs any more, and a text to it would reach a stranger.
func (k knownPeople) replaced(person id.ID, row *PatientRow) []patient.Contact {
	var out []patient.Contact
	stated := row.numbers()
	for _, n := range stated {
		if k.linked(person, n) {
			continue
		}
		for _, c := range k.contacts[person] {
			if c.Use == n.use && c.Relationship == n.relation && c.Rank == n.rank &&
				!slices.ContainsFunc(stated, func(o contact) bool { return o.number == c.Point.Number }) {
				out = append(out, c)
			}
		}
	}
	return out
}

// contact is a number that a row states.
type contact struct {
	number   phone.Number
	use      patient.Use
	rank     int
	relation patient.Relationship
}

func (r *PatientRow) numbers() []contact {
	var out []contact
	if !r.Mobile.IsZero() {
		out = append(out, contact{r.Mobile, patient.Mobile, 1, r.Relation})
	}
	if !r.Phone2.IsZero() && r.Phone2 != r.Mobile {
		out = append(out, contact{r.Phone2, patient.Home, 2, r.Relation})
	}
	return out
}

// RecordSystem is the identifier that a record number is kept under; takenBackSystem marks a person whose creation
// was undone.
const (
	RecordSystem    = "mrn"
	takenBackSystem = "import:taken-back"
)

// merge writes the row's fields over a person. Only columns that the file has are touched, and only when the
// person is new or belongs to this source: a field has one owner.
func merge(p patient.Person, r *PatientRow, source id.ID) patient.Person {
	fresh := p.ID.IsZero()
	if fresh {
		p.Kind, p.Status, p.Source = patient.Patient, patient.Active, source
		p.Facts.PreferredChannel = patient.SMS
	}
	if !fresh && p.Source != source {
		return p
	}
	p.Facts.Identifiers = slices.Clone(p.Facts.Identifiers)
	p.SetIdentifier(ExternalSystem(source), r.ExternalID)
	if r.Has[FieldMRN] {
		p.SetIdentifier(RecordSystem, r.MRN)
	}
	if !p.Identifier(takenBackSystem).IsEmpty() { // an undo took this person back; the file brings them again
		p.SetIdentifier(takenBackSystem, phi.Text{})
		p.Status = patient.Active
	}
	if !r.Given.IsEmpty() || !r.Family.IsEmpty() {
		p.Facts.GivenName, p.Facts.FamilyName = r.Given, r.Family
	}
	put(r.Has[FieldBirthDate], &p.Facts.BirthDate, r.BirthDate)
	put(r.Has[FieldSex], &p.Facts.Sex, r.Sex)
	put(r.Has[FieldLanguage] && r.Language != "", &p.Language, r.Language)
	put(r.Has[FieldChannel] && r.Channel != "", &p.Facts.PreferredChannel, r.Channel)
	put(r.Has[FieldTags], &p.Facts.Tags, r.Tags)
	put(r.Has[FieldConditions], &p.Facts.Conditions, r.Conditions)
	put(r.Has[FieldMedications], &p.Facts.Medications, r.Medications)
	mergeAddress(&p.Facts.Address, r)
	put(r.Location != nil && (r.Has[FieldLocation] || fresh), &p.Location, locationID(r))
	put(r.Status != "" && p.Status != patient.Deceased, &p.Status, r.Status)
	return p
}

func mergeAddress(a *patient.Address, r *PatientRow) {
	put(r.Has[FieldAddress], &a.Line, r.Address.Line)
	put(r.Has[FieldCity], &a.City, r.Address.City)
	put(r.Has[FieldPostalCode], &a.PostalCode, r.Address.PostalCode)
	put(r.Has[FieldCountry] && r.Address.Country != "", &a.Country, r.Address.Country)
}

func locationID(r *PatientRow) id.ID {
	if r.Location == nil {
		return id.ID{}
	}
	return r.Location.ID
}

func put[T any](has bool, to *T, v T) {
	if has {
		*to = v
	}
}

// samePerson compares what an import may write.
func samePerson(a, b patient.Person) bool {
	return a.Status == b.Status && a.Language == b.Language && a.Location == b.Location && sameFacts(a.Facts, b.Facts)
}

func sameFacts(a, b patient.Facts) bool {
	order := func(f *patient.Facts) {
		f.Identifiers = slices.Clone(f.Identifiers)
		slices.SortFunc(f.Identifiers, func(x, y patient.Identifier) int { return strings.Compare(x.System, y.System) })
		f.Tags = append([]phi.Text{}, f.Tags...)
		f.Conditions = append([]patient.Code{}, f.Conditions...)
		f.Medications = append([]patient.Code{}, f.Medications...)
	}
	order(&a)
	order(&b)
	return reflect.DeepEqual(a, b)
}
