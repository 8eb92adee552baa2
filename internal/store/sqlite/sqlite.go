// Package sqlite keeps the store in one SQLite file: write-ahead log, full synchronisation, one writer that
// transactions queue for by urgency, and many readers. River shares the writer's handle. It refuses to
// hold SQL of the domain: that is sqlstore.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	"modernc.org/sqlite"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/seal"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/migrations"
	"carillon.dev/carillon/internal/store/sqlstore"
)

// Options say how a database is opened. Path and KeyFile are required.
type Options struct {
	// Path of the database file; its folder is made when it is missing.
	Path string
	// KeyFile of the key-encryption keys; created with a new database, never for an old one.
	KeyFile string
	// Clock is the domain clock; nil is real time.
	Clock clock.Clock
	// Log takes what the job library says; nil is silence.
	Log *slog.Logger
	// Readers is how many connections read at once; 0 is 4.
	Readers int
}

// Store is an open database.
type Store struct {
	base    *sqlstore.Base
	facts   *facts
	writer  *sql.DB
	readers *sql.DB
	queue   queue
	jobs    *river.Client[*sql.Tx] // inserts only
	log     *slog.Logger
	path    string
	fold    *folder
	closing sync.Once
}

// Open opens or creates the database, applies missing migrations and checks that the key fits.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Clock == nil {
		o.Clock = clock.Real{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(filepath.Dir(o.Path), 0o700); err != nil {
		return nil, errs.Wrap(errs.Precondition, "the data folder cannot be made; choose another with --data", err)
	}
	s := &Store{log: o.Log, path: o.Path, facts: newFacts()}
	if err := s.start(ctx, o); err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Store) start(ctx context.Context, o Options) (err error) {
	if err := s.migrate(ctx, o.Path); err != nil {
		return err
	}
	if s.writer, err = handle(o.Path, false, 1, "wal_autocheckpoint(0)", "cache_size(-49152)"); err != nil {
		return err
	}
	if err := os.Chmod(o.Path, 0o600); err != nil {
		return errs.Wrap(errs.Precondition, "the database file's mode cannot be set", err)
	}
	if o.Readers <= 0 {
		o.Readers = 4
	}
	if s.readers, err = handle(o.Path, true, o.Readers); err != nil {
		return err
	}
	ring, err := s.keys(ctx, o)
	if err != nil {
		return err
	}
	s.base = sqlstore.NewBase(o.Clock, ring, sqlstore.NewHub(true))
	if s.jobs, err = river.NewClient(riversqlite.New(s.writer), insertOnly(o.Log)); err != nil {
		return err
	}
	return s.startFolding(o.Path)
}

// keys opens the keyring that fits the database, in one transaction with the database's mark.
func (s *Store) keys(ctx context.Context, o Options) (ring *seal.Keyring, err error) {
	err = s.marked(ctx, func(c *session) (settle func() error, err error) {
		ring, settle, err = sqlstore.Keys(ctx, c, o.KeyFile, s.home(), o.Clock.Now())
		return settle, err
	})
	return ring, err
}

// home is the mark beside the data.
func (s *Store) home() sqlstore.FileHome { return sqlstore.HomeOf(s.path) }

// marked runs what changes the database's mark, commits, and settles the mark beside it.
func (s *Store) marked(ctx context.Context, change func(*session) (settle func() error, err error)) error {
	conn, err := s.writer.Conn(ctx)
	if err != nil {
		return failed(err)
	}
	defer conn.Close()
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return failed(err)
	}
	c := &session{conn: conn, tx: tx, facts: s.facts}
	defer c.Rollback()
	settle, err := change(c)
	if err != nil {
		return err
	}
	if err := c.Commit(ctx); err != nil {
		return err
	}
	return settle()
}

