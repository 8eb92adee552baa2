package custody_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/engine/custody"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/postgres"
	"carillon.dev/carillon/internal/store/postgres/pgtest"
	"carillon.dev/carillon/internal/store/sqlite"
	"carillon.dev/carillon/internal/store/storetest"
)

var (
	ctx     = context.Background()
	errDead = errors.New("the process died")
)

// safe is a database with two organizations, a person each, and its key file. open may be called again: what is opened
// anew knows no key from memory.
type safe struct {
	*testing.T
	file string
	open func() (store.Store, error)
	orgs []access.Scope
	who  []id.ID
}

func onBoth(t *testing.T, test func(s *safe)) {
	for name, open := range map[string]func(*testing.T, string) func() (store.Store, error){
		"sqlite": func(t *testing.T, file string) func() (store.Store, error) {
			path := filepath.Join(t.TempDir(), "carillon.db")
			return func() (store.Store, error) {
				return sqlite.Open(ctx, sqlite.Options{Path: path, KeyFile: file, Clock: clock.NewFixed(storetest.Start)})
			}
		},
		"postgres": func(t *testing.T, file string) func() (store.Store, error) {
			dsn := pgtest.DSN(t)
			return func() (store.Store, error) {
				return postgres.Open(ctx, postgres.Options{DSN: dsn, KeyFile: file, Clock: clock.NewFixed(storetest.Start), Conns: 4})
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "keyring")
			s := &safe{T: t, file: file, open: open(t, file)}
			s.with(func(db store.Store) {
				for _, name := range []string{"Zofia", "Anna"} {
					scope := storetest.NewOrg(t, db)
					s.orgs, s.who = append(s.orgs, scope), append(s.who, storetest.AddPeople(t, db, scope, storetest.Person(name, "Nowak", name))[0].ID)
				}
			})
			test(s)
		})
	}
}

