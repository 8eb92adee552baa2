package sqlstore

import (
	"context"
	"encoding/json"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/journey"
	"carillon.dev/carillon/internal/store"
)

const enrollmentColumns = `id, org_id, person_id, visit_id, journey, definition, state, next_due, held_by, row_version, body`

var insertEnrollments = NewInsert("enrollments", "ON CONFLICT (visit_id, journey) DO NOTHING",
	Column{"id", ID}, Column{"org_id", ID}, Column{"person_id", ID}, Column{"visit_id", ID}, Column{"journey", Text},
	Column{"definition", Int}, Column{"state", Text}, Column{"next_due", Int}, Column{"held_by", ID},
	Column{"row_version", Int}, Column{"saved_by", ID}, Column{"body", Text})

var updateEnrollments = NewBulk(`UPDATE enrollments SET state = r.state, next_due = r.next_due, held_by = r.held_by,
		row_version = r.row_version + 1, saved_by = r.saved_by, body = r.body, definition = r.definition
	FROM {rows} WHERE enrollments.id = r.id AND enrollments.org_id = r.org_id AND enrollments.row_version = r.row_version`,
	Column{"id", ID}, Column{"org_id", ID}, Column{"definition", Int}, Column{"state", Text}, Column{"next_due", Int},
	Column{"held_by", ID}, Column{"row_version", Int}, Column{"saved_by", ID}, Column{"body", Text})

// SaveEnrollments inserts and replaces. Each call signs its rows, so that what another writer was first with can
// be told from what was kept.
func (j journeys) SaveEnrollments(ctx context.Context, all []journey.Enrollment) ([]bool, error) {
	org, err := j.org()
	if err != nil || len(all) == 0 {
		return nil, err
	}
	call := id.New()
	var fresh, known [][]any
	ids := make([]id.ID, len(all))
	for i := range all {
		e := &all[i]
		body, err := json.Marshal(e)
		if err != nil {
			return nil, errs.Wrap(errs.Internal, "an enrollment cannot be written", err)
		}
		ids[i] = e.ID
		if e.Row == 0 {
			fresh = append(fresh, args(e.ID, org, e.Person, e.Appointment, e.Journey, e.Definition, e.State, e.NextDue, e.HeldBy,
				int64(1), call, string(body)))
			continue
		}
		known = append(known, args(e.ID, org, e.Definition, e.State, e.NextDue, e.HeldBy, e.Row, call, string(body)))
	}
	if _, err := j.Bulk(ctx, insertEnrollments, fresh); err != nil {
		return nil, err
	}
	if _, err := j.Bulk(ctx, updateEnrollments, known); err != nil {
		return nil, err
	}
	mine, err := j.ids(ctx, `SELECT id FROM enrollments WHERE saved_by = $1 AND `+j.In("id", "$2", ID), call, ids)
	if err != nil {
		return nil, err
	}
	signed := make(map[id.ID]bool, len(mine))
	for _, m := range mine {
		signed[m] = true
	}
	kept := make([]bool, len(all))
	for i := range all {
		kept[i] = signed[ids[i]]
	}
	j.Publish(store.TopicJourneys)
	return kept, nil
}

// EnrollmentsOf lists the enrollments of visits.
func (j journeys) EnrollmentsOf(ctx context.Context, visits []id.ID) ([]journey.Enrollment, error) {
	if len(visits) == 0 {
		return nil, nil
	}
	return j.enrollments(ctx, j.In("visit_id", "$2", ID)+" ORDER BY id", visits)
}

// DueOrgs lists organizations with due enrollments.
func (j journeys) DueOrgs(ctx context.Context, now time.Time, limit int) ([]id.ID, error) {
	if err := j.system(); err != nil {
		return nil, err
	}
	return j.ids(ctx, `SELECT org_id FROM enrollments WHERE next_due IS NOT NULL AND next_due <= $1
		GROUP BY org_id ORDER BY MIN(next_due), org_id LIMIT $2`, now, limit)
}

// DueEnrollments reads what is due.
func (j journeys) DueEnrollments(ctx context.Context, now time.Time, limit int) ([]journey.Enrollment, error) {
	return j.enrollments(ctx, `next_due IS NOT NULL AND next_due <= $2 ORDER BY next_due, id LIMIT $3`, now, limit)
}

// NextDue is the earliest time at which an enrollment is due.
func (j journeys) NextDue(ctx context.Context) (time.Time, error) {
	if err := j.system(); err != nil {
		return time.Time{}, err
	}
	return j.minTime(ctx, `SELECT MIN(next_due) FROM enrollments WHERE next_due IS NOT NULL`)
}

