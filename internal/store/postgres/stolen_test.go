package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audit"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/postgres"
	"carillon.dev/carillon/internal/store/postgres/pgtest"
	"carillon.dev/carillon/internal/store/storetest"
)

// node opens another node's store on a database.
func node(t *testing.T, dsn, keys string) (*postgres.Store, error) {
	t.Helper()
	s, err := postgres.Open(context.Background(), postgres.Options{DSN: dsn, KeyFile: keys, Clock: clock.NewFixed(storetest.Start), Conns: 4})
	if err == nil {
		t.Cleanup(func() { _ = s.Close() })
	}
	return s, err
}

func mustNode(t *testing.T, dsn, keys string) *postgres.Store {
	t.Helper()
	s, err := node(t, dsn, keys)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAStolenClusterShowsNobody(t *testing.T) {
	t.Parallel()
	dsn := pgtest.DSN(t)
	tokens := storetest.Canaries(t, mustNode(t, dsn, filepath.Join(t.TempDir(), "keys")))
	plain := pgtest.Dump(t, dsn, "plain")
	if !bytes.Contains(plain, []byte("Riverside")) {
		t.Error("the dump holds no rows")
	}
	storetest.Find(t, "plain dump", plain, tokens)
	storetest.Find(t, "custom dump", pgtest.Dump(t, dsn, "custom"), tokens)
	for name, b := range pgtest.Files(t, dsn) {
		if len(b) > 0 {
			storetest.Find(t, name, b, tokens)
		}
	}
}

func TestADatabaseOpensWithItsOwnKeyOnly(t *testing.T) {
	t.Parallel()
	dsn, keys := pgtest.DSN(t), filepath.Join(t.TempDir(), "keys")
	mustNode(t, dsn, keys)
	if _, err := node(t, dsn, keys+".none"); !errs.Is(err, errs.NotFound) {
		t.Errorf("without a key: %v", err)
	}
	if _, err := os.Stat(keys + ".none"); !os.IsNotExist(err) {
		t.Error("a new key was made for an old database")
	}
	other := filepath.Join(t.TempDir(), "keys")
	mustNode(t, pgtest.DSN(t), other)
	if _, err := node(t, dsn, other); !errs.Is(err, errs.Precondition) {
		t.Errorf("with another key: %v", err)
	}
	mustNode(t, dsn, keys)
}

func TestARestoredDumpStartsOnHold(t *testing.T) {
	t.Parallel()
	dsn, keys := pgtest.DSN(t), filepath.Join(t.TempDir(), "keys")
	scope := storetest.NewOrg(t, mustNode(t, dsn, keys))
	copied := pgtest.Empty(t)
	pgtest.Load(t, copied, pgtest.Dump(t, dsn, "plain"))
	for where, want := range map[string]org.HoldReason{dsn: "", copied: org.HoldRestored} {
		storetest.Read(t, mustNode(t, where, keys), scope, func(ctx context.Context, tx store.Tx) error {
			o, err := tx.Orgs().Get(ctx)
			if o.Hold != want {
				t.Errorf("hold %q, want %q", o.Hold, want)
			}
			return err
		})
	}
}

func TestNodesHearOfEachOthersChanges(t *testing.T) {
	t.Parallel()
	dsn, keys := pgtest.DSN(t), filepath.Join(t.TempDir(), "keys")
	a, b := mustNode(t, dsn, keys), mustNode(t, dsn, keys)
	scope := storetest.NewOrg(t, a)
	for _, topic := range []store.Topic{store.TopicMessages, store.TopicConsents} { // after the commit, and in it
		sub := b.Subscribe(topic)
		storetest.Write(t, a, scope, func(_ context.Context, tx store.Tx) error { tx.Publish(topic); return nil })
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		got, err := sub.Next(ctx)
		cancel()
		if err != nil || len(got) != 1 || got[0] != (store.Change{Org: scope.Org(), Topic: topic}) {
			t.Errorf("%s: %v, %v", topic, got, err)
		}
		sub.Close()
	}
}

func TestTransactionsThatMeetAreRunAgain(t *testing.T) {
	t.Parallel()
	dsn, keys := pgtest.DSN(t), filepath.Join(t.TempDir(), "keys")
	nodes := []*postgres.Store{mustNode(t, dsn, keys), mustNode(t, dsn, keys)}
	scope := storetest.NewOrg(t, nodes[0])
	person := storetest.AddPeople(t, nodes[0], scope, storetest.Person("Zofia", "Nowak", "1"))[0]
	point := storetest.AddPoint(t, nodes[0], scope, person.ID, storetest.Number(t, "+48601000001"))
	const each = 20
	var wg sync.WaitGroup
	for _, s := range nodes {
		wg.Go(func() {
			for i := range each {
				err := s.InTx(context.Background(), scope, func(tx store.Tx) error {
					return tx.People().SetQuarantine(context.Background(), point.ID, i%2 == 0)
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	storetest.Read(t, nodes[0], scope, func(ctx context.Context, tx store.Tx) error {
		got, err := tx.People().PointByNumber(ctx, "sms", point.Number)
		if want := point.Revision + 2*each; got.Revision != want {
			t.Errorf("revision %d, want %d: an update was lost", got.Revision, want)
		}
		return err
	})
}

func TestTwoNodesNumberTheAuditLogTogether(t *testing.T) {
	t.Parallel()
	dsn, keys := pgtest.DSN(t), filepath.Join(t.TempDir(), "keys")
	nodes := []*postgres.Store{mustNode(t, dsn, keys), mustNode(t, dsn, keys)}
	scope := storetest.NewOrg(t, nodes[0])
	var wg sync.WaitGroup
	for _, s := range nodes {
		wg.Go(func() {
			for range 10 {
				ctx := context.Background()
				err := errors.Join(
					s.InTx(ctx, scope, func(tx store.Tx) error { return tx.Audit().Record(ctx, event(scope, tx.Now())) }),
					s.InTx(ctx, storetest.System(), func(tx store.Tx) error { _, err := tx.Audit().Sequence(ctx, 100); return err }),
				)
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	storetest.Write(t, nodes[0], storetest.System(), func(ctx context.Context, tx store.Tx) error { _, err := tx.Audit().Sequence(ctx, 100); return err })
	storetest.Read(t, nodes[1], storetest.System(), func(ctx context.Context, tx store.Tx) error {
		r, err := tx.Audit().Verify(ctx, time.Now().Add(time.Minute))
		if !r.OK() || r.Size != 20 {
			t.Errorf("%+v", r)
		}
		return err
	})
}

func event(scope access.Scope, at time.Time) audit.Event {
	return audit.Of(scope, at, "test.record", "person", id.New(), "")
}
