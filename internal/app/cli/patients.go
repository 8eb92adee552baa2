package cli

import (
	"encoding/json"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/engine/desk"
	"carillon.dev/carillon/internal/web/api"
)

type patientCmd struct {
	Find     patientFindCmd     `cmd:"" help:"Find patients by name, birth date, number or patient number; asked for, never an argument."`
	Show     patientShowCmd     `cmd:"" help:"Show a patient: facts, numbers, consent, visits, and what they will be sent and why."`
	OptOut   patientOptOutCmd   `cmd:"" help:"Record that a number must get no more texts, whoever has it."`
	OptIn    patientOptInCmd    `cmd:"" help:"Say that an unclear answer was no opt-out. A STOP is lifted by START from the phone alone."`
	Deceased patientDeceasedCmd `cmd:"" help:"Record that a patient has died; every waiting text is cancelled."`
	Alive    patientAliveCmd    `cmd:"" help:"Take back a death that was recorded by mistake."`
}

type patientFindCmd struct {
	storage
	ID   string `help:"Find by Carillon's own id instead of asking." placeholder:"ID"`
	JSON bool   `help:"Print JSON."`
}

// Run finds patients.
func (f patientFindCmd) Run(c *console) error {
	return f.tell(c, "patient find", func(t *teller) error {
		found, err := f.find(t)
		if err != nil {
			return err
		}
		if f.JSON {
			out := make([]api.Patient, len(found))
			for i := range found {
				out[i] = api.ShowPatient(&found[i])
			}
			return json.NewEncoder(c.out).Encode(out)
		}
		if len(found) == 0 {
			return errs.New(errs.NotFound, "nobody here is called so; write words of the name, a birth date as 1980-05-31, a number or a patient number")
		}
		for i := range found {
			t.person(&found[i])
		}
		return nil
	})
}

func (f patientFindCmd) find(t *teller) ([]desk.Found, error) {
	if f.ID != "" {
		at, err := idArg(f.ID, "--id")
		if err != nil {
			return nil, err
		}
		one, err := t.desk.Patient(t.ctx, t.scope, at)
		return []desk.Found{one}, err
	}
	words, err := t.askLine("Name, birth date, number or patient number: ", "whom to find")
	if err != nil {
		return nil, err
	}
	return t.desk.Search(t.ctx, t.scope, words)
}

// person prints who somebody is and how they are reached.
func (t *teller) person(f *desk.Found) {
	status := ""
	if f.Status != patient.Active {
		status = string(f.Status)
	}
	t.printf("%s  %s\n", f.ID, row(t.w.Name(f.Person), f.Facts.BirthDate.Reveal(), status))
	for i := range f.Contacts {
		t.contact(&f.Contacts[i])
	}
}

func (t *teller) contact(x *patient.Contact) {
	p := &x.Point
	address := p.Email.Reveal()
	if !p.Number.IsZero() {
		address = p.Number.Display()
	}
	if x.Relationship != patient.Self && x.Relationship != "" {
		address += " (" + t.w.Enum("relationship.", string(x.Relationship)) + ")"
	}
	t.printf("    %s  %s\n", p.ID, row(address, t.stands(p)))
}

// stands says what stands in the way of texting a number.
func (t *teller) stands(p *patient.ContactPoint) string {
	var optOut, wrong, dumb string
	switch {
	case p.OptedOutAt != nil:
		optOut = t.w.T("number.opted_out")
	case p.Suspended:
		optOut = t.w.T("number.suspended")
	}
	if p.Quarantined {
		wrong = t.w.T("number.wrong")
	}
	if p.Channel == patient.SMS && !p.Number.CanText() {
		dumb = t.w.T("number.no_texts")
	}
	return row(optOut, wrong, dumb)
}

// onNumber is a command about one number of a patient.
type onNumber struct {
	storage
	ID      string `arg:"" name:"patient" help:"The patient's id." placeholder:"PATIENT"`
	Contact string `help:"Id of the number, as patient show prints it; needed when the patient has several." placeholder:"ID"`
	Said    string `help:"File with what the patient said, as evidence; - reads standard input." placeholder:"FILE"`
}

