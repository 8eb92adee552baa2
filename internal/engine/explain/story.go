package explain

import (
	"slices"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/store"
)

// Say is one plain sentence about a message. The words, in every language, are the faces'.
type Say string

// The verdict: always the first sentence of a story, exactly one of these.
const (
	SayDelivered   Say = "delivered"
	SaySent        Say = "sent"         // the carrier has it; no receipt yet
	SaySending     Say = "sending"      // on its way to the carrier
	SayWaits       Say = "waits"        // At: when it is due
	SayHeld        Say = "held"         // Reason; At: when it is looked at again, zero when somebody must act
	SayRefused     Say = "refused"      // Reason
	SayWithdrawn   Say = "withdrawn"    // Reason
	SayTooLate     Say = "too_late"     // was not sent: its use had ended
	SayNotReached  Say = "not_reached"  // sent; the carrier says that it did not arrive
	SayNoReceipt   Say = "no_receipt"   // sent; the carrier gave up waiting for the phone
	SayNotAccepted Say = "not_accepted" // the carrier did not take it
	SayUnknown     Say = "unknown"      // nobody can say whether it left
)

// What happened before, and what it was decided on.
const (
	SayAsked       Say = "asked_by"        // Origin and Step
	SayPlanned     Say = "planned"         // At
	SayConsent     Say = "consent"         // ID: the entry that allows it
	SayMoved       Say = "moved_by_hours"  // quiet hours moved it; At: when it was due then
	SayZone        Say = "hours_zone"      // Text: the zone; Origin of the zone in Detail
	SayCounted     Say = "counted"         // Count texts of this purpose in the day, Week in the week
	SayWayOut      Say = "way_out"         // the text says how to get no more; Detail: message.WayOut, Text: the rule that wants it
	SayAlso        Say = "also"            // a further Reason
	SayCorrects    Say = "corrects"        // ID: the text that became false
	SayWasHeld     Say = "was_held"        // event: Reason
	SayWasRefused  Say = "was_refused"     // event: Reason
	SayTriedAgain  Say = "tried_again"     // event: Reason, Code, Count: the attempt
	SayWasUnknown  Say = "was_unknown"     // event: Reason
	SayLateReceipt Say = "late_receipt"    // event: a receipt that came after the end
	SayOther       Say = "other"           // event: From, To, Reason
	SayHandedOver  Say = "handed_over"     // At
	SayEnded       Say = "ended"           // At, Code
	SayBound       Say = "states_visit"    // ID: the visit, Count: its version
	SayResent      Say = "resent"          // went a second time because the first outcome stayed unknown
	SayExempt      Say = "confirms_optout" // ID: the revocation
	SayAsksOptOut  Say = "asks_optout"     // ID: the suspension
)

// What comes next, or what somebody can do: always the last sentence.
const (
	NextNothing    Say = "next_nothing"
	NextWait       Say = "next_wait"       // At
	NextReceipt    Say = "next_receipt"    // At: how long a receipt is waited for
	NextCall       Say = "next_call"       // the patient should be called
	NextConsent    Say = "next_consent"    // ask for consent and record it
	NextNumber     Say = "next_number"     // find a number that works
	NextRelease    Say = "next_release"    // release the import
	NextOpen       Say = "next_open"       // a switch must be turned: stop, trial, restored copy
	NextSetUp      Say = "next_set_up"     // route, sender or text need somebody who sets up
	NextNewer      Say = "next_newer"      // a newer text says it
	NextAutomatic  Say = "next_automatic"  // looked at again by itself
	NextCheckPhone Say = "next_check_line" // the carrier's own trouble: look at its page
)

// Sentence is one sentence with what it says.
type Sentence struct {
	Say    Say
	Reason message.Reason
	From   message.State
	To     message.State
	At     time.Time
	ID     id.ID
	Count  int
	Week   int
	Text   string // a zone, a step, a carrier's code; never anything about the patient
	Detail string
}

