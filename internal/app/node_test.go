package app_test

import (
	"context"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"carillon.dev/carillon/internal/app"
	"carillon.dev/carillon/internal/app/config"
	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/engine/desk"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/postgres/pgtest"
	"carillon.dev/carillon/internal/store/sqlite"
)

// speed of the domain clock: two minutes pass in a second.
const speed = 120

// so is something that a store can be asked until it is true.
type so = func(context.Context, store.Tx) (bool, error)

// told reports whether a text to the patient is in one of these states.
func told(v visitor, states ...message.State) so {
	return func(ctx context.Context, tx store.Tx) (bool, error) {
		all, err := tx.Messages().List(ctx, store.MessageFilter{Person: v.person, States: states}, store.Page{Limit: 10})
		return len(all) > 0, err
	}
}

// untold reports whether a text to the patient does not leave, for this reason.
func untold(v visitor, why message.Reason) so {
	return func(ctx context.Context, tx store.Tx) (bool, error) {
		all, err := tx.Messages().List(ctx, store.MessageFilter{Person: v.person, Reason: why,
			States: []message.State{message.Held, message.Refused}}, store.Page{Limit: 10})
		return len(all) > 0, err
	}
}

// answered reports whether the patient's answer about the visit is this one.
func answered(v visitor, want schedule.Answer) so {
	return func(ctx context.Context, tx store.Tx) (bool, error) {
		all, err := tx.Visits().Answers(ctx, []id.ID{v.visit})
		return slices.ContainsFunc(all[v.visit], func(a schedule.Response) bool { return a.Answer == want }), err
	}
}

// heard reports whether so many texts of the patient were taken in.
func heard(v visitor, n int) so {
	return func(ctx context.Context, tx store.Tx) (bool, error) {
		all, err := tx.Conversations().InboundOf(ctx, v.point, store.Page{Limit: 20})
		return len(all) >= n, err
	}
}

// says lets the patient's phone write to the clinic's number.
func (v visitor) says(t *testing.T, sim *smsc, c *clinic, text string) {
	t.Helper()
	must(t, sim.Text(c.account, v.number.Digits(), c.sender, text))
}

// digit is what the patient's open question takes for an intent.
func (r *running) digit(t *testing.T, c *clinic, v visitor, intent string) (out string) {
	t.Helper()
	r.until(t, c.scope, "there is an open question with a digit for "+intent, func(ctx context.Context, tx store.Tx) (bool, error) {
		all, err := tx.Conversations().QuestionsOf(ctx, []id.ID{v.point}, tx.Now())
		for _, q := range all {
			for code, means := range q.Codes {
				if means == intent && q.Asked {
					out = code
				}
			}
		}
		return out != "", err
	})
	return out
}

func TestANodeSendsHearsAndUnderstands(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, where config.Storage) {
		domain := clock.NewFast(noon, speed)
		sim := operator(t, domain)
		r := serve(t, where, domain, nil)
		c := r.found(t, sim, wanted{demo: true, patients: 4, numbers: "+4850020", sender: "48732100100"})
		yes, no, ask, enough := c.patients[0], c.patients[1], c.patients[2], c.patients[3]
		for _, v := range c.patients {
			r.until(t, c.scope, "the reminder left and its receipt is durable", told(v, message.Delivered))
		}

		yes.says(t, sim, c, "1")
		r.until(t, c.scope, "a patient's 1 confirms", answered(yes, schedule.Accepted))

		no.says(t, sim, c, r.digit(t, c, no, "cancel"))
		r.until(t, c.scope, "a cancellation moves the calendar", func(ctx context.Context, tx store.Tx) (bool, error) {
			v, err := tx.Visits().Get(ctx, no.visit)
			return v.Status == schedule.Cancelled, err
		})

		ask.says(t, sim, c, "May I bring my dog along?")
		r.until(t, c.scope, "a question lands in the inbox", func(ctx context.Context, tx store.Tx) (bool, error) {
			all, err := tx.Conversations().WaitingThreads(ctx, id.ID{}, 10)
			return slices.ContainsFunc(all, func(x conversation.Conversation) bool { return x.Point == ask.point }), err
		})

		enough.says(t, sim, c, "STOP")
		r.until(t, c.scope, "STOP is confirmed and opts out", optedOut(t, enough))
		enough.says(t, sim, c, "Stop!")
		r.until(t, c.scope, "the second STOP is taken in", heard(enough, 2))
		r.until(t, c.scope, "one STOP or two, one text confirms", optedOut(t, enough))
	})
}

