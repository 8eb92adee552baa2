package send_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/engine/outbox"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/storetest"
)

func TestADueMessageLeavesOnceAndItsReceiptIsKept(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open storetest.Open) {
		r := setup(t, open).start()
		m := r.plan(r.ask("Your visit is tomorrow at 10:30."))[0]
		got := r.await(m, message.Accepted)
		if got.ProviderID == "" || got.Attempts != 1 {
			t.Errorf("accepted with id %q after %d attempts", got.ProviderID, got.Attempts)
		}
		wire := r.lines.at(r.route.ID)
		for _, err := range wire.receipts(t, carrier.Receipt{ProviderID: got.ProviderID, State: carrier.ReceiptDelivered},
			carrier.Receipt{ProviderID: got.ProviderID, State: carrier.ReceiptDelivered}, // once more
			carrier.Receipt{ProviderID: got.ProviderID, State: carrier.ReceiptUndelivered, ErrCode: "1"}) {
			if err != nil {
				t.Errorf("a receipt was refused: %v", err)
			}
		}
		if got := r.get(m); got.State != message.Delivered || got.ErrorCode != "" {
			t.Errorf("%s with code %q", got.State, got.ErrorCode)
		}
		sent := wire.texts()
		if len(sent) != 1 || string(sent[0].Payload) != r.get(m).Body.Reveal() || !strings.HasPrefix(r.get(m).Body.Reveal(), "Your visit is tomorrow at 10:30.") || sent[0].From.Addr != "48700" || sent[0].To.Reveal() != "+48601234567" {
			t.Errorf("%d texts left", len(sent))
		}
		if ev := r.events(m); len(ev) != 0 {
			t.Errorf("the usual path needs no event rows, there are %d", len(ev))
		}
	})
}

func TestWhatCarriersAnswer(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		answer carrier.Outcome
		want   message.State
		reason message.Reason
		code   string
	}{
		"a permanent refusal fails and keeps the code": {carrier.Outcome{Class: carrier.Permanent, Status: 0x0b}, message.Failed, message.ReasonCarrierReject, "0xb"},
		"no answer is unknown":                         {carrier.Outcome{Class: carrier.Unknown}, message.Unknown, message.ReasonNoAnswer, ""},
		"a busy carrier is tried again later":          {carrier.Outcome{Class: carrier.Retry, Status: 8}, message.Queued, message.ReasonCarrierRetry, "0x8"},
		"a throttled text waits as long as it is told": {carrier.Outcome{Class: carrier.Throttle, RetryAfter: 9 * time.Second}, message.Queued, message.ReasonThrottled, ""},
		"a class that nobody knows is unknown":         {carrier.Outcome{Class: 99}, message.Unknown, message.ReasonNoAnswer, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := setup(t, storetest.SQLite)
			r.lines.at(r.route.ID).answer = func(carrier.Submit) carrier.Outcome { return c.answer }
			r.start()
			m := r.plan(r.ask("hello"))[0]
			var got store.Draft
			r.until("an outcome", func() bool { got = r.get(m); return got.Reason == c.reason })
			if got.State != c.want || got.ErrorCode != c.code {
				t.Errorf("%s with code %q", got.State, got.ErrorCode)
			}
			if c.want == message.Queued && !got.DueAt.After(noon) {
				t.Error("it does not wait")
			}
			if c.answer.RetryAfter > 0 && got.DueAt.Before(noon.Add(c.answer.RetryAfter)) {
				t.Errorf("due %v after a wait of %v", got.DueAt.Sub(noon), c.answer.RetryAfter)
			}
			if ev := r.events(m); len(ev) != 1 || ev[0].From != message.Sending || ev[0].To != c.want {
				t.Errorf("events %+v", ev)
			}
			if failed := c.want == message.Failed; r.missed.has(m) != failed {
				t.Errorf("people were told: %v", !failed)
			}
		})
	}
}

