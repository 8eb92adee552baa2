// Package conversation holds what comes in: inbound texts, the thread with one number, the questions that
// are open on it, and the staff tasks that follow. It refuses to say what a text means: reply does.
package conversation

import (
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/core/purpose"
)

// Inbound is one whole text from a phone, its parts joined.
type Inbound struct {
	ID           id.ID
	Org          id.ID
	Route        id.ID
	Sender       id.ID // the inbound number it came to
	Point        id.ID // the contact point it came from; zero for an unknown number
	Conversation id.ID
	From         phone.Number
	Text         phi.Text // sealed
	Parts        int
	Missing      int // parts that never came; shown, never guessed
	ReceivedAt   time.Time
	Intent       string // as core/reply says
	OptOut       string
	Question     id.ID // the question it answered; zero when none or several
	Outcome      Outcome
}

// Outcome is what was done with an inbound text.
type Outcome string

const (
	Acted      Outcome = "acted"      // changed an answer or an opt-out
	ToPerson   Outcome = "to_person"  // waits in the inbox
	Repeated   Outcome = "repeated"   // the same event once more
	Closed     Outcome = "closed"     // answered a closed question, told so
	Ignored    Outcome = "ignored"    // thanks and the like
	Incomplete Outcome = "incomplete" // parts are missing
	Tested     Outcome = "tested"     // a test phone sent back the code of its test text
)

// Conversation is the thread between the organization and one contact point.
type Conversation struct {
	ID        id.ID
	Org       id.ID
	Point     id.ID
	Location  id.ID
	State     State
	Claimed   id.ID // the user who works on it
	Version   int64 // a claim or close with an old version is a conflict
	Urgent    bool
	LastIn    time.Time
	LastOut   time.Time
	WaitsFrom time.Time // since when a person is needed; zero when none is
	Cause     Cause     // why a person is needed, while the state is Open
}

// Cause is why a conversation waits for a person.
type Cause string

const (
	ByContent Cause = ""        // somebody must read what was written
	ByUnclear Cause = "unclear" // a text was not understood, and the number was asked again
	ByTask    Cause = "task"    // what was written is a row of the call list
)

// Wait says that a person is needed for this cause, besides what is waited for already.
func (c *Conversation) Wait(why Cause, now time.Time) {
	switch {
	case c.State != Open:
		c.State, c.WaitsFrom, c.Cause = Open, now, why
	case c.Cause == ByUnclear && why == ByTask: // the answer that was asked for again
		c.Cause = ByTask
	case c.Cause != why:
		c.Cause = ByContent
	}
}

// Settle ends the waiting.
func (c *Conversation) Settle() {
	c.State, c.WaitsFrom, c.Urgent, c.Claimed, c.Cause = Quiet, time.Time{}, false, id.ID{}, ByContent
}

// Settles reports whether the waiting may end by itself because nothing but the cause was waited for: never where a
// text must be read, is urgent, or somebody works on it.
func (c *Conversation) Settles(why Cause) bool {
	return c.State == Open && why != ByContent && c.Cause == why && !c.Urgent && c.Claimed.IsZero()
}

// State of a conversation.
type State string

const (
	Quiet State = "quiet" // nothing waits
	Open  State = "open"  // a person is needed
)

// Question is an open question on one number: what was asked about which visit and which digits answer it.
type Question struct {
	ID          id.ID
	Org         id.ID
	Point       id.ID
	Person      id.ID
	Message     id.ID // the text that asked
	Appointment id.ID
	Version     int64 // of the visit
	Enrollment  id.ID
	Purpose     purpose.Purpose
	Codes       map[string]string // digit to intent
	AskedAt     time.Time
	Asked       bool // the text that asks has left; before that nothing can answer it
	ClosesAt    time.Time
	ClosedAt    *time.Time
	Answer      string // the intent that closed it
}

// Task is something a person must do: call a patient, move a visit in the practice system, read a text.
type Task struct {
	ID           id.ID
	Org          id.ID
	Kind         TaskKind
	Person       id.ID
	Point        id.ID
	Location     id.ID
	Appointment  id.ID
	Message      id.ID
	Conversation id.ID
	Audience     id.ID  // whose call list it stands on; zero for a task of no audience
	Reason       string // a message.Reason or an intent
	Urgent       bool
	CreatedAt    time.Time
	DueAt        time.Time
	DoneAt       *time.Time
	DoneBy       id.ID
	Outcome      TaskOutcome
	Note         phi.Text // sealed
}

// TaskKind says which list a task stands on.
type TaskKind string

const (
	CallPatient TaskKind = "call"          // a text could not reach the patient
	CancelVisit TaskKind = "cancel_visit"  // the patient cancelled; the calendar is kept elsewhere
	MoveVisit   TaskKind = "move_visit"    // the patient wants another time
	CheckNumber TaskKind = "check_number"  // wrong number, or a number that fails
	CheckOptOut TaskKind = "check_opt_out" // an opt-out that may have been meant otherwise
	AnswerText  TaskKind = "answer"
	ReadText    TaskKind = "read_text" // a text without a number that could be answered: it has no conversation
	ReleaseHold TaskKind = "release"
)

// TaskOutcome is how a task ended.
type TaskOutcome string

const (
	Reached    TaskOutcome = "reached"
	NotReached TaskOutcome = "not_reached"
	LeftWord   TaskOutcome = "left_word"
	DoneOther  TaskOutcome = "done"
	NotNeeded  TaskOutcome = "not_needed"
)