// optedOut reports whether the number is opted out and was told so; a second text is a failure.
func optedOut(t *testing.T, v visitor) so {
	return func(ctx context.Context, tx store.Tx) (bool, error) {
		outs, err := tx.Consents().OptOuts(ctx, id.ID{}, 100)
		if err != nil || !slices.ContainsFunc(outs, func(o store.OptOut) bool { return o.Point == v.point && o.OptedOut }) {
			return false, err
		}
		texts, err := tx.Messages().AnswersTo(ctx, v.point, 20)
		if len(texts) > 1 {
			t.Errorf("%d texts answer a STOP", len(texts))
		}
		return len(texts) == 1 && !texts[0].Exempt.IsZero() && texts[0].State == message.Delivered, err
	}
}

func TestStopAllHaltsWithinASecondAndOutlivesTheNode(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, where config.Storage) {
		domain := clock.NewFast(noon, speed)
		sim := operator(t, domain)
		r := serve(t, where, domain, nil)
		const patients = 120
		c := r.found(t, sim, wanted{demo: true, patients: patients, rate: 15, numbers: "+4850030", sender: "48732100200"})
		some := func(states ...message.State) (n int) {
			r.until(t, c.scope, "messages are counted", func(ctx context.Context, tx store.Tx) (bool, error) {
				counts, err := tx.Messages().StateCounts(ctx, noon.AddDate(0, 0, -1))
				for _, s := range states {
					n += counts[s]
				}
				return true, err
			})
			return n
		}
		r.until(t, c.scope, "sending is under way", func(ctx context.Context, tx store.Tx) (bool, error) {
			counts, err := tx.Messages().StateCounts(ctx, noon.AddDate(0, 0, -1))
			return counts[message.Delivered] >= 10, err
		})

		must(t, r.Board.StopAll(context.Background(), c.scope))
		halted := time.Now()
		// The patients' phones still write: that a text is taken in proves, later than the second, that the node is at work.
		c.patients[0].says(t, sim, c, "1")
		r.until(t, c.scope, "texts are taken in while sending is stopped", heard(c.patients[0], 1))
		r.quietUntil(halted.Add(1500 * time.Millisecond))
		if last := sim.Stats().LastSubmit; last.After(halted.Add(time.Second)) {
			t.Errorf("a text was handed over %v after stop-all", last.Sub(halted))
		}
		sent := sim.Stats().Submitted
		if left := patients - int(sent); left < 20 {
			t.Fatalf("only %d texts are left to hold back", left)
		}

		r.stop()
		r = serve(t, where, domain, nil)
		c.patients[1].says(t, sim, c, "1")
		r.until(t, c.scope, "the node that started again takes texts in", heard(c.patients[1], 1))
		r.quietUntil(time.Now().Add(time.Second))
		if now := sim.Stats().Submitted; now != sent {
			t.Errorf("%d texts left after a restart of the node that was stopped", now-sent)
		}

		must(t, r.Board.Resume(context.Background(), c.scope))
		r.until(t, c.scope, "what waited leaves after resume", func(ctx context.Context, tx store.Tx) (bool, error) {
			counts, err := tx.Messages().StateCounts(ctx, noon.AddDate(0, 0, -1))
			return counts[message.Delivered] >= patients-2, err // who confirmed meanwhile is not reminded
		})
		if n := some(message.Failed, message.Unknown); n != 0 {
			t.Errorf("%d texts failed or are unknown", n)
		}
		if n := sim.Stats().Duplicates; n != 0 {
			t.Errorf("%d texts went out twice", n)
		}
	})
}

