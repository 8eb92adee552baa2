package intake

import (
	"context"
	"reflect"
	"slices"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/store"
)

// knownPeople is what is stored of the people that a page of rows names.
type knownPeople struct {
	people   map[string]patient.Person // by external id
	contacts map[id.ID][]patient.Contact
}

func (s *Service) knownPeople(ctx context.Context, sc access.Scope, source id.ID, rows []Row) (k knownPeople, err error) {
	names := make([]string, len(rows))
	for i, r := range rows {
		names[i] = r.external()
	}
	k.people = map[string]patient.Person{}
	err = s.store.Read(ctx, sc, func(tx store.Tx) error {
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

// reachedBy reports whether every number of the row is linked to the person already.
func (k knownPeople) reachedBy(person id.ID, row *PatientRow) bool {
	for _, n := range row.numbers() {
		if !slices.ContainsFunc(k.contacts[person], func(c patient.Contact) bool {
			return c.Point.Number == n.number && c.Use == n.use && c.Relationship == n.relation
		}) {
			return false
		}
	}
	return true
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
		p.SetIdentifier("mrn", r.MRN)
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
	put(r.Location != nil && (r.Has[FieldLocation] || fresh), &p.Location, locationID(r))
	if (r.Has[FieldStatus] || r.Has[FieldDeceased]) && p.Status != patient.Deceased {
		p.Status = r.Status
	}
	return p
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
		slices.SortFunc(f.Identifiers, func(x, y patient.Identifier) int {
			if x.System < y.System {
				return -1
			}
			return 1
		})
		f.Tags = append([]phi.Text{}, f.Tags...)
		f.Conditions = append([]patient.Code{}, f.Conditions...)
	}
	order(&a)
	order(&b)
	return reflect.DeepEqual(a, b)
}
