package sqlstore

import (
	"context"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/store"
)

var insertAhead = NewInsert("texts_ahead", "",
	Column{"enrollment_id", ID}, Column{"step", Text}, Column{"org_id", ID}, Column{"person_id", ID}, Column{"visit_id", ID},
	Column{"location_id", ID}, Column{"purpose", Text}, Column{"due_at", Int}, Column{"flags", Int}, Column{"held", Bool})

// SetAhead replaces what the enrollments will say.
func (j journeys) SetAhead(ctx context.Context, all []store.TextsAhead) error {
	org, err := j.org()
	if err != nil || len(all) == 0 {
		return err
	}
	ids := make([]id.ID, len(all))
	var rows [][]any
	for i := range all {
		t := &all[i]
		ids[i] = t.Enrollment
		for _, a := range t.Texts {
			flags := message.KeepsRoom
			if a.Last {
				flags = 0
			}
			rows = append(rows, args(t.Enrollment, a.Step, org, t.Person, t.Visit, t.Location, t.Purpose, a.Due, int64(flags), t.Held))
		}
	}
	if _, err := j.Exec(ctx, `DELETE FROM texts_ahead WHERE org_id = $1 AND `+j.In("enrollment_id", "$2", ID), org, ids); err != nil {
		return err
	}
	_, err = j.Bulk(ctx, insertAhead, rows)
	return err
}
