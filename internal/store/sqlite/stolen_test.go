package sqlite_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/sqlite"
	"carillon.dev/carillon/internal/store/storetest"
)

// place is a data folder and a key file of a test.
type place struct{ data, keys string }

func newPlace(t *testing.T) place {
	dir := t.TempDir()
	return place{filepath.Join(dir, "data", "carillon.db"), filepath.Join(dir, "keys", "carillon.keys")}
}

func (p place) open(t *testing.T) (*sqlite.Store, error) {
	t.Helper()
	s, err := sqlite.Open(context.Background(), sqlite.Options{Path: p.data, KeyFile: p.keys, Clock: clock.NewFixed(storetest.Start)})
	if err == nil {
		t.Cleanup(func() { _ = s.Close() })
	}
	return s, err
}

func (p place) mustOpen(t *testing.T) *sqlite.Store {
	t.Helper()
	s, err := p.open(t)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAStolenFileShowsNobody(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.mustOpen(t)
	tokens := storetest.Canaries(t, s)
	backup := filepath.Join(t.TempDir(), "backup", "monday.db")
	if err := s.Backup(context.Background(), backup); err != nil {
		t.Fatal(err)
	}
	look := func(path string) {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Error(err)
		}
		storetest.Find(t, filepath.Base(path), b, tokens)
	}
	look(p.data + "-wal")
	look(backup)
	look(backup + sqlite.KeysSuffix)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	look(p.data)
}

func TestABackupHoldsNoPersonsKey(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.mustOpen(t)
	scope := storetest.NewOrg(t, s)
	person := storetest.AddPeople(t, s, scope, storetest.Person("Zofia", "Nowak", "1"))[0]
	backup := filepath.Join(t.TempDir(), "monday.db")
	if err := s.Backup(context.Background(), backup); err != nil {
		t.Fatal(err)
	}
	if err := s.Backup(context.Background(), backup); !errs.Is(err, errs.Precondition) {
		t.Errorf("a backup overwrites another: %v", err)
	}
	read := func(p place) (found bool, o org.Organization) {
		storetest.Read(t, p.mustOpen(t), scope, func(ctx context.Context, tx store.Tx) error {
			got, err := tx.People().Get(ctx, person.ID)
			found = !got.Facts.GivenName.IsEmpty()
			o, _ = tx.Orgs().Get(ctx)
			return err
		})
		return found, o
	}

	whole := place{filepath.Join(t.TempDir(), "carillon.db"), p.keys}
	if err := sqlite.Restore(context.Background(), backup, whole.data); err != nil {
		t.Fatal(err)
	}
	if found, o := read(whole); !found || o.Hold != org.HoldRestored {
		t.Errorf("restored with keys: readable %v, hold %q", found, o.Hold)
	}
	if err := os.Remove(backup + sqlite.KeysSuffix); err != nil {
		t.Fatal(err)
	}
	bare := place{filepath.Join(t.TempDir(), "carillon.db"), p.keys}
	if err := sqlite.Restore(context.Background(), backup, bare.data); err != nil {
		t.Fatal(err)
	}
	if found, o := read(bare); found || o.Hold != org.HoldRestored {
		t.Errorf("restored without keys: readable %v, hold %q", found, o.Hold)
	}
}

func TestADatabaseOpensWithItsOwnKeyOnly(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	_ = p.mustOpen(t).Close()
	if err := os.Rename(p.keys, p.keys+".away"); err != nil {
		t.Fatal(err)
	}
	if _, err := p.open(t); !errs.Is(err, errs.NotFound) {
		t.Errorf("without its key: %v", err)
	}
	if _, err := os.Stat(p.keys); !os.IsNotExist(err) {
		t.Error("a new key was made for an old database")
	}
	other := newPlace(t)
	_ = other.mustOpen(t).Close()
	if _, err := (place{p.data, other.keys}).open(t); !errs.Is(err, errs.Precondition) {
		t.Errorf("with another key: %v", err)
	}
	if err := os.Rename(p.keys+".away", p.keys); err != nil {
		t.Fatal(err)
	}
	if _, err := p.open(t); err != nil {
		t.Errorf("with its own: %v", err)
	}
}

// reopen opens and closes the store once, with another file in its place if one is given, and opens it again.
func reopen(t *testing.T, p place, with []byte) *sqlite.Store {
	t.Helper()
	if with != nil {
		if err := os.WriteFile(p.data, with, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := p.mustOpen(t)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return p.mustOpen(t)
}

func TestARestartIsNoRestoreButACopyIs(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.mustOpen(t)
	scope := storetest.NewOrg(t, s)
	_ = s.Close()
	hold := func(s store.Store) (h org.HoldReason) {
		storetest.Read(t, s, scope, func(ctx context.Context, tx store.Tx) error {
			o, err := tx.Orgs().Get(ctx)
			h = o.Hold
			return err
		})
		return h
	}
	s = p.mustOpen(t)
	if h := hold(s); h != "" {
		t.Fatalf("a restart holds: %q", h)
	}
	_ = s.Close()
	old, err := os.ReadFile(p.data)
	if err != nil {
		t.Fatal(err)
	}
	s = reopen(t, p, nil)
	if h := hold(s); h != "" {
		t.Fatalf("a second restart holds: %q", h)
	}
	_ = s.Close()
	if h := hold(reopen(t, p, old)); h != org.HoldRestored {
		t.Fatalf("an older file that was put back does not hold: %q", h)
	}

	copied := place{filepath.Join(t.TempDir(), "carillon.db"), p.keys}
	if err := os.WriteFile(copied.data, old, 0o600); err != nil {
		t.Fatal(err)
	}
	s = copied.mustOpen(t)
	if h := hold(s); h != org.HoldRestored {
		t.Fatalf("a copy does not hold: %q", h)
	}
	storetest.Write(t, s, scope, func(ctx context.Context, tx store.Tx) error { return tx.Orgs().Release(ctx) })
	_ = s.Close()
	if h := hold(copied.mustOpen(t)); h != "" {
		t.Fatalf("a released copy holds again: %q", h)
	}
}
