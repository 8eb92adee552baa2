package sqlite

import (
	"context"
	"path/filepath"
	"sync"
	"testing"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/store"
)

func TestStatementsThatMayChangeFacts(t *testing.T) {
	for text, want := range map[string]bool{
		"SELECT version FROM persons WHERE id = $1":                                     false,
		"UPDATE persons SET sealed = $2, version = version + 1 WHERE id = $1":           true,
		"\n\tUPDATE contact_points\n\tSET revision = revision + 1 WHERE id = $1":        true,
		"UPDATE contact_points SET sticky_sender = $2 WHERE id = $1":                    false,
		"INSERT INTO visits (id) VALUES ($1)":                                           true,
		"INSERT INTO visits(id) VALUES ($1)":                                            true,
		"INSERT INTO message_keys (id) VALUES ($1) ON CONFLICT DO NOTHING":              false,
		"DELETE FROM locations WHERE id = $1 RETURNING id":                              true,
		"UPDATE message_states SET a = (SELECT version FROM persons b WHERE b.id = $1)": false,
		"WITH x AS (SELECT 1) UPDATE persons SET version = 2":                           true,
		"WITH x AS (SELECT 1) UPDATE message_states SET a = 2":                          false,
		"PRAGMA data_version":                                                               false,
		"UPDATE person_names SET version = 1":                                               false,
		"INSERT INTO persons SELECT * FROM json_each($1)":                                   true,
		"UPDATE visits SET status = $2, start_at = $3, version = version + 1 WHERE id = $1": true,
	} {
		if got := writesFacts(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

// snapshots gives the state that a new read and a new write transaction see.
func snapshots(t *testing.T, s *Store, scope access.Scope) (read, write store.Snapshot) {
	t.Helper()
	ctx := context.Background()
	if err := s.InTx(ctx, scope, func(tx store.Tx) error { write = tx.Snapshot(); return nil }); err != nil {
		t.Fatal(err)
	}
	if err := s.Read(ctx, scope, func(tx store.Tx) error { read = tx.Snapshot(); return nil }); err != nil {
		t.Fatal(err)
	}
	return read, write
}

func TestASnapshotEndsWithTheFirstChangeOfFactsByAnybody(t *testing.T) {
	dir := t.TempDir()
	ctx := context.Background()
	open := func() *Store {
		s, err := Open(ctx, Options{Path: filepath.Join(dir, "x.db"), KeyFile: filepath.Join(dir, "key")})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
	a, b := open(), open() // as a node and a command
	scope := access.ForCommand(id.New(), "test")
	addPerson := func(s *Store) {
		err := s.InTx(ctx, scope, func(tx store.Tx) error {
			_, err := tx.People().Create(ctx, []patient.Person{{Kind: patient.Patient, Status: patient.Active}})
			if tx.Snapshot() != 0 {
				t.Error("a transaction that changed facts says which state it reads")
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := a.InTx(ctx, scope, func(tx store.Tx) error {
		_, err := tx.Orgs().Create(ctx, org.Organization{ID: scope.Org(), Name: "x", Region: "PL", Locale: "en"})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	was, _ := snapshots(t, a, scope)
	if read, write := snapshots(t, a, scope); read != was || write != was || was == 0 {
		t.Errorf("nothing happened between %d, %d and %d", was, read, write)
	}
	addPerson(a)
	read, write := snapshots(t, a, scope)
	if read == was || write != read {
		t.Errorf("after a change by the process: %d, %d and %d", was, read, write)
	}
	addPerson(b)
	if _, after := snapshots(t, a, scope); after == read {
		t.Error("a change by another process was not noticed by the next writer")
	}
}

// Whoever reads a state of the facts and is told later that it still stands must have read what is there.
func TestASnapshotThatStandsIsWhatWasRead(t *testing.T) {
	dir := t.TempDir()
	ctx := context.Background()
	s, err := Open(ctx, Options{Path: filepath.Join(dir, "x.db"), KeyFile: filepath.Join(dir, "key")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	scope := access.ForCommand(id.New(), "test")
	var person patient.Person
	write := func(do func(tx store.Tx) error) {
		if err := s.InTx(ctx, scope, do); err != nil {
			t.Error(err)
		}
	}
	write(func(tx store.Tx) error {
		_, err := tx.Orgs().Create(ctx, org.Organization{ID: scope.Org(), Name: "x", Region: "PL", Locale: "en"})
		return err
	})
	write(func(tx store.Tx) error {
		people, err := tx.People().Create(ctx, []patient.Person{{Kind: patient.Patient, Status: patient.Active}})
		person = people[0]
		return err
	})
	const rounds = 150
	var writing sync.WaitGroup
	writing.Go(func() {
		for range rounds {
			write(func(tx store.Tx) error {
				p, err := tx.People().Get(ctx, person.ID)
				if err != nil {
					return err
				}
				_, err = tx.People().Update(ctx, []patient.Person{p})
				return err
			})
		}
	})
	stood := 0
	for range rounds {
		var seen store.Snapshot
		var version int64
		if err := s.Read(ctx, scope, func(tx store.Tx) error {
			p, err := tx.People().Get(ctx, person.ID)
			seen, version = tx.Snapshot(), p.Version
			return err
		}); err != nil {
			t.Fatal(err)
		}
		write(func(tx store.Tx) error {
			p, err := tx.People().Get(ctx, person.ID)
			if tx.Snapshot() == seen {
				stood++
				if p.Version != version {
					t.Errorf("version %d was read, the state still stands, and it is %d now", version, p.Version)
				}
			}
			return err
		})
	}
	writing.Wait()
	t.Logf("%d of %d states stood", stood, rounds)
}
