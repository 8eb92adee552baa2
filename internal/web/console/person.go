package console

import (
	"slices"
	"strings"
	"time"

	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/engine/desk"
	"carillon.dev/carillon/internal/engine/plan"
)

// personView is one person's page: facts, rights, what is ahead and what has been.
type personView struct {
	desk.Person
	Zone   *time.Location
	Rights []desk.Right
	Ahead  []moment    // soonest first
	Past   []moment    // newest first
	Errors fieldErrors // of the consent form
	Care   careForms
	// Consent is that form as it is filled in.
	Consent consentDraft
	// Typed and TextErrors are of the text that staff write.
	Typed      string
	TextErrors fieldErrors
}

// moment is one thing on the timeline.
type moment struct {
	At     time.Time
	Icon   string
	Title  string
	Detail string
	Quote  string
	Chips  []chip
	Link   string
	Ours   bool
}

// tell arranges a person's story for the page.
func tell(p *Page, s desk.Person, ahead []plan.Future) personView {
	v := personView{Person: s, Zone: p.Zone(s.Location)}
	v.Rights = s.Rights(p.Now)
	for i := range s.Messages {
		m := messageMoment(p, s.Messages[i], v.Zone)
		if slices.ContainsFunc(ahead, func(f plan.Future) bool { return f.Message == s.Messages[i].ID }) {
			continue // said better below: with what the gate says now
		}
		if s.Messages[i].Waits() {
			v.Ahead = append(v.Ahead, m)
		} else {
			v.Past = append(v.Past, m)
		}
	}
	for _, f := range ahead {
		if f.Skip == "" || f.Due.After(p.Now) { // what was left out in the past helps nobody any more
			v.Ahead = append(v.Ahead, futureMoment(p, f, v.Zone))
		}
	}
	for i := range s.Visits {
		m := visitMoment(p, &s.Visits[i])
		if m.At.After(p.Now) {
			v.Ahead = append(v.Ahead, m)
		} else {
			v.Past = append(v.Past, m)
		}
		v.Past = append(v.Past, answerMoments(p, &s.Visits[i])...)
	}
	for i := range s.Inbound {
		v.Past = append(v.Past, inboundMoment(p, &s.Inbound[i]))
	}
	for _, e := range s.Ledger {
		v.Past = append(v.Past, ledgerMoment(p, e))
	}
	slices.SortStableFunc(v.Ahead, func(a, b moment) int { return a.At.Compare(b.At) })
	slices.SortStableFunc(v.Past, func(a, b moment) int { return b.At.Compare(a.At) })
	return v
}

func messageMoment(p *Page, l desk.Line, zone *time.Location) moment {
	m := moment{At: l.Matters(), Icon: "message-2", Quote: l.Body.Reveal(), Link: "/messages/" + l.ID.String(), Ours: true,
		Chips: []chip{messageChip(p.W, l)}}
	m.Title = p.W.T("person.text", "Kind", p.W.Enum("purpose.", string(l.Purpose)))
	if l.TellsReason() {
		m.Detail = p.W.Enum("reason.", string(l.Reason))
	}
	if l.State == message.Queued {
		m.Detail = p.W.T("person.leaves", "When", p.when(l.DueAt, zone))
	}
	return m
}

// futureMoment is a text that will go, or will not, with the reason and the text as it would be now.
func futureMoment(p *Page, f plan.Future, zone *time.Location) moment {
	m := moment{At: f.Due, Icon: "message-2", Title: p.W.Enum("step.", f.Step), Quote: f.Draft.Body.Reveal(), Ours: true,
		Chips: []chip{futureChip(p.W, f)}, Detail: joined(p.W.T("person.visit", "When", p.when(f.Start, zone)), p.W.FutureWhy(f))}
	if !f.Message.IsZero() {
		m.Link = "/messages/" + f.Message.String()
	}
	return m
}

func visitMoment(p *Page, v *desk.Visit) moment {
	m := moment{At: v.Start, Icon: "calendar-event", Title: p.W.T("person.visit.title"),
		Detail: joined(p.Location(v.Location).Name, v.With, v.Kind), Chips: []chip{visitChip(p.W, v.Status)}}
	if v.Status.Expected() {
		m.Chips = append(m.Chips, answerChip(p.W, v.Answer()))
	}
	return m
}