func TestRetriesEnd(t *testing.T) {
	t.Parallel()
	r := setup(t, storetest.SQLite)
	r.lines.at(r.route.ID).answer = func(carrier.Submit) carrier.Outcome { return carrier.Outcome{Class: carrier.Retry} }
	r.start()
	m := r.plan(r.ask("hello"))[0]
	for attempt := 1; attempt < 6; attempt++ {
		r.until("the next attempt", func() bool { d := r.get(m); return d.State == message.Queued && d.Attempts == attempt })
		r.domain.Advance(15 * time.Minute)
	}
	if got := r.await(m, message.Failed); got.Attempts != 6 || got.Reason != message.ReasonAttempts {
		t.Errorf("%d attempts, %s", got.Attempts, got.Reason)
	}
}

func TestAnOptOutBetweenTheLeaseAndTheWireHolds(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open storetest.Open) {
		r := setup(t, open)
		wire := r.lines.at(r.route.ID)
		r.start()
		wire.set(func(l *line) {
			l.before = func(*carrier.Submit) { // leased, about to be appended
				l.set(func(l *line) { l.before = nil })
				r.write(func(ctx context.Context, tx store.Tx) error {
					tx.AfterRollback(r.suppressed.Add(r.point.ID))
					_, err := tx.Consents().Append(ctx, []consent.Entry{{Org: r.org.ID, Point: r.point.ID, Channel: patient.SMS, Purpose: consent.AllPurposes,
						Status: consent.Revoked, Method: consent.Keyword, At: tx.Now()}})
					return err
				})
			}
		})
		m := r.plan(r.ask("hello"))[0]
		r.until("the guard to refuse", func() bool { return len(wire.permits()) > 0 })
		r.until("the refusal", func() bool { r.domain.Advance(2 * time.Second); return r.get(m).State == message.Refused })
		if got := r.get(m); got.Reason != message.ReasonOptedOut || got.Attempts != 0 {
			t.Errorf("%s after %d attempts", got.Reason, got.Attempts)
		}
		if n := len(wire.texts()); n != 0 {
			t.Errorf("%d texts left after the opt-out", n)
		}
	})
}

func TestARolledBackOptOutLeavesTheSet(t *testing.T) {
	t.Parallel()
	r := setup(t, storetest.SQLite).start()
	_ = r.store.InTx(context.Background(), r.scope, func(tx store.Tx) error {
		tx.AfterRollback(r.suppressed.Add(r.point.ID))
		return context.Canceled
	})
	if r.suppressed.Has(r.point.ID) {
		t.Fatal("a number is suppressed that never opted out")
	}
	r.await(r.plan(r.ask("hello"))[0], message.Accepted)
}

func TestAnOptOutTakenElsewhereIsHeard(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open storetest.Open) {
		r := setup(t, open).start()
		r.await(r.plan(r.ask("hello"))[0], message.Accepted)
		storetest.OptOut(t, r.store, r.scope, r.point.ID, noon)
		r.until("the suppression set to know", func() bool { return r.suppressed.Has(r.point.ID) })
	})
}

func TestStopAllHaltsHandOffsAndSurvivesARestart(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open storetest.Open) {
		r := setup(t, open).start()
		r.await(r.plan(r.ask("before"))[0], message.Accepted)
		if err := r.board.StopAll(context.Background(), r.scope); err != nil {
			t.Fatal(err)
		}
		m := r.plan(r.ask("after"))[0]
		if got := r.get(m); got.State != message.Held || got.Reason != message.ReasonStopped {
			t.Errorf("planned as %s, %s", got.State, got.Reason)
		}
		wire := r.lines.at(r.route.ID)
		r.stop()
		r.start()
		r.until("the line", func() bool { return wire.Health().State == carrier.StateUp })
		if !r.board.Blocks(r.org.ID, r.route.ID) {
			t.Error("a restart forgot the stop")
		}
		if len(wire.texts()) != 1 {
			t.Errorf("%d texts left", len(wire.texts()))
		}
		if err := r.board.Resume(context.Background(), r.scope); err != nil {
			t.Fatal(err)
		}
		r.await(m, message.Accepted)
	})
}

