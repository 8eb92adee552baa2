package inbound_test

import (
	"context"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/engine/inbound"
	"carillon.dev/carillon/internal/store"
)

// parts cuts a text into concatenated parts of n characters.
func (k *clinic) parts(from, text string, n int, ref byte) (out []carrier.Inbound) {
	all := ucs2(text)
	total := (len(all) + 2*n - 1) / (2 * n)
	for i := range total {
		in := k.event(from, "")
		in.DataCoding, in.Payload = 8, all[2*n*i:min(2*n*(i+1), len(all))]
		in.UDH = carrier.Octets{5, 0, 3, ref, byte(total), byte(i + 1)}
		in.Concat = carrier.Part{Ref: uint16(ref), Number: uint8(i + 1), Total: uint8(total)}
		out = append(out, in)
	}
	return out
}

func TestATextIsStoredBeforeItIsAcknowledged(t *testing.T) {
	onBoth(t, func(t *testing.T, k *clinic) {
		from, _ := k.patient()
		k.box.fail = errs.New(errs.Unavailable, "the disk is full")
		if err := k.take(k.event(from, "1")); !errs.Is(err, errs.Unavailable) {
			t.Fatalf("the carrier was told %v", err)
		}
		if got := k.texts(from); len(got) != 0 || len(k.box.jobs) != 0 {
			t.Fatalf("kept %+v and %d answers", got, len(k.box.jobs))
		}
		k.box.fail = nil
		if err := k.take(k.event(from, "1")); err != nil {
			t.Fatalf("the second try: %v", err)
		}
		if got := k.texts(from); len(got) != 1 || got[0].Text.Reveal() != "1" || got[0].Outcome != conversation.Acted {
			t.Fatalf("stored %+v", got)
		}
	})
}

func TestAnEventIsStoredOnceHoweverOftenItComes(t *testing.T) {
	onBoth(t, func(t *testing.T, k *clinic) {
		from, _ := k.patient()
		event := k.event(from, "1")
		for range 5 { // the answer closes its question, and the event is still the same
			if err := k.take(event); err != nil {
				t.Fatal(err)
			}
			k.Clock.Advance(time.Minute)
			event.ReceivedAt = k.Clock.Now()
		}
		k.work()
		if len(k.texts(from)) != 1 || len(k.desk.kept) != 1 {
			t.Fatalf("%d texts, %d answers", len(k.texts(from)), len(k.desk.kept))
		}
		k.wantReplies("reply-confirmed queued")
		k.Clock.Advance(inbound.Sames)
		if k.text(from, "1"); len(k.texts(from)) != 2 {
			t.Error("after ten minutes it is a new text")
		}
	})
}

func TestTheSameAnswerToAnotherQuestionIsAnotherEvent(t *testing.T) {
	onBoth(t, func(t *testing.T, k *clinic) {
		from, v := k.patient()
		k.text(from, "1")
		moved := k.Change(v, func(v *schedule.Appointment) { v.Start = v.Start.Add(24 * time.Hour) })
		k.ask(from, moved, "4", "5", "6")
		k.text(from, "4")
		again := k.Change(moved, func(v *schedule.Appointment) { v.Start = v.Start.Add(24 * time.Hour) })
		k.ask(from, again, "4", "5", "6")
		k.text(from, "4")
		if len(k.texts(from)) != 3 {
			t.Errorf("%d texts", len(k.texts(from)))
		}
	})
}

func TestPartsAreJoinedInTheirOwnOrder(t *testing.T) {
	onBoth(t, func(t *testing.T, k *clinic) {
		from, _ := k.patient()
		const text = "Dzień dobry 👋, czy mogę przyjść później? Dziękuję 🙏 bardzo"
		rnd := rand.New(rand.NewPCG(1, 2))
		for ref := range byte(4) {
			parts := k.parts(from, text, 13, ref) // cuts characters of two units
			rnd.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
			parts = append(parts, parts[0], parts[1]) // twice
			for _, p := range parts {
				if err := k.take(p); err != nil {
					t.Fatal(err)
				}
			}
			all := k.texts(from)
			if len(all) != int(ref)+1 || all[0].Text.Reveal() != text || all[0].Missing != 0 {
				t.Fatalf("reference %d: %d texts, the last is %q", ref, len(all), all[0].Text.Reveal())
			}
		}
	})
}

