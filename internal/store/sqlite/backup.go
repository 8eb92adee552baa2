package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"os"
	"path/filepath"

	"carillon.dev/carillon/internal/base/errs"
)

// KeysSuffix names the second file of a backup: the persons' keys, which must not be kept as long as the first. A
// backup without it holds nothing readable about any person, so deleting it is how erasures reach old backups.
const KeysSuffix = ".datakeys"

// Backup writes a copy of the running database to path and the persons' keys to path+KeysSuffix. Neither may exist.
// Senders go on meanwhile. The copy is marked, so that it starts on hold wherever it is opened.
func (s *Store) Backup(ctx context.Context, path string) error {
	for _, p := range []string{path, path + KeysSuffix} {
		if _, err := os.Stat(p); err == nil {
			return errs.Newf(errs.Precondition, "the backup would overwrite a file; choose another name").At("path")
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return errs.Wrap(errs.Precondition, "the backup's folder cannot be made", err)
	}
	db, err := handle(s.path, false, 1)
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, `VACUUM INTO $1`, path); err != nil {
		return errs.Wrap(errs.Unavailable, "the backup could not be written; check the disk", err)
	}
	if err := splitKeys(ctx, path); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

// splitKeys moves the persons' keys of a fresh copy into a file of their own and leaves no trace of them.
func splitKeys(ctx context.Context, path string) error {
	for _, p := range []string{path, path + KeysSuffix} {
		f, err := os.OpenFile(p, os.O_RDWR|os.O_CREATE, 0o600)
		if err == nil {
			err = errors.Join(f.Chmod(0o600), f.Close())
		}
		if err != nil {
			return errs.Wrap(errs.Unavailable, "the backup could not be written; check the disk", err)
		}
	}
	return statements(ctx, path, []statement{
		{`PRAGMA journal_mode = DELETE`, nil},
		{`PRAGMA secure_delete = ON`, nil},
		{`ATTACH DATABASE $1 AS apart`, []any{path + KeysSuffix}},
		{`CREATE TABLE apart.data_keys AS SELECT * FROM main.data_keys`, nil},
		{`DELETE FROM main.data_keys`, nil},
		{`DELETE FROM main.sessions`, nil},
		{`UPDATE main.instance SET home = ''`, nil},
		{`DETACH DATABASE apart`, nil},
		{`VACUUM`, nil},
	})
}

// Restore makes a database at path out of a backup and its keys. The path must be free. Without the keys file the
// database opens, but persons' data cannot be read.
func Restore(ctx context.Context, backup, path string) error {
	if err := copyFile(backup, path); err != nil {
		return err
	}
	if _, err := os.Stat(backup + KeysSuffix); err != nil {
		return nil //nolint:nilerr // restoring without keys is allowed: everything but persons' data comes back
	}
	return statements(ctx, path, []statement{
		{`ATTACH DATABASE $1 AS apart`, []any{backup + KeysSuffix}},
		{`INSERT INTO main.data_keys SELECT * FROM apart.data_keys`, nil},
		{`DETACH DATABASE apart`, nil},
	})
}

type statement struct {
	text string
	args []any
}

// statements runs on one plain connection to a file that nobody else has open.
func statements(ctx context.Context, path string, all []statement) error {
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return errs.Wrap(errs.Precondition, "the file cannot be opened", err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	for _, s := range all {
		if _, err := db.ExecContext(ctx, s.text, s.args...); err != nil {
			return errs.Wrap(errs.Unavailable, "the file could not be written; check the disk", err)
		}
	}
	return nil
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return errs.Wrap(errs.NotFound, "the backup cannot be read", err)
	}
	defer in.Close()
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return errs.Wrap(errs.Precondition, "the data folder cannot be made", err)
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return errs.Wrap(errs.Precondition, "there is a database already; move it away first", err)
	}
	_, err = io.Copy(out, in)
	return errs.Wrap(errs.Unavailable, "the backup could not be copied; check the disk", errors.Join(err, out.Sync(), out.Close()))
}
