// Package postgres keeps the store in PostgreSQL 15 or newer, shared by many nodes: one pool for rows and
// jobs, repeatable-read transactions that are run again on a conflict, and LISTEN/NOTIFY for what other
// nodes committed. It refuses to hold SQL of the domain: that is sqlstore.
package postgres

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/seal"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/migrations"
	"carillon.dev/carillon/internal/store/sqlstore"
)

// Options say how a database is opened. DSN and KeyFile are required.
type Options struct {
	// DSN is a connection string as libpq knows it.
	DSN string
	// KeyFile of the key-encryption keys; created with a new database, never for an old one.
	KeyFile string
	// Clock is the domain clock; nil is real time.
	Clock clock.Clock
	// Log takes what the job library says; nil is silence.
	Log *slog.Logger
	// Conns is how many connections are open at most; 0 is 16.
	Conns int
}

// Store is an open database.
type Store struct {
	base   *sqlstore.Base
	pool   *pgxpool.Pool
	jobs   *river.Client[pgx.Tx] // inserts only
	log    *slog.Logger
	node   id.ID
	stop   context.CancelFunc
	tasks  sync.WaitGroup
	outbox *outbox
}

// attempts is how often a write transaction is run when others keep getting in its way.
const attempts = 12

// Open opens the database, applies missing migrations and checks that the key fits.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Clock == nil {
		o.Clock = clock.Real{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	pool, err := connect(ctx, o)
	if err != nil {
		return nil, err
	}
	s := &Store{pool: pool, log: o.Log, node: id.New()}
	if err := s.start(ctx, o); err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

func connect(ctx context.Context, o Options) (*pgxpool.Pool, error) {
	c, err := pgxpool.ParseConfig(o.DSN)
	if err != nil {
		return nil, errs.New(errs.Invalid, "the database address cannot be read; it looks like postgres://user@host:5432/name").At("dsn")
	}
	c.MaxConns = 16
	if o.Conns > 0 {
		c.MaxConns = int32(min(o.Conns, 1000)) //nolint:gosec // bounded
	}
	c.ConnConfig.RuntimeParams["application_name"] = "carillon"
	// A plan that was kept while a table was nearly empty reads all of it when it has grown, until statistics are
	// taken again: a first import would crawl. Planning anew costs a batch of hundreds of rows next to nothing.
	c.ConnConfig.RuntimeParams["plan_cache_mode"] = "force_custom_plan"
	// Batches are read by lists of ids: without statistics the planner's default price of a random page makes it hash
	// whole tables instead, and compiling such a plan takes longer than any of our statements runs.
	c.ConnConfig.RuntimeParams["random_page_cost"] = "1.1"
	c.ConnConfig.RuntimeParams["jit"] = "off"
	pool, err := pgxpool.NewWithConfig(ctx, c)
	if err != nil {
		return nil, errs.Wrap(errs.Unavailable, "the database does not answer", err)
	}
	return pool, nil
}

func (s *Store) start(ctx context.Context, o Options) error {
	if err := s.migrate(ctx); err != nil {
		return err
	}
	ring, err := s.keys(ctx, o)
	if err != nil {
		return err
	}
	s.base = sqlstore.NewBase(o.Clock, ring, sqlstore.NewHub(false))
	if s.jobs, err = river.NewClient(riverpgxv5.New(s.pool), insertOnly(o.Log)); err != nil {
		return errs.Wrap(errs.Internal, "the job library refuses its configuration", err)
	}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop, s.outbox = stop, newOutbox()
	listening := make(chan struct{})
	s.tasks.Go(func() { s.listen(run, listening) })
	s.tasks.Go(func() { s.tell(run) })
	s.tasks.Go(func() { s.keepStatistics(run) })
	select {
	case <-listening:
	case <-ctx.Done():
		return errs.Wrap(errs.Unavailable, "the database does not let this node listen", ctx.Err())
	}
	return nil
}

// Migrate brings a database to the newest definition without opening it for work.
func Migrate(ctx context.Context, dsn string) error {
	pool, err := connect(ctx, Options{DSN: dsn})
	if err != nil {
		return err
	}
	defer pool.Close()
	return (&Store{pool: pool, log: slog.New(slog.DiscardHandler)}).migrate(ctx)
}

// migrate applies ours and River's migrations, in this order; nodes that start together take turns.
func (s *Store) migrate(ctx context.Context) error {
	db := stdlib.OpenDBFromPool(s.pool)
	defer db.Close()
	lock, err := s.pool.Acquire(ctx)
	if err != nil {
		return failed(err)
	}
	defer lock.Release()
	const turn = 0x6361_7269_6c6c_6f6e // "carillon"
	if _, err := lock.Exec(ctx, `SELECT pg_advisory_lock($1)`, int64(turn)); err != nil {
		return failed(err)
	}
	defer func() { _, _ = lock.Exec(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, int64(turn)) }()
	if _, err := migrations.UpPostgres(ctx, db); err != nil {
		return err
	}
	m, err := rivermigrate.New(riverpgxv5.New(s.pool), &rivermigrate.Config{Logger: s.log})
	if err != nil {
		return errs.Wrap(errs.Internal, "the job tables' migrations cannot be read", err)
	}
	if _, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return errs.Wrap(errs.Internal, "the job tables cannot be migrated", err)
	}
	return nil
}

