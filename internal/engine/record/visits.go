package record

import (
	"context"
	"fmt"
	"slices"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/store"
)

// Booking is a visit to be made.
type Booking struct {
	Person       id.ID
	Location     id.ID
	Practitioner id.ID
	Type         id.ID
	Start        time.Time
	Length       time.Duration
	Reason       phi.Text
}

// Book makes a visit and begins its journeys.
func (s *Service) Book(ctx context.Context, scope access.Scope, b Booking) (v schedule.Appointment, err error) {
	err = s.write(ctx, scope, func(tx store.Tx) error {
		site, err := siteOf(ctx, tx, b.Location)
		if err != nil {
			return err
		}
		if _, err := tx.People().Get(ctx, b.Person); err != nil {
			return err
		}
		if !b.Start.After(tx.Now()) {
			return errs.New(errs.Invalid, "a visit begins in the future").At("start")
		}
		if !schedule.Believable(b.Start) {
			return errs.New(errs.Invalid, "no visit is that far away: look at the year").At("start")
		}
		if err := ours(ctx, tx, b.Practitioner, b.Type); err != nil {
			return err
		}
		v = schedule.Appointment{Person: b.Person, Location: b.Location, Practitioner: b.Practitioner, Type: b.Type, Reason: b.Reason,
			Status: schedule.Booked, Start: b.Start, Length: b.Length, BookedAt: tx.Now()}
		v.Zone, v.Wall = site.Zone, wall(b.Start, site.Zone)
		made, err := tx.Visits().Create(ctx, []schedule.Appointment{v})
		if err != nil {
			return err
		}
		v = made[0]
		return tell(ctx, tx, &v, "visit.book", false)
	})
	return v, err
}

func siteOf(ctx context.Context, tx store.Tx, location id.ID) (org.Location, error) {
	if location.IsZero() {
		return org.Location{}, errs.New(errs.Invalid, "say at which site the visit is").At("location")
	}
	return tx.Orgs().Location(ctx, location)
}

// ours refuses a practitioner or a kind of visit that the organization does not have; zero is none.
func ours(ctx context.Context, tx store.Tx, practitioner, kind id.ID) error {
	if !practitioner.IsZero() {
		all, err := tx.Orgs().Practitioners(ctx)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(all, func(p org.Practitioner) bool { return p.ID == practitioner }) {
			return errs.New(errs.NotFound, "there is no such practitioner").At("practitioner")
		}
	}
	if kind.IsZero() {
		return nil
	}
	all, err := tx.Visits().Types(ctx)
	if err == nil && !slices.ContainsFunc(all, func(t schedule.VisitType) bool { return t.ID == kind }) {
		err = errs.New(errs.NotFound, "there is no such kind of visit").At("type")
	}
	return err
}

// wall is the time as the calendar shows it.
func wall(t time.Time, zone string) string {
	l, err := time.LoadLocation(zone)
	if err != nil {
		l = time.UTC
	}
	return t.In(l).Format("2006-01-02T15:04")
}

// Move is another time or place for a visit.
type Move struct {
	Visit   id.ID
	Version int64     // that was looked at
	Start   time.Time // zero keeps it
	// Location and Practitioner: zero keeps them.
	Location     id.ID
	Practitioner id.ID
	// PatientKnows: the patient asked for it or was told in person; no text tells it again.
	PatientKnows bool
}

// MoveVisit changes time, place or practitioner. Waiting texts about the old time are cancelled in the same
// transaction; what follows for the patient settles for two minutes.
func (s *Service) MoveVisit(ctx context.Context, scope access.Scope, m Move) (schedule.Appointment, error) {
	return s.change(ctx, scope, m.Visit, m.Version, "visit.move", m.PatientKnows, func(tx store.Tx, v *schedule.Appointment) error {
		if v.Status.Over() {
			return errs.Newf(errs.Precondition, "a visit that is %s cannot move; book another", v.Status)
		}
		if !m.Location.IsZero() {
			v.Location = m.Location
		}
		if !m.Practitioner.IsZero() {
			v.Practitioner = m.Practitioner
		}
		if err := ours(ctx, tx, m.Practitioner, id.ID{}); err != nil {
			return err
		}
		if !m.Start.IsZero() {
			if !m.Start.After(tx.Now()) {
				return errs.New(errs.Invalid, "a visit begins in the future").At("start")
			}
			if !schedule.Believable(m.Start) {
				return errs.New(errs.Invalid, "no visit is that far away: look at the year").At("start")
			}
			v.Start = m.Start
		}
		site, err := siteOf(ctx, tx, v.Location)
		if err != nil {
			return err
		}
		v.Zone, v.Wall = site.Zone, wall(v.Start, site.Zone)
		return nil
	})
}

