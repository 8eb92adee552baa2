package outbox

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/reply"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/store"
)

func (o *Outbox) loadKeys(ctx context.Context, tx store.Tx, items []item) error {
	var keys []store.Key
	var at []int
	for i := range items {
		if k := items[i].draft.Key(); items[i].ask != nil && !k.IsZero() {
			keys, at = append(keys, k), append(at, i)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	taken, err := tx.Messages().KeysTaken(ctx, keys)
	if err != nil {
		return err
	}
	for k, i := range at {
		items[i].taken = taken[k]
	}
	return nil
}

func (o *Outbox) loadHolds(ctx context.Context, tx store.Tx, items []item) error {
	if o.holds == nil {
		return nil
	}
	visits := make([]schedule.Appointment, len(items))
	people := make([]id.ID, len(items))
	for i := range items {
		if items[i].visit != nil {
			visits[i] = *items[i].visit
		}
		people[i] = items[i].draft.Person
	}
	waiting, overdue, err := o.holds.Held(ctx, tx, visits, people)
	if err != nil {
		return err
	}
	for i := range items {
		items[i].importHeld, items[i].overdue = waiting[i], overdue[i]
	}
	return nil
}

// loadCounts reads what persons were sent, where a purpose has caps, and automatic answers to numbers.
func (o *Outbox) loadCounts(ctx context.Context, tx store.Tx, items []item) error {
	var asks []store.SpokenAsk
	var at []int
	auto := distinct(items, func(it *item) id.ID {
		if it.draft.Flags.Has(message.AutoReply) && it.contact != nil {
			return it.contact.Point.ID
		}
		return id.ID{}
	})
	for i := range items {
		it := &items[i]
		it.at = it.decideAt(tx.Now())
		if c, counted := capRule(it.draft, it.org.Budget, it.at); counted {
			asks, at = append(asks, c.SpokenAsk), append(at, i)
		}
	}
	if len(asks) > 0 {
		spoken, err := tx.Messages().Spoken(ctx, asks)
		if err != nil {
			return err
		}
		for k, i := range at {
			items[i].spoken = spoken[k]
		}
	}
	if len(auto) == 0 {
		return nil
	}
	n, err := tx.Messages().AutoReplies(ctx, auto, tx.Now().Add(-time.Hour))
	if err != nil {
		return err
	}
	for i := range items {
		if c := items[i].contact; c != nil {
			items[i].autoCount = n[c.Point.ID]
		}
	}
	return nil
}

// loadQuestions gives digits to texts that ask. Those of a text that is only planned are how it would read if it left
// now; those of one that is decided again are seen by the next text to the number.
func (o *Outbox) loadQuestions(ctx context.Context, tx store.Tx, items []item) error {
	if o.questions == nil {
		return nil
	}
	points := distinct(items, func(it *item) id.ID {
		if !it.draft.Flags.Has(message.Asks) || it.contact == nil {
			return id.ID{}
		}
		return it.contact.Point.ID
	})
	if len(points) == 0 {
		return nil
	}
	open, closed, err := o.questions.Open(ctx, tx, points)
	if err != nil {
		return err
	}
	if open == nil {
		open = map[id.ID][]reply.OpenQuestion{}
	}
	for i := range items {
		it := &items[i]
		if !it.draft.Flags.Has(message.Asks) || it.contact == nil {
			continue
		}
		p := it.contact.Point.ID
		assignCodes(it, open[p], closed[p])
		if it.ask == nil && !it.question.none {
			open[p] = append(open[p], it.question.open)
		}
	}
	return nil
}
