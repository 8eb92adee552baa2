package route

import (
	"context"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audit"
	"carillon.dev/carillon/internal/store"
)

// Add makes or changes a route. A new one that is no simulator starts on trial whatever its state says: it serves
// its guest list only, until a person opens it. Two routes of an organization never have one name. Made-up patients may have somebody's real number, so an organization
// of demo data gets simulators only; the gate refuses other routes as well.
func Add(ctx context.Context, s store.Store, scope access.Scope, r store.Route) (store.Route, error) {
	if err := may(scope); err != nil {
		return r, err
	}
	err := s.InTx(ctx, scope, func(tx store.Tx) (err error) {
		if err = notForDemo(ctx, tx, r); err != nil {
			return err
		}
		if err = nameFree(ctx, tx, r); err != nil {
			return err
		}
		if r, err = tx.Routes().Save(ctx, r); err != nil {
			return err
		}
		return tx.Audit().Record(ctx, audit.Of(scope, tx.Now(), "route.save", "route", r.ID, string(r.Kind)))
	})
	return r, err
}

// nameFree refuses the name of another route: commands name routes by it.
func nameFree(ctx context.Context, tx store.Tx, r store.Route) error {
	all, err := tx.Routes().List(ctx)
	for _, x := range all {
		if err == nil && x.ID != r.ID && x.Name == r.Name {
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
		if a, err = tx.Routes().SaveSender(ctx, a); err != nil {
			return err
		}
		return tx.Audit().Record(ctx, audit.Of(scope, tx.Now(), "sender.save", "sender", a.ID, ""))
	})
	return a, err
}

// SetState opens, stops or drains a route, or puts it back on trial. In a demo organization a route that is no
// simulator can be stopped and drained only.
func SetState(ctx context.Context, s store.Store, scope access.Scope, r store.Route, state store.RouteState) error {
	if err := may(scope); err != nil {
		return err
	}
	return s.InTx(ctx, scope, func(tx store.Tx) error {
		if err := Move(ctx, tx, r.ID, state); err != nil {
			return err
		}
		return tx.Audit().Record(ctx, audit.Of(scope, tx.Now(), "route."+string(state), "route", r.ID, ""))
	})
}

// Move sets a route's state in the caller's transaction, which has asked whether its actor may and records it.
func Move(ctx context.Context, tx store.Tx, route id.ID, state store.RouteState) error {
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
