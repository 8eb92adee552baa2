package plan_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/core/feed"
	"carillon.dev/carillon/internal/core/journey"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/engine/outbox"
	"carillon.dev/carillon/internal/engine/plan"
	"carillon.dev/carillon/internal/engine/plan/plantest"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/storetest"
)

// onBoth runs a test in a fresh clinic on either database.
func onBoth(t *testing.T, test func(t *testing.T, k *plantest.Clinic)) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open storetest.Open) {
		c := clock.NewFixed(plantest.Noon)
		test(t, plantest.New(t, open(t, c), c, outbox.Options{}))
	})
}

// lines are "step state" of a visit's messages, oldest first.
func lines(k *plantest.Clinic, v schedule.Appointment) []string {
	var out []string
	for _, m := range k.Messages(v.ID) {
		why := string(m.Reason)
		if m.Reason == message.ReasonReceipt {
			why = ""
		}
		out = append(out, strings.TrimSpace(m.Origin.Step+" "+string(m.State)+" "+why))
	}
	return out
}

func want(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("messages are %q, want %q", got, want)
	}
}

const day = 24 * time.Hour

func TestAVisitIsConfirmedAndRemindedOf(t *testing.T) {
	onBoth(t, func(t *testing.T, k *plantest.Clinic) {
		v := k.Book(k.Person(true).ID, plantest.Noon.Add(21*day), plantest.Noon)
		k.Sweep()
		want(t, lines(k, v), "booking queued")
		k.Run(22*day, 6*time.Hour)
		want(t, lines(k, v), "booking delivered", "week-before delivered", "day-before delivered")
		for _, m := range k.Messages(v.ID) {
			if m.Body.IsEmpty() || m.AppointmentVersion != 1 || m.Origin.Kind != message.FromJourney {
				t.Errorf("%s has no text, or is bound to nothing", m.Origin.Step)
			}
		}
	})
}

func TestAMovedVisitIsToldOnceWithBothTimes(t *testing.T) {
	onBoth(t, func(t *testing.T, k *plantest.Clinic) {
		v := k.Book(k.Person(true).ID, plantest.Noon.Add(3*day), plantest.Noon)
		k.Sweep()
		k.Clock.Advance(3 * time.Minute)
		k.Deliver()
		v = k.Change(v, func(v *schedule.Appointment) { v.Start = plantest.Noon.Add(5 * day) })
		k.Sweep()
		want(t, lines(k, v), "booking delivered", "day-before cancelled fact_changed")
		k.Clock.Advance(2 * time.Minute)
		k.Sweep()
		k.Deliver()
		all := k.Messages(v.ID)
		i := slices.IndexFunc(all, func(d store.Draft) bool { return d.Origin.Step == "moved" })
		if i < 0 || all[i].State != message.Delivered || all[i].Corrects != all[0].ID || !all[i].Flags.Has(message.ToldChange|message.Correction) {
			t.Fatalf("the notice: %v", lines(k, v))
		}
		if text := all[i].Body.Reveal(); !strings.Contains(text, "7 May") && !strings.Contains(text, "May 7") || !strings.Contains(text, "9 May") && !strings.Contains(text, "May 9") {
			t.Errorf("the notice says %q", text)
		}
		k.Run(6*day, 6*time.Hour)
		want(t, lines(k, v), "booking delivered", "day-before cancelled fact_changed", "moved delivered", "day-before delivered")
	})
}

func TestACancelledVisitTakesItsTextsAlong(t *testing.T) {
	onBoth(t, func(t *testing.T, k *plantest.Clinic) {
		v := k.Book(k.Person(true).ID, plantest.Noon.Add(3*day), plantest.Noon)
		k.Sweep()
		k.Change(v, func(v *schedule.Appointment) { v.Status = schedule.Cancelled })
		k.Sweep()
		k.Clock.Advance(2 * time.Minute)
		k.Sweep()
		k.Deliver()
		want(t, lines(k, v), "booking cancelled fact_changed", "day-before cancelled fact_changed", "cancelled delivered")
		k.Run(4*day, 6*time.Hour)
		want(t, lines(k, v), "booking cancelled fact_changed", "day-before cancelled fact_changed", "cancelled delivered")
	})
}

func TestAVisitThatMovedAndWasCancelledIsCalledByItsOldTime(t *testing.T) {
	onBoth(t, func(t *testing.T, k *plantest.Clinic) {
		v := k.Book(k.Person(true).ID, plantest.Noon.Add(3*day), plantest.Noon.Add(-30*day))
		k.Sweep()
		v = k.Change(v, func(v *schedule.Appointment) { v.Start = plantest.Noon.Add(8 * day) })
		k.Sweep()
		k.Change(v, func(v *schedule.Appointment) { v.Status = schedule.Cancelled })
		k.Sweep()
		k.Clock.Advance(2 * time.Minute)
		k.Sweep()
		k.Deliver()
		want(t, lines(k, v), "day-before cancelled fact_changed", "cancelled delivered")
		if text := k.Messages(v.ID)[1].Body.Reveal(); !strings.Contains(text, "7 May") && !strings.Contains(text, "May 7") {
			t.Errorf("the patient, who knows of 7 May, is told %q", text)
		}
	})
}

