// Package migrations holds the databases' definitions as numbered pairs, one text per database, and applies
// what a database lacks. They only go forward: the way back is the backup that was taken before. It
// refuses to change a migration that was released; write the next number instead.
//
// Numbers: 0001 frame and keys, 0002 people, 0003 visits and consents, 0010 messages and routes, 0020
// conversations, 0030 journeys and tasks, 0040 imports, 0050 the faces. Gaps are filled in any order.
package migrations

import (
	"context"
	"database/sql"
	"embed"
	"io/fs"

	"github.com/pressly/goose/v3"

	"carillon.dev/carillon/internal/base/errs"
)

//go:embed sqlite/*.sql postgres/*.sql
var files embed.FS

// SQLite and Postgres are the two folders.
func SQLite() fs.FS   { return sub("sqlite") }
func Postgres() fs.FS { return sub("postgres") }

func sub(name string) fs.FS {
	f, err := fs.Sub(files, name)
	if err != nil {
		panic(err) // the folder is compiled in
	}
	return f
}

// UpSQLite brings a SQLite database to the newest definition and says how many migrations it applied.
func UpSQLite(ctx context.Context, db *sql.DB) (int, error) {
	return up(ctx, db, goose.DialectSQLite3, SQLite())
}

// UpPostgres does the same for PostgreSQL; nodes that start together take turns.
func UpPostgres(ctx context.Context, db *sql.DB) (int, error) {
	return up(ctx, db, goose.DialectPostgres, Postgres())
}

func up(ctx context.Context, db *sql.DB, dialect goose.Dialect, in fs.FS) (int, error) {
	p, err := goose.NewProvider(dialect, db, in, goose.WithAllowOutofOrder(true), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return 0, errs.Wrap(errs.Internal, "the migrations of this version do not fit together", err)
	}
	done, err := p.Up(ctx)
	if err != nil {
		return len(done), errs.Wrap(errs.Internal, "a migration did not apply; the database is as it was before it, put the backup back or ask for help", err)
	}
	return len(done), nil
}