func (o onNumber) on(c *console, command string, do func(t *teller, p *desk.Person, point patient.ContactPoint, said phi.Text) error) error {
	return o.storage.on(c, command, o.ID, "patient", func(t *teller, who id.ID) error {
		p, err := t.desk.Person(c.ctx, t.scope, who, false)
		if err != nil {
			return err
		}
		point, err := o.point(p.Contacts)
		if err != nil {
			return err
		}
		var said phi.Text
		if o.Said != "" {
			if said, err = c.askText(o.Said, "What the patient said"); err != nil {
				return err
			}
		}
		return do(t, &p, point, said)
	})
}

// point is the number that is meant: the only one, or the one that was named.
func (o onNumber) point(all []patient.Contact) (patient.ContactPoint, error) {
	switch {
	case len(all) == 0:
		return patient.ContactPoint{}, errs.New(errs.Precondition, "this patient has no number")
	case o.Contact == "" && len(all) == 1:
		return all[0].Point, nil
	case o.Contact == "":
		return patient.ContactPoint{}, errs.Newf(errs.Invalid, "this patient has %d numbers: say which one; carillon patient show prints their ids", len(all)).At("--contact")
	}
	for i := range all {
		if all[i].Point.ID.String() == o.Contact {
			return all[i].Point, nil
		}
	}
	return patient.ContactPoint{}, errs.New(errs.NotFound, "this patient has no such number; carillon patient show prints the ids").At("--contact")
}

type patientOptOutCmd struct{ onNumber }

// Run records an opt-out.
func (o patientOptOutCmd) Run(c *console) error {
	return o.on(c, "patient opt-out", func(t *teller, _ *desk.Person, point patient.ContactPoint, said phi.Text) error {
		err := t.sys.Record.OptOut(c.ctx, t.scope, point.ID, said)
		if err == nil {
			c.printf("%s gets nothing but emergencies from now on, whoever has it\n", point.ID)
		}
		return err
	})
}

type patientOptInCmd struct{ onNumber }

// Run ends the doubt about an unclear opt-out. It lifts no opt-out that is sure.
func (o patientOptInCmd) Run(c *console) error {
	return o.on(c, "patient opt-in", func(t *teller, p *desk.Person, point patient.ContactPoint, said phi.Text) error {
		switch {
		case point.OptedOutAt != nil:
			return errs.New(errs.Precondition, "this number has opted out: only START, texted from the same phone, lifts that")
		case !point.Suspended:
			return errs.New(errs.Precondition, "this number has not opted out; consent is recorded by carillon consent add")
		}
		err := t.sys.Inbox.ClearUp(c.ctx, t.scope, p.Threads[point.ID], false, said)
		if err == nil {
			c.printf("%s gets texts again\n", point.ID)
		}
		return err
	})
}

// onPatient is a command about one patient.
type onPatient struct {
	storage
	ID string `arg:"" name:"patient" help:"The patient's id." placeholder:"PATIENT"`
}

type patientDeceasedCmd struct{ onPatient }

// Run records a death.
func (d patientDeceasedCmd) Run(c *console) error {
	return d.on(c, "patient deceased", d.ID, "patient", func(t *teller, who id.ID) error {
		err := t.sys.Record.MarkDeceased(c.ctx, t.scope, who)
		if err == nil {
			c.printf("%s is recorded as deceased; nothing is sent any more\n", who)
		}
		return err
	})
}

type patientAliveCmd struct{ onPatient }

// Run takes a death back.
func (a patientAliveCmd) Run(c *console) error {
	return a.on(c, "patient alive", a.ID, "patient", func(t *teller, who id.ID) error {
		err := t.sys.Record.MarkAlive(c.ctx, t.scope, who)
		if err == nil {
			c.printf("%s is active again; coming visits are planned anew\n", who)
		}
		return err
	})
}

type patientShowCmd struct {
	onPatient
	JSON bool `help:"Print JSON."`
}
