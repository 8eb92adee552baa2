package plan

import (
	"context"
	"slices"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/journey"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/engine/outbox"
	"carillon.dev/carillon/internal/store"
)

// Future is one text that will go, or will not, with the reason.
type Future struct {
	Person  id.ID
	Visit   id.ID
	Start   time.Time // of the visit
	Journey string
	Version int // of the journey
	Step    string
	// Message is set when the text waits as a row already; State is its state then.
	Message id.ID
	State   message.State
	Due     time.Time // when it goes, bent into the hours where that is known
	Expires time.Time
	// Skip says why the step will not become a message; empty when it will.
	Skip journey.Skip
	// Says is what the gate says now of its due time: queued, held or refused, with the deciding reason. It is
	// empty for a step that is skipped.
	Says message.State
	Why  message.Reason
	// Draft is the text as it would be written now, for a preview; zero for a step that is skipped.
	Draft store.Draft
	// Settling: news of a change that waits for the change to settle; Due is when it does.
	Settling bool
	// Held is the import that must be released first.
	Held id.ID
}

// Will reports whether the text is going to leave as things stand.
func (f *Future) Will() bool { return f.Skip == "" && f.Says == message.Queued && f.Held.IsZero() }

// OfPerson says what a person will be sent, and what not and why, by due time. It is the code that plans, run
// on the facts of this moment, and it writes nothing.
func (p *Planner) OfPerson(ctx context.Context, scope access.Scope, person id.ID) ([]Future, error) {
	if !scope.Allows(access.ReadMessages) {
		return nil, forbidden()
	}
	var visits []id.ID
	err := p.store.Read(ctx, scope, func(tx store.Tx) error {
		all, err := tx.Visits().OfPerson(ctx, person, personVisits)
		for _, v := range all {
			if v.Start.After(tx.Now()) {
				visits = append(visits, v.ID)
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return p.project(ctx, scope, visits)
}

// OfVisits says the same of visits.
func (p *Planner) OfVisits(ctx context.Context, scope access.Scope, visits []id.ID) ([]Future, error) {
	if !scope.Allows(access.ReadMessages) {
		return nil, forbidden()
	}
	return p.project(ctx, scope, distinct(visits))
}

func forbidden() error { return errs.New(errs.Forbidden, "your role does not allow this") }

// project plans in memory: what the next sweep would do, and what the steps after it are going to be.
func (p *Planner) project(ctx context.Context, scope access.Scope, visits []id.ID) ([]Future, error) {
	if len(visits) == 0 {
		return nil, nil
	}
	ps, err := p.advance(ctx, scope, batch{visits: visits})
	if err != nil {
		return nil, err
	}
	var out []Future
	for i := range ps.pieces {
		if ps.pieces[i].def != nil && ps.pieces[i].visit != nil {
			out = append(out, futures(&ps.facts, &ps.pieces[i])...)
		}
	}
	if err := p.judge(ctx, scope, ps, out); err != nil {
		return nil, err
	}
	slices.SortStableFunc(out, func(a, b Future) int { return a.Due.Compare(b.Due) })
	return out, nil
}

// futures lists an enrollment's waiting texts, its untold change and its steps.
func futures(f *facts, pc *piece) (out []Future) {
	e := &pc.e
	if e.State == journey.Ended {
		return nil
	}
	base := Future{Person: e.Person, Visit: e.Appointment, Start: e.Visit.Start, Journey: e.Journey, Version: e.Definition, Held: e.HeldBy}
	states := map[journey.Ref]store.TextState{}
	for _, s := range pc.states {
		states[journey.Ref{Step: s.Step, Occurrence: s.Occurrence}] = s
	}
	for _, t := range e.Texts {
		if t.Phase != journey.Pending {
			continue
		}
		x := base
		x.Step, x.Due, x.Expires = t.Step, t.Due, t.Expires
		if s, ok := states[t.Ref]; ok {
			x.Message, x.State, x.Due = s.Message, s.State, s.DueAt
		}
		out = append(out, x)
	}
	if !e.SettleAt.IsZero() {
		x := base
		x.Step, x.Due, x.Expires, x.Settling = "moved", e.SettleAt, e.Visit.Start, true
		if e.Visit.Cancelled {
			x.Step = "cancelled"
		}
		out = append(out, x)
	}
	for _, c := range e.Forecast(pc.def, f.now) {
		if c.Skip == "" && !c.Ref.IsZero() || c.Skip == journey.SkipOff || e.Visit.Cancelled {
			continue
		}
		x := base
		x.Step, x.Due, x.Expires, x.Skip = c.Step.ID, c.Due, c.Expires, c.Skip
		out = append(out, x)
	}
	return out
}

// judge asks the outbox what it would make of every text at its due time.
func (p *Planner) judge(ctx context.Context, scope access.Scope, ps *plans, fs []Future) error {
	byVisit := map[id.ID]*piece{}
	for i := range ps.pieces {
		byVisit[ps.pieces[i].e.Appointment] = &ps.pieces[i]
	}
	var asks []outbox.Ask
	var at []int
	for i := range fs {
		x := &fs[i]
		if x.Skip != "" || x.Settling {
			continue
		}
		asks, at = append(asks, askOf(byVisit[x.Visit], x)), append(at, i)
	}
	if len(asks) == 0 {
		return nil
	}
	prepared, err := p.outbox.Foresee(ctx, scope, asks)
	if err != nil {
		return err
	}
	for k, i := range at {
		d := prepared[k].Draft
		fs[i].Says, fs[i].Why, fs[i].Draft = d.State, d.Reason, d
		if fs[i].Message.IsZero() && d.State == message.Queued {
			fs[i].Due = d.DueAt
		}
	}
	return nil
}

// askOf is the ask that planning would make for a future text.
func askOf(pc *piece, x *Future) outbox.Ask {
	for _, t := range pc.e.Texts {
		if t.Phase == journey.Pending && t.Step == x.Step && t.Notice() {
			told, by := pc.e.Told()
			a := journey.Action{Kind: journey.Notify, Ref: t.Ref, Template: noticeText(pc.def, t.Step), States: t.States, Version: t.Version,
				Due: x.Due, Expires: t.Expires, Old: told, Corrects: by}
			return preview(askFor(pc, a))
		}
	}
	s, _ := pc.def.Step(x.Step)
	keeps := slices.ContainsFunc(pc.e.Ahead, func(a journey.Ahead) bool { return a.Step != s.ID && a.Due.After(x.Due) })
	a := journey.Action{KeepsRoom: keeps, Kind: journey.Send, Ref: journey.Ref{Step: s.ID}, Template: s.Template, Asks: s.Asks, Quiet: s.Quiet,
		States: pc.e.Visit.Fact, Version: pc.e.Visit.Version, Due: x.Due, Expires: x.Expires, NotAgain: s.OnlyIf.NotConfirmed}
	return preview(askFor(pc, a))
}

// preview takes the natural key off: a text that waits already is not its own duplicate.
func preview(a outbox.Ask) outbox.Ask {
	a.Origin.Enrollment = id.ID{}
	return a
}

func noticeText(d *journey.Definition, step string) string {
	switch step {
	case "cancelled":
		return d.Notices.Cancelled.Template
	case "correction":
		return d.Notices.Correction.Template
	}
	return d.Notices.Moved.Template
}

// Held is what an import's release would let go.
type Held struct {
	Visits int // that wait
	// Texts are the messages by step that would be planned within the journeys' planning time.
	Texts map[string]int
	// Samples are the first of them, as they would be written now.
	Samples []Future
	// Refused are texts that would not go, by the deciding reason.
	Refused map[message.Reason]int
}

// heldSample is how many waiting visits are looked at for counts and samples.
const (
	heldSample  = 200
	heldSamples = 5
)

// HeldBy says what waits for an import's release: how many visits, and from a look at the first of them which
// texts would go, with samples.
func (p *Planner) HeldBy(ctx context.Context, scope access.Scope, imported id.ID) (Held, error) {
	if !scope.Allows(access.ReadMessages) {
		return Held{}, forbidden()
	}
	h := Held{Texts: map[string]int{}, Refused: map[message.Reason]int{}}
	var visits []id.ID
	err := p.store.Read(ctx, scope, func(tx store.Tx) (err error) {
		if h.Visits, err = tx.Journeys().CountHeld(ctx, imported); err != nil {
			return err
		}
		all, err := tx.Journeys().HeldEnrollments(ctx, imported, store.Page{Limit: heldSample})
		for i := range all {
			visits = append(visits, all[i].Appointment)
		}
		return err
	})
	if err != nil {
		return h, err
	}
	fs, err := p.project(ctx, scope, visits)
	for _, f := range fs {
		switch {
		case f.Skip != "" || f.Settling:
		case f.Says == message.Refused:
			h.Refused[f.Why]++
		default:
			h.Texts[f.Step]++
			if len(h.Samples) < heldSamples {
				h.Samples = append(h.Samples, f)
			}
		}
	}
	return h, err
}
