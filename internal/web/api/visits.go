package api

import (
	"context"
	"net/http"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/engine/desk"
	"carillon.dev/carillon/internal/engine/record"
)

func (a *API) visitRoutes() {
	const tag = "Appointments"
	const versioned = "version is the one that you read; another is 409."
	handle(a, http.MethodPost, "/appointments", op{name: "bookAppointment", tag: tag, summary: "Book an appointment",
		about: "For appointments that are kept here. What another system keeps comes by /appointments/bulk or a file.",
		needs: access.WritePatients, status: http.StatusCreated}, a.book)
	handle(a, http.MethodGet, "/appointments", op{name: "listAppointments", tag: tag, summary: "Appointments of a day, or of up to 31 days",
		about: "By start. At most 1,000; truncated says that there are more.", needs: access.ReadPatients}, a.listVisits)
	handle(a, http.MethodGet, "/appointments/{id}", op{name: "getAppointment", tag: tag, summary: "Read an appointment with its answers and texts",
		needs: access.ReadPatients}, a.getVisit)
	handle(a, http.MethodPost, "/appointments/{id}/move", op{name: "moveAppointment", tag: tag, summary: "Move an appointment",
		about: "The patient gets one text with the old and the new time, two minutes after the last change. " + versioned, needs: access.WritePatients}, a.moveVisit)
	handle(a, http.MethodPost, "/appointments/{id}/cancel", op{name: "cancelAppointment", tag: tag, summary: "Cancel an appointment",
		about: versioned, needs: access.WritePatients}, a.cancelVisit)
	handle(a, http.MethodPost, "/appointments/{id}/mark", op{name: "markAppointment", tag: tag,
		summary: "Say that the patient arrived, was seen or did not come", about: versioned, needs: access.WritePatients}, a.markVisit)
	handle(a, http.MethodPost, "/appointments/{id}/answer", op{name: "answerAppointment", tag: tag,
		summary: "Record what the patient said by phone or at the desk", about: versioned, needs: access.WritePatients}, a.answerVisit)
}

// Appointment is one visit.
type Appointment struct {
	ID           id.ID     `json:"id"`
	Version      int64     `json:"version" doc:"Rises when time, place, practitioner or status changes."`
	Patient      id.ID     `json:"patient"`
	Location     id.ID     `json:"location"`
	Practitioner id.ID     `json:"practitioner,omitzero"`
	Type         id.ID     `json:"type,omitzero"`
	Source       id.ID     `json:"source,omitzero" doc:"The source that owns it; absent when it is kept here."`
	Status       string    `json:"status" doc:"FHIR R4 AppointmentStatus."`
	Start        time.Time `json:"start"`
	Wall         string    `json:"wall" doc:"As the calendar shows it, in the zone."`
	Zone         string    `json:"zone"`
	Minutes      int       `json:"minutes"`
	BookedAt     time.Time `json:"booked_at,omitzero"`
	Reason       string    `json:"reason,omitempty" doc:"Never in a text."`
	ExternalID   string    `json:"external_id,omitempty"`
	Answer       string    `json:"answer,omitempty" doc:"The patient's last answer about it as it stands: accepted, declined or tentative."`
	Answers      []Answer  `json:"answers"`
	Messages     []Message `json:"messages" doc:"Oldest first, waiting ones included."`
}

// Answer is what a patient answered about one version of a visit.
type Answer struct {
	Version int64     `json:"version"`
	Answer  string    `json:"answer" enum:"accepted,declined,tentative"`
	Patient id.ID     `json:"patient,omitzero"`
	Inbound id.ID     `json:"inbound,omitzero" doc:"The text that said so; absent when staff recorded it."`
	At      time.Time `json:"at"`
}

func visitOf(v *desk.Visit) Appointment {
	out := plainVisit(&v.Appointment)
	out.Answer = string(v.Answer())
	out.Answers = mapped(v.Answers, func(r *schedule.Response) Answer {
		return Answer{Version: r.Version, Answer: string(r.Answer), Patient: r.Person, Inbound: r.Inbound, At: r.At}
	})
	out.Messages = mapped(v.Messages, messageOf)
	return out
}

func plainVisit(v *schedule.Appointment) Appointment {
	return Appointment{ID: v.ID, Version: v.Version, Patient: v.Person, Location: v.Location, Practitioner: v.Practitioner, Type: v.Type,
		Source: v.Source, Status: string(v.Status), Start: v.Start, Wall: v.Wall, Zone: v.Zone, Minutes: int(v.Length / time.Minute),
		BookedAt: v.BookedAt, Reason: v.Reason.Reveal(), ExternalID: v.ExternalID.Reveal(), Answers: []Answer{}, Messages: []Message{}}
}

// Booking is an appointment to be made.
type Booking struct {
	Patient      id.ID     `json:"patient"`
	Location     id.ID     `json:"location"`
	Practitioner id.ID     `json:"practitioner,omitempty"`
	Type         id.ID     `json:"type,omitempty"`
	Start        time.Time `json:"start"`
	Minutes      int       `json:"minutes,omitempty" minimum:"1" maximum:"1440" default:"15"`
	Reason       string    `json:"reason,omitempty" maxLength:"1000"`
}

type booking struct{ Body Booking }

func (a *API) book(ctx context.Context, s access.Scope, in *booking) (*got[Appointment], error) {
	b := in.Body
	if err := a.framed(ctx, s, b.Practitioner, b.Type); err != nil {
		return nil, err
	}
	v, err := a.need.Record.Book(ctx, s, record.Booking{Person: b.Patient, Location: b.Location, Practitioner: b.Practitioner, Type: b.Type,
		Start: b.Start, Length: time.Duration(b.Minutes) * time.Minute, Reason: phi.T(b.Reason)})
	return give(plainVisit(&v), err)
}

