package api

import (
	"context"
	"net/http"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/engine/record"
)

func (a *API) consentRoutes() {
	const tag = "Consents"
	handle(a, http.MethodGet, "/patients/{id}/consents", op{name: "listConsents", tag: tag, summary: "The ledger of a patient and their numbers",
		about: "Oldest first. Entries are never changed; a later one supersedes.", needs: access.ReadPatients}, a.listConsents)
	handle(a, http.MethodPost, "/patients/{id}/consents", op{name: "recordConsent", tag: tag, summary: "Record consent given or taken back",
		about: "One entry for each purpose. A grant needs the wording that the patient was shown or heard.",
		needs: access.WritePatients}, a.recordConsent)
}

// Entry is one line of the ledger.
type Entry struct {
	ID       id.ID     `json:"id"`
	Patient  id.ID     `json:"patient,omitzero" doc:"Absent for an entry about a number as such, such as STOP."`
	Contact  id.ID     `json:"contact,omitzero" doc:"Absent for every number of the patient."`
	Channel  string    `json:"channel"`
	Purpose  string    `json:"purpose" doc:"A purpose, care for every care purpose, or * for everything that is no emergency."`
	Status   string    `json:"status" enum:"granted,revoked,suspended"`
	Method   string    `json:"method"`
	Wording  string    `json:"wording,omitempty"`
	Shown    string    `json:"shown,omitempty" doc:"The text shown, or the words of the reply."`
	Language string    `json:"language,omitempty"`
	By       string    `json:"by" doc:"What kind of actor recorded it."`
	ByID     id.ID     `json:"by_id,omitzero"`
	Import   id.ID     `json:"import,omitzero"`
	At       time.Time `json:"at" doc:"When it was given."`
	Recorded time.Time `json:"recorded_at"`
	Lifts    bool      `json:"lifts,omitempty" doc:"A START: it ends the number's opt-out and grants nothing."`
}

func entryOf(e *consent.Entry) Entry {
	return Entry{ID: e.ID, Patient: e.Person, Contact: e.Point, Channel: string(e.Channel), Purpose: string(e.Purpose), Status: string(e.Status),
		Method: string(e.Method), Wording: e.Wording, Shown: e.Shown.Reveal(), Language: e.Language, By: string(e.By), ByID: e.ByID,
		Import: e.Import, At: e.At, Recorded: e.Recorded, Lifts: e.Lifts}
}

func (a *API) listConsents(ctx context.Context, s access.Scope, in *One) (*got[List[Entry]], error) {
	all, err := a.need.Desk.Ledger(ctx, s, in.ID)
	return give(List[Entry]{mapped(all, entryOf)}, err)
}

// NewConsent is what a patient gave or took back.
type NewConsent struct {
	Purposes []string   `json:"purposes" minItems:"1" maxItems:"20" doc:"Such as appointment, or care for every care purpose."`
	Granted  bool       `json:"granted" doc:"false takes back."`
	Method   string     `json:"method" enum:"form,staff,verbal,web"`
	Wording  string     `json:"wording,omitempty" maxLength:"100" doc:"Id and version of the text shown, such as sms-care/3."`
	Shown    string     `json:"shown,omitempty" maxLength:"4000" doc:"The text itself."`
	Language string     `json:"language,omitempty" maxLength:"35"`
	Contact  id.ID      `json:"contact,omitempty" doc:"One number only; else every number of the patient."`
	At       *time.Time `json:"at,omitempty" doc:"When it was given; now when left out."`
}

type newConsent struct {
	One
	Body NewConsent
}

func (a *API) recordConsent(ctx context.Context, s access.Scope, in *newConsent) (*bare, error) {
	b := in.Body
	c := record.Consent{Person: in.ID, Point: b.Contact, Channel: patient.SMS, Granted: b.Granted, Method: consent.Method(b.Method),
		Wording: b.Wording, Shown: phi.T(b.Shown), Language: b.Language,
		Purposes: mapped(b.Purposes, func(p *string) purpose.Purpose { return purpose.Purpose(*p) })}
	if b.At != nil {
		c.At = *b.At
	}
	if err := a.own(ctx, s, in.ID, b.Contact); err != nil {
		return nil, err
	}
	return done(a.need.Record.Consent(ctx, s, c))
}
