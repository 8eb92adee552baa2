package outbox

import (
	"context"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/engine/route"
	"carillon.dev/carillon/internal/store"
)

// loadTexts gives every item the newest version of its text: one that waits leaves with the words of its day.
func (o *Outbox) loadTexts(_ context.Context, _ store.Tx, items []item) error {
	for i := range items {
		it := &items[i]
		switch {
		case it.try != nil:
			it.text = it.try
		case it.draft.Template != "":
			it.text = it.org.texts[content.Key(it.draft.Template)]
		}
	}
	return nil
}

// loadWays picks routes and senders, and asks for the guest list where a route is on trial.
func (o *Outbox) loadWays(ctx context.Context, tx store.Tx, items []item) error {
	several := len(items) > 0 && items[0].book.Several()
	trial := map[id.ID][]int{}
	for i := range items {
		it := &items[i]
		o.findVariant(it)
		if it.ask == nil {
			it.choice = route.Choice{Route: it.book.Route(it.draft.Route), Sender: it.book.Sender(it.draft.Sender)}
			it.choice.NoRoute = it.choice.Route == nil
			it.choice.NoSender = it.choice.Sender == nil || !stillSends(it.choice.Sender, it.draft)
		}
		if it.ask != nil || it.choice.NoRoute || it.choice.NoSender {
			it.choice = it.book.Choose(want(it))
			if it.choice.Sender != nil {
				it.draft.Route, it.draft.Sender = it.choice.Route.ID, it.choice.Sender.ID
				it.newNumber = several && it.contact != nil && it.contact.Point.StickySender.IsZero()
			}
		}
		if r := it.choice.Route; r != nil && r.State == store.RouteTrial && it.contact != nil {
			trial[r.ID] = append(trial[r.ID], i)
		}
	}
	for r, at := range trial {
		numbers := make([]phone.Number, len(at))
		for k, i := range at {
			numbers[k] = items[i].contact.Point.Number
		}
		guests, err := tx.Routes().Guests(ctx, r, numbers)
		if err != nil {
			return err
		}
		for k, i := range at {
			items[i].guest = guests[k]
		}
	}
	return nil
}

func want(it *item) route.Want {
	w := route.Want{Channel: it.draft.Channel, Purpose: it.draft.Purpose, Location: it.draft.Location, Invites: it.draft.Flags.Has(message.Invites)}
	if it.contact != nil {
		w.Sticky = it.contact.Point.StickySender
	}
	if it.ask != nil {
		w.Back = it.ask.Sender
	}
	if it.draft.Flags.Has(message.SelfTest) {
		w.Only = it.draft.Route
	}
	return w
}
