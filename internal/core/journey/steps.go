package journey

import (
	"slices"
	"time"
)

// Skip says why a step will not become a message; empty when it will, or has.
type Skip string

const (
	SkipOff           Skip = "step_off"
	SkipBookedLate    Skip = "not_booked_long_before"
	SkipBookedLongAgo Skip = "booked_long_ago"
	SkipConfirmed     Skip = "confirmed"
	SkipDeclined      Skip = "declined"
	SkipMerged        Skip = "another_text_says_it" // close to another text that says the same
	SkipSuperseded    Skip = "later_step_says_it"   // late, and a later step is due as well
	SkipTooLate       Skip = "too_late"
	SkipChanged       Skip = "visit_changed_since" // a booking text after the visit changed
)

// Forecast is what will become of one step, as things stand.
type Forecast struct {
	Step    Step
	Due     time.Time // when it goes, before quiet hours bend it
	PlanAt  time.Time // when it becomes a message
	Expires time.Time
	Skip    Skip
	// Ref is set when the step has already become a message for the visit as it stands.
	Ref Ref
}

// Forecast says for every step, in the order of time, what will become of it: the same judgement that plans.
func (e *Enrollment) Forecast(d *Definition, now time.Time) []Forecast {
	fs := make([]Forecast, len(d.Steps))
	for i, s := range d.Steps {
		fs[i] = e.place(d, s)
	}
	slices.SortStableFunc(fs, inOrder)
	var spoken []time.Time // times of texts that say what is true
	for i := range fs {
		fs[i].Skip = e.judge(&fs[i], spoken, now)
		if fs[i].Skip == "" && fs[i].Ref.IsZero() {
			spoken = append(spoken, later(fs[i].Due, now))
		}
	}
	onlyLatestOfLate(fs, now)
	slices.SortStableFunc(fs, func(a, b Forecast) int { return a.Due.Compare(b.Due) })
	return fs
}

// inOrder: booking texts first, because later steps keep their distance from them; the rest by time.
func inOrder(a, b Forecast) int {
	if byBooking := a.Step.From == FromBooking; byBooking != (b.Step.From == FromBooking) {
		if byBooking {
			return -1
		}
		return 1
	}
	return a.Due.Compare(b.Due)
}

// place computes a step's times for the visit as it stands.
func (e *Enrollment) place(d *Definition, s Step) Forecast {
	f := Forecast{Step: s, Expires: e.Visit.away(e.Visit.Start, s.UseUntil)}
	switch s.From {
	case FromBooking:
		// The booking text waits for slips of the desk like any other news.
		f.Due = later(e.Visit.away(e.Visit.BookedAt, s.Offset), e.EnrolledAt.Add(d.Settle))
		f.PlanAt = e.EnrolledAt
	default:
		f.Due = e.Visit.away(e.Visit.Start, s.Offset)
		f.PlanAt = f.Due.Add(-d.PlanAhead)
	}
	f.PlanAt = later(f.PlanAt, e.Deferred[s.ID])
	for _, t := range e.Texts {
		if t.Step == s.ID && t.Phase != Gone && t.States.same(e.Visit.Fact) {
			f.Ref = t.Ref
		}
	}
	return f
}

func (e *Enrollment) judge(f *Forecast, spoken []time.Time, now time.Time) Skip {
	if !f.Ref.IsZero() {
		return ""
	}
	s := f.Step
	at := later(f.Due, now)
	switch {
	case !s.Enabled:
		return SkipOff
	case !at.Before(f.Expires) || !at.Before(e.Visit.Start):
		return SkipTooLate
	case e.Declined():
		return SkipDeclined
	case s.From == FromBooking && !e.First.same(e.Visit.Fact):
		return SkipChanged
	case s.OnlyIf.BookedWithin > 0 && !e.bookedWithin(s.OnlyIf.BookedWithin, now):
		return SkipBookedLongAgo
	case !s.OnlyIf.BookedMoreThan.IsZero() && !e.bookedMoreThan(s.OnlyIf.BookedMoreThan):
		return SkipBookedLate
	case s.OnlyIf.NotConfirmed && e.Confirmed():
		return SkipConfirmed
	case e.saidNear(f, spoken, now):
		return SkipMerged
	}
	return ""
}

func (e *Enrollment) bookedWithin(d time.Duration, now time.Time) bool {
	return !e.Visit.BookedAt.IsZero() && now.Sub(e.Visit.BookedAt) <= d
}

// bookedMoreThan counts from the booking, or from when the journey learned of it.
func (e *Enrollment) bookedMoreThan(o Offset) bool {
	booked := e.Visit.BookedAt
	if booked.IsZero() {
		booked = e.EnrolledAt
	}
	return e.Visit.away(booked, o).Before(e.Visit.Start)
}

// saidNear: another text that states the visit as it stands goes, or went, so near to this step's time that a
// second would only repeat it. A late step is also covered by whatever went since its time.
func (e *Enrollment) saidNear(f *Forecast, spoken []time.Time, now time.Time) bool {
	at, gap := later(f.Due, now), f.Step.OnlyIf.QuietFor
	near := func(t time.Time) bool {
		apart := at.Sub(t).Abs()
		return apart < gap || f.Due.Before(now) && t.After(f.Due) && !t.After(now)
	}
	for i := range e.Texts {
		t := &e.Texts[i]
		if !t.States.same(e.Visit.Fact) || t.Step == f.Step.ID {
			continue
		}
		switch {
		case t.Phase == Pending && (t.Notice() || near(t.Due)):
			return true
		case t.Phase == Left && near(t.LeftAt):
			return true
		}
	}
	return slices.ContainsFunc(spoken, near)
}

// onlyLatestOfLate: of several steps whose time has passed, the last says it all.
func onlyLatestOfLate(fs []Forecast, now time.Time) {
	last := -1
	for i := range fs {
		if fs[i].Skip != "" || !fs[i].Ref.IsZero() || !fs[i].Due.Before(now) {
			continue
		}
		if last >= 0 {
			fs[last].Skip = SkipSuperseded
		}
		last = i
	}
}

// planSteps turns steps whose planning time has come into messages.
func (a *advance) planSteps() {
	e := a.e
	fs := e.Forecast(a.d, a.now)
	for i, f := range fs {
		if f.Skip != "" || !f.Ref.IsZero() || a.now.Before(f.PlanAt) {
			continue
		}
		s := f.Step
		t := e.newText(s.ID, later(f.Due, a.now), f.Expires)
		a.do(Action{Kind: Send, Ref: t.Ref, Template: s.Template, Asks: s.Asks, Quiet: s.Quiet, States: t.States,
			Version: t.Version, Due: t.Due, Expires: t.Expires, NotAgain: s.OnlyIf.NotConfirmed,
			KeepsRoom: e.more(fs[i+1:])})
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Defer takes a step's text out again, as if it had not been planned, until a later look. Only a text that has
// no message yet can be deferred; it reports whether it was.
func (e *Enrollment) Defer(d *Definition, r Ref, until, now time.Time) bool {
	i := slices.IndexFunc(e.Texts, func(t Text) bool { return t.Ref == r && t.Phase == Pending && !t.Notice() })
	if i < 0 || !until.After(now) {
		return false
	}
	e.Texts = slices.Delete(e.Texts, i, i+1)
	if e.Counts[r.Step] == r.Occurrence {
		e.Counts[r.Step]--
	}
	if e.Deferred == nil {
		e.Deferred = map[string]time.Time{}
	}
	e.Deferred[r.Step] = until
	a := advance{d: d, e: e, now: now}
	a.lookAhead()
	return true
}
