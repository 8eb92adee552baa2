package sqlstore

import (
	"context"
	"maps"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/store"
)

// Enclosed runs a call of InTx or Read in the transaction that encloses this goroutine; false when there is none.
func (b *Base) Enclosed(ctx context.Context, scope access.Scope, write bool, do func(store.Tx) error) (bool, error) {
	p := b.guard.enclosing()
	if p == nil {
		return false, nil
	}
	if scope.IsZero() {
		return true, errs.New(errs.Internal, "the store was called without a scope")
	}
	p.joined = true
	defer func() { p.joined = false }()
	if !write {
		return true, do(p.encloses.part(scope, true))
	}
	return true, p.encloses.join(ctx, scope, do)
}

// part is the enclosing transaction as one joined call sees it. What it changes in memory becomes the whole's when
// it succeeds.
func (t *Tx) part(scope access.Scope, readOnly bool) *Tx {
	return &Tx{Conn: t.session, base: t.base, scope: scope, now: t.now, session: t.session, readOnly: readOnly,
		changes: map[store.Change]struct{}{}, freshKeys: t.freshKeys.clone(), raised: maps.Clone(t.raised)}
}

// join runs do behind a savepoint.
func (t *Tx) join(ctx context.Context, scope access.Scope, do func(store.Tx) error) (err error) {
	if _, err := t.session.Exec(ctx, "SAVEPOINT joined"); err != nil {
		return t.broken(err)
	}
	part, kept := t.part(scope, false), false
	defer func() {
		if kept {
			return
		}
		_, back := t.session.Exec(context.WithoutCancel(ctx), "ROLLBACK TO joined")
		if back != nil && t.fault == nil { // half undone: the whole may not be kept
			t.fault = back
		}
		runAll(part.onRollback)
	}()
	if err := do(part); err != nil {
		return t.broken(err)
	}
	if _, err := t.session.Exec(ctx, "RELEASE joined"); err != nil {
		return t.broken(err)
	}
	kept = true
	maps.Copy(t.changes, part.changes)
	t.freshKeys, t.raised = part.freshKeys, part.raised
	t.freshDrafts = append(t.freshDrafts, part.freshDrafts...)
	t.onCommit, t.onRollback = append(t.onCommit, part.onCommit...), append(t.onRollback, part.onRollback...)
	return nil
}

// broken keeps what a savepoint cannot mend: two transactions met, and only running the whole again helps.
func (t *Tx) broken(err error) error {
	if err != nil && t.fault == nil && t.session.Again(err) {
		t.fault = err
	}
	return err
}
