package sqlstore

import (
	"bytes"
	"context"
	"slices"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/store"
)

// dueColumns are what a sender loop needs for a message whose recorded decision stands; every column costs.
const dueColumns = `m.id, s.priority, m.purpose, m.enrollment_id, m.person_id, m.point_id, m.location_id, m.visit_id, m.visit_version, m.sealed, m.flags,
	m.segments, s.sender_id, s.attempts, s.due_at, m.expires_at, m.planned_at, m.exempt, m.decision, s.revised`

// Due reads the most urgent queued messages.
func (m messages) Due(ctx context.Context, route id.ID, now time.Time, limit int) ([]store.Draft, error) {
	return m.DueBehind(ctx, route, now, nil, limit)
}

// DueBehind is the page of Due behind a message. One query a priority: each walks its part of the small index in
// due order and never meets messages of the future. Drafts that this process wrote just now are not read again.
func (m messages) DueBehind(ctx context.Context, route id.ID, now time.Time, behind *store.Draft, limit int) ([]store.Draft, error) {
	org, err := m.org()
	if err != nil {
		return nil, err
	}
	ids, err := m.dueIDs(ctx, route, now, behind, limit)
	if err != nil {
		return nil, err
	}
	out, unread := make([]store.Draft, len(ids)), make(map[id.ID]int, len(ids))
	for i, d := range ids {
		var kept bool
		if out[i], kept = m.base.due.take(d); !kept || out[i].Org != org {
			out[i], unread[d] = store.Draft{}, i
		}
	}
	if len(unread) == 0 {
		return out, nil
	}
	if err := m.readDue(ctx, org, route, out, unread); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(out, func(d store.Draft) bool { return d.ID.IsZero() }), nil
}

// dueIDs lists what is due from the index alone.
func (m messages) dueIDs(ctx context.Context, route id.ID, now time.Time, behind *store.Draft, limit int) ([]id.ID, error) {
	first := purpose.Urgent
	if behind != nil {
		first = behind.Priority
	}
	out := make([]id.ID, 0, limit)
	for p := first; p <= purpose.Bulk && len(out) < limit; p++ {
		page, a := "", args(route, int64(p), now, limit-len(out))
		if behind != nil && p == first {
			page, a = " AND (due_at, id) > ($5, $6)", append(a, behind.DueAt, behind.ID)
		}
		err := each(ctx, m, `SELECT id FROM message_states WHERE phase = 'queued' AND route_id = $1 AND priority = $2 AND due_at <= $3`+page+`
			ORDER BY due_at, id LIMIT $4`, a, func(r Rows) error {
			var i id.ID
			err := r.Scan(&i)
			out = append(out, i)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Backlog counts queued messages of a route whose time has come, from the index alone.
func (m messages) Backlog(ctx context.Context, route id.ID, now time.Time, limit int) (int, error) {
	var n int
	err := one(ctx, m, `SELECT count(*) FROM (SELECT 1 FROM message_states WHERE phase = 'queued' AND route_id = $1 AND due_at <= $2
		AND priority BETWEEN $3 AND $4 LIMIT $5) AS waiting`, args(route, now, int64(purpose.Urgent), int64(purpose.Bulk), limit), &n)
	return n, err
}

// readDue fills the places in out that unread names; what is another organization's stays empty.
func (m messages) readDue(ctx context.Context, org, route id.ID, out []store.Draft, unread map[id.ID]int) error {
	ids := make([]id.ID, 0, len(unread))
	for i := range unread {
		ids = append(ids, i)
	}
	slices.SortFunc(ids, func(a, b id.ID) int { return bytes.Compare(a[:], b[:]) })
	drafts, sealed := make([]store.Draft, 0, len(ids)), make([][]byte, 0, len(ids))
	err := each(ctx, m, `SELECT `+dueColumns+` FROM `+messageRows+` WHERE `+mineM+` AND `+m.In("m.id", "$2", ID), args(org, ids), func(r Rows) error {
		d := store.Draft{Message: message.Message{Org: org, State: message.Queued, Route: route}}
		s, err := scanDue(r, &d)
		drafts, sealed = append(drafts, d), append(sealed, s)
		return err
	})
	if err != nil {
		return err
	}
	if err := m.openDrafts(ctx, drafts, sealed); err != nil {
		return err
	}
	for i := range drafts {
		out[unread[drafts[i].ID]] = drafts[i]
	}
	return nil
}

func scanDue(r Rows, d *store.Draft) (sealed []byte, err error) {
	var decision string
	err = r.Scan(&d.ID, (*int)(&d.Priority), (*string)(&d.Purpose), &d.Origin.Enrollment, &d.Person, &d.Point, &d.Location, &d.Appointment, &d.AppointmentVersion,
		&sealed, (*uint32)(&d.Flags), &d.Segments, &d.Sender, &d.Attempts, &d.DueAt, &d.ExpiresAt, &d.PlannedAt, &d.Exempt, &decision,
		&d.Revised)
	if err == nil {
		d.Decision, err = unpackDecision(decision, d.PlannedAt, d.ExpiresAt)
	}
	return sealed, err
}
