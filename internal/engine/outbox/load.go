package outbox

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/gate"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/core/sms"
	"carillon.dev/carillon/internal/engine/route"
	"carillon.dev/carillon/internal/store"
)

// item is one message on its way through a decision, with what was read for it.
type item struct {
	draft *store.Draft
	ask   *Ask // nil when a stored message is decided again

	org     *orgFacts
	book    *route.Book
	person  patient.Person
	contact *patient.Contact // nil when the person has no number on the channel
	visit   *schedule.Appointment
	answers []schedule.Response
	entries []consent.Entry
	place   *place   // where the text is from: the visit's site, or the person's
	text    *Text    // nil when there is no such template
	try     *Text    // a text that is not in force, tried on real facts
	variant *variant // nil when no language fits
	encoded sms.Encoded
	choice  route.Choice
	guest   bool

	taken      bool // natural key
	importHeld bool
	overdue    bool
	autoCount  int
	told       bool // a text that left to the number said how to get no more
	spoken     []gate.Spoken

	at        time.Time
	newNumber bool
	moved     bool
	question  *questionDraft

	wayOut     message.WayOut // why the text says how to get no more, and the rule that asks for it
	wayOutRule string
}

// load reads everything that decisions about the items need: a fixed number of queries, however many items.
func (o *Outbox) load(ctx context.Context, tx store.Tx, items []item) error {
	org, err := o.orgs.get(ctx, tx, o)
	if err != nil {
		return err
	}
	book, err := route.Read(ctx, tx)
	if err != nil {
		return err
	}
	for i := range items {
		items[i].org, items[i].book = org, book
	}
	steps := []func(context.Context, store.Tx, []item) error{
		o.loadPeople, o.loadVisits, o.loadConsents, o.loadTexts, o.loadWays, o.loadKeys, o.loadHolds, o.loadCounts, o.loadTold, o.loadQuestions,
	}
	for _, step := range steps {
		if err := step(ctx, tx, items); err != nil {
			return err
		}
	}
	return nil
}

func (o *Outbox) loadPeople(ctx context.Context, tx store.Tx, items []item) error {
	ids := distinct(items, func(it *item) id.ID { return it.draft.Person })
	people, err := tx.People().ByIDs(ctx, ids)
	if err != nil {
		return err
	}
	contacts, err := tx.People().ContactsOf(ctx, ids)
	if err != nil {
		return err
	}
	byID := make(map[id.ID]*patient.Person, len(people))
	for i := range people {
		byID[people[i].ID] = &people[i]
	}
	var missing []id.ID
	for i := range items {
		it := &items[i]
		if p := byID[it.draft.Person]; p != nil {
			it.person = *p
		}
		it.contact = o.pickContact(it.draft, contacts[it.draft.Person])
		if it.contact == nil && it.draft.Person.IsZero() && !it.draft.Point.IsZero() {
			missing = append(missing, it.draft.Point)
		}
	}
	return o.loadBarePoints(ctx, tx, items, missing)
}

// loadBarePoints serves texts to a number that belongs to nobody here, such as the answer to an unknown sender.
func (o *Outbox) loadBarePoints(ctx context.Context, tx store.Tx, items []item, points []id.ID) error {
	if len(points) == 0 {
		return nil
	}
	got, err := tx.People().Points(ctx, points)
	if err != nil {
		return err
	}
	for i := range items {
		for k := range got {
			if items[i].contact == nil && items[i].draft.Point == got[k].ID {
				items[i].contact = &patient.Contact{Point: got[k], Relationship: patient.Shared}
				items[i].person.Status = patient.Active
			}
		}
	}
	return nil
}

// pickContact is the contact that a draft names, else the best that can be texted, else the best at all: the
// gate then says why not. Contacts come best rank first.
func (o *Outbox) pickContact(d *store.Draft, contacts []patient.Contact) *patient.Contact {
	var best *patient.Contact
	for i := range contacts {
		c := &contacts[i]
		if c.Point.Channel != d.Channel {
			continue
		}
		if !d.Point.IsZero() {
			if c.Point.ID == d.Point {
				return c
			}
			continue
		}
		if best == nil {
			best = c
		}
		if !c.Point.Quarantined && o.lines.get(c.Point.Number).text {
			return c
		}
	}
	return best
}

func (o *Outbox) loadVisits(ctx context.Context, tx store.Tx, items []item) error {
	ids := distinct(items, func(it *item) id.ID { return it.draft.Appointment })
	if len(ids) == 0 {
		return o.findPlaces(items)
	}
	visits, err := tx.Visits().ByIDs(ctx, ids)
	if err != nil {
		return err
	}
	byID := make(map[id.ID]*schedule.Appointment, len(visits))
	for i := range visits {
		byID[visits[i].ID] = &visits[i]
	}
	answered := distinct(items, func(it *item) id.ID {
		if it.draft.Flags.Has(message.NotAfterAnswer) {
			return it.draft.Appointment
		}
		return id.ID{}
	})
	var answers map[id.ID][]schedule.Response
	if len(answered) > 0 {
		if answers, err = tx.Visits().Answers(ctx, answered); err != nil {
			return err
		}
	}
	for i := range items {
		items[i].visit = byID[items[i].draft.Appointment]
		items[i].answers = answers[items[i].draft.Appointment]
	}
	return o.findPlaces(items)
}

// findPlaces gives every item the site that it speaks for.
func (o *Outbox) findPlaces(items []item) error {
	for i := range items {
		it := &items[i]
		if it.draft.Location.IsZero() {
			switch {
			case it.visit != nil:
				it.draft.Location = it.visit.Location
			default:
				it.draft.Location = it.person.Location
			}
		}
		it.place = it.org.place(it.draft.Location)
	}
	return nil
}

func (o *Outbox) loadConsents(ctx context.Context, tx store.Tx, items []item) error {
	people := distinct(items, func(it *item) id.ID { return it.person.ID })
	points := distinct(items, func(it *item) id.ID {
		if it.contact == nil {
			return id.ID{}
		}
		return it.contact.Point.ID
	})
	entries, err := tx.Consents().For(ctx, people, points)
	if err != nil {
		return err
	}
	byPerson, byPoint := make(map[id.ID][]consent.Entry, len(people)), map[id.ID][]consent.Entry{}
	for _, e := range entries {
		if e.Person.IsZero() {
			byPoint[e.Point] = append(byPoint[e.Point], e)
		} else {
			byPerson[e.Person] = append(byPerson[e.Person], e)
		}
	}
	for i := range items {
		it := &items[i]
		it.entries = byPerson[it.person.ID]
		if it.contact == nil {
			continue
		}
		if about := byPoint[it.contact.Point.ID]; len(about) > 0 {
			it.entries = append(append(make([]consent.Entry, 0, len(it.entries)+len(about)), it.entries...), about...)
		}
	}
	return nil
}

// distinct gathers ids, each once, in their order.
func distinct(items []item, of func(*item) id.ID) []id.ID {
	out := make([]id.ID, 0, len(items))
	seen := make(map[id.ID]struct{}, len(items))
	for i := range items {
		v := of(&items[i])
		if v.IsZero() {
			continue
		}
		if _, again := seen[v]; !again {
			seen[v] = struct{}{}
			out = append(out, v)
		}
	}
	return out
}
