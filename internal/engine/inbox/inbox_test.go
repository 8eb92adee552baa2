package inbox_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audit"
	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/reply"
	"carillon.dev/carillon/internal/core/rules"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/engine/inbound"
	"carillon.dev/carillon/internal/engine/inbox"
	"carillon.dev/carillon/internal/engine/outbox"
	"carillon.dev/carillon/internal/engine/plan/plantest"
	"carillon.dev/carillon/internal/engine/record"
	"carillon.dev/carillon/internal/engine/send"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/storetest"
)

var ctx = context.Background()

// office is a clinic with two people at the desk.
type office struct {
	*plantest.Clinic
	t        *testing.T
	inbox    *inbox.Service
	meanings *inbox.Meanings
	in       *inbound.Service
	memory   *send.Suppressed
	ewa, jan access.Scope
	viewer   access.Scope
	known    patient.Person
	from     string
	visit    schedule.Appointment
}

const ours = "48500100200"

func onBoth(t *testing.T, test func(t *testing.T, k *office)) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open storetest.Open) {
		c := clock.NewFixed(plantest.Noon)
		s := open(t, c)
		k := &office{t: t, Clinic: plantest.New(t, s, c, outbox.Options{Questions: inbound.Questions{}}), memory: send.NewSuppressed(c)}
		desk := record.New(s, k.memory)
		k.inbox, k.meanings = inbox.New(s, k.Outbox, k.memory), inbox.NewMeanings(s, desk, k.memory)
		book, err := rules.Load()
		if err != nil {
			t.Fatal(err)
		}
		words, err := reply.LoadWords()
		if err != nil {
			t.Fatal(err)
		}
		k.in = inbound.New(s, book, words, k.memory, desk, c, slog.New(slog.DiscardHandler))
		k.ewa = access.ForUser(k.Scope.Org(), id.New(), access.Receptionist)
		k.jan = access.ForUser(k.Scope.Org(), id.New(), access.Receptionist)
		k.viewer = access.ForUser(k.Scope.Org(), id.New(), access.Viewer)
		k.known = k.Person(true)
		k.visit = k.Book(k.known.ID, plantest.Noon.Add(72*time.Hour), plantest.Noon)
		k.Read(func(ctx context.Context, tx store.Tx) error {
			all, err := tx.People().ContactsOf(ctx, []id.ID{k.known.ID})
			k.from = all[k.known.ID][0].Point.Number.Digits()
			return err
		})
		test(t, k)
	})
}

// text lets a phone write and finds its conversation.
func (k *office) text(from, text string) (conversation.Inbound, conversation.Conversation) {
	k.t.Helper()
	k.Clock.Advance(time.Minute)
	err := k.in.Take(ctx, k.Scope.Org(), k.Route.ID, carrier.Inbound{From: phi.T(from), To: phi.T(ours), Payload: carrier.Octets(text), ReceivedAt: k.Clock.Now()})
	if err != nil {
		k.t.Fatal(err)
	}
	waiting, err := k.inbox.List(ctx, k.ewa, id.ID{})
	if err != nil {
		k.t.Fatal(err)
	}
	for _, w := range waiting {
		if w.Point.Number.Digits() == from {
			return w.Last, w.Conversation
		}
	}
	k.t.Fatalf("%q is not in the inbox", text)
	panic("unreachable")
}

func (k *office) thread(thread id.ID) inbox.Thread {
	k.t.Helper()
	t, err := k.inbox.Thread(ctx, k.viewer, thread)
	if err != nil {
		k.t.Fatal(err)
	}
	return t
}

func (k *office) audited(action string) bool {
	k.t.Helper()
	found := false
	k.Read(func(ctx context.Context, tx store.Tx) error {
		all, err := tx.Audit().List(ctx, store.Page{Limit: 1000})
		found = slices.ContainsFunc(all, func(e audit.Event) bool { return e.Action == action && !e.By.IsZero() })
		return err
	})
	return found
}

