package inbox

import (
	"context"
	"strings"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audit"
	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/core/gate"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/engine/outbox"
	"carillon.dev/carillon/internal/store"
)

// replyLife is how long an answer that could not leave is of use.
const replyLife = 24 * time.Hour

// MaxReply is the longest answer in characters: about ten texts.
const MaxReply = 1000

// Preview is what an answer would be.
type Preview struct {
	Segments int
	Coding   string
	Verdict  gate.Verdict
	Reasons  []message.Reason
}

// Answer is what staff write into a conversation.
type Answer struct {
	Thread  id.ID
	Version int64 // of the conversation, as the writer saw it
	// Person is who is answered on a number of several people; zero is whoever was asked last there.
	Person id.ID
	Text   phi.Text
	Done   bool // nothing waits any more
}

// Preview says what an answer would cost and whether it may leave; nothing is written.
func (s *Service) Preview(ctx context.Context, scope access.Scope, thread id.ID, text phi.Text) (Preview, error) {
	prepared, _, err := s.prepare(ctx, scope, Answer{Thread: thread, Text: text})
	if err != nil {
		return Preview{}, err
	}
	return Preview{Segments: prepared.Draft.Segments, Coding: prepared.Draft.Coding,
		Verdict: prepared.Decision.Verdict, Reasons: prepared.Decision.Reasons()}, nil
}

// Reply answers a conversation, as ReplyTo does, to whoever was asked last.
func (s *Service) Reply(ctx context.Context, scope access.Scope, thread id.ID, version int64, text phi.Text, done bool) (id.ID, error) {
	return s.ReplyTo(ctx, scope, Answer{Thread: thread, Version: version, Text: text, Done: done})
}

// ReplyTo answers a conversation. The answer passes the gate like any message: what is refused is not written and
// is an errs.Precondition whose cause is a Refusal. Whoever wrote within a day is answered at once; later, it is a
// text like any about a visit, with consent and quiet hours. A conversation that somebody else has taken, or has
// changed meanwhile, is errs.Conflict.
func (s *Service) ReplyTo(ctx context.Context, scope access.Scope, a Answer) (id.ID, error) {
	prepared, c, err := s.prepare(ctx, scope, a)
	if err != nil {
		return id.ID{}, err
	}
	if v := prepared.Decision.Verdict; v == gate.Refuse || v == gate.Divert {
		return id.ID{}, errs.Wrap(errs.Precondition, "this answer may not be sent", Refusal(prepared.Decision.Reason()))
	}
	if others(scope, c) {
		return id.ID{}, errs.New(errs.Conflict, "somebody else is answering this conversation: take it over first")
	}
	err = s.store.InTx(ctx, scope, func(tx store.Tx) error {
		if _, err := s.outbox.Insert(ctx, tx, []outbox.Prepared{prepared}); err != nil {
			return err
		}
		was, c := c, c
		c.Version, c.LastOut = a.Version, tx.Now()
		if a.Done {
			c.Settle()
		} else {
			c.Claimed = scope.Actor().ID()
		}
		if _, err := tx.Conversations().UpdateThread(ctx, c); err != nil {
			return taken(err)
		}
		if a.Done {
			if err := endWith(ctx, tx, scope, &was); err != nil {
				return err
			}
		}
		return tx.Audit().Record(ctx, audit.Of(scope, tx.Now(), "inbox.reply", "message", prepared.Draft.ID, ""))
	}, store.Urgent)
	return prepared.Draft.ID, err
}

// others reports whether somebody else has taken the conversation. A key or a command takes none.
func others(scope access.Scope, c conversation.Conversation) bool {
	return !c.Claimed.IsZero() && c.Claimed != scope.Actor().ID()
}

// Refusal is the gate's reason against an answer.
type Refusal message.Reason

// Error is the reason's stored word.
func (r Refusal) Error() string { return string(r) }

func (s *Service) prepare(ctx context.Context, scope access.Scope, a Answer) (outbox.Prepared, conversation.Conversation, error) {
	var c conversation.Conversation
	if !scope.Allows(access.SendMessages) {
		return outbox.Prepared{}, c, forbidden()
	}
	body := strings.TrimSpace(a.Text.Reveal())
	switch n := len([]rune(body)); {
	case n == 0:
		return outbox.Prepared{}, c, errs.New(errs.Invalid, "write the answer first").At("text")
	case n > MaxReply:
		return outbox.Prepared{}, c, errs.Newf(errs.Invalid, "the answer is too long: at most %d characters", MaxReply).At("text")
	}
	ask := outbox.Ask{Origin: message.Origin{Kind: message.FromStaff, By: scope.Actor().ID()}, Body: phi.T(body),
		Flags: message.StaffText | message.InThread}
	err := s.store.Read(ctx, scope, func(tx store.Tx) (err error) {
		if c, err = tx.Conversations().ThreadByID(ctx, a.Thread); err != nil {
			return err
		}
		return addressee(ctx, tx, c, a.Person, &ask)
	})
	if err != nil {
		return outbox.Prepared{}, c, err
	}
	prepared, err := s.outbox.Prepare(ctx, scope, []outbox.Ask{ask})
	if err != nil {
		return outbox.Prepared{}, c, err
	}
	return prepared[0], c, nil
}

// answerWithin is how long after their text somebody is answered without any other leave.
const answerWithin = 24 * time.Hour

// addressee fills in who is answered, from the number that they wrote to.
func addressee(ctx context.Context, tx store.Tx, c conversation.Conversation, chosen id.ID, ask *outbox.Ask) error {
	ask.Point, ask.Location, ask.ExpiresAt, ask.Purpose = c.Point, c.Location, tx.Now().Add(replyLife), purpose.Appointment
	if !c.LastIn.IsZero() && tx.Now().Sub(c.LastIn) < answerWithin {
		ask.Purpose, ask.Flags = purpose.Operational, ask.Flags|message.Answers
	}
	last, err := tx.Conversations().InboundOf(ctx, c.Point, store.Page{Limit: 1})
	if err != nil {
		return err
	}
	if len(last) == 1 {
		ask.Sender = last[0].Sender
	}
	_, people, err := whose(ctx, tx, c.Point)
	if err != nil || len(people) == 0 {
		return err
	}
	answered, err := answers(ctx, tx, c.Point, people, chosen)
	if err != nil {
		return err
	}
	ask.Person, ask.Locale = answered.ID, content.Locale(answered.Language)
	if ask.Location.IsZero() {
		ask.Location = answered.Location
	}
	return nil
}

// answers is who of the people on a number is answered: the chosen one, else whoever was asked last, else the
// first.
func answers(ctx context.Context, tx store.Tx, point id.ID, people []patient.Person, chosen id.ID) (patient.Person, error) {
	if !chosen.IsZero() {
		for _, p := range people {
			if p.ID == chosen {
				return p, nil
			}
		}
		return patient.Person{}, errs.New(errs.Invalid, "this person does not have the number any more: choose again").At("person")
	}
	answered := people[0]
	asked, err := tx.Conversations().QuestionsOf(ctx, []id.ID{point}, tx.Now().Add(-7*24*time.Hour))
	for _, q := range asked {
		for _, p := range people {
			if p.ID == q.Person {
				answered = p
			}
		}
	}
	return answered, err
}
