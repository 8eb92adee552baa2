package inbound_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/core/reply"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/engine/inbound"
	"carillon.dev/carillon/internal/engine/plan/plantest"
	"carillon.dev/carillon/internal/engine/record"
	"carillon.dev/carillon/internal/store"
)

func TestAnAnswerActsOnItsVisit(t *testing.T) {
	cases := map[string]struct {
		text   string
		intent reply.Intent
		says   string
		person bool
	}{
		"a digit confirms":        {"1", reply.Confirm, "reply-confirmed", false},
		"a word confirms":         {"tak", reply.Confirm, "reply-confirmed", false},
		"a digit cancels":         {"2", reply.Cancel, "reply-cancel-requested", false},
		"another time":            {"3", reply.Reschedule, "reply-reschedule", true},
		"another language":        {"sí", reply.Confirm, "reply-confirmed", false},
		"a digit with courtesies": {"1, dziękuję!", reply.Confirm, "reply-confirmed", false},
	}
	onBoth(t, func(t *testing.T, k *clinic) {
		for name, c := range cases {
			from, v := k.patient()
			k.desk.kept = nil
			got := k.text(from, c.text)
			if len(k.desk.kept) != 1 || k.desk.kept[0] != (inbound.PatientAnswer{Visit: v.ID, Version: v.Version, Person: v.Person, Intent: c.intent, Inbound: got.ID, Thread: got.Conversation}) {
				t.Errorf("%s: kept %+v", name, k.desk.kept)
				continue
			}
			replies := k.replies()
			if last := replies[len(replies)-1]; last != c.says+" queued" {
				t.Errorf("%s: said %s", name, last)
			}
			if k.open(from) != 0 || got.Question.IsZero() || (k.thread(from).State == conversation.Open) != c.person {
				t.Errorf("%s: %d open, stored %+v", name, k.open(from), got)
			}
		}
	})
}

func TestTwoQuestionsOnOneNumberAreToldApartByTheirDigits(t *testing.T) {
	onBoth(t, func(t *testing.T, k *clinic) {
		from, first := k.patient()
		second := k.Book(first.Person, plantest.Noon.Add(96*time.Hour), plantest.Noon)
		k.ask(from, second, "4", "5", "6")
		if got := k.text(from, "tak"); got.Outcome != conversation.ToPerson || len(k.desk.kept) != 0 {
			t.Errorf("a word that answers both: %+v, kept %+v", got, k.desk.kept)
		}
		k.text(from, "5")
		k.text(from, "1")
		if len(k.desk.kept) != 2 || k.desk.kept[0].Visit != second.ID || k.desk.kept[0].Intent != reply.Cancel ||
			k.desk.kept[1].Visit != first.ID || k.desk.kept[1].Intent != reply.Confirm {
			t.Errorf("kept %+v", k.desk.kept)
		}
	})
}

func TestAClosedQuestionsAnswerNeverActsAndIsToldSo(t *testing.T) {
	onBoth(t, func(t *testing.T, k *clinic) {
		from, v := k.patient()
		k.text(from, "1")
		k.Clock.Advance(inbound.Sames)
		got := k.text(from, "2")
		if got.Outcome != conversation.Closed || len(k.desk.kept) != 1 {
			t.Errorf("stored %+v, kept %+v", got, k.desk.kept)
		}
		if k.thread(from).State != conversation.Open {
			t.Error("who confirmed and then wants to cancel is heard by a person")
		}
		k.wantReplies("reply-confirmed queued", "reply-after-close queued")

		over, v2 := k.patient()
		k.Clock.Set(v2.Start.Add(time.Minute)) // begun; no sweep came by
		k.text(over, "1")
		if len(k.desk.kept) != 1 || v == v2 {
			t.Errorf("kept %+v", k.desk.kept)
		}
		if replies := k.replies(); replies[len(replies)-1] != "reply-after-close queued" {
			t.Errorf("replies %q", replies)
		}
	})
}

func TestWhatTheDeskFindsTooLateIsSaidSo(t *testing.T) {
	onBoth(t, func(t *testing.T, k *clinic) {
		from, _ := k.patient()
		k.desk.told[reply.Confirm] = inbound.TooLate
		if got := k.text(from, "1"); got.Outcome != conversation.Closed || k.thread(from).State != conversation.Open {
			t.Errorf("stored %+v", got)
		}
		k.wantReplies("reply-after-close queued")
	})
}

func TestAnUnclearTextGoesToThePerson(t *testing.T) {
	onBoth(t, func(t *testing.T, k *clinic) {
		from, _ := k.patient()
		if got := k.text(from, "moja ciocia ma kota"); got.Outcome != conversation.ToPerson {
			t.Errorf("stored %+v", got)
		}
		c := k.thread(from)
		if c.State != conversation.Open || c.Urgent || c.WaitsFrom.IsZero() || c.Location != k.Site.ID {
			t.Errorf("thread %+v", c)
		}
		k.wantReplies("reply-not-understood queued")
		if body := k.planned()[0].Body.Reveal(); !strings.Contains(body, "Reply 1 to confirm, 2 to cancel, 3 ") || !strings.Contains(body, "22 123 45 67") {
			t.Errorf("said %q", body)
		}
		waits := c.WaitsFrom
		k.text(from, "i psa")
		if c := k.thread(from); c.WaitsFrom != waits {
			t.Error("who waits, waits from the first text")
		}
	})
}

