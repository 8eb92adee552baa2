package inbound

import (
	"context"
	"slices"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/audit"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/reply"
	"carillon.dev/carillon/internal/store"
)

// understand reads a whole text, does what follows and keeps it all. Everything is one transaction: a STOP is
// in force when the carrier hears that its text has arrived.
func (t *taking) understand(ctx context.Context, w *writer, in conversation.Inbound) error {
	res, match := t.read(w, in.Text)
	in.Intent, in.OptOut = string(match.Intent), string(res.OptOut)
	a := &acting{taking: t, w: w, in: &in, res: res, match: match}
	if !in.From.IsZero() {
		thread, err := t.tx.Conversations().Thread(ctx, w.point.ID, w.locationID())
		if err != nil {
			return err
		}
		a.thread = thread
		in.Conversation = thread.ID
	}
	var err error
	if in, err = t.tx.Conversations().PutInbound(ctx, in); err != nil {
		return err
	}
	if err := a.act(ctx); err != nil {
		return err
	}
	if err := t.tx.Conversations().SetMeaning(ctx, in); err != nil {
		return err
	}
	if err := a.keepThread(ctx); err != nil {
		return err
	}
	return t.tx.Audit().Record(ctx, audit.Of(t.scope, t.tx.Now(), "inbound.text", "inbound", in.ID, string(in.Outcome)+" "+in.Intent))
}

func (w *writer) locationID() id.ID {
	if w.place == nil {
		return id.ID{}
	}
	return w.place.ID
}

// acting is one understood text and what it moves.
type acting struct {
	*taking
	w      *writer
	in     *conversation.Inbound
	res    reply.Result
	match  reply.Decision
	thread conversation.Conversation
	person bool // a person must look
	cause  conversation.Cause
	urgent bool
}

func (a *acting) act(ctx context.Context) error {
	if a.in.From.IsZero() {
		return a.fromNobody(ctx)
	}
	if a.in.Missing > 0 {
		return a.incomplete(ctx)
	}
	if tested, err := a.tested(ctx); tested || err != nil {
		return err
	}
	if err := a.optOut(ctx); err != nil {
		return err
	}
	if settled, err := a.settles(ctx); settled || err != nil {
		return err
	}
	if a.plain {
		a.person, a.in.Outcome = true, conversation.ToPerson
		return a.task(ctx, conversation.AnswerText, string(a.match.Reason))
	}
	switch a.match.Outcome {
	case reply.Reserved:
		return a.reserved(ctx)
	case reply.Answers:
		return a.answers(ctx)
	case reply.TooLate:
		return a.tooLate(ctx)
	case reply.Nothing:
		a.in.Outcome = conversation.Ignored
		return nil
	}
	return a.toPerson(ctx)
}

// fromNobody is a text that no number sent: it has no conversation, so it is on the list of tasks.
func (a *acting) fromNobody(ctx context.Context) error {
	a.in.Outcome = conversation.ToPerson
	return a.task(ctx, conversation.ReadText, string(message.ReasonNoNumber))
}

// incomplete shows a person what came. A text with missing parts is never acted on; one that looks like an
// opt-out suspends until it is clear.
func (a *acting) incomplete(ctx context.Context) error {
	a.person, a.in.Outcome = true, conversation.Incomplete
	if a.res.OptOut == reply.No {
		return nil
	}
	return a.suspend(ctx)
}

// optOut records what the text says about writing at all, whatever else it says: sure ends it, likely suspends
// what is not urgent until a person has looked.
func (a *acting) optOut(ctx context.Context) error {
	switch a.res.OptOut {
	case reply.Sure:
		return a.stop(ctx)
	case reply.Likely:
		return a.suspend(ctx)
	}
	return nil
}

func (a *acting) suspend(ctx context.Context) error {
	a.person = true
	before, err := a.ledger(ctx)
	if err != nil {
		return err
	}
	entry, err := a.record(ctx, consent.Suspended, false)
	if err != nil {
		return err
	}
	if err := a.task(ctx, conversation.CheckOptOut, string(message.ReasonSuspended)); err != nil {
		return err
	}
	return a.clarify(ctx, before, entry)
}

