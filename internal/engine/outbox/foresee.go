package outbox

import (
	"context"
	"slices"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/gate"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/store"
)

// Foresee decides about texts of different times as Prepare does, but one after the other in the order of their times:
// what would leave counts against what comes after it. The answer is in the order of the asks; nothing is written.
func (o *Outbox) Foresee(ctx context.Context, scope access.Scope, asks []Ask) ([]Prepared, error) {
	out := make([]Prepared, len(asks))
	return out, o.store.Read(ctx, scope, func(tx store.Tx) error {
		drafts := make([]store.Draft, len(asks))
		items := make([]item, len(asks))
		order := make([]int, len(asks))
		for i := range asks {
			drafts[i] = draftOf(tx, &asks[i])
			items[i], order[i] = item{draft: &drafts[i], ask: &asks[i]}, i
		}
		if err := o.load(ctx, tx, items); err != nil {
			return err
		}
		slices.SortStableFunc(order, func(a, b int) int { return items[a].at.Compare(items[b].at) })
		told := map[id.ID]bool{}
		said := map[id.ID][]gate.Spoken{}
		for _, i := range order {
			it := &items[i]
			it.assume(said[it.draft.Person])
			it.told = it.told || it.contact != nil && told[it.contact.Point.ID]
			d := o.decideNew(it, tx.Now())
			out[i] = Prepared{Draft: *it.draft, Decision: d, sticky: it.newNumber}
			if it.draft.State == message.Queued && it.draft.Flags.Has(message.TellsWayOut) {
				told[it.draft.Point] = true
			}
			if it.draft.State == message.Queued && it.draft.Flags&(message.StaffText|message.Answers) == 0 {
				said[it.draft.Person] = append(said[it.draft.Person], gate.Spoken{At: it.at, Purpose: it.draft.Purpose})
			}
		}
		return nil
	})
}

// assume counts texts as sent that are foreseen to leave before this one, in place of those that were to come by then.
func (it *item) assume(said []gate.Spoken) {
	past := func(s gate.Spoken) bool { return s.Ahead && !s.At.After(it.at) }
	it.spoken = append(slices.DeleteFunc(slices.Clone(it.spoken), past), said...)
}