func TestAStopOfOneRouteHoldsItsLeasedTexts(t *testing.T) {
	t.Parallel()
	r := setup(t, storetest.SQLite)
	wire := r.lines.at(r.route.ID)
	r.start()
	wire.set(func(l *line) {
		l.before = func(*carrier.Submit) {
			l.set(func(l *line) { l.before = nil })
			r.write(func(ctx context.Context, tx store.Tx) error {
				return tx.Routes().SetState(ctx, r.route.ID, store.RouteStopped)
			})
			if err := r.board.Refresh(context.Background()); err != nil {
				t.Error(err)
			}
		}
	})
	m := r.plan(r.ask("hello"))[0]
	got := r.await(m, message.Queued)
	r.until("the hold", func() bool {
		got = r.get(m)
		return len(wire.permits()) == 1 && got.Attempts == 0 && got.State == message.Queued
	})
	if len(wire.texts()) != 0 {
		t.Error("a text left on a stopped route")
	}
}

func TestARouteOnTrialServesItsGuests(t *testing.T) {
	t.Parallel()
	r := setup(t, storetest.SQLite)
	other, _ := r.patient("+48601999999")
	r.write(func(ctx context.Context, tx store.Tx) error {
		if err := tx.Routes().SetState(ctx, r.route.ID, store.RouteTrial); err != nil {
			return err
		}
		return tx.Routes().SaveGuests(ctx, r.route.ID, []phone.Number{r.point.Number})
	})
	r.start()
	guest, stranger := r.ask("hello"), r.ask("hello")
	stranger.Person = other.ID
	ids := r.plan(guest, stranger)
	r.await(ids[0], message.Accepted)
	if got := r.get(ids[1]); got.State != message.Held || got.Reason != message.ReasonTrialMode {
		t.Fatalf("the stranger's text is %s, %s", got.State, got.Reason)
	}
	r.write(func(ctx context.Context, tx store.Tx) error {
		return tx.Routes().SetState(ctx, r.route.ID, store.RouteOpen)
	})
	r.await(ids[1], message.Accepted)
}

func TestDemoDataRefusesARealRoute(t *testing.T) {
	t.Parallel()
	r := setup(t, storetest.SQLite)
	r.write(func(ctx context.Context, tx store.Tx) error {
		o := r.org
		o.Demo = true
		if err := tx.Orgs().Update(ctx, o); err != nil {
			return err
		}
		route := r.route
		route.Simulator = false
		if _, err := tx.Routes().Save(ctx, route); err != nil {
			return err
		}
		return tx.Routes().SetState(ctx, r.route.ID, store.RouteOpen)
	})
	r.start()
	m := r.plan(r.ask("hello"))[0]
	if got := r.get(m); got.State != message.Refused || got.Reason != message.ReasonDemoRoute {
		t.Errorf("%s, %s", got.State, got.Reason)
	}
}

func TestFactsThatChangedAfterPlanningStopTheText(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		change func(ctx context.Context, tx store.Tx, r *rig, v schedule.Appointment) error
		want   message.Reason
	}{
		"the visit moved": {func(ctx context.Context, tx store.Tx, _ *rig, v schedule.Appointment) error {
			v.Start = v.Start.Add(time.Hour)
			_, err := tx.Visits().Update(ctx, []schedule.Appointment{v})
			return err
		}, message.ReasonFactChanged},
		"the patient died": {func(ctx context.Context, tx store.Tx, r *rig, _ schedule.Appointment) error {
			p := r.person
			p.Status = patient.Deceased
			_, err := tx.People().Update(ctx, []patient.Person{p})
			return err
		}, message.ReasonDeceased},
		"the patient confirmed": {func(ctx context.Context, tx store.Tx, _ *rig, v schedule.Appointment) error {
			_, err := tx.Visits().Answer(ctx, schedule.Response{Appointment: v.ID, Version: v.Version, Person: v.Person, Answer: schedule.Accepted, At: tx.Now()})
			return err
		}, message.ReasonAnswered},
		"consent was taken back": {func(ctx context.Context, tx store.Tx, r *rig, _ schedule.Appointment) error {
			_, err := tx.Consents().Append(ctx, []consent.Entry{{Org: r.org.ID, Person: r.person.ID, Point: r.point.ID, Channel: patient.SMS,
				Purpose: purpose.Appointment, Status: consent.Revoked, Method: consent.Staff, At: tx.Now()}})
			return err
		}, message.ReasonConsentRevoked},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := setup(t, storetest.SQLite).start()
			v := r.visit(noon.Add(26 * time.Hour))
			a := r.ask("Your visit is tomorrow.")
			a.Appointment, a.AppointmentVersion, a.Flags, a.DueAt = v.ID, v.Version, message.NotAfterAnswer, noon.Add(time.Hour)
			m := r.plan(a)[0]
			if got := r.get(m); got.State != message.Queued {
				t.Fatalf("planned as %s, %s", got.State, got.Reason)
			}
			r.domain.Advance(time.Minute)
			r.write(func(ctx context.Context, tx store.Tx) error { return c.change(ctx, tx, r, v) })
			r.domain.Advance(2 * time.Hour)
			if got := r.await(m, message.Refused); got.Reason != c.want || got.Decision.Verdict != "refuse" {
				t.Errorf("%s, recorded %q", got.Reason, got.Decision.Verdict)
			}
			if n := len(r.lines.at(r.route.ID).texts()); n != 0 {
				t.Errorf("%d texts left", n)
			}
		})
	}
}

