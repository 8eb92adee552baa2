package inbox

import (
	"context"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audit"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/store"
)

// ClearUp says what an unclear opt-out meant: with out the number is opted out for good, otherwise texts go on.
// Either way the ledger keeps who said so and which words were read.
func (s *Service) ClearUp(ctx context.Context, scope access.Scope, thread id.ID, out bool, words phi.Text) error {
	if !scope.Allows(access.WritePatients) {
		return forbidden()
	}
	status, detail := consent.Granted, "opted_out=no"
	if out {
		status, detail = consent.Revoked, "opted_out=yes"
	}
	return s.store.InTx(ctx, scope, func(tx store.Tx) error {
		c, err := tx.Conversations().ThreadByID(ctx, thread)
		if err != nil {
			return err
		}
		if err := optOut(ctx, tx, scope, s.suppress, c.Point, words, status); err != nil {
			return err
		}
		return tx.Audit().Record(ctx, audit.Of(scope, tx.Now(), "inbox.clear_up", "conversation", thread, detail))
	}, store.Urgent)
}

// optOut writes what a person decided about a number's opt-out: Revoked ends texts, Granted ends a doubt and lifts
// nothing else. The number is in the senders' memory before the commit.
func optOut(ctx context.Context, tx store.Tx, scope access.Scope, memory Suppressor, point id.ID, words phi.Text, s consent.Status) error {
	e := consent.Entry{ID: id.New(), Point: point, Channel: patient.SMS, Purpose: consent.AllPurposes, Status: s,
		Method: consent.Staff, Shown: words, By: scope.Actor().Kind(), ByID: scope.Actor().ID(), At: tx.Now()}
	if _, err := tx.Consents().Append(ctx, []consent.Entry{e}); err != nil {
		return err
	}
	if s == consent.Revoked {
		tx.AfterRollback(memory.Add(point))
	}
	return endTasks(ctx, tx, scope, store.TaskFilter{Kinds: []conversation.TaskKind{conversation.CheckOptOut}},
		func(t conversation.Task) bool { return t.Point == point })
}

// endTasks ends open tasks that a reading has answered.
func endTasks(ctx context.Context, tx store.Tx, scope access.Scope, f store.TaskFilter, which func(conversation.Task) bool) error {
	open, err := tx.Tasks().List(ctx, f, store.Page{Limit: store.MaxLimit})
	if err != nil {
		return err
	}
	for _, t := range open {
		if !which(t) {
			continue
		}
		err := tx.Tasks().Complete(ctx, t.ID, store.TaskDone{By: scope.Actor().ID(), At: tx.Now(), Outcome: conversation.DoneOther})
		if err != nil {
			return err
		}
	}
	return nil
}