// keys opens the keyring that fits the database.
func (s *Store) keys(ctx context.Context, o Options) (*seal.Keyring, error) {
	var ring *seal.Keyring
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		c := &session{tx: tx}
		if _, err := tx.Exec(ctx, `LOCK TABLE instance IN EXCLUSIVE MODE`); err != nil { // two first nodes take turns
			return failed(err)
		}
		home, err := databaseHome(ctx, tx)
		if err != nil {
			return err
		}
		ring, _, err = sqlstore.Keys(ctx, c, o.KeyFile, home, o.Clock.Now())
		return err
	})
	return ring, err
}

// InTx runs do in one write transaction, again when others got in its way.
func (s *Store) InTx(ctx context.Context, scope access.Scope, do func(store.Tx) error, opts ...store.TxOption) error {
	if joined, err := s.base.Enclosed(ctx, scope, true, do); joined {
		return err
	}
	leave, err := s.base.Enter(scope)
	if err != nil {
		return err
	}
	defer leave()
	for try := 1; ; try++ {
		err = s.once(ctx, scope, do, opts)
		if err == nil || try == attempts || !conflicts(err) || ctx.Err() != nil {
			return err
		}
		if err := pause(ctx, try); err != nil {
			return err
		}
	}
}

func (s *Store) once(ctx context.Context, scope access.Scope, do func(store.Tx) error, opts []store.TxOption) error {
	asked := time.Now()
	tx, err := s.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead})
	if err != nil {
		return failed(err)
	}
	began := time.Now()
	defer func() { s.base.Stats.Add(began.Sub(asked), time.Since(began)) }()
	return s.base.Write(ctx, scope, &session{tx: tx, store: s}, do, opts...)
}

// conflicts reports whether running again may help: serialization failure, deadlock.
func conflicts(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (e.Code == "40001" || e.Code == "40P01")
}

// pause waits a little longer after each try, never the same for two that met.
func pause(ctx context.Context, try int) error {
	t := time.NewTimer(time.Duration(rand.Int64N(int64(time.Millisecond) << min(try, 6)))) //nolint:gosec // no secret
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Read runs do on a snapshot.
func (s *Store) Read(ctx context.Context, scope access.Scope, do func(store.Tx) error) error {
	if joined, err := s.base.Enclosed(ctx, scope, false, do); joined {
		return err
	}
	leave, err := s.base.Enter(scope)
	if err != nil {
		return err
	}
	defer leave()
	tx, err := s.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return failed(err)
	}
	return s.base.Read(scope, &session{tx: tx, store: s}, do)
}

// Subscribe tells of committed changes of every node.
func (s *Store) Subscribe(topics ...store.Topic) store.Subscription {
	return s.base.Hub.Subscribe(topics...)
}

// insertOnly configures the client that only inserts. It tells workers of an insert at most once per cooldown, and
// counts inserts that are rolled back later too: with the default of 100 ms workers would often wait for their poll.
func insertOnly(log *slog.Logger) *river.Config {
	return &river.Config{Logger: log, FetchCooldown: time.Millisecond}
}

// WriteStats says how long write transactions took.
func (s *Store) WriteStats() store.WriteStats { return s.base.Stats.Snapshot() }

// NewJobs makes a job client that works jobs with the given configuration.
func (s *Store) NewJobs(c *river.Config) (store.JobRunner, error) {
	client, err := river.NewClient(riverpgxv5.New(s.pool), c)
	if err != nil {
		return nil, errs.Wrap(errs.Internal, "the job library refuses its configuration", err)
	}
	return client, nil
}

// Close stops listening, waits for open transactions and closes the pool.
func (s *Store) Close() error {
	if s.stop != nil {
		s.stop()
		s.tasks.Wait()
	}
	s.pool.Close()
	return nil
}