func TestLateIsDroppedNeverSentLate(t *testing.T) {
	t.Parallel()
	r := setup(t, storetest.SQLite)
	wire := r.lines.at(r.route.ID)
	wire.down = true
	r.start()
	a := r.ask("hello")
	a.ExpiresAt = noon.Add(time.Hour)
	m := r.plan(a)[0]
	r.until("the line", func() bool { return wire.Health().State == carrier.StateDown })
	r.domain.Advance(2 * time.Hour)
	wire.set(func(l *line) { l.down, l.health.State = false, carrier.StateUp })
	r.dispatcher.Wake()
	if got := r.await(m, message.Expired); got.Reason != message.ReasonStale {
		t.Errorf("%s", got.Reason)
	}
	if len(wire.texts()) != 0 {
		t.Error("it was sent late")
	}
}

func TestNoTwoTextsPassACapTogether(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open storetest.Open) {
		r := setup(t, open).start()
		ids := r.plan(r.ask("one"), r.ask("two"), r.ask("three"), r.ask("four"))
		sent, refused := 0, 0
		r.until("every text's end", func() bool {
			sent, refused = 0, 0
			for _, m := range ids {
				switch d := r.get(m); {
				case d.State == message.Accepted:
					sent++
				case d.State == message.Refused && d.Reason == message.ReasonCap:
					refused++
				}
			}
			return sent+refused == len(ids)
		})
		if limit := purpose.Appointment.Traits().DayCap; sent != limit || len(r.lines.at(r.route.ID).texts()) != limit {
			t.Errorf("%d sent and %d refused, the cap is %d", sent, refused, limit)
		}
	})
}

func TestALongTextGoesInPartsAndIsAsGoodAsItsWorst(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open storetest.Open) {
		r := setup(t, open).start()
		m := r.plan(r.ask(strings.Repeat("a long text ", 20)))[0]
		r.await(m, message.Accepted)
		wire := r.lines.at(r.route.ID)
		sent := wire.texts()
		if len(sent) != 2 || len(sent[0].UDH) != 6 || sent[0].UDH[3] != sent[1].UDH[3] || sent[1].UDH[5] != 2 {
			t.Fatalf("%d parts", len(sent))
		}
		wire.receipts(t, carrier.Receipt{ProviderID: "p02", State: carrier.ReceiptDelivered})
		if got := r.get(m); got.State != message.Accepted {
			t.Errorf("one part made it %s", got.State)
		}
		wire.receipts(t, carrier.Receipt{ProviderID: "p01", State: carrier.ReceiptUndelivered, ErrCode: "5"})
		if got := r.get(m); got.State != message.Undelivered || !r.missed.has(m) {
			t.Errorf("%s, told %v", got.State, r.missed.has(m))
		}
	})
}

