package plan

import (
	"context"
	"slices"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/feed"
	"carillon.dev/carillon/internal/core/journey"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/store"
)

// facts are what a batch reads, in one snapshot and a fixed number of queries.
type facts struct {
	now         time.Time
	visits      []schedule.Appointment
	enrollments map[id.ID][]journey.Enrollment // by visit
	texts       map[id.ID][]store.TextState    // by enrollment
	answers     map[id.ID][]schedule.Response
	people      map[id.ID]patient.Status
	places      map[id.ID]org.Location
	held        map[id.ID]bool // imports that wait for their release
	journeys    *journeys
}

func (p *Planner) read(ctx context.Context, tx store.Tx, visits []id.ID) (f facts, err error) {
	f = facts{now: tx.Now(), enrollments: map[id.ID][]journey.Enrollment{}, people: map[id.ID]patient.Status{},
		places: map[id.ID]org.Location{}}
	if f.journeys, err = p.files.read(ctx, tx); err != nil {
		return f, err
	}
	if f.visits, err = tx.Visits().ByIDs(ctx, visits); err != nil {
		return f, err
	}
	all, err := tx.Journeys().EnrollmentsOf(ctx, visits)
	if err != nil {
		return f, err
	}
	var enrollments, people []id.ID
	for _, e := range all {
		f.enrollments[e.Appointment] = append(f.enrollments[e.Appointment], e)
		enrollments = append(enrollments, e.ID)
	}
	if f.texts, err = tx.Journeys().TextStates(ctx, enrollments); err != nil {
		return f, err
	}
	if f.answers, err = tx.Visits().Answers(ctx, visits); err != nil {
		return f, err
	}
	for i := range f.visits {
		people = append(people, f.visits[i].Person)
	}
	return f, f.around(ctx, tx, distinct(people))
}

// around reads what stands around visits: persons, sites, imports on hold.
func (f *facts) around(ctx context.Context, tx store.Tx, people []id.ID) error {
	persons, err := tx.People().ByIDs(ctx, people)
	if err != nil {
		return err
	}
	for i := range persons {
		f.people[persons[i].ID] = persons[i].Status
	}
	sites, err := tx.Orgs().Locations(ctx)
	if err != nil {
		return err
	}
	for _, l := range sites {
		f.places[l.ID] = l
	}
	f.held, err = heldImports(ctx, tx)
	return err
}

// heldImports are imports whose messages wait: for a person's release, or until they are undone.
func heldImports(ctx context.Context, tx store.Tx) (map[id.ID]bool, error) {
	out := map[id.ID]bool{}
	held, err := tx.Imports().Held(ctx)
	if err != nil {
		return nil, err
	}
	for _, i := range held {
		out[i.ID] = true
	}
	unfinished, err := tx.Imports().Unfinished(ctx)
	for _, i := range unfinished {
		out[i.ID] = out[i.ID] || i.State == feed.Undoing
	}
	return out, err
}

// truth is the visit as a journey sees it.
func (p *Planner) truth(f *facts, v *schedule.Appointment) journey.Visit {
	zone := p.zones.get(v.Zone)
	if zone == nil {
		zone = p.zones.get(f.places[v.Location].Zone)
	}
	return journey.Visit{Version: v.Version, BookedAt: v.BookedAt, Zone: zone, Works: p.days.of(f.places[v.Location], f.now.Year()),
		Fact: journey.Fact{Start: v.Start, Location: v.Location, Cancelled: !v.Status.Expected() && !happened(v.Status)}}
}

// happened: the patient is there or was awaited in vain; nothing about this visit needs a text any more.
func happened(s schedule.Status) bool {
	switch s {
	case schedule.Arrived, schedule.CheckedIn, schedule.Fulfilled, schedule.NoShow:
		return true
	}
	return false
}

// gone: a person who must not be written to any more. One who was erased has no status.
func gone(s patient.Status) bool { return s == patient.Deceased || s == patient.Inactive || s == "" }

// newsOf turns where messages are into what the journey has not heard.
func newsOf(e *journey.Enrollment, states []store.TextState) (out []journey.Event) {
	for _, s := range states {
		ref := journey.Ref{Step: s.Step, Occurrence: s.Occurrence}
		t, known := e.Text(ref)
		if !known {
			continue
		}
		o, news := outcomeOf(&t, s)
		if news {
			out = append(out, journey.Event{Kind: journey.MessageNews, Ref: ref, Outcome: o, Reason: s.Reason, At: s.SentAt})
		}
	}
	return out
}

// outcomeOf puts a message's state into the few words that a journey knows, and says whether the journey still
// believes something else. An unknown is one for the journey too once its purpose's policy has closed it: how long a
// receipt is waited for is the sender's to say, by the machine's clock.
func outcomeOf(t *journey.Text, s store.TextState) (journey.Outcome, bool) {
	switch s.State {
	case message.Planned, message.Held, message.Queued:
		return journey.OutcomeWaiting, t.Phase == journey.Left && !t.Delivered
	case message.Sending, message.Accepted:
		return journey.OutcomeHandedOver, t.Phase != journey.Left
	case message.Unknown:
		if s.Reason != message.ReasonNoReceipt {
			return journey.OutcomeHandedOver, t.Phase != journey.Left
		}
		return journey.OutcomeUnknown, t.Phase != journey.Left || !t.Silent
	case message.Delivered:
		return journey.OutcomeDelivered, !t.Delivered
	case message.Undelivered, message.Failed:
		return journey.OutcomeUndelivered, t.Phase != journey.Lost
	case message.Expired:
		if s.SentAt.IsZero() {
			return journey.OutcomeRefused, t.Phase != journey.Lost
		}
		return journey.OutcomeUndelivered, t.Phase != journey.Lost
	case message.Refused, message.Cancelled:
		if evicted(s.Reason) {
			return journey.OutcomeEvicted, t.Phase != journey.Gone
		}
		return journey.OutcomeRefused, t.Phase != journey.Lost
	}
	return "", false
}

// evicted: the message was taken back because the journey's own facts moved on, not because it could not go.
func evicted(r message.Reason) bool {
	switch r {
	case message.ReasonFactChanged, message.ReasonSuperseded, message.ReasonVisitGone, message.ReasonAnswered:
		return true
	}
	return false
}

var intents = map[schedule.Answer]journey.Intent{
	schedule.Accepted: journey.Confirm, schedule.Declined: journey.Cancel, schedule.Tentative: journey.Reschedule,
}

// answersOf are the responses that the journey has not heard, with the fact that each was given about.
func answersOf(e *journey.Enrollment, truth journey.Visit, all []schedule.Response) (out []journey.Event) {
	heard := slices.IndexFunc(all, func(r schedule.Response) bool { return r.ID == e.Heard })
	for _, r := range all[heard+1:] {
		about, ok := stated(e, truth, r.Version)
		if !ok {
			about = journey.Fact{Start: time.Unix(0, 0)} // about a visit that nobody can tell any more: answers nothing
		}
		out = append(out, journey.Event{Kind: journey.Answered, Intent: intents[r.Answer], About: about, Response: r.ID})
	}
	return out
}

// stated is the fact that a version of the visit had, as far as it is still known.
func stated(e *journey.Enrollment, truth journey.Visit, version int64) (journey.Fact, bool) {
	if version == truth.Version {
		return truth.Fact, true
	}
	for i := range e.Texts {
		if e.Texts[i].Version == version {
			return e.Texts[i].States, true
		}
	}
	return journey.Fact{}, false
}