func TestUrgentConversationsComeFirstThenWhoWaitsLongest(t *testing.T) {
	onBoth(t, func(t *testing.T, k *office) {
		k.text(k.from, "Is there a car park at your place")
		k.text("48500999001", "Who are you")
		k.text("48500999002", "I have chest pain and cannot breathe")
		list, err := k.inbox.List(ctx, k.viewer, id.ID{})
		if err != nil || len(list) != 3 {
			t.Fatalf("%d wait, %v", len(list), err)
		}
		if !list[0].Urgent || list[1].Point.Number.Digits() != k.from || len(list[1].People) != 1 || len(list[2].People) != 0 {
			t.Errorf("order: %v %v %v", list[0].Urgent, list[1].Point.Number.Masked(), len(list[2].People))
		}
		if here, _ := k.inbox.List(ctx, k.viewer, k.Site.ID); len(here) != 1 {
			t.Errorf("%d wait at the site", len(here))
		}
		if there, _ := k.inbox.List(ctx, k.viewer, id.New()); len(there) != 0 {
			t.Errorf("%d wait elsewhere", len(there))
		}
	})
}

func TestAConversationShowsBothSidesAndWhatItMayBeAbout(t *testing.T) {
	onBoth(t, func(t *testing.T, k *office) {
		k.Sweep()
		k.Clock.Advance(3 * time.Minute)
		k.Deliver()
		_, c := k.text(k.from, "Is there a car park at your place")
		if _, err := k.inbox.Reply(ctx, k.ewa, c.ID, c.Version, phi.T("Yes, behind the house."), false); err != nil {
			t.Fatal(err)
		}
		v := k.thread(c.ID)
		var said []string
		for _, s := range v.Said {
			said = append(said, s.Text.Reveal())
		}
		if len(said) != 3 || !v.Said[0].Ours || v.Said[1].Ours || !v.Said[2].Ours || said[2] != "Yes, behind the house." {
			t.Errorf("said %q", said)
		}
		if len(v.Visits) != 1 || v.Visits[0].ID != k.visit.ID || v.Claimed != k.ewa.Actor().ID() || v.State != conversation.Open {
			t.Errorf("visits %d, thread %+v", len(v.Visits), v.Conversation)
		}
		if !k.audited("inbox.reply") {
			t.Error("no audit row")
		}
	})
}

func TestAStrangerIsAnsweredFromTheNumberTheyWroteTo(t *testing.T) {
	onBoth(t, func(t *testing.T, k *office) {
		in, c := k.text("48500999001", "Who are you")
		m, err := k.inbox.Reply(ctx, k.ewa, c.ID, c.Version, phi.T("Przychodnia Lipowa."), true)
		if err != nil {
			t.Fatal(err)
		}
		v := k.thread(c.ID)
		if len(v.Said) != 2 || v.Said[1].Message.ID != m || v.Said[1].Message.Sender != in.Sender || v.State != conversation.Quiet {
			t.Errorf("said %d, thread %+v", len(v.Said), v.Conversation)
		}
	})
}

func TestAnAnswerAfterADayNeedsConsent(t *testing.T) {
	onBoth(t, func(t *testing.T, k *office) {
		_, c := k.text("48500999001", "Who are you")
		k.Clock.Advance(23 * time.Hour)
		if _, err := k.inbox.Reply(ctx, k.ewa, c.ID, c.Version, phi.T("A clinic."), false); err != nil {
			t.Errorf("within a day: %v", err)
		}
		k.Clock.Advance(2 * time.Hour)
		c = k.thread(c.ID).Conversation
		_, err := k.inbox.Reply(ctx, k.ewa, c.ID, c.Version, phi.T("A clinic."), false)
		var why inbox.Refusal
		if !errs.Is(err, errs.Precondition) || !errors.As(err, &why) || message.Reason(why) != message.ReasonNoConsent {
			t.Errorf("after a day: %v", err)
		}
		p, err := k.inbox.Preview(ctx, k.ewa, c.ID, phi.T(strings.Repeat("x", 161)))
		if err != nil || p.Segments != 2 || p.Coding != "gsm7" || !slices.Contains(p.Reasons, message.ReasonNoConsent) {
			t.Errorf("preview %+v, %v", p, err)
		}
		_, known := k.text(k.from, "Is there a car park at your place")
		k.Clock.Advance(25 * time.Hour)
		if _, err := k.inbox.Reply(ctx, k.ewa, known.ID, known.Version, phi.T("Yes."), false); err != nil {
			t.Errorf("with consent: %v", err)
		}
	})
}