func TestNewsBreaksTheNightOnlyWhenTheMorningIsTooLate(t *testing.T) {
	night := plantest.Noon.Add(12 * time.Hour) // midnight in Warsaw
	for name, tt := range map[string]struct {
		visit time.Time
		now   bool
	}{
		"a visit tomorrow morning":     {night.Add(11 * time.Hour), true},
		"a visit the day after":        {night.Add(35 * time.Hour), false},
		"a visit tomorrow, very early": {night.Add(7 * time.Hour), true},
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, k *plantest.Clinic) {
				v := k.Book(k.Person(true).ID, tt.visit, plantest.Noon.Add(-30*day))
				k.Sweep()
				k.Clock.Set(night)
				k.Change(v, func(v *schedule.Appointment) { v.Status = schedule.Cancelled })
				k.Sweep()
				k.Clock.Advance(2 * time.Minute)
				k.Sweep()
				all := k.Messages(v.ID)
				notice := all[len(all)-1]
				if notice.Origin.Step != "cancelled" || notice.State != message.Queued {
					t.Fatalf("messages %v", lines(k, v))
				}
				if at := notice.DueAt.Equal(k.Clock.Now()); at != tt.now || notice.Flags.Has(message.BreaksQuiet) != tt.now {
					t.Errorf("leaves at %v, breaks the night %v", notice.DueAt, notice.Flags.Has(message.BreaksQuiet))
				}
			})
		})
	}
}

func TestNewsThatCannotGoIsOnTheCallListAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, k *plantest.Clinic) {
		who := k.Person(false)
		v := k.Book(who.ID, plantest.Noon.Add(3*day), plantest.Noon.Add(-30*day))
		k.Sweep()
		v = k.Change(v, func(v *schedule.Appointment) { v.Start = plantest.Noon.Add(4 * day) })
		k.Sweep()
		k.Clock.Advance(2 * time.Minute)
		k.Sweep()
		calls := open(k)
		if len(calls) != 1 || calls[0].Appointment != v.ID || calls[0].Reason != string(message.ReasonNoConsent) || !calls[0].Urgent || calls[0].Message.IsZero() {
			t.Fatalf("call list: %+v; messages %v", calls, lines(k, v))
		}
		k.Change(v, func(v *schedule.Appointment) { v.Status = schedule.Fulfilled })
		k.Sweep()
		if calls := open(k); len(calls) != 0 {
			t.Errorf("still to be called after the visit: %+v", calls)
		}
	})
}

func open(k *plantest.Clinic) (out []conversation.Task) {
	k.Read(func(ctx context.Context, tx store.Tx) (err error) {
		out, err = tx.Tasks().List(ctx, store.TaskFilter{Kinds: []conversation.TaskKind{conversation.CallPatient}}, store.Page{})
		return err
	})
	return out
}

func TestConsentThatComesLaterIsNotTooLate(t *testing.T) {
	onBoth(t, func(t *testing.T, k *plantest.Clinic) {
		who := k.Person(false)
		v := k.Book(who.ID, plantest.Noon.Add(3*day), plantest.Noon.Add(-30*day))
		k.Sweep()
		want(t, lines(k, v))
		k.Consent(who.ID)
		k.Run(3*day, 6*time.Hour)
		want(t, lines(k, v), "day-before delivered")
	})
}

func TestAReminderWithoutConsentIsRefusedAtItsTimeAndSaysSo(t *testing.T) {
	onBoth(t, func(t *testing.T, k *plantest.Clinic) {
		v := k.Book(k.Person(false).ID, plantest.Noon.Add(3*day), plantest.Noon.Add(-30*day))
		k.Run(3*day, 6*time.Hour)
		want(t, lines(k, v), "day-before refused no_consent")
	})
}

func TestTwoPlannersSayNothingTwice(t *testing.T) {
	onBoth(t, func(t *testing.T, k *plantest.Clinic) {
		var visits []schedule.Appointment
		for range 5 {
			visits = append(visits, k.Book(k.Person(true).ID, plantest.Noon.Add(3*day), plantest.Noon))
		}
		done := make(chan error, 2)
		for range 2 {
			go func() {
				_, err := k.Plan.Sweep(context.Background())
				done <- err
			}()
		}
		for range 2 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		k.Sweep()
		for _, v := range visits {
			want(t, lines(k, v), "booking queued", "day-before queued")
		}
	})
}