// framed refuses practitioners and kinds of visits that the organization does not have.
func (a *API) framed(ctx context.Context, s access.Scope, practitioner, kind id.ID) error {
	if practitioner.IsZero() && kind.IsZero() {
		return nil
	}
	f, err := a.need.Desk.Frame(ctx, s)
	if err != nil {
		return err
	}
	has := map[id.ID]bool{{}: true}
	for _, p := range f.Practitioners {
		has[p.ID] = true
	}
	if !has[practitioner] {
		return errs.New(errs.Invalid, "the organization has no such practitioner").At("practitioner")
	}
	for _, t := range f.Types {
		if t.ID == kind {
			return nil
		}
	}
	if kind.IsZero() {
		return nil
	}
	return errs.New(errs.Invalid, "the organization has no such kind of visit").At("type")
}

type daysOf struct {
	Location id.ID  `query:"location" doc:"One site; every site when left out."`
	Day      string `query:"day" format:"date" doc:"A local day of the site, YYYY-MM-DD; without a site in UTC."`
	Days     int    `query:"days" minimum:"1" maximum:"31" default:"1" doc:"How many days."`
}

// Day is a part of the calendar.
type Day struct {
	Items     []Appointment `json:"items"`
	Truncated bool          `json:"truncated" doc:"There are more: ask for one site, or fewer days."`
}

func (a *API) listVisits(ctx context.Context, s access.Scope, in *daysOf) (*got[Day], error) {
	around, err := a.need.Desk.Around(ctx, s)
	if err != nil {
		return nil, err
	}
	zone := time.UTC
	for _, l := range around.Locations {
		if l.ID != in.Location {
			continue
		}
		if zone, err = time.LoadLocation(l.Zone); err != nil {
			return nil, errs.Wrap(errs.Internal, "a site has a time zone that does not exist", err)
		}
	}
	from := around.Now.In(zone)
	if in.Day != "" {
		if from, err = time.ParseInLocation(time.DateOnly, in.Day, zone); err != nil {
			return nil, errs.New(errs.Invalid, "a day looks like 2026-03-04").At("query.day")
		}
	}
	y, m, d := from.Date()
	from = time.Date(y, m, d, 0, 0, 0, 0, zone)
	day, cut, err := a.need.Desk.Day(ctx, s, in.Location, from, from.AddDate(0, 0, max(in.Days, 1)))
	return give(Day{Items: mapped(day, visitOf), Truncated: cut}, err)
}

func (a *API) getVisit(ctx context.Context, s access.Scope, in *One) (*got[Appointment], error) {
	v, err := a.need.Desk.Visit(ctx, s, in.ID)
	return give(visitOf(&v), err)
}

// Move is another time, place or practitioner.
type Move struct {
	Version      int64      `json:"version" minimum:"1"`
	Start        *time.Time `json:"start,omitempty"`
	Location     id.ID      `json:"location,omitempty"`
	Practitioner id.ID      `json:"practitioner,omitempty"`
	PatientKnows bool       `json:"patient_knows,omitempty" doc:"The patient asked for it or was told: no text tells it again."`
}

type move struct {
	One
	Body Move
}

func (a *API) moveVisit(ctx context.Context, s access.Scope, in *move) (*got[Appointment], error) {
	b := in.Body
	if err := a.framed(ctx, s, b.Practitioner, id.ID{}); err != nil {
		return nil, err
	}
	m := record.Move{Visit: in.ID, Version: b.Version, Location: b.Location, Practitioner: b.Practitioner, PatientKnows: b.PatientKnows}
	if b.Start != nil {
		m.Start = *b.Start
	}
	v, err := a.need.Record.MoveVisit(ctx, s, m)
	return give(plainVisit(&v), err)
}

// Cancel is the end of a visit.
type Cancel struct {
	Version      int64 `json:"version" minimum:"1"`
	PatientKnows bool  `json:"patient_knows,omitempty" doc:"The patient asked for it or was told: no text tells it again."`
}

type cancel struct {
	One
	Body Cancel
}

func (a *API) cancelVisit(ctx context.Context, s access.Scope, in *cancel) (*got[Appointment], error) {
	v, err := a.need.Record.CancelVisit(ctx, s, in.ID, in.Body.Version, in.Body.PatientKnows)
	return give(plainVisit(&v), err)
}

// Mark is what became of a visit.
type Mark struct {
	Version int64  `json:"version" minimum:"1"`
	Status  string `json:"status" enum:"booked,arrived,checked-in,fulfilled,noshow,entered-in-error"`
}

type mark struct {
	One
	Body Mark
}

func (a *API) markVisit(ctx context.Context, s access.Scope, in *mark) (*got[Appointment], error) {
	v, err := a.need.Record.MarkVisit(ctx, s, in.ID, in.Body.Version, schedule.Status(in.Body.Status))
	return give(plainVisit(&v), err)
}

// NewAnswer is what a patient said.
type NewAnswer struct {
	Version int64  `json:"version" minimum:"1"`
	Answer  string `json:"answer" enum:"accepted,declined,tentative"`
}

type newAnswer struct {
	One
	Body NewAnswer
}

func (a *API) answerVisit(ctx context.Context, s access.Scope, in *newAnswer) (*bare, error) {
	return done(a.need.Record.Answer(ctx, s, in.ID, in.Body.Version, schedule.Answer(in.Body.Answer)))
}
