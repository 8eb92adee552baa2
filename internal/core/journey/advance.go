package journey

import (
	"maps"
	"slices"
	"time"

	"carillon.dev/carillon/internal/core/message"
)

// Enroll begins an enrollment: the fields that identify it are the caller's.
func Enroll(d *Definition, e Enrollment, v Visit, now time.Time) (Enrollment, []Action) {
	e.Journey, e.Definition, e.State = d.Key, d.Version, Active
	e.EnrolledAt, e.First, e.Known, e.KnownAt = now, v.Fact, v.Fact, now
	return Advance(d, e, Event{Kind: VisitBooked, Visit: v}, now)
}

// Advance says what follows from one event. It is total: every event may come in every state, at any time and
// any number of times. The enrollment passed in is not changed. The definition must be the version that the
// enrollment runs on, and Visit.Zone must be set (UTC otherwise).
func Advance(d *Definition, e Enrollment, ev Event, now time.Time) (Enrollment, []Action) {
	return AdvanceAll(d, e, []Event{ev}, now)
}

// AdvanceAll takes over several events that became known together, in their order, and then says what follows
// from all of them. News of messages goes first: what has left cannot be withdrawn.
func AdvanceAll(d *Definition, e Enrollment, events []Event, now time.Time) (Enrollment, []Action) {
	e.Texts = slices.Clone(e.Texts)
	e.Counts, e.Deferred = maps.Clone(e.Counts), maps.Clone(e.Deferred)
	a := &advance{d: d, e: &e, now: now}
	for _, ev := range events {
		a.apply(ev)
	}
	if e.State == Active {
		a.reconcile()
	}
	e.prune()
	a.lookAhead()
	return e, a.actions
}

// advance is one call of Advance on its way.
type advance struct {
	d       *Definition
	e       *Enrollment
	now     time.Time
	actions []Action
}

func (a *advance) do(act Action) { a.actions = append(a.actions, act) }

// apply takes the event's facts over; what follows from them is reconcile's.
func (a *advance) apply(ev Event) {
	e := a.e
	switch ev.Kind {
	case VisitBooked, VisitChanged:
		a.visitIs(ev)
	case VisitOver:
		a.end(EndHappened)
	case PersonGone:
		a.end(EndPerson)
	case PersonBack:
		if e.State == Ended && e.Reason == EndPerson && e.mattersAgain(e.Visit, a.now) {
			e.State, e.Reason = Active, ""
		}
	case Answered:
		about := ev.About
		if about.Start.IsZero() {
			about = e.Visit.Fact
		}
		e.Answer, e.Answered, e.Heard = ev.Intent, about, ev.Response
	case MessageNews:
		a.messageNews(ev)
	case ImportHeld:
		e.HeldBy = ev.Import
	case Released:
		if e.HeldBy == ev.Import {
			e.HeldBy = [16]byte{}
		}
	}
}

// visitIs takes over a new truth. A slip of the desk that is put right before anything left needs no notice where
// a booking text goes: that simply states the newest time.
func (a *advance) visitIs(ev Event) {
	e := a.e
	v := ev.Visit
	if v.Zone == nil {
		v.Zone = e.Visit.Zone
	}
	if v.Works == nil {
		v.Works = e.Visit.Works
	}
	if e.State == Ended && e.Reason != EndPerson && !(ev.PatientKnows && v.Cancelled) && e.mattersAgain(v, a.now) {
		e.State, e.Reason = Active, ""
	}
	if !v.same(e.Visit.Fact) || e.TruthAt.IsZero() {
		e.TruthAt, e.SettleAt = a.now, time.Time{} // the settling time begins again
		e.Deferred = nil
	}
	e.Visit = v
	if ev.PatientKnows {
		e.Known, e.KnownAt = v.Fact, a.now.Add(time.Microsecond) // after whatever left up to now
		return
	}
	if a.now.Before(e.EnrolledAt.Add(a.d.Settle)) && !e.anyLeft() {
		e.First = v.Fact
	}
}

