package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/riverqueue/river"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/sqlstore"
)

// session is one transaction.
type session struct {
	tx    pgx.Tx
	store *Store
	later []store.Change // told to other nodes after the commit
}

func bind(in []any) ([]any, error) {
	out := make([]any, len(in))
	for i, v := range in {
		v, err := sqlstore.Value(v)
		if err != nil {
			return nil, err
		}
		out[i] = native(v)
	}
	return out, nil
}

// native is the PostgreSQL form of a value.
func native(v any) any {
	switch v := v.(type) {
	case id.ID:
		return pgtype.UUID{Bytes: v, Valid: true}
	case []id.ID:
		out := make(pgtype.FlatArray[pgtype.UUID], len(v))
		for i := range v {
			out[i] = pgtype.UUID{Bytes: v[i], Valid: true}
		}
		return out
	}
	return v
}

// Exec runs a statement.
func (s *session) Exec(ctx context.Context, text string, args ...any) (int64, error) {
	bound, err := bind(args)
	if err != nil {
		return 0, err
	}
	tag, err := s.tx.Exec(ctx, text, bound...)
	return tag.RowsAffected(), failed(err)
}

// Query runs a statement that returns rows.
func (s *session) Query(ctx context.Context, text string, args ...any) (sqlstore.Rows, error) {
	bound, err := bind(args)
	if err != nil {
		return nil, err
	}
	r, err := s.tx.Query(ctx, text, bound...)
	if err != nil {
		return nil, failed(err)
	}
	return rows{r}, nil
}

// Bulk sends one array per column.
func (s *session) Bulk(ctx context.Context, b *sqlstore.Bulk, in [][]any) (int64, error) {
	arrays := make([]any, len(b.Columns))
	for i, c := range b.Columns {
		a, err := array(c.Kind, i, in)
		if err != nil {
			return 0, err
		}
		arrays[i] = a
	}
	tag, err := s.tx.Exec(ctx, b.Arrays, arrays...)
	return tag.RowsAffected(), failed(err)
}

// array gathers column i of the rows.
func array(kind sqlstore.Kind, i int, in [][]any) (any, error) {
	switch kind {
	case sqlstore.ID:
		return gather(in, i, func(v id.ID) pgtype.UUID { return pgtype.UUID{Bytes: v, Valid: true} })
	case sqlstore.Text:
		return gather(in, i, func(v string) pgtype.Text { return pgtype.Text{String: v, Valid: true} })
	case sqlstore.Int:
		return gather(in, i, func(v int64) pgtype.Int8 { return pgtype.Int8{Int64: v, Valid: true} })
	case sqlstore.Bool:
		return gather(in, i, func(v bool) pgtype.Bool { return pgtype.Bool{Bool: v, Valid: true} })
	case sqlstore.Bytes:
		return gather(in, i, func(v []byte) []byte { return v })
	}
	return nil, errs.New(errs.Internal, "a bulk column has no kind")
}

// gather converts column i; NULL stays the zero P, which every pgtype takes for NULL.
func gather[V, P any](in [][]any, i int, convert func(V) P) (any, error) {
	out := make(pgtype.FlatArray[P], len(in))
	for n, row := range in {
		v, err := sqlstore.Value(row[i])
		if err != nil {
			return nil, err
		}
		if v == nil {
			continue
		}
		typed, ok := v.(V)
		if !ok {
			return nil, errs.Newf(errs.Internal, "bulk column %d holds %T", i+1, v)
		}
		out[n] = convert(typed)
	}
	return out, nil
}

// In compares with an array.
func (s *session) In(column, placeholder string, _ sqlstore.Kind) string {
	return column + " = ANY(" + placeholder + ")"
}

// Commit makes it durable.
func (s *session) Commit(ctx context.Context) error {
	if err := s.tx.Commit(ctx); err != nil {
		return failed(err)
	}
	if len(s.later) > 0 {
		s.store.outbox.add(s.later)
	}
	return nil
}

// Again reports a conflict with another transaction.
func (s *session) Again(err error) bool { return conflicts(err) }

// Snapshot is not known: other nodes write too, and whether facts changed is compared row by row.
func (s *session) Snapshot() store.Snapshot { return 0 }

// Rollback ends it without a trace.
func (s *session) Rollback() { _ = s.tx.Rollback(context.Background()) }

// Enqueue inserts a job in the transaction.
func (s *session) Enqueue(ctx context.Context, job store.Job, o store.EnqueueOptions) error {
	_, err := s.store.jobs.InsertTx(ctx, s.tx, job, &river.InsertOpts{
		MaxAttempts: o.MaxAttempts,
		Queue:       o.Queue,
		UniqueOpts:  river.UniqueOpts{ByArgs: o.Once},
	})
	if err != nil {
		return errs.Wrap(errs.Internal, "a job could not be queued", err)
	}
	return nil
}

type rows struct{ r pgx.Rows }

func (r rows) Next() bool { return r.r.Next() }
func (r rows) Err() error { return failed(r.r.Err()) }
func (r rows) Close()     { r.r.Close() }
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
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return errs.Wrap(errs.Unavailable, "the database does not answer", err)
	}
	switch e.Code {
	case "23505":
		return errs.Wrap(errs.Conflict, "there is already one like this", err)
	case "23503":
		return errs.Wrap(errs.Invalid, "this names something that does not exist", err)
	case "40001", "40P01":
		return errs.Wrap(errs.Conflict, "something else changed the same rows; try again", err)
	case "53100":
		return errs.Wrap(errs.Unavailable, "the disk is full; nothing was changed", err)
	case "25006":
		return errs.Wrap(errs.Internal, "a write was tried in a read-only transaction", err)
	}
	return errs.Wrap(errs.Internal, "the database refused a statement", err)
}