// quietUntil hears changes until a moment: what should not happen had all that time.
func (r *running) quietUntil(end time.Time) {
	ctx, cancel := context.WithDeadline(context.Background(), end)
	defer cancel()
	sub := r.Store.Subscribe()
	defer sub.Close()
	for ctx.Err() == nil {
		_, _ = sub.Next(ctx)
	}
}

func TestARouteOnTrialServesItsGuestsOnly(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, where config.Storage) {
		domain := clock.NewFast(noon, speed)
		sim := operator(t, domain)
		r := serve(t, where, domain, nil)
		c := r.found(t, sim, wanted{real: true, patients: 2, numbers: "+4850040", sender: "48732100300"})
		guest, stranger := c.patients[0], c.patients[1]
		if c.route.State != store.RouteTrial {
			t.Fatalf("a new real route is %s", c.route.State)
		}
		must(t, r.Routes.SetGuests(context.Background(), c.scope, c.route.ID, []phone.Number{guest.number}))
		r.until(t, c.scope, "the guest is reminded", told(guest, message.Delivered))
		r.until(t, c.scope, "the stranger is not", untold(stranger, message.ReasonTrialMode))
		parts := 0
		must(t, r.Store.Read(context.Background(), c.scope, func(tx store.Tx) error {
			all, err := tx.Messages().List(context.Background(), store.MessageFilter{Person: guest.person}, store.Page{Limit: 10})
			for _, m := range all {
				parts += m.Segments
			}
			return err
		}))
		if n := int(sim.Stats().Submitted); n == 0 || n > parts {
			t.Errorf("%d submits left on trial, the guest's texts have %d", n, parts)
		}
	})
}

func TestMadeUpPatientsAreNeverTextedByARealOperator(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, where config.Storage) {
		domain := clock.NewFast(noon, speed)
		sim := operator(t, domain)
		r := serve(t, where, domain, nil)
		c := r.found(t, sim, wanted{demo: true, real: true, patients: 1, numbers: "+4850050", sender: "48732100400"})
		v := c.patients[0]
		must(t, r.Routes.SetGuests(context.Background(), c.scope, c.route.ID, []phone.Number{v.number}))
		r.until(t, c.scope, "the text is refused", untold(v, message.ReasonDemoRoute))
		if n := sim.Stats().Submitted; n != 0 {
			t.Errorf("%d texts left", n)
		}
	})
}

func TestARestoredCopyIsOnHoldUntilSomebodyReleasesIt(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, where config.Storage) {
		domain := clock.NewFast(noon, speed)
		sim := operator(t, domain)
		sys, err := app.Open(context.Background(), where, app.Options{Domain: domain})
		must(t, err)
		first := &running{System: sys}
		c := first.found(t, sim, wanted{demo: true, patients: 1, numbers: "+4850060", sender: "48732100500"})
		v := c.patients[0]
		place := copied(t, sys, where)
		must(t, sys.Close())

		r := serve(t, place, domain, nil)
		r.until(t, c.scope, "the copy plans and holds", untold(v, message.ReasonRestoredCopy))
		v.says(t, sim, c, "Hello?")
		r.until(t, c.scope, "the copy hears", heard(v, 1))
		if n := sim.Stats().Submitted; n != 0 {
			t.Fatalf("%d texts left a copy that nobody released", n)
		}
		must(t, desk.New(r.Store, nil).Release(context.Background(), c.scope))
		r.until(t, c.scope, "the released copy sends", told(v, message.Delivered))
	})
}

// copied makes a restored copy of a place, as a person would.
func copied(t *testing.T, sys *app.System, where config.Storage) config.Storage {
	t.Helper()
	to := config.Storage{Data: filepath.Join(t.TempDir(), "copy"), KeyFile: where.KeyFile}
	if where.Database != "" {
		to.Database = pgtest.Empty(t)
		pgtest.Load(t, to.Database, pgtest.Dump(t, where.Database, "plain"))
		return to
	}
	db, ok := sys.Store.(*sqlite.Store)
	if !ok {
		t.Fatal("SQLite was asked for")
	}
	backup := filepath.Join(t.TempDir(), "monday.db")
	must(t, db.Backup(context.Background(), backup))
	must(t, sqlite.Restore(context.Background(), backup, to.SQLitePath()))
	return to
}