// stop ends everything but emergencies from this organization to this number, for everyone on it. The number is
// in the senders' memory before the commit, and after its row is ours: no START can be between the two. One
// confirmation goes, at most one in a day.
func (a *acting) stop(ctx context.Context) error {
	before, err := a.ledger(ctx)
	if err != nil {
		return err
	}
	entry, err := a.record(ctx, consent.Revoked, false)
	if err != nil {
		return err
	}
	a.tx.AfterRollback(a.suppress.Add(a.w.point.ID))
	a.in.Outcome = conversation.Acted
	if err := a.clearUp(ctx); err != nil {
		return err
	}
	if a.res.StaffTask {
		a.person = true
		if err := a.task(ctx, conversation.CheckOptOut, string(message.ReasonOptedOut)); err != nil {
			return err
		}
	}
	if confirmedSince(before, a.tx.Now().Add(-confirmAgain)) {
		return nil
	}
	return a.say(ctx, content.OptOutConfirmation, entry)
}

// ledger is what the number itself has said so far, oldest first.
func (a *acting) ledger(ctx context.Context) ([]consent.Entry, error) {
	return a.tx.Consents().For(ctx, nil, []id.ID{a.w.point.ID})
}

// confirmedSince reports whether a STOP of the number was confirmed after then, whatever came in between.
func confirmedSince(ledger []consent.Entry, then time.Time) bool {
	return slices.ContainsFunc(ledger, func(e consent.Entry) bool {
		return e.Status == consent.Revoked && e.Method == consent.Keyword && e.At.After(then)
	})
}

// optedOutBy is the entry that began the opt-out which stands now; zero when none does.
func optedOutBy(ledger []consent.Entry) id.ID {
	began := id.ID{}
	for _, e := range ledger {
		switch {
		case e.Lifts:
			began = id.ID{}
		case e.Status == consent.Revoked && began.IsZero():
			began = e.ID
		}
	}
	return began
}

// confirmAgain is how long a second STOP gets no second confirmation.
const confirmAgain = 24 * time.Hour

func (a *acting) record(ctx context.Context, s consent.Status, lifts bool) (id.ID, error) {
	e := consent.Entry{ID: id.New(), Point: a.w.point.ID, Channel: patient.SMS, Purpose: consent.AllPurposes, Status: s,
		Method: consent.Keyword, Wording: a.res.RuleID, Shown: a.in.Text, Language: a.res.Language, By: a.scope.Actor().Kind(),
		At: a.tx.Now(), Lifts: lifts}
	_, err := a.tx.Consents().Append(ctx, []consent.Entry{e})
	return e.ID, err
}

// reserved answers HELP and START; STOP was recorded already. HELP after STOP is answered once and changes
// nothing.
func (a *acting) reserved(ctx context.Context) error {
	a.in.Outcome = conversation.Acted
	switch a.match.Intent {
	case reply.Help:
		ledger, err := a.ledger(ctx)
		if err != nil {
			return err
		}
		return a.say(ctx, content.HelpText, optedOutBy(ledger))
	case reply.Start:
		if _, err := a.record(ctx, consent.Granted, true); err != nil {
			return err
		}
		a.tx.AfterCommit(a.suppress.Lifting(a.w.point.ID))
		if err := a.clearUp(ctx); err != nil {
			return err
		}
		return a.say(ctx, content.StartConfirmation, id.ID{})
	}
	return nil
}

// tooLate tells the truth and changes nothing. What the patient wanted may still matter to somebody, unless it is
// what was answered before.
func (a *acting) tooLate(ctx context.Context) error {
	q := a.question(a.match.QuestionID)
	a.in.Outcome, a.in.Question = conversation.Closed, q.ID
	a.person = string(a.meant(q)) != q.Answer
	return a.say(ctx, content.ReplyAfterClose, id.ID{})
}

// meant is the meaning that the answer had while its question was open.
func (a *acting) meant(q conversation.Question) reply.Intent {
	if intent, ok := q.Codes[a.res.Code]; ok && a.res.Code != "" {
		return reply.Intent(intent)
	}
	return a.match.Intent
}

// answers moves what the question was about. The question closes with its answer, but for a question back,
// which leaves it open.
func (a *acting) answers(ctx context.Context) error {
	q := a.question(a.match.QuestionID)
	a.in.Question, a.in.Outcome = q.ID, conversation.Acted
	told, err := a.desk.PatientAnswered(ctx, a.tx, PatientAnswer{Visit: q.Appointment, Version: q.Version, Person: q.Person,
		Intent: a.match.Intent, Inbound: a.in.ID, Thread: a.thread.ID})
	if err != nil {
		return err
	}
	if a.match.Intent != reply.Question {
		if _, err := a.tx.Conversations().CloseQuestion(ctx, q.ID, string(a.match.Intent)); err != nil {
			return err
		}
	}
	switch told {
	case QuestionKept:
		a.person, a.in.Outcome = true, conversation.ToPerson
	case WillCall:
		a.person, a.in.Outcome, a.cause = true, conversation.ToPerson, conversation.ByTask
	case TooLate:
		a.person, a.in.Outcome = true, conversation.Closed
	}
	return a.say(ctx, textFor[told], id.ID{})
}