// ActiveEnrollments pages through what runs.
func (j journeys) ActiveEnrollments(ctx context.Context, p store.Page) ([]journey.Enrollment, error) {
	return j.enrollments(ctx, `state = 'active' AND id > $2 ORDER BY id LIMIT $3`, after(p.After), p.Size())
}

// HeldEnrollments pages through what waits for an import's release.
func (j journeys) HeldEnrollments(ctx context.Context, imported id.ID, p store.Page) ([]journey.Enrollment, error) {
	return j.enrollments(ctx, `held_by = $2 AND id > $3 ORDER BY id LIMIT $4`, imported, after(p.After), p.Size())
}

// CountHeld says how many enrollments wait for an import's release.
func (j journeys) CountHeld(ctx context.Context, imported id.ID) (n int, err error) {
	org, err := j.org()
	if err != nil {
		return 0, err
	}
	err = one(ctx, j, `SELECT COUNT(*) FROM enrollments WHERE held_by = $1 AND org_id = $2`, args(imported, org), &n)
	return n, err
}

// HeldImports lists imports that enrollments wait for.
func (j journeys) HeldImports(ctx context.Context) ([]store.HeldImport, error) {
	if err := j.system(); err != nil {
		return nil, err
	}
	return list(ctx, j, `SELECT DISTINCT org_id, held_by FROM enrollments WHERE held_by IS NOT NULL ORDER BY held_by`, nil,
		func(r Rows) (h store.HeldImport, err error) {
			err = r.Scan(Dest(&h.Org), Dest(&h.Import))
			return h, err
		})
}

// enrollments is a query within the organization, which is $1.
func (j journeys) enrollments(ctx context.Context, and string, more ...any) ([]journey.Enrollment, error) {
	org, err := j.org()
	if err != nil {
		return nil, err
	}
	return list(ctx, j, `SELECT `+enrollmentColumns+` FROM enrollments WHERE org_id = $1 AND `+and,
		append(args(org), more...), scanEnrollment)
}

func scanEnrollment(r Rows) (e journey.Enrollment, err error) {
	var body string
	err = r.Scan(Dests([]any{&e.ID, &e.Org, &e.Person, &e.Appointment, &e.Journey, &e.Definition, (*string)(&e.State),
		&e.NextDue, &e.HeldBy, &e.Row, &body})...)
	if err == nil {
		err = json.Unmarshal([]byte(body), &e)
	}
	return e, err
}

// TextStates reads where messages of enrollments are, through their natural keys.
func (j journeys) TextStates(ctx context.Context, enrollments []id.ID) (map[id.ID][]store.TextState, error) {
	org, err := j.org()
	if err != nil || len(enrollments) == 0 {
		return nil, err
	}
	out := make(map[id.ID][]store.TextState, len(enrollments))
	err = each(ctx, j, `SELECT k.enrollment_id, k.step, k.occurrence, m.id, m.state, m.reason, m.due_at, m.held_until, m.sent_at
		FROM message_keys k JOIN message_states m ON m.id = k.message_id
		WHERE k.org_id = $1 AND `+j.In("k.enrollment_id", "$2", ID)+` ORDER BY m.id`, args(org, enrollments), func(r Rows) error {
		var e id.ID
		var t store.TextState
		err := r.Scan(Dests([]any{&e, &t.Step, &t.Occurrence, &t.Message, (*string)(&t.State), (*string)(&t.Reason),
			&t.DueAt, &t.HeldUntil, &t.SentAt})...)
		out[e] = append(out[e], t)
		return err
	})
	return out, err
}

// VisitsOfTexts lists the visits of messages that journeys asked for.
func (j journeys) VisitsOfTexts(ctx context.Context, messages []id.ID) ([]id.ID, error) {
	if len(messages) == 0 {
		return nil, nil
	}
	org, err := j.org()
	if err != nil {
		return nil, err
	}
	return j.ids(ctx, `SELECT DISTINCT visit_id FROM messages WHERE org_id = $1 AND visit_id IS NOT NULL
		AND origin IN ('journey', 'change') AND `+j.In("id", "$2", ID)+` ORDER BY visit_id`, org, messages)
}

// CountEnrollments counts a journey's enrollments by state.
func (j journeys) CountEnrollments(ctx context.Context, key string) (map[journey.State]int, error) {
	org, err := j.org()
	if err != nil {
		return nil, err
	}
	out := map[journey.State]int{}
	err = each(ctx, j, `SELECT state, COUNT(*) FROM enrollments WHERE org_id = $1 AND journey = $2 GROUP BY state`,
		args(org, key), func(r Rows) error {
			var s string
			var n int
			err := r.Scan(&s, &n)
			out[journey.State(s)] = n
			return err
		})
	return out, err
}
