package sqlstore

import (
	"context"
	"slices"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/store"
)

// Base is what both databases' stores are made of: the domain clock, the keys, the hub and the guard.
type Base struct {
	Clock clock.Clock
	Hub   *Hub
	Stats Stats
	keys  *keyCache
	due   *recent
	guard guard
}

// Enter marks this goroutine as being inside a transaction; leave ends that. A second Enter fails.
func (b *Base) Enter(scope access.Scope) (leave func(), err error) {
	if scope.IsZero() {
		return nil, errs.New(errs.Internal, "the store was called without a scope")
	}
	return b.guard.enter()
}

// Write runs do in the session and commits, or rolls back. It publishes after the commit.
func (b *Base) Write(ctx context.Context, scope access.Scope, s Session, do func(store.Tx) error, opts ...store.TxOption) error {
	t := &Tx{Conn: s, base: b, scope: scope, now: b.Clock.Now(), session: s, changes: map[store.Change]struct{}{}}
	if slices.Contains(opts, store.Encloses) {
		b.guard.enclose(t)
	}
	committed := false
	defer func() {
		if !committed {
			s.Rollback()
			runAll(t.onRollback)
		}
	}()
	if err := do(t); err != nil {
		return err
	}
	if t.fault != nil {
		return t.fault
	}
	changes := t.changed()
	if err := s.Notify(ctx, changes); err != nil {
		return err
	}
	if err := s.Commit(ctx); err != nil {
		return err
	}
	committed = true
	b.keys.adopt(t.freshKeys)
	b.due.put(t.freshDrafts)
	b.due.forget(t.freshKeys.gone)
	runAll(t.onCommit)
	b.Hub.Publish(changes...)
	return nil
}

// Read runs do in the session, which ends without a commit.
func (b *Base) Read(scope access.Scope, s Session, do func(store.Tx) error) error {
	defer s.Rollback()
	return do(&Tx{Conn: s, base: b, scope: scope, now: b.Clock.Now(), session: s, readOnly: true})
}

func runAll(fs []func()) {
	for _, f := range fs {
		f()
	}
}

// Tx is one transaction on either database. Its accessors are in the file of the same name each.
type Tx struct {
	Conn
	base     *Base
	scope    access.Scope
	now      time.Time
	session  Session
	readOnly bool
	changes  map[store.Change]struct{}

	onCommit, onRollback []func()
	freshKeys            freshKeys
	freshDrafts          []store.Draft
	raised               map[id.ID]bool // contact points whose revision rose in this transaction; true: it made them
	fault                error          // of a transaction that encloses: what broke it, whatever a joined call made of that
}

// Scope is whose rows the transaction sees.
func (t *Tx) Scope() access.Scope { return t.scope }

// Now is the transaction's domain time.
func (t *Tx) Now() time.Time { return t.now }

// org is the scope's organization; a system scope, which has none, is refused.
func (t *Tx) org() (id.ID, error) {
	if t.scope.Org().IsZero() {
		return id.ID{}, errs.New(errs.Internal, "this needs the scope of one organization")
	}
	return t.scope.Org(), nil
}

// system refuses every scope but the system's.
func (t *Tx) system() error {
	if !t.scope.IsSystem() {
		return errs.New(errs.Forbidden, "this crosses organizations and needs the system scope")
	}
	return nil
}

// Exec runs a statement that changes rows; a read-only transaction refuses it before the database does.
func (t *Tx) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	if err := t.writable(); err != nil {
		return 0, err
	}
	return t.Conn.Exec(ctx, sql, args...)
}

// Bulk runs a bulk statement.
func (t *Tx) Bulk(ctx context.Context, b *Bulk, rows [][]any) (int64, error) {
	if err := t.writable(); err != nil {
		return 0, err
	}
	if len(rows) == 0 {
		return 0, nil
	}
	return t.Conn.Bulk(ctx, b, rows)
}

func (t *Tx) writable() error {
	if t.readOnly {
		return errs.New(errs.Internal, "a write was tried in a read-only transaction")
	}
	return nil
}

// Snapshot tells which state of the facts the transaction reads.
func (t *Tx) Snapshot() store.Snapshot { return t.session.Snapshot() }

// Lock makes transactions that lock the same name follow one another: of two that overlap, PostgreSQL runs the
// second again on a fresh snapshot. An advisory lock would leave it on the snapshot from before it waited.
func (t *Tx) Lock(ctx context.Context, name string) error {
	_, err := t.Exec(ctx, `INSERT INTO locks (name, taken) VALUES ($1, 1) ON CONFLICT (name) DO UPDATE SET taken = locks.taken + 1`, name)
	return err
}

// Enqueue adds a job that commits with the transaction.
func (t *Tx) Enqueue(ctx context.Context, job store.Job) error {
	if err := t.writable(); err != nil {
		return err
	}
	var opts store.EnqueueOptions
	if o, ok := job.(store.JobOptions); ok {
		opts = o.JobOptions()
	}
	return t.session.Enqueue(ctx, job, opts)
}

// Publish tells of a change in the scope's organization after the commit.
func (t *Tx) Publish(topic store.Topic) { t.PublishFor(t.scope.Org(), topic) }

// PublishFor tells of a change in an organization after the commit.
func (t *Tx) PublishFor(org id.ID, topic store.Topic) {
	if !t.readOnly {
		t.changes[store.Change{Org: org, Topic: topic}] = struct{}{}
	}
}

// AfterCommit runs f once the transaction is durable.
func (t *Tx) AfterCommit(f func()) { t.onCommit = append(t.onCommit, f) }

// AfterRollback runs f when the transaction is not kept.
func (t *Tx) AfterRollback(f func()) { t.onRollback = append(t.onRollback, f) }

func (t *Tx) changed() []store.Change {
	out := make([]store.Change, 0, len(t.changes))
	for c := range t.changes {
		out = append(out, c)
	}
	return out
}