func TestOnlyThePartsThatDidNotLeaveAreSentAgain(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open storetest.Open) {
		r := setup(t, open)
		wire := r.lines.at(r.route.ID)
		n := 0
		wire.answer = func(carrier.Submit) carrier.Outcome {
			if n++; n == 2 {
				return carrier.Outcome{Class: carrier.Throttle, Status: 0x58}
			}
			return carrier.Outcome{Class: carrier.Accepted, ProviderID: providerID(n)}
		}
		r.start()
		m := r.plan(r.ask(strings.Repeat("a long text ", 30)))[0]
		r.until("a second try", func() bool { d := r.get(m); return d.State == message.Queued && d.Attempts == 1 })
		wire.receipts(t, carrier.Receipt{ProviderID: providerID(1), State: carrier.ReceiptDelivered}) // the parts that left arrive meanwhile
		wire.receipts(t, carrier.Receipt{ProviderID: providerID(3), State: carrier.ReceiptDelivered})
		if got := r.get(m); got.State != message.Queued {
			t.Errorf("two parts of three made it %s", got.State)
		}
		r.domain.Advance(time.Minute)
		r.await(m, message.Accepted)
		sent := wire.texts()
		if len(sent) != 4 || string(sent[3].UDH) != string(sent[1].UDH) || string(sent[3].Payload) != string(sent[1].Payload) || sent[1].UDH[5] != 2 {
			t.Fatalf("%d submits; the last is not the missing part", len(sent))
		}
		wire.receipts(t, carrier.Receipt{ProviderID: providerID(4), State: carrier.ReceiptDelivered})
		if got := r.get(m); got.State != message.Delivered || got.Attempts != 2 {
			t.Errorf("%s after %d attempts", got.State, got.Attempts)
		}
	})
}

func TestWhatBecomesOfATextWhosePartsFareDifferently(t *testing.T) {
	t.Parallel()
	accepted := carrier.Outcome{Class: carrier.Accepted, ProviderID: "first"}
	for name, c := range map[string]struct {
		first, second carrier.Outcome
		want          message.State
	}{
		"one left, one is refused for good":              {accepted, carrier.Outcome{Class: carrier.Permanent, Status: 0x0b}, message.Failed},
		"one left, nobody knows about the other":         {accepted, carrier.Outcome{Class: carrier.Unknown}, message.Unknown},
		"one is throttled, nobody knows about the other": {carrier.Outcome{Class: carrier.Throttle}, carrier.Outcome{Class: carrier.Unknown}, message.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := setup(t, storetest.SQLite)
			storetest.Append(t, r.store, r.scope, consent.Entry{Org: r.org.ID, Person: r.person.ID, Channel: patient.SMS, Purpose: purpose.Medication,
				Status: consent.Granted, Method: consent.Form, At: noon.Add(-time.Hour)})
			machine := clock.NewFixed(time.Now())
			r.machine = machine
			n := 0
			r.lines.at(r.route.ID).answer = func(carrier.Submit) carrier.Outcome {
				if n++; n == 1 {
					return c.first
				}
				return c.second
			}
			r.start()
			a := r.ask(strings.Repeat("a long text ", 20))
			a.Purpose = purpose.Medication // never sent again when nobody knows
			m := r.plan(a)[0]
			r.await(m, c.want)
			machine.Advance(2 * purpose.Medication.Traits().ReceiptWindow)
			r.until("somebody to be told", func() bool { return r.missed.has(m) })
			if got := r.get(m); got.State != c.want || len(r.lines.at(r.route.ID).texts()) != 2 {
				t.Errorf("%s after %d submits", got.State, len(r.lines.at(r.route.ID).texts()))
			}
		})
	}
}

func TestATextWhosePartsLeftByAnotherRouteGoesAfresh(t *testing.T) {
	t.Parallel()
	r := setup(t, storetest.SQLite)
	var second store.Route
	var sender store.Sender
	r.write(func(ctx context.Context, tx store.Tx) (err error) {
		if second, err = tx.Routes().Save(ctx, store.Route{Name: "two", Kind: store.RouteSMPP, State: store.RouteOpen, Simulator: true, Rank: 2}); err != nil {
			return err
		}
		sender, err = tx.Routes().SaveSender(ctx, store.Sender{Route: second.ID, Address: "48701", TwoWay: true})
		return err
	})
	n := 0
	r.lines.at(r.route.ID).answer = func(carrier.Submit) carrier.Outcome {
		if n++; n == 2 {
			return carrier.Outcome{Class: carrier.Retry, Status: 8}
		}
		return carrier.Outcome{Class: carrier.Accepted, ProviderID: providerID(n)}
	}
	r.start()
	m := r.plan(r.ask(strings.Repeat("a long text ", 20)))[0]
	r.until("a second try", func() bool { d := r.get(m); return d.State == message.Queued && d.Attempts == 1 })
	r.write(func(ctx context.Context, tx store.Tx) error {
		_, err := tx.Messages().Settle(ctx, []store.Move{{Message: m, From: message.Queued, To: message.Queued, Reason: message.ReasonRouteDown, DueAt: noon, Route: second.ID, Sender: sender.ID}})
		return err
	})
	r.await(m, message.Accepted)
	if n := len(r.lines.at(second.ID).texts()); n != 2 {
		t.Errorf("%d parts went by the other route, want the whole text", n)
	}
}

