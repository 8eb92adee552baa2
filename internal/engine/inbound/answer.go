package inbound

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/reply"
	"carillon.dev/carillon/internal/engine/outbox"
	"carillon.dev/carillon/internal/store"
)

// Answer is the job that plans an automatic answer to a text. It commits with what the text changed, so that
// nobody is told of something that did not happen.
type Answer struct {
	Org      id.ID  `json:"org"`
	Inbound  id.ID  `json:"inbound"`
	Point    id.ID  `json:"point"`
	Person   id.ID  `json:"person,omitzero"`
	Visit    id.ID  `json:"visit,omitzero"`
	Location id.ID  `json:"location,omitzero"`
	Sender   id.ID  `json:"sender,omitzero"` // the number that was written to answers
	Question id.ID  `json:"question,omitzero"`
	Text     string `json:"text"`
	// Exempt is the revocation that an opt-out confirmation confirms, or under which HELP is answered; or the suspension
	// that the question about an unclear opt-out would end.
	Exempt id.ID `json:"exempt,omitzero"`
}

// Kind names the job.
func (Answer) Kind() string { return "inbound.answer" }

// JobOptions: somebody waits for this.
func (Answer) JobOptions() store.EnqueueOptions { return store.EnqueueOptions{Queue: UrgentQueue} }

// UrgentQueue is worked by its own workers, so that an answer never waits behind an import.
const UrgentQueue = "urgent"

// How long an automatic answer makes sense; the one after a STOP is gone after five minutes.
const (
	answerLife       = time.Hour
	confirmationLife = 5 * time.Minute
)

// Answers plans automatic answers; Work is what the jobs call.
type Answers struct {
	store  store.Store
	outbox *outbox.Outbox
}

// NewAnswers makes it.
func NewAnswers(s store.Store, o *outbox.Outbox) *Answers { return &Answers{store: s, outbox: o} }

// Work plans one answer. It may run twice: the text that it answers is the message's natural key, and for what
// is said of an opt-out the revocation, so that each is said once.
func (a *Answers) Work(ctx context.Context, j Answer) error {
	scope := access.ForJob(j.Org, j.Kind())
	ask, err := a.ask(ctx, scope, j)
	if err != nil {
		return err
	}
	prepared, err := a.outbox.Prepare(ctx, scope, []outbox.Ask{ask})
	if err != nil {
		return err
	}
	return a.store.InTx(ctx, scope, func(tx store.Tx) error {
		kept, err := a.outbox.Insert(ctx, tx, prepared)
		if err != nil || !kept[0] || prepared[0].Draft.State != message.Queued {
			return err
		}
		return noteOut(ctx, tx, j.Point, j.Location)
	}, store.Urgent)
}

// noteOut keeps in the thread that something went out.
func noteOut(ctx context.Context, tx store.Tx, point, location id.ID) error {
	t, err := tx.Conversations().Thread(ctx, point, location)
	if err != nil {
		return err
	}
	t.LastOut = tx.Now()
	_, err = tx.Conversations().UpdateThread(ctx, t)
	return err
}

func (a *Answers) ask(ctx context.Context, scope access.Scope, j Answer) (outbox.Ask, error) {
	ask := outbox.Ask{
		Origin:  message.Origin{Kind: message.FromReply, Enrollment: j.Inbound, Step: "answer", By: j.Inbound},
		Purpose: purpose.Operational, Person: j.Person, Point: j.Point, Sender: j.Sender, Location: j.Location,
		Template: content.Key(j.Text), Exempt: j.Exempt, Flags: message.Answers | message.AutoReply,
	}
	life := answerLife
	if !j.Exempt.IsZero() {
		life, ask.Origin.Enrollment, ask.Origin.Step = confirmationLife, j.Exempt, j.Text
	}
	err := a.store.Read(ctx, scope, func(tx store.Tx) error {
		in, err := tx.Conversations().Inbound(ctx, j.Inbound)
		if err != nil {
			return err
		}
		ask.ExpiresAt = in.ReceivedAt.Add(life)
		if err := codes(ctx, tx, j, &ask); err != nil {
			return err
		}
		return a.visit(ctx, tx, j, &ask)
	})
	return ask, err
}

// codes lets an answer to what was not understood name the digits of the one question that is open.
func codes(ctx context.Context, tx store.Tx, j Answer, ask *outbox.Ask) error {
	if j.Question.IsZero() {
		return nil
	}
	asked, err := tx.Conversations().QuestionsOf(ctx, []id.ID{j.Point}, tx.Now())
	for _, q := range asked {
		if q.ID != j.Question || q.ClosedAt != nil {
			continue
		}
		ask.Vars = map[content.Name]phi.Text{}
		for code, intent := range q.Codes {
			if name, ok := codeNames[reply.Intent(intent)]; ok {
				ask.Vars[name] = phi.T(code)
			}
		}
	}
	return err
}

// codeNames are the template's names of reply codes.
var codeNames = map[reply.Intent]content.Name{
	reply.Confirm: content.ReplyConfirm, reply.Cancel: content.ReplyCancel,
	reply.Reschedule: content.ReplyReschedule, reply.Question: content.ReplyQuestion,
}

// visit binds the answer to the visit as it is now; a cancelled one is stated as such.
func (a *Answers) visit(ctx context.Context, tx store.Tx, j Answer, ask *outbox.Ask) error {
	if j.Visit.IsZero() {
		return nil
	}
	v, err := tx.Visits().Get(ctx, j.Visit)
	if err != nil {
		return err
	}
	ask.Appointment, ask.AppointmentVersion, ask.Location = v.ID, v.Version, v.Location
	if !v.Status.Expected() {
		ask.Flags |= message.VisitEnded
	}
	return nil
}
