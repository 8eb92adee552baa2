package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// home is the cluster's own number and the database's within it, which a dump does not carry: a restored copy has
// another pair, also when it is the first database of a fresh cluster.
type home struct{ mark string }

// Marks is the database's number.
func (h *home) Marks() ([]string, error) { return []string{h.mark}, nil }

// Fresh is the same again: the database has one number for life.
func (h *home) Fresh() string { return h.mark }

// Leave has nothing to write.
func (h *home) Leave(...string) error { return nil }

func databaseHome(ctx context.Context, tx pgx.Tx) (*home, error) {
	var mark string
	err := tx.QueryRow(ctx, `SELECT c.system_identifier::text || ':' || d.oid::text
		FROM pg_control_system() c, pg_database d WHERE d.datname = current_database()`).Scan(&mark)
	return &home{mark}, failed(err)
}
