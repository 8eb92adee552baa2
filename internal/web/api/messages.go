package api

import (
	"context"
	"net/http"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/engine/desk"
	"carillon.dev/carillon/internal/engine/explain"
	"carillon.dev/carillon/internal/engine/inbox"
)

func (a *API) messageRoutes() {
	const tag = "Messages"
	handle(a, http.MethodGet, "/messages", op{name: "listMessages", tag: tag, summary: "List messages, newest first", needs: access.ReadMessages}, a.listMessages)
	handle(a, http.MethodGet, "/messages/{id}", op{name: "getMessage", tag: tag, summary: "Read a message: its decision and its history",
		needs: access.ReadMessages}, a.getMessage)
	handle(a, http.MethodGet, "/messages/{id}/now", op{name: "explainMessage", tag: tag, summary: "What would happen to the message now",
		about: "The code that decides for real, on the facts of this moment. Nothing changes.", needs: access.ReadMessages}, a.messageNow)
	handle(a, http.MethodPost, "/patients/{id}/messages", op{name: "writeMessage", urgent: true, tag: tag, summary: "Send a text to a patient",
		about: "A text like any about a visit: it needs consent and keeps to quiet hours. What may not be sent is 409 with the gate's reason.",
		needs: access.SendMessages, status: http.StatusCreated}, a.writeMessage)
}

// Message is one text to one number.
type Message struct {
	ID          id.ID     `json:"id"`
	Patient     id.ID     `json:"patient,omitzero"`
	Contact     id.ID     `json:"contact,omitzero"`
	Appointment id.ID     `json:"appointment,omitzero"`
	Location    id.ID     `json:"location,omitzero"`
	Purpose     string    `json:"purpose"`
	Origin      string    `json:"origin" doc:"What asked for it: journey, staff, reply, change."`
	Step        string    `json:"step,omitempty"`
	State       string    `json:"state" doc:"planned, held, queued, sending, accepted, delivered, undelivered, unknown, failed, expired, refused or cancelled."`
	Reason      string    `json:"reason,omitempty" doc:"Why it is in that state."`
	Template    string    `json:"template,omitempty"`
	Locale      string    `json:"locale,omitempty"`
	Text        string    `json:"text,omitempty"`
	Segments    int       `json:"segments"`
	Coding      string    `json:"coding,omitempty"`
	Route       id.ID     `json:"route,omitzero"`
	Attempts    int       `json:"attempts"`
	DueAt       time.Time `json:"due_at,omitzero"`
	HeldUntil   time.Time `json:"held_until,omitzero" doc:"When a held one is looked at again; absent when somebody must act."`
	ExpiresAt   time.Time `json:"expires_at,omitzero" doc:"After this it is dropped, never sent late."`
	SentAt      time.Time `json:"sent_at,omitzero"`
	DoneAt      time.Time `json:"done_at,omitzero"`
	ErrorCode   string    `json:"error_code,omitempty" doc:"The carrier's own."`
	Corrects    id.ID     `json:"corrects,omitzero"`
	Resent      bool      `json:"resent,omitempty"`
}

func messageOf(l *desk.Line) Message {
	m := plainMessage(&l.Message)
	m.HeldUntil, m.Resent = l.HeldUntil, l.Resent
	return m
}

func plainMessage(m *message.Message) Message {
	return Message{ID: m.ID, Patient: m.Person, Contact: m.Point, Appointment: m.Appointment, Location: m.Location, Purpose: string(m.Purpose),
		Origin: string(m.Origin.Kind), Step: m.Origin.Step, State: string(m.State), Reason: string(explain.Why(m)), Template: m.Template,
		Locale: m.Locale, Text: m.Body.Reveal(), Segments: m.Segments, Coding: m.Coding, Route: m.Route, Attempts: m.Attempts, DueAt: m.DueAt,
		ExpiresAt: m.ExpiresAt, SentAt: m.SentAt, DoneAt: m.DoneAt, ErrorCode: m.ErrorCode, Corrects: m.Corrects}
}

type messagesOf struct {
	Paging
	State    string    `query:"state" enum:"planned,held,queued,sending,accepted,delivered,undelivered,unknown,failed,expired,refused,cancelled"`
	Reason   string    `query:"reason" maxLength:"60"`
	Purpose  string    `query:"purpose" maxLength:"60"`
	Patient  id.ID     `query:"patient"`
	Location id.ID     `query:"location"`
	From     time.Time `query:"from" doc:"Due at or after."`
	To       time.Time `query:"to" doc:"Due before."`
}

