package selftest_test

import (
	"context"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/phone"
	rules "carillon.dev/carillon/internal/core/selftest"
	"carillon.dev/carillon/internal/engine/outbox"
	"carillon.dev/carillon/internal/engine/plan/plantest"
	"carillon.dev/carillon/internal/engine/selftest"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/storetest"
)

// world is a clinic whose one route is tested; the test plays the operator.
type world struct {
	*plantest.Clinic
	t    *testing.T
	test *selftest.Service
}

func setup(t *testing.T, open storetest.Open) world {
	t.Helper()
	c := clock.NewFixed(plantest.Noon)
	k := plantest.New(t, open(t, c), c, outbox.Options{})
	return world{k, t, selftest.New(k.Store, k.Outbox, c, c, rules.Limits{})}
}

func (w world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w world) set(every time.Duration) {
	w.t.Helper()
	n, err := phone.FromStored("+48500999000")
	w.must(err)
	w.must(w.test.Set(context.Background(), w.Scope, selftest.Wish{Route: w.Route.ID, Phone: n, Every: every}))
}

func (w world) status() selftest.Test {
	w.t.Helper()
	all, err := w.test.Status(context.Background(), w.Scope)
	w.must(err)
	return all[0]
}

func (w world) sweep(d time.Duration) {
	w.t.Helper()
	w.Clock.Advance(d)
	w.must(w.test.Sweep(context.Background()))
}

// accept takes every text that is due, as the operator does, and says which.
func (w world) accept() (taken []store.Draft) {
	w.t.Helper()
	w.Write(func(ctx context.Context, tx store.Tx) error {
		now := tx.Now()
		due, err := tx.Messages().Due(ctx, w.Route.ID, now, 10)
		if err != nil || len(due) == 0 {
			return err
		}
		fence, _, err := tx.Routes().Take(ctx, w.Route.ID, "test", now, now.Add(time.Hour))
		if err != nil {
			return err
		}
		for _, d := range due {
			if _, err := tx.Messages().Lease(ctx, store.Lease{Route: w.Route.ID, Fence: fence, Machine: now, Domain: now},
				[]store.Leased{{Message: d.ID, Revised: d.Revised}}); err != nil {
				return err
			}
			if _, err := tx.Messages().Answered(ctx, []store.Answered{{Message: d.ID, Org: d.Org, Attempt: 1, To: message.Accepted,
				ProviderID: d.ID.Short(), Route: w.Route.ID}}); err != nil {
				return err
			}
		}
		taken = due
		return nil
	})
	return taken
}

func (w world) receipt(texts ...store.Draft) {
	w.t.Helper()
	w.Write(func(ctx context.Context, tx store.Tx) error {
		for _, d := range texts {
			if _, err := tx.Messages().Receipted(ctx, []store.Receipted{{Part: store.Part{Message: d.ID, Parts: 1}, Org: d.Org, Route: w.Route.ID,
				State: message.Delivered, ProviderID: d.ID.Short(), At: tx.Now()}}); err != nil {
				return err
			}
		}
		return nil
	})
}

// A day by the hour, with a slow receipt now and then, raises nothing.
func TestADayWithoutFaultsHasNoIncident(t *testing.T) {
	t.Parallel()
	w := setup(t, storetest.SQLite)
	w.set(time.Hour)
	runs, slow := 0, 0
	for minute := range 24 * 60 {
		w.sweep(10 * time.Second)
		texts := w.accept()
		if len(texts) > 0 {
			if runs++; runs%6 == 0 {
				slow++
				w.sweep(4 * time.Minute)
			}
			w.receipt(texts...)
		}
		w.sweep(50 * time.Second)
		if i := w.status().Incident; i != nil {
			t.Fatalf("minute %d: incident %s", minute, i.Cause)
		}
	}
	if runs < 24 || slow < 4 {
		t.Errorf("%d texts, %d of them slow", runs, slow)
	}
	all, err := w.test.Incidents(context.Background(), w.Scope, true, id.ID{}, 10)
	if err != nil || len(all) != 0 {
		t.Errorf("%d incidents in a good day, %v", len(all), err)
	}
}

func TestAnIncidentBeginsWithItsCauseAndEndsWithTheNextGoodTest(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open storetest.Open) {
		w := setup(t, open)
		w.set(time.Hour)
		w.sweep(0)
		w.accept() // and no receipt
		w.sweep(11 * time.Minute)
		if s := w.status(); s.Incident != nil || s.Runs[0].Cause != rules.CauseNoReceipt || !s.Next.Equal(w.Clock.Now().Add(5*time.Minute)) {
			t.Fatalf("after one: %+v", s)
		}
		w.sweep(5 * time.Minute)
		lost := w.accept()
		w.sweep(11 * time.Minute)
		s := w.status()
		if s.Incident == nil || s.Incident.Cause != rules.CauseNoReceipt || s.Incident.Details.Message != lost[0].ID {
			t.Fatalf("after two: %+v", s.Incident)
		}
		w.sweep(5 * time.Minute)
		w.receipt(w.accept()...)
		w.sweep(time.Second)
		if s = w.status(); s.Incident != nil || !s.Runs[0].Passed() {
			t.Fatalf("after a good one: %+v", s)
		}
		var actions []string
		w.Read(func(ctx context.Context, tx store.Tx) error {
			log, err := tx.Audit().Of(ctx, w.Route.ID, store.Page{})
			for _, e := range log {
				actions = append(actions, e.Action)
			}
			return err
		})
		if len(actions) < 3 || actions[0] != "incident.end" || actions[1] != "incident.begin" || actions[2] != "selftest.set" {
			t.Errorf("audit: %v", actions)
		}
	})
}

