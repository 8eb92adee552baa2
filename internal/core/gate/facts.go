package gate

import (
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/quiet"
	"carillon.dev/carillon/internal/core/schedule"
)

// Facts are everything a decision reads. Whoever loads them says by Rev which revisions it read, so that the
// leasing transaction can see whether they still hold.
type Facts struct {
	Text   Text
	Org    Org
	Person Person
	Number Number
	// Consent is the fold of the ledger for this person, number, channel and purpose.
	Consent consent.State
	// Visit is set when the text states one.
	Visit *Visit
	// Hours are the quiet hours of the text's class at this person's place.
	Hours    quiet.Timetable
	ZoneFrom ZoneSource
	Counts   Counts
	Route    Route
	Rules    string // version of the rule book that Hours and caps came from
	PlaceRev int64
}

// Text is the message as far as a decision needs it; the words themselves are not.
type Text struct {
	Purpose     purpose.Purpose
	Channel     patient.Channel
	ExpiresAt   time.Time
	Invites     bool // asks for a reply
	Duplicate   bool // the natural key was used before
	Exempt      id.ID
	Clarifies   bool // asks once what an unclear opt-out meant; Exempt is the suspension
	Incomplete  bool // no usable template variant, or a variable without a value
	Reserved    bool // invites a word that the country or the carrier reserves
	StopCode    bool // names an opt-out short code although the country forbids that in such a text
	NoWayOut    bool // does not say how to get no more texts, or not in the country's form, although the country wants it
	Nameless    bool // does not say who writes although the country wants it
	AutoReply   bool // an automatic answer: at most MaxAutoReplies an hour to one number
	Answers     bool // a direct answer to a text of the person within the last hours: quiet hours do not hold it
	Change      bool // tells that a visit moved, was cancelled, or that an earlier text is no longer true
	BreaksQuiet bool // a change notice that cannot wait for the next window
	// StaffText is written by a person in a conversation that the patient began or staff answer for.
	StaffText bool
	// NotAfterAnswer: a reminder that nobody who has confirmed gets again.
	NotAfterAnswer bool
	// KeepsRoom: a reminder nearer to the visit follows, so this text leaves room in the caps for such reminders.
	KeepsRoom bool
}

// Org is the organization's own switches.
type Org struct {
	Stopped       bool
	Hold          org.HoldReason
	Demo          bool
	ImportHeld    bool   // the visit or person came by an import that waits for its release
	SourceOverdue bool   // the feed behind the visit is silent for twice its period
	Budget        Budget // over all purposes
	Revision      int64
}

// Budget is how many texts of all purposes one person gets in 24 hours and in seven days; 0 is no limit.
type Budget struct{ Day, Week int }

// Person is who the text is about.
type Person struct {
	ID        id.ID
	Status    patient.Status
	Preferred patient.Channel
	Version   int64
	// Unreadable: what is stored of the person does not open.
	Unreadable bool
}

// Number is the contact point; None when the person has none on this channel.
type Number struct {
	None        bool
	Kind        phone.Kind
	CanText     bool
	Quarantined bool
	Suspended   bool
	OptedOut    bool // as the contact point says; the fold must agree, the stricter wins
	Revision    int64
}

// Visit is what the text states about an appointment, and what is true of it now.
type Visit struct {
	Status    schedule.Status
	Start     time.Time
	Version   int64 // now
	Stated    int64 // the version whose time the text states
	Confirmed bool  // the patient accepted this version
	// Ended is true for a text that tells of a cancellation or correction: the visit need not be expected.
	Ended bool
}

// Route is the way out.
type Route struct {
	None      bool // no route serves this number
	NoSender  bool // no sender of the location may write for this purpose
	TwoWay    bool
	Trial     bool
	Guest     bool // the number is on the trial route's guest list
	Simulator bool // loopback simulator: the only route for demo data
	Stopped   bool
}

// ZoneSource says where the time zone of the quiet hours came from.
type ZoneSource string

const (
	ZoneOfPerson   ZoneSource = "person"
	ZoneOfLocation ZoneSource = "location"
	ZoneOfNumber   ZoneSource = "number"
	ZoneOfBoth     ZoneSource = "both" // the location's hours, where they are open at the number's place too
)

// Verdict is what may happen to the text.
type Verdict string

const (
	Send   Verdict = "send"
	Hold   Verdict = "hold"
	Refuse Verdict = "refuse"
	Divert Verdict = "divert"
)

// Finding is what one rule says.
type Finding struct {
	Verdict Verdict
	Reason  message.Reason
	Until   time.Time // Hold: when to look again; zero until somebody changes something
	Channel patient.Channel
}

// Decision is the verdict with every reason, the deciding one first.
type Decision struct {
	Verdict  Verdict
	Findings []Finding
	// Until is when a held text may be looked at again; zero when a person must act first.
	Until   time.Time
	Channel patient.Channel
	// ValidUntil is how long a Send holds without being decided again: the end of the window, or expiry.
	ValidUntil time.Time
	Window     quiet.Reason
}

// Reason is the deciding reason; empty for Send.
func (d Decision) Reason() message.Reason {
	if len(d.Findings) == 0 {
		return message.ReasonNone
	}
	return d.Findings[0].Reason
}

// Reasons are all reasons, the deciding one first.
func (d Decision) Reasons() []message.Reason {
	if len(d.Findings) == 0 {
		return nil
	}
	out := make([]message.Reason, len(d.Findings))
	for i, f := range d.Findings {
		out[i] = f.Reason
	}
	return out
}