func answerMoments(p *Page, v *desk.Visit) (out []moment) {
	for _, a := range v.Answers {
		m := moment{At: a.At, Icon: "message-reply", Chips: []chip{answerChip(p.W, a.Answer)},
			Title: p.W.T("person.answered", "When", p.W.Moment(p.In(v.Start, v.Location)))}
		if a.Version != v.Version && v.Status.Expected() {
			m.Detail = p.W.T("person.answered.old")
		}
		if a.Inbound.IsZero() {
			m.Detail = joined(m.Detail, p.W.T("person.answered.staff"))
		}
		out = append(out, m)
	}
	return out
}

func inboundMoment(p *Page, in *conversation.Inbound) moment {
	m := moment{At: in.ReceivedAt, Icon: "message-reply", Title: p.W.T("person.wrote"), Quote: in.Text.Reveal()}
	if c, ok := outcomeChip(p.W, in); ok {
		m.Chips = append(m.Chips, c)
	}
	if !in.Conversation.IsZero() {
		m.Link = "/inbox/" + in.Conversation.String()
	}
	return m
}

func ledgerMoment(p *Page, e consent.Entry) moment {
	icon, look := "shield-check", toneGood
	switch {
	case e.Lifts:
	case e.Status == consent.Revoked && e.Person.IsZero():
		icon, look = "bell-off", toneBad
	case e.Status == consent.Revoked:
		icon, look = "ban", toneBad
	case e.Status == consent.Suspended:
		icon, look = "player-pause", toneWait
	}
	return moment{At: e.At, Icon: icon, Title: p.W.Ledger(e),
		Detail: joined(p.W.Enum("method.", string(e.Method)), e.Wording), Quote: e.Shown.Reveal(),
		Chips: []chip{{look, "", p.W.Enum("purpose.", string(e.Purpose))}}}
}

// joined puts what is not empty in a row.
func joined(parts ...string) (out string) {
	for _, s := range parts {
		switch {
		case s == "":
		case out == "":
			out = s
		default:
			out += " · " + s
		}
	}
	return out
}

// numberChips say what stands in the way of texting a number.
func numberChips(w *Words, c patient.Contact) (out []chip) {
	switch {
	case c.Point.OptedOutAt != nil:
		out = append(out, chip{toneBad, "bell-off", w.T("number.opted_out")})
	case c.Point.Suspended:
		out = append(out, chip{toneWait, "player-pause", w.T("number.suspended")})
	}
	if c.Point.Quarantined {
		out = append(out, chip{toneBad, "alert-triangle", w.T("number.wrong")})
	}
	if c.Point.Channel == patient.SMS && !c.Point.Number.CanText() {
		out = append(out, chip{toneWait, "ban", w.T("number.no_texts")})
	}
	if c.Relationship != patient.Self && c.Relationship != "" {
		out = append(out, chip{toneQuiet, "users", w.Enum("relationship.", string(c.Relationship))})
	}
	return out
}

func rightChip(w *Words, r desk.Right) chip {
	c := chip{toneQuiet, "circle-dashed", w.Right(r.State)}
	switch {
	case r.State.OptedOut:
		c.Tone, c.Icon = toneBad, "bell-off"
	case r.State.Suspended:
		c.Tone, c.Icon = toneWait, "player-pause"
	case r.State.Granted:
		c.Tone, c.Icon = toneGood, "shield-check"
	case r.State.By.Status == consent.Revoked:
		c.Tone, c.Icon = toneBad, "ban"
	}
	return c
}

// personNotes are what must be seen before anything else about a person.
func personNotes(w *Words, s patient.Status) (out []chip) {
	switch s {
	case patient.Deceased:
		out = append(out, chip{toneQuiet, "info-circle", w.T("person.deceased")})
	case patient.Inactive:
		out = append(out, chip{toneQuiet, "ban", w.T("person.inactive")})
	}
	return out
}

// hasFacts reports whether there is something to show beside the name and birth date.
func hasFacts(f *patient.Facts) bool {
	return len(f.Identifiers) > 0 || !f.Note.IsEmpty() || len(f.Tags) > 0 || f.Sex != "" || len(f.Conditions) > 0 || len(f.Medications) > 0 ||
		addressText(&f.Address) != ""
}

// addressText is an address on one line.
func addressText(a *patient.Address) string {
	town := strings.TrimSpace(a.PostalCode.Reveal() + " " + a.City.Reveal())
	return joined(strings.ReplaceAll(a.Line.Reveal(), "\n", ", "), town, a.Country)
}
