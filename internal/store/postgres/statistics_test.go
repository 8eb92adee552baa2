package postgres_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/store/postgres/pgtest"
	"carillon.dev/carillon/internal/store/storetest"
)

func TestAFirstImportGetsItsStatisticsAtOnce(t *testing.T) {
	t.Parallel()
	dsn := pgtest.DSN(t)
	s := mustNode(t, dsn, filepath.Join(t.TempDir(), "keys"))
	scope := storetest.NewOrg(t, s)
	many := make([]patient.Person, 600)
	for i := range many {
		many[i] = storetest.Person("Zofia", "Nowak", fmt.Sprint(i))
	}
	storetest.AddPeople(t, s, scope, many...)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	for rows := 0.0; rows != 600; {
		// The server waits, not the test: its counters move about once a second.
		if err := c.QueryRow(ctx, `SELECT reltuples FROM pg_class, pg_sleep(0.2) WHERE relname = 'persons'`).Scan(&rows); err != nil {
			t.Fatalf("statistics were not taken: %v", err)
		}
	}
}
