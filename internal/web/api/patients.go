package api

import (
	"context"
	"net/http"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/engine/desk"
)

func (a *API) patientRoutes() {
	const tag = "Patients"
	handle(a, http.MethodPost, "/patients", op{name: "createPatient", tag: tag, summary: "Add a patient",
		about: "For patients that staff keep here. What another system keeps comes by /patients/bulk or a file.",
		needs: access.WritePatients, status: http.StatusCreated}, a.createPatient)
	handle(a, http.MethodGet, "/patients", op{name: "listPatients", tag: tag, summary: "List patients", needs: access.ReadPatients}, a.listPatients)
	handle(a, http.MethodPost, "/patients/search", op{name: "searchPatients", repeats: true, tag: tag, summary: "Find patients",
		about: "By words of the name, birth date, number or identifier; all that is given must match. A POST, so that nothing about a patient is in a URL.",
		needs: access.ReadPatients}, a.searchPatients)
	handle(a, http.MethodGet, "/patients/{id}", op{name: "getPatient", tag: tag, summary: "Read a patient", needs: access.ReadPatients}, a.getPatient)
	handle(a, http.MethodPatch, "/patients/{id}", op{name: "updatePatient", tag: tag, summary: "Change a patient",
		about: "Only fields that are sent change. version is the one that you read; another is 409. Fields that a source owns are changed there.",
		needs: access.WritePatients}, a.updatePatient)
	handle(a, http.MethodPost, "/patients/{id}/deceased", op{name: "markDeceased", tag: tag, summary: "Record that a patient has died",
		about: "Every waiting text is cancelled at once.", needs: access.WritePatients}, a.markDeceased)
	handle(a, http.MethodPost, "/patients/{id}/alive", op{name: "markAlive", tag: tag, summary: "Take back a death recorded by mistake",
		needs: access.WritePatients}, a.markAlive)
}

// Patient is a person and how they are reached.
type Patient struct {
	ID               id.ID        `json:"id"`
	Version          int64        `json:"version" doc:"Rises with every change."`
	Kind             string       `json:"kind" enum:"patient,member,resident"`
	Status           string       `json:"status" enum:"active,inactive,deceased"`
	Location         id.ID        `json:"location,omitzero" doc:"Home site."`
	Source           id.ID        `json:"source,omitzero" doc:"The source that owns the fields; absent when staff keep them."`
	Unreadable       bool         `json:"unreadable,omitempty" doc:"What is stored of the patient does not open; nothing is sent to them until it does."`
	GivenName        string       `json:"given_name,omitempty"`
	FamilyName       string       `json:"family_name,omitempty"`
	BirthDate        string       `json:"birth_date,omitempty"`
	Sex              string       `json:"sex,omitempty"`
	Language         string       `json:"language,omitempty"`
	Zone             string       `json:"zone,omitempty"`
	PreferredChannel string       `json:"preferred_channel,omitempty"`
	Identifiers      []Identifier `json:"identifiers"`
	Tags             []string     `json:"tags"`
	Conditions       []Coding     `json:"conditions"`
	Medications      []Coding     `json:"medications"`
	Address          *Address     `json:"address,omitempty"`
	Note             string       `json:"note,omitempty"`
	Contacts         []Contact    `json:"contacts"`
	CreatedAt        time.Time    `json:"created_at"`
	UpdatedAt        time.Time    `json:"updated_at"`
}

// Identifier is how one system names a patient.
type Identifier struct {
	System string `json:"system" minLength:"1" maxLength:"200"`
	Value  string `json:"value" minLength:"1" maxLength:"200"`
}

// Address is a postal address.
type Address struct {
	Line       string `json:"line,omitempty" maxLength:"300" doc:"Street, number and flat; lines are parted by a line break."`
	City       string `json:"city,omitempty" maxLength:"100"`
	PostalCode string `json:"postal_code,omitempty" maxLength:"20"`
	Country    string `json:"country,omitempty" pattern:"^[A-Z]{2}$" doc:"ISO 3166-1 alpha-2."`
}

func (a *Address) of() patient.Address {
	return patient.Address{Line: phi.T(a.Line), City: phi.T(a.City), PostalCode: phi.T(a.PostalCode), Country: a.Country}
}

func addressOf(a *patient.Address) *Address {
	if *a == (patient.Address{}) {
		return nil
	}
	return &Address{a.Line.Reveal(), a.City.Reveal(), a.PostalCode.Reveal(), a.Country}
}

