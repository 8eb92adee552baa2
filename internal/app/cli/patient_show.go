package cli

import (
	"encoding/json"
	"slices"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/engine/desk"
	"carillon.dev/carillon/internal/engine/plan"
	"carillon.dev/carillon/internal/web/api"
)

// comingLine is a text that will go, or will not, as JSON.
type comingLine struct {
	Appointment id.ID     `json:"appointment"`
	Step        string    `json:"step"`
	Message     id.ID     `json:"message,omitzero"`
	Due         time.Time `json:"due,omitzero"`
	Will        bool      `json:"will"`
	Skip        string    `json:"skip,omitempty"`
	Says        string    `json:"says,omitempty"`
	Reason      string    `json:"reason,omitempty"`
	Text        string    `json:"text,omitempty"`
}

// Run shows a patient's whole story.
func (s patientShowCmd) Run(c *console) error {
	return s.on(c, "patient show", s.ID, "patient", func(t *teller, who id.ID) error {
		p, err := t.desk.Person(c.ctx, t.scope, who, false)
		if err != nil {
			return err
		}
		coming, err := planner(t.sys).OfPerson(c.ctx, t.scope, who)
		if err != nil {
			return err
		}
		if s.JSON {
			return t.personJSON(&p, coming)
		}
		t.person(&desk.Found{Person: p.Person, Contacts: p.Contacts})
		t.facts(&p.Person)
		t.rights(&p)
		t.visits(&p)
		t.coming(&p, coming)
		t.texts(&p)
		return nil
	})
}

func (t *teller) personJSON(p *desk.Person, coming []plan.Future) error {
	out := struct {
		api.Patient
		Consents     []api.Entry       `json:"consents"`
		Appointments []api.Appointment `json:"appointments"`
		Coming       []comingLine      `json:"coming"`
		Messages     []api.Message     `json:"messages"`
	}{Patient: api.ShowPatient(&desk.Found{Person: p.Person, Contacts: p.Contacts}), Consents: []api.Entry{}, Appointments: []api.Appointment{},
		Coming: []comingLine{}, Messages: []api.Message{}}
	for i := range p.Ledger {
		out.Consents = append(out.Consents, api.ShowEntry(&p.Ledger[i]))
	}
	for i := range p.Visits {
		out.Appointments = append(out.Appointments, api.ShowAppointment(&p.Visits[i]))
	}
	for i := range coming {
		f := &coming[i]
		out.Coming = append(out.Coming, comingLine{Appointment: f.Visit, Step: f.Step, Message: f.Message, Due: f.Due, Will: f.Will(), Skip: string(f.Skip),
			Says: string(f.Says), Reason: string(f.Why), Text: f.Draft.Body.Reveal()})
	}
	for i := range p.Messages {
		out.Messages = append(out.Messages, api.ShowMessage(&p.Messages[i]))
	}
	return json.NewEncoder(t.out).Encode(out)
}

func (t *teller) facts(p *patient.Person) {
	f := &p.Facts
	t.printf("    %s\n", row(f.Sex, p.Language, t.siteName(p.Location), f.Address.City.Reveal(), f.Zone))
	for _, i := range f.Identifiers {
		t.printf("    %s %s\n", t.w.Identifier(i.System), i.Value.Reveal())
	}
	if !f.Note.IsEmpty() {
		t.printf("%s\n", quoted(f.Note.Reveal()))
	}
}

func (t *teller) rights(p *desk.Person) {
	t.printf("Consent\n")
	for _, r := range p.Rights(t.around.Now) {
		how := ""
		if r.State.By.Method != "" {
			how = t.w.Enum("method.", string(r.State.By.Method)) + " on " + r.State.By.At.In(t.zone(p.Location)).Format("2006-01-02")
		}
		t.printf("    %-24s %s\n", t.w.Enum("purpose.", string(r.Purpose)), row(t.w.Right(r.State), how))
	}
}

func (t *teller) visits(p *desk.Person) {
	t.printf("Appointments\n")
	for i := range p.Visits {
		t.visit(&p.Visits[i], false)
	}
	if len(p.Visits) == 0 {
		t.printf("    none\n")
	}
}

// coming says what the person will be sent, and what not and why, by the code that plans.
func (t *teller) coming(p *desk.Person, all []plan.Future) {
	t.printf("What will be sent\n")
	said := 0
	for _, f := range all {
		if f.Skip != "" && !f.Due.After(t.around.Now) {
			continue // what was left out in the past helps nobody any more
		}
		said++
		t.printf("    %s  %s: %s\n", t.when(f.Due, p.Location), t.w.Enum("step.", f.Step), t.w.Future(f))
		if why := t.w.FutureWhy(f); why != "" {
			t.printf("      %s\n", why)
		}
		if !f.Draft.Body.IsEmpty() {
			t.printf("%s\n", quoted(f.Draft.Body.Reveal()))
		}
	}
	for i := range p.Messages {
		l := &p.Messages[i]
		if l.Waits() && !slices.ContainsFunc(all, func(f plan.Future) bool { return f.Message == l.ID }) {
			said++
			t.message(l, "")
		}
	}
	if said == 0 {
		t.printf("    nothing\n")
	}
}

// shownTexts is how many of the latest texts are printed.
const shownTexts = 20

func (t *teller) texts(p *desk.Person) {
	t.printf("Latest texts\n")
	shown := 0
	for i := range p.Messages {
		if l := &p.Messages[i]; !l.Waits() && shown < shownTexts {
			shown++
			t.message(l, "")
		}
	}
	if shown == 0 {
		t.printf("    none\n")
	}
}

// message prints one line of a list, and its reason below it when it has one.
func (t *teller) message(l *desk.Line, who string) {
	t.printf("    %s  %s  %s\n", l.ID, t.when(l.Matters(), l.Location), row(t.w.State(*l), t.w.Enum("purpose.", string(l.Purpose)), who))
	if l.TellsReason() {
		t.printf("      %s\n", t.w.Why(*l))
	}
}
