package storetest_test

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/tlog"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audit"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/postgres"
	"carillon.dev/carillon/internal/store/postgres/pgtest"
	"carillon.dev/carillon/internal/store/sqlite"
	"carillon.dev/carillon/internal/store/storetest"
)

// burgled is a store whose database somebody reaches without the program.
type burgled struct {
	store.Store
	scope access.Scope
	exec  func(statement string) error
	blob  func(b []byte) string // as a literal
	open  func() (store.Store, error)
}

// literal is an id in a statement.
func (b *burgled) literal(i id.ID) string {
	if _, lite := b.Store.(*sqlite.Store); lite {
		return b.blob(i[:])
	}
	return "'" + i.String() + "'"
}

// reopen ends the program and starts it again.
func (b *burgled) reopen(t *testing.T) {
	t.Helper()
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	var err error
	if b.Store, err = b.open(); err != nil {
		t.Fatal(err)
	}
}

func overSQLite(t *testing.T) *burgled {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "carillon.db")
	open := func() (store.Store, error) {
		return sqlite.Open(context.Background(), sqlite.Options{Path: path, KeyFile: filepath.Join(dir, "keys"), Clock: clock.NewFixed(storetest.Start)})
	}
	s, err := open()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := sql.Open("sqlite", path+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	b := &burgled{Store: s, open: open, exec: func(q string) error { _, err := raw.Exec(q); return err },
		blob: func(b []byte) string { return "X'" + hex.EncodeToString(b) + "'" }}
	t.Cleanup(func() { _, _ = raw.Close(), b.Close() })
	return b
}

