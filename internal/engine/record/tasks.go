package record

import (
	"context"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/engine/inbound"
	"carillon.dev/carillon/internal/store"
)

// Tasks pages through what waits for a person, oldest first.
func (s *Service) Tasks(ctx context.Context, scope access.Scope, f store.TaskFilter, p store.Page) (out []conversation.Task, err error) {
	if !scope.Allows(access.ReadPatients) {
		return nil, errs.New(errs.Forbidden, "your role does not allow this")
	}
	err = s.store.Read(ctx, scope, func(tx store.Tx) error {
		out, err = tx.Tasks().List(ctx, f, p)
		return err
	})
	return out, err
}

// CompleteTask ends a task with how it went; errs.Conflict when somebody did so before.
func (s *Service) CompleteTask(ctx context.Context, scope access.Scope, task id.ID, outcome conversation.TaskOutcome, words phi.Text) error {
	switch outcome {
	case conversation.Reached, conversation.NotReached, conversation.LeftWord, conversation.DoneOther, conversation.NotNeeded:
	default:
		return errs.New(errs.Invalid, "say how it ended").At("outcome")
	}
	return s.write(ctx, scope, func(tx store.Tx) error {
		done := store.TaskDone{By: scope.Actor().ID(), At: tx.Now(), Outcome: outcome, Note: words}
		t, err := tx.Tasks().Get(ctx, task)
		if err != nil {
			return err
		}
		if err := tx.Tasks().Complete(ctx, task, done); err != nil {
			return err
		}
		if err := settleThread(ctx, tx, t.Conversation); err != nil {
			return err
		}
		return note(ctx, tx, "task.done", "task", task, "outcome="+string(outcome))
	})
}

// settleThread ends a conversation's waiting when its last task has ended and nothing else is waited for.
func settleThread(ctx context.Context, tx store.Tx, thread id.ID) error {
	if thread.IsZero() {
		return nil
	}
	c, err := tx.Conversations().ThreadByID(ctx, thread)
	if err != nil {
		if errs.Is(err, errs.NotFound) {
			return nil
		}
		return err
	}
	done, err := inbound.Done(ctx, tx, &c)
	if err != nil || !done {
		return err
	}
	c.Settle()
	_, err = tx.Conversations().UpdateThread(ctx, c)
	return err
}
