package inbound_test

import (
	"testing"
	"time"

	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/reply"
)

// unclear is a text that may be an opt-out.
const unclear = "Nie pisz do mnie więcej, mam nowy numer telefonu od wtorku"

func TestAnUnclearOptOutIsAskedAboutOnceInADay(t *testing.T) {
	onBoth(t, func(t *testing.T, k *clinic) {
		from, _ := k.patient()
		k.text(from, unclear)
		d := k.planned()[0]
		if d.Template != string(content.OptOutQuestion) || d.State != message.Queued || d.Locale != "en" || d.Exempt.IsZero() || !d.ExpiresAt.Equal(k.Clock.Now().Add(5*time.Minute)) {
			t.Errorf("%s in %q, %s, gone after %v", d.Template, d.Locale, d.State, d.ExpiresAt.Sub(k.Clock.Now()))
		}
		k.Deliver()
		k.Clock.Advance(20 * time.Hour)
		k.text(from, unclear)
		k.wantReplies("opt-out-question delivered")
		k.Clock.Advance(25 * time.Hour)
		k.text(from, unclear)
		k.wantReplies("opt-out-question delivered", "opt-out-question queued")
	})
}

func TestTheQuestionComesAtNightToo(t *testing.T) {
	onBoth(t, func(t *testing.T, k *clinic) {
		from, _ := k.patient()
		k.Clock.Advance(11 * time.Hour) // it answers the patient's own text
		k.text(from, unclear)
		k.wantReplies("opt-out-question queued")
	})
}

func TestNobodyIsAskedWhoSaidStopOrNeedsAPerson(t *testing.T) {
	cases := map[string]struct {
		first, text string
		want        []string
	}{
		"after a STOP":         {"STOP", unclear, []string{"opt-out-confirmation queued"}},
		"an emergency as well": {"", "nie pisz do mnie więcej, mam ból w klatce piersiowej", []string{"reply-question queued"}},
		"a wrong number":       {"", "to pomyłka, nie pisz do mnie więcej bo nie znam tej osoby", nil},
	}
	onBoth(t, func(t *testing.T, k *clinic) {
		for name, c := range cases {
			from, _ := k.patient()
			before := len(k.replies())
			if c.first != "" {
				k.text(from, c.first)
			}
			k.text(from, c.text)
			if got := k.replies()[before:]; len(got) != len(c.want) || len(got) > 0 && got[0] != c.want[0] {
				t.Errorf("%s: %q", name, got)
			}
		}
	})
}

func TestTheQuestionIsDroppedOnceItIsClear(t *testing.T) {
	onBoth(t, func(t *testing.T, k *clinic) {
		from, _ := k.patient()
		k.text(from, unclear)
		k.text(from, "STOP") // before the question has left
		k.Deliver()
		for _, d := range k.planned() {
			if d.Template == string(content.OptOutQuestion) && (d.State != message.Refused || d.Reason != message.ReasonOptedOut) {
				t.Errorf("after a STOP the question is %s, %q", d.State, d.Reason)
			}
		}
		again, _ := k.patient()
		k.text(again, unclear)
		k.text(again, "START")
		k.Deliver()
		for _, d := range k.planned() {
			if d.Template == string(content.OptOutQuestion) && d.Point == k.point(again).ID && (d.State != message.Refused || d.Reason != message.ReasonSuperseded) {
				t.Errorf("after a START the question is %s, %q", d.State, d.Reason)
			}
		}
	})
}

func TestTheAnswerSettlesTheDoubtAndItsTask(t *testing.T) {
	cases := map[string]struct {
		answer   string
		optedOut bool
		reply    string
		settled  bool
	}{
		"STOP":                        {"STOP", true, "opt-out-confirmation queued", true},
		"START":                       {"START", false, "start-confirmation queued", true},
		"yes":                         {"Yes!", true, "opt-out-confirmation queued", true},
		"no":                          {"no thanks", false, "start-confirmation queued", true},
		"another language's yes":      {"tak", false, "", false},
		"the words of another answer": {"odwołać", false, "", false},
	}
	onBoth(t, func(t *testing.T, k *clinic) {
		for name, c := range cases {
			from := k.numberOf(k.Person(true)) // nothing else is asked of it
			k.text(from, unclear)
			k.Deliver()
			before := len(k.replies())
			tasks := len(k.tasks(conversation.CheckOptOut))
			in := k.text(from, c.answer)
			p := k.point(from)
			if (p.OptedOutAt != nil) != c.optedOut || p.Suspended != (!c.settled) && !c.optedOut || k.memory.Has(p.ID) != c.optedOut {
				t.Errorf("%s: opted out %v, suspended %v, in memory %v", name, p.OptedOutAt, p.Suspended, k.memory.Has(p.ID))
			}
			if got := k.replies()[before:]; c.reply != "" && (len(got) != 1 || got[0] != c.reply) || c.reply == "" && len(got) != 0 {
				t.Errorf("%s: answered %q", name, got)
			}
			if closed := len(k.tasks(conversation.CheckOptOut)) < tasks; closed != c.settled {
				t.Errorf("%s: task ended %v", name, closed)
			}
			if c.settled && in.Outcome != conversation.Acted {
				t.Errorf("%s: outcome %s", name, in.Outcome)
			}
		}
	})
}

func TestAYesThatMayAnswerTwoQuestionsGoesToAPerson(t *testing.T) {
	onBoth(t, func(t *testing.T, k *clinic) {
		from, _ := k.patient() // with a question about a visit
		k.text(from, unclear)
		k.Deliver()
		for _, word := range []string{"yes", "no"} {
			in := k.text(from, word)
			if p := k.point(from); in.Outcome != conversation.ToPerson || in.Intent != string(reply.Unclear) || p.OptedOutAt != nil || !p.Suspended || len(k.desk.kept) != 0 {
				t.Errorf("%q: %s, opted out %v, suspended %v, visits moved %d", word, in.Outcome, p.OptedOutAt, p.Suspended, len(k.desk.kept))
			}
		}
		if k.text(from, "1"); len(k.desk.kept) != 1 {
			t.Error("a digit of the menu still answers the visit")
		}
	})
}

func TestAYesWithoutTheQuestionMeansNothingNew(t *testing.T) {
	onBoth(t, func(t *testing.T, k *clinic) {
		from := k.numberOf(k.Person(true))
		k.text(from, unclear)
		k.Clock.Advance(6 * time.Minute) // the question never left
		k.Deliver()
		k.text(from, "yes")
		if p := k.point(from); p.OptedOutAt != nil || !p.Suspended {
			t.Errorf("opted out %v, suspended %v", p.OptedOutAt, p.Suspended)
		}
	})
}
