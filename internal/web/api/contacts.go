package api

import (
	"context"
	"net/http"

	lang "golang.org/x/text/language"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/engine/record"
)

func (a *API) contactRoutes() {
	const tag = "Contacts"
	handle(a, http.MethodPost, "/patients/{id}/contacts", op{name: "addContact", tag: tag, summary: "Add a number",
		about: "A number gives no consent: that is recorded by itself.", needs: access.WritePatients, status: http.StatusCreated}, a.addContact)
	handle(a, http.MethodDelete, "/patients/{id}/contacts/{point}", op{name: "removeContact", tag: tag, summary: "Take a number away from a patient",
		about: "The number's opt-out, if there is one, stays.", needs: access.WritePatients}, a.removeContact)
	handle(a, http.MethodPost, "/contacts/{id}/checked", op{name: "checkContact", tag: tag, summary: "Say that a number was checked",
		about: "Clears \"wrong number\" after somebody has made sure whose it is.", needs: access.WritePatients}, a.checkContact)
	handle(a, http.MethodPost, "/contacts/{id}/opt-out", op{name: "optOut", urgent: true, tag: tag, summary: "Record an opt-out",
		about: "Somebody said that this number must get no more texts: nothing leaves for it from now on, whoever has it.",
		needs: access.WritePatients}, a.optOut)
}

// Contact is how a patient is reached.
type Contact struct {
	ID           id.ID  `json:"id" doc:"Of the number; several patients may share one."`
	Channel      string `json:"channel"`
	Number       string `json:"number,omitempty" doc:"E.164."`
	Email        string `json:"email,omitempty"`
	Use          string `json:"use" enum:"mobile,home,work"`
	Rank         int    `json:"rank" doc:"1 is tried first."`
	Relationship string `json:"relationship" enum:"self,guardian,carer,shared"`
	OptedOut     bool   `json:"opted_out" doc:"Nothing but emergencies goes to this number."`
	Suspended    bool   `json:"suspended" doc:"A likely opt-out waits for a person."`
	WrongNumber  bool   `json:"wrong_number" doc:"Somebody there said that it is the wrong number."`
}

func contactOf(c *patient.Contact) Contact {
	p := &c.Point
	return Contact{ID: p.ID, Channel: string(p.Channel), Number: p.Number.Reveal(), Email: p.Email.Reveal(), Use: string(c.Use), Rank: c.Rank,
		Relationship: string(c.Relationship), OptedOut: p.OptedOutAt != nil, Suspended: p.Suspended, WrongNumber: p.Quarantined}
}

// NewContact is a number for a patient.
type NewContact struct {
	Number       string `json:"number" minLength:"3" maxLength:"40" doc:"As anybody would write it."`
	Region       string `json:"region,omitempty" maxLength:"2" doc:"ISO 3166-1, for a number without a country; else the organization's."`
	Use          string `json:"use,omitempty" enum:"mobile,home,work" doc:"mobile when left out."`
	Rank         int    `json:"rank,omitempty" minimum:"1" maximum:"20"`
	Relationship string `json:"relationship,omitempty" enum:"self,guardian,carer,shared" doc:"self when left out."`
}

type newContact struct {
	One
	Body NewContact
}

func (a *API) addContact(ctx context.Context, s access.Scope, in *newContact) (*got[Made], error) {
	b := in.Body
	point, err := a.need.Record.AddContact(ctx, s, record.Contact{Person: in.ID, Number: phi.T(b.Number), Region: b.Region,
		Use: patient.Use(b.Use), Rank: b.Rank, Relationship: patient.Relationship(b.Relationship)})
	return give(Made{point.ID}, err)
}

type link struct {
	One
	Point id.ID `path:"point" doc:"The number's id."`
}

func (a *API) removeContact(ctx context.Context, s access.Scope, in *link) (*bare, error) {
	f, err := a.need.Desk.Patient(ctx, s, in.ID)
	if err != nil {
		return nil, err
	}
	for _, c := range f.Contacts {
		if c.Point.ID == in.Point {
			return done(a.need.Record.RemoveContact(ctx, s, in.ID, in.Point))
		}
	}
	return nil, errs.New(errs.NotFound, "this patient does not have this number")
}

func (a *API) checkContact(ctx context.Context, s access.Scope, in *One) (*bare, error) {
	return done(a.need.Record.NumberChecked(ctx, s, in.ID))
}

// Said is what somebody said.
type Said struct {
	Words string `json:"words,omitempty" maxLength:"1000" doc:"What was said, as evidence."`
}

type said struct {
	One
	Body Said
}

func (a *API) optOut(ctx context.Context, s access.Scope, in *said) (*bare, error) {
	return done(a.need.Record.OptOut(ctx, s, in.ID, phi.T(in.Body.Words)))
}

// language reads a BCP 47 tag that was sent.
func language(sent *string, to *string) error {
	if sent == nil {
		return nil
	}
	if *sent == "" {
		*to = ""
		return nil
	}
	tag, err := lang.Parse(*sent)
	if err != nil {
		return errs.New(errs.Invalid, "this is no language: write a code such as pl, en or zh").At("language")
	}
	*to = tag.String()
	return nil
}

// own refuses a number that is not the patient's.
func (a *API) own(ctx context.Context, s access.Scope, person, point id.ID) error {
	if point.IsZero() {
		return nil
	}
	f, err := a.need.Desk.Patient(ctx, s, person)
	if err != nil {
		return err
	}
	for _, c := range f.Contacts {
		if c.Point.ID == point {
			return nil
		}
	}
	return errs.New(errs.Invalid, "this patient is not reached at this number").At("contact")
}
