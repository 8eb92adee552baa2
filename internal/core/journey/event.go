package journey

import (
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/quiet"
)

// EventKind is what happened.
type EventKind string

const (
	VisitBooked  EventKind = "booked"      // begins an enrollment, or wakes one that ended with a cancellation
	VisitChanged EventKind = "changed"     // time, place, practitioner; cancelled or taking place again
	VisitOver    EventKind = "over"        // arrived, fulfilled, no-show
	Answered     EventKind = "answered"    // the patient answered about the visit as it stands
	TimeCame     EventKind = "due"         // the clock reached NextDue
	PersonGone   EventKind = "person_gone" // deceased or inactive
	PersonBack   EventKind = "person_back" // recorded as gone by mistake
	MessageNews  EventKind = "message"     // what became of one text
	ImportHeld   EventKind = "import_held"
	Released     EventKind = "released"
)

// Event is one thing that happened. Fields that a kind does not name are ignored.
type Event struct {
	Kind  EventKind
	Visit Visit // booked, changed: the whole truth now
	// PatientKnows (changed): the patient asked for it or was told in person; no text tells it again.
	PatientKnows bool
	Intent       Intent // answered
	// About (answered) is the fact that was answered about; zero is the visit as it stands.
	About    Fact
	Response id.ID   // answered
	Ref      Ref     // message
	Outcome  Outcome // message
	Reason   message.Reason
	At       time.Time // message: when it left; zero is now
	Import   id.ID     // import_held, released
}

// Outcome is what became of one text, as far as a journey cares.
type Outcome string

const (
	OutcomeWaiting     Outcome = "waiting" // back in the queue after a definite "not accepted"
	OutcomeHandedOver  Outcome = "handed_over"
	OutcomeDelivered   Outcome = "delivered"
	OutcomeEvicted     Outcome = "evicted"     // taken back before leaving: its fact changed, it was superseded
	OutcomeRefused     Outcome = "refused"     // the gate, expiry or staff ended it before it left
	OutcomeUndelivered Outcome = "undelivered" // the carrier says that it was not reached, or rejected
	OutcomeUnknown     Outcome = "unknown"     // nobody can say, past its window
)

// ActionKind is what must follow.
type ActionKind string

const (
	Send      ActionKind = "send"       // plan a step's text
	Notify    ActionKind = "notify"     // plan a change notice or correction
	Withdraw  ActionKind = "withdraw"   // take back a text that has not left
	CallList  ActionKind = "call_list"  // a person must call: the text did not reach the patient
	DropCalls ActionKind = "drop_calls" // open call-list rows about the visit are not needed any more
	End       ActionKind = "end"
)

// Action is one thing that must follow from an event, in the order given.
type Action struct {
	Kind      ActionKind
	Ref       Ref
	Template  string
	Asks      bool
	Quiet     quiet.Direction
	States    Fact
	Version   int64 // of the visit that the text is bound to
	Due       time.Time
	Expires   time.Time
	Old       Fact // notify: what the patient believes until then
	Corrects  Ref  // notify: the text that became false; zero when none had left
	NotAgain  bool // send: nobody who has confirmed gets it
	KeepsRoom bool // send: a later step says it nearer to the visit
	Reason    message.Reason
	EndReason EndReason
	// Begins (notify) is the first visit time concerned: quiet hours give way when it is near.
	Begins time.Time
}

// Steps of notices. They are reserved: no definition may use them.
const (
	stepMoved      = "moved"
	stepCancelled  = "cancelled"
	stepCorrection = "correction"
)

// IsNotice reports whether a step's name is that of a change notice or correction.
func IsNotice(step string) bool {
	return step == stepMoved || step == stepCancelled || step == stepCorrection
}