func TestNobodyIsAnsweredAfterStop(t *testing.T) {
	onBoth(t, func(t *testing.T, k *office) {
		_, c := k.text(k.from, "Is there a car park at your place")
		if err := k.in.Take(ctx, k.Scope.Org(), k.Route.ID, carrier.Inbound{From: phi.T(k.from), To: phi.T(ours), Payload: carrier.Octets("STOP")}); err != nil {
			t.Fatal(err)
		}
		c = k.thread(c.ID).Conversation
		_, err := k.inbox.Reply(ctx, k.ewa, c.ID, c.Version, phi.T("Yes."), true)
		var why inbox.Refusal
		if !errors.As(err, &why) || message.Reason(why) != message.ReasonOptedOut {
			t.Errorf("answered: %v", err)
		}
	})
}

func TestTheAnsweredPersonIsChosenOnASharedNumber(t *testing.T) {
	onBoth(t, func(t *testing.T, k *office) {
		child := k.Person(true)
		_, c := k.text(k.from, "Is there a car park at your place")
		k.Write(func(ctx context.Context, tx store.Tx) error {
			return tx.People().Link(ctx, []store.ContactLink{{Person: child.ID, Point: c.Point, Use: patient.Mobile, Rank: 2, Relationship: patient.Guardian}})
		})
		m, err := k.inbox.ReplyTo(ctx, k.ewa, inbox.Answer{Thread: c.ID, Version: c.Version, Person: child.ID, Text: phi.T("For your son: yes.")})
		if err != nil {
			t.Fatal(err)
		}
		k.Read(func(ctx context.Context, tx store.Tx) error {
			d, err := tx.Messages().Get(ctx, m)
			if d.Person != child.ID || d.Point != c.Point || !d.Flags.Has(message.StaffText|message.Answers) {
				t.Errorf("written to %v", d.Person)
			}
			return err
		})
		c = k.thread(c.ID).Conversation
		_, err = k.inbox.ReplyTo(ctx, k.ewa, inbox.Answer{Thread: c.ID, Version: c.Version, Person: id.New(), Text: phi.T("x")})
		if !errs.Is(err, errs.Invalid) {
			t.Errorf("somebody who does not have the number: %v", err)
		}
	})
}

func TestTwoPeopleDoNotAnswerTheSameText(t *testing.T) {
	onBoth(t, func(t *testing.T, k *office) {
		_, c := k.text(k.from, "Is there a car park at your place")
		if err := k.inbox.Claim(ctx, k.ewa, c.ID, c.Version); err != nil {
			t.Fatal(err)
		}
		if err := k.inbox.Claim(ctx, k.jan, c.ID, c.Version); !errs.Is(err, errs.Conflict) {
			t.Errorf("taken twice: %v", err)
		}
		now := k.thread(c.ID).Conversation
		if _, err := k.inbox.Reply(ctx, k.jan, c.ID, now.Version, phi.T("Yes."), true); !errs.Is(err, errs.Conflict) {
			t.Errorf("answered over Ewa's head: %v", err)
		}
		if err := k.inbox.Close(ctx, k.jan, c.ID, c.Version); !errs.Is(err, errs.Conflict) {
			t.Errorf("closed from an old page: %v", err)
		}
		if err := k.inbox.Release(ctx, k.ewa, c.ID, now.Version); err != nil || !k.thread(c.ID).Claimed.IsZero() {
			t.Errorf("given back: %v", err)
		}
		now = k.thread(c.ID).Conversation
		if err := k.inbox.Close(ctx, k.jan, c.ID, now.Version); err != nil || k.thread(c.ID).State != conversation.Quiet {
			t.Errorf("closed: %v", err)
		}
		for _, action := range []string{"inbox.claim", "inbox.release", "inbox.close"} {
			if !k.audited(action) {
				t.Errorf("no audit row of %s", action)
			}
		}
	})
}