func TestAReceiptBeforeItsAnswerIsParked(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open storetest.Open) {
		r := setup(t, open)
		wire := r.lines.at(r.route.ID)
		wire.answer = func(carrier.Submit) carrier.Outcome { return carrier.Outcome{} } // later
		r.start()
		m := r.plan(r.ask("hello"))[0]
		r.until("the text", func() bool { return len(wire.texts()) == 1 })
		if err := wire.receipts(t, carrier.Receipt{ProviderID: "early", State: carrier.ReceiptDelivered})[0]; err != nil {
			t.Fatalf("refused: %v", err)
		}
		if got := r.get(m); got.State != message.Sending {
			t.Fatalf("%s before the answer", got.State)
		}
		wire.h.HandleOutcomes([]carrier.Outcome{{Ref: wire.texts()[0].Ref, Class: carrier.Accepted, ProviderID: "early"}})
		r.await(m, message.Delivered)
	})
}

func TestAnUnknownIsFoundByAReceiptOnlyWithoutDoubt(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		texts int
		echo  bool
		ref   bool
		found bool
	}{
		"one open unknown in the submit minute":      {1, false, false, true},
		"two open unknowns to the number":            {2, false, false, false},
		"two open unknowns, told apart by reference": {2, true, true, true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := setup(t, storetest.SQLite)
			wire := r.lines.at(r.route.ID)
			wire.traits.EchoesRef = c.echo
			wire.answer = func(carrier.Submit) carrier.Outcome { return carrier.Outcome{Class: carrier.Unknown} }
			r.start()
			asks := make([]outbox.Ask, c.texts)
			for i := range asks {
				asks[i] = r.ask("hello")
			}
			ids := r.plan(asks...)
			for _, m := range ids {
				r.await(m, message.Unknown)
			}
			rcpt := carrier.Receipt{ProviderID: "late", State: carrier.ReceiptDelivered, From: r.point.Number.Text(), To: phi.T(wire.texts()[0].From.Addr),
				SubmittedAt: r.get(ids[0]).LeasedAt.Truncate(time.Minute)}
			if c.ref {
				rcpt.UserRef = wire.texts()[0].UserRef
			}
			wire.receipts(t, rcpt)
			found := 0
			for _, m := range ids {
				if d := r.get(m); d.State == message.Delivered && d.ProviderID == "late" {
					found++
				}
			}
			if (found == 1) != c.found || found > 1 {
				t.Errorf("%d messages took the receipt", found)
			}
		})
	}
}

