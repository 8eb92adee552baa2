package plan

import (
	"context"
	"errors"
	"slices"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/journey"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/engine/outbox"
	"carillon.dev/carillon/internal/store"
)

// attempts is how often a batch is planned anew when somebody else was first: a sender that took a text which
// was to be withdrawn, another node, an answer code that was given away.
const attempts = 4

// errAgain: the facts moved between reading and committing.
var errAgain = errors.New("plan: the facts moved")

// work plans one batch: read, advance, decide outside the transaction, commit.
func (p *Planner) work(ctx context.Context, scope access.Scope, b batch) error {
	for range attempts {
		ps, err := p.advance(ctx, scope, b)
		if err != nil {
			return err
		}
		if err := p.decide(ctx, scope, ps); err != nil {
			return err
		}
		err = p.commit(ctx, scope, b, ps)
		if !errors.Is(err, errAgain) && !errs.Is(err, errs.Conflict) {
			return err
		}
	}
	return errs.New(errs.Unavailable, "the same visits change faster than they can be planned; the next sweep tries again")
}

// piece is one enrollment on its way through a batch.
type piece struct {
	e       journey.Enrollment
	was     journey.Enrollment // as it was stored; zero for a fresh one
	def     *journey.Definition
	visit   *schedule.Appointment
	actions []journey.Action
	states  []store.TextState
	asks    []asked
}

// asked is a text that an action wants, and what the outbox made of it.
type asked struct {
	action   journey.Action
	ask      outbox.Ask
	prepared outbox.Prepared
	decided  bool
	deferred bool // nothing is written
}

// plans are the pieces of a batch and what they were made of.
type plans struct {
	facts  facts
	pieces []piece
}

// advance reads the facts and says what follows for every enrollment.
func (p *Planner) advance(ctx context.Context, scope access.Scope, b batch) (*plans, error) {
	ps := &plans{}
	err := p.store.Read(ctx, scope, func(tx store.Tx) (err error) {
		ps.facts, err = p.read(ctx, tx, b.visits)
		return err
	})
	if err != nil {
		return nil, err
	}
	byVisit := map[id.ID][]store.Touch{}
	for _, t := range b.touches {
		byVisit[t.Visit] = append(byVisit[t.Visit], t)
	}
	for i := range ps.facts.visits {
		v := &ps.facts.visits[i]
		ps.pieces = append(ps.pieces, p.pieces(&ps.facts, v, byVisit[v.ID])...)
		delete(ps.facts.enrollments, v.ID)
	}
	for _, lost := range ps.facts.enrollments {
		ps.pieces = append(ps.pieces, orphans(&ps.facts, lost)...)
	}
	return ps, nil
}

// rereadAfter is how soon a visit on a version that cannot be read is looked at again.
const rereadAfter = time.Hour

// orphans ends enrollments whose visit an undone import took away.
func orphans(f *facts, lost []journey.Enrollment) (out []piece) {
	for _, e := range lost {
		pc := piece{e: e, was: e, def: f.journeys.version(e.Org, e.Journey, e.Definition), states: f.texts[e.ID]}
		if pc.def == nil {
			pc.def = &journey.Definition{Key: e.Journey, Version: e.Definition}
		}
		evs := append(newsOf(&e, pc.states), journey.Event{Kind: journey.VisitOver})
		pc.e, pc.actions = journey.AdvanceAll(pc.def, e, evs, f.now)
		pc.e.HeldBy = id.ID{}
		out = append(out, pc)
	}
	return out
}

// pieces advances the enrollments of one visit and enrolls it where a journey begins.
func (p *Planner) pieces(f *facts, v *schedule.Appointment, touches []store.Touch) (out []piece) {
	truth := p.truth(f, v)
	running := map[string]bool{}
	for _, e := range f.enrollments[v.ID] {
		running[e.Journey] = true
		def := f.journeys.version(e.Org, e.Journey, e.Definition)
		if def == nil && f.journeys.isUnread(e.Org, e.Journey, e.Definition) { // looked at again: another release may read it
			p.log.Error("a version of a journey cannot be read: its visits wait", "journey", e.Journey, "version", e.Definition, "visit", v.ID.String())
			e.NextDue = f.now.Add(rereadAfter)
			out = append(out, piece{e: e, visit: v})
			continue
		}
		if def == nil { // a version that was never stored: nothing can be said about it, and nothing is sent
			e.NextDue, e.HeldBy = time.Time{}, id.ID{}
			out = append(out, piece{e: e, visit: v})
			continue
		}
		e.Visit.Zone, e.Visit.Works = truth.Zone, truth.Works
		pc := piece{e: e, was: e, def: def, visit: v, states: f.texts[e.ID]}
		pc.e, pc.actions = journey.AdvanceAll(def, e, events(f, &pc, truth, touches), f.now)
		out = append(out, pc)
	}
	if !v.Status.Expected() || !v.Start.After(f.now) || gone(f.people[v.Person]) {
		return out
	}
	for _, def := range f.journeys.newest {
		if def.Trigger != journey.OnBooked || running[def.Key] {
			continue
		}
		e := journey.Enrollment{ID: id.New(), Org: v.Org, Person: v.Person, Appointment: v.ID, HeldBy: holdOf(f, v, touches)}
		pc := piece{def: def, visit: v}
		pc.e, pc.actions = journey.Enroll(def, e, truth, f.now)
		out = append(out, pc)
	}
	return out
}

