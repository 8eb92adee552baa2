package inbound_test

import (
	"context"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/engine/plan/plantest"
	"carillon.dev/carillon/internal/store"
)

func TestStopIsGradedByWordsOfTheCountry(t *testing.T) {
	cases := map[string]struct {
		text                string
		optedOut, suspended bool
		task                bool
	}{
		"the word":                 {"STOP", true, false, false},
		"the country's own word":   {"Wypisz", true, false, false},
		"politely":                 {"stop, dziękuję", true, false, false},
		"a phrase":                 {"proszę nie pisać do mnie", true, false, false},
		"a phrase among others":    {"Nie pisz do mnie więcej, mam nowy numer telefonu od wtorku", false, true, true},
		"a slip":                   {"wypizs", false, true, true},
		"another language's word":  {"abmelden", true, false, false},
		"a question about it":      {"czy to jest stop?", false, false, false},
		"a word that contains one": {"nonstop", false, false, false},
	}
	onBoth(t, func(t *testing.T, k *clinic) {
		for name, c := range cases {
			from, _ := k.patient()
			before := len(k.tasks(conversation.CheckOptOut))
			k.text(from, c.text)
			p := k.point(from)
			if (p.OptedOutAt != nil) != c.optedOut || p.Suspended != c.suspended {
				t.Errorf("%s: opted out %v, suspended %v", name, p.OptedOutAt, p.Suspended)
			}
			if got := len(k.tasks(conversation.CheckOptOut)) > before; got != c.task {
				t.Errorf("%s: a task %v", name, got)
			}
			if c.suspended && k.thread(from).State != conversation.Open {
				t.Errorf("%s: no person is waited for", name)
			}
			if k.memory.Has(p.ID) != c.optedOut {
				t.Errorf("%s: in the senders' memory: %v", name, !c.optedOut)
			}
		}
	})
}

func TestOneConfirmationInADay(t *testing.T) {
	onBoth(t, func(t *testing.T, k *clinic) {
		from, _ := k.patient()
		k.text(from, "STOP")
		k.text(from, "stop.")
		k.wantReplies("opt-out-confirmation queued")
		k.Deliver()
		k.wantReplies("opt-out-confirmation delivered")
		k.text(from, "START")
		k.text(from, "STOP")
		k.wantReplies("opt-out-confirmation delivered", "start-confirmation queued")
		if k.point(from).OptedOutAt == nil {
			t.Error("the second STOP counts all the same")
		}
		k.Clock.Advance(24 * time.Hour)
		k.text(from, "STOP")
		k.wantReplies("opt-out-confirmation delivered", "start-confirmation queued", "opt-out-confirmation queued")
	})
}

func TestNoConfirmationAfterFiveMinutes(t *testing.T) {
	onBoth(t, func(t *testing.T, k *clinic) {
		from, _ := k.patient()
		k.text(from, "STOP")
		k.Clock.Advance(5 * time.Minute)
		k.Deliver()
		if d := k.planned()[0]; d.State == message.Queued || d.State == message.Delivered || d.Reason != message.ReasonConfirmationOld {
			t.Errorf("%v %v", d.State, d.Reason)
		}

		late, _ := k.patient()
		if err := k.take(k.event(late, "STOP")); err != nil {
			t.Fatal(err)
		}
		k.Clock.Advance(5 * time.Minute) // the jobs were down
		k.work()
		if d := k.planned()[1]; d.State != message.Refused || d.Reason != message.ReasonConfirmationOld {
			t.Errorf("%v %v", d.State, d.Reason)
		}
	})
}

func TestHelpAfterStopIsAnsweredOnceAndChangesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, k *clinic) {
		from, _ := k.patient()
		k.text(from, "POMOC")
		k.text(from, "STOP")
		before := len(k.ledger(from))
		for range 3 {
			k.Clock.Advance(time.Hour)
			k.text(from, "HELP")
		}
		k.text(from, "STOP") // says it again: still the same opt-out
		k.text(from, "HELP")
		k.wantReplies("help queued", "opt-out-confirmation queued", "help queued")
		if k.point(from).OptedOutAt == nil || len(k.ledger(from)) != before+1 {
			t.Errorf("the state changed: %+v", k.ledger(from))
		}
	})
}