func (a *API) listMessages(ctx context.Context, s access.Scope, in *messagesOf) (*got[Page[Message]], error) {
	f := desk.Filter{Location: in.Location, Purpose: purpose.Purpose(in.Purpose), Reason: message.Reason(in.Reason), From: in.From, To: in.To}
	if in.State != "" {
		f.States = []message.State{message.State(in.State)}
	}
	return paged(ctx, a, s, listName("messages", in.State, in.Reason, in.Purpose, in.Patient, in.Location, in.From, in.To), in.Paging, messageOf, func(after id.ID) ([]desk.Line, id.ID, error) {
		return a.need.Desk.MessagesTo(ctx, s, in.Patient, f, desk.Span{After: after, Limit: in.Limit})
	})
}

// Told is one message with its decision and history.
type Told struct {
	Message
	RouteName string     `json:"route_name,omitempty"`
	Sender    string     `json:"sender,omitempty" doc:"The address that the patient sees."`
	Decision  Decision   `json:"decision" doc:"What was read and what the gate said."`
	Events    []Event    `json:"events" doc:"Oldest first: what the message's own fields cannot tell."`
	Parts     []Part     `json:"parts" doc:"Of a text that went in several."`
	Story     []Sentence `json:"story" doc:"What became of it and why, in the order that a person asks."`
}

// Decision is the record kept with a message: revisions and enums only.
type Decision struct {
	At           time.Time `json:"at,omitzero"`
	Verdict      string    `json:"verdict,omitempty"`
	Reasons      []string  `json:"reasons"`
	Consent      id.ID     `json:"consent,omitzero" doc:"The ledger's entry that allows it."`
	Zone         string    `json:"zone,omitempty" doc:"Whose clock the quiet hours went by."`
	ZoneFrom     string    `json:"zone_from,omitempty"`
	MovedByHours bool      `json:"moved_by_hours,omitempty"`
	DayCount     int       `json:"day_count"`
	WeekCount    int       `json:"week_count"`
	ValidUntil   time.Time `json:"valid_until,omitzero"`
	Rules        string    `json:"rules,omitempty" doc:"Version of the rule book."`
	WayOut       string    `json:"way_out,omitempty" enum:"first,demanded,own" doc:"Why the text says how to get no more: the first to the number, wanted by the country, its own words."`
	WayOutRule   string    `json:"way_out_rule,omitempty" doc:"The rule that wants it."`
}

// Event is one move of a message.
type Event struct {
	At      time.Time `json:"at"`
	From    string    `json:"from"`
	To      string    `json:"to"`
	Reason  string    `json:"reason,omitempty"`
	Code    string    `json:"code,omitempty"`
	Attempt int       `json:"attempt,omitempty"`
}

// Part is one part of a long text.
type Part struct {
	Number     int    `json:"number"`
	ProviderID string `json:"provider_id,omitempty"`
	State      string `json:"state"`
}

// Sentence is one sentence of a message's story, as an enum with what it says.
type Sentence struct {
	Say    string    `json:"say"`
	Reason string    `json:"reason,omitempty"`
	At     time.Time `json:"at,omitzero"`
	ID     id.ID     `json:"id,omitzero"`
	Count  int       `json:"count,omitempty"`
	Text   string    `json:"text,omitempty"`
}

func (a *API) getMessage(ctx context.Context, s access.Scope, in *One) (*got[Told], error) {
	t, err := a.need.Desk.Message(ctx, s, in.ID)
	if err != nil {
		return nil, err
	}
	return give(toldOf(&t), nil)
}

func reasonOf(r *message.Reason) string { return string(*r) }

// Now is what would happen at this moment.
type Now struct {
	Verdict string    `json:"verdict" enum:"send,hold,refuse,divert"`
	Reasons []string  `json:"reasons" doc:"The deciding one first."`
	Until   time.Time `json:"until,omitzero" doc:"Held: when it is looked at again."`
}

func (a *API) messageNow(ctx context.Context, s access.Scope, in *One) (*got[Now], error) {
	n, err := a.need.Explain.Now(ctx, s, in.ID)
	return give(nowOf(&n), err)
}

// Write is a text that somebody writes.
type Write struct {
	Text    string `json:"text" minLength:"1" maxLength:"1000"`
	Contact id.ID  `json:"contact,omitempty" doc:"The number; the patient's best when left out."`
}

type write struct {
	One
	Body Write
}

func (a *API) writeMessage(ctx context.Context, s access.Scope, in *write) (*got[Message], error) {
	if err := a.own(ctx, s, in.ID, in.Body.Contact); err != nil {
		return nil, err
	}
	d, err := a.need.Inbox.Write(ctx, s, inbox.Note{Person: in.ID, Point: in.Body.Contact, Text: phi.T(in.Body.Text)})
	return give(plainMessage(&d.Message), err)
}
