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
}

func (s *Service) knownVisits(ctx context.Context, sc access.Scope, source id.ID, rows []Row) (k knownVisits, err error) {
	externals, patients := make([]string, len(rows)), make([]string, 0, len(rows))
	for i, r := range rows {
		externals[i] = r.external()
		patients = append(patients, r.Visit.Patient.Reveal())
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
		return err
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
func (k knownVisits) next(r *VisitRow, person id.ID, imp feed.Import) schedule.Appointment {
	v := k.visits[r.ExternalID.Reveal()]
	fresh := v.ID.IsZero()
	v.Person, v.Source, v.ExternalID = person, imp.Source, r.ExternalID
	v.Location, v.Zone = r.Location.ID, r.Location.Zone
	v.Start, v.Wall, v.Status = r.Start, r.Wall, r.Status
	put(fresh || r.Has[FieldMinutes] || r.Has[FieldEnd], &v.Length, r.Length)
	put(r.Has[FieldPractitioner], &v.Practitioner, k.doctors[r.Practitioner])
	put(r.Has[FieldType], &v.Type, k.types[r.Type])
	put(r.Has[FieldReason], &v.Reason, r.Reason)
	put(!r.BookedAt.IsZero(), &v.BookedAt, r.BookedAt)
	if !fresh && !r.Has[FieldStatus] {
		v.Status = k.visits[r.ExternalID.Reveal()].Status
	}
	return v
}

// count adds one visit to what the import would change.
func (c *checker) count(before, after schedule.Appointment, now time.Time) {
	n := &c.imp.Counts
	switch {
	case before.ID.IsZero():
		n.Created++
		if after.Status.Expected() && after.Start.After(now) {
			n.Texts++
		}
	case sameVisit(before, after):
		n.Same++
	default:
		n.Changed++
		coming := before.Status.Expected() && before.Start.After(now)
		switch {
		case coming && after.Status == schedule.Cancelled:
			n.Cancelled++
		case coming && (!before.Start.Equal(after.Start) || before.Location != after.Location):
			n.Moved++
		}
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