func overPostgres(t *testing.T) *burgled {
	t.Helper()
	dsn, keys := pgtest.DSN(t), filepath.Join(t.TempDir(), "keys")
	open := func() (store.Store, error) {
		return postgres.Open(context.Background(), postgres.Options{DSN: dsn, KeyFile: keys, Clock: clock.NewFixed(storetest.Start), Conns: 4})
	}
	s, err := open()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := pgx.Connect(context.Background(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	b := &burgled{Store: s, open: open, exec: func(q string) error { _, err := raw.Exec(context.Background(), q); return err },
		blob: func(b []byte) string { return `'\x` + hex.EncodeToString(b) + `'::bytea` }}
	t.Cleanup(func() { _, _ = raw.Close(context.Background()), b.Close() })
	return b
}

// rows is how many numbered rows the log has before it is tampered with: no power of two, so that the tree has
// several peaks.
const rows = 13

// keep fills the log and numbers it.
func (b *burgled) keep(t *testing.T) {
	t.Helper()
	b.scope = storetest.NewOrg(t, b)
	for i := range rows {
		b.record(t, fmt.Sprintf("rows=%d", i))
	}
	storetest.Write(t, b, storetest.System(), func(ctx context.Context, tx store.Tx) error {
		_, err := tx.Audit().Sequence(ctx, 100)
		return err
	})
}

func (b *burgled) record(t *testing.T, detail string) {
	t.Helper()
	storetest.Write(t, b, b.scope, func(ctx context.Context, tx store.Tx) error {
		return tx.Audit().Record(ctx, audit.Of(b.scope, tx.Now(), "consent.record", "person", id.New(), detail))
	})
}

// event is the row of a number: rows were recorded and numbered in the order of their ids.
func (b *burgled) event(t *testing.T, seq int) (e audit.Event) {
	t.Helper()
	storetest.Read(t, b, b.scope, func(ctx context.Context, tx store.Tx) error {
		all, err := tx.Audit().List(ctx, store.Page{Limit: 100})
		slices.Reverse(all)
		e = all[seq]
		return err
	})
	return e
}

func (b *burgled) verify(t *testing.T, now time.Time) (r store.AuditReport) {
	t.Helper()
	storetest.Read(t, b, storetest.System(), func(ctx context.Context, tx store.Tx) (err error) {
		r, err = tx.Audit().Verify(ctx, now)
		return err
	})
	return r
}

func (b *burgled) must(t *testing.T, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if err := b.exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// forge rewrites a row with its canonical bytes, as somebody would who knows their form.
func (b *burgled) forge(t *testing.T, seq int) audit.Event {
	t.Helper()
	e := b.event(t, seq)
	e.Detail = "rows=999"
	b.must(t, fmt.Sprintf(`UPDATE audit_events SET detail = 'rows=999', canonical = %s WHERE seq = %d`, b.blob(e.Canonical()), seq))
	return e
}

func TestATamperedLogIsFoundOut(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		tamper func(t *testing.T, b *burgled)
		want   store.AuditBreak // one of what is reported
	}{
		"a column edited": {func(t *testing.T, b *burgled) {
			b.must(t, `UPDATE audit_events SET detail = 'rows=999' WHERE seq = 5`)
		}, store.AuditBreak{Seq: 5, Why: store.AuditRowChanged}},
		"who did it edited": {func(t *testing.T, b *burgled) {
			b.must(t, `UPDATE audit_events SET by_name = 'somebody else' WHERE seq = 0`)
		}, store.AuditBreak{Seq: 0, Why: store.AuditRowChanged}},
		"a row forged with its bytes": {func(t *testing.T, b *burgled) {
			b.forge(t, 5)
		}, store.AuditBreak{Seq: tlog.StoredHashIndex(0, 5), Why: store.AuditHashChanged}},
		"a row forged with its bytes and leaf": {func(t *testing.T, b *burgled) {
			leaf := tlog.RecordHash(b.forge(t, 4).Canonical())
			b.must(t, fmt.Sprintf(`UPDATE audit_hashes SET hash = %s WHERE position = %d`, b.blob(leaf[:]), tlog.StoredHashIndex(0, 4)))
		}, store.AuditBreak{Seq: tlog.StoredHashIndex(1, 2), Why: store.AuditHashChanged}},
		"a row deleted": {func(t *testing.T, b *burgled) {
			b.must(t, `DELETE FROM audit_events WHERE seq = 5`)
		}, store.AuditBreak{Seq: 5, Why: store.AuditRowMissing}},
		"a row deleted and the gap closed": {func(t *testing.T, b *burgled) {
			b.must(t, `DELETE FROM audit_events WHERE seq = 5`)
			for seq := 6; seq < rows; seq++ {
				b.must(t, fmt.Sprintf(`UPDATE audit_events SET seq = %d WHERE seq = %d`, seq-1, seq))
			}
		}, store.AuditBreak{Seq: tlog.StoredHashIndex(0, 5), Why: store.AuditHashChanged}},
		"two rows put in another order": {func(t *testing.T, b *burgled) {
			b.must(t, `UPDATE audit_events SET seq = 1000 WHERE seq = 5`, `UPDATE audit_events SET seq = 5 WHERE seq = 6`,
				`UPDATE audit_events SET seq = 6 WHERE seq = 1000`)
		}, store.AuditBreak{Seq: tlog.StoredHashIndex(0, 5), Why: store.AuditHashChanged}},
		"the last rows cut off": {func(t *testing.T, b *burgled) {
			b.must(t, `DELETE FROM audit_events WHERE seq >= 11`)
		}, store.AuditBreak{Seq: tlog.StoredHashIndex(0, 11), Why: store.AuditHashChanged}},
		"the last hashes cut off": {func(t *testing.T, b *burgled) {
			b.must(t, fmt.Sprintf(`DELETE FROM audit_hashes WHERE position >= %d`, tlog.StoredHashIndex(0, 11)))
		}, store.AuditBreak{Seq: tlog.StoredHashIndex(0, 12), Why: store.AuditHashChanged}},
		"a hash in the middle taken out": {func(t *testing.T, b *burgled) {
			b.must(t, `DELETE FROM audit_hashes WHERE position = 2`)
		}, store.AuditBreak{Seq: 2, Why: store.AuditHashChanged}},
		"a row slipped in with a number": {func(t *testing.T, b *burgled) {
			b.record(t, "rows=14")
			b.must(t, fmt.Sprintf(`UPDATE audit_events SET seq = %d WHERE seq IS NULL`, rows))
		}, store.AuditBreak{Seq: tlog.StoredHashIndex(0, rows), Why: store.AuditHashChanged}},
	}
	for database, open := range map[string]func(*testing.T) *burgled{"sqlite": overSQLite, "postgres": overPostgres} {
		for name, c := range cases {
			t.Run(database+"/"+name, func(t *testing.T) {
				t.Parallel()
				b := open(t)
				b.keep(t)
				if r := b.verify(t, time.Now()); !r.OK() || r.Size != rows {
					t.Fatalf("before: %+v", r)
				}
				c.tamper(t, b)
				if r := b.verify(t, time.Now()); r.OK() || !slices.Contains(r.Broken, c.want) {
					t.Errorf("reported %+v, want %+v among them", r.Broken, c.want)
				}
			})
		}
	}
}

func TestALogCutWithItsHashesShowsByTheRootThatWasNoted(t *testing.T) {
	t.Parallel()
	for database, open := range map[string]func(*testing.T) *burgled{"sqlite": overSQLite, "postgres": overPostgres} {
		t.Run(database, func(t *testing.T) {
			t.Parallel()
			b := open(t)
			b.keep(t)
			noted := b.verify(t, time.Now())
			b.must(t, `DELETE FROM audit_events WHERE seq >= 11`, fmt.Sprintf(`DELETE FROM audit_hashes WHERE position >= %d`, tlog.StoredHashIndex(0, 11)))
			cut := b.verify(t, time.Now())
			if cut.Size != 11 || string(cut.Root) == string(noted.Root) {
				t.Errorf("%d rows with the root of %d", cut.Size, noted.Size)
			}
			// Nothing that is left can grow into the tree whose root was noted: other rows give another root.
			for i := range rows - 11 {
				b.record(t, fmt.Sprintf("rows=%d", 50+i))
			}
			storetest.Write(t, b, storetest.System(), func(ctx context.Context, tx store.Tx) error {
				_, err := tx.Audit().Sequence(ctx, 100)
				return err
			})
			if again := b.verify(t, time.Now()); again.Size != noted.Size || string(again.Root) == string(noted.Root) {
				t.Errorf("size %d and the root that was noted: a cut log grew back", again.Size)
			}
		})
	}
}

func TestARowThatWaitsOverTenSecondsForItsNumberIsReported(t *testing.T) {
	t.Parallel()
	for database, open := range map[string]func(*testing.T) *burgled{"sqlite": overSQLite, "postgres": overPostgres} {
		t.Run(database, func(t *testing.T) {
			t.Parallel()
			b := open(t)
			b.keep(t)
			b.record(t, "rows=14")
			if r := b.verify(t, time.Now()); r.Waiting != 0 || !r.OK() {
				t.Errorf("a fresh row is reported: %+v", r)
			}
			if r := b.verify(t, time.Now().Add(11*time.Second)); r.Waiting != 1 || r.OK() {
				t.Errorf("an old row is not reported: %+v", r)
			}
			// A number that is taken away makes the row wait again, and leaves a gap.
			b.must(t, `UPDATE audit_events SET seq = NULL WHERE seq = 3`)
			r := b.verify(t, time.Now().Add(11*time.Second))
			if r.Waiting != 2 || !slices.Contains(r.Broken, store.AuditBreak{Seq: 3, Why: store.AuditRowMissing}) {
				t.Errorf("a number taken away: %+v", r)
			}
		})
	}
}