// Story tells a message in the order that a person asks: what became of it, who wanted it, what it was decided
// on, what happened on the way, what comes next. It reads the decision record, the row and its events.
func Story(d *store.Draft, events []message.Event) []Sentence {
	out := []Sentence{Verdict(d)}
	out = append(out, asked(d)...)
	out = append(out, decided(d)...)
	for _, e := range events {
		out = append(out, happened(e))
	}
	slices.SortStableFunc(out[1:], func(a, b Sentence) int { return a.At.Compare(b.At) })
	return append(out, Next(d))
}

// Verdict is the first sentence: what became of the message, with the deciding reason.
func Verdict(d *store.Draft) Sentence {
	s := Sentence{Reason: Why(&d.Message), Text: d.ErrorCode, At: d.DoneAt}
	switch d.State {
	case message.Delivered:
		s.Say = SayDelivered
	case message.Accepted:
		s.Say, s.At = SaySent, d.SentAt
	case message.Sending:
		s.Say, s.At = SaySending, d.SentAt
	case message.Held:
		s.Say, s.At = SayHeld, d.HeldUntil
	case message.Refused:
		s.Say, s.At = SayRefused, d.PlannedAt
	case message.Cancelled:
		s.Say = SayWithdrawn
	case message.Expired:
		if s.Say = SayNoReceipt; d.SentAt.IsZero() {
			s.Say = SayTooLate
		}
	case message.Undelivered:
		s.Say = SayNotReached
	case message.Failed:
		s.Say = SayNotAccepted
	case message.Unknown:
		s.Say, s.At = SayUnknown, d.SentAt
	default:
		s.Say, s.At = SayWaits, d.DueAt
	}
	return s
}

func asked(d *store.Draft) []Sentence {
	out := []Sentence{{Say: SayAsked, Detail: string(d.Origin.Kind), Text: d.Origin.Step, At: d.PlannedAt}}
	if !d.Appointment.IsZero() {
		out = append(out, Sentence{Say: SayBound, ID: d.Appointment, Count: int(d.AppointmentVersion), At: d.PlannedAt})
	}
	if !d.Corrects.IsZero() {
		out = append(out, Sentence{Say: SayCorrects, ID: d.Corrects, At: d.PlannedAt})
	}
	if !d.Exempt.IsZero() {
		say := SayExempt
		if d.Template == string(content.OptOutQuestion) {
			say = SayAsksOptOut
		}
		out = append(out, Sentence{Say: say, ID: d.Exempt, At: d.PlannedAt})
	}
	return out
}

// decided is the decision record in sentences.
func decided(d *store.Draft) []Sentence {
	r := &d.Decision
	out := []Sentence{{Say: SayPlanned, At: d.PlannedAt}}
	if !r.Consent.IsZero() {
		out = append(out, Sentence{Say: SayConsent, ID: r.Consent, At: r.At})
	}
	if r.Moved {
		out = append(out, Sentence{Say: SayMoved, Text: r.Window, At: r.At})
	}
	if r.Zone != "" {
		out = append(out, Sentence{Say: SayZone, Text: r.Zone, Detail: r.ZoneFrom, At: r.At})
	}
	if r.DayCount > 0 || r.WeekCount > 0 {
		out = append(out, Sentence{Say: SayCounted, Count: r.DayCount, Week: r.WeekCount, At: r.At})
	}
	if r.WayOut != "" {
		out = append(out, Sentence{Say: SayWayOut, Detail: string(r.WayOut), Text: r.WayOutRule, At: r.At})
	}
	for i, also := range r.Reasons {
		if i > 0 {
			out = append(out, Sentence{Say: SayAlso, Reason: also, At: r.At})
		}
	}
	if !d.SentAt.IsZero() {
		out = append(out, Sentence{Say: SayHandedOver, At: d.SentAt, Count: d.Attempts})
	}
	if d.Resent {
		out = append(out, Sentence{Say: SayResent, At: d.SentAt})
	}
	if !d.DoneAt.IsZero() {
		out = append(out, Sentence{Say: SayEnded, At: d.DoneAt, Text: d.ErrorCode, To: d.State})
	}
	return out
}