// CancelVisit cancels a visit; with patientKnows no text tells it.
func (s *Service) CancelVisit(ctx context.Context, scope access.Scope, visit id.ID, version int64, patientKnows bool) (schedule.Appointment, error) {
	return s.change(ctx, scope, visit, version, "visit.cancel", patientKnows, func(_ store.Tx, v *schedule.Appointment) error {
		if v.Status.Over() {
			return errs.Newf(errs.Precondition, "the visit is %s already", v.Status)
		}
		v.Status = schedule.Cancelled
		return nil
	})
}

// MarkVisit records that the patient arrived, was seen, or did not come; or that a cancelled visit takes place
// after all.
func (s *Service) MarkVisit(ctx context.Context, scope access.Scope, visit id.ID, version int64, to schedule.Status) (schedule.Appointment, error) {
	return s.change(ctx, scope, visit, version, "visit.mark", false, func(_ store.Tx, v *schedule.Appointment) error {
		if !mayBecome(v.Status, to) {
			return errs.Newf(errs.Precondition, "a visit that is %s cannot become %s", v.Status, to).At("status")
		}
		v.Status = to
		return nil
	})
}

// mayBecome are the moves that staff make by hand.
func mayBecome(from, to schedule.Status) bool {
	switch to {
	case schedule.Arrived, schedule.CheckedIn, schedule.NoShow:
		return from.Expected() || from == schedule.Arrived || from == schedule.NoShow
	case schedule.Fulfilled:
		return from != schedule.Cancelled && from != schedule.EnteredInError
	case schedule.Booked:
		return from != schedule.Booked
	case schedule.EnteredInError:
		return true
	}
	return false
}

func (s *Service) change(ctx context.Context, scope access.Scope, visit id.ID, version int64, action string, patientKnows bool,
	do func(store.Tx, *schedule.Appointment) error) (v schedule.Appointment, err error) {
	err = s.write(ctx, scope, func(tx store.Tx) error {
		if v, err = tx.Visits().Get(ctx, visit); err != nil {
			return err
		}
		if err := keptHere(ctx, tx, &v); err != nil {
			return err
		}
		v.Version = version
		if err := do(tx, &v); err != nil {
			return err
		}
		v, err = update(ctx, tx, v, action, patientKnows)
		return err
	})
	return v, err
}

// keptHere refuses to change what another system would change back.
func keptHere(ctx context.Context, tx store.Tx, v *schedule.Appointment) error {
	if v.Source.IsZero() {
		return nil
	}
	o, err := tx.Orgs().Get(ctx)
	if err != nil || o.CalendarOwner == org.OwnCalendar {
		return err
	}
	return errs.New(errs.Precondition, "this visit is kept in the practice system: change it there")
}

func update(ctx context.Context, tx store.Tx, v schedule.Appointment, action string, patientKnows bool) (schedule.Appointment, error) {
	made, err := tx.Visits().Update(ctx, []schedule.Appointment{v})
	if err != nil {
		return v, err
	}
	v = made[0]
	return v, tell(ctx, tx, &v, action, patientKnows)
}

// tell cancels texts that state an older version, touches the journeys and leaves the audit row.
func tell(ctx context.Context, tx store.Tx, v *schedule.Appointment, action string, patientKnows bool) error {
	if v.Version > 1 {
		which := store.Selection{Appointment: v.ID, Below: v.Version}
		if _, err := tx.Messages().Cancel(ctx, which, message.ReasonFactChanged); err != nil {
			return err
		}
	}
	if err := tx.Journeys().Touch(ctx, []store.Touch{{Visit: v.ID, Version: v.Version, PatientKnows: patientKnows}}); err != nil {
		return err
	}
	return note(ctx, tx, action, "appointment", v.ID, fmt.Sprintf("version=%d status=%s patient_knows=%t", v.Version, v.Status, patientKnows))
}