func TestPartsThatComeAtTheSameTimeAreOneText(t *testing.T) {
	onBoth(t, func(t *testing.T, k *clinic) {
		from, _ := k.patient()
		const text = "Dzień dobry, czy mogę przyjść później?"
		var wait sync.WaitGroup
		for _, p := range k.parts(from, text, 8, 1) {
			for range 2 {
				wait.Go(func() {
					if err := k.in.Take(context.Background(), k.Scope.Org(), k.Route.ID, p); err != nil {
						t.Error(err)
					}
				})
			}
		}
		wait.Wait()
		if all := k.texts(from); len(all) != 1 || all[0].Text.Reveal() != text {
			t.Errorf("%d texts", len(all))
		}
	})
}

func TestMissingPartsAreShownAndNeverGuessed(t *testing.T) {
	onBoth(t, func(t *testing.T, k *clinic) {
		from, v := k.patient()
		parts := k.parts(from, "tak, potwierdzam", 3, 9)
		for i := range parts {
			if i != 1 && i != len(parts)-1 {
				if err := k.take(parts[i]); err != nil {
					t.Fatal(err)
				}
			}
		}
		sweep := func() int {
			n, err := k.in.Sweep(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		k.Clock.Advance(inbound.Sames)
		if n := sweep(); n != 0 || len(k.texts(from)) != 0 {
			t.Fatalf("shown too early: %d", n)
		}
		k.Clock.Advance(time.Second)
		if n := sweep(); n != 1 || sweep() != 0 {
			t.Fatalf("%d texts were made", n)
		}
		got := k.texts(from)
		if len(got) != 1 || got[0].Missing != 2 || got[0].Outcome != conversation.Incomplete || got[0].Text.Reveal() != "tak […] otwierdza […] " {
			t.Fatalf("shown: %+v %q", got, got[0].Text.Reveal())
		}
		if k.thread(from).State != conversation.Open || len(k.desk.kept) != 0 || k.open(from) != 1 {
			t.Errorf("a person must look, and nothing was answered about %v", v.ID)
		}
	})
}

func TestAnIncompleteStopSuspendsUntilSomebodyLooked(t *testing.T) {
	onBoth(t, func(t *testing.T, k *clinic) {
		from, _ := k.patient()
		if err := k.take(k.parts(from, "STOP to co robicie", 4, 1)[0]); err != nil {
			t.Fatal(err)
		}
		k.Clock.Advance(inbound.Sames + time.Second)
		if _, err := k.in.Sweep(context.Background()); err != nil {
			t.Fatal(err)
		}
		if p := k.point(from); p.OptedOutAt != nil || !p.Suspended || len(k.tasks(conversation.CheckOptOut)) != 1 {
			t.Errorf("point %+v, tasks %+v", p, k.tasks())
		}
	})
}

func TestWhatCannotBeReadIsVisible(t *testing.T) {
	onBoth(t, func(t *testing.T, k *clinic) {
		from, _ := k.patient()
		binary := k.event(from, "")
		binary.DataCoding, binary.Payload = 4, carrier.Octets{0xff, 0x00, 0x81}
		if err := k.take(binary); err != nil {
			t.Fatal(err)
		}
		got := k.texts(from)
		if len(got) != 1 || got[0].Text.IsEmpty() || got[0].Outcome != conversation.ToPerson || k.thread(from).State != conversation.Open {
			t.Errorf("stored %+v", got)
		}
	})
}

func TestATextOfANumberOfNobodyHasAConversation(t *testing.T) {
	onBoth(t, func(t *testing.T, k *clinic) {
		const stranger = "48500999111"
		if got := k.text(stranger, "Hello, who is this?"); got.Outcome != conversation.ToPerson || got.Sender.IsZero() {
			t.Errorf("stored %+v", got)
		}
		if k.thread(stranger).State != conversation.Open {
			t.Error("nobody is waited for")
		}
		k.wantReplies()
		k.text(stranger, "STOP")
		if k.point(stranger).OptedOutAt == nil {
			t.Error("the STOP of a stranger counts as well")
		}
		k.wantReplies("opt-out-confirmation queued")
	})
}

func TestASenderThatIsNoNumberIsATask(t *testing.T) {
	onBoth(t, func(t *testing.T, k *clinic) {
		for i, from := range []string{"InfoSMS", "OtherSMS", "7766"} {
			for range 2 {
				if err := k.take(k.event(from, "STOP is not meant")); err != nil {
					t.Fatal(err)
				}
			}
			tasks := k.tasks(conversation.ReadText)
			if len(tasks) != i+1 {
				t.Fatalf("%s: %d tasks", from, len(tasks))
			}
			k.Read(func(ctx context.Context, tx store.Tx) error {
				in, err := tx.Conversations().Inbound(ctx, tasks[i].Message)
				if !strings.HasPrefix(in.Text.Reveal(), from+": STOP") || !in.Point.IsZero() {
					t.Errorf("stored %q from %v", in.Text.Reveal(), in.Point)
				}
				return err
			})
		}
		k.wantReplies()
	})
}

func TestTheInboundNumberSaysWhereAndWhoseRulesHold(t *testing.T) {
	onBoth(t, func(t *testing.T, k *clinic) {
		const american, from = "12125550100", "12125550123"
		var us org.Location
		k.Write(func(ctx context.Context, tx store.Tx) (err error) {
			n, err := phone.FromStored("+12125550199")
			if err != nil {
				return err
			}
			us, err = tx.Orgs().SaveLocation(ctx, org.Location{Name: "Fifth", Address: "5th Ave", Zone: "America/New_York", Region: "US", Languages: []string{"en"}, Phone: n})
			if err != nil {
				return err
			}
			_, err = tx.Routes().SaveSender(ctx, store.Sender{Route: k.Route.ID, Address: american, Location: us.ID, TwoWay: true,
				Purposes: []purpose.Purpose{purpose.Appointment}})
			return err
		})
		in := k.event("(212) 555-0123", "Is anybody there?") // as it is dialled there
		in.To = phi.T("+" + american)
		if err := k.take(in); err != nil {
			t.Fatal(err)
		}
		got := k.texts(from)
		if len(got) != 1 || k.thread(from).Location != us.ID || got[0].Sender.IsZero() {
			t.Fatalf("stored %+v at %v", got, k.thread(from).Location)
		}
		in = k.event(from, "HELP")
		in.To = phi.T(american)
		if err := k.take(in); err != nil {
			t.Fatal(err)
		}
		k.work()
		k.wantReplies("help queued")
		if d := k.planned()[0]; d.Sender != got[0].Sender || d.Location != us.ID || d.Locale != "en-US" || !strings.Contains(d.Body.Reveal(), "555-0199") {
			t.Errorf("answered by %v at %v: %q", d.Sender, d.Location, d.Body.Reveal())
		}
	})
}

func TestWhatCannotBeDoneStillReachesAPerson(t *testing.T) {
	onBoth(t, func(t *testing.T, k *clinic) {
		from, _ := k.patient()
		k.desk.err = errs.New(errs.Internal, "a broken rule")
		if got := k.text(from, "1"); got.Outcome != conversation.ToPerson || k.thread(from).State != conversation.Open || k.open(from) != 1 {
			t.Errorf("stored %+v", got)
		}
		k.desk.err = errs.New(errs.Conflict, "changed meanwhile")
		if err := k.take(k.event(from, "2")); !errs.Is(err, errs.Conflict) || len(k.texts(from)) != 1 {
			t.Errorf("what may pass is left with the carrier: %v", err)
		}
	})
}

func TestPeopleOnANumberAreNotNeededToRead(t *testing.T) {
	onBoth(t, func(t *testing.T, k *clinic) {
		from, _ := k.patient()
		k.Write(func(ctx context.Context, tx store.Tx) error {
			contacts, err := tx.People().PeopleAt(ctx, k.pointIn(ctx, tx, from))
			if err != nil {
				return err
			}
			return tx.People().Unlink(ctx, contacts[0].Person, contacts[0].Point.ID)
		})
		if got := k.text(from, "thanks"); got.Outcome != conversation.Ignored {
			t.Errorf("stored %+v", got)
		}
	})
}

func (k *clinic) pointIn(ctx context.Context, tx store.Tx, from string) id.ID {
	p, err := tx.People().PointByNumber(ctx, patient.SMS, k.number(from))
	if err != nil {
		k.t.Fatal(err)
	}
	return p.ID
}
