package storetest_test

import (
	"context"
	"testing"
	"time"

	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/storetest"
)

func TestATextThatDoesNotOpenKeepsNoOtherFromBeingRead(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(*testing.T) *burgled{"sqlite": overSQLite, "postgres": overPostgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := open(t)
			d := storetest.NewDesk(t, b)
			// Due later: what is due at once is handed over from memory, and its row is not read.
			later := storetest.Start.Add(time.Minute)
			bad, good := d.Draft(later), d.Draft(later.Add(time.Second))
			d.Insert(t, b, bad, good)
			// Everybody has the text of the last one now.
			b.must(t, `UPDATE messages SET sealed = (SELECT m.sealed FROM messages m ORDER BY m.id DESC LIMIT 1)`)
			storetest.Read(t, b, d.Scope, func(ctx context.Context, tx store.Tx) error {
				got, err := tx.Messages().Due(ctx, d.Route.ID, later.Add(time.Minute), 10)
				if err != nil {
					return err
				}
				if len(got) != 2 {
					t.Fatalf("%d are due", len(got))
				}
				for _, m := range got {
					if m.Unreadable != (m.ID == bad.ID) || m.To.IsZero() != m.Unreadable || (m.Body.Reveal() == "") != m.Unreadable {
						t.Errorf("the changed one is %v: unreadable %v", m.ID == bad.ID, m.Unreadable)
					}
				}
				return nil
			})
		})
	}
}
