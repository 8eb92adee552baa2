package sqlstore

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/store"
)

// dueColumns are what a sender loop needs for a message whose recorded decision stands; every column costs.
const dueColumns = `id, purpose, person_id, point_id, location_id, visit_id, visit_version, sealed, flags, segments, sender_id, attempts,
	due_at, expires_at, planned_at, exempt, decision`

// Due reads the most urgent queued messages.
func (m messages) Due(ctx context.Context, route id.ID, now time.Time, limit int) ([]store.Draft, error) {
	return m.DueBehind(ctx, route, now, nil, limit)
}

// DueBehind is the page of Due behind a message. One query a priority: each walks its part of the small index in
// due order and never meets messages of the future.
func (m messages) DueBehind(ctx context.Context, route id.ID, now time.Time, behind *store.Draft, limit int) ([]store.Draft, error) {
	org, err := m.org()
	if err != nil {
		return nil, err
	}
	first := purpose.Urgent
	if behind != nil {
		first = behind.Priority
	}
	out, sealed := make([]store.Draft, 0, limit), make([][]byte, 0, limit)
	for p := first; p <= purpose.Bulk && len(out) < limit; p++ {
		page, a := "", args(route, int64(p), now, org, limit-len(out))
		if behind != nil && p == first {
			page, a = " AND (due_at, id) > ($6, $7)", append(a, behind.DueAt, behind.ID)
		}
		err := each(ctx, m, `SELECT `+dueColumns+` FROM messages
			WHERE state = 'queued' AND route_id = $1 AND priority = $2 AND due_at <= $3 AND org_id = $4`+page+`
			ORDER BY due_at, id LIMIT $5`, a, func(r Rows) error {
			d := store.Draft{Message: message.Message{Org: org, State: message.Queued, Priority: p, Route: route}}
			s, err := scanDue(r, &d)
			out, sealed = append(out, d), append(sealed, s)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return out, m.openDrafts(ctx, out, sealed)
}

func scanDue(r Rows, d *store.Draft) (sealed []byte, err error) {
	var decision string
	err = r.Scan(&d.ID, (*string)(&d.Purpose), &d.Person, &d.Point, &d.Location, &d.Appointment, &d.AppointmentVersion, &sealed,
		(*uint32)(&d.Flags), &d.Segments, &d.Sender, &d.Attempts, &d.DueAt, &d.ExpiresAt, &d.PlannedAt, &d.Exempt, &decision)
	if err == nil {
		d.Decision, err = unpackDecision(decision, d.PlannedAt, d.ExpiresAt)
	}
	return sealed, err
}

// Held reads held messages whose hold ends, or that wait for a person.
func (m messages) Held(ctx context.Context, now time.Time, person bool, p store.Page) ([]store.Draft, error) {
	org, err := m.org()
	if err != nil {
		return nil, err
	}
	if person {
		return m.drafts(ctx, `SELECT `+messageColumns+` FROM messages WHERE state = 'held' AND org_id = $1
			AND held_until IS NULL AND ($2 = 0 OR id > $3) ORDER BY id LIMIT $4`,
			args(org, paged(p), p.After, p.Size()))
	}
	return m.drafts(ctx, `SELECT `+messageColumns+` FROM messages WHERE state = 'held' AND org_id = $1
		AND held_until <= $2 AND ($3 = 0 OR id > $4) ORDER BY id LIMIT $5`,
		args(org, now, paged(p), p.After, p.Size()))
}

// paged is 1 when the page begins behind an id: a NULL id would hide every row.
func paged(p store.Page) int64 {
	if p.After.IsZero() {
		return 0
	}
	return 1
}

var revisionQueries = []struct{ table, column string }{
	{"persons", "version"}, {"contact_points", "revision"}, {"visits", "version"}, {"locations", "revision"},
}

// Revisions reads what the leasing transaction compares: one query a kind of row.
func (m messages) Revisions(ctx context.Context, of []store.Bound) ([]store.Revs, error) {
	org, err := m.org()
	if err != nil {
		return nil, err
	}
	found := make([]map[id.ID]int64, len(revisionQueries))
	for k, q := range revisionQueries {
		found[k] = make(map[id.ID]int64, len(of))
		ids := make([]id.ID, 0, len(of))
		for _, b := range of {
			one := [...]id.ID{b.Person, b.Point, b.Visit, b.Location}[k]
			if _, seen := found[k][one]; !one.IsZero() && !seen {
				found[k][one] = 0
				ids = append(ids, one)
			}
		}
		if len(ids) == 0 {
			continue
		}
		err := each(ctx, m, `SELECT id, `+q.column+` FROM `+q.table+` WHERE `+mine+` AND `+m.In("id", "$2", ID),
			args(org, ids), func(r Rows) error {
				var i id.ID
				var rev int64
				err := r.Scan(&i, &rev)
				found[k][i] = rev
				return err
			})
		if err != nil {
			return nil, err
		}
	}
	out := make([]store.Revs, len(of))
	for i, b := range of {
		out[i] = store.Revs{Person: found[0][b.Person], Point: found[1][b.Point], Visit: found[2][b.Visit], Location: found[3][b.Location]}
	}
	return out, nil
}

var leaseColumns = []Column{{"id", ID}, {"fence", Int}, {"leased_at", Int}, {"sent_at", Int}, {"route_id", ID}}

var leaseMessages = &Bulk{
	Columns: leaseColumns,
	Arrays: `UPDATE messages m SET state = 'sending', reason = '', attempts = m.attempts + 1, fence = r.fence,
		leased_at = r.leased_at, sent_at = r.sent_at, held_until = NULL
		FROM ` + unnest(leaseColumns) + ` WHERE m.id = r.id AND m.state = 'queued' AND m.route_id = r.route_id`,
	Row: `UPDATE messages SET state = 'sending', reason = '', attempts = attempts + 1, fence = $2,
		leased_at = $3, sent_at = $4, held_until = NULL WHERE id = $1 AND state = 'queued' AND route_id = $5`,
}

// Lease moves queued messages to sending. One that moved to another route since it was read is that route's.
func (m messages) Lease(ctx context.Context, l store.Lease, leased []store.Leased) ([]bool, error) {
	org, err := m.org()
	if err != nil {
		return nil, err
	}
	rows := make([][]any, len(leased))
	ids := make([]id.ID, len(leased))
	for i := range leased {
		ids[i] = leased[i].Message
		rows[i] = []any{leased[i].Message, int64(l.Fence), l.Machine, l.Domain, l.Route}
	}
	for i := range leased {
		if leased[i].Rewrite != nil {
			if err := m.rewrite(ctx, org, leased[i].Rewrite); err != nil {
				return nil, err
			}
		}
	}
	n, err := m.Bulk(ctx, leaseMessages, rows)
	if err != nil {
		return nil, err
	}
	m.Publish(store.TopicMessages)
	if int(n) == len(leased) {
		return all(len(leased)), nil
	}
	return m.which(ctx, org, ids, `state = 'sending' AND fence = $3 AND leased_at = $4`, int64(l.Fence), l.Machine)
}

func (m messages) rewrite(ctx context.Context, org id.ID, d *store.Draft) error {
	k, err := m.keyOf(ctx, org, d.Person)
	if err != nil {
		return err
	}
	_, err = m.Exec(ctx, `UPDATE messages SET sealed = $2, segments = $3, coding = $4, locale = $5, template_version = $6
		WHERE id = $1 AND state = 'queued'`, d.ID, sealDraft(k, org, d), d.Segments, d.Coding, d.Locale, d.TemplateVersion)
	return err
}

func all(n int) []bool {
	out := make([]bool, n)
	for i := range out {
		out[i] = true
	}
	return out
}

// which asks after a bulk statement that changed fewer rows than it was given: cond holds for those it changed.
// Placeholders in cond begin at $3.
func (m messages) which(ctx context.Context, org id.ID, ids []id.ID, cond string, more ...any) ([]bool, error) {
	moved := make(map[id.ID]bool, len(ids))
	err := each(ctx, m, `SELECT id FROM messages WHERE `+mine+` AND `+m.In("id", "$2", ID)+` AND `+cond,
		append(args(org, ids), more...), func(r Rows) error {
			var i id.ID
			err := r.Scan(&i)
			moved[i] = true
			return err
		})
	out := make([]bool, len(ids))
	for i := range ids {
		out[i] = moved[ids[i]]
	}
	return out, err
}

// Recover turns what a dead lease left sending into unknown.
func (m messages) Recover(ctx context.Context, route id.ID, before store.Fence, limit int) ([]id.ID, error) {
	org, err := m.org()
	if err != nil {
		return nil, err
	}
	type left struct {
		id      id.ID
		attempt int
	}
	rows, err := list(ctx, m, `SELECT id, attempts FROM messages WHERE state = 'sending' AND route_id = $1 AND org_id = $2
		AND fence < $3 ORDER BY id LIMIT $4`, args(route, org, int64(before), limit), func(r Rows) (left, error) {
		var l left
		err := r.Scan(&l.id, &l.attempt)
		return l, err
	})
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	ids := make([]id.ID, len(rows))
	events := make([]message.Event, len(rows))
	for i, l := range rows {
		ids[i] = l.id
		events[i] = message.Event{Message: l.id, From: message.Sending, To: message.Unknown, Reason: message.ReasonNoAnswer, Attempt: l.attempt}
	}
	_, err = m.Exec(ctx, `UPDATE messages SET state = 'unknown', reason = $3 WHERE state = 'sending' AND org_id = $1 AND `+
		m.In("id", "$2", ID), org, ids, string(message.ReasonNoAnswer))
	if err != nil {
		return nil, err
	}
	m.Publish(store.TopicMessages)
	return ids, m.addEvents(ctx, org, events)
}

// Cancel ends waiting messages.
func (m messages) Cancel(ctx context.Context, w store.Selection, why message.Reason) ([]id.ID, error) {
	org, err := m.org()
	if err != nil {
		return nil, err
	}
	sql, a := `SELECT id, state FROM messages WHERE org_id = $1 AND state IN ('held', 'queued')`, args(org)
	and := func(cond string, v any) {
		a = append(a, v)
		sql += " AND " + cond + placeholder(len(a))
	}
	switch {
	case !w.Message.IsZero():
		and("id = ", w.Message)
	case !w.Enrollment.IsZero():
		sql += ` AND id IN (SELECT message_id FROM message_keys WHERE enrollment_id = `
		a = append(a, w.Enrollment)
		sql += placeholder(len(a)) + ")"
	case !w.Person.IsZero():
		and("person_id = ", w.Person)
	case !w.Appointment.IsZero():
		and("person_id = (SELECT person_id FROM visits WHERE id = ", w.Appointment)
		sql += ")"
	default:
		return nil, errNoSelection
	}
	if !w.Appointment.IsZero() {
		and("visit_id = ", w.Appointment)
	}
	if w.Below > 0 {
		and("visit_version < ", w.Below)
	}
	if !w.Person.IsZero() && w.Message.IsZero() {
		and("person_id = ", w.Person)
	}
	var ids []id.ID
	var events []message.Event
	err = each(ctx, m, sql+" ORDER BY id", a, func(r Rows) error {
		e := message.Event{To: message.Cancelled, Reason: why}
		if err := r.Scan(&e.Message, (*string)(&e.From)); err != nil {
			return err
		}
		ids, events = append(ids, e.Message), append(events, e)
		return nil
	})
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	_, err = m.Exec(ctx, `UPDATE messages SET state = 'cancelled', reason = $3, done_at = $4, held_until = NULL
		WHERE `+mine+` AND `+m.In("id", "$2", ID)+` AND state IN ('held', 'queued')`, org, ids, string(why), m.now)
	if err != nil {
		return nil, err
	}
	m.Publish(store.TopicMessages)
	return ids, m.addEvents(ctx, org, events)
}

var settleColumns = []Column{{"id", ID}, {"was", Text}, {"state", Text}, {"reason", Text}, {"due_at", Int}, {"held_until", Int},
	{"route_id", ID}, {"sender_id", ID}, {"decision", Text}, {"done_at", Int}}

var settleMessages = &Bulk{
	Columns: settleColumns,
	Arrays: `UPDATE messages m SET state = r.state, reason = r.reason, due_at = COALESCE(r.due_at, m.due_at), held_until = r.held_until,
		route_id = COALESCE(r.route_id, m.route_id), sender_id = COALESCE(r.sender_id, m.sender_id),
		decision = COALESCE(r.decision, m.decision), done_at = r.done_at
		FROM ` + unnest(settleColumns) + ` WHERE m.id = r.id AND m.state = r.was`,
	Row: `UPDATE messages SET state = $3, reason = $4, due_at = COALESCE($5, due_at), held_until = $6,
		route_id = COALESCE($7, route_id), sender_id = COALESCE($8, sender_id), decision = COALESCE($9, decision), done_at = $10
		WHERE id = $1 AND state = $2`,
}

// Settle moves waiting messages by a new decision. A move to the state a message is in already (a hold that goes
// on, a queued message with a new time) is written too.
func (m messages) Settle(ctx context.Context, moves []store.Move) ([]bool, error) {
	for _, v := range moves {
		if v.From != message.Held && v.From != message.Queued {
			return nil, errNotWaiting
		}
		if v.From != v.To && !v.From.MayBecome(v.To) {
			return nil, errNotWaiting
		}
	}
	return m.settle(ctx, moves)
}

func (m messages) settle(ctx context.Context, moves []store.Move) ([]bool, error) {
	org, err := m.org()
	if err != nil || len(moves) == 0 {
		return nil, err
	}
	out := make([]bool, len(moves))
	var events []message.Event
	due := false
	for i, v := range moves {
		row, err := m.settleRow(v)
		if err != nil {
			return nil, err
		}
		// Row by row, to know which moved: decisions made again are few.
		n, err := m.Bulk(ctx, settleMessages, [][]any{row})
		if err != nil {
			return nil, err
		}
		out[i] = n == 1
		if !out[i] {
			continue
		}
		due = due || v.To == message.Queued
		if v.Event {
			events = append(events, message.Event{Message: v.Message, From: v.From, To: v.To, Reason: v.Reason})
		}
	}
	m.Publish(store.TopicMessages)
	if due {
		m.Publish(store.TopicDue)
	}
	return out, m.addEvents(ctx, org, events)
}

func (m messages) settleRow(v store.Move) ([]any, error) {
	var decision any
	if v.Decision != nil {
		text, err := packDecision(v.Decision, time.Time{}, time.Time{})
		if err != nil {
			return nil, err
		}
		decision = text
	}
	var done time.Time
	if v.To.Settled() {
		done = m.now
	}
	return []any{v.Message, string(v.From), string(v.To), string(v.Reason), v.DueAt, v.Until, v.Route, v.Sender, decision, done}, nil
}
