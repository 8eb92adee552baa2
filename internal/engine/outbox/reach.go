package outbox

import (
	"context"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/gate"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/store"
)

// Reach is what would become of a text of a purpose to one person, before there is a text.
type Reach struct {
	Person   *patient.Person
	Contact  *patient.Contact // the number it would go to; nil when there is none
	Decision gate.Decision
}

// Reach asks the gate about a text of this purpose to each of the persons, on the facts of the transaction: the same
// loaders and the same rules as for a message, but for what only a text can tell (its words and its reply codes). The
// answer is in the order of people; nothing is written.
func (o *Outbox) Reach(ctx context.Context, tx store.Tx, people []id.ID, p purpose.Purpose) ([]Reach, error) {
	asks := make([]Ask, len(people))
	drafts := make([]store.Draft, len(people))
	items := make([]item, len(people))
	for i, person := range people {
		asks[i] = Ask{Purpose: p, Person: person}
		drafts[i] = store.Draft{Message: message.Message{Org: tx.Scope().Org(), Purpose: p, Priority: p.Traits().Priority, Person: person,
			Channel: patient.SMS, DueAt: tx.Now(), PlannedAt: tx.Now()}}
		items[i] = item{draft: &drafts[i], ask: &asks[i]}
	}
	if err := o.load(ctx, tx, items); err != nil {
		return nil, err
	}
	out := make([]Reach, len(items))
	for i := range items {
		it := &items[i]
		f := o.facts(it)
		out[i] = Reach{Person: &it.person, Contact: it.contact, Decision: gate.Decide(&f, it.at)}
	}
	return out, nil
}
