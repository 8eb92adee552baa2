package explain_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/gate"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/engine/explain"
	"carillon.dev/carillon/internal/engine/outbox"
	"carillon.dev/carillon/internal/engine/plan/plantest"
	"carillon.dev/carillon/internal/engine/send"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/storetest"
)

// I10: "what would happen now?" is what the second gate does to the same message on the same facts at the same
// moment, whatever the facts are.
func TestTheDryRunIsTheRealRun(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open storetest.Open) {
		c := clock.NewFixed(plantest.Noon)
		s := open(t, c)
		k := plantest.New(t, s, c, outbox.Options{})
		r := rand.New(rand.NewPCG(7, 7))
		var people []patient.Person
		for range 25 {
			p := k.Person(r.IntN(4) > 0)
			k.Book(p.ID, plantest.Noon.Add(time.Duration(1+r.IntN(4*24))*time.Hour), plantest.Noon.Add(-time.Duration(r.IntN(60))*time.Hour))
			people = append(people, p)
		}
		k.Sweep()
		seen := map[gate.Verdict]int{}
		for range 40 {
			upset(k, r, people)
			k.Sweep()
			k.Clock.Advance(time.Duration(r.IntN(5*3600)) * time.Second)
			compare(t, k, seen)
		}
		for _, v := range []gate.Verdict{gate.Send, gate.Hold, gate.Refuse} {
			if seen[v] == 0 {
				t.Errorf("no case was %s: %v", v, seen)
			}
		}
	})
}

// upset changes one random fact.
func upset(k *plantest.Clinic, r *rand.Rand, people []patient.Person) {
	p := people[r.IntN(len(people))]
	k.Write(func(ctx context.Context, tx store.Tx) error {
		contacts, err := tx.People().ContactsOf(ctx, []id.ID{p.ID})
		if err != nil {
			return err
		}
		point := contacts[p.ID][0].Point.ID
		e := consent.Entry{Person: p.ID, Channel: patient.SMS, Purpose: purpose.Appointment, Method: consent.Staff, By: access.Command, At: tx.Now()}
		switch r.IntN(10) {
		case 0:
			return tx.Orgs().StopAll(ctx)
		case 1, 2:
			return tx.Orgs().Resume(ctx)
		case 3:
			return tx.People().SetQuarantine(ctx, point, r.IntN(2) == 0)
		case 4:
			return tx.Routes().SetState(ctx, k.Route.ID, []store.RouteState{store.RouteStopped, store.RouteTrial, store.RouteOpen}[r.IntN(3)])
		case 5:
			e.Status = consent.Revoked
		case 6:
			e.Status = consent.Granted
		case 7:
			e = consent.Entry{Point: point, Channel: patient.SMS, Purpose: consent.AllPurposes, Status: consent.Revoked, Method: consent.Keyword, At: tx.Now()}
		case 8:
			now, err := tx.People().Get(ctx, p.ID)
			if err != nil {
				return err
			}
			now.Status = []patient.Status{patient.Active, patient.Inactive, patient.Deceased}[r.IntN(3)]
			_, err = tx.People().Update(ctx, []patient.Person{now})
			return err
		case 9: // a change that the planner has not heard of
			visits, err := tx.Visits().OfPerson(ctx, p.ID, 1)
			if err != nil {
				return err
			}
			visits[0].Start = visits[0].Start.Add(time.Hour)
			visits[0].Status = schedule.Booked
			_, err = tx.Visits().Update(ctx, visits)
			return err
		}
		_, err = tx.Consents().Append(ctx, []consent.Entry{e})
		return err
	})
}

// compare asks both about every message, due now.
func compare(t *testing.T, k *plantest.Clinic, seen map[gate.Verdict]int) {
	t.Helper()
	var drafts []store.Draft
	k.Read(func(ctx context.Context, tx store.Tx) error {
		all, err := tx.Messages().List(ctx, store.MessageFilter{States: []message.State{message.Queued, message.Held}}, store.Page{Limit: 200})
		for _, d := range all {
			d.DueAt = tx.Now()
			drafts = append(drafts, d)
		}
		return err
	})
	real, err := k.Outbox.Again(t.Context(), k.Scope, drafts)
	if err != nil {
		t.Fatal(err)
	}
	for i, d := range drafts {
		dry, err := explain.New(k.Outbox).Now(t.Context(), k.Scope, d.ID)
		if err != nil {
			t.Fatal(err)
		}
		seen[dry.Verdict]++
		if !agree(dry, real[i]) {
			t.Errorf("%s %s: the dry run says %s %v until %v, the real one %+v", d.Origin.Step, d.State, dry.Verdict, dry.Reasons, dry.Until, real[i].Move)
		}
	}
}

func agree(dry explain.Now, r send.Ruling) bool {
	if r.Send {
		return dry.Verdict == gate.Send
	}
	return r.Move.Decision != nil && string(dry.Verdict) == r.Move.Decision.Verdict &&
		slices.Equal(dry.Reasons, r.Move.Decision.Reasons) && dry.Until.Equal(r.Move.Until)
}