func codingOf(c *patient.Code) Coding { return Coding{c.System, c.Code.Reveal()} }

func codeOf(c *Coding) patient.Code { return patient.Code{System: c.System, Code: phi.T(c.Code)} }

// Coding is a coded condition or medication.
type Coding struct {
	System string `json:"system" minLength:"1" maxLength:"200" example:"http://hl7.org/fhir/sid/icd-10"`
	Code   string `json:"code" minLength:"1" maxLength:"60"`
}

// Fields are a patient's own facts. Those that are not sent stay as they are.
type Fields struct {
	GivenName        *string       `json:"given_name,omitempty" maxLength:"200"`
	FamilyName       *string       `json:"family_name,omitempty" maxLength:"200"`
	BirthDate        *string       `json:"birth_date,omitempty" maxLength:"10" doc:"YYYY-MM-DD, YYYY-MM or YYYY."`
	Sex              *string       `json:"sex,omitempty" enum:"male,female,other,unknown"`
	Language         *string       `json:"language,omitempty" maxLength:"35" doc:"BCP 47, such as pl or zh-Hant."`
	Zone             *string       `json:"zone,omitempty" maxLength:"60" doc:"IANA time zone, only when the patient's own is known."`
	PreferredChannel *string       `json:"preferred_channel,omitempty" enum:"sms,email,voice,letter"`
	Location         *id.ID        `json:"location,omitempty" doc:"Home site."`
	Identifiers      *[]Identifier `json:"identifiers,omitempty" maxItems:"20"`
	Tags             *[]string     `json:"tags,omitempty" maxItems:"50"`
	Conditions       *[]Coding     `json:"conditions,omitempty" maxItems:"100"`
	Medications      *[]Coding     `json:"medications,omitempty" maxItems:"100"`
	Address          *Address      `json:"address,omitempty" doc:"The whole address: what is left out of it is cleared."`
	Note             *string       `json:"note,omitempty" maxLength:"4000"`
}

// put writes the fields that were sent.
func (f *Fields) put(p *patient.Person) error {
	text(f.GivenName, &p.Facts.GivenName)
	text(f.FamilyName, &p.Facts.FamilyName)
	text(f.BirthDate, &p.Facts.BirthDate)
	text(f.Note, &p.Facts.Note)
	if f.Sex != nil {
		p.Facts.Sex = *f.Sex
	}
	if f.Zone != nil {
		p.Facts.Zone = *f.Zone
	}
	if f.PreferredChannel != nil {
		p.Facts.PreferredChannel = patient.Channel(*f.PreferredChannel)
	}
	if f.Location != nil {
		p.Location = *f.Location
	}
	if f.Identifiers != nil {
		p.Facts.Identifiers = mapped(*f.Identifiers, func(i *Identifier) patient.Identifier {
			return patient.Identifier{System: i.System, Value: phi.T(i.Value)}
		})
	}
	if f.Tags != nil {
		p.Facts.Tags = mapped(*f.Tags, func(s *string) phi.Text { return phi.T(*s) })
	}
	if f.Conditions != nil {
		p.Facts.Conditions = mapped(*f.Conditions, codeOf)
	}
	if f.Medications != nil {
		p.Facts.Medications = mapped(*f.Medications, codeOf)
	}
	if f.Address != nil {
		p.Facts.Address = f.Address.of()
	}
	return language(f.Language, &p.Language)
}

func text(sent *string, to *phi.Text) {
	if sent != nil {
		*to = phi.T(*sent)
	}
}

type newPatient struct{ Body Fields }

func (a *API) createPatient(ctx context.Context, s access.Scope, in *newPatient) (*got[Patient], error) {
	var p patient.Person
	if err := a.known(ctx, s, in.Body.Location); err != nil {
		return nil, err
	}
	if err := in.Body.put(&p); err != nil {
		return nil, err
	}
	p, err := a.need.Record.CreatePatient(ctx, s, p)
	return give(patientOf(&desk.Found{Person: p}), err)
}

// known refuses a site that the organization does not have.
func (a *API) known(ctx context.Context, s access.Scope, site *id.ID) error {
	if site == nil || site.IsZero() {
		return nil
	}
	around, err := a.need.Desk.Around(ctx, s)
	if err != nil {
		return err
	}
	for _, l := range around.Locations {
		if l.ID == *site {
			return nil
		}
	}
	return errs.New(errs.Invalid, "the organization has no such site").At("location")
}