// events are what the enrollment has not heard, messages first.
func events(f *facts, pc *piece, truth journey.Visit, touches []store.Touch) []journey.Event {
	e, v := &pc.e, pc.visit
	evs := newsOf(e, pc.states)
	if held := holdOf(f, v, touches); !held.IsZero() && held != e.HeldBy {
		evs = append(evs, journey.Event{Kind: journey.ImportHeld, Import: held})
	} else if !e.HeldBy.IsZero() && !f.held[e.HeldBy] {
		evs = append(evs, journey.Event{Kind: journey.Released, Import: e.HeldBy})
	}
	switch {
	case gone(f.people[v.Person]):
		evs = append(evs, journey.Event{Kind: journey.PersonGone})
	case happened(v.Status):
		evs = append(evs, journey.Event{Kind: journey.VisitOver})
	case truth.Version != e.Visit.Version || !truth.BookedAt.Equal(e.Visit.BookedAt):
		evs = append(evs, journey.Event{Kind: journey.VisitChanged, Visit: truth,
			PatientKnows: known(touches, v.Version) || neverWas(pc)})
	}
	if !gone(f.people[v.Person]) && e.Reason == journey.EndPerson {
		evs = append(evs, journey.Event{Kind: journey.PersonBack})
	}
	evs = append(evs, answersOf(e, truth, f.answers[v.ID])...)
	return append(evs, journey.Event{Kind: journey.TimeCame})
}

// holdOf is the import on hold that wrote the visit last, as the touches or the visit itself say.
func holdOf(f *facts, v *schedule.Appointment, touches []store.Touch) id.ID {
	for _, t := range touches {
		if f.held[t.Import] {
			return t.Import
		}
	}
	if f.held[v.Import] {
		return v.Import
	}
	return id.ID{}
}

// known: somebody wrote this version at the patient's own wish, or told them.
func known(touches []store.Touch, version int64) bool {
	for _, t := range touches {
		if t.PatientKnows && t.Version >= version {
			return true
		}
	}
	return false
}

// rounds bounds how often a refusal at planning may lead to another text in one batch.
const rounds = 3

// neverWas: a visit entered in error that no text has told of is no news to anybody.
func neverWas(pc *piece) bool {
	left := func(s store.TextState) bool { return s.State.HandedOver() }
	return pc.visit.Status == schedule.EnteredInError && !slices.ContainsFunc(pc.states, left)
}

// decide asks the outbox about every text that is wanted and takes refusals at planning back to the journeys,
// which may want another text then.
func (p *Planner) decide(ctx context.Context, scope access.Scope, ps *plans) error {
	for i := range ps.pieces {
		ps.pieces[i].want(ps.pieces[i].actions)
	}
	for range rounds {
		open := ps.open()
		if len(open) == 0 {
			return nil
		}
		if err := p.urgency(ctx, scope, &ps.facts, open); err != nil {
			return err
		}
		asks := make([]outbox.Ask, len(open))
		for i, o := range open {
			asks[i] = o.asked().ask
		}
		prepared, err := p.outbox.Prepare(ctx, scope, asks)
		if err != nil {
			return err
		}
		for i, o := range open {
			a := o.asked()
			a.prepared, a.decided = prepared[i], true
			o.piece.settle(&ps.facts, o.at)
		}
	}
	for _, o := range ps.open() { // not decided: as if it had not been wanted yet
		o.asked().deferred = true
		if !o.piece.e.Defer(o.piece.def, o.asked().action.Ref, ps.facts.now.Add(replan), ps.facts.now) {
			return errs.New(errs.Internal, "a text was wanted that cannot be put off; the next sweep plans the visit anew")
		}
	}
	return nil
}

// place names one ask of a batch; asks move in memory when more are wanted.
type place struct {
	piece *piece
	at    int
}

func (o place) asked() *asked { return &o.piece.asks[o.at] }

// open lists the asks that the outbox has not decided about.
func (ps *plans) open() (out []place) {
	for i := range ps.pieces {
		for k := range ps.pieces[i].asks {
			if !ps.pieces[i].asks[k].decided {
				out = append(out, place{&ps.pieces[i], k})
			}
		}
	}
	return out
}

// want adds an ask for every text among the actions.
func (pc *piece) want(actions []journey.Action) {
	for _, a := range actions {
		if a.Kind == journey.Send || a.Kind == journey.Notify {
			pc.asks = append(pc.asks, asked{action: a, ask: askFor(pc, a)})
		}
	}
}

// settle binds the message to its text, or puts off what would be refused today but may go by its time, or tells
// the journey at once that the text cannot go.
func (pc *piece) settle(f *facts, at int) {
	a := &pc.asks[at]
	d := &a.prepared.Draft
	// A text that is due at once is due when the outbox looked, which is a moment after f.now: put off until
	// then, it would be looked at without end.
	if a.action.Kind == journey.Send && d.State == message.Refused && d.DueAt.After(d.PlannedAt) &&
		pc.e.Defer(pc.def, a.action.Ref, d.DueAt, f.now) {
		a.deferred = true
		return
	}
	pc.e.Bind(a.action.Ref, d.ID, d.DueAt)
	if d.State != message.Refused {
		return
	}
	if evicted(d.Reason) { // the facts moved since they were read; the next look hears of it from the row
		pc.e.NextDue = f.now.Add(replan)
		return
	}
	e, more := journey.Advance(pc.def, pc.e, journey.Event{Kind: journey.MessageNews, Ref: a.action.Ref,
		Outcome: journey.OutcomeRefused, Reason: d.Reason}, f.now)
	pc.e, pc.actions = e, append(pc.actions, more...)
	pc.want(more)
}
