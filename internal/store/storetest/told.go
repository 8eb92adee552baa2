package storetest

import (
	"context"
	"maps"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/store"
)

// told: a number knows the way out once a text that says it was taken by a carrier and not reported as lost, whoever of
// those behind the number it was for, or as an answer to a number of nobody.
func told(t *testing.T, open Open) {
	s := open(t, clock.NewFixed(Start))
	d := NewDesk(t, s)
	other := AddPeople(t, s, d.Scope, Person("Jan", "Lis", "2"))[0]
	shared := AddPoint(t, s, d.Scope, other.ID, Number(t, "+48601234567"))
	bare := AddPoint(t, s, d.Scope, other.ID, Number(t, "+48601234568"))
	var fence store.Fence
	Write(t, s, d.Scope, func(ctx context.Context, tx store.Tx) (err error) {
		fence, _, err = tx.Routes().Take(ctx, d.Route.ID, "told", Start, Start.Add(time.Hour))
		if err == nil {
			err = tx.People().Unlink(ctx, other.ID, bare.ID)
		}
		return err
	})
	if shared.ID != d.Point.ID {
		t.Fatal("the number is not shared")
	}
	says := func(what string, want ...id.ID) {
		t.Helper()
		Read(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
			got, err := tx.Messages().Told(ctx, []id.ID{d.Point.ID, bare.ID, id.New()})
			all := map[id.ID]bool{}
			for _, p := range want {
				all[p] = true
			}
			if err == nil && !maps.Equal(got, all) {
				t.Errorf("%s: told are %v, want %v", what, got, all)
			}
			return err
		})
	}
	leave := func(m store.Draft, to message.State) {
		t.Helper()
		d.Insert(t, s, m)
		if moved := d.lease(t, s, fence, m.ID); !moved[0] {
			t.Fatal("not leased")
		}
		d.answer(t, s, store.Answered{Message: m.ID, Attempt: 1, To: to, Route: d.Route.ID, ProviderID: m.ID.String(), Reason: message.ReasonCarrierReject})
	}
	silent, waiting, failed := d.Draft(Start), d.Draft(Start), d.Draft(Start)
	waiting.Flags, failed.Flags = message.TellsWayOut, message.TellsWayOut
	leave(silent, message.Accepted)
	d.Insert(t, s, waiting)
	leave(failed, message.Failed)
	says("a text without, one that waits and one that failed")
	lost := d.Draft(Start)
	lost.Flags = message.TellsWayOut | message.WayOutByCall
	leave(lost, message.Accepted)
	says("one that a carrier took", d.Point.ID)
	d.receipt(t, s, store.Receipted{Part: store.Part{Message: lost.ID}, Route: d.Route.ID, State: message.Undelivered, At: Start})
	says("which did not arrive")
	theirs := d.Draft(Start)
	theirs.Person, theirs.Flags = other.ID, message.TellsWayOut
	leave(theirs, message.Accepted)
	Write(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
		ended, err := tx.Messages().GiveUp(ctx, d.Route.ID, Start.Add(time.Second), Start.Add(time.Second), 10)
		if len(ended) == 0 {
			t.Error("nothing was given up")
		}
		return err
	})
	says("another's on the same number, of which no receipt came", d.Point.ID)
	d.receipt(t, s, store.Receipted{Part: store.Part{Message: theirs.ID}, Route: d.Route.ID, State: message.Delivered, At: Start})
	off := d.Draft(Start)
	off.Point, off.Person, off.Flags = bare.ID, id.ID{}, message.TellsWayOut
	leave(off, message.Accepted)
	d.receipt(t, s, store.Receipted{Part: store.Part{Message: off.ID}, Route: d.Route.ID, State: message.Expired, At: Start})
	says("one to a phone that stayed off", d.Point.ID)
	answer := d.Draft(Start)
	answer.Person, answer.Point, answer.Channel = id.ID{}, bare.ID, patient.SMS
	answer.Origin, answer.Flags = message.Origin{Kind: message.FromReply}, message.TellsWayOut|message.AutoReply
	leave(answer, message.Accepted)
	says("an answer to a number of nobody", d.Point.ID, bare.ID)
	stranger := NewOrg(t, s)
	Read(t, s, stranger, func(ctx context.Context, tx store.Tx) error {
		got, err := tx.Messages().Told(ctx, []id.ID{d.Point.ID, bare.ID})
		if len(got) > 0 {
			t.Errorf("another organization is told of %v", got)
		}
		return err
	})
}

// rewritten: what leasing writes anew is the whole of what a text says: words, price, flags and why.
func rewritten(t *testing.T, open Open) {
	s := open(t, clock.NewFixed(Start))
	d := NewDesk(t, s)
	m := d.Draft(Start)
	m.Flags = message.Invites | message.TellsWayOut
	m.Decision = message.Decision{At: Start, Verdict: "send", Zone: "Europe/Warsaw", WayOut: message.WayOutDemanded, WayOutRule: "CN-1"}
	d.Insert(t, s, m)
	was := d.Get(t, s, m.ID)
	if was.Decision.WayOut != message.WayOutDemanded || was.Decision.WayOutRule != "CN-1" || was.Flags != m.Flags {
		t.Fatalf("inserted: %+v, flags %b", was.Decision, was.Flags)
	}
	now := was
	now.Body, now.Segments, now.Flags = phi.T("Wizyta."), 2, message.Invites
	now.Decision.WayOut, now.Decision.WayOutRule = "", ""
	Write(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
		fence, _, err := tx.Routes().Take(ctx, d.Route.ID, "told", Start, Start.Add(time.Hour))
		if err != nil {
			return err
		}
		moved, err := tx.Messages().Lease(ctx, store.Lease{Route: d.Route.ID, Fence: fence, Machine: Start, Domain: Start},
			[]store.Leased{{Message: m.ID, Revised: was.Revised, Rewrite: &now}})
		if err == nil && !moved[0] {
			t.Error("not leased")
		}
		return err
	})
	if got := d.Get(t, s, m.ID); got.Body.Reveal() != "Wizyta." || got.Segments != 2 || got.Flags != message.Invites || got.Decision.WayOut != "" ||
		got.Decision.WayOutRule != "" || got.Decision.Zone != "Europe/Warsaw" || !got.Decision.At.Equal(Start) {
		t.Errorf("flags %b, %d segments, record %+v", got.Flags, got.Segments, got.Decision)
	}
}
