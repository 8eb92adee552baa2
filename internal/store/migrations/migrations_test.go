package migrations_test

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite"

	"carillon.dev/carillon/internal/store/migrations"
	"carillon.dev/carillon/internal/store/postgres/pgtest"
)

var update = flag.Bool("update", false, "write the fixture of every migration that has none yet")

// database is one of the two, with what it takes to look at its tables.
type database struct {
	name    string
	dialect goose.Dialect
	files   fs.FS
	open    func(t *testing.T) *sql.DB
	columns string // query: table, column, type, not null
	indexes string // query: table, index, unique
	types   map[string]string
}

func databases() []database {
	return []database{
		{
			name: "sqlite", dialect: goose.DialectSQLite3, files: migrations.SQLite(),
			open: func(t *testing.T) *sql.DB {
				db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "x.db")+"?_pragma=foreign_keys(1)")
				if err != nil {
					t.Fatal(err)
				}
				db.SetMaxOpenConns(1)
				return db
			},
			columns: `SELECT m.name, c.name, lower(c.type), c."notnull" = 1 FROM sqlite_schema m JOIN pragma_table_info(m.name) c
				WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE 'goose_%'`,
			indexes: `SELECT m.name, i.name, i."unique" = 1 FROM sqlite_schema m JOIN pragma_index_list(m.name) i
				WHERE m.type = 'table' AND i.origin = 'c'`,
			types: map[string]string{"integer": "integer", "text": "text", "blob": "blob"},
		},
		{
			name: "postgres", dialect: goose.DialectPostgres, files: migrations.Postgres(),
			open: func(t *testing.T) *sql.DB {
				db, err := sql.Open("pgx", pgtest.Empty(t))
				if err != nil {
					t.Fatal(err)
				}
				return db
			},
			columns: `SELECT table_name, column_name, data_type, is_nullable = 'NO' FROM information_schema.columns
				WHERE table_schema = 'public' AND table_name NOT LIKE 'goose_%'`,
			indexes: `SELECT c.relname, i.relname, x.indisunique FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid
				JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
				WHERE n.nspname = 'public' AND c.relname NOT LIKE 'goose_%' AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = x.indexrelid)`,
			types: map[string]string{"bigint": "integer", "boolean": "integer", "text": "text", "uuid": "blob", "bytea": "blob"},
		},
	}
}

type column struct {
	table, name, kind string
	notNull           bool
}

func columnsOf(t *testing.T, db *sql.DB, d database) map[string]column {
	t.Helper()
	out := map[string]column{}
	rows, err := db.Query(d.columns)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var c column
		if err := rows.Scan(&c.table, &c.name, &c.kind, &c.notNull); err != nil {
			t.Fatal(err)
		}
		out[c.table+"."+c.name] = c
	}
	return out
}

func indexesOf(t *testing.T, db *sql.DB, d database) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	rows, err := db.Query(d.indexes)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var table, name string
		var unique bool
		if err := rows.Scan(&table, &name, &unique); err != nil {
			t.Fatal(err)
		}
		out[table+"."+name] = unique
	}
	return out
}