func TestTheFutureIsWhatTheSweepWillDo(t *testing.T) {
	onBoth(t, func(t *testing.T, k *plantest.Clinic) {
		v := k.Book(k.Person(true).ID, plantest.Noon.Add(9*day), plantest.Noon)
		seen := future(t, k, v)
		want(t, seen, "booking queued", "week-before skipped not_booked_long_before", "day-before queued")
		k.Sweep()
		want(t, future(t, k, v), seen...)
		k.Run(10*day, 6*time.Hour)
		want(t, lines(k, v), "booking delivered", "day-before delivered")
		want(t, future(t, k, v))
	})
}

func TestTheFutureNamesWhatStandsInTheWay(t *testing.T) {
	onBoth(t, func(t *testing.T, k *plantest.Clinic) {
		v := k.Book(k.Person(false).ID, plantest.Noon.Add(9*day), plantest.Noon.Add(-30*day))
		k.Sweep()
		want(t, future(t, k, v), "booking skipped booked_long_ago", "week-before refused no_consent", "day-before refused no_consent")
		k.Change(v, func(v *schedule.Appointment) { v.Start = plantest.Noon.Add(10 * day) })
		k.Sweep()
		if got := future(t, k, v); !slices.Contains(got, "moved settling") {
			t.Errorf("future %q", got)
		}
	})
}

func future(t *testing.T, k *plantest.Clinic, v schedule.Appointment) (out []string) {
	t.Helper()
	fs, err := k.Plan.OfPerson(t.Context(), k.Scope, v.Person)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range fs {
		s := f.Step + " " + string(f.Says)
		switch {
		case f.Settling:
			s = f.Step + " settling"
		case f.Skip != "":
			s = f.Step + " skipped " + string(f.Skip)
		case f.Why != "":
			s += " " + string(f.Why)
		}
		if f.Will() != strings.HasSuffix(s, "queued") {
			t.Errorf("%s: will %v", s, f.Will())
		}
		out = append(out, s)
	}
	return out
}

func TestAnImportOnHoldSaysNothingUntilItIsReleased(t *testing.T) {
	onBoth(t, func(t *testing.T, k *plantest.Clinic) {
		var imported feed.Import
		k.Write(func(ctx context.Context, tx store.Tx) (err error) {
			src, err := tx.Visits().SaveSource(ctx, schedule.Source{Name: "practice"})
			if err != nil {
				return err
			}
			imported, err = tx.Imports().Create(ctx, feed.Import{Source: src.ID, Kind: feed.Appointments, State: feed.Applied, Held: true, Why: feed.FirstImport, Created: tx.Now()})
			return err
		})
		v := k.Book(k.Person(true).ID, plantest.Noon.Add(3*day), plantest.Noon)
		k.Change(v, func(v *schedule.Appointment) { v.Import = imported.ID })
		k.Run(time.Hour, 10*time.Minute)
		want(t, lines(k, v))
		held, err := k.Plan.HeldBy(t.Context(), k.Scope, imported.ID)
		if err != nil || held.Visits != 1 || held.Texts["booking"] != 1 || held.Texts["day-before"] != 1 || len(held.Samples) != 2 || held.Samples[0].Draft.Body.IsEmpty() {
			t.Fatalf("held %+v, %v", held, err)
		}
		k.Write(func(ctx context.Context, tx store.Tx) error {
			imported.Held, imported.Released = false, tx.Now()
			_, err := tx.Imports().Update(ctx, imported)
			return err
		})
		if err := k.Plan.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
		want(t, lines(k, v), "booking queued", "day-before queued")
	})
}

func TestAReminderThatCouldNotBeDeliveredIsACall(t *testing.T) {
	onBoth(t, func(t *testing.T, k *plantest.Clinic) {
		v := k.Book(k.Person(true).ID, plantest.Noon.Add(3*day), plantest.Noon.Add(-30*day))
		k.Sweep()
		k.Clock.Set(plantest.Noon.Add(2 * day))
		k.Lose()
		k.Sweep()
		want(t, lines(k, v), "day-before undelivered")
		calls := open(k)
		if len(calls) != 1 || calls[0].Appointment != v.ID || calls[0].Urgent {
			t.Errorf("call list %+v", calls)
		}
	})
}

