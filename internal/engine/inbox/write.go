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
	"carillon.dev/carillon/internal/core/gate"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/engine/outbox"
	"carillon.dev/carillon/internal/store"
)

// Note is a text that staff, or a program for them, write to a person of their own accord.
type Note struct {
	Person id.ID
	Point  id.ID // the number; zero picks the person's best
	Text   phi.Text
}

// Write sends a note. It is a text like any about a visit, with consent and quiet hours: held ones wait, refused ones
// are not written and are an errs.Precondition whose cause is a Refusal. The same text by the same hand to the same
// number within a minute is a button pressed twice: errs.Conflict.
func (s *Service) Write(ctx context.Context, scope access.Scope, n Note) (store.Draft, error) {
	if !scope.Allows(access.SendMessages) {
		return store.Draft{}, forbidden()
	}
	prepared, err := s.prepareNote(ctx, scope, n)
	if err != nil {
		return store.Draft{}, err
	}
	if v := prepared.Decision.Verdict; v == gate.Refuse || v == gate.Divert {
		return store.Draft{}, errs.Wrap(errs.Precondition, "this text may not be sent",
			Refusal(prepared.Decision.Reason()))
	}
	err = s.store.InTx(ctx, scope, func(tx store.Tx) error {
		if err := once(ctx, tx, prepared.Draft); err != nil {
			return err
		}
		if _, err := s.outbox.Insert(ctx, tx, []outbox.Prepared{prepared}); err != nil {
			return err
		}
		return tx.Audit().Record(ctx, audit.Of(scope, tx.Now(), "message.write", "message", prepared.Draft.ID, ""))
	}, store.Urgent)
	return prepared.Draft, err
}

// twice is how long an equal text counts as the same one.
const twice = time.Minute

// once refuses a text that its writer has just written.
func once(ctx context.Context, tx store.Tx, d store.Draft) error {
	if err := tx.Messages().TakeTurn(ctx, d.Point); err != nil {
		return err
	}
	have, err := tx.Messages().AnswersTo(ctx, d.Point, shown)
	for _, m := range have {
		gone := m.State == message.Cancelled || m.State == message.Refused
		if !gone && m.Origin.Kind == message.FromStaff && m.Origin.By == d.Origin.By && m.Person == d.Person &&
			m.Body.Reveal() == d.Body.Reveal() && tx.Now().Sub(m.PlannedAt) < twice {
			return errs.New(errs.Conflict, "you wrote the same text to this number less than a minute ago: it is not sent twice")
		}
	}
	return err
}

func (s *Service) prepareNote(ctx context.Context, scope access.Scope, n Note) (outbox.Prepared, error) {
	body := strings.TrimSpace(n.Text.Reveal())
	switch l := len([]rune(body)); {
	case l == 0:
		return outbox.Prepared{}, errs.New(errs.Invalid, "write the text first").At("text")
	case l > MaxReply:
		return outbox.Prepared{}, errs.Newf(errs.Invalid, "the text is too long: at most %d characters", MaxReply).At("text")
	}
	ask := outbox.Ask{Origin: message.Origin{Kind: message.FromStaff, By: scope.Actor().ID()}, Purpose: purpose.Appointment,
		Person: n.Person, Point: n.Point, Body: phi.T(body), Flags: message.StaffText}
	err := s.store.Read(ctx, scope, func(tx store.Tx) error {
		p, err := tx.People().Get(ctx, n.Person)
		if err != nil {
			return err
		}
		ask.Location, ask.ExpiresAt = p.Location, tx.Now().Add(replyLife)
		return reaches(ctx, tx, n)
	})
	if err != nil {
		return outbox.Prepared{}, err
	}
	prepared, err := s.outbox.Prepare(ctx, scope, []outbox.Ask{ask})
	if err != nil {
		return outbox.Prepared{}, err
	}
	return prepared[0], nil
}

// reaches refuses a number that is not the person's.
func reaches(ctx context.Context, tx store.Tx, n Note) error {
	if n.Point.IsZero() {
		return nil
	}
	all, err := tx.People().ContactsOf(ctx, []id.ID{n.Person})
	if err != nil {
		return err
	}
	for _, c := range all[n.Person] {
		if c.Point.ID == n.Point {
			return nil
		}
	}
	return errs.New(errs.Invalid, "this person is not reached at this number: choose one of theirs").At("point")
}