func provider(t *testing.T, db *sql.DB, d database) *goose.Provider {
	t.Helper()
	p, err := goose.NewProvider(d.dialect, db, d.files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestBothDatabasesHaveTheSameTables(t *testing.T) {
	t.Parallel()
	var columns []map[string]column
	var indexes []map[string]bool
	for _, d := range databases() {
		db := d.open(t)
		defer db.Close()
		if _, err := provider(t, db, d).Up(context.Background()); err != nil {
			t.Fatal(err)
		}
		found := columnsOf(t, db, d)
		for name, c := range found {
			kind, ok := d.types[c.kind]
			if !ok {
				t.Errorf("%s: %s has type %q, which the house does not use", d.name, name, c.kind)
			}
			c.kind = kind
			found[name] = c
		}
		columns, indexes = append(columns, found), append(indexes, indexesOf(t, db, d))
	}
	for name := range maps.Keys(columns[0]) {
		if columns[0][name] != columns[1][name] {
			t.Errorf("%s: SQLite has %+v, PostgreSQL has %+v", name, columns[0][name], columns[1][name])
		}
		delete(columns[1], name)
	}
	for name := range columns[1] {
		t.Errorf("%s is in PostgreSQL only", name)
	}
	if !maps.Equal(indexes[0], indexes[1]) {
		t.Errorf("indexes differ:\nSQLite     %v\nPostgreSQL %v", indexes[0], indexes[1])
	}
}

func TestMigrationsComeInPairs(t *testing.T) {
	t.Parallel()
	names := func(f fs.FS) []string {
		all, err := fs.Glob(f, "*.sql")
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	if a, b := names(migrations.SQLite()), names(migrations.Postgres()); !slices.Equal(a, b) {
		t.Fatalf("SQLite has %v, PostgreSQL has %v", a, b)
	}
}

// fixture is one row per table that a migration made, as they were when it was released.
type fixture []struct {
	Table string         `json:"table"`
	Row   map[string]any `json:"row"`
}

func TestRowsOfEveryMigrationSurviveTheLaterOnes(t *testing.T) {
	t.Parallel()
	both := databases()
	slices.Reverse(both) // -update writes fixtures by PostgreSQL's types, which tell ids from other bytes
	for _, d := range both {
		t.Run(d.name, func(t *testing.T) {
			db := d.open(t)
			defer db.Close()
			p := provider(t, db, d)
			var kept []fixture
			before := map[string]column{}
			for {
				done, err := p.UpByOne(context.Background())
				if err != nil {
					if strings.Contains(err.Error(), goose.ErrNoNextVersion.Error()) {
						break
					}
					t.Fatal(err)
				}
				now := columnsOf(t, db, d)
				f := fixtureOf(t, d, filepath.Base(done.Source.Path), before, now)
				for _, r := range f {
					insert(t, db, now, r.Table, r.Row)
				}
				kept, before = append(kept, f), now
			}
			last := columnsOf(t, db, d)
			for _, f := range kept {
				for _, r := range f {
					find(t, db, last, r.Table, r.Row)
				}
			}
		})
	}
}

// fixtureOf reads a migration's rows; with -update it makes the first ones from the tables.
func fixtureOf(t *testing.T, d database, file string, before, now map[string]column) (f fixture) {
	t.Helper()
	path := filepath.Join("testdata", strings.TrimSuffix(file, ".sql")+".json")
	b, err := os.ReadFile(path)
	if os.IsNotExist(err) && *update && d.name == "postgres" {
		b = sample(t, before, now)
		err = os.WriteFile(path, b, 0o644)
	}
	if err != nil {
		t.Fatalf("migration %s has no fixture; run go test ./internal/store/migrations -update: %v", file, err)
	}
	if err := json.Unmarshal(b, &f); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if len(f) == 0 && len(now) > len(before) {
		t.Fatalf("%s has no row", path)
	}
	return f
}

// sample is one row for every new table. All ids are the same, so that rows may refer to each other.
func sample(t *testing.T, before, now map[string]column) []byte {
	t.Helper()
	values := map[string]any{"uuid": "id:01890a5d-ac96-774b-bcce-b302099a8057", "bytea": "hex:c0ffee", "text": "x", "bigint": 1, "boolean": false}
	old := map[string]bool{}
	for _, c := range before {
		old[c.table] = true
	}
	rows := map[string]map[string]any{}
	for _, c := range now {
		if old[c.table] {
			continue
		}
		if rows[c.table] == nil {
			rows[c.table] = map[string]any{}
		}
		rows[c.table][c.name] = values[c.kind]
	}
	type row struct {
		Table string         `json:"table"`
		Row   map[string]any `json:"row"`
	}
	var out []row
	for table, r := range rows {
		out = append(out, row{table, r})
	}
	slices.SortFunc(out, func(a, b row) int {
		return cmp.Or(cmp.Compare(rank(a.Table), rank(b.Table)), cmp.Compare(a.Table, b.Table))
	})
	b, err := json.MarshalIndent(out, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return append(b, '\n')
}

// rank puts tables that others refer to first.
func rank(table string) int {
	first := []string{"organizations", "persons", "contact_points", "locations", "visits", "routes", "senders", "conversations", "journeys", "enrollments", "imports", "messages"}
	if i := slices.Index(first, table); i >= 0 {
		return i
	}
	return len(first)
}

// native turns a fixture's value into what the column takes.
func native(t *testing.T, c column, v any) any {
	t.Helper()
	switch v := v.(type) {
	case string:
		if text, ok := strings.CutPrefix(v, "id:"); ok {
			if c.kind == "uuid" {
				return text
			}
			v = "hex:" + strings.ReplaceAll(text, "-", "")
		}
		if text, ok := strings.CutPrefix(v, "hex:"); ok {
			b, err := hex.DecodeString(text)
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
		return v
	case float64:
		return int64(v)
	case bool:
		if c.kind == "integer" {
			if v {
				return int64(1)
			}
			return int64(0)
		}
	}
	return v
}

func insert(t *testing.T, db *sql.DB, columns map[string]column, table string, row map[string]any) {
	t.Helper()
	var names, marks []string
	var values []any
	for name, v := range row {
		names, values = append(names, name), append(values, native(t, columns[table+"."+name], v))
		marks = append(marks, fmt.Sprintf("$%d", len(values)))
	}
	if _, err := db.Exec("INSERT INTO "+table+" ("+strings.Join(names, ", ")+") VALUES ("+strings.Join(marks, ", ")+")", values...); err != nil {
		t.Fatalf("%s: %v\nif this migration was never released, delete its fixture and run go test ./internal/store/migrations -update", table, err)
	}
}

// find looks for the row by those of its columns that still exist.
func find(t *testing.T, db *sql.DB, columns map[string]column, table string, row map[string]any) {
	t.Helper()
	var where []string
	var values []any
	for name, v := range row {
		c, there := columns[table+"."+name]
		if !there {
			continue
		}
		values = append(values, native(t, c, v))
		where = append(where, fmt.Sprintf("%s = $%d", name, len(values)))
	}
	var n int
	if err := db.QueryRow("SELECT count(*) FROM "+table+" WHERE "+strings.Join(where, " AND "), values...).Scan(&n); err != nil || n != 1 {
		t.Errorf("%s: the row is not as it was (%d found, %v)", table, n, err)
	}
}