func TestAPersonSaysWhatATextMeant(t *testing.T) {
	onBoth(t, func(t *testing.T, k *office) {
		in, _ := k.text(k.from, "well my aunt says I better not")
		told, err := k.meanings.Mark(ctx, k.ewa, inbox.Marking{Text: in.ID, Meaning: inbox.MeantCancel, Visit: k.visit.ID, Version: k.visit.Version})
		if err != nil || told != inbound.CancelledNow {
			t.Fatalf("told %q, %v", told, err)
		}
		k.Read(func(ctx context.Context, tx store.Tx) error {
			v, err := tx.Visits().Get(ctx, k.visit.ID)
			if err != nil {
				return err
			}
			got, err := tx.Conversations().Inbound(ctx, in.ID)
			if v.Status != schedule.Cancelled || got.Intent != "cancel" || got.Outcome != conversation.Acted {
				t.Errorf("visit %s, text %+v", v.Status, got)
			}
			return err
		})
		if _, err := k.meanings.Mark(ctx, k.ewa, inbox.Marking{Text: in.ID, Meaning: inbox.MeantConfirm, Visit: k.visit.ID, Version: k.visit.Version}); !errs.Is(err, errs.Conflict) {
			t.Errorf("a visit that is over: %v", err)
		}
		other := k.Book(k.Person(true).ID, plantest.Noon.Add(96*time.Hour), plantest.Noon)
		if _, err := k.meanings.Mark(ctx, k.ewa, inbox.Marking{Text: in.ID, Meaning: inbox.MeantConfirm, Visit: other.ID, Version: other.Version}); !errs.Is(err, errs.Invalid) {
			t.Errorf("somebody else's visit: %v", err)
		}
		if !k.audited("inbox.meaning") {
			t.Error("no audit row")
		}
	})
}

func TestADoubtAboutAnOptOutIsClearedUp(t *testing.T) {
	onBoth(t, func(t *testing.T, k *office) {
		doubt := func(from string) (conversation.Inbound, conversation.Conversation) {
			in, c := k.text(from, "please stop writing at night, the morning is fine")
			if p := k.thread(c.ID).Waiting.Point; !p.Suspended || k.tasks(conversation.CheckOptOut) != 1 {
				t.Fatalf("no doubt: %+v, %d tasks", p, k.tasks(conversation.CheckOptOut))
			}
			k.Clock.Advance(time.Minute) // at the same instant the doubt would win
			return in, c
		}
		in, c := doubt(k.from)
		if _, err := k.meanings.Mark(ctx, k.ewa, inbox.Marking{Text: in.ID, Meaning: inbox.MeantNoOptOut}); err != nil {
			t.Fatal(err)
		}
		if p := k.thread(c.ID).Waiting.Point; p.Suspended || p.OptedOutAt != nil || k.tasks(conversation.CheckOptOut) != 0 {
			t.Errorf("still in doubt: %+v", p)
		}
		_, c = doubt("48500999001")
		if err := k.inbox.ClearUp(ctx, k.ewa, c.ID, true, phi.T("said so by phone")); err != nil {
			t.Fatal(err)
		}
		if p := k.thread(c.ID).Waiting.Point; p.OptedOutAt == nil || !k.memory.Has(p.ID) || k.tasks(conversation.CheckOptOut) != 0 {
			t.Errorf("not opted out: %+v", p)
		}
		in, c = doubt("48500999002")
		if _, err := k.meanings.Mark(ctx, k.ewa, inbox.Marking{Text: in.ID, Meaning: inbox.MeantOptOut}); err != nil {
			t.Fatal(err)
		}
		if p := k.thread(c.ID).Waiting.Point; p.OptedOutAt == nil || !k.memory.Has(p.ID) {
			t.Errorf("not opted out: %+v", p)
		}
	})
}

func (k *office) tasks(kind conversation.TaskKind) (n int) {
	k.t.Helper()
	k.Read(func(ctx context.Context, tx store.Tx) error {
		all, err := tx.Tasks().OpenCounts(ctx)
		n = all[kind]
		return err
	})
	return n
}

func TestOtherMeanings(t *testing.T) {
	onBoth(t, func(t *testing.T, k *office) {
		in, c := k.text(k.from, "my aunt has a cat")
		mark := func(m inbox.Meaning) {
			t.Helper()
			if _, err := k.meanings.Mark(ctx, k.ewa, inbox.Marking{Text: in.ID, Meaning: m}); err != nil {
				t.Fatalf("%s: %v", m, err)
			}
		}
		mark(inbox.MeantUrgent)
		if !k.thread(c.ID).Urgent {
			t.Error("not urgent")
		}
		mark(inbox.MeantWrongNumber)
		if !k.thread(c.ID).Waiting.Point.Quarantined {
			t.Error("not quarantined")
		}
		mark(inbox.MeantNothing)
		if last := k.thread(c.ID).Last; last.Outcome != conversation.Ignored {
			t.Errorf("text %+v", last)
		}
		if _, err := k.meanings.Mark(ctx, k.ewa, inbox.Marking{Text: in.ID, Meaning: "guess"}); !errs.Is(err, errs.Invalid) {
			t.Errorf("an unknown meaning: %v", err)
		}
	})
}

