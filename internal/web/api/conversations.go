package api

import (
	"context"
	"net/http"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/engine/inbox"
)

func (a *API) conversationRoutes() {
	const tag = "Conversations"
	const versioned = "version is the one that you read; another is 409: somebody was first."
	handle(a, http.MethodGet, "/conversations", op{name: "listConversations", tag: tag, summary: "What waits for a person",
		about: "Urgent first, then who waits longest; at most 200.", needs: access.ReadMessages}, a.listThreads)
	handle(a, http.MethodGet, "/conversations/{id}", op{name: "getConversation", tag: tag, summary: "Read a conversation", needs: access.ReadMessages}, a.getThread)
	handle(a, http.MethodPost, "/conversations/{id}/reply", op{name: "replyConversation", urgent: true, tag: tag, summary: "Answer",
		about: "The answer passes the gate like any message. " + versioned, needs: access.SendMessages, status: http.StatusCreated}, a.reply)
	handle(a, http.MethodPost, "/conversations/{id}/preview", op{name: "previewReply", repeats: true, tag: tag, summary: "What an answer would cost and whether it may leave",
		needs: access.SendMessages}, a.preview)
	handle(a, http.MethodPost, "/conversations/{id}/claim", op{name: "claimConversation", tag: tag, summary: "Say that you work on it",
		about: versioned, needs: access.SendMessages}, a.claim)
	handle(a, http.MethodPost, "/conversations/{id}/close", op{name: "closeConversation", tag: tag, summary: "Say that nothing waits any more",
		about: versioned, needs: access.SendMessages}, a.closeThread)
	handle(a, http.MethodPost, "/inbound/{id}/meaning", op{name: "markMeaning", urgent: true, tag: tag, summary: "Say what a text meant",
		about: "The same follows as if it had been understood: an answer about a visit, an opt-out, a wrong number. Nothing is sent.",
		needs: access.WritePatients}, a.markMeaning)
}

// Conversation is the thread with one number.
type Conversation struct {
	ID        id.ID     `json:"id"`
	Version   int64     `json:"version"`
	State     string    `json:"state" enum:"quiet,open"`
	Urgent    bool      `json:"urgent"`
	Contact   id.ID     `json:"contact"`
	Number    string    `json:"number,omitempty"`
	Patients  []Party   `json:"patients" doc:"Everybody on the number."`
	Location  id.ID     `json:"location,omitzero"`
	ClaimedBy id.ID     `json:"claimed_by,omitzero"`
	WaitsFrom time.Time `json:"waits_from,omitzero"`
	LastIn    time.Time `json:"last_in,omitzero"`
	LastOut   time.Time `json:"last_out,omitzero"`
	LastText  string    `json:"last_text,omitempty" doc:"The newest text from the number."`
}

// Party is somebody on a number.
type Party struct {
	ID         id.ID  `json:"id"`
	GivenName  string `json:"given_name,omitempty"`
	FamilyName string `json:"family_name,omitempty"`
}

func threadOf(w *inbox.Waiting) Conversation {
	return Conversation{ID: w.ID, Version: w.Version, State: string(w.State), Urgent: w.Urgent, Contact: w.Conversation.Point,
		Number: w.Point.Number.Reveal(), Location: w.Location, ClaimedBy: w.Claimed, WaitsFrom: w.WaitsFrom, LastIn: w.LastIn, LastOut: w.LastOut,
		LastText: w.Last.Text.Reveal(), Patients: mapped(w.People, func(p *patient.Person) Party {
			return Party{ID: p.ID, GivenName: p.Facts.GivenName.Reveal(), FamilyName: p.Facts.FamilyName.Reveal()}
		})}
}

type atSite struct {
	Location id.ID `query:"location" doc:"One site; every site when left out."`
}

func (a *API) listThreads(ctx context.Context, s access.Scope, in *atSite) (*got[List[Conversation]], error) {
	all, err := a.need.Inbox.List(ctx, s, in.Location)
	return give(List[Conversation]{mapped(all, threadOf)}, err)
}

// Thread is a conversation in full.
type Thread struct {
	Conversation
	Texts []Text `json:"texts" doc:"Oldest first, both ways."`
}

