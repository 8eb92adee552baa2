package inbound_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/engine/plan/plantest"
	"carillon.dev/carillon/internal/engine/record"
	"carillon.dev/carillon/internal/store"
)

// A whole round: the journey asks, the patient answers with the digit of the text, the calendar knows, and nobody
// is asked again.
func TestAReminderIsAnswered(t *testing.T) {
	onBoth(t, func(t *testing.T, k *clinic) {
		k.serve(record.New(k.box, k.memory))
		who := k.Person(true)
		v := k.Book(who.ID, plantest.Noon.Add(20*24*time.Hour), plantest.Noon)
		from := k.numberOf(who)
		k.Run(13*24*time.Hour+6*time.Hour, 3*time.Hour)
		asked := k.last(v)
		if asked.Origin.Step != "week-before" || asked.State != message.Delivered {
			t.Fatalf("asked %s %s", asked.Origin.Step, asked.State)
		}
		digit := strings.Fields(asked.Body.Reveal()[strings.Index(asked.Body.Reveal(), "Reply ")+len("Reply "):])[0]
		if got := k.text(from, digit); got.Intent != "confirm" || got.Question.IsZero() {
			t.Fatalf("%q was read as %+v", digit, got)
		}
		k.wantReplies("reply-confirmed queued")
		k.Read(func(ctx context.Context, tx store.Tx) error {
			answers, err := tx.Visits().Answers(ctx, []id.ID{v.ID})
			if a := answers[v.ID]; len(a) != 1 || a[0].Answer != schedule.Accepted || a[0].Person != who.ID {
				t.Errorf("answers %+v", a)
			}
			return err
		})
		k.Deliver()
		k.Run(8*24*time.Hour, 3*time.Hour)
		k.wantReplies("reply-confirmed delivered")
		for _, m := range k.Messages(v.ID) {
			if m.Origin.Step == "day-before" && m.State == message.Delivered {
				t.Error("who confirmed was asked again")
			}
		}
	})
}

// last is the newest text of a journey about a visit that has left.
func (k *clinic) last(v schedule.Appointment) (out store.Draft) {
	k.t.Helper()
	for _, m := range k.Messages(v.ID) {
		if m.Origin.Kind == message.FromJourney && m.State == message.Delivered && !m.SentAt.Before(out.SentAt) {
			out = m
		}
	}
	return out
}

// Two children, one phone: both texts ask, each with digits of its own.
func TestTwoRemindersToOnePhoneUseOtherDigits(t *testing.T) {
	onBoth(t, func(t *testing.T, k *clinic) {
		k.serve(record.New(k.box, k.memory))
		anna, leo := k.Person(true), k.Person(true)
		from := k.numberOf(anna)
		k.Write(func(ctx context.Context, tx store.Tx) error {
			own, err := tx.People().ContactsOf(ctx, []id.ID{leo.ID})
			if err != nil {
				return err
			}
			if err := tx.People().Unlink(ctx, leo.ID, own[leo.ID][0].Point.ID); err != nil {
				return err
			}
			return tx.People().Link(ctx, []store.ContactLink{{Person: leo.ID, Point: k.pointIn(ctx, tx, from), Use: patient.Mobile, Rank: 1, Relationship: patient.Guardian}})
		})
		booked := plantest.Noon.Add(-20 * 24 * time.Hour)
		first := k.Book(anna.ID, plantest.Noon.Add(48*time.Hour), booked)
		second := k.Book(leo.ID, plantest.Noon.Add(49*time.Hour), booked)
		k.Run(30*time.Hour, time.Hour)
		a, b := k.last(first), k.last(second)
		if a.Body.IsEmpty() || b.Body.IsEmpty() || a.Vars["reply.confirm"] == b.Vars["reply.confirm"] || b.Vars["reply.cancel"].IsEmpty() {
			t.Fatalf("texts %q and %q", a.Body.Reveal(), b.Body.Reveal())
		}
		k.text(from, b.Vars["reply.cancel"].Reveal())
		k.Read(func(ctx context.Context, tx store.Tx) error {
			all, err := tx.Visits().ByIDs(ctx, []id.ID{first.ID, second.ID})
			if err != nil || all[0].Status != schedule.Booked || all[1].Status != schedule.Cancelled {
				t.Errorf("visits %+v", all)
			}
			return err
		})
	})
}