func TestWhatAnUnknownOutcomeMeansDependsOnThePurpose(t *testing.T) {
	t.Parallel()
	t.Run("care is sent again once, after the receipt window", func(t *testing.T) {
		t.Parallel()
		r := setup(t, storetest.SQLite)
		machine := clock.NewFixed(time.Now())
		r.machine = machine
		wire := r.lines.at(r.route.ID)
		wire.answer = func(carrier.Submit) carrier.Outcome { return carrier.Outcome{Class: carrier.Unknown} }
		r.start()
		m := r.plan(r.ask("hello"))[0]
		r.await(m, message.Unknown)
		machine.Advance(purpose.Appointment.Traits().ReceiptWindow + time.Minute)
		r.until("the second text", func() bool { d := r.get(m); return d.State == message.Unknown && d.Attempts == 2 })
		machine.Advance(purpose.Appointment.Traits().ReceiptWindow + time.Minute)
		r.until("the end", func() bool { return r.missed.has(m) })
		if n := len(wire.texts()); n != 2 || !r.get(m).Resent {
			t.Errorf("%d texts left", n)
		}
	})
	t.Run("a purpose that never resends is left and told", func(t *testing.T) {
		t.Parallel()
		r := setup(t, storetest.SQLite)
		storetest.Append(t, r.store, r.scope, consent.Entry{Org: r.org.ID, Person: r.person.ID, Channel: patient.SMS, Purpose: purpose.Medication,
			Status: consent.Granted, Method: consent.Form, At: noon.Add(-time.Hour)})
		machine := clock.NewFixed(time.Now())
		r.machine = machine
		wire := r.lines.at(r.route.ID)
		wire.answer = func(carrier.Submit) carrier.Outcome { return carrier.Outcome{Class: carrier.Unknown} }
		r.start()
		a := r.ask("hello")
		a.Purpose = purpose.Medication
		m := r.plan(a)[0]
		r.await(m, message.Unknown)
		machine.Advance(purpose.Medication.Traits().ReceiptWindow + time.Minute)
		r.until("the end", func() bool { return r.missed.has(m) && r.get(m).Reason == message.ReasonNoReceipt })
		if got := r.get(m); len(wire.texts()) != 1 || got.State != message.Unknown {
			t.Errorf("%d texts, %s, %s", len(wire.texts()), got.State, got.Reason)
		}
	})
	t.Run("an emergency goes by another route at once", func(t *testing.T) {
		t.Parallel()
		r := setup(t, storetest.SQLite)
		var second store.Route
		r.write(func(ctx context.Context, tx store.Tx) error {
			var err error
			if second, err = tx.Routes().Save(ctx, store.Route{Name: "two", Kind: store.RouteSMPP, State: store.RouteOpen, Simulator: true, Rank: 2}); err != nil {
				return err
			}
			_, err = tx.Routes().SaveSender(ctx, store.Sender{Route: second.ID, Address: "48701", TwoWay: true})
			return err
		})
		r.lines.at(r.route.ID).answer = func(carrier.Submit) carrier.Outcome { return carrier.Outcome{Class: carrier.Unknown} }
		r.start()
		a := r.ask("leave the building")
		a.Purpose = purpose.Emergency
		m := r.plan(a)[0]
		got := r.await(m, message.Accepted)
		if got.Route != second.ID || len(r.lines.at(second.ID).texts()) != 1 || !got.Resent {
			t.Error("it did not go by the second route")
		}
	})
}

func TestADeadLeaseLeavesUnknownsThatEverybodySees(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open storetest.Open) {
		r := setup(t, open)
		wire := r.lines.at(r.route.ID)
		wire.answer = func(carrier.Submit) carrier.Outcome { return carrier.Outcome{} } // never
		r.start()
		m := r.plan(r.ask("hello"))[0]
		r.until("the text", func() bool { return len(wire.texts()) == 1 })
		r.stop() // the answer never came: the row is still sending
		r.start()
		got := r.await(m, message.Unknown)
		if got.Reason != message.ReasonNoAnswer || len(r.events(m)) != 1 {
			t.Errorf("%s with %d events", got.Reason, len(r.events(m)))
		}
		if n := len(wire.texts()); n != 1 {
			t.Errorf("%d texts left", n)
		}
	})
}

func TestASecondNodeDoesNotServeALeasedRoute(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open storetest.Open) {
		r := setup(t, open)
		machine := clock.NewFixed(time.Now())
		r.machine = machine
		r.start()
		r.until("the first node's line", func() bool { return r.lines.at(r.route.ID).Health().State == carrier.StateUp })
		second := *r
		second.lines = &lines{of: map[id.ID]*line{}}
		second.start()
		r.await(r.plan(r.ask("hello"))[0], message.Accepted)
		if got := second.lines.at(r.route.ID).Health().State; got != carrier.StateStopped {
			t.Errorf("the second node's line is %s", got)
		}
		r.stop() // gives the lease back
		second.until("the second node's line", func() bool { return second.lines.at(r.route.ID).Health().State == carrier.StateUp })
		m := second.plan(second.ask("again"))[0]
		second.await(m, message.Accepted)
		if len(second.lines.at(r.route.ID).texts()) != 1 || len(r.lines.at(r.route.ID).texts()) != 1 {
			t.Error("a text went by the wrong node")
		}
		machine.Advance(time.Minute) // its lease is over on this machine's clock: the guard holds even what is leased
		h := second.lines.at(r.route.ID).h
		if got := h.Guard(&carrier.Submit{Ref: 1}); got != carrier.PermitHeld {
			t.Error("a fenced node may still hand over")
		}
	})
}

