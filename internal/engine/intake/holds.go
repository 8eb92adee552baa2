package intake

import (
	"context"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/store"
)

// Holds tells the outbox which visits wait: those of an import that nobody has released, and those of a source
// that has been silent for twice its period.
type Holds struct{}

// Held answers by place of the visit. A visit that no import brought never waits.
func (Holds) Held(ctx context.Context, tx store.Tx, visits []schedule.Appointment, _ []id.ID) (waiting, overdue []bool, err error) {
	waiting, overdue = make([]bool, len(visits)), make([]bool, len(visits))
	if !fromOutside(visits) {
		return waiting, overdue, nil
	}
	held, err := tx.Imports().Held(ctx)
	if err != nil {
		return waiting, overdue, err
	}
	sources, err := tx.Visits().Sources(ctx)
	if err != nil {
		return waiting, overdue, err
	}
	waits, silent := map[id.ID]bool{}, map[id.ID]bool{}
	for _, i := range held {
		waits[i.ID] = true
	}
	for _, s := range sources {
		_, silent[s.ID] = s.Late(tx.Now())
	}
	for i, v := range visits {
		waiting[i], overdue[i] = waits[v.Import], silent[v.Source]
	}
	return waiting, overdue, nil
}

func fromOutside(visits []schedule.Appointment) bool {
	for i := range visits {
		if !visits[i].Import.IsZero() || !visits[i].Source.IsZero() {
			return true
		}
	}
	return false
}
