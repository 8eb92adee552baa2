package journey

import (
	"time"

	"carillon.dev/carillon/internal/core/quiet"
)

// maxSettle bounds how long a visit that keeps changing may keep the patient uninformed: this many settling
// times after the first change.
const maxSettle = 5

// worthTelling: a cancellation matters until the time that the patient believes in, another time until it comes.
func (a *advance) worthTelling(told Fact) bool {
	return a.now.Before(a.noticeExpires(told))
}

func (a *advance) noticeExpires(told Fact) time.Time {
	if a.e.Visit.Cancelled {
		return told.Start
	}
	return a.e.Visit.Start
}

// tell sees to it that the patient hears what is true: after the change has settled, one text with the newest
// truth. A notice that waits to leave, or that was lost and is on the call list, already is that text.
func (a *advance) tell(told Fact, by Ref) {
	e := a.e
	if a.bookingTells() {
		e.SettleAt, e.ChangedAt = time.Time{}, time.Time{}
		return
	}
	if n := e.lastNotice(); n != nil && n.States.same(e.Visit.Fact) {
		if n.Phase == Pending {
			e.SettleAt, e.ChangedAt = time.Time{}, time.Time{}
			return
		}
		if n.Phase == Lost { // a person calls; the journey goes on from what is true
			e.SettleAt, e.ChangedAt = time.Time{}, time.Time{}
			return
		}
	}
	if e.ChangedAt.IsZero() {
		e.ChangedAt = a.now
	}
	if e.SettleAt.IsZero() {
		e.SettleAt = a.now.Add(a.d.Settle)
		if last := e.ChangedAt.Add(maxSettle * a.d.Settle); last.Before(e.SettleAt) {
			e.SettleAt = last
		}
	}
	if a.now.Before(e.SettleAt) || !e.HeldBy.IsZero() {
		return
	}
	a.notify(told, by)
}

// bookingTells: the booking text waits to leave, or is about to be planned, and states the newest truth.
func (a *advance) bookingTells() bool {
	e := a.e
	if e.Visit.Cancelled || !e.First.same(e.Visit.Fact) || !e.HeldBy.IsZero() {
		return false
	}
	for _, f := range e.Forecast(a.d, a.now) {
		if f.Step.From != FromBooking || f.Skip != "" {
			continue
		}
		if t := e.text(f.Ref); t == nil || t.Phase == Pending {
			return true
		}
	}
	return false
}

func (e *Enrollment) lastNotice() *Text {
	for i := len(e.Texts) - 1; i >= 0; i-- {
		if e.Texts[i].Notice() && e.Texts[i].Phase != Gone {
			return &e.Texts[i]
		}
	}
	return nil
}

// notify plans the one text that tells the change, and that corrects the text that stated something else.
func (a *advance) notify(told Fact, by Ref) {
	e := a.e
	step, notice := a.noticeFor(told, by)
	t := e.newText(step, a.now, a.noticeExpires(told))
	e.SettleAt, e.ChangedAt = time.Time{}, time.Time{}
	a.do(Action{Kind: DropCalls}) // an older notice that failed is told by this one
	for i := range e.Texts {
		e.Texts[i].OnList = false
	}
	a.do(Action{Kind: Notify, Ref: t.Ref, Template: notice.Template, Asks: notice.Asks && !t.States.Cancelled,
		Quiet: quiet.Push, States: t.States, Version: t.Version, Due: t.Due, Expires: t.Expires,
		Old: told, Corrects: by, Begins: a.firstBegin(told)})
}

// noticeFor picks the text: cancelled, moved, or a correction where the visit takes place after all or where
// the newest text was false although nothing had changed since.
func (a *advance) noticeFor(told Fact, by Ref) (string, Notice) {
	switch {
	case a.e.Visit.Cancelled:
		return stepCancelled, a.d.Notices.Cancelled
	case told.Cancelled:
		return stepCorrection, a.d.Notices.Correction
	}
	if t := a.e.text(by); t != nil && t.LeftAt.After(a.e.TruthAt) {
		return stepCorrection, a.d.Notices.Correction
	}
	return stepMoved, a.d.Notices.Moved
}

// firstBegin is the earliest visit time that the patient might act on wrongly.
func (a *advance) firstBegin(told Fact) time.Time {
	begins := a.e.Visit.Start
	if !told.Cancelled && told.Start.After(a.now) && told.Start.Before(begins) {
		begins = told.Start
	}
	if a.e.Visit.Cancelled {
		begins = told.Start
	}
	return begins
}

// newText adds a waiting text that states the visit as it stands.
func (e *Enrollment) newText(step string, due, expires time.Time) Text {
	if e.Counts == nil {
		e.Counts = map[string]int{}
	}
	e.Counts[step]++
	t := Text{Ref: Ref{Step: step, Occurrence: e.Counts[step]}, States: e.Visit.Fact, Version: e.Visit.Version,
		Due: due, Expires: expires, Phase: Pending}
	e.Texts = append(e.Texts, t)
	return t
}