// Text is one text of a conversation.
type Text struct {
	ID       id.ID     `json:"id" doc:"Of the message, or of the text from the phone."`
	From     string    `json:"from" enum:"us,them"`
	At       time.Time `json:"at"`
	Text     string    `json:"text"`
	State    string    `json:"state,omitempty" doc:"Ours: the message's state."`
	Intent   string    `json:"intent,omitempty" doc:"Theirs: how it was understood."`
	OptOut   string    `json:"opt_out,omitempty"`
	Outcome  string    `json:"outcome,omitempty" doc:"Theirs: what was done with it."`
	Question id.ID     `json:"question,omitzero"`
}

func textOf(x *inbox.Said) Text {
	t := Text{From: "us", At: x.At, Text: x.Text.Reveal()}
	switch {
	case x.Message != nil:
		t.ID, t.State = x.Message.ID, string(x.Message.State)
	case x.Inbound != nil:
		in := x.Inbound
		t.ID, t.From, t.Intent, t.OptOut, t.Outcome, t.Question = in.ID, "them", in.Intent, in.OptOut, string(in.Outcome), in.Question
	}
	return t
}

func (a *API) getThread(ctx context.Context, s access.Scope, in *One) (*got[Thread], error) {
	t, err := a.need.Inbox.Thread(ctx, s, in.ID)
	return give(ShowThread(&t), err)
}

// Reply is an answer.
type Reply struct {
	Version int64  `json:"version" minimum:"1"`
	Text    string `json:"text" minLength:"1" maxLength:"1000"`
	Patient id.ID  `json:"patient,omitempty" doc:"Who of the people on the number is answered; whoever was asked last when left out."`
	Done    bool   `json:"done,omitempty" doc:"Nothing waits any more."`
}

type reply struct {
	One
	Body Reply
}

func (a *API) reply(ctx context.Context, s access.Scope, in *reply) (*got[Made], error) {
	b := in.Body
	m, err := a.need.Inbox.ReplyTo(ctx, s, inbox.Answer{Thread: in.ID, Version: b.Version, Person: b.Patient, Text: phi.T(b.Text), Done: b.Done})
	return give(Made{m}, err)
}

// Draft is an answer to be looked at.
type Draft struct {
	Text string `json:"text" minLength:"1" maxLength:"1000"`
}

type draft struct {
	One
	Body Draft
}

// Cost is what a text would be.
type Cost struct {
	Segments int      `json:"segments"`
	Coding   string   `json:"coding"`
	Verdict  string   `json:"verdict" enum:"send,hold,refuse,divert"`
	Reasons  []string `json:"reasons"`
}

func (a *API) preview(ctx context.Context, s access.Scope, in *draft) (*got[Cost], error) {
	p, err := a.need.Inbox.Preview(ctx, s, in.ID, phi.T(in.Body.Text))
	return give(Cost{Segments: p.Segments, Coding: p.Coding, Verdict: string(p.Verdict), Reasons: mapped(p.Reasons, reasonOf)}, err)
}

// Seen is the version that the caller saw.
type Seen struct {
	Version int64 `json:"version" minimum:"1"`
}

type seen struct {
	One
	Body Seen
}

func (a *API) claim(ctx context.Context, s access.Scope, in *seen) (*bare, error) {
	return done(a.need.Inbox.Claim(ctx, s, in.ID, in.Body.Version))
}

func (a *API) closeThread(ctx context.Context, s access.Scope, in *seen) (*bare, error) {
	return done(a.need.Inbox.Close(ctx, s, in.ID, in.Body.Version))
}

// Meaning is what a text meant.
type Meaning struct {
	Meaning     string `json:"meaning" enum:"confirm,cancel,reschedule,opt_out,no_opt_out,wrong_number,urgent,nothing"`
	Appointment id.ID  `json:"appointment,omitempty" doc:"What confirm, cancel and reschedule are about."`
	Version     int64  `json:"version,omitempty" minimum:"1" doc:"Of the appointment, as you read it."`
}

type meaning struct {
	One
	Body Meaning
}

// Followed is what came of a text's meaning.
type Followed struct {
	Outcome string `json:"outcome,omitempty" doc:"Such as confirmed, cancelled or cancel_requested."`
}

func (a *API) markMeaning(ctx context.Context, s access.Scope, in *meaning) (*got[Followed], error) {
	b := in.Body
	told, err := a.need.Meanings.Mark(ctx, s, inbox.Marking{Text: in.ID, Meaning: inbox.Meaning(b.Meaning), Visit: b.Appointment, Version: b.Version})
	return give(Followed{string(told)}, err)
}
