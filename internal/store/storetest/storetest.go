// Package storetest is the one suite that every store must pass, and how tests elsewhere open a store.
// A fault that is found in one database becomes a case for both. It refuses to look behind the contract,
// but for what a stolen file would show.
package storetest

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/postgres"
	"carillon.dev/carillon/internal/store/postgres/pgtest"
	"carillon.dev/carillon/internal/store/sqlite"
)

// Start is the domain time that the suite's clocks begin at.
var Start = time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)

// Open makes an empty store on the given domain clock; it is closed when the test ends.
type Open func(t testing.TB, c clock.Clock) store.Store

// SQLite opens an empty SQLite store in a folder of the test's own.
func SQLite(t testing.TB, c clock.Clock) store.Store {
	t.Helper()
	dir := t.TempDir()
	s, err := sqlite.Open(context.Background(), sqlite.Options{
		Path: filepath.Join(dir, "data", "carillon.db"), KeyFile: filepath.Join(dir, "keys", "carillon.keys"), Clock: c,
	})
	if err != nil {
		t.Fatalf("open SQLite: %v: %v", err, cause(err))
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// Postgres opens an empty PostgreSQL store in a database of the test's own.
func Postgres(t testing.TB, c clock.Clock) store.Store {
	t.Helper()
	s, err := postgres.Open(context.Background(), postgres.Options{
		DSN: pgtest.DSN(t), KeyFile: filepath.Join(t.TempDir(), "carillon.keys"), Clock: c, Conns: 8,
	})
	if err != nil {
		t.Fatalf("open PostgreSQL: %v: %v", err, cause(err))
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// Both runs a test on either database.
func Both(t *testing.T, test func(t *testing.T, open Open)) {
	t.Helper()
	for name, open := range map[string]Open{"sqlite": SQLite, "postgres": Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open)
		})
	}
}

// cause digs out what an error wraps, which only a test may show.
func cause(err error) error {
	for {
		u, ok := err.(interface{ Unwrap() error })
		if !ok || u.Unwrap() == nil {
			return err
		}
		err = u.Unwrap()
	}
}

// System is a scope that crosses organizations.
func System() access.Scope { return access.System("storetest") }

// NewOrg makes an organization and returns the scope of a command in it.
func NewOrg(t testing.TB, s store.Store) access.Scope {
	t.Helper()
	o := org.Organization{ID: id.New(), Name: "Riverside", Region: "PL", Locale: "pl", CalendarOwner: org.OutsideCalendar}
	scope := access.ForCommand(o.ID, "storetest")
	Write(t, s, scope, func(ctx context.Context, tx store.Tx) error {
		_, err := tx.Orgs().Create(ctx, o)
		return err
	})
	return scope
}

// Write runs do in a transaction that must succeed.
func Write(t testing.TB, s store.Store, scope access.Scope, do func(context.Context, store.Tx) error) {
	t.Helper()
	ctx := context.Background()
	if err := s.InTx(ctx, scope, func(tx store.Tx) error { return do(ctx, tx) }); err != nil {
		t.Fatalf("write: %v (%v)", err, cause(err))
	}
}

// Read runs do on a snapshot; it must succeed.
func Read(t testing.TB, s store.Store, scope access.Scope, do func(context.Context, store.Tx) error) {
	t.Helper()
	ctx := context.Background()
	if err := s.Read(ctx, scope, func(tx store.Tx) error { return do(ctx, tx) }); err != nil {
		t.Fatalf("read: %v (%v)", err, cause(err))
	}
}
