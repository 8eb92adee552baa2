package audience

import (
	"context"
	"encoding/csv"
	"io"
	"strings"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audience"
	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/engine/intake"
	"carillon.dev/carillon/internal/store"
)

// Calls puts everybody of a saved audience whom no text reaches, or who prefers a call, on the call list, and says how
// many there are. Somebody who stands there for this audience already is not added twice; how a call ended is recorded
// on the list.
func (s *Service) Calls(ctx context.Context, scope access.Scope, a id.ID) (int, error) {
	if err := may(scope, access.ReadPatients, access.SendMessages); err != nil {
		return 0, err
	}
	got, rule, err := s.saved(ctx, scope, a)
	if err != nil {
		return 0, err
	}
	err = s.store.InTx(ctx, scope, func(tx store.Tx) error {
		return note(ctx, tx, "audience.calls", a, "version="+itoa(got.Version))
	})
	if err != nil {
		return 0, err
	}
	n := 0
	page := func(members []Member) error {
		var tasks []conversation.Task
		for i := range members {
			if m := &members[i]; m.Way == audience.ByCall {
				tasks = append(tasks, callOf(a, m))
			}
		}
		n += len(tasks)
		return s.store.InTx(ctx, scope, func(tx store.Tx) error { return tx.Tasks().Add(ctx, tasks) }, store.Bulk)
	}
	if _, err := s.Evaluate(ctx, scope, Question{Rule: rule, Purpose: got.Purpose}, Sinks{Page: page}); err != nil {
		return n, err
	}
	return n, s.store.InTx(ctx, scope, func(tx store.Tx) error {
		return note(ctx, tx, "audience.calls_done", a, "version="+itoa(got.Version)+" rows="+itoa(int64(n)))
	})
}

func callOf(a id.ID, m *Member) conversation.Task {
	t := conversation.Task{Kind: conversation.CallPatient, Person: m.Person.ID, Location: m.Person.Location, Audience: a, Reason: string(m.Why)}
	if m.Contact != nil {
		t.Point = m.Contact.Point.ID
	}
	return t
}

func (s *Service) saved(ctx context.Context, scope access.Scope, a id.ID) (got audience.Audience, rule string, err error) {
	if got, err = s.Get(ctx, scope, a, 0); err != nil {
		return got, "", err
	}
	rule, err = ruleOf(&got)
	return got, rule, err
}

// letterHead are the columns of a letter file.
var letterHead = []string{"given_name", "family_name", "address", "city", "postal_code", "country", "language", "location", "patient"}

// Letters writes everybody of a saved audience who is reached by a letter as a CSV file for mail merge (UTF-8 with a
// mark, one line each, in no particular order), and says how many there are. The export is in the audit log before
// the first name leaves.
func (s *Service) Letters(ctx context.Context, scope access.Scope, a id.ID, to io.Writer) (int, error) {
	if err := may(scope, access.ReadPatients, access.SendMessages); err != nil {
		return 0, err
	}
	got, rule, err := s.saved(ctx, scope, a)
	if err != nil {
		return 0, err
	}
	sites := map[id.ID]string{}
	err = s.store.InTx(ctx, scope, func(tx store.Tx) error {
		locations, err := tx.Orgs().Locations(ctx)
		for _, l := range locations {
			sites[l.ID] = l.Name
		}
		if err != nil {
			return err
		}
		return note(ctx, tx, "audience.letters", a, "version="+itoa(got.Version))
	})
	if err != nil {
		return 0, err
	}
	if _, err := io.WriteString(to, "\ufeff"); err != nil {
		return 0, notWritten(err)
	}
	file := csv.NewWriter(to)
	file.UseCRLF = true
	_ = file.Write(letterHead) // told by Error below
	n := 0
	page := func(members []Member) error {
		for i := range members {
			if m := &members[i]; m.Way == audience.ByLetter {
				n++
				_ = file.Write(letterOf(m, sites[m.Person.Location]))
			}
		}
		file.Flush()
		return notWritten(file.Error())
	}
	_, err = s.Evaluate(ctx, scope, Question{Rule: rule, Purpose: got.Purpose}, Sinks{Page: page})
	file.Flush()
	if err == nil {
		err = notWritten(file.Error())
	}
	return n, err
}

func notWritten(err error) error {
	return errs.Wrap(errs.Unavailable, "the file could not be written", err)
}

func letterOf(m *Member, site string) []string {
	f := &m.Person.Facts
	row := []string{f.GivenName.Reveal(), f.FamilyName.Reveal(), f.Address.Line.Reveal(), f.Address.City.Reveal(), f.Address.PostalCode.Reveal(),
		f.Address.Country, m.Person.Language, site, m.Person.ID.String()}
	for i := range row {
		row[i] = oneLine(row[i])
	}
	return row
}

// oneLine is a cell of a merge file: line breaks become commas, and nothing is taken for a formula, not even after
// spaces that a program drops.
func oneLine(s string) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune("\n\r\v\f\u2028\u2029", r) }), ", ")
	return intake.SafeCell(strings.TrimSpace(s))
}

// SetPlaces replaces where the organization's locations (by name) and postal areas are, for rules about distance.
func (s *Service) SetPlaces(ctx context.Context, scope access.Scope, places []NamedPlace) error {
	if err := may(scope, access.ManageSettings); err != nil {
		return err
	}
	return s.store.InTx(ctx, scope, func(tx store.Tx) error {
		w, err := world(ctx, tx)
		if err != nil {
			return err
		}
		rows := make([]store.Place, 0, len(places))
		seen := map[string]bool{}
		for _, p := range places {
			row, err := p.row(&w.Names)
			if err != nil {
				return err
			}
			if key := row.Location.String() + row.Area.Country + " " + row.Area.Prefix; seen[key] {
				return errs.New(errs.Invalid, "this place comes twice").At("line " + itoa(int64(p.Line)))
			} else {
				seen[key] = true
			}
			rows = append(rows, row)
		}
		if err := tx.Audiences().SetPlaces(ctx, rows); err != nil {
			return err
		}
		return note(ctx, tx, "audience.places", tx.Scope().Org(), "rows="+itoa(int64(len(rows))))
	})
}

// NamedPlace is a line of a file of places: a location by name, or a postal area by country and prefix.
type NamedPlace struct {
	Line     int
	Location string
	Country  string
	Prefix   string
	At       audience.Coord
}

func (p *NamedPlace) row(names *audience.Names) (store.Place, error) {
	where := "line " + itoa(int64(p.Line))
	out := store.Place{Area: audience.Area{At: p.At}}
	if !p.At.Valid() {
		return out, errs.New(errs.Invalid, "latitude is from -90 to 90 and longitude from -180 to 180").At(where)
	}
	if p.Location != "" {
		found := names.Locations[p.Location]
		if len(found) != 1 {
			return out, errs.New(errs.Invalid, "there is no location with this name").At(where)
		}
		out.Location = found[0]
		return out, nil
	}
	out.Area.Country, out.Area.Prefix = strings.ToUpper(strings.TrimSpace(p.Country)), audience.PlainPostal(p.Prefix)
	if len(out.Area.Country) != 2 || out.Area.Prefix == "" {
		return out, errs.New(errs.Invalid, "give a location's name, or a country in two letters and the beginning of a postal code").At(where)
	}
	return out, nil
}
