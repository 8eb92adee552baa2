package journey

import (
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/message"
)

// Fact is what a text states about a visit and what must not be false: when, where, and that it takes place.
type Fact struct {
	Start     time.Time `json:"start"`
	Location  id.ID     `json:"location,omitzero"`
	Cancelled bool      `json:"cancelled,omitempty"`
}

// same compares facts; a cancelled visit is the same news wherever it would have been.
func (f Fact) same(o Fact) bool {
	if f.Cancelled || o.Cancelled {
		return f.Cancelled == o.Cancelled
	}
	return f.Start.Equal(o.Start) && f.Location == o.Location
}

// Visit is the truth about an appointment as the journey last heard it.
type Visit struct {
	Fact
	Version  int64          `json:"version"`
	BookedAt time.Time      `json:"booked"`
	Zone     *time.Location `json:"-"` // of the location; the engine sets both before each Advance
	Works    Workdays       `json:"-"`
}

// away is the time an offset from t, by the site's clock and calendar.
func (v *Visit) away(t time.Time, o Offset) time.Time { return o.From(t, v.Zone, v.Works) }

// State is where an enrollment is.
type State string

const (
	Active State = "active"
	Ended  State = "ended"
)

// EndReason says why an enrollment ended.
type EndReason string

const (
	EndCancelled EndReason = "visit_cancelled"
	EndHappened  EndReason = "visit_over" // fulfilled, arrived, no-show
	EndPassed    EndReason = "visit_begun"
	EndPerson    EndReason = "person_gone" // deceased or inactive
)

// Phase is how far one text has come, as far as a journey cares.
type Phase string

const (
	Pending Phase = "pending" // planned; has not left
	Left    Phase = "left"    // handed over, or perhaps: the patient may have read it
	Lost    Phase = "lost"    // refused or not reached: the patient has not read it
	Gone    Phase = "gone"    // taken back before it left; may be planned again
)

// Ref names one text of an enrollment; with the enrollment it is the natural key of the message.
type Ref struct {
	Step       string `json:"step"`
	Occurrence int    `json:"n"`
}

// IsZero reports whether no text is named.
func (r Ref) IsZero() bool { return r.Step == "" }

// Text is one text that the enrollment asked for.
type Text struct {
	Ref
	Message   id.ID          `json:"message,omitzero"` // set by the engine once it has a row
	States    Fact           `json:"states"`
	Version   int64          `json:"version"` // of the visit it is bound to
	Due       time.Time      `json:"due"`
	Expires   time.Time      `json:"expires"`
	Phase     Phase          `json:"phase"`
	LeftAt    time.Time      `json:"left,omitzero"`
	Delivered bool           `json:"delivered,omitempty"`
	Silent    bool           `json:"silent,omitempty"` // left, and nobody can say whether it arrived
	Why       message.Reason `json:"why,omitempty"`
	OnList    bool           `json:"onList,omitempty"` // a call-list row was made for it
}

// Notice reports whether the text tells of a change.
func (t *Text) Notice() bool {
	return t.Step == stepMoved || t.Step == stepCancelled || t.Step == stepCorrection
}

