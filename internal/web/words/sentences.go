package words

import (
	"slices"
	"strings"
	"time"

	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/gate"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/engine/desk"
	"carillon.dev/carillon/internal/engine/explain"
	"carillon.dev/carillon/internal/engine/plan"
)

// Name is the name as staff read it; a person whose key was destroyed has none, one whose key is damaged is said
// to be unreadable.
func (w *Words) Name(p patient.Person) string {
	if p.Unreadable {
		return w.T("person.unreadable")
	}
	name := p.Facts.FullName().Reveal()
	if name == "" {
		return w.T("person.unnamed")
	}
	return name
}

// Identifier is how staff call the system of an identifier.
func (w *Words) Identifier(system string) string {
	name, _, _ := strings.Cut(system, ":")
	if key := "identifier." + name; w.Has(key) {
		return w.T(key)
	}
	return w.T("identifier.other")
}

// GaveUp reports whether the carrier had the text and stopped trying to reach the phone.
func GaveUp(m *message.Message) bool { return m.State == message.Expired && !m.SentAt.IsZero() }

// NotNeeded reports whether the message was refused because nobody needs it any more.
func NotNeeded(m *message.Message) bool { return m.State == message.Refused && m.Reason.NotNeeded() }

// State names a message's state: one that ran out of time at the carrier's is another thing than one that was
// dropped here before it left.
func (w *Words) State(l desk.Line) string {
	if GaveUp(&l.Message) {
		if l.Reason == message.ReasonNoReceipt {
			return w.T("state.no_receipt")
		}
		return w.T("state.gave_up")
	}
	if NotNeeded(&l.Message) {
		return w.T("state.not_needed")
	}
	return w.Enum("state.", string(l.State))
}

// Why is the first sentence about a message: its reason in words, or what its state means when nothing stood in
// its way.
func (w *Words) Why(l desk.Line) string {
	if r := explain.Why(&l.Message); r != message.ReasonNone && !(GaveUp(&l.Message) && r == message.ReasonNoReceipt) {
		return w.Enum("reason.", string(r))
	}
	return w.Next(l)
}

// Next says what a message's state means and what to do about it.
func (w *Words) Next(l desk.Line) string {
	if GaveUp(&l.Message) {
		if l.Reason == message.ReasonNoReceipt {
			return w.T("next.no_receipt")
		}
		return w.T("next.gave_up")
	}
	if NotNeeded(&l.Message) {
		return w.T("next.not_needed")
	}
	return w.Enum("next.", string(l.State))
}

// Now says what would happen to a message at this moment, on the clock of zone.
func (w *Words) Now(n explain.Now, zone *time.Location) string {
	if n.Verdict == gate.Hold && !n.Until.IsZero() {
		return w.T("now.hold.until", "When", w.Moment(n.Until.In(zone)))
	}
	return w.Enum("now.", string(n.Verdict))
}

// Step is one line of a message's history.
type Step struct {
	At     time.Time
	State  message.State
	Detail string
	Code   string // the carrier's
}

// History puts columns and event rows of a message in one order, oldest first.
func (w *Words) History(t *desk.Told) (out []Step) {
	add := func(at time.Time, s message.State, detail, code string) {
		if !at.IsZero() {
			out = append(out, Step{at, s, detail, code})
		}
	}
	add(t.PlannedAt, message.Planned, "", "")
	for _, e := range t.Events {
		add(e.At, e.To, w.Enum("reason.", string(e.Reason)), e.Code)
	}
	add(t.SentAt, message.Accepted, "", "")
	if t.State.Settled() && !t.DoneAt.IsZero() {
		add(t.DoneAt, t.State, w.Enum("reason.", string(t.Reason)), t.ErrorCode)
	}
	slices.SortStableFunc(out, func(a, b Step) int { return a.At.Compare(b.At) })
	return out
}

// Future says what will become of a text that has not left.
func (w *Words) Future(f plan.Future) string {
	switch {
	case !f.Held.IsZero():
		return w.T("future.held")
	case f.Skip != "":
		return w.T("future.skipped")
	case f.Settling:
		return w.T("future.settling")
	case f.Says == message.Refused:
		return w.T("future.refused")
	case f.Says == message.Held:
		return w.T("future.waits")
	}
	return w.T("future.will")
}

// FutureWhy says why a text waits, or why it will not go; empty when nothing stands in its way.
func (w *Words) FutureWhy(f plan.Future) string {
	switch {
	case !f.Held.IsZero():
		return w.T("reason.import_waits_for_release")
	case f.Skip != "":
		return w.Enum("skip.", string(f.Skip))
	case f.Settling:
		return w.T("reason.settling")
	case f.Why != message.ReasonNone:
		return w.Enum("reason.", string(f.Why))
	}
	return ""
}

// Right says what the ledger's state allows.
func (w *Words) Right(s consent.State) string {
	switch {
	case s.OptedOut:
		return w.T("right.opted_out")
	case s.Suspended:
		return w.T("right.suspended")
	case s.Granted:
		return w.T("right.granted")
	case s.By.Status == consent.Revoked:
		return w.T("right.revoked")
	}
	return w.T("right.none")
}

// Ledger says what an entry of the ledger did.
func (w *Words) Ledger(e consent.Entry) string {
	switch {
	case e.Lifts:
		return w.T("ledger.lifted")
	case e.Status == consent.Revoked && e.Person.IsZero():
		return w.T("ledger.opt_out")
	}
	return w.Enum("ledger.", string(e.Status))
}
