// Package sqlstore is the store's one SQL text, run on either database through a thin Conn. Statements use
// $n placeholders, RETURNING, ON CONFLICT and common table expressions, and never ask the database for the
// time. It refuses to know which database it talks to: what truly differs is a method of Conn.
package sqlstore

import (
	"context"
	"errors"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/store"
)

// Conn is one open transaction of a database. Arguments and destinations are those that values.go names;
// each database package converts from there. Errors carry a kind: errs.Conflict for a broken uniqueness,
// errs.Unavailable for a database that does not answer.
type Conn interface {
	// Exec runs a statement and says how many rows it changed.
	Exec(ctx context.Context, sql string, args ...any) (int64, error)
	// Query runs a statement that returns rows; the caller closes them before the next statement.
	Query(ctx context.Context, sql string, args ...any) (Rows, error)
	// Bulk runs a prepared bulk statement over many rows at once and says how many it changed.
	Bulk(ctx context.Context, b *Bulk, rows [][]any) (int64, error)
	// In is the condition that column is one of the list bound to placeholder, such as In("id", "$2", ID).
	In(column, placeholder string, kind Kind) string
}

// Session is a Conn that can end, and what commits with it.
type Session interface {
	Conn
	Commit(ctx context.Context) error
	// Rollback ends an uncommitted transaction; after Commit it does nothing.
	Rollback()
	// Enqueue inserts a job in the transaction.
	Enqueue(ctx context.Context, job store.Job, opts store.EnqueueOptions) error
	// Again reports whether an error means that the whole transaction has to be run again.
	Again(err error) bool
	// Snapshot tells which state of people, numbers, visits and sites the transaction reads: equal ones are the same.
	// Zero when it cannot tell, or has changed them itself.
	Snapshot() store.Snapshot
	// Notify tells other nodes of changes once the transaction commits.
	Notify(ctx context.Context, changes []store.Change) error
}

// Rows are a result. Next, then Scan; Err after the last; Close always.
type Rows interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
	Close()
}

// ErrNone: a statement that should give a row gave none.
var ErrNone = errors.New("no row")

// one reads a single row into dest; ErrNone when there is none.
func one(ctx context.Context, c Conn, sql string, args []any, dest ...any) error {
	rows, err := c.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return err
		}
		return ErrNone
	}
	if err := rows.Scan(dest...); err != nil {
		return err
	}
	rows.Close()
	return rows.Err()
}

// each calls scan for every row of a result.
func each(ctx context.Context, c Conn, sql string, args []any, scan func(Rows) error) error {
	rows, err := c.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// list gathers what scan makes of every row.
func list[T any](ctx context.Context, c Conn, sql string, args []any, scan func(Rows) (T, error)) ([]T, error) {
	var out []T
	err := each(ctx, c, sql, args, func(r Rows) error {
		v, err := scan(r)
		if err == nil {
			out = append(out, v)
		}
		return err
	})
	return out, err
}

// args is a list of arguments, spelled shortly.
func args(v ...any) []any { return v }

// found turns ErrNone into errs.NotFound about what.
func found(err error, what string) error {
	if errors.Is(err, ErrNone) {
		return errs.New(errs.NotFound, "there is no such "+what+" in this organization")
	}
	return err
}

// mine says that a row belongs to the organization $1, as a filter that no index serves. It stands beside a
// condition on ids or blind indexes: without statistics both databases take "org_id = $1" for selective, and
// would walk a whole organization through an index that begins with it.
const mine = `coalesce(org_id, org_id) = $1`
