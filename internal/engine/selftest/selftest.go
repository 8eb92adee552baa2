// Package selftest sends test texts: at its interval each route that has a test phone carries one by the ordinary path,
// and what becomes of it is followed to the phone's answer. What is late or missing begins an incident that says the
// cause, and the next test that passes ends it. Intervals and legs are measured by the machine's clock. It refuses to
// write to anybody but the phone that was set, to pass a stop, and to count in anybody's caps.
package selftest

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audit"
	"carillon.dev/carillon/internal/core/incident"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/phone"
	rules "carillon.dev/carillon/internal/core/selftest"
	"carillon.dev/carillon/internal/engine/outbox"
	"carillon.dev/carillon/internal/store"
)

// Service is the self-test of the routes. It is safe for concurrent use, on several nodes at once.
type Service struct {
	store   store.Store
	outbox  *outbox.Outbox
	domain  clock.Clock
	machine clock.Clock
	limits  rules.Limits
}

// New makes the service. Zero limits are the default ones.
func New(s store.Store, o *outbox.Outbox, domain, machine clock.Clock, limits rules.Limits) *Service {
	if limits == (rules.Limits{}) {
		limits = rules.DefaultLimits()
	}
	return &Service{store: s, outbox: o, domain: domain, machine: machine, limits: limits}
}

// Wish is how a route is to be tested.
type Wish struct {
	Route id.ID
	// Phone is the number that test texts go to; zero keeps the one that is set.
	Phone phone.Number
	// Every is the interval, from rules.MinEvery to rules.MaxEvery; 0 switches the tests off.
	Every time.Duration
	// Answers: the phone sends the code back.
	Answers bool
}

// Set changes how a route is tested; the first text goes at once. The scope needs access.ManageRoutes.
func (s *Service) Set(ctx context.Context, scope access.Scope, w Wish) error {
	if !scope.Allows(access.ManageRoutes) {
		return errs.New(errs.Forbidden, "you may not change routes: ask an administrator")
	}
	if err := w.check(); err != nil {
		return err
	}
	return s.store.InTx(ctx, scope, func(tx store.Tx) error {
		set, err := s.setting(ctx, tx, w)
		if err != nil {
			return err
		}
		if err := tx.SelfTests().SaveSetting(ctx, set); err != nil {
			return err
		}
		if w.Every == 0 { // nothing will pass any more that could end it
			if _, err := tx.Incidents().End(ctx, incident.SelfTest, w.Route, s.machine.Now()); err != nil {
				return err
			}
		}
		return tx.Audit().Record(ctx, audit.Of(scope, tx.Now(), "selftest.set", "route", w.Route, "every="+w.Every.String()))
	})
}

func (w *Wish) check() error {
	switch {
	case w.Every != 0 && (w.Every < rules.MinEvery || w.Every > rules.MaxEvery):
		return errs.New(errs.Invalid, "a route is tested once a minute at most and once a day at least").At("every")
	case !w.Phone.IsZero() && !w.Phone.CanText():
		return errs.New(errs.Invalid, "the test phone must be able to take texts: give a mobile number").At("phone")
	}
	return nil
}

// nobodys refuses a number that somebody is reached at: test texts ask for no consent.
func nobodys(ctx context.Context, tx store.Tx, point id.ID) error {
	have, err := tx.People().PeopleAt(ctx, point)
	if err == nil && len(have) > 0 {
		err = errs.New(errs.Invalid, "somebody in your records is reached at this number: give that of a phone of your own").At("phone")
	}
	return err
}