// handle opens the file. Writers begin with a write lock, readers cannot write.
func handle(path string, readOnly bool, conns int, pragmas ...string) (*sql.DB, error) {
	q := url.Values{}
	for _, p := range []string{"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "temp_store(MEMORY)", "cache_size(-16384)"} {
		q.Add("_pragma", p)
	}
	for _, p := range pragmas {
		q.Add("_pragma", p)
	}
	if readOnly {
		q.Add("_pragma", "query_only(1)")
	} else {
		q.Set("_txlock", "immediate")
	}
	c, err := sqlite.NewConnector("file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode())
	if err != nil {
		return nil, errs.Wrap(errs.Precondition, "the database cannot be opened", err)
	}
	db := sql.OpenDB(keepStatements{c})
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	db.SetConnMaxLifetime(0)
	return db, nil
}

// migrate applies ours and River's migrations, in this order, on a handle of its own: connections that are opened
// later see the fixed statistics.
func (s *Store) migrate(ctx context.Context, path string) (err error) {
	db, err := handle(path, false, 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := migrations.UpSQLite(ctx, db); err != nil {
		return err
	}
	m, err := rivermigrate.New(riversqlite.New(db), &rivermigrate.Config{Logger: s.log})
	if err != nil {
		return errs.Wrap(errs.Internal, "the job tables' migrations cannot be read", err)
	}
	if _, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return errs.Wrap(errs.Internal, "the job tables cannot be migrated", err)
	}
	return fixPlans(ctx, db)
}

// InTx runs do in one write transaction.
func (s *Store) InTx(ctx context.Context, scope access.Scope, do func(store.Tx) error, opts ...store.TxOption) error {
	if joined, err := s.base.Enclosed(ctx, scope, true, do); joined {
		return err
	}
	leave, err := s.base.Enter(scope)
	if err != nil {
		return err
	}
	defer leave()
	asked := time.Now()
	if err := s.queue.acquire(ctx, urgency(opts)); err != nil {
		return err
	}
	defer s.queue.release()
	conn, err := s.writer.Conn(ctx)
	if err != nil {
		return failed(err)
	}
	defer conn.Close()
	tx, err := conn.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return failed(err)
	}
	if err := s.noteOutside(ctx, conn); err != nil {
		_ = tx.Rollback()
		return err
	}
	began := time.Now()
	defer func() {
		s.base.Stats.Add(began.Sub(asked), time.Since(began))
		s.fold.committed()
	}()
	return s.base.Write(ctx, scope, &session{conn: conn, tx: tx, jobs: s.jobs, facts: s.facts, seen: s.facts.seen()}, do, opts...)
}

// noteOutside notes what another process committed, such as a command: nobody knows what it was.
func (s *Store) noteOutside(ctx context.Context, c *sql.Conn) error {
	return failed(c.Raw(func(raw any) error {
		other, err := raw.(*conn).outside(context.WithoutCancel(ctx))
		if other {
			s.facts.changed()
		}
		return err
	}))
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
	conn, err := s.readers.Conn(ctx)
	if err != nil {
		return failed(err)
	}
	defer conn.Close()
	seen := s.facts.seen() // before the snapshot is taken
	tx, err := conn.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return failed(err)
	}
	return s.base.Read(scope, &session{conn: conn, tx: tx, facts: s.facts, seen: seen}, do)
}

// Subscribe tells of committed changes of this process, the only one that writes.
func (s *Store) Subscribe(topics ...store.Topic) store.Subscription {
	return s.base.Hub.Subscribe(topics...)
}

// insertOnly configures the client that only inserts. It tells workers of an insert at most once per cooldown, and
// counts inserts that are rolled back later too: with the default of 100 ms workers would often wait for their poll.
func insertOnly(log *slog.Logger) *river.Config {
	return &river.Config{Logger: log, FetchCooldown: time.Millisecond}
}

// WriteStats says how long write transactions held the writer.
func (s *Store) WriteStats() store.WriteStats { return s.base.Stats.Snapshot() }

// NewJobs makes a job client that works jobs with the given configuration, on the writer's handle.
func (s *Store) NewJobs(c *river.Config) (store.JobRunner, error) {
	client, err := river.NewClient(riversqlite.New(s.writer), c)
	if err != nil {
		return nil, errs.Wrap(errs.Internal, "the job library refuses its configuration", err)
	}
	return client, nil
}

// Close waits for open transactions, renews the database's mark, folds the log into the file and closes it.
func (s *Store) Close() error {
	var all []error
	s.closing.Do(func() {
		if s.fold != nil {
			all = append(all, s.fold.close())
		}
		if s.readers != nil {
			all = append(all, s.readers.Close())
		}
		if s.writer == nil {
			return
		}
		if s.base != nil { // was open: only then is the mark ours to renew
			all = append(all, s.marked(context.Background(), func(c *session) (func() error, error) {
				return sqlstore.RenewHome(context.Background(), c, s.home())
			}))
		}
		_, err := s.writer.ExecContext(context.Background(), "PRAGMA wal_checkpoint(TRUNCATE)")
		all = append(all, err, s.writer.Close())
	})
	return errors.Join(all...)
}
