package inbound

import (
	"context"

	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/core/reply"
	"carillon.dev/carillon/internal/store"
)

// answered ends the waiting for what an answer that acted has made clear: a text that was asked about again, or a call
// that the answer took off the list.
func (a *acting) answered(ctx context.Context) error {
	if a.thread.Settles(conversation.ByUnclear) {
		a.thread.Settle()
		return nil
	}
	done, err := Done(ctx, a.tx, &a.thread)
	if done {
		a.thread.Settle()
	}
	return err
}

// Done reports whether a conversation waits for nothing but tasks and all of them have ended.
func Done(ctx context.Context, tx store.Tx, c *conversation.Conversation) (bool, error) {
	if !c.Settles(conversation.ByTask) {
		return false, nil
	}
	open, err := tx.Tasks().List(ctx, store.TaskFilter{Thread: c.ID}, store.Page{Limit: 1})
	return len(open) == 0, err
}

// keepThread notes that something came in, and that a person is waited for.
func (a *acting) keepThread(ctx context.Context) error {
	if a.thread.ID.IsZero() {
		return nil
	}
	a.thread.LastIn = a.tx.Now()
	if a.thread.Location.IsZero() {
		a.thread.Location = a.w.locationID()
	}
	switch {
	case a.person:
		a.thread.Wait(a.cause, a.tx.Now())
		a.thread.Urgent = a.thread.Urgent || a.urgent
	case a.match.Outcome == reply.Answers && a.in.Outcome == conversation.Acted:
		if err := a.answered(ctx); err != nil {
			return err
		}
	}
	_, err := a.tx.Conversations().UpdateThread(ctx, a.thread)
	return err
}