// While everything is stopped no test text leaves, not even later, and the incident says why.
func TestAStopIsObeyedAndNamed(t *testing.T) {
	t.Parallel()
	w := setup(t, storetest.SQLite)
	w.set(time.Hour)
	w.Write(func(ctx context.Context, tx store.Tx) error { return tx.Orgs().StopAll(ctx) })
	w.sweep(0)
	if texts := w.accept(); len(texts) != 0 {
		t.Fatal("a test text is queued while all is stopped")
	}
	w.sweep(3 * time.Minute)
	s := w.status()
	if s.Incident == nil || s.Incident.Cause != rules.CauseStopped {
		t.Fatalf("incident %+v", s.Incident)
	}
	w.Read(func(ctx context.Context, tx store.Tx) error {
		m, err := tx.Messages().Get(ctx, s.Runs[0].Message)
		if m.State != message.Cancelled {
			t.Errorf("the text is %s", m.State)
		}
		return err
	})
}

// A route on trial writes to its guests only; the test phone is one.
func TestTheTestPhoneIsAGuestOfARouteOnTrial(t *testing.T) {
	t.Parallel()
	w := setup(t, storetest.SQLite)
	w.Write(func(ctx context.Context, tx store.Tx) error {
		return tx.Routes().SetState(ctx, w.Route.ID, store.RouteTrial)
	})
	w.set(time.Hour)
	w.sweep(0)
	if texts := w.accept(); len(texts) != 1 || !texts[0].Person.IsZero() {
		t.Fatalf("%d texts", len(texts))
	}
}

// With two routes each test text keeps to its own, whatever the senders serve and whichever is preferred.
func TestATestTextKeepsToItsRoute(t *testing.T) {
	t.Parallel()
	w := setup(t, storetest.SQLite)
	w.Write(func(ctx context.Context, tx store.Tx) error {
		better, err := tx.Routes().Save(ctx, store.Route{Name: "better", Kind: store.RouteSMPP, Channel: "sms", State: store.RouteOpen, Simulator: true, Rank: 1})
		if err != nil {
			return err
		}
		w.Route.Rank = 2
		if _, err = tx.Routes().Save(ctx, w.Route); err != nil {
			return err
		}
		_, err = tx.Routes().SaveSender(ctx, store.Sender{Route: better.ID, Address: "48500100201", TwoWay: true})
		return err
	})
	w.set(time.Hour)
	w.sweep(0)
	if texts := w.accept(); len(texts) != 1 || texts[0].Route != w.Route.ID {
		t.Fatalf("%d texts by the tested route", len(texts))
	}
}

func TestWhatMakesNoSenseIsRefused(t *testing.T) {
	t.Parallel()
	w := setup(t, storetest.SQLite)
	ctx := context.Background()
	mobile, err := phone.FromStored("+48500999000")
	w.must(err)
	desk, err := phone.FromStored("+48221234567")
	w.must(err)
	viewer := access.ForUser(w.Scope.Org(), id.New(), access.Viewer)
	for name, c := range map[string]struct {
		scope access.Scope
		wish  selftest.Wish
		kind  errs.Kind
	}{
		"no phone":           {w.Scope, selftest.Wish{Route: w.Route.ID, Every: time.Hour}, errs.Invalid},
		"a landline":         {w.Scope, selftest.Wish{Route: w.Route.ID, Phone: desk, Every: time.Hour}, errs.Invalid},
		"every second":       {w.Scope, selftest.Wish{Route: w.Route.ID, Phone: mobile, Every: time.Second}, errs.Invalid},
		"a route of nobody":  {w.Scope, selftest.Wish{Route: id.New(), Phone: mobile, Every: time.Hour}, errs.NotFound},
		"somebody who looks": {viewer, selftest.Wish{Route: w.Route.ID, Phone: mobile, Every: time.Hour}, errs.Forbidden},
	} {
		if err := w.test.Set(ctx, c.scope, c.wish); !errs.Is(err, c.kind) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := w.test.Run(ctx, viewer, w.Route.ID); !errs.Is(err, errs.Forbidden) {
		t.Errorf("a viewer sends: %v", err)
	}
	if _, err := w.test.Run(ctx, w.Scope, w.Route.ID); !errs.Is(err, errs.NotFound) {
		t.Errorf("without a phone: %v", err)
	}
	w.set(time.Hour)
	if _, err := w.test.Run(ctx, w.Scope, w.Route.ID); err != nil {
		t.Errorf("by hand: %v", err)
	}
	if _, err := w.test.Run(ctx, w.Scope, w.Route.ID); !errs.Is(err, errs.Conflict) {
		t.Errorf("while one is on its way: %v", err)
	}
}
