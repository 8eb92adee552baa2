package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// home is the database's own number in its cluster, which a dump does not carry: a restored copy has another.
type home struct{ mark string }

// Mark is the database's number.
func (h *home) Mark() (string, error) { return h.mark, nil }

// Renew is Mark again: the database has one number for life.
func (h *home) Renew() (string, error) { return h.mark, nil }

func databaseHome(ctx context.Context, tx pgx.Tx) (*home, error) {
	var mark string
	err := tx.QueryRow(ctx, `SELECT oid::text FROM pg_database WHERE datname = current_database()`).Scan(&mark)
	return &home{mark}, failed(err)
}
