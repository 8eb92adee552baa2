package storetest

import (
	"context"
	"reflect"
	"slices"
	"testing"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/store"
)

// Person is a person with all facts filled in.
func Person(given, family, mrn string) patient.Person {
	return patient.Person{
		Kind: patient.Patient, Status: patient.Active, Language: "pl",
		Facts: patient.Facts{
			GivenName: phi.T(given), FamilyName: phi.T(family), BirthDate: phi.T("1980-02-29"), Sex: "female", Zone: "Europe/Warsaw",
			PreferredChannel: patient.SMS, Note: phi.T("hard of hearing"),
			Identifiers: []patient.Identifier{{System: "mrn", Value: phi.T(mrn)}},
			Tags:        []phi.Text{phi.T("diabetes-group")},
			Conditions:  []patient.Code{{System: "http://snomed.info/sct", Code: phi.T("44054006")}},
		},
	}
}

// Number is a phone number that a test knows to be one.
func Number(t testing.TB, e164 string) phone.Number {
	t.Helper()
	n, err := phone.FromStored(e164)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// AddPeople creates persons.
func AddPeople(t testing.TB, s store.Store, scope access.Scope, in ...patient.Person) (out []patient.Person) {
	t.Helper()
	Write(t, s, scope, func(ctx context.Context, tx store.Tx) (err error) {
		out, err = tx.People().Create(ctx, in)
		return err
	})
	return out
}

// AddPoint links a person to a number and returns the contact point.
func AddPoint(t testing.TB, s store.Store, scope access.Scope, person id.ID, n phone.Number) (p patient.ContactPoint) {
	t.Helper()
	Write(t, s, scope, func(ctx context.Context, tx store.Tx) error {
		points, err := tx.People().SavePoints(ctx, patient.SMS, []phone.Number{n})
		if err != nil {
			return err
		}
		p = points[0]
		return tx.People().Link(ctx, []store.ContactLink{{Person: person, Point: p.ID, Use: patient.Mobile, Rank: 1, Relationship: patient.Self}})
	})
	return p
}

func people(t *testing.T, open Open) {
	s := open(t, clock.NewFixed(Start))
	scope, other := NewOrg(t, s), NewOrg(t, s)
	made := AddPeople(t, s, scope, Person("Zofia", "Łukasiewicz-Nowak", "M-1"), Person("Ann", "Lee", "M-2"), Person("Anna", "Nowak", "M-3"))
	zofia, ann, anna := made[0], made[1], made[2]
	get := func(t *testing.T, scope access.Scope, p id.ID) (got patient.Person, err error) {
		t.Helper()
		err = s.Read(context.Background(), scope, func(tx store.Tx) error { got, err = tx.People().Get(context.Background(), p); return err })
		return got, err
	}
	search := func(t *testing.T, scope access.Scope, q store.PersonQuery) (ids []id.ID) {
		t.Helper()
		Read(t, s, scope, func(ctx context.Context, tx store.Tx) error {
			got, err := tx.People().Search(ctx, q)
			for _, p := range got {
				ids = append(ids, p.ID)
			}
			return err
		})
		return ids
	}

	t.Run("what was stored comes back whole", func(t *testing.T) {
		got, err := get(t, scope, zofia.ID)
		if err != nil || !reflect.DeepEqual(got, zofia) || got.Version != 1 || got.CreatedAt != Start {
			t.Fatalf("got %+v, %v", got, err)
		}
	})
	t.Run("another organization sees nobody", func(t *testing.T) {
		if _, err := get(t, other, zofia.ID); !errs.Is(err, errs.NotFound) {
			t.Fatalf("got %v", err)
		}
		if got := search(t, other, store.PersonQuery{Words: []string{"Zofia"}}); got != nil {
			t.Fatalf("found %v", got)
		}
	})
	t.Run("people are found by what staff type", func(t *testing.T) {
		AddPoint(t, s, scope, ann.ID, Number(t, "+48601000001"))
		for name, c := range map[string]struct {
			q    store.PersonQuery
			want []id.ID
		}{
			"a word":                      {store.PersonQuery{Words: []string{"zofia"}}, []id.ID{zofia.ID}},
			"half of a double name":       {store.PersonQuery{Words: []string{"NOWAK"}}, []id.ID{zofia.ID, anna.ID}},
			"without the accents":         {store.PersonQuery{Words: []string{"lukasiewicz"}}, []id.ID{zofia.ID}},
			"three letters":               {store.PersonQuery{Words: []string{"ann"}}, []id.ID{ann.ID, anna.ID}},
			"four letters":                {store.PersonQuery{Words: []string{"anna"}}, []id.ID{anna.ID}},
			"two words":                   {store.PersonQuery{Words: []string{"ann", "lee"}}, []id.ID{ann.ID}},
			"words of different people":   {store.PersonQuery{Words: []string{"zofia", "lee"}}, nil},
			"an identifier":               {store.PersonQuery{Identifier: phi.T("m-2 ")}, []id.ID{ann.ID}},
			"a number":                    {store.PersonQuery{Number: Number(t, "+48601000001")}, []id.ID{ann.ID}},
			"a birth date and a name":     {store.PersonQuery{BirthDate: phi.T("1980-02-29"), Words: []string{"zofia"}}, []id.ID{zofia.ID}},
			"a wrong birth date":          {store.PersonQuery{BirthDate: phi.T("1981-02-28"), Words: []string{"zofia"}}, nil},
			"five letters":                {store.PersonQuery{Words: []string{"lukas"}}, []id.ID{zofia.ID}},
			"all letters but one":         {store.PersonQuery{Words: []string{"Łukasiewic"}}, []id.ID{zofia.ID}},
			"four letters right, one not": {store.PersonQuery{Words: []string{"lukat"}}, nil},
			"a beginning and a word":      {store.PersonQuery{Words: []string{"lukasie", "zofia"}}, []id.ID{zofia.ID}},
			"nothing at all finds no one": {store.PersonQuery{}, nil},
		} {
			if got := search(t, scope, c.q); !slices.Equal(got, c.want) {
				t.Errorf("%s: got %v, want %v", name, got, c.want)
			}
		}
	})
	t.Run("an update needs the version that is stored", func(t *testing.T) {
		next := zofia
		next.Facts.FamilyName, next.Facts.Identifiers = phi.T("Kowalska"), []patient.Identifier{{System: "mrn", Value: phi.T("M-9")}}
		Write(t, s, scope, func(ctx context.Context, tx store.Tx) error {
			got, err := tx.People().Update(ctx, []patient.Person{next})
			if err == nil && got[0].Version != 2 {
				t.Errorf("version %d", got[0].Version)
			}
			return err
		})
		err := s.InTx(context.Background(), scope, func(tx store.Tx) error {
			_, err := tx.People().Update(context.Background(), []patient.Person{next})
			return err
		})
		if !errs.Is(err, errs.Conflict) {
			t.Fatalf("stale update: %v", err)
		}
		if got := search(t, scope, store.PersonQuery{Words: []string{"lukasiewicz"}}); got != nil {
			t.Errorf("found by the old name: %v", got)
		}
		if got := search(t, scope, store.PersonQuery{Words: []string{"kowalska"}}); !slices.Equal(got, []id.ID{zofia.ID}) {
			t.Errorf("not found by the new name: %v", got)
		}
		Read(t, s, scope, func(ctx context.Context, tx store.Tx) error {
			got, err := tx.People().ByIdentifiers(ctx, "mrn", []string{"M-1", "M-2", "M-9"})
			if len(got) != 2 || got["M-2"] != ann.ID || got["M-9"] != zofia.ID {
				t.Errorf("by identifier: %v", got)
			}
			return err
		})
	})
	t.Run("an identifier belongs to one person", func(t *testing.T) {
		err := s.InTx(context.Background(), scope, func(tx store.Tx) error {
			_, err := tx.People().Create(context.Background(), []patient.Person{Person("Double", "Booked", "M-2")})
			return err
		})
		if !errs.Is(err, errs.Conflict) {
			t.Fatalf("got %v", err)
		}
		AddPeople(t, s, other, Person("Elsewhere", "Allowed", "M-2"))
	})
	t.Run("pages rise and end", func(t *testing.T) {
		Read(t, s, scope, func(ctx context.Context, tx store.Tx) error {
			var seen []id.ID
			for p := (store.Page{Limit: 2}); ; {
				got, err := tx.People().List(ctx, p)
				if err != nil || len(got) == 0 {
					if want := []id.ID{zofia.ID, ann.ID, anna.ID}; !slices.Equal(seen, want) {
						t.Errorf("got %v, want %v", seen, want)
					}
					return err
				}
				for _, x := range got {
					seen = append(seen, x.ID)
				}
				p.After = seen[len(seen)-1]
			}
		})
	})
}

func points(t *testing.T, open Open) {
	s := open(t, clock.NewFixed(Start))
	scope, other := NewOrg(t, s), NewOrg(t, s)
	made := AddPeople(t, s, scope, Person("Mother", "Nowak", "1"), Person("Child", "Nowak", "2"))
	mother, child := made[0].ID, made[1].ID
	n1, n2 := Number(t, "+48601000001"), Number(t, "+48601000002")
	first := AddPoint(t, s, scope, mother, n1)
	point := func(t *testing.T) (p patient.ContactPoint) {
		t.Helper()
		Read(t, s, scope, func(ctx context.Context, tx store.Tx) (err error) {
			p, err = tx.People().PointByNumber(ctx, patient.SMS, n1)
			return err
		})
		return p
	}

	t.Run("a number is one contact point of an organization", func(t *testing.T) {
		again := AddPoint(t, s, scope, child, n1)
		if again.ID != first.ID || again.Number != n1 {
			t.Fatalf("got %v, want %v", again.ID, first.ID)
		}
		Read(t, s, scope, func(ctx context.Context, tx store.Tx) error {
			at, err := tx.People().PeopleAt(ctx, first.ID)
			if len(at) != 2 {
				t.Errorf("%d people", len(at))
			}
			return err
		})
		elsewhere := AddPeople(t, s, other, Person("Other", "Org", "1"))
		if p := AddPoint(t, s, other, elsewhere[0].ID, n1); p.ID == first.ID {
			t.Error("shared with another organization")
		}
	})
	t.Run("many numbers at once keep their order", func(t *testing.T) {
		Write(t, s, scope, func(ctx context.Context, tx store.Tx) error {
			got, err := tx.People().SavePoints(ctx, patient.SMS, []phone.Number{n2, n1, n2})
			if err == nil && (got[1].ID != first.ID || got[0] != got[2] || got[0].Number != n2) {
				t.Errorf("got %+v", got)
			}
			return err
		})
	})
	t.Run("a link that changes nothing keeps the revision", func(t *testing.T) {
		before := point(t).Revision
		link := store.ContactLink{Person: mother, Point: first.ID, Use: patient.Mobile, Rank: 1, Relationship: patient.Self}
		relink := func() {
			Write(t, s, scope, func(ctx context.Context, tx store.Tx) error { return tx.People().Link(ctx, []store.ContactLink{link}) })
		}
		relink()
		if got := point(t).Revision; got != before {
			t.Errorf("revision %d after no change, was %d", got, before)
		}
		link.Rank = 2
		relink()
		if got := point(t).Revision; got != before+1 {
			t.Errorf("revision %d after a change, was %d", got, before)
		}
	})
	t.Run("quarantine raises the revision, the sender that is kept does not", func(t *testing.T) {
		before, sender := point(t).Revision, id.New()
		Write(t, s, scope, func(ctx context.Context, tx store.Tx) error { return tx.People().SetSticky(ctx, first.ID, sender) })
		if p := point(t); p.Revision != before || p.StickySender != sender {
			t.Errorf("got %+v", p)
		}
		Write(t, s, scope, func(ctx context.Context, tx store.Tx) error { return tx.People().SetQuarantine(ctx, first.ID, true) })
		if p := point(t); p.Revision != before+1 || !p.Quarantined {
			t.Errorf("got %+v", p)
		}
	})
	t.Run("a point of another organization cannot be linked", func(t *testing.T) {
		err := s.InTx(context.Background(), other, func(tx store.Tx) error {
			return tx.People().Link(context.Background(), []store.ContactLink{{Person: mother, Point: first.ID}})
		})
		if !errs.Is(err, errs.NotFound) {
			t.Fatalf("got %v", err)
		}
	})
	t.Run("contacts come best first", func(t *testing.T) {
		AddPoint(t, s, scope, mother, n2)
		Read(t, s, scope, func(ctx context.Context, tx store.Tx) error {
			of, err := tx.People().ContactsOf(ctx, []id.ID{mother, child})
			if len(of[mother]) != 2 || of[mother][0].Point.Number != n2 || len(of[child]) != 1 {
				t.Errorf("got %+v", of)
			}
			return err
		})
	})
}

func erasure(t *testing.T, open Open) {
	s := open(t, clock.NewFixed(Start))
	scope := NewOrg(t, s)
	made := AddPeople(t, s, scope, Person("Gone", "Forever", "1"), Person("Still", "Here", "2"))
	n1, n2 := Number(t, "+48601000001"), Number(t, "+48601000002")
	alone, shared := AddPoint(t, s, scope, made[0].ID, n1), AddPoint(t, s, scope, made[0].ID, n2)
	AddPoint(t, s, scope, made[1].ID, n2)
	OptOut(t, s, scope, alone.ID, Start)

	Write(t, s, scope, func(ctx context.Context, tx store.Tx) error { return tx.People().Erase(ctx, made[0].ID) })
	Read(t, s, scope, func(ctx context.Context, tx store.Tx) error {
		got, err := tx.People().Get(ctx, made[0].ID)
		if err != nil || !reflect.DeepEqual(got.Facts, patient.Facts{}) || got.Status != patient.Inactive {
			t.Errorf("left: %+v, %v", got.Facts, err)
		}
		for _, q := range []store.PersonQuery{{Words: []string{"forever"}}, {Identifier: phi.T("1")}, {BirthDate: phi.T("1980-02-29")}} {
			for _, p := range must(tx.People().Search(ctx, q)) {
				if p.ID == made[0].ID {
					t.Errorf("still found by %d words", len(q.Words))
				}
			}
		}
		left, err := tx.People().Points(ctx, []id.ID{alone.ID, shared.ID})
		if err != nil || !left[0].Number.IsZero() || left[1].Number != n2 {
			t.Errorf("points: %+v, %v", left, err)
		}
		return err
	})
	t.Run("an opt-out outlives the person", func(t *testing.T) {
		back := AddPeople(t, s, scope, Person("New", "Owner", "3"))
		p := AddPoint(t, s, scope, back[0].ID, n1)
		if p.ID != alone.ID || p.OptedOutAt == nil || p.Number != n1 {
			t.Fatalf("got %+v", p)
		}
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
