package inbound

import (
	"context"
	"slices"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/reply"
	"carillon.dev/carillon/internal/store"
)

// clarify asks once what an unclear opt-out meant: once in 24 hours, never after a STOP, and only where the text is about
// writing at all. One that also is an emergency, or comes from a wrong number, or is not whole, is a person's.
func (a *acting) clarify(ctx context.Context, before []consent.Entry, entry id.ID) error {
	if a.plain || a.in.Missing > 0 || a.res.Intent != reply.OptOut || !optedOutBy(before).IsZero() {
		return nil
	}
	since := a.tx.Now().Add(-confirmAgain)
	if slices.ContainsFunc(before, func(e consent.Entry) bool { return e.Status == consent.Suspended && e.At.After(since) }) {
		return nil
	}
	return a.say(ctx, content.OptOutQuestion, entry)
}

// settles takes a bare yes or no for the answer to that question. While another question is open too, or in another
// language, nobody can say what it answers, so a person does; true means that nothing else may be made of the text.
func (a *acting) settles(ctx context.Context) (bool, error) {
	if a.plain || a.res.OptOut == reply.Sure || !a.w.point.Suspended || a.w.point.OptedOutAt != nil || a.in.Missing > 0 {
		return false, nil
	}
	locale, err := a.wasAsked(ctx)
	if err != nil || locale == "" {
		return false, err
	}
	says := a.words.Plain(a.in.Text, locale)
	if says == reply.NotPlain {
		return false, nil
	}
	if len(a.w.open) > 0 || says == reply.PlainElsewhere {
		a.person, a.in.Outcome, a.in.Intent = true, conversation.ToPerson, string(reply.Unclear)
		return true, nil
	}
	a.in.Outcome = conversation.Acted
	if says == reply.PlainYes {
		a.in.Intent, a.in.OptOut = string(reply.OptOut), string(reply.Sure)
		return true, a.stop(ctx)
	}
	a.in.Intent, a.in.OptOut = string(reply.Start), string(reply.No)
	if _, err := a.record(ctx, consent.Granted, false); err != nil {
		return true, err
	}
	if err := a.clearUp(ctx); err != nil {
		return true, err
	}
	return true, a.say(ctx, content.StartConfirmation, id.ID{})
}

// lastAnswers is how many answers to the number are looked through for the question.
const lastAnswers = 10

// wasAsked is the language in which the number was asked within a day what its text meant; empty when it was not.
func (a *acting) wasAsked(ctx context.Context) (locale string, err error) {
	said, err := a.tx.Messages().AnswersTo(ctx, a.w.point.ID, lastAnswers)
	for i := range said {
		d := &said[i]
		if d.Template == string(content.OptOutQuestion) && left(d.State) && a.tx.Now().Sub(d.PlannedAt) < confirmAgain {
			return d.Locale, err
		}
	}
	return "", err
}

// left reports whether the patient has, or may have, read a text.
func left(s message.State) bool { return s.HandedOver() && s != message.Undelivered }

// clearUp ends the tasks that waited for somebody to find out whether the number opted out.
func (a *acting) clearUp(ctx context.Context) error {
	if !a.w.point.Suspended {
		return nil
	}
	open, err := a.tx.Tasks().List(ctx, store.TaskFilter{Kinds: []conversation.TaskKind{conversation.CheckOptOut}, Point: a.w.point.ID},
		store.Page{Limit: store.MaxLimit})
	if err != nil {
		return err
	}
	for _, t := range open {
		if err := a.tx.Tasks().Complete(ctx, t.ID, store.TaskDone{At: a.tx.Now(), Outcome: conversation.DoneOther}); err != nil {
			return err
		}
	}
	return nil
}
