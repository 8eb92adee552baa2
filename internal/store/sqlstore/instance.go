package sqlstore

import (
	"context"
	"os"
	"strings"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/seal"
	"carillon.dev/carillon/internal/core/org"
)

// Home is where a database lives. What is noted in the database and what is found around it differ in a
// restored copy.
type Home interface {
	// Mark is the mark around the database now, "" when there is none.
	Mark() (string, error)
	// Renew leaves a mark that no copy has, where that is possible, and returns it.
	Renew() (string, error)
}

// FileHome is a mark in a file beside the data.
type FileHome string

// Mark gives the file's content.
func (f FileHome) Mark() (string, error) {
	b, err := os.ReadFile(string(f))
	if os.IsNotExist(err) {
		return "", nil
	}
	return strings.TrimSpace(string(b)), err
}

// Renew replaces the file's content with a fresh mark.
func (f FileHome) Renew() (string, error) {
	mark := id.New().String()
	return mark, os.WriteFile(string(f), []byte(mark+"\n"), 0o600)
}

// Keys opens the keyring that fits the database, or makes both their first mark. A database that has an instance
// row never gets another key: a missing key file, or one with other keys, is refused. A database whose mark is
// not the one around it is a restored copy: every organization is put on hold.
func Keys(ctx context.Context, c Conn, keyFile string, home Home, now time.Time) (*seal.Keyring, error) {
	var check, mark string
	err := one(ctx, c, `SELECT key_check, home FROM instance WHERE id = 1`, nil, &check, &mark)
	if err == ErrNone {
		return firstKeys(ctx, c, keyFile, home, now)
	}
	if err != nil {
		return nil, err
	}
	ring, err := seal.Load(keyFile)
	if err != nil {
		return nil, err
	}
	if !ring.Holds(check) {
		return nil, errs.New(errs.Precondition, "the key file does not belong to this database; put the right one back, the data cannot be read with another")
	}
	return ring, checkHome(ctx, c, mark, home)
}

func firstKeys(ctx context.Context, c Conn, keyFile string, home Home, now time.Time) (*seal.Keyring, error) {
	open := seal.Create
	if seal.Exists(keyFile) {
		open = seal.Load
	}
	ring, err := open(keyFile)
	if err != nil {
		return nil, err
	}
	mark, err := home.Renew()
	if err != nil {
		return nil, errs.Wrap(errs.Precondition, "the data folder cannot be written", err)
	}
	_, err = c.Exec(ctx, `INSERT INTO instance (id, instance_id, key_check, home, created_at) VALUES (1, $1, $2, $3, $4)`, id.New(), ring.Check(), mark, now)
	return ring, err
}

func checkHome(ctx context.Context, c Conn, mark string, home Home) error {
	around, err := home.Mark()
	if err != nil {
		return errs.Wrap(errs.Precondition, "the data folder cannot be read", err)
	}
	if around == mark {
		return nil
	}
	if _, err := c.Exec(ctx, `UPDATE organizations SET hold = $1, revision = revision + 1`, org.HoldRestored); err != nil {
		return err
	}
	fresh, err := home.Renew()
	if err != nil {
		return errs.Wrap(errs.Precondition, "the data folder cannot be written", err)
	}
	_, err = c.Exec(ctx, `UPDATE instance SET home = $1 WHERE id = 1`, fresh)
	return err
}
