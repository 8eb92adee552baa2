// Package journey is the one engine for everything that is no one-off: a versioned definition (trigger,
// anchor, steps, replies, notices), one enrollment per visit, and a pure function that says what follows
// from an event. It reasons by levels, not by deltas: what is true of the visit is compared with what the
// patient was last told, so that a lost, repeated or reordered event can neither leave a false text
// standing nor send the same news twice. It refuses to send, to render, and to judge whether a text may
// leave: plan, content and gate do.
package journey

import (
	"time"

	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/quiet"
)

// Trigger is what starts a journey.
type Trigger string

// OnBooked starts a journey for every visit that is expected.
const OnBooked Trigger = "appointment-booked"

// Base is what a step's offset counts from.
type Base string

const (
	FromStart   Base = "appointment-start"
	FromBooking Base = "booking"
)

// Definition is one version of a journey. It never changes once an enrollment runs on it.
type Definition struct {
	Key     string
	Version int
	// Names by language, for the console.
	Names   map[string]string
	Purpose purpose.Purpose
	Trigger Trigger
	Anchor  Base
	// PlanAhead is how long before its time a step becomes a message, so that quiet hours can pull it earlier.
	PlanAhead time.Duration
	// Settle is how long a change waits for the next one before the patient hears of it.
	Settle  time.Duration
	Steps   []Step
	Replies []Reply
	Notices Notices
}

// Step is one text of a journey.
type Step struct {
	ID       string
	Enabled  bool
	From     Base
	Offset   Offset
	Template string
	// Asks: the text invites the reply map's answers.
	Asks  bool
	Quiet quiet.Direction
	// UseUntil, counted from the anchor, is when the text has lost its use.
	UseUntil Offset
	OnlyIf   Conditions
	// CallIfUnreached puts a text that the carrier could not deliver on the call list.
	CallIfUnreached bool
}

// Conditions must all hold for a step to become a message. Zero values ask nothing.
type Conditions struct {
	BookedMoreThan Offset        // the visit was booked longer than this before it begins
	BookedWithin   time.Duration // the visit was booked no longer ago than this
	NotConfirmed   bool          // the patient has not confirmed the visit as it stands
	QuietFor       time.Duration // no other text about the visit as it stands goes within this time before
}

// Intent is an answer of the reply map.
type Intent string

const (
	Confirm    Intent = "confirm"
	Cancel     Intent = "cancel"
	Reschedule Intent = "reschedule"
	Question   Intent = "question"
)

// Reply is one line of the reply map: the digit that is offered for an intent when it is free on the number.
type Reply struct {
	Intent Intent
	Digit  string
}

// Notices are the texts that tell of changes.
type Notices struct {
	Moved      Notice
	Cancelled  Notice
	Correction Notice
}

// Notice is one of them.
type Notice struct {
	Template string
	Asks     bool
}

// Step finds an enabled or disabled step by its id.
func (d *Definition) Step(stepID string) (Step, bool) {
	for _, s := range d.Steps {
		if s.ID == stepID {
			return s, true
		}
	}
	return Step{}, false
}

// Codes is the reply map as digits to intents, for the question that a text asks.
func (d *Definition) Codes() map[string]string {
	codes := make(map[string]string, len(d.Replies))
	for _, r := range d.Replies {
		if r.Digit != "" {
			codes[r.Digit] = string(r.Intent)
		}
	}
	return codes
}

// TextUse is one place where a journey sends a template.
type TextUse struct {
	Step     string // of the journey, or moved, cancelled, correction
	Template string
	On       bool
	Asks     bool
}

// Texts lists every place, steps first.
func (d *Definition) Texts() (out []TextUse) {
	for _, s := range d.Steps {
		out = append(out, TextUse{s.ID, s.Template, s.Enabled, s.Asks})
	}
	return append(out,
		TextUse{stepMoved, d.Notices.Moved.Template, true, d.Notices.Moved.Asks},
		TextUse{stepCancelled, d.Notices.Cancelled.Template, true, d.Notices.Cancelled.Asks},
		TextUse{stepCorrection, d.Notices.Correction.Template, true, d.Notices.Correction.Asks})
}