func TestAViewerOnlyReads(t *testing.T) {
	onBoth(t, func(t *testing.T, k *office) {
		in, c := k.text(k.from, "Is there a car park at your place")
		for name, try := range map[string]func() error{
			"claim": func() error { return k.inbox.Claim(ctx, k.viewer, c.ID, c.Version) },
			"close": func() error { return k.inbox.Close(ctx, k.viewer, c.ID, c.Version) },
			"reply": func() error { _, err := k.inbox.Reply(ctx, k.viewer, c.ID, c.Version, phi.T("x"), true); return err },
			"clear": func() error { return k.inbox.ClearUp(ctx, k.viewer, c.ID, true, phi.T("x")) },
			"mark": func() error {
				_, err := k.meanings.Mark(ctx, k.viewer, inbox.Marking{Text: in.ID, Meaning: inbox.MeantUrgent})
				return err
			},
			"nobody": func() error { _, err := k.inbox.List(ctx, access.Scope{}, id.ID{}); return err },
		} {
			if err := try(); !errs.Is(err, errs.Forbidden) {
				t.Errorf("%s: %v", name, err)
			}
		}
		stranger := access.ForUser(storetest.NewOrg(t, k.Store).Org(), id.New(), access.Admin)
		if _, err := k.inbox.Thread(ctx, stranger, c.ID); !errs.Is(err, errs.NotFound) {
			t.Errorf("another organization reads it: %v", err)
		}
		if _, err := k.meanings.Mark(ctx, stranger, inbox.Marking{Text: in.ID, Meaning: inbox.MeantUrgent}); !errs.Is(err, errs.NotFound) {
			t.Errorf("another organization marks it: %v", err)
		}
	})
}

// A conversation that waits for nothing but a row of the call list and that row end together, whichever is ended.
func TestAConversationAndTheRowThatItMadeEndTogether(t *testing.T) {
	onBoth(t, func(t *testing.T, k *office) {
		desk := record.New(k.Store, k.memory)
		moves := func() (out []conversation.Task) {
			k.Read(func(ctx context.Context, tx store.Tx) (err error) {
				out, err = tx.Tasks().List(ctx, store.TaskFilter{Kinds: []conversation.TaskKind{conversation.MoveVisit}}, store.Page{})
				return err
			})
			return out
		}
		wants := func() conversation.Conversation {
			k.Sweep()
			k.Write(func(ctx context.Context, tx store.Tx) error {
				all, err := tx.People().ContactsOf(ctx, []id.ID{k.known.ID})
				if err != nil {
					return err
				}
				_, err = tx.Conversations().AskQuestions(ctx, []conversation.Question{{Point: all[k.known.ID][0].Point.ID, Person: k.known.ID, Message: id.New(),
					Appointment: k.visit.ID, Version: k.visit.Version, Codes: map[string]string{"3": "reschedule"}, AskedAt: tx.Now(), ClosesAt: k.visit.Start}})
				return err
			})
			_, c := k.text(k.from, "3")
			return c
		}
		c := wants()
		rows := moves()
		if len(rows) != 1 || rows[0].Conversation != c.ID || c.Cause != conversation.ByTask {
			t.Fatalf("rows %+v, conversation %+v", rows, c)
		}
		if err := desk.CompleteTask(ctx, k.ewa, rows[0].ID, conversation.Reached, phi.Text{}); err != nil {
			t.Fatal(err)
		}
		if c := k.thread(c.ID); c.State != conversation.Quiet {
			t.Errorf("the row has ended, the conversation waits: %+v", c.Conversation)
		}
		k.Clock.Advance(time.Hour)
		c = wants()
		if err := k.inbox.Close(ctx, k.ewa, c.ID, c.Version); err != nil {
			t.Fatal(err)
		}
		if rows := moves(); len(rows) != 0 {
			t.Errorf("the conversation has ended, rows wait: %+v", rows)
		}
	})
}
