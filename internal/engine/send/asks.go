package send

import (
	"context"

	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/store"
)

// openQuestions opens what the texts of a lease ask. A text one of whose digits was taken since they were given stays
// queued and gets others.
func openQuestions(ctx context.Context, tx store.Tx, rulings []Ruling, ok []bool) error {
	var all []conversation.Question
	var at []int
	for i := range rulings {
		if q := rulings[i].Question; ok[i] && q != nil {
			all, at = append(all, *q), append(at, i)
		}
	}
	if len(all) == 0 {
		return nil
	}
	asked, err := tx.Conversations().AskQuestions(ctx, all)
	if err != nil {
		return err
	}
	for k, i := range at {
		ok[i] = asked[k]
	}
	return nil
}

// addCalls puts on the call list what a text that leaves cannot do alone.
func addCalls(ctx context.Context, tx store.Tx, rulings []Ruling, moved []bool) error {
	var calls []conversation.Task
	for i := range rulings {
		if c := rulings[i].Call; moved[i] && c != nil {
			calls = append(calls, *c)
		}
	}
	if len(calls) == 0 {
		return nil
	}
	return tx.Tasks().Add(ctx, calls)
}
