package intake_test

import (
	"context"
	"testing"

	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/storetest"
)

// site is the one location of an organization in Warsaw.
func site(tb testing.TB, s store.Store, sc access.Scope) (l org.Location) {
	tb.Helper()
	storetest.Write(tb, s, sc, func(ctx context.Context, tx store.Tx) (err error) {
		l, err = tx.Orgs().SaveLocation(ctx, org.Location{Name: "Centre", ExternalID: "C1", Zone: "Europe/Warsaw", Region: "PL"})
		return err
	})
	return l
}
