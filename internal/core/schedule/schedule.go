// Package schedule holds visits as FHIR knows them and what patients answered about them. An answer is a row
// of its own, bound to the visit's version, and never overwrites what the calendar's owner said.
// It refuses to move a visit by itself.
package schedule

import (
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
)

// Status is the FHIR R4 AppointmentStatus.
type Status string

const (
	Proposed       Status = "proposed"
	Pending        Status = "pending"
	Booked         Status = "booked"
	Arrived        Status = "arrived"
	Fulfilled      Status = "fulfilled"
	Cancelled      Status = "cancelled"
	NoShow         Status = "noshow"
	EnteredInError Status = "entered-in-error"
	CheckedIn      Status = "checked-in"
	Waitlist       Status = "waitlist"
)

// Expected reports whether the patient is still expected to come: only then may a reminder go.
func (s Status) Expected() bool { return s == Booked || s == Pending }

// Over reports whether nothing more will happen to the visit.
func (s Status) Over() bool {
	switch s {
	case Fulfilled, Cancelled, NoShow, EnteredInError:
		return true
	}
	return false
}

// Appointment is one visit. Start is the instant; Wall and Zone keep what the calendar said, so that a change
// of zone rules cannot silently move it.
type Appointment struct {
	ID           id.ID
	Org          id.ID
	Person       id.ID
	Location     id.ID
	Practitioner id.ID // zero when the source does not say
	Type         id.ID // opaque visit type; zero when unknown
	Source       id.ID // the feed that owns it; zero when kept here
	Status       Status
	Start        time.Time
	Length       time.Duration
	Zone         string // IANA
	Wall         string // 2006-01-02T15:04 as the calendar showed it
	BookedAt     time.Time
	Version      int64    // rises when time, place, practitioner or status changes
	Reason       phi.Text // sealed; never in a text
	ExternalID   phi.Text // how the source names it; kept as a blind index
	Import       id.ID    // the import that last wrote it
	CreatedAt    time.Time
	UpdatedAt    time.Time
	// Unreadable: there is a reason, and it does not open. It stays as it is stored.
	Unreadable bool
}

// Answer is the FHIR ParticipationStatus a patient may give.
type Answer string

const (
	Accepted  Answer = "accepted"
	Declined  Answer = "declined"
	Tentative Answer = "tentative" // wants another time, or asked something
)

// Response is what a patient (or a proxy) answered about one version of a visit.
type Response struct {
	ID          id.ID
	Org         id.ID
	Appointment id.ID
	Version     int64
	Person      id.ID
	Answer      Answer
	Inbound     id.ID // the text that said so; zero when recorded by staff
	At          time.Time
}

// VisitType is a kind of visit with the neutral word that a text may use for it.
type VisitType struct {
	ID         id.ID
	Org        id.ID
	Name       string // as staff say it; may reveal, never in a text
	Neutral    map[string]string
	ExternalID string
}

// Source is a feed of patients or visits and what is remembered about it.
type Source struct {
	ID       id.ID
	Org      id.ID
	Name     string
	Encoding string            // as a person confirmed it last
	Mapping  map[string]string // header to field
	Period   time.Duration     // how often it is expected; zero is never
	LastAt   *time.Time
	Imports  int
}

// Late says whether a source is silent for longer than its period, and whether for over twice as long: then what its
// visits say is not believed any more.
func (s Source) Late(now time.Time) (late, held bool) {
	if s.Period <= 0 || s.LastAt == nil {
		return false, false
	}
	silent := now.Sub(*s.LastAt)
	return silent > s.Period, silent > 2*s.Period
}
