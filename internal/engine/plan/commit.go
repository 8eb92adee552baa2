package plan

import (
	"context"
	"slices"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/core/journey"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/engine/outbox"
	"carillon.dev/carillon/internal/store"
)

// commit writes a batch in one transaction: all of it, or nothing and the batch is planned again.
func (p *Planner) commit(ctx context.Context, scope access.Scope, b batch, ps *plans) error {
	return p.store.InTx(ctx, scope, func(tx store.Tx) error {
		for _, f := range ps.facts.journeys.fresh {
			if err := tx.Journeys().SaveDefinition(ctx, f); err != nil {
				return err
			}
		}
		if err := saveEnrollments(ctx, tx, ps); err != nil {
			return err
		}
		if err := saveAhead(ctx, tx, ps); err != nil {
			return err
		}
		if err := withdraw(ctx, tx, ps); err != nil {
			return err
		}
		if err := p.insert(ctx, tx, ps); err != nil {
			return err
		}
		if err := calls(ctx, tx, ps); err != nil {
			return err
		}
		worked := make([]id.ID, len(b.touches))
		for i := range b.touches {
			worked[i] = b.touches[i].ID
		}
		return tx.Journeys().DropTouches(ctx, worked)
	}, store.Bulk)
}

func saveEnrollments(ctx context.Context, tx store.Tx, ps *plans) error {
	all := make([]journey.Enrollment, len(ps.pieces))
	for i := range ps.pieces {
		all[i] = ps.pieces[i].e
	}
	kept, err := tx.Journeys().SaveEnrollments(ctx, all)
	if err != nil {
		return err
	}
	for _, k := range kept {
		if !k {
			return errAgain
		}
	}
	return nil
}

// saveAhead keeps what enrollments will say, where that changed.
func saveAhead(ctx context.Context, tx store.Tx, ps *plans) error {
	var all []store.TextsAhead
	for i := range ps.pieces {
		if pc := &ps.pieces[i]; pc.def != nil && pc.looksElsewhere() {
			e := &pc.e
			all = append(all, store.TextsAhead{Enrollment: e.ID, Person: e.Person, Visit: e.Appointment, Location: e.Visit.Location,
				Purpose: pc.def.Purpose, Held: !e.HeldBy.IsZero(), Texts: e.Ahead})
		}
	}
	return tx.Journeys().SetAhead(ctx, all)
}

// looksElsewhere reports whether what is to be said, or where or whether it waits, is not as it was stored.
func (pc *piece) looksElsewhere() bool {
	e, was := &pc.e, &pc.was
	return e.HeldBy.IsZero() != was.HeldBy.IsZero() || e.Visit.Location != was.Visit.Location ||
		!slices.EqualFunc(e.Ahead, was.Ahead, func(a, b journey.Ahead) bool {
			return a.Step == b.Step && a.Last == b.Last && a.Due.Equal(b.Due)
		})
}

// withdraw takes waiting messages back. One that a sender has just taken cannot be: then everything is planned
// again, knowing that it left.
func withdraw(ctx context.Context, tx store.Tx, ps *plans) error {
	var moves []store.Move
	for i := range ps.pieces {
		pc := &ps.pieces[i]
		for _, a := range pc.actions {
			if a.Kind != journey.Withdraw {
				continue
			}
			for _, s := range pc.states {
				if s.Step == a.Ref.Step && s.Occurrence == a.Ref.Occurrence && !s.State.Settled() {
					moves = append(moves, store.Move{Message: s.Message, From: s.State, To: message.Cancelled, Reason: a.Reason})
				}
			}
		}
	}
	if len(moves) == 0 {
		return nil
	}
	moved, err := tx.Messages().Settle(ctx, moves)
	if err != nil {
		return err
	}
	for _, m := range moved {
		if !m {
			return errAgain
		}
	}
	return nil
}

// insert writes the messages that are not put off.
func (p *Planner) insert(ctx context.Context, tx store.Tx, ps *plans) error {
	var all []outbox.Prepared
	for i := range ps.pieces {
		for k := range ps.pieces[i].asks {
			if a := &ps.pieces[i].asks[k]; !a.deferred {
				all = append(all, a.prepared)
			}
		}
	}
	if len(all) == 0 {
		return nil
	}
	_, err := p.outbox.Insert(ctx, tx, all) // which proves the batch in the audit log
	return err
}

// calls keeps the call list: what did not reach the patient, and what need not be said any more.
func calls(ctx context.Context, tx store.Tx, ps *plans) error {
	var drop []id.ID
	var add []conversation.Task
	for i := range ps.pieces {
		pc := &ps.pieces[i]
		var theirs []conversation.Task
		for _, a := range pc.actions {
			switch a.Kind {
			case journey.DropCalls:
				drop, theirs = append(drop, pc.e.Appointment), nil
			case journey.CallList:
				theirs = append(theirs, callFor(pc, a))
			}
		}
		add = append(add, theirs...)
	}
	if len(drop) > 0 {
		if _, err := tx.Tasks().Drop(ctx, conversation.CallPatient, distinct(drop)); err != nil {
			return err
		}
	}
	return tx.Tasks().Add(ctx, add)
}

func callFor(pc *piece, a journey.Action) conversation.Task {
	t := conversation.Task{Kind: conversation.CallPatient, Person: pc.e.Person, Location: pc.e.Visit.Location,
		Appointment: pc.e.Appointment, Reason: string(a.Reason), Urgent: journey.IsNotice(a.Ref.Step)}
	if text, ok := pc.e.Text(a.Ref); ok {
		t.Message = text.Message
	}
	return t
}