// Enrollment is one visit on its way through a journey.
type Enrollment struct {
	ID          id.ID  `json:"-"`
	Org         id.ID  `json:"-"`
	Person      id.ID  `json:"-"`
	Appointment id.ID  `json:"-"`
	Journey     string `json:"-"`
	Definition  int    `json:"-"` // version it runs on, to its end
	State       State  `json:"-"`
	// NextDue is when the engine must look again; zero when only an event can wake it.
	NextDue time.Time `json:"-"`
	// HeldBy is the import that waits for its release; nothing is planned meanwhile.
	HeldBy id.ID `json:"-"`
	Row    int64 `json:"-"` // row version: a commit with an old one is refused

	Reason EndReason `json:"reason,omitempty"`
	Visit  Visit     `json:"visit"`
	// TruthAt is when the fact last changed.
	TruthAt    time.Time `json:"truthAt"`
	EnrolledAt time.Time `json:"enrolled"`
	// First is the fact at enrollment: a booking text only ever states that.
	First Fact `json:"first"`
	// Known is what the patient knows without a text of ours, since KnownAt.
	Known   Fact      `json:"known"`
	KnownAt time.Time `json:"knownAt"`
	// SettleAt is when an untold change is told; zero when nothing is untold.
	SettleAt time.Time `json:"settleAt,omitzero"`
	// ChangedAt is when the unsettled changes began.
	ChangedAt time.Time `json:"changedAt,omitzero"`
	// Answer is the last answer and the fact that it was given about.
	Answer   Intent         `json:"answer,omitempty"`
	Answered Fact           `json:"answered,omitzero"`
	Heard    id.ID          `json:"heard,omitzero"` // the newest response that was taken over
	Texts    []Text         `json:"texts,omitempty"`
	Counts   map[string]int `json:"counts,omitempty"` // occurrences used, by step
	// Deferred steps are planned again then: at planning the gate would have refused them for a reason that may
	// be gone by their time, such as a missing consent.
	Deferred map[string]time.Time `json:"deferred,omitempty"`
	// Ahead are the steps that will become messages as things stand, by due time.
	Ahead []Ahead `json:"ahead,omitempty"`
}

// Ahead is a step that will become a message. Last: no later step follows it.
type Ahead struct {
	Step string    `json:"step"`
	Due  time.Time `json:"due"` // before quiet hours bend it
	Last bool      `json:"last,omitempty"`
}

// Confirmed reports whether the patient confirmed the visit as it stands.
func (e *Enrollment) Confirmed() bool { return e.Answer == Confirm && e.Answered.same(e.Visit.Fact) }

// Declined reports whether the patient said that they will not come to the visit as it stands.
func (e *Enrollment) Declined() bool { return e.Answer == Cancel && e.Answered.same(e.Visit.Fact) }

// Told is what the patient believes: the newest text that may have been read, or what they knew before.
// The Ref is zero when no text told it.
func (e *Enrollment) Told() (Fact, Ref) {
	fact, ref, at := e.Known, Ref{}, e.KnownAt
	for i := range e.Texts {
		t := &e.Texts[i]
		if t.Phase == Left && !t.LeftAt.Before(at) {
			fact, ref, at = t.States, t.Ref, t.LeftAt
		}
	}
	return fact, ref
}

// Bind keeps the message that a text became, and when it is to leave after quiet hours have bent its time.
func (e *Enrollment) Bind(r Ref, m id.ID, due time.Time) {
	if t := e.text(r); t != nil {
		t.Message, t.Due = m, due
	}
}

// Text finds a text by its key.
func (e *Enrollment) Text(r Ref) (Text, bool) {
	if t := e.text(r); t != nil {
		return *t, true
	}
	return Text{}, false
}

func (e *Enrollment) text(r Ref) *Text {
	for i := range e.Texts {
		if e.Texts[i].Ref == r {
			return &e.Texts[i]
		}
	}
	return nil
}

// maxTexts bounds what an enrollment remembers: more than any visit needs, however often it moves.
const maxTexts = 24

// prune forgets the oldest texts that can no longer matter; what they told becomes what is known.
func (e *Enrollment) prune() {
	for len(e.Texts) > maxTexts {
		cut := -1
		for i := range e.Texts {
			if e.Texts[i].Phase != Pending {
				cut = i
				break
			}
		}
		if cut < 0 {
			return
		}
		if t := e.Texts[cut]; t.Phase == Left && !t.LeftAt.Before(e.KnownAt) {
			e.Known, e.KnownAt = t.States, t.LeftAt
		}
		e.Texts = append(e.Texts[:cut], e.Texts[cut+1:]...)
	}
}
