package sqlstore

import (
	"context"
	"errors"
	"slices"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/seal"
	"carillon.dev/carillon/internal/core/org"
)

// Home is where a database lives. What is noted in the database and what is found around it differ in a
// restored copy.
type Home interface {
	// Marks are the marks around the database now.
	Marks() ([]string, error)
	// Fresh is a mark that no copy has, where that is possible.
	Fresh() string
	// Leave puts these marks around the database, in place of those before.
	Leave(marks ...string) error
}

// Fresh is a mark of its own.
func (f FileHome) Fresh() string { return id.New().String() }

// Keys opens the keyring that fits the database, or makes both their first mark. A database that has an instance
// row never gets another key: a missing key file, or one with other keys, is refused. A database whose mark is
// not around it is a restored copy: every organization is put on hold. Call settle after the commit.
func Keys(ctx context.Context, c Conn, keyFile string, home Home, now time.Time) (ring *seal.Keyring, settle func() error, err error) {
	var check, mark string
	err = one(ctx, c, `SELECT key_check, home FROM instance WHERE id = 1`, nil, &check, &mark)
	if errors.Is(err, ErrNone) {
		return firstKeys(ctx, c, keyFile, home, now)
	}
	if err != nil {
		return nil, nil, err
	}
	if ring, err = seal.Load(keyFile); err != nil {
		return nil, nil, err
	}
	if !ring.Holds(check) {
		return nil, nil, errs.New(errs.Precondition, "the key file does not belong to this database; put the right one back, the data cannot be read with another")
	}
	if err := holdCopies(ctx, c, mark, home); err != nil {
		return nil, nil, err
	}
	settle, err = RenewHome(ctx, c, home)
	return ring, settle, err
}

func firstKeys(ctx context.Context, c Conn, keyFile string, home Home, now time.Time) (*seal.Keyring, func() error, error) {
	open := seal.Create
	if seal.Exists(keyFile) {
		open = seal.Load
	}
	ring, err := open(keyFile)
	if err != nil {
		return nil, nil, err
	}
	_, err = c.Exec(ctx, `INSERT INTO instance (id, instance_id, key_check, home, created_at) VALUES (1, $1, $2, '', $3)`, id.New(), ring.Check(), now)
	if err != nil {
		return nil, nil, err
	}
	settle, err := RenewHome(ctx, c, home)
	return ring, settle, err
}

// holdCopies puts every organization of a restored copy on hold.
func holdCopies(ctx context.Context, c Conn, mark string, home Home) error {
	around, err := home.Marks()
	if err != nil {
		return errs.Wrap(errs.Precondition, "the data folder cannot be read", err)
	}
	if slices.Contains(around, mark) {
		return nil
	}
	_, err = c.Exec(ctx, `UPDATE organizations SET hold = $1, revision = revision + 1`, org.HoldRestored)
	return err
}

// RenewHome gives the database and its surroundings a new mark in common. Both marks stand around it until the
// commit is certain; settle then leaves only the new one.
func RenewHome(ctx context.Context, c Conn, home Home) (settle func() error, err error) {
	old, err := home.Marks()
	if err != nil {
		return nil, errs.Wrap(errs.Precondition, "the data folder cannot be read", err)
	}
	fresh := home.Fresh()
	if err := home.Leave(append(old, fresh)...); err != nil {
		return nil, errs.Wrap(errs.Precondition, "the data folder cannot be written", err)
	}
	if _, err := c.Exec(ctx, `UPDATE instance SET home = $1 WHERE id = 1`, fresh); err != nil {
		return nil, err
	}
	return func() error {
		return errs.Wrap(errs.Precondition, "the data folder cannot be written", home.Leave(fresh))
	}, nil
}
