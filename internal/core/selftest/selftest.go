// Package selftest judges test texts: a text that a route carries to a phone of the organization's own, at intervals, to
// show that texts leave, are accepted, reach a phone and are answered. It says of each what went wrong, when that is an
// incident and when it is over. It refuses to send, to know a clock, and to call one slow receipt an incident.
package selftest

import (
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/incident"
	"carillon.dev/carillon/internal/core/message"
)

// Setting is how one route is tested. Times are the machine's.
type Setting struct {
	Org     id.ID
	Route   id.ID
	Point   id.ID         // the contact point of the phone
	Every   time.Duration // MinEvery to MaxEvery
	Answers bool          // the phone sends the code of the text back
	Next    time.Time     // when the next text goes; zero is off
}

// How often a route may be tested; HourlyEvery is what is proposed.
const (
	MinEvery    = time.Minute
	HourlyEvery = time.Hour
	MaxEvery    = 24 * time.Hour
)

// Run is one test text and when it was seen to come how far, by the machine's clock. Zero times have not come.
type Run struct {
	ID      id.ID
	Org     id.ID
	Route   id.ID
	Point   id.ID
	Message id.ID
	Code    string // what the phone sends back
	Answers bool
	Planned time.Time
	Handed  time.Time // written to the line
	Taken   time.Time // accepted by the operator
	Receipt time.Time
	Reply   time.Time
	Ended   time.Time
	Cause   incident.Cause // why it is not as it should be; empty for a run that passed
}

// Passed reports whether the run has ended well.
func (r *Run) Passed() bool { return !r.Ended.IsZero() && r.Cause == CauseNone }

// Causes, in the order in which a text travels.
const (
	CauseNone      incident.Cause = ""
	CauseStopped   incident.Cause = "stopped"    // a stop, a hold or the route's state keeps it here
	CauseOptedOut  incident.Cause = "opted_out"  // the test phone has sent STOP
	CauseRefused   incident.Cause = "refused"    // our own rules refuse it: no sender, no mobile number
	CauseLineDown  incident.Cause = "line_down"  // nothing is handed over
	CauseThrottled incident.Cause = "throttled"  // the operator turns it away as too much
	CauseRejected  incident.Cause = "rejected"   // the operator refuses it
	CauseNoAnswer  incident.Cause = "no_answer"  // written, and the operator never said yes or no
	CauseNoReceipt incident.Cause = "no_receipt" // accepted, and no receipt came
	CauseHandset   incident.Cause = "handset"    // the receipt says that the phone was not reached
	CauseLate      incident.Cause = "late"       // the receipt came, but late
	CauseNoReply   incident.Cause = "no_reply"   // delivered, and the phone's answer did not come
)

// Limits are how long each leg may take on the machine's clock.
type Limits struct {
	HandOver time.Duration // from planning to the line
	Answer   time.Duration // from the line to the operator's yes
	Late     time.Duration // a receipt after this is late
	Receipt  time.Duration // and after this it is missing
	Reply    time.Duration // from the receipt to the phone's answer
	Again    time.Duration // when a route is tested again after a run that did not pass
}

// DefaultLimits are those of a serving node.
func DefaultLimits() Limits {
	return Limits{HandOver: 2 * time.Minute, Answer: 2 * time.Minute, Late: 2 * time.Minute, Receipt: 10 * time.Minute,
		Reply: 15 * time.Minute, Again: 5 * time.Minute}
}

// Seen is what the rows say of a run's text.
type Seen struct {
	State   message.State
	Reason  message.Reason
	Leased  time.Time // machine time; zero before
	Stopped bool      // a stop, a hold or the route's state lets nothing leave
}
