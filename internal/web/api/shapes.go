package api

import (
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/engine/desk"
	"carillon.dev/carillon/internal/engine/explain"
	"carillon.dev/carillon/internal/engine/inbox"
)

// The API's shapes are the one JSON form of what it speaks of: the command line prints the same.

// ShowPatient is a patient as the API gives it.
func ShowPatient(f *desk.Found) Patient { return patientOf(f) }

// ShowAppointment is an appointment with its answers and messages.
func ShowAppointment(v *desk.Visit) Appointment { return visitOf(v) }

// ShowChanged is an appointment that was just written.
func ShowChanged(v *schedule.Appointment) Appointment { return plainVisit(v) }

// ShowEntry is one line of the ledger.
func ShowEntry(e *consent.Entry) Entry { return entryOf(e) }

// ShowMessage is a message as lists give it.
func ShowMessage(l *desk.Line) Message { return messageOf(l) }

// ShowTold is a message with its decision and history.
func ShowTold(t *desk.Told) Told { return toldOf(t) }

// ShowNow is what would happen to a message at this moment.
func ShowNow(n *explain.Now) Now { return nowOf(n) }

// ShowWaiting is a conversation as lists give it.
func ShowWaiting(w *inbox.Waiting) Conversation { return threadOf(w) }

// ShowThread is a conversation in full.
func ShowThread(t *inbox.Thread) Thread {
	return Thread{Conversation: threadOf(&t.Waiting), Texts: mapped(t.Said, textOf)}
}

// toldOf is a message with its decision and history.
func toldOf(t *desk.Told) Told {
	d := &t.Decision
	return Told{Message: messageOf(&t.Line), RouteName: t.Route, Sender: t.Sender,
		Decision: Decision{At: d.At, Verdict: d.Verdict, Reasons: mapped(d.Reasons, reasonOf), Consent: d.Consent, Zone: d.Zone, ZoneFrom: d.ZoneFrom,
			MovedByHours: d.Moved, DayCount: d.DayCount, WeekCount: d.WeekCount, ValidUntil: d.ValidUntil, Rules: d.Rules,
			WayOut: string(d.WayOut), WayOutRule: d.WayOutRule},
		Events: mapped(t.Events, func(e *message.Event) Event {
			return Event{At: e.At, From: string(e.From), To: string(e.To), Reason: string(e.Reason), Code: e.Code, Attempt: e.Attempt}
		}),
		Parts: mapped(t.Parts, func(p *desk.Part) Part { return Part{p.Number, p.ProviderID, string(p.State)} }),
		Story: mapped(t.Story(), func(x *explain.Sentence) Sentence {
			return Sentence{Say: string(x.Say), Reason: string(x.Reason), At: x.At, ID: x.ID, Count: x.Count, Text: x.Text}
		})}
}

func nowOf(n *explain.Now) Now {
	return Now{Verdict: string(n.Verdict), Reasons: mapped(n.Reasons, reasonOf), Until: n.Until}
}
