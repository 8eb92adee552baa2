package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"

	"github.com/riverqueue/river"
	msqlite "modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/sqlstore"
)

// session is one transaction on a connection.
type session struct {
	conn *sql.Conn // that tx is open on
	tx   *sql.Tx
	jobs *river.Client[*sql.Tx]

	facts   *facts
	seen    store.Snapshot
	touched bool // it changed facts
}

// bind converts arguments for the driver. The context loses its cancellation for single statements: the
// driver would start a goroutine per statement to watch it, and a write transaction is short anyway.
func bind(in []any) ([]any, error) {
	out := make([]any, len(in))
	for i, v := range in {
		v, err := sqlstore.Value(v)
		if err != nil {
			return nil, err
		}
		if out[i], err = lite(v); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// lite is the SQLite form of a value: blobs for ids, 0 and 1 for flags, JSON for lists.
func lite(v any) (driver.Value, error) {
	switch v := v.(type) {
	case id.ID:
		return v[:], nil
	case bool:
		if v {
			return int64(1), nil
		}
		return int64(0), nil
	case []id.ID, []string, []int64, [][]byte:
		return sqlstore.JSONList(v)
	}
	return v, nil
}

// Exec runs a statement.
func (s *session) Exec(ctx context.Context, text string, args ...any) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	bound, err := bind(args)
	if err != nil {
		return 0, err
	}
	s.wrote(text)
	r, err := s.tx.ExecContext(context.WithoutCancel(ctx), text, bound...)
	if err != nil {
		return 0, failed(err)
	}
	return r.RowsAffected()
}

// Query runs a statement that returns rows.
func (s *session) Query(ctx context.Context, text string, args ...any) (sqlstore.Rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	bound, err := bind(args)
	if err != nil {
		return nil, err
	}
	s.wrote(text)
	r, err := s.tx.QueryContext(context.WithoutCancel(ctx), text, bound...) //nolint:rowserrcheck // Rows.Err is the caller's
	if err != nil {
		return nil, failed(err)
	}
	return rows{r}, nil
}

// Bulk runs a prepared statement row by row, on the driver's connection: database/sql would look its statement up, lock
// and convert again for every row of the hottest path there is.
func (s *session) Bulk(ctx context.Context, b *sqlstore.Bulk, in [][]any) (total int64, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	ctx = context.WithoutCancel(ctx)
	s.wrote(b.Row)
	err = s.conn.Raw(func(raw any) error {
		total, err = raw.(*conn).rows(ctx, b.Row, in)
		return err
	})
	return total, err
}

// rows runs one statement for each row and says how many rows of the database changed.
func (c *conn) rows(ctx context.Context, text string, in [][]any) (total int64, err error) {
	k, err := c.statement(ctx, text)
	if err != nil {
		return 0, failed(err)
	}
	if k == nil {
		return 0, errs.New(errs.Internal, "a bulk statement was begun while its rows are read")
	}
	k.busy = true
	defer func() { k.busy = false }()
	var values []driver.NamedValue
	for _, row := range in {
		values = values[:0]
		for i, v := range row {
			v, err := sqlstore.Value(v)
			if err != nil {
				return total, err
			}
			bound, err := lite(v)
			if err != nil {
				return total, err
			}
			values = append(values, driver.NamedValue{Ordinal: i + 1, Value: bound})
		}
		r, err := k.ExecContext(ctx, values)
		if err != nil {
			return total, failed(err)
		}
		n, err := r.RowsAffected()
		if err != nil {
			return total, failed(err)
		}
		total += n
	}
	return total, nil
}

// In reads the list from a JSON array.
func (s *session) In(column, placeholder string, kind sqlstore.Kind) string {
	value := "value"
	if kind == sqlstore.ID || kind == sqlstore.Bytes {
		value = "unhex(value)"
	}
	return column + " IN (SELECT " + value + " FROM json_each(" + placeholder + "))"
}

// Commit makes it durable. The facts count as changed once it is done, whether or not it succeeded, and before another write
// transaction begins: counted sooner, a reader could take what was there before for the new state.
func (s *session) Commit(context.Context) error {
	err := s.tx.Commit()
	if s.touched {
		s.facts.changed()
	}
	return failed(err)
}

// Rollback ends it without a trace.
func (s *session) Rollback() { _ = s.tx.Rollback() }

// Enqueue inserts a job in the transaction.
func (s *session) Enqueue(ctx context.Context, job store.Job, o store.EnqueueOptions) error {
	_, err := s.jobs.InsertTx(context.WithoutCancel(ctx), s.tx, job, insertOpts(o))
	if err != nil {
		return errs.Wrap(errs.Internal, "a job could not be queued", err)
	}
	return nil
}

func insertOpts(o store.EnqueueOptions) *river.InsertOpts {
	return &river.InsertOpts{
		MaxAttempts: o.MaxAttempts,
		Queue:       o.Queue,
		UniqueOpts:  river.UniqueOpts{ByArgs: o.Once},
	}
}

// Again is never so: there is one writer.
func (s *session) Again(error) bool { return false }

// Notify does nothing: there is no other node.
func (s *session) Notify(context.Context, []store.Change) error { return nil }

type rows struct{ r *sql.Rows }

func (r rows) Next() bool { return r.r.Next() }
func (r rows) Err() error { return failed(r.r.Err()) }
func (r rows) Close()     { _ = r.r.Close() }
func (r rows) Scan(dest ...any) error {
	if err := r.r.Scan(sqlstore.Dests(dest)...); err != nil {
		return errs.Wrap(errs.Internal, "a row does not have the expected shape", err)
	}
	return nil
}

// failed gives a database error its kind; nil stays nil.
func failed(err error) error {
	if err == nil {
		return nil
	}
	var e *msqlite.Error
	if !errors.As(err, &e) {
		return errs.Wrap(errs.Unavailable, "the database does not answer", err)
	}
	switch e.Code() {
	case lib.SQLITE_CONSTRAINT_UNIQUE, lib.SQLITE_CONSTRAINT_PRIMARYKEY:
		return errs.Wrap(errs.Conflict, "there is already one like this", err)
	case lib.SQLITE_CONSTRAINT_FOREIGNKEY:
		return errs.Wrap(errs.Invalid, "this names something that does not exist", err)
	}
	switch e.Code() & 0xff {
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED:
		return errs.Wrap(errs.Unavailable, "the database is busy; try again", err)
	case lib.SQLITE_FULL:
		return errs.Wrap(errs.Unavailable, "the disk is full; nothing was changed", err)
	case lib.SQLITE_READONLY:
		return errs.Wrap(errs.Internal, "a write was tried in a read-only transaction", err)
	}
	return errs.Wrap(errs.Internal, "the database refused a statement", err)
}