func TestStartLiftsTheNumbersOptOutAndNothingElse(t *testing.T) {
	onBoth(t, func(t *testing.T, k *clinic) {
		who := k.Person(false) // no consent
		from := k.numberOf(who)
		k.text(from, "STOP")
		k.text(from, "START")
		p := k.point(from)
		if p.OptedOutAt != nil || k.memory.Has(p.ID) {
			t.Errorf("still opted out: %v, in memory %v", p.OptedOutAt, k.memory.Has(p.ID))
		}
		k.wantReplies("opt-out-confirmation queued", "start-confirmation queued")
		k.Read(func(ctx context.Context, tx store.Tx) error {
			all, err := tx.Consents().For(ctx, []id.ID{who.ID}, []id.ID{p.ID})
			for _, what := range []purpose.Purpose{purpose.Appointment, purpose.Operational} {
				q := consent.Query{Person: who.ID, Point: p.ID, Channel: patient.SMS, Purpose: what, At: tx.Now()}
				if s := consent.Fold(all, q); s.Granted || s.OptedOut {
					t.Errorf("%s: %+v", what, s)
				}
			}
			return err
		})
	})
}

func TestAnOptOutThatIsNotKeptLeavesTheSendersMemory(t *testing.T) {
	onBoth(t, func(t *testing.T, k *clinic) {
		from, _ := k.patient()
		k.box.fail = errs.New(errs.Unavailable, "the database is gone")
		if err := k.take(k.event(from, "STOP")); err == nil {
			t.Fatal("acknowledged")
		}
		if k.memory.Has(k.point(from).ID) {
			t.Error("suppressed without an opt-out")
		}
		k.box.fail = nil
		k.text(from, "STOP")
		k.box.fail = errs.New(errs.Unavailable, "the database is gone")
		_ = k.take(k.event(from, "START"))
		if !k.memory.Has(k.point(from).ID) {
			t.Error("a START that was not kept lifted the opt-out")
		}
	})
}

func TestStopIsForEveryoneOnTheNumber(t *testing.T) {
	onBoth(t, func(t *testing.T, k *clinic) {
		mother, child := k.Person(true), k.Person(true)
		from := k.numberOf(mother)
		v := k.Book(child.ID, plantest.Noon.Add(72*time.Hour), plantest.Noon)
		k.Write(func(ctx context.Context, tx store.Tx) error {
			own, err := tx.People().ContactsOf(ctx, []id.ID{child.ID})
			if err != nil {
				return err
			}
			if err := tx.People().Unlink(ctx, child.ID, own[child.ID][0].Point.ID); err != nil {
				return err
			}
			return tx.People().Link(ctx, []store.ContactLink{{Person: child.ID, Point: k.pointIn(ctx, tx, from), Use: patient.Mobile, Rank: 1, Relationship: patient.Guardian}})
		})
		k.Sweep()
		k.text(from, "STOP")
		k.Clock.Advance(3 * time.Minute)
		k.Deliver()
		for _, m := range k.Messages(v.ID) {
			if m.State == message.Delivered {
				t.Errorf("%s reached the child's guardian after STOP", m.Origin.Step)
			}
		}
		k.wantReplies("opt-out-confirmation delivered")
	})
}

func TestCancelToAnAmericanNumberIsAnOptOutAndATask(t *testing.T) {
	onBoth(t, func(t *testing.T, k *clinic) {
		const american = "12125550100"
		k.Write(func(ctx context.Context, tx store.Tx) error {
			n, err := phone.FromStored("+12125550199")
			if err != nil {
				return err
			}
			us, err := tx.Orgs().SaveLocation(ctx, org.Location{Name: "Fifth", Address: "5th Ave", Zone: "America/New_York", Region: "US", Languages: []string{"en"}, Phone: n})
			if err != nil {
				return err
			}
			_, err = tx.Routes().SaveSender(ctx, store.Sender{Route: k.Route.ID, Address: american, Location: us.ID, TwoWay: true})
			return err
		})
		from, v := k.patient()
		in := k.event(from, "Cancel")
		in.To = phi.T(american)
		if err := k.take(in); err != nil {
			t.Fatal(err)
		}
		tasks := k.tasks(conversation.CheckOptOut)
		if k.point(from).OptedOutAt == nil || len(tasks) != 1 || tasks[0].Appointment != v.ID || tasks[0].Person != v.Person {
			t.Fatalf("opted out %v, tasks %+v", k.point(from).OptedOutAt, tasks)
		}
		if len(k.desk.kept) != 0 || k.thread(from).State != conversation.Open {
			t.Error("what was meant of the visit is for a person to find out")
		}
	})
}
