package intake

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/feed"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/store"
)

// knownVisits is what is stored of the visits, patients, doctors and types that a page of rows names.
type knownVisits struct {
	visits  map[string]schedule.Appointment
	people  map[string]id.ID
	doctors map[string]id.ID
	types   map[string]id.ID
	now     time.Time
	// undone are imports that were taken back; a visit that one of them created may come again.
	undone map[id.ID]bool
}

// prepareVisits looks up a page of visits, and finds those of patients that nobody knows.
func (s *Service) prepareVisits(sc access.Scope, imp feed.Import) func(context.Context, []Row) (knownVisits, error) {
	return func(ctx context.Context, rows []Row) (knownVisits, error) {
		known, err := s.knownVisits(ctx, sc, imp.Source, rows)
		if err != nil {
			return known, err
		}
		for i := range rows {
			r := &rows[i]
			if len(r.Bad) > 0 {
				continue
			}
			if _, ok := known.people[r.Visit.Patient.Reveal()]; !ok {
				r.Bad = append(r.Bad, Problem{Line: r.Line, Column: r.Visit.PatientHeader, Code: NoPatient, Value: r.Visit.Patient,
					Say: "no patient of this source has this id; import the patients first, or correct the id"})
			}
		}
		return known, nil
	}
}

// takenBack finds which of the visits' imports were undone.
func (k *knownVisits) takenBack(ctx context.Context, tx store.Tx) error {
	k.undone = map[id.ID]bool{}
	asked := map[id.ID]bool{}
	for _, v := range k.visits {
		if v.Status != schedule.EnteredInError || v.Import.IsZero() || asked[v.Import] {
			continue
		}
		asked[v.Import] = true
		imp, err := tx.Imports().Get(ctx, v.Import)
		if err != nil {
			return err
		}
		k.undone[imp.ID] = imp.State == feed.Undone
	}
	return nil
}

func (s *Service) knownVisits(ctx context.Context, sc access.Scope, source id.ID, rows []Row) (k knownVisits, err error) {
	externals, patients := make([]string, 0, len(rows)), make([]string, 0, len(rows))
	for _, r := range rows {
		if r.Visit != nil {
			externals = append(externals, r.external())
			patients = append(patients, r.Visit.Patient.Reveal())
		}
	}
	err = s.store.Read(ctx, sc, func(tx store.Tx) error {
		k.now = tx.Now()
		if k.visits, err = tx.Visits().ByExternal(ctx, source, externals); err != nil {
			return err
		}
		if k.people, err = tx.People().ByIdentifiers(ctx, ExternalSystem(source), patients); err != nil {
			return err
		}
		doctors, err := tx.Orgs().Practitioners(ctx)
		if err != nil {
			return err
		}
		types, err := tx.Visits().Types(ctx)
		k.doctors, k.types = byName(doctors, types)
		if err != nil {
			return err
		}
		return k.takenBack(ctx, tx)
	})
	return k, err
}

func byName(doctors []org.Practitioner, types []schedule.VisitType) (d, t map[string]id.ID) {
	d, t = map[string]id.ID{}, map[string]id.ID{}
	for _, p := range doctors {
		d[p.Name] = p.ID
		if p.ExternalID != "" {
			d[p.ExternalID] = p.ID
		}
	}
	for _, v := range types {
		t[v.Name] = v.ID
		if v.ExternalID != "" {
			t[v.ExternalID] = v.ID
		}
	}
	return d, t
}

// next is the visit as the row has it. What the file does not say stays as it was.
func (k knownVisits) next(r *VisitRow, imp feed.Import) schedule.Appointment {
	v := k.visits[r.ExternalID.Reveal()]
	fresh := v.ID.IsZero()
	v.Person, v.Source, v.ExternalID = k.people[r.Patient.Reveal()], imp.Source, r.ExternalID
	v.Location, v.Zone = r.Location.ID, r.Location.Zone
	v.Start, v.Wall = r.Start, r.Wall
	put(fresh || r.Has[FieldMinutes] || r.Has[FieldEnd], &v.Length, r.Length)
	put(r.Has[FieldPractitioner], &v.Practitioner, k.doctors[r.Practitioner])
	put(r.Has[FieldType], &v.Type, k.types[r.Type])
	put(r.Has[FieldReason], &v.Reason, r.Reason)
	put(!r.BookedAt.IsZero(), &v.BookedAt, r.BookedAt)
	put(fresh || k.undone[v.Import] && v.Status == schedule.EnteredInError, &v.Status, schedule.Booked)
	put(r.Status != "", &v.Status, r.Status)
	return v
}

// change is what a row does to a visit, as counts and holds see it.
type change int

const (
	nothing change = iota
	created
	altered
	moved
	cancelled
)

// changes compares a visit before and after. Only a visit that was still expected can be moved or cancelled.
func changes(before, after *schedule.Appointment, now time.Time) change {
	coming := before.Status.Expected() && before.Start.After(now)
	switch {
	case before.ID.IsZero():
		return created
	case sameVisit(*before, *after):
		return nothing
	case coming && (after.Status == schedule.Cancelled || after.Status == schedule.EnteredInError):
		return cancelled
	case coming && (!before.Start.Equal(after.Start) || before.Location != after.Location || before.Practitioner != after.Practitioner):
		return moved
	}
	return altered
}

// texts reports whether a journey would newly write about the visit.
func texts(before, after *schedule.Appointment, now time.Time) bool {
	newly := before.ID.IsZero() || !before.Status.Expected()
	return newly && after.Status.Expected() && after.Start.After(now)
}

// tally adds one visit to the counts.
func tally(n *feed.Counts, before, after *schedule.Appointment, now time.Time) {
	switch changes(before, after, now) {
	case nothing:
		n.Same++
	case created:
		n.Created++
	case moved:
		n.Changed, n.Moved = n.Changed+1, n.Moved+1
	case cancelled:
		n.Changed, n.Cancelled = n.Changed+1, n.Cancelled+1
	case altered:
		n.Changed++
	}
	if texts(before, after, now) {
		n.Texts++
	}
}

// sameVisit compares what an import may write.
func sameVisit(a, b schedule.Appointment) bool {
	return a.Person == b.Person && a.Location == b.Location && a.Practitioner == b.Practitioner && a.Type == b.Type &&
		a.Status == b.Status && a.Start.Equal(b.Start) && a.Length == b.Length && a.Zone == b.Zone && a.Wall == b.Wall &&
		a.Reason == b.Reason && a.BookedAt.Equal(b.BookedAt)
}

func dayBounds(day, zone string) (from, to time.Time, err error) {
	z, err := time.LoadLocation(zone)
	if err != nil {
		return from, to, errs.Wrap(errs.Internal, "a location has a time zone that does not exist; mend it in the settings", err)
	}
	d, err := time.ParseInLocation(time.DateOnly, day, z)
	return d, d.AddDate(0, 0, 1), err
}