// setting is the row that a wish makes of what is there.
func (s *Service) setting(ctx context.Context, tx store.Tx, w Wish) (rules.Setting, error) {
	set := rules.Setting{Route: w.Route, Every: w.Every, Answers: w.Answers}
	if w.Every > 0 {
		set.Next = s.machine.Now()
	}
	all, err := tx.SelfTests().Settings(ctx)
	if err != nil {
		return set, err
	}
	for _, have := range all {
		if have.Route == w.Route {
			set.Point = have.Point
		}
	}
	if !w.Phone.IsZero() {
		points, err := tx.People().SavePoints(ctx, patient.SMS, []phone.Number{w.Phone})
		if err != nil {
			return set, err
		}
		if err := nobodys(ctx, tx, points[0].ID); err != nil {
			return set, err
		}
		set.Point = points[0].ID
	}
	if set.Point.IsZero() {
		return set, errs.New(errs.Invalid, "give the number of a phone of your own that test texts may go to").At("phone")
	}
	if !w.Answers {
		return set, nil
	}
	senders, err := tx.Routes().Senders(ctx)
	for i := range senders {
		if senders[i].Route == w.Route && senders[i].TwoWay && !senders[i].Disabled {
			return set, err
		}
	}
	if err == nil {
		err = errs.New(errs.Invalid, "nobody can answer this route's senders: expect no answer").At("answers")
	}
	return set, err
}

// Test is one route's self-test as it stands.
type Test struct {
	Route     id.ID
	Name      string // of the route
	Set       bool   // a test phone is set
	Every     time.Duration
	Answers   bool
	Next      time.Time    // machine time; zero is off
	Phone     phone.Number // zero when none is set
	Runs      []rules.Run  // the last ones, newest first
	Incident  *incident.Incident
	TwoWay    bool // a sender of the route can be answered
	Simulator bool
}

// Shown is how many of the last runs a status has.
const Shown = 24

// Status is every route's self-test.
func (s *Service) Status(ctx context.Context, scope access.Scope) (out []Test, err error) {
	if !scope.Allows(access.ReadMessages) {
		return nil, errs.New(errs.Forbidden, "your role may not see how routes are")
	}
	err = s.store.Read(ctx, scope, func(tx store.Tx) error {
		routes, err := tx.Routes().List(ctx)
		if err != nil {
			return err
		}
		out = make([]Test, len(routes))
		for i, r := range routes {
			out[i] = Test{Route: r.ID, Name: r.Name, Simulator: r.Simulator}
		}
		return s.fill(ctx, tx, out)
	})
	return out, err
}

func (s *Service) fill(ctx context.Context, tx store.Tx, tests []Test) error {
	settings, err := tx.SelfTests().Settings(ctx)
	if err != nil {
		return err
	}
	open, err := tx.Incidents().Open(ctx)
	if err != nil {
		return err
	}
	senders, err := tx.Routes().Senders(ctx)
	if err != nil {
		return err
	}
	for i := range tests {
		t := &tests[i]
		for _, a := range senders {
			t.TwoWay = t.TwoWay || (a.Route == t.Route && a.TwoWay && !a.Disabled)
		}
		for k := range open {
			if open[k].Kind == incident.SelfTest && open[k].Subject == t.Route {
				t.Incident = &open[k]
			}
		}
		if err := t.read(ctx, tx, settings); err != nil {
			return err
		}
	}
	return nil
}

func (t *Test) read(ctx context.Context, tx store.Tx, settings []rules.Setting) error {
	for _, c := range settings {
		if c.Route != t.Route {
			continue
		}
		t.Set, t.Every, t.Answers, t.Next = true, c.Every, c.Answers, c.Next
		points, err := tx.People().Points(ctx, []id.ID{c.Point})
		if err != nil {
			return err
		}
		if len(points) == 1 {
			t.Phone = points[0].Number
		}
		t.Runs, err = tx.SelfTests().Runs(ctx, t.Route, Shown)
		return err
	}
	return nil
}

// Incidents lists what is open, the oldest first, or with all a page of everything, newest first.
func (s *Service) Incidents(ctx context.Context, scope access.Scope, all bool, after id.ID, limit int) (out []incident.Incident, err error) {
	if !scope.Allows(access.ReadMessages) {
		return nil, errs.New(errs.Forbidden, "your role may not see how routes are")
	}
	err = s.store.Read(ctx, scope, func(tx store.Tx) error {
		if !all {
			out, err = tx.Incidents().Open(ctx)
			return err
		}
		out, err = tx.Incidents().List(ctx, store.Page{After: after, Limit: limit})
		return err
	})
	return out, err
}