// reopen wakes an enrollment whose end rested on news that, as a late receipt says, never arrived: the patient
// still expects a visit that is cancelled.
func (a *advance) reopen() {
	e := a.e
	if e.State == Ended && (e.Reason == EndCancelled || e.Reason == EndPassed) && e.Visit.Cancelled && e.mattersAgain(e.Visit, a.now) {
		e.State, e.Reason = Active, ""
	}
}

// mattersAgain: the visit takes place after all, or the patient still expects one that does not.
func (e *Enrollment) mattersAgain(v Visit, now time.Time) bool {
	if !v.Cancelled {
		return v.Start.After(now)
	}
	told, _ := e.Told()
	return !told.Cancelled && told.Start.After(now)
}

func (e *Enrollment) anyLeft() bool {
	return slices.ContainsFunc(e.Texts, func(t Text) bool { return t.Phase == Left || t.Phase == Lost })
}

// messageNews moves one text's phase. Late and repeated news are harmless: a delivered text stays delivered.
func (a *advance) messageNews(ev Event) {
	t := a.e.text(ev.Ref)
	if t == nil || t.Delivered || !t.takes(ev, a.now) {
		return
	}
	a.reopen()
	if a.e.State != Active && (a.e.Reason != EndCancelled || !a.now.Before(t.Expires)) {
		return // over; but news of a cancellation that was lost still needs a call
	}
	if a.needsCall(t, ev.Outcome) {
		t.OnList = true
		a.do(Action{Kind: CallList, Ref: t.Ref, States: t.States, Version: t.Version, Reason: ev.Reason})
	}
	if t.Delivered && t.OnList {
		t.OnList = false
		a.do(Action{Kind: DropCalls, Ref: t.Ref})
	}
}

// takes applies the outcome and reports whether it was news.
func (t *Text) takes(ev Event, now time.Time) bool {
	was := *t
	switch ev.Outcome {
	case OutcomeWaiting:
		if t.Phase == Left {
			t.Phase, t.LeftAt = Pending, time.Time{}
		}
	case OutcomeHandedOver, OutcomeUnknown, OutcomeDelivered:
		t.leave(ev.At, now)
		t.Delivered, t.Silent = ev.Outcome == OutcomeDelivered, ev.Outcome == OutcomeUnknown
	case OutcomeEvicted:
		t.Phase, t.Why = Gone, ev.Reason
	case OutcomeRefused, OutcomeUndelivered:
		t.Phase, t.Why = Lost, ev.Reason
	}
	return *t != was
}

func (t *Text) leave(at, now time.Time) {
	if t.LeftAt.IsZero() {
		t.LeftAt = now
		if !at.IsZero() && at.Before(now) {
			t.LeftAt = at
		}
	}
	t.Phase = Left
}

// needsCall: news of a change that did not arrive must reach the patient by voice; a reminder only where the
// step says so and the carrier failed, not where the patient or a rule did not want it; but always where the last
// reminder found no room among the person's other texts, which nobody wanted. What is not true any more, or was told by a
// newer text, needs no call.
func (a *advance) needsCall(t *Text, o Outcome) bool {
	if t.OnList || !t.States.same(a.e.Visit.Fact) || !a.e.newest(t) {
		return false
	}
	failed := o == OutcomeUndelivered || o == OutcomeUnknown
	if t.Notice() {
		return failed || o == OutcomeRefused
	}
	s, ok := a.d.Step(t.Step)
	return ok && (s.CallIfUnreached && failed || o == OutcomeRefused && a.crowdedOut(t, s))
}

