// Package record is how people write facts down: patients and their numbers, visits and what patients say about
// them, consent that staff hear or see, and the end of a task. Every use-case takes an actor's scope, leaves an
// audit row, and touches the journeys in the same transaction. It refuses to overwrite a field or a visit
// that another system owns, and to infer a consent from anything.
package record

import (
	"context"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audit"
	"carillon.dev/carillon/internal/store"
)

// Suppressor keeps opt-outs in memory for what is on its way to the wire; engine/send has it.
type Suppressor interface {
	// Add suppresses a contact point before the commit and returns how to take that back.
	Add(point id.ID) (undo func())
}

// Service records. It is safe for concurrent use.
type Service struct {
	store    store.Store
	suppress Suppressor
}

// New makes the service.
func New(s store.Store, suppress Suppressor) *Service { return &Service{store: s, suppress: suppress} }

// write runs one use-case: leave first, then one transaction.
func (s *Service) write(ctx context.Context, scope access.Scope, do func(store.Tx) error) error {
	if !scope.Allows(access.WritePatients) {
		return errs.New(errs.Forbidden, "your role does not allow this")
	}
	return s.store.InTx(ctx, scope, do)
}

// note leaves the audit row of what was done. detail holds enums, ids and counts only.
func note(ctx context.Context, tx store.Tx, action, kind string, object id.ID, detail string) error {
	return tx.Audit().Record(ctx, audit.Of(tx.Scope(), tx.Now(), action, kind, object, detail))
}
