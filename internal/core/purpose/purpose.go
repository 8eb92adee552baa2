// Package purpose is the one table of what a message is for. The purpose decides whether consent is
// needed, the quiet hours' class, priority, what an unknown outcome means and how often a person may be
// written to. It refuses to know a country's law: dated rule files narrow these defaults.
package purpose

import "time"

// Purpose is what a message is for; it is stored as this text.
type Purpose string

const (
	Appointment Purpose = "appointment"
	Medication  Purpose = "medication"
	Recall      Purpose = "recall"
	ResultReady Purpose = "result-ready"
	Discharge   Purpose = "discharge"
	Survey      Purpose = "survey"
	Education   Purpose = "education"
	Event       Purpose = "event"
	Marketing   Purpose = "marketing"
	Birthday    Purpose = "birthday"
	Emergency   Purpose = "emergency"
	Operational Purpose = "operational" // answers to the patient: confirmations of a reply, opt-out, help
	Staff       Purpose = "staff"
)

// Priority orders queues: a lower number leaves first.
type Priority int

const (
	Urgent  Priority = 0 // emergencies
	Reply   Priority = 1 // somebody waits for an answer
	Care    Priority = 2 // reminders, change notices
	Routine Priority = 3 // education, surveys
	Bulk    Priority = 4 // campaigns
)

// Unknown is what to do when nobody can say whether a message left.
type Unknown string

const (
	NeverResend Unknown = "never"  // a second text is worse than none
	ResendOnce  Unknown = "once"   // once, after the receipt window
	SwitchNow   Unknown = "switch" // another route or channel at once
)

// Class of quiet hours that a purpose falls under.
type Class string

const (
	ClassCare      Class = "care"
	ClassMarketing Class = "marketing"
	ClassUrgent    Class = "urgent"
	ClassReply     Class = "reply"
)

// Traits are the defaults of one purpose.
type Traits struct {
	Priority Priority
	Class    Class
	// NeedsConsent: without a grant in the ledger for this purpose and channel the message is refused.
	NeedsConsent bool
	Unknown      Unknown
	// DayCap and WeekCap are messages to one person of this purpose; 0 is no cap.
	DayCap, WeekCap int
	// ReceiptWindow is how long a missing receipt is waited for before Unknown applies.
	ReceiptWindow time.Duration
	// Spends: a text of this purpose uses up the person's budget over all purposes. Doses have a cap of their own: three
	// tablets a day would leave no room for a reminder.
	Spends bool
}

// table: caps follow the strict reading of 47 CFR 64.1200(a)(9)(iv)(E), one a day and three a week, as
// defaults for care, with room for a change notice on the day of a reminder.
var table = map[Purpose]Traits{
	Appointment: {Care, ClassCare, true, ResendOnce, 2, 5, 6 * time.Hour, true},
	Medication:  {Care, ClassCare, true, NeverResend, 6, 42, time.Hour, false},
	Recall:      {Routine, ClassCare, true, NeverResend, 1, 3, 24 * time.Hour, true},
	ResultReady: {Care, ClassCare, true, ResendOnce, 2, 5, 6 * time.Hour, true},
	Discharge:   {Care, ClassCare, true, ResendOnce, 2, 7, 6 * time.Hour, true},
	Survey:      {Routine, ClassCare, true, NeverResend, 1, 2, 24 * time.Hour, true},
	Education:   {Routine, ClassCare, true, NeverResend, 1, 3, 24 * time.Hour, true},
	Event:       {Bulk, ClassCare, true, NeverResend, 1, 2, 24 * time.Hour, true},
	Marketing:   {Bulk, ClassMarketing, true, NeverResend, 1, 2, 24 * time.Hour, true},
	Birthday:    {Routine, ClassCare, true, NeverResend, 1, 1, 24 * time.Hour, true},
	Emergency:   {Urgent, ClassUrgent, false, SwitchNow, 0, 0, 2 * time.Minute, false},
	Operational: {Reply, ClassReply, false, NeverResend, 0, 0, time.Hour, false},
	Staff:       {Care, ClassUrgent, false, ResendOnce, 0, 0, 15 * time.Minute, false},
}

// All lists every purpose in the order people are shown them.
func All() []Purpose {
	return []Purpose{Appointment, Medication, Recall, ResultReady, Discharge, Survey, Education,
		Event, Marketing, Birthday, Emergency, Operational, Staff}
}

// Valid reports whether p is one of the purposes.
func (p Purpose) Valid() bool { _, ok := table[p]; return ok }

// Yields reports whether a text of p keeps room in the person's budget for care that is planned: a reminder of a visit
// outranks a survey, a lesson, a greeting or an offer.
func (p Purpose) Yields() bool { t := p.Traits(); return t.Spends && t.Priority > Care }

// Traits are the defaults of p; an unknown purpose gets the strictest.
func (p Purpose) Traits() Traits {
	if t, ok := table[p]; ok {
		return t
	}
	return table[Marketing]
}