// crowdedOut: caps refused the text, no later step will say it, and no reminder that must reach the patient has left.
func (a *advance) crowdedOut(t *Text, s Step) bool {
	switch t.Why {
	case message.ReasonCap, message.ReasonBudget, message.ReasonKeepsRoom:
	default:
		return false
	}
	e := a.e
	if s.From == FromBooking || e.more(e.Forecast(a.d, a.now)) {
		return false
	}
	return !slices.ContainsFunc(e.Texts, func(o Text) bool {
		said, ok := a.d.Step(o.Step)
		return ok && o.Phase == Left && o.States.same(t.States) && (said.CallIfUnreached || !s.CallIfUnreached)
	})
}

// newest: no text was read after this one, and no notice waits. A text that never left counts from its time.
func (e *Enrollment) newest(t *Text) bool {
	at := t.LeftAt
	if at.IsZero() {
		at = t.Due
	}
	for i := range e.Texts {
		o := &e.Texts[i]
		if o.Ref != t.Ref && (o.Phase == Pending && o.Notice() || o.Phase == Left && o.LeftAt.After(at)) {
			return false
		}
	}
	return true
}

// end takes back what waits and closes the enrollment.
func (a *advance) end(why EndReason) {
	e := a.e
	if e.State == Ended {
		return
	}
	for i := range e.Texts {
		a.withdraw(&e.Texts[i], endReasons[why])
	}
	e.State, e.Reason, e.SettleAt, e.ChangedAt = Ended, why, time.Time{}, time.Time{}
	a.do(Action{Kind: DropCalls})
	a.do(Action{Kind: End, EndReason: why})
}

var endReasons = map[EndReason]message.Reason{
	EndCancelled: message.ReasonVisitGone,
	EndHappened:  message.ReasonFactChanged,
	EndPassed:    message.ReasonStale,
	EndPerson:    message.ReasonInactive,
}

// withdraw takes a text back if it has not left.
func (a *advance) withdraw(t *Text, why message.Reason) {
	if t.Phase != Pending {
		return
	}
	t.Phase, t.Why = Gone, why
	a.do(Action{Kind: Withdraw, Ref: t.Ref, Reason: why})
}

// reconcile makes what is planned fit what is true.
func (a *advance) reconcile() {
	e := a.e
	a.withdrawFalse()
	told, by := e.Told()
	switch {
	case told.same(e.Visit.Fact):
		a.settled()
	case !a.worthTelling(told):
		a.settled()
	default:
		a.tell(told, by)
	}
	if e.State != Active {
		return
	}
	if !e.Visit.Cancelled && !a.now.Before(e.Visit.Start) {
		a.end(EndPassed)
		return
	}
	if e.SettleAt.IsZero() && e.HeldBy.IsZero() && !e.Visit.Cancelled {
		a.planSteps()
	}
}

// withdrawFalse takes back every waiting text that is bound to another truth, or that an answer made needless.
func (a *advance) withdrawFalse() {
	e := a.e
	for i := range e.Texts {
		t := &e.Texts[i]
		if t.Phase != Pending {
			continue
		}
		s, isStep := a.d.Step(t.Step)
		switch {
		case !t.States.same(e.Visit.Fact) || t.Version != e.Visit.Version:
			a.withdraw(t, message.ReasonFactChanged)
		case isStep && e.Declined(), isStep && s.OnlyIf.NotConfirmed && e.Confirmed():
			a.withdraw(t, message.ReasonAnswered)
		}
	}
}

// settled: the patient believes what is true.
func (a *advance) settled() {
	e := a.e
	e.SettleAt, e.ChangedAt = time.Time{}, time.Time{}
	for i := range e.Texts {
		t := &e.Texts[i]
		if t.Notice() {
			a.withdraw(t, message.ReasonSuperseded) // the change was taken back before the news left
		}
		if t.Phase == Lost && t.OnList && !t.States.same(e.Visit.Fact) {
			t.OnList = false
			a.do(Action{Kind: DropCalls, Ref: t.Ref})
		}
	}
	if e.Visit.Cancelled {
		a.end(EndCancelled)
	}
}
