package storetest

import (
	"context"
	"fmt"
	"strconv"
	"testing"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/store"
)

// lifeRows is how many messages live together in BenchMessages: a page of planning, and a lease.
const lifeRows = 500

// BenchMessages measures what a store does for one message that is written, leased, accepted and delivered, in batches
// of lifeRows as a sender does it. ns/op is for a batch.
func BenchMessages(b *testing.B, open Open) {
	s := open(b, clock.NewFixed(Start))
	d := NewDesk(b, s)
	people := make([]patient.Person, 10*lifeRows)
	for i := range people {
		people[i] = Person("Ewa", "Lis"+strconv.Itoa(i), "p"+strconv.Itoa(i))
	}
	people = AddPeople(b, s, d.Scope, people...)
	numbers := make([]phone.Number, len(people))
	for i := range numbers {
		numbers[i] = Number(b, fmt.Sprintf("+48602%06d", i))
	}
	var points []patient.ContactPoint
	Write(b, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
		var err error
		points, err = tx.People().SavePoints(ctx, patient.SMS, numbers)
		return err
	})
	from := 0
	for b.Loop() {
		drafts := make([]store.Draft, lifeRows)
		for i := range drafts {
			drafts[i] = d.Draft(Start)
			drafts[i].Person, drafts[i].Point, drafts[i].To = people[from+i].ID, points[from+i].ID, points[from+i].Number
		}
		from = (from + lifeRows) % len(people)
		d.Insert(b, s, drafts...)
		d.live(b, s)
	}
}

// live takes what is due from its lease to its receipt.
func (d Desk) live(b *testing.B, s store.Store) {
	b.Helper()
	var due []store.Draft
	Read(b, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
		var err error
		due, err = tx.Messages().Due(ctx, d.Route.ID, Start, lifeRows)
		return err
	})
	leased, answers, receipts := make([]store.Leased, len(due)), make([]store.Answered, len(due)), make([]store.Receipted, len(due))
	for i, m := range due {
		leased[i] = store.Leased{Message: m.ID, Revised: m.Revised, Bound: store.Bound{Person: m.Person, Point: m.Point}, Revs: store.Revs{Person: 1, Point: 1}}
		answers[i] = store.Answered{Message: m.ID, Attempt: 1, To: message.Accepted, ProviderID: m.ID.String()[24:] + strconv.Itoa(i), Route: d.Route.ID}
		receipts[i] = store.Receipted{Part: store.Part{Message: m.ID}, Route: d.Route.ID, State: message.Delivered, At: Start}
	}
	Write(b, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
		moved, err := tx.Messages().Lease(ctx, store.Lease{Route: d.Route.ID, Fence: 1, Machine: Start, Domain: Start}, leased)
		for i := range moved {
			if !moved[i] {
				b.Fatal("a message was not leased")
			}
		}
		return err
	})
	d.answer(b, s, answers...)
	if got := d.receipt(b, s, receipts...); len(got) != lifeRows || got[0] != message.Delivered {
		b.Fatalf("%d receipts, the first made it %q", len(got), got[0])
	}
}
