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

// Preview says what an answer would cost and whether it may leave; nothing is written.
func (s *Service) Preview(ctx context.Context, scope access.Scope, thread id.ID, text phi.Text) (Preview, error) {
	prepared, _, err := s.prepare(ctx, scope, thread, text)
	if err != nil {
		return Preview{}, err
	}
	return Preview{Segments: prepared.Draft.Segments, Coding: prepared.Draft.Coding,
		Verdict: prepared.Decision.Verdict, Reasons: prepared.Decision.Reasons()}, nil
}

// Reply answers a conversation. The answer passes the gate like any message: what is refused is not written
// and is an errs.Precondition whose cause is a Refusal. With done the conversation waits no more.
func (s *Service) Reply(ctx context.Context, scope access.Scope, thread id.ID, version int64, text phi.Text, done bool) (id.ID, error) {
	prepared, c, err := s.prepare(ctx, scope, thread, text)
	if err != nil {
		return id.ID{}, err
	}
	if v := prepared.Decision.Verdict; v == gate.Refuse || v == gate.Divert {
		return id.ID{}, errs.Wrap(errs.Precondition, "this answer may not be sent", Refusal(prepared.Decision.Reason()))
	}
	err = s.store.InTx(ctx, scope, func(tx store.Tx) error {
		if _, err := s.outbox.Insert(ctx, tx, []outbox.Prepared{prepared}); err != nil {
			return err
		}
		c.Version, c.LastOut = version, tx.Now()
		if done {
			settle(&c)
		} else {
			c.Claimed = scope.Actor().ID()
		}
		if _, err := tx.Conversations().UpdateThread(ctx, c); err != nil {
			return taken(err)
		}
		tx.Publish(store.TopicConversations)
		return tx.Audit().Record(ctx, audit.Of(scope, tx.Now(), "inbox.reply", "message", prepared.Draft.ID, ""))
	})
	return prepared.Draft.ID, err
}

// Refusal is the gate's reason against an answer.
type Refusal message.Reason

// Error is the reason's stored word.
func (r Refusal) Error() string { return string(r) }

func (s *Service) prepare(ctx context.Context, scope access.Scope, thread id.ID, text phi.Text) (outbox.Prepared, conversation.Conversation, error) {
	var c conversation.Conversation
	if !scope.Allows(access.SendMessages) {
		return outbox.Prepared{}, c, forbidden()
	}
	body := strings.TrimSpace(text.Reveal())
	switch n := len([]rune(body)); {
	case n == 0:
		return outbox.Prepared{}, c, errs.New(errs.Invalid, "write the answer first").At("text")
	case n > MaxReply:
		return outbox.Prepared{}, c, errs.Newf(errs.Invalid, "the answer is too long: at most %d characters", MaxReply).At("text")
	}
	ask := outbox.Ask{Origin: message.Origin{Kind: message.FromStaff, By: scope.Actor().ID()}, Purpose: purpose.Operational,
		Body: phi.T(body), Flags: message.StaffText | message.Answers}
	err := s.store.Read(ctx, scope, func(tx store.Tx) (err error) {
		if c, err = tx.Conversations().ThreadByID(ctx, thread); err != nil {
			return err
		}
		return addressee(ctx, tx, c, &ask)
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

// addressee fills in who is answered: whoever the last question was about, else the first on the number.
func addressee(ctx context.Context, tx store.Tx, c conversation.Conversation, ask *outbox.Ask) error {
	_, people, err := whose(ctx, tx, c.Point)
	if err != nil {
		return err
	}
	ask.Point, ask.Location, ask.ExpiresAt = c.Point, c.Location, tx.Now().Add(replyLife)
	if len(people) == 0 {
		return nil
	}
	answered := people[0]
	asked, err := tx.Conversations().QuestionsOf(ctx, []id.ID{c.Point}, tx.Now().Add(-7*24*time.Hour))
	if err != nil {
		return err
	}
	for _, q := range asked {
		for _, p := range people {
			if p.ID == q.Person {
				answered = p
			}
		}
	}
	ask.Person, ask.Locale = answered.ID, content.Locale(answered.Language)
	if ask.Location.IsZero() {
		ask.Location = answered.Location
	}
	return nil
}
