package send

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/core/gate"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/sms"
	"carillon.dev/carillon/internal/store"
)

// Gate decides again about messages that are due: facts, consent and rendering are read anew.
type Gate interface {
	// Standing rules from the recorded decisions: a message may leave if nothing that its decision read has changed
	// since, which the leasing transaction finds out by comparing revisions, and if time has not overtaken it. Where
	// a record is not enough, the answer's place is false.
	Standing(ctx context.Context, scope access.Scope, drafts []store.Draft) ([]Ruling, []bool, error)

	// Again gives one ruling a draft, in their order. It reads on readers and writes nothing.
	Again(ctx context.Context, scope access.Scope, drafts []store.Draft) ([]Ruling, error)
}

// Ruling is what the second gate says of one message.
type Ruling struct {
	// Send: it may leave, while Revs are unchanged and ValidUntil is ahead. Otherwise Move says what becomes of it.
	Send bool
	Move store.Move

	Encoded sms.Encoded
	From    carrier.Address
	Immune  bool         // emergencies and the confirmation of an opt-out pass the suppression set
	Rewrite *store.Draft // the text as it is now, when it is another than the stored one

	// Question is what the text asks; it opens as the text is leased, and a digit that another question took meanwhile keeps
	// the text waiting. Call is a call that is due when the text leaves. Both may be nil.
	Question *conversation.Question
	Call     *conversation.Task

	Bound      store.Bound
	Revs       store.Revs
	Seen       store.Snapshot // the state that Revs were read from
	OrgRev     int64
	ValidUntil time.Time // zero never ends

	resume *store.Sent // the parts that were accepted before: only the others go; the loop sets it
	afresh bool        // parts of an earlier attempt do not count any more

	// Cap is counted again inside the leasing transaction; the zero CapRule counts nothing.
	Cap CapRule
}

// CapRule is how often a person may be written to for a purpose, and for all purposes that spend the person's budget;
// 0 is no limit.
type CapRule struct {
	store.SpokenAsk
	Purpose purpose.Purpose
	At      time.Time
	// KeepsRoom: care to come counts too.
	KeepsRoom             bool
	DayCap, WeekCap       int
	DayBudget, WeekBudget int
}

// none reports whether nothing has to be counted.
func (c *CapRule) none() bool {
	return c.DayCap == 0 && c.WeekCap == 0 && c.DayBudget == 0 && c.WeekBudget == 0
}

// full reports whether one text more would be too many beside these.
func (c *CapRule) full(texts []gate.Spoken) bool {
	n := gate.Count(texts, c.Purpose, c.At, c.KeepsRoom)
	return over(c.DayCap, n.FullDay) || over(c.WeekCap, n.FullWeek) || over(c.DayBudget, n.FullAllDay) || over(c.WeekBudget, n.FullAllWeek)
}

func over(most, n int) bool { return most > 0 && n >= most }
