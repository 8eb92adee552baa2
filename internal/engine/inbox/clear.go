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
	return s.store.InTx(ctx, scope, func(tx store.Tx) error {
		c, err := tx.Conversations().ThreadByID(ctx, thread)
		if err != nil {
			return err
		}
		e := consent.Entry{ID: id.New(), Point: c.Point, Channel: patient.SMS, Purpose: consent.AllPurposes, Status: consent.Granted,
			Method: consent.Staff, Shown: words, By: scope.Actor().Kind(), ByID: scope.Actor().ID(), At: tx.Now()}
		detail := "opted_out=no"
		if out {
			e.Status, detail = consent.Revoked, "opted_out=yes"
			tx.AfterRollback(s.suppress.Add(c.Point))
		}
		if _, err := tx.Consents().Append(ctx, []consent.Entry{e}); err != nil {
			return err
		}
		if err := endChecks(ctx, tx, scope, c.Point); err != nil {
			return err
		}
		tx.Publish(store.TopicConsents)
		tx.Publish(store.TopicConversations)
		return tx.Audit().Record(ctx, audit.Of(scope, tx.Now(), "inbox.clear_up", "conversation", thread, detail))
	}, store.Urgent)
}

// endChecks ends the open tasks to look at this number's opt-out.
func endChecks(ctx context.Context, tx store.Tx, scope access.Scope, point id.ID) error {
	open, err := tx.Tasks().List(ctx, store.TaskFilter{Kinds: []conversation.TaskKind{conversation.CheckOptOut}}, store.Page{Limit: store.MaxLimit})
	if err != nil {
		return err
	}
	for _, t := range open {
		if t.Point != point {
			continue
		}
		err := tx.Tasks().Complete(ctx, t.ID, store.TaskDone{By: scope.Actor().ID(), At: tx.Now(), Outcome: conversation.DoneOther})
		if err != nil {
			return err
		}
	}
	tx.Publish(store.TopicTasks)
	return nil
}