// What was only unclear is settled by the answer that was asked for again; a question, an urgent text or a conversation
// that somebody works on is never ended by itself.
func TestAnAnswerEndsWhatWasOnlyUnclear(t *testing.T) {
	onBoth(t, func(t *testing.T, k *clinic) {
		from, _ := k.patient()
		k.text(from, "moja ciocia ma kota")
		k.text(from, "1")
		if c := k.thread(from); c.State != conversation.Quiet || !c.WaitsFrom.IsZero() {
			t.Errorf("asked again and answered, it waits: %+v", c)
		}
		stays := map[string]func(from string){
			"a question": func(from string) { k.text(from, "Czy mam być na czczo?") },
			"somebody works on it": func(from string) {
				k.text(from, "moja ciocia ma kota")
				c := k.thread(from)
				c.Claimed = id.New()
				k.Write(func(ctx context.Context, tx store.Tx) error {
					_, err := tx.Conversations().UpdateThread(ctx, c)
					return err
				})
			},
			"unclear, and then a question": func(from string) {
				k.text(from, "moja ciocia ma kota")
				k.text(from, "Czy mam być na czczo?")
			},
		}
		for name, before := range stays {
			from, _ := k.patient()
			before(from)
			k.text(from, "1")
			if c := k.thread(from); c.State != conversation.Open {
				t.Errorf("%s: ended by itself: %+v", name, c)
			}
		}
	})
}

func TestAWrongNumberIsQuarantined(t *testing.T) {
	onBoth(t, func(t *testing.T, k *clinic) {
		from, v := k.patient()
		k.text(from, "to pomyłka, nie znam tej osoby")
		tasks := k.tasks(conversation.CheckNumber)
		if !k.point(from).Quarantined || len(tasks) != 1 || tasks[0].Person != v.Person {
			t.Errorf("quarantined %v, tasks %+v", k.point(from).Quarantined, tasks)
		}
		k.wantReplies()
	})
}

func TestAnUrgentTextRings(t *testing.T) {
	onBoth(t, func(t *testing.T, k *clinic) {
		from, _ := k.patient()
		k.text(from, "mam silny ból w klatce piersiowej")
		tasks := k.tasks(conversation.AnswerText)
		if c := k.thread(from); !c.Urgent || c.State != conversation.Open || len(tasks) != 1 || !tasks[0].Urgent {
			t.Fatalf("thread %+v, tasks %+v", c, tasks)
		}
		k.wantReplies("reply-question queued") // whom to call at once
		k.text(from, "1")
		if c := k.thread(from); !c.Urgent || c.State != conversation.Open {
			t.Error("an answer closed an urgent conversation")
		}
	})
}

func TestThreeAutomaticRepliesInAnHour(t *testing.T) {
	onBoth(t, func(t *testing.T, k *clinic) {
		for name, from := range map[string]string{"patient": func() string { f, _ := k.patient(); return f }(), "stranger": "48500999222"} {
			before := len(k.replies())
			for range 5 {
				k.text(from, "HELP")
				k.Clock.Advance(10 * time.Minute) // events of their own
			}
			n := 0
			for _, r := range k.replies()[before:] {
				if r == "help queued" {
					n++
				}
			}
			if n != 3 {
				t.Errorf("%s: %q", name, k.replies()[before:])
			}
			k.text(from, "STOP")
			if k.point(from).OptedOutAt == nil {
				t.Errorf("%s: the STOP of a muted number counts", name)
			}
			if all := k.replies(); all[len(all)-1] != "opt-out-confirmation queued" {
				t.Errorf("%s: the confirmation is no reply like others: %q", name, all)
			}
		}
	})
}

func TestMachinesAreNotAnswered(t *testing.T) {
	onBoth(t, func(t *testing.T, k *clinic) {
		from, _ := k.patient()
		if got := k.text(from, "Automatic reply: I am out of the office"); got.Outcome != conversation.Ignored {
			t.Errorf("stored %+v", got)
		}
		k.wantReplies()
	})
}

// With the real desk: the calendar is ours, the answer cancels, and the patient is told of it once.
func TestAnAnswerReachesTheCalendar(t *testing.T) {
	onBoth(t, func(t *testing.T, k *clinic) {
		k.serve(record.New(k.box, k.memory))
		from, v := k.patient()
		got := k.text(from, "2")
		k.Read(func(ctx context.Context, tx store.Tx) error {
			now, err := tx.Visits().Get(ctx, v.ID)
			if err != nil {
				return err
			}
			answers, err := tx.Visits().Answers(ctx, []id.ID{v.ID})
			if now.Status != schedule.Cancelled || len(answers[v.ID]) != 1 || answers[v.ID][0].Inbound != got.ID || answers[v.ID][0].Answer != schedule.Declined {
				t.Errorf("visit %+v, answers %+v", now, answers[v.ID])
			}
			return err
		})
		k.wantReplies("reply-cancelled queued")
		k.Sweep()
		k.Clock.Advance(3 * time.Minute)
		k.Sweep()
		k.Deliver()
		k.wantReplies("reply-cancelled delivered")
		for _, m := range k.Messages(v.ID) {
			if m.Origin.Step == "cancelled" {
				t.Error("told of a cancellation that was the patient's own")
			}
		}
	})
}
