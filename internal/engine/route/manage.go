package route

import (
	"context"
	"slices"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/store"
)

// Add makes or changes a route. A new one that is no simulator starts on trial whatever its state says: it serves
// its guest list only, until a person opens it. Two routes of an organization never have one name. Made-up patients may have somebody's real number, so an organization
// of demo data gets simulators only; the gate refuses other routes as well.
func Add(ctx context.Context, s store.Store, scope access.Scope, r store.Route) (store.Route, error) {
	if err := may(scope); err != nil {
		return r, err
	}
	name, err := named(r.Name)
	if err != nil {
		return r, err
	}
	r.Name = name
	err = s.InTx(ctx, scope, func(tx store.Tx) (err error) {
		r, err = save(ctx, tx, r, string(r.Kind))
		return err
	})
	return r, err
}

// save keeps a route in the caller's transaction, with its audit row.
func save(ctx context.Context, tx store.Tx, r store.Route, detail string) (store.Route, error) {
	if err := notForDemo(ctx, tx, r); err != nil {
		return r, err
	}
	if err := nameFree(ctx, tx, r); err != nil {
		return r, err
	}
	r, err := tx.Routes().Save(ctx, r)
	if err != nil {
		return r, err
	}
	return r, saved(ctx, tx, "route.save", "route", r.ID, detail)
}

// nameFree refuses the name of another route: commands name routes by it.
func nameFree(ctx context.Context, tx store.Tx, r store.Route) error {
	all, err := tx.Routes().List(ctx)
	if slices.ContainsFunc(all, func(x store.Route) bool { return x.ID == r.ID && x.Name == r.Name }) {
		return err // it keeps its name, though an older database may have it twice
	}
	for _, x := range all {
		if err == nil && x.Name == r.Name {
			return errs.New(errs.Conflict, "another route has this name: change that one, or take another name").At("name")
		}
	}
	return err
}

// AddSender makes or changes an address that patients know us by.
func AddSender(ctx context.Context, s store.Store, scope access.Scope, a store.Sender) (store.Sender, error) {
	if err := may(scope); err != nil {
		return a, err
	}
	if err := a.Check(); err != nil {
		return a, err
	}
	err := s.InTx(ctx, scope, func(tx store.Tx) (err error) {
		a, err = saveSender(ctx, tx, a)
		return err
	})
	return a, err
}

// saveSender keeps a sender in the caller's transaction, with its audit row.
func saveSender(ctx context.Context, tx store.Tx, a store.Sender) (store.Sender, error) {
	a, err := tx.Routes().SaveSender(ctx, a)
	if err != nil {
		return a, err
	}
	tx.Publish(store.TopicRoutes)
	return a, saved(ctx, tx, "sender.save", "sender", a.ID, "")
}

// SetState opens, stops or drains a route, or puts it back on trial; leave to stop everything is enough to stop one.
// In a demo organization a route that is no simulator can be stopped and drained only.
func (m *Manager) SetState(ctx context.Context, scope access.Scope, route id.ID, state store.RouteState) error {
	switch state {
	case store.RouteStopped:
		if !scope.Allows(access.StopAll) {
			return may(scope)
		}
	case store.RouteOpen, store.RouteTrial, store.RouteDraining:
		if err := may(scope); err != nil {
			return err
		}
	default:
		return errs.New(errs.Invalid, "a route can be opened, stopped, drained or put on trial").At("state")
	}
	return m.store.InTx(ctx, scope, func(tx store.Tx) error {
		if err := move(ctx, tx, route, state); err != nil {
			return err
		}
		tx.Publish(store.TopicRoutes)
		return saved(ctx, tx, "route.state", "route", route, "state="+string(state))
	}, store.Urgent)
}

// SetGuests replaces the numbers that a route on trial serves.
func (m *Manager) SetGuests(ctx context.Context, scope access.Scope, route id.ID, numbers []phone.Number) error {
	if err := may(scope); err != nil {
		return err
	}
	return m.store.InTx(ctx, scope, func(tx store.Tx) error {
		if err := tx.Routes().SaveGuests(ctx, route, numbers); err != nil {
			return err
		}
		tx.Publish(store.TopicRoutes)
		return saved(ctx, tx, "route.guests", "route", route, "")
	})
}

// move sets a route's state.
func move(ctx context.Context, tx store.Tx, route id.ID, state store.RouteState) error {
	if state == store.RouteOpen || state == store.RouteTrial {
		r, err := tx.Routes().Get(ctx, route)
		if err != nil {
			return err
		}
		if err := notForDemo(ctx, tx, r); err != nil {
			return err
		}
	}
	return tx.Routes().SetState(ctx, route, state)
}

// notForDemo refuses a way out of a demo: its made-up patients may have somebody's real number.
func notForDemo(ctx context.Context, tx store.Tx, r store.Route) error {
	if r.Simulator {
		return nil
	}
	o, err := tx.Orgs().Get(ctx)
	if err == nil && o.Demo {
		return errs.New(errs.Precondition, "a demo writes to a simulator on this machine only: make an organization of your own for a real operator")
	}
	return err
}

func may(scope access.Scope) error {
	if !scope.Allows(access.ManageRoutes) {
		return errs.New(errs.Forbidden, "you may not change routes: ask an administrator")
	}
	return nil
}
