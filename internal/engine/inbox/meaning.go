package inbox

import (
	"context"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audit"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/core/reply"
	"carillon.dev/carillon/internal/engine/inbound"
	"carillon.dev/carillon/internal/store"
)

// Meanings lets a person say what a text meant: the same follows as if it had been understood.
type Meanings struct {
	store    store.Store
	desk     inbound.Desk
	suppress Suppressor
}

// NewMeanings makes it.
func NewMeanings(s store.Store, desk inbound.Desk, suppress Suppressor) *Meanings {
	return &Meanings{store: s, desk: desk, suppress: suppress}
}

// Meaning is what a person read in a text.
type Meaning string

const (
	MeantConfirm     Meaning = "confirm"
	MeantCancel      Meaning = "cancel"
	MeantReschedule  Meaning = "reschedule"
	MeantOptOut      Meaning = "opt_out"
	MeantNoOptOut    Meaning = "no_opt_out"
	MeantWrongNumber Meaning = "wrong_number"
	MeantUrgent      Meaning = "urgent"
	MeantNothing     Meaning = "nothing" // read, and nothing follows
)

// Marking is a person's reading of one text.
type Marking struct {
	Text    id.ID // the inbound text
	Meaning Meaning
	// Visit is what confirm, cancel and reschedule are about, at the version that the reader saw.
	Visit   id.ID
	Version int64
}

var intents = map[Meaning]reply.Intent{
	MeantConfirm: reply.Confirm, MeantCancel: reply.Cancel, MeantReschedule: reply.Reschedule, MeantOptOut: reply.OptOut,
	MeantWrongNumber: reply.WrongNumber, MeantUrgent: reply.Urgent,
}

// Mark keeps what a text meant and does what follows: an answer about a visit, an opt-out or the end of a doubt
// about one, a quarantined number, an urgent conversation. The text's own tasks are done with it. No text goes to
// the patient: a person may still answer.
func (m *Meanings) Mark(ctx context.Context, scope access.Scope, k Marking) (inbound.Told, error) {
	if !scope.Allows(access.WritePatients) {
		return "", forbidden()
	}
	var told inbound.Told
	err := m.store.InTx(ctx, scope, func(tx store.Tx) error {
		in, err := tx.Conversations().Inbound(ctx, k.Text)
		if err != nil {
			return err
		}
		if in.Point.IsZero() && k.Meaning != MeantNothing {
			return errs.New(errs.Precondition, "this text came from no number: nothing can follow from it")
		}
		if told, err = m.follow(ctx, tx, scope, &in, k); err != nil {
			return err
		}
		if err := tx.Conversations().SetMeaning(ctx, in); err != nil {
			return err
		}
		if err := finish(ctx, tx, scope, in.ID, k.Meaning); err != nil {
			return err
		}
		return tx.Audit().Record(ctx, audit.Of(scope, tx.Now(), "inbox.meaning", "inbound", in.ID, string(k.Meaning)))
	}, store.Urgent)
	return told, err
}

func (m *Meanings) follow(ctx context.Context, tx store.Tx, scope access.Scope, in *conversation.Inbound, k Marking) (inbound.Told, error) {
	in.Intent, in.Outcome = string(intents[k.Meaning]), conversation.Acted
	switch k.Meaning {
	case MeantConfirm, MeantCancel, MeantReschedule:
		return m.answer(ctx, tx, in, k)
	case MeantOptOut:
		in.OptOut = string(reply.Sure)
		return "", optOut(ctx, tx, scope, m.suppress, in.Point, in.Text, consent.Revoked)
	case MeantNoOptOut:
		in.OptOut, in.Outcome = string(reply.No), conversation.Ignored
		return "", optOut(ctx, tx, scope, m.suppress, in.Point, in.Text, consent.Granted)
	case MeantWrongNumber:
		return "", tx.People().SetQuarantine(ctx, in.Point, true)
	case MeantUrgent:
		in.Outcome = conversation.ToPerson
		return "", ring(ctx, tx, in.Point)
	case MeantNothing:
		in.Outcome = conversation.Ignored
		return "", nil
	}
	return "", errs.New(errs.Invalid, "say what the text meant").At("meaning")
}

// answer keeps an answer about the visit that the reader saw, and closes what was asked about it.
func (m *Meanings) answer(ctx context.Context, tx store.Tx, in *conversation.Inbound, k Marking) (inbound.Told, error) {
	if k.Visit.IsZero() {
		return "", errs.New(errs.Invalid, "choose the visit that the text is about").At("visit")
	}
	v, err := tx.Visits().Get(ctx, k.Visit)
	if err != nil {
		return "", err
	}
	contacts, err := tx.People().PeopleAt(ctx, in.Point)
	if err != nil {
		return "", err
	}
	theirs := false
	for _, c := range contacts {
		theirs = theirs || c.Person == v.Person
	}
	if !theirs {
		return "", errs.New(errs.Invalid, "this visit is of nobody on the number").At("visit")
	}
	told, err := m.desk.PatientAnswered(ctx, tx, inbound.PatientAnswer{Visit: v.ID, Version: k.Version, Person: v.Person,
		Intent: intents[k.Meaning], Inbound: in.ID})
	if err != nil {
		return "", err
	}
	if told == inbound.TooLate {
		return "", errs.New(errs.Conflict, "the visit was changed meanwhile or is over; look again")
	}
	return told, m.close(ctx, tx, in, k)
}

func (m *Meanings) close(ctx context.Context, tx store.Tx, in *conversation.Inbound, k Marking) error {
	asked, err := tx.Conversations().QuestionsOf(ctx, []id.ID{in.Point}, tx.Now())
	for _, q := range asked {
		if q.Appointment != k.Visit || q.ClosedAt != nil {
			continue
		}
		in.Question = q.ID
		if _, err := tx.Conversations().CloseQuestion(ctx, q.ID, string(intents[k.Meaning])); err != nil {
			return err
		}
	}
	return err
}

// ring marks the number's conversation as urgent and waiting.
func ring(ctx context.Context, tx store.Tx, point id.ID) error {
	c, err := tx.Conversations().Thread(ctx, point, id.ID{})
	if err != nil {
		return err
	}
	c.Urgent = true
	if c.State != conversation.Open {
		c.State, c.WaitsFrom = conversation.Open, tx.Now()
	}
	_, err = tx.Conversations().UpdateThread(ctx, c)
	return taken(err)
}

// finish ends the tasks that asked for this reading; an urgent text keeps its own until somebody has acted.
func finish(ctx context.Context, tx store.Tx, scope access.Scope, text id.ID, meant Meaning) error {
	if meant == MeantUrgent {
		return nil
	}
	kinds := []conversation.TaskKind{conversation.CheckOptOut, conversation.AnswerText}
	return endTasks(ctx, tx, scope, store.TaskFilter{Kinds: kinds}, func(t conversation.Task) bool { return t.Message == text })
}
