package route

import (
	"context"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audit"
	"carillon.dev/carillon/internal/store"
)

// Add makes or changes a route. A new one that is no simulator starts on trial whatever its state says: it serves
// its guest list only, until a person opens it.
func Add(ctx context.Context, s store.Store, scope access.Scope, r store.Route) (store.Route, error) {
	if err := may(scope); err != nil {
		return r, err
	}
	err := s.InTx(ctx, scope, func(tx store.Tx) (err error) {
		if r, err = tx.Routes().Save(ctx, r); err != nil {
			return err
		}
		return tx.Audit().Record(ctx, audit.Of(scope, tx.Now(), "route.save", "route", r.ID, string(r.Kind)))
	})
	return r, err
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

// SetState opens, stops or drains a route, or puts it back on trial.
func SetState(ctx context.Context, s store.Store, scope access.Scope, r store.Route, state store.RouteState) error {
	if err := may(scope); err != nil {
		return err
	}
	return s.InTx(ctx, scope, func(tx store.Tx) error {
		if err := tx.Routes().SetState(ctx, r.ID, state); err != nil {
			return err
		}
		return tx.Audit().Record(ctx, audit.Of(scope, tx.Now(), "route."+string(state), "route", r.ID, ""))
	})
}

func may(scope access.Scope) error {
	if !scope.Allows(access.ManageRoutes) {
		return errs.New(errs.Forbidden, "you may not change routes: ask an administrator")
	}
	return nil
}