func TestAnImportThatIsUndoneTellsOnlyWhoWasTold(t *testing.T) {
	onBoth(t, func(t *testing.T, k *plantest.Clinic) {
		silent := k.Book(k.Person(true).ID, plantest.Noon.Add(30*day), plantest.Noon.Add(-30*day))
		told := k.Book(k.Person(true).ID, plantest.Noon.Add(30*day), plantest.Noon)
		k.Sweep()
		k.Clock.Advance(3 * time.Minute)
		k.Deliver()
		for _, v := range []schedule.Appointment{silent, told} {
			k.Change(v, func(v *schedule.Appointment) { v.Status = schedule.EnteredInError })
		}
		k.Run(10*time.Minute, 2*time.Minute)
		want(t, lines(k, silent))
		want(t, lines(k, told), "booking delivered", "cancelled delivered")
	})
}

func TestRunningEnrollmentsKeepTheirVersion(t *testing.T) {
	onBoth(t, func(t *testing.T, k *plantest.Clinic) {
		before := k.Book(k.Person(true).ID, plantest.Noon.Add(2*day), plantest.Noon.Add(-30*day))
		k.Sweep()
		second := strings.NewReplacer("version: 1", "version: 2", "enabled: false", "enabled: true").Replace(string(journey.ShippedFiles()[0]))
		if _, err := k.Plan.SaveJourney(t.Context(), k.Scope, plan.Saving{Source: second}); err != nil {
			t.Fatal(err)
		}
		after := k.Book(k.Person(true).ID, plantest.Noon.Add(2*day), plantest.Noon.Add(-30*day))
		k.Run(2*day, 2*time.Hour)
		want(t, lines(k, before), "day-before delivered")
		want(t, lines(k, after), "day-before delivered", "hours-before delivered")
		if _, err := k.Plan.SaveJourney(t.Context(), k.Scope, plan.Saving{Source: second}); !errs.Is(err, errs.Conflict) {
			t.Errorf("the same version twice: %v", err)
		}
		third := strings.NewReplacer("version: 1", "version: 3", "template: booking", "template: bookings").Replace(string(journey.ShippedFiles()[0]))
		if _, err := k.Plan.SaveJourney(t.Context(), k.Scope, plan.Saving{Source: third}); !errs.Is(err, errs.Invalid) {
			t.Errorf("a text that nobody wrote: %v", err)
		}
	})
}

// Whoever is asked about three visits has no digit left for a fourth: its reminder says whom to call, and a call is due.
func TestAReminderWithoutFreeDigitsLeavesWithoutThemBesideACall(t *testing.T) {
	onBoth(t, func(t *testing.T, k *plantest.Clinic) {
		who := k.Person(true)
		v := k.Book(who.ID, plantest.Noon.Add(30*time.Hour), plantest.Noon.Add(-30*day))
		k.Sweep()
		k.Write(func(ctx context.Context, tx store.Tx) error {
			contacts, err := tx.People().ContactsOf(ctx, []id.ID{who.ID})
			if err != nil {
				return err
			}
			var all []conversation.Question
			for _, digits := range []string{"123", "456", "789"} {
				q := conversation.Question{Point: contacts[who.ID][0].Point.ID, Person: who.ID, Message: id.New(), Appointment: id.New(), Version: 1,
					Codes: map[string]string{}, AskedAt: tx.Now(), ClosesAt: tx.Now().Add(20 * day)}
				for i, intent := range []string{"confirm", "cancel", "reschedule"} {
					q.Codes[digits[i:i+1]] = intent
				}
				all = append(all, q)
			}
			_, err = tx.Conversations().AskQuestions(ctx, all)
			return err
		})
		if got := future(t, k, v); !slices.Contains(got, "day-before queued") {
			t.Errorf("future %q", got)
		}
		k.Run(8*time.Hour, time.Hour)
		all := k.Messages(v.ID)
		if len(all) != 1 || all[0].State != message.Delivered || strings.Contains(all[0].Body.Reveal(), "to confirm, ") || !strings.Contains(all[0].Body.Reveal(), "call") {
			t.Errorf("messages %q, text %q", lines(k, v), all[0].Body.Reveal())
		}
		if calls := open(k); len(calls) != 1 || calls[0].Appointment != v.ID || calls[0].Reason != string(message.ReasonNoFreeCodes) {
			t.Errorf("calls %+v", calls)
		}
	})
}

func TestACancellationThatCouldNotBeDeliveredIsACall(t *testing.T) {
	onBoth(t, func(t *testing.T, k *plantest.Clinic) {
		v := k.Book(k.Person(true).ID, plantest.Noon.Add(9*day), plantest.Noon.Add(-9*day))
		k.Sweep()
		k.Change(v, func(v *schedule.Appointment) { v.Status = schedule.Cancelled })
		k.Sweep()
		k.Clock.Advance(2 * time.Minute)
		k.Sweep()
		k.Lose()
		k.Sweep()
		if calls := open(k); len(calls) != 1 || !calls[0].Urgent || calls[0].Appointment != v.ID {
			t.Errorf("call list %+v, messages %v", calls, lines(k, v))
		}
	})
}