var textFor = map[Told]content.Key{
	Confirmed: content.ReplyConfirmed, CancelledNow: content.ReplyCancelled, CancelRequested: content.ReplyCancelRequested,
	WillCall: content.ReplyRescheduleNoted, QuestionKept: content.ReplyQuestionNoted, TooLate: content.ReplyAfterClose,
}

func (a *acting) question(text string) conversation.Question {
	for _, q := range slices.Concat(a.w.open, a.w.closed) {
		if q.ID.String() == text {
			return q
		}
	}
	return conversation.Question{}
}

// toPerson puts the text into the inbox. Somebody who was asked and is not understood hears that a person will
// look; a wrong number is quarantined, an urgent text rings.
func (a *acting) toPerson(ctx context.Context) error {
	a.person = true
	a.in.Outcome = conversation.ToPerson
	switch a.match.Intent {
	case reply.WrongNumber:
		if err := a.tx.People().SetQuarantine(ctx, a.w.point.ID, true); err != nil {
			return err
		}
		return a.task(ctx, conversation.CheckNumber, string(message.ReasonWrongNumber))
	case reply.Urgent:
		a.urgent = true
		if err := a.task(ctx, conversation.AnswerText, string(reply.Urgent)); err != nil || a.res.OptOut == reply.Sure {
			return err
		}
		return a.say(ctx, content.ReplyQuestionNoted, id.ID{}) // whom to call at once, whatever was asked
	case reply.OptOut:
		return nil
	}
	if len(a.w.open) == 0 || a.res.OptOut != reply.No {
		return nil
	}
	if a.match.Intent == reply.Question {
		return a.say(ctx, content.ReplyQuestionNoted, id.ID{})
	}
	a.cause = conversation.ByUnclear
	return a.say(ctx, content.ReplyNotUnderstood, id.ID{})
}

func (a *acting) task(ctx context.Context, kind conversation.TaskKind, reason string) error {
	t := conversation.Task{Kind: kind, Point: a.w.point.ID, Location: a.w.locationID(), Conversation: a.thread.ID, Message: a.in.ID,
		Reason: reason, Urgent: a.urgent, CreatedAt: a.tx.Now()}
	if p := a.about(); p != nil {
		t.Person = p.ID
	}
	if q := a.w.only(); q != nil {
		t.Appointment = q.Appointment
	}
	return a.tx.Tasks().Add(ctx, []conversation.Task{t})
}

// about is the person whom the text concerns: the newest question's, or the only one on the number.
func (a *acting) about() *patient.Person {
	want := id.ID{}
	if n := len(a.w.open); n > 0 {
		want = a.w.open[n-1].Person
	}
	for i := range a.w.people {
		if a.w.people[i].ID == want || len(a.w.people) == 1 {
			return &a.w.people[i]
		}
	}
	return nil
}

// say plans an automatic answer in this transaction. What is said of an opt-out is bound to the revocation.
func (a *acting) say(ctx context.Context, key content.Key, exempt id.ID) error {
	j := Answer{Org: a.scope.Org(), Inbound: a.in.ID, Point: a.w.point.ID, Sender: a.in.Sender, Text: string(key), Exempt: exempt,
		Location: a.w.locationID()}
	if q := a.question(a.match.QuestionID); !q.ID.IsZero() {
		j.Person = q.Person
		if statesVisit[key] {
			j.Visit = q.Appointment
		}
	} else if p := a.about(); p != nil {
		j.Person = p.ID
	}
	if q := a.w.only(); q != nil && key == content.ReplyNotUnderstood {
		j.Question = q.ID
	}
	return a.tx.Enqueue(ctx, j)
}

// statesVisit: these answers say when the visit is, so they are bound to it; the others stay true without it.
var statesVisit = map[content.Key]bool{
	content.ReplyConfirmed: true, content.ReplyCancelled: true, content.ReplyCancelRequested: true, content.ReplyRescheduleNoted: true,
}

var _ store.Job = Answer{}
