// Package message holds what leaves: a message, its states and allowed moves, the reasons it may be held or
// refused for, and the record of the decision. It refuses to decide: gate does, and the record keeps why.
package message

import (
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/core/purpose"
)

// Message is one text to one contact point. The usual path writes the row once, already queued, and updates
// it at most three times (leased, answered, receipted).
type Message struct {
	ID       id.ID
	Org      id.ID
	Purpose  purpose.Purpose
	Priority purpose.Priority
	Origin   Origin

	Person  id.ID
	Point   id.ID // contact point
	Channel patient.Channel
	To      phone.Number // sealed at rest with the body

	Location           id.ID
	Appointment        id.ID // zero when it states no visit
	AppointmentVersion int64 // the version whose time the text states

	Template        string // key, such as "reminder-24h"
	TemplateVersion int64
	Locale          string
	Body            phi.Text // sealed at rest
	Segments        int
	Coding          string // "gsm7", "gsm7/tr", "ucs2"

	Route  id.ID
	Sender id.ID

	State     State
	Reason    Reason
	Attempts  int
	DueAt     time.Time // domain: when it should leave
	ExpiresAt time.Time // domain: after this it is dropped, never sent late
	PlannedAt time.Time
	LeasedAt  time.Time // machine
	SentAt    time.Time // domain: handed over
	DoneAt    time.Time // domain: receipt or end

	ProviderID string // of the first part, in the route's canonical form
	ErrorCode  string // the carrier's own code, shown to staff
	Corrects   id.ID  // the message whose text became false
	Exempt     id.ID  // an opt-out confirmation: the revocation it confirms
	Decision   Decision
}

// Origin says what asked for the message; (Enrollment, Step, Occurrence) is the natural key of journeys.
type Origin struct {
	Kind       OriginKind
	Enrollment id.ID
	Step       string
	Occurrence int
	By         id.ID // the user who wrote it, or the inbound text it answers
}

// OriginKind is what asked for a message.
type OriginKind string

const (
	FromJourney OriginKind = "journey"
	FromStaff   OriginKind = "staff"
	FromReply   OriginKind = "reply" // an automatic answer
	FromChange  OriginKind = "change"
	FromBench   OriginKind = "bench"
	FromTest    OriginKind = "selftest" // a test text of a route, to a phone of the organization's own
)

// Decision is the record kept with a message: what was read, by which revision, and what the gate said.
// It holds ids, versions and enums only.
type Decision struct {
	At         time.Time `json:"at"`
	Verdict    string    `json:"verdict"`
	Reasons    []Reason  `json:"reasons,omitempty"`
	Consent    id.ID     `json:"consent,omitzero"` // the entry that allows it
	Person     int64     `json:"person"`           // versions and revisions that were read
	Point      int64     `json:"point"`
	Visit      int64     `json:"visit,omitempty"`
	OrgRev     int64     `json:"org"`
	Place      int64     `json:"place"`
	Zone       string    `json:"zone,omitempty"`     // the zone the quiet hours were judged in
	ZoneFrom   string    `json:"zoneFrom,omitempty"` // person, location, number
	Window     string    `json:"window,omitempty"`
	Moved      bool      `json:"moved,omitempty"` // quiet hours moved it
	DayCount   int       `json:"day,omitempty"`   // texts already sent in the cap's day and week
	WeekCount  int       `json:"week,omitempty"`
	AllDay     int       `json:"allDay,omitempty"` // the same over all purposes that spend the person's budget
	AllWeek    int       `json:"allWeek,omitempty"`
	ValidUntil time.Time `json:"validUntil,omitzero"`
	Rules      string    `json:"rules,omitempty"` // rule book version
	// WayOut is why the text says how to get no more texts; WayOutRule is the rule that asks for it.
	WayOut     WayOut `json:"wayOut,omitempty"`
	WayOutRule string `json:"wayOutRule,omitempty"`
}

// WayOut is why a text says how to get no more texts.
type WayOut string

const (
	WayOutFirst    WayOut = "first"    // nothing that left to this number has said it yet
	WayOutDemanded WayOut = "demanded" // the country wants it in every text of this kind
	WayOutOwn      WayOut = "own"      // its own words say it
)

// Event is a row for what the message's columns cannot tell: hold, refusal, retry, unknown, correction, an
// odd receipt.
type Event struct {
	ID      id.ID
	Org     id.ID
	Message id.ID
	At      time.Time
	From    State
	To      State
	Reason  Reason
	Code    string // the carrier's own code
	Attempt int
}
