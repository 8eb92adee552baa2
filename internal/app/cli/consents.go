package cli

import (
	"encoding/json"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/engine/desk"
	"carillon.dev/carillon/internal/engine/record"
	"carillon.dev/carillon/internal/web/api"
)

type consentCmd struct {
	List consentListCmd `cmd:"" help:"Show everything that a patient and their numbers allowed or took back."`
	Add  consentAddCmd  `cmd:"" help:"Record consent that a patient gave or took back."`
}

type consentListCmd struct {
	onPatient
	JSON bool `help:"Print JSON."`
}

// Run prints the ledger, oldest first.
func (l consentListCmd) Run(c *console) error {
	return l.on(c, "consent list", l.ID, "patient", func(t *teller, who id.ID) error {
		all, err := t.desk.Ledger(c.ctx, t.scope, who)
		if err != nil {
			return err
		}
		if err := t.looked(desk.Look{Action: "consent.open", Kind: "person", Object: who}); err != nil {
			return err
		}
		if l.JSON {
			out := make([]api.Entry, len(all))
			for i := range all {
				out[i] = api.ShowEntry(&all[i])
			}
			return json.NewEncoder(c.out).Encode(out)
		}
		for i := range all {
			t.entry(&all[i])
		}
		if len(all) == 0 {
			c.printf("nothing is recorded, so nothing but emergencies may be sent: carillon consent add records what the patient says\n")
		}
		return nil
	})
}

func (t *teller) entry(e *consent.Entry) {
	number := ""
	if !e.Point.IsZero() {
		number = "number " + e.Point.String()
	}
	t.printf("%s  %s: %s\n", t.when(e.At, id.ID{}), t.w.Enum("purpose.", string(e.Purpose)),
		row(t.w.Ledger(*e), t.w.Enum("method.", string(e.Method)), e.Wording, e.Language, number))
	if !e.Shown.IsEmpty() {
		t.printf("%s\n", quoted(e.Shown.Reveal()))
	}
}

type consentAddCmd struct {
	onPatient
	Purpose  []string `help:"What it is for, such as appointment; may be given several times." required:"" placeholder:"PURPOSE"`
	Status   string   `help:"granted, or revoked for taking back." required:"" enum:"granted,revoked" placeholder:"STATUS"`
	Method   string   `help:"How it was given: form, staff, verbal or web." required:"" enum:"form,staff,verbal,web" placeholder:"METHOD"`
	Date     string   `help:"Day on which it was given; now when left out." placeholder:"YYYY-MM-DD"`
	Wording  string   `help:"Id and version of the text that was shown, such as sms-care/3." placeholder:"ID"`
	Shown    string   `help:"File with the text that was shown or said; - reads standard input." placeholder:"FILE"`
	Language string   `help:"Language of that text, such as pl." placeholder:"CODE"`
	Contact  string   `help:"For one number only: its id, as patient show prints it." placeholder:"ID"`
}

// Run records consent.
func (a consentAddCmd) Run(c *console) error {
	return a.on(c, "consent add", a.ID, "patient", func(t *teller, who id.ID) error {
		given, err := a.consent(t, who)
		if err != nil {
			return err
		}
		if err := t.sys.Record.Consent(c.ctx, t.scope, given); err != nil {
			return err
		}
		c.printf("%s: recorded, %s\n", who, a.Status)
		return nil
	})
}

func (a consentAddCmd) consent(t *teller, who id.ID) (record.Consent, error) {
	given := record.Consent{Person: who, Channel: patient.SMS, Granted: a.Status == string(consent.Granted), Method: consent.Method(a.Method),
		Wording: a.Wording, Language: a.Language}
	for _, p := range a.Purpose {
		given.Purposes = append(given.Purposes, purpose.Purpose(p))
	}
	one, err := t.desk.Patient(t.ctx, t.scope, who)
	if err != nil {
		return given, err
	}
	if a.Contact != "" {
		point, err := onNumber{Contact: a.Contact}.point(one.Contacts)
		if err != nil {
			return given, err
		}
		given.Point = point.ID
	}
	if given.At, err = a.given(t, one.Location); err != nil {
		return given, err
	}
	if a.Shown != "" {
		given.Shown, err = t.askText(a.Shown, "The text that was shown")
	}
	return given, err
}

// given is when: today is now, never midnight before what was recorded this morning.
func (a consentAddCmd) given(t *teller, home id.ID) (time.Time, error) {
	if a.Date == "" {
		return time.Time{}, nil
	}
	zone := t.zone(home)
	at, err := t.day(a.Date, zone, "--date")
	if err != nil {
		return at, err
	}
	if today, err := t.day("", zone, ""); err != nil || at.Equal(today) {
		return time.Time{}, err
	}
	if at.After(t.around.Now) {
		return at, errs.New(errs.Invalid, "consent cannot be given in the future").At("--date")
	}
	return at, nil
}
