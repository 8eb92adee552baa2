package intake

import (
	"context"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audit"
	"carillon.dev/carillon/internal/core/feed"
	"carillon.dev/carillon/internal/store"
)

// Release lets the messages of a held import go.
func (s *Service) Release(ctx context.Context, sc access.Scope, imported id.ID) (feed.Import, error) {
	if !sc.Allows(access.ReleaseHeld) {
		return feed.Import{}, errs.New(errs.Forbidden, "you may not release held messages: ask a manager")
	}
	var imp feed.Import
	err := s.store.InTx(ctx, sc, func(tx store.Tx) (err error) {
		if imp, err = tx.Imports().Get(ctx, imported); err != nil {
			return err
		}
		if !imp.Held {
			return errs.New(errs.Precondition, "the messages of this import do not wait")
		}
		imp.Held, imp.Released = false, tx.Now()
		if imp, err = tx.Imports().Update(ctx, imp); err != nil {
			return err
		}
		tx.Publish(store.TopicDue)
		return tx.Audit().Record(ctx, audit.Of(sc, tx.Now(), "import.release", "import", imp.ID, string(imp.Why)))
	})
	return imp, err
}

// Resume goes on with imports and undos that a crash stopped, and says how many came to their end. One that cannot go
// on does not keep the others from it; the first such error is returned. It is called once when a node starts.
func (s *Service) Resume(ctx context.Context, sc access.Scope) (int, error) {
	var open []feed.Import
	err := s.store.Read(ctx, sc, func(tx store.Tx) (err error) {
		open, err = tx.Imports().Unfinished(ctx)
		return err
	})
	if err != nil {
		return 0, err
	}
	done := 0
	var first error
	for _, imp := range open {
		in := sc.Within(imp.Org)
		if imp.State == feed.Applying {
			_, err = s.Apply(ctx, in, imp.ID, nil)
		} else {
			_, err = s.Undo(ctx, in, imp.ID, nil)
		}
		switch {
		case err == nil:
			done++
		case first == nil:
			first = err
		}
		if ctx.Err() != nil {
			break
		}
	}
	return done, first
}