// with opens the database anew for do.
func (s *safe) with(do func(store.Store)) {
	s.Helper()
	db, err := s.open()
	if err != nil {
		s.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	do(db)
}

// readable fails unless a fresh start reads everybody.
func (s *safe) readable() {
	s.Helper()
	s.with(func(db store.Store) {
		for i, scope := range s.orgs {
			storetest.Read(s, db, scope, func(ctx context.Context, tx store.Tx) error {
				p, err := tx.People().Get(ctx, s.who[i])
				if p.Unreadable || p.Facts.GivenName.IsEmpty() {
					s.Errorf("person %d cannot be read", i)
				}
				return err
			})
		}
	})
}

func (s *safe) status(c *custody.Service) store.KeyState {
	s.Helper()
	now, err := c.Status(ctx, storetest.System())
	if err != nil {
		s.Fatal(err)
	}
	return now
}

func (s *safe) add(c *custody.Service, want bool) {
	s.Helper()
	if added, err := c.Add(ctx, storetest.System()); err != nil || added != want {
		s.Fatalf("added %t, %v", added, err)
	}
}

// mortal is a store whose process dies at a write: before it, or after its commit.
type mortal struct {
	store.Store
	left  atomic.Int64
	after bool
}

func (m *mortal) InTx(ctx context.Context, sc access.Scope, do func(store.Tx) error, opts ...store.TxOption) error {
	if n := m.left.Add(-1); n < 0 || n == 0 && !m.after {
		return errDead
	} else if err := m.Store.InTx(ctx, sc, do, opts...); err != nil || n > 0 {
		return err
	}
	return errDead
}

func TestAChangeOfKeysSurvivesDeathAtAnyWrite(t *testing.T) {
	t.Parallel()
	onBoth(t, func(s *safe) {
		for _, after := range []bool{false, true} {
			for n := int64(1); n <= 3; n++ { // two organizations, and the note that the database belongs to the new key
				var before uint32
				s.with(func(db store.Store) {
					m := &mortal{Store: db, after: after}
					m.left.Store(n + 1) // the row of the new key comes first
					c := custody.New(m, s.file)
					before = s.status(c).Newest
					s.add(c, true)
					if _, err := c.Move(ctx, storetest.System()); !errors.Is(err, errDead) {
						s.Fatalf("at %d: %v", n, err)
					}
				})
				s.readable()
				s.with(func(db store.Store) {
					c := custody.New(db, s.file)
					last := n == 3 && after // it had finished, and nobody heard of it
					if !last {
						s.add(c, false) // goes on with the key that there is
						if _, err := c.Retire(ctx, storetest.System()); !errs.Is(err, errs.Precondition) {
							s.Errorf("at %d: retired half-way: %v", n, err)
						}
					}
					if _, err := c.Move(ctx, storetest.System()); err != nil {
						s.Fatalf("again after %d: %v", n, err)
					}
					if now := s.status(c); !now.Moved() || now.Newest != before+1 {
						s.Errorf("after %d (after its commit: %t): %+v", n, after, now)
					}
				})
				s.readable()
			}
		}
	})
}

func TestAKeyIsNotAddedWithoutItsAuditRow(t *testing.T) {
	t.Parallel()
	onBoth(t, func(s *safe) {
		s.with(func(db store.Store) {
			m := &mortal{Store: db}
			m.left.Store(1)
			before := s.status(custody.New(db, s.file)).Newest
			if added, err := custody.New(m, s.file).Add(ctx, storetest.System()); added || !errors.Is(err, errDead) {
				s.Errorf("added %t, %v", added, err)
			}
			if now := s.status(custody.New(db, s.file)).Newest; now != before {
				s.Errorf("key %d became %d", before, now)
			}
		})
	})
}

func TestANodeThatRunsTakesUpTheNewKey(t *testing.T) {
	t.Parallel()
	onBoth(t, func(s *safe) {
		s.with(func(node store.Store) { // has read nothing yet, so that it has no organization's key in memory
			s.with(func(db store.Store) {
				c := custody.New(db, s.file)
				s.add(c, true)
				if n, err := c.Move(ctx, storetest.System()); err != nil || n != 2 {
					s.Fatalf("moved %d, %v", n, err)
				}
				if gone, err := c.Retire(ctx, storetest.System()); err != nil || !slices.Equal(gone, []uint32{1}) {
					s.Fatalf("retired %v, %v", gone, err)
				}
			})
			storetest.Read(s, node, s.orgs[0], func(ctx context.Context, tx store.Tx) error {
				p, err := tx.People().Get(ctx, s.who[0])
				if p.Unreadable {
					s.Error("cannot read")
				}
				return err
			})
			fresh := storetest.NewOrg(s, node) // its keys must not be wrapped by the key that is gone
			s.orgs, s.who = append(s.orgs, fresh), append(s.who, storetest.AddPeople(s, node, fresh, storetest.Person("Ewa", "Lis", "9"))[0].ID)
		})
		s.readable()
	})
}

func TestTheKeyFileKeepsItsPlaceAndMode(t *testing.T) {
	t.Parallel()
	onBoth(t, func(s *safe) {
		s.with(func(db store.Store) { s.add(custody.New(db, s.file), true) })
		info, err := os.Stat(s.file)
		if err != nil || info.Mode().Perm() != 0o600 {
			s.Errorf("mode %v, %v", info.Mode(), err)
		}
		text, err := os.ReadFile(s.file)
		if err != nil || !strings.HasPrefix(string(text), "carillon-keyring-v1\n#") || strings.Count(string(text), "\nkek ") != 2 {
			s.Errorf("the file reads otherwise than expected: %v", err)
		}
		around, err := os.ReadDir(filepath.Dir(s.file))
		if err != nil || len(around) != 1 {
			s.Errorf("%d files are left, %v", len(around), err)
		}
	})
}

func TestKeysAreLookedAfterOnTheMachineOnly(t *testing.T) {
	t.Parallel()
	onBoth(t, func(s *safe) {
		s.with(func(db store.Store) {
			c := custody.New(db, s.file)
			for name, err := range map[string]error{
				"status": second(c.Status(ctx, s.orgs[0])), "add": second(c.Add(ctx, s.orgs[0])), "move": second(c.Move(ctx, s.orgs[0])),
				"retire": second(c.Retire(ctx, s.orgs[0])), "damaged": second(c.Damaged(ctx, s.orgs[0])),
			} {
				if !errs.Is(err, errs.Forbidden) {
					s.Errorf("%s within an organization: %v", name, err)
				}
			}
			if bad, err := c.Damaged(ctx, storetest.System()); err != nil || len(bad) != 0 {
				s.Errorf("whole keys are named: %v, %v", bad, err)
			}
		})
	})
}

func second[T any](_ T, err error) error { return err }
