package settings

import (
	"context"
	"fmt"
	"strings"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audit"
	"carillon.dev/carillon/internal/core/quiet"
	"carillon.dev/carillon/internal/store"
)

// SetHours changes when a location may write, whose holidays it keeps beside its own country's, and its closed days.
// What is not given is as the country's rules say. The audit row counts, it does not repeat.
func (s *Service) SetHours(ctx context.Context, scope access.Scope, location id.ID, hours quiet.Policy) error {
	if err := may(scope); err != nil {
		return err
	}
	table, err := quiet.Holidays()
	if err != nil {
		return errs.Wrap(errs.Internal, "the table of holidays cannot be read", err)
	}
	regions := make([]string, 0, len(hours.Holidays))
	for _, r := range hours.Holidays {
		if r = strings.ToUpper(strings.TrimSpace(r)); r != "" {
			regions = append(regions, r)
		}
	}
	hours.Holidays = regions
	if hours, err = hours.Tidy(table); err != nil {
		return err
	}
	return s.store.InTx(ctx, scope, func(tx store.Tx) error {
		l, err := tx.Orgs().Location(ctx, location)
		if err != nil {
			return err
		}
		l.Hours = hours
		if l, err = tx.Orgs().SaveLocation(ctx, l); err != nil {
			return err
		}
		return tx.Audit().Record(ctx, audit.Of(scope, tx.Now(), "location.hours", "location", l.ID,
			fmt.Sprintf("classes=%d holidays=%d closures=%d", len(hours.Classes), len(hours.Holidays), len(hours.Closures))))
	})
}