func TestDueTextsLeaveARouteWhoseLineIsDown(t *testing.T) {
	t.Parallel()
	r := setup(t, storetest.SQLite)
	machine := clock.NewFixed(time.Now())
	r.machine = machine
	var second store.Route
	r.write(func(ctx context.Context, tx store.Tx) error {
		var err error
		if second, err = tx.Routes().Save(ctx, store.Route{Name: "two", Kind: store.RouteSMPP, State: store.RouteOpen, Simulator: true, Rank: 2}); err != nil {
			return err
		}
		_, err = tx.Routes().SaveSender(ctx, store.Sender{Route: second.ID, Address: "48701", TwoWay: true})
		return err
	})
	r.lines.at(r.route.ID).down = true
	r.start()
	m := r.plan(r.ask("hello"))[0]
	r.until("the line", func() bool { return r.lines.at(r.route.ID).Health().State == carrier.StateDown })
	machine.Advance(31 * time.Second)
	r.until("the other route to take it", func() bool { return r.get(m).Route == second.ID })
	if ev := r.events(m); len(ev) == 0 || ev[0].Reason != message.ReasonRouteDown {
		t.Errorf("events %+v", ev)
	}
}

func TestTextsThatNoOtherRouteServesHideNothingBehindThem(t *testing.T) {
	t.Parallel()
	r := setup(t, storetest.SQLite)
	machine := clock.NewFixed(time.Now())
	r.machine = machine
	var second store.Route
	r.write(func(ctx context.Context, tx store.Tx) error {
		var err error
		if second, err = tx.Routes().Save(ctx, store.Route{Name: "two", Kind: store.RouteSMPP, State: store.RouteOpen, Simulator: true, Rank: 2}); err != nil {
			return err
		}
		_, err = tx.Routes().SaveSender(ctx, store.Sender{Route: second.ID, Address: "48701", TwoWay: true, Purposes: []purpose.Purpose{purpose.Appointment}})
		return err
	})
	r.lines.at(r.route.ID).down = true
	r.start()
	r.until("the line", func() bool { return r.lines.at(r.route.ID).Health().State == carrier.StateDown })
	last := r.plan(r.ask("hello"))[0]
	r.write(func(ctx context.Context, tx store.Tx) error {
		front := make([]store.Draft, 1300) // more than one sweep looks through, and due before
		model, err := tx.Messages().Get(ctx, last)
		for i := range front {
			front[i] = model
			front[i].ID, front[i].Purpose, front[i].DueAt = id.New(), purpose.Recall, model.DueAt.Add(-time.Minute)
		}
		if err == nil {
			_, err = tx.Messages().Insert(ctx, front, nil)
		}
		return err
	})
	machine.Advance(31 * time.Second)
	r.until("the other route to take what it serves", func() bool { return r.get(last).Route == second.ID })
}

func TestQuietHoursHoldAndThenLetGo(t *testing.T) {
	t.Parallel()
	r := setup(t, storetest.SQLite)
	r.domain.Set(time.Date(2026, time.March, 3, 22, 30, 0, 0, time.UTC)) // half past eleven at night
	r.start()
	a := r.ask("hello")
	a.ExpiresAt = r.domain.Now().Add(48 * time.Hour)
	m := r.plan(a)[0]
	got := r.get(m)
	if got.State != message.Held || got.Reason != message.ReasonQuietHours || got.HeldUntil.IsZero() {
		t.Fatalf("%s, %s, until %v", got.State, got.Reason, got.HeldUntil)
	}
	r.domain.Set(got.HeldUntil.Add(time.Minute))
	r.await(m, message.Accepted)
}
