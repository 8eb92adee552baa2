package intake

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audit"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/store"
)

// MostPeriod is the longest time between two files of a source that can be expected.
const MostPeriod = 366 * 24 * time.Hour

// Expect says how often a source is expected to speak; zero is never. When it is silent for longer the pages say so, and
// after twice as long the messages of its visits wait.
func (s *Service) Expect(ctx context.Context, sc access.Scope, source id.ID, every time.Duration) error {
	if err := mayImport(sc); err != nil {
		return err
	}
	if err := believablePeriod(every); err != nil {
		return err
	}
	return s.store.InTx(ctx, sc, func(tx store.Tx) error {
		src, err := tx.Visits().Source(ctx, source)
		if err != nil || src.Period == every {
			return err
		}
		return expect(ctx, tx, src, every)
	})
}

func believablePeriod(every time.Duration) error {
	if every != 0 && every < time.Hour || every > MostPeriod {
		return errs.New(errs.Invalid, "a source is expected once in an hour to a year, such as every 24h; 0 is never").At("every")
	}
	return nil
}

func expect(ctx context.Context, tx store.Tx, src schedule.Source, every time.Duration) error {
	src.Period = every
	if _, err := tx.Visits().SaveSource(ctx, src); err != nil {
		return err
	}
	tx.Publish(store.TopicDue)
	return tx.Audit().Record(ctx, audit.Of(tx.Scope(), tx.Now(), "source.expect", "source", src.ID, "every="+every.String()))
}

// Overdue is a source that is silent for longer than it is expected to be.
type Overdue struct {
	schedule.Source
	Held bool // for over twice as long: the messages of its visits wait
}

// Overdue lists the sources that are late.
func (s *Service) Overdue(ctx context.Context, sc access.Scope) (out []Overdue, err error) {
	if err := mayLook(sc); err != nil {
		return nil, err
	}
	err = s.store.Read(ctx, sc, func(tx store.Tx) error {
		all, err := tx.Visits().Sources(ctx)
		for _, src := range all {
			if late, held := src.Late(tx.Now()); late {
				out = append(out, Overdue{src, held})
			}
		}
		return err
	})
	return out, err
}