// happened is an event row in a sentence.
func happened(e message.Event) Sentence {
	s := Sentence{Say: SayOther, Reason: e.Reason, From: e.From, To: e.To, At: e.At, Text: e.Code, Count: e.Attempt}
	switch {
	case e.To == message.Held:
		s.Say = SayWasHeld
	case e.To == message.Refused:
		s.Say = SayWasRefused
	case e.To == message.Unknown:
		s.Say = SayWasUnknown
	case e.To == message.Queued && (e.From == message.Sending || e.From == message.Unknown):
		s.Say = SayTriedAgain
	case e.From.Settled() && e.To == message.Delivered:
		s.Say = SayLateReceipt
	}
	return s
}

// Next is the last sentence: what comes by itself, or what somebody can do.
func Next(d *store.Draft) Sentence {
	switch d.State {
	case message.Delivered:
		return Sentence{Say: NextNothing}
	case message.Unknown:
		if !d.DoneAt.IsZero() { // its purpose's policy has closed it
			return Sentence{Say: NextCall}
		}
		return Sentence{Say: NextReceipt, At: receiptBy(d)}
	case message.Accepted, message.Sending:
		return Sentence{Say: NextReceipt, At: receiptBy(d)}
	case message.Undelivered, message.Failed:
		return Sentence{Say: NextCall}
	case message.Expired:
		return Sentence{Say: NextCall}
	case message.Held, message.Refused, message.Cancelled:
		if say := remedies[Why(&d.Message)]; say != "" {
			return Sentence{Say: say, At: d.HeldUntil}
		}
		if d.State == message.Held {
			return Sentence{Say: NextAutomatic, At: d.HeldUntil}
		}
		return Sentence{Say: NextNothing}
	}
	return Sentence{Say: NextWait, At: d.DueAt}
}

// receiptBy is until when a receipt is waited for: of an accepted text three days, of an unknown one until its purpose's
// policy applies.
func receiptBy(d *store.Draft) time.Time {
	if d.SentAt.IsZero() {
		return time.Time{}
	}
	if d.State == message.Accepted {
		return d.SentAt.Add(receiptFor)
	}
	return d.SentAt.Add(d.Purpose.Traits().ReceiptWindow)
}

// receiptFor is how long anybody waits for the receipt of an accepted text.
const receiptFor = 72 * time.Hour

// remedies are what mends a reason.
var remedies = map[message.Reason]Say{
	message.ReasonNoConsent: NextConsent, message.ReasonConsentRevoked: NextConsent,
	message.ReasonOptedOut: NextCall, message.ReasonSuspended: NextCall, message.ReasonOtherChannel: NextCall,
	message.ReasonNoNumber: NextNumber, message.ReasonNotMobile: NextNumber, message.ReasonWrongNumber: NextNumber,
	message.ReasonStale: NextCall, message.ReasonNoWindow: NextCall, message.ReasonCap: NextNothing,
	message.ReasonFactChanged: NextNewer, message.ReasonSuperseded: NextNewer, message.ReasonDuplicate: NextNewer,
	message.ReasonImportHeld: NextRelease, message.ReasonSourceOverdue: NextSetUp,
	message.ReasonStopped: NextOpen, message.ReasonRestoredCopy: NextOpen, message.ReasonTrialMode: NextOpen,
	message.ReasonOneWaySender: NextSetUp, message.ReasonNoSender: NextSetUp, message.ReasonTemplate: NextSetUp,
	message.ReasonStopCode: NextSetUp, message.ReasonNoWayOut: NextSetUp, message.ReasonNameless: NextSetUp,
	message.ReasonReservedWord: NextSetUp, message.ReasonNoFreeCodes: NextCall, message.ReasonDemoRoute: NextSetUp,
	message.ReasonRouteDown: NextCheckPhone, message.ReasonOrgUnavailable: NextCheckPhone,
	message.ReasonUnreadable: NextCall,
	message.ReasonQuietHours: NextAutomatic, message.ReasonSettling: NextAutomatic,
}
