package journey

import "time"

// recheck is how soon the engine looks again at a text whose news is overdue.
const recheck = time.Hour

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

// watch asks for another look at a text whose failure would put it on the call list.
func (a *advance) watch(w *wake, t *Text) {
	s, isStep := a.d.Step(t.Step)
	if t.OnList || t.Delivered || isStep && !s.CallIfUnreached {
		return
	}
	switch t.Phase {
	case Pending:
		w.again(t.Expires)
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
