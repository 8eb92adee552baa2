package journey

import (
	"slices"
	"time"
)

// lookIn is how long after its due time a notice has usually left; recheck is how soon the engine looks again at
// one that has not.
const (
	lookIn  = 5 * time.Minute
	recheck = time.Hour
)

// lookAhead says when to look again and what will be said until the visit.
func (a *advance) lookAhead() {
	a.e.NextDue, a.e.Ahead = a.nextDue(), a.e.ahead(a.d, a.now)
}

// ahead lists the steps that will become messages.
func (e *Enrollment) ahead(d *Definition, now time.Time) (out []Ahead) {
	if e.State != Active || e.Visit.Cancelled {
		return nil
	}
	fs := e.Forecast(d, now)
	for i, f := range fs {
		if f.Skip == "" && f.Ref.IsZero() {
			out = append(out, Ahead{Step: f.Step.ID, Due: f.Due, Last: !e.more(fs[i+1:])})
		}
	}
	return out
}

// more reports whether one of the steps will still be said.
func (e *Enrollment) more(fs []Forecast) bool {
	return slices.ContainsFunc(fs, func(f Forecast) bool {
		if !f.Ref.IsZero() {
			return e.text(f.Ref).Phase == Pending
		}
		return f.Skip == ""
	})
}

// nextDue is the first time at which something may follow without an event.
func (a *advance) nextDue() time.Time {
	e := a.e
	if e.State != Active {
		return time.Time{}
	}
	w := wake{now: a.now}
	w.at(e.SettleAt)
	w.at(e.Visit.Start)
	if told, _ := e.Told(); e.Visit.Cancelled {
		w.at(told.Start)
	}
	if !e.HeldBy.IsZero() {
		return w.next
	}
	if e.SettleAt.IsZero() && !e.Visit.Cancelled {
		for _, f := range e.Forecast(a.d, a.now) {
			if f.Skip == "" && f.Ref.IsZero() {
				w.at(f.PlanAt)
			}
		}
	}
	for i := range e.Texts {
		a.watch(&w, &e.Texts[i])
	}
	return w.next
}

// watch asks for another look at news of a change: whether it has left decides what later steps need not say,
// and when it fails a person must call. What became of other texts is told by whoever sees it.
func (a *advance) watch(w *wake, t *Text) {
	if t.OnList || t.Delivered || !t.Notice() {
		return
	}
	switch t.Phase {
	case Pending:
		w.again(t.Due.Add(lookIn))
	case Left:
		w.at(t.LeftAt.Add(a.d.Purpose.Traits().ReceiptWindow))
		w.at(t.Expires)
	}
}

// wake keeps the earliest time ahead.
type wake struct{ now, next time.Time }

// at proposes a time; the past and the zero time propose nothing.
func (w *wake) at(t time.Time) {
	if t.After(w.now) && (w.next.IsZero() || t.Before(w.next)) {
		w.next = t
	}
}

// again proposes a time, or another look soon when it has passed.
func (w *wake) again(t time.Time) {
	if !t.After(w.now) {
		t = w.now.Add(recheck)
	}
	w.at(t)
}
