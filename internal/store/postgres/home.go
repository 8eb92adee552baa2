package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// home is the database's own number in its cluster, which a dump does not carry: a restored copy has another.
type home struct{ mark string }

// Marks is the database's number.
func (h *home) Marks() ([]string, error) { return []string{h.mark}, nil }

// Fresh is the same again: the database has one number for life.
func (h *home) Fresh() string { return h.mark }

// Leave has nothing to write.
func (h *home) Leave(...string) error { return nil }

func databaseHome(ctx context.Context, tx pgx.Tx) (*home, error) {
	var mark string
	err := tx.QueryRow(ctx, `SELECT oid::text FROM pg_database WHERE datname = current_database()`).Scan(&mark)
	return &home{mark}, failed(err)
}