func (a *API) listPatients(ctx context.Context, s access.Scope, in *Paging) (*got[Page[Patient]], error) {
	return paged(ctx, a, s, "patients", *in, patientOf, func(after id.ID) ([]desk.Found, id.ID, error) {
		return a.need.Desk.Patients(ctx, s, desk.Span{After: after, Limit: in.Limit})
	})
}

// Search is whom a caller looks for.
type Search struct {
	Name       string `json:"name,omitempty" maxLength:"200" doc:"Words of the name, in any order; three or four letters match beginnings."`
	BirthDate  string `json:"birth_date,omitempty" maxLength:"10" pattern:"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$" doc:"YYYY-MM-DD."`
	Number     string `json:"number,omitempty" maxLength:"40" doc:"As anybody would write it; without a country, the organization's."`
	Identifier string `json:"identifier,omitempty" maxLength:"200" doc:"In any system."`
}

type search struct{ Body Search }

// List is a whole list.
type List[T any] struct {
	Items []T `json:"items"`
}

func (a *API) searchPatients(ctx context.Context, s access.Scope, in *search) (*got[List[Patient]], error) {
	found, err := a.need.Desk.Find(ctx, s, desk.Query{Name: phi.T(in.Body.Name), BirthDate: phi.T(in.Body.BirthDate),
		Number: phi.T(in.Body.Number), Identifier: phi.T(in.Body.Identifier)})
	return give(List[Patient]{mapped(found, patientOf)}, err)
}

func (a *API) getPatient(ctx context.Context, s access.Scope, in *One) (*got[Patient], error) {
	f, err := a.need.Desk.Patient(ctx, s, in.ID)
	return give(patientOf(&f), err)
}

// Change is what changes of a patient, at the version that was read.
type Change struct {
	Fields
	Version int64   `json:"version" minimum:"1" doc:"The version that you read."`
	Status  *string `json:"status,omitempty" enum:"active,inactive"`
}

type changed struct {
	One
	Body Change
}

func (a *API) updatePatient(ctx context.Context, s access.Scope, in *changed) (*got[Patient], error) {
	have, err := a.need.Desk.People(ctx, s, []id.ID{in.ID})
	if err != nil {
		return nil, err
	}
	p, ok := have[in.ID]
	if !ok {
		return nil, errs.New(errs.NotFound, "there is no such patient")
	}
	if err := a.known(ctx, s, in.Body.Location); err != nil {
		return nil, err
	}
	if err := in.Body.put(&p); err != nil {
		return nil, err
	}
	if p.Version = in.Body.Version; in.Body.Status != nil {
		p.Status = patient.Status(*in.Body.Status)
	}
	if _, err := a.need.Record.UpdatePatient(ctx, s, p); err != nil {
		return nil, err
	}
	return a.getPatient(ctx, s, &One{in.ID})
}

func (a *API) markDeceased(ctx context.Context, s access.Scope, in *One) (*bare, error) {
	return done(a.need.Record.MarkDeceased(ctx, s, in.ID))
}

func (a *API) markAlive(ctx context.Context, s access.Scope, in *One) (*bare, error) {
	return done(a.need.Record.MarkAlive(ctx, s, in.ID))
}

func patientOf(f *desk.Found) Patient {
	p, x := &f.Person, &f.Facts
	return Patient{ID: p.ID, Version: p.Version, Unreadable: p.Unreadable, Kind: string(p.Kind), Status: string(p.Status), Location: p.Location, Source: p.Source,
		GivenName: x.GivenName.Reveal(), FamilyName: x.FamilyName.Reveal(), BirthDate: x.BirthDate.Reveal(), Sex: x.Sex, Language: p.Language,
		Zone: x.Zone, PreferredChannel: string(x.PreferredChannel), Note: x.Note.Reveal(),
		Identifiers: mapped(x.Identifiers, func(i *patient.Identifier) Identifier { return Identifier{i.System, i.Value.Reveal()} }),
		Tags:        mapped(x.Tags, func(t *phi.Text) string { return t.Reveal() }),
		Conditions:  mapped(x.Conditions, codingOf),
		Medications: mapped(x.Medications, codingOf), Address: addressOf(&x.Address),
		Contacts: mapped(f.Contacts, contactOf), CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt}
}
