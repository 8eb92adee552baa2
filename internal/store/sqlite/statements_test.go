package sqlite

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
)

func TestKeptStatementsMayNestAndRunOut(t *testing.T) {
	t.Parallel()
	db, err := handle(filepath.Join(t.TempDir(), "x.db"), false, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ctx := context.Background()
	if _, err := db.ExecContext(ctx, `CREATE TABLE t (n INTEGER)`); err != nil {
		t.Fatal(err)
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 2 * keptStatements {
		if _, err := tx.ExecContext(ctx, fmt.Sprintf(`INSERT INTO t (n) VALUES (%d)`, n)); err != nil {
			t.Fatal(err)
		}
	}
	// The same text twice at once: the inner rows come from a statement of their own.
	const all = `SELECT n FROM t WHERE n >= $1 ORDER BY n`
	outer, err := tx.QueryContext(ctx, all, 0)
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for ; outer.Next() && count < 5; count++ {
		var got, first int
		if err := outer.Scan(&got); err != nil || got != count {
			t.Fatalf("outer row %d is %d, %v", count, got, err)
		}
		inner, err := tx.QueryContext(ctx, all, 100)
		if err != nil || !inner.Next() {
			t.Fatalf("no inner row: %v", err)
		}
		if err := inner.Scan(&first); err != nil || first != 100 {
			t.Fatalf("inner row is %d, %v", first, err)
		}
		_ = inner.Close()
	}
	_ = outer.Close()
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	// A changed table does not confuse a kept statement.
	for _, step := range []string{`ALTER TABLE t ADD COLUMN m INTEGER NOT NULL DEFAULT 7`, `INSERT INTO t (n) VALUES (1)`} {
		if _, err := db.ExecContext(ctx, step); err != nil {
			t.Fatal(err)
		}
	}
	var n int
	if err := db.QueryRowContext(ctx, `SELECT count(*) FROM t WHERE m = 7`).Scan(&n); err != nil || n != 2*keptStatements+1 {
		t.Fatalf("%d rows, %v", n, err)
	}
}
