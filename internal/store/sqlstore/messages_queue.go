package sqlstore

import (
	"context"
	"strings"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/store"
)

// Held reads held messages whose hold ends, or that wait for a person.
func (m messages) Held(ctx context.Context, now time.Time, person bool, p store.Page) ([]store.Draft, error) {
	org, err := m.org()
	if err != nil {
		return nil, err
	}
	if person {
		return m.drafts(ctx, `SELECT `+messageColumns+` FROM `+messageRows+` WHERE s.phase = 'held' AND s.org_id = $1
			AND s.held_until IS NULL AND ($2 = 0 OR s.id > $3) ORDER BY s.id LIMIT $4`,
			args(org, paged(p), p.After, p.Size()))
	}
	return m.drafts(ctx, `SELECT `+messageColumns+` FROM `+messageRows+` WHERE s.phase = 'held' AND s.org_id = $1
		AND s.held_until <= $2 AND ($3 = 0 OR s.id > $4) ORDER BY s.id LIMIT $5`,
		args(org, now, paged(p), p.After, p.Size()))
}

// paged is 1 when the page begins behind an id: a NULL id would hide every row.
func paged(p store.Page) int64 {
	if p.After.IsZero() {
		return 0
	}
	return 1
}

// bound are the rows that a message may be bound to: the table, its revision, and the column of a bulk statement that
// names the row.
var bound = []struct{ table, revision, by string }{
	{"persons", "version", "person"}, {"contact_points", "revision", "point"}, {"visits", "version", "visit"}, {"locations", "revision", "place"},
}

var leaseColumns = []Column{{"id", ID}, {"fence", Int}, {"leased_at", Int}, {"sent_at", Int}, {"route_id", ID}, {"revised", Int},
	{"person", ID}, {"person_rev", Int}, {"point", ID}, {"point_rev", Int}, {"visit", ID}, {"visit_rev", Int}, {"place", ID}, {"place_rev", Int}}

const (
	leaseArrays = `UPDATE message_states m SET state = 'sending', phase = 'out', reason = '', attempts = m.attempts + 1, fence = r.fence,
		leased_at = r.leased_at, sent_at = r.sent_at, held_until = NULL FROM `
	leaseArraysOf = ` WHERE m.id = r.id AND m.state = 'queued' AND m.route_id = r.route_id AND m.revised = r.revised`
	leaseRow      = `UPDATE message_states SET state = 'sending', phase = 'out', reason = '', attempts = attempts + 1, fence = $2,
		leased_at = $3, sent_at = $4, held_until = NULL WHERE id = $1 AND state = 'queued' AND route_id = $5 AND revised = $6`
)

var leaseMessages = &Bulk{
	Columns: leaseColumns,
	Arrays: leaseArrays + unnest(leaseColumns) + leaseArraysOf +
		asRead("m.org_id", func(by string, _ int) (row, rev string) { return "r." + by, "r." + by + "_rev" }),
	Row: leaseRow +
		asRead("message_states.org_id", func(_ string, i int) (row, rev string) { return placeholder(7 + 2*i), placeholder(8 + 2*i) }),
}

// leaseStanding is leaseMessages for messages whose facts nobody has written since their decision read them.
var leaseStanding = &Bulk{
	Columns: leaseColumns[:6],
	Arrays:  leaseArrays + unnest(leaseColumns[:6]) + leaseArraysOf,
	Row:     leaseRow,
}

// asRead is the condition that bound rows have the revisions that a decision read: zero for one that is not there.
func asRead(org string, named func(by string, i int) (row, rev string)) string {
	var b strings.Builder
	for i, t := range bound {
		row, rev := named(t.by, i)
		b.WriteString(` AND coalesce((SELECT b.` + t.revision + ` FROM ` + t.table + ` b WHERE b.id = ` + row +
			` AND coalesce(b.org_id, b.org_id) = ` + org + `), 0) = ` + rev)
	}
	return b.String()
}

// Lease moves queued messages to sending. One that moved to another route since it was read is that route's; one that was
// written anew, or whose facts changed, is decided again.
func (m messages) Lease(ctx context.Context, l store.Lease, leased []store.Leased) ([]bool, error) {
	org, err := m.org()
	if err != nil {
		return nil, err
	}
	var rows, standing [][]any
	ids := make([]id.ID, len(leased))
	now := m.Snapshot()
	for i := range leased {
		d := &leased[i]
		ids[i] = d.Message
		row := []any{d.Message, int64(l.Fence), l.Machine, l.Domain, l.Route, d.Revised, d.Bound.Person, d.Revs.Person, d.Bound.Point,
			d.Revs.Point, d.Bound.Visit, d.Revs.Visit, d.Bound.Location, d.Revs.Location}
		if d.Seen != 0 && d.Seen == now {
			standing = append(standing, row[:len(leaseStanding.Columns)])
		} else {
			rows = append(rows, row)
		}
	}
	n, err := m.Bulk(ctx, leaseMessages, rows)
	if err != nil {
		return nil, err
	}
	stood, err := m.Bulk(ctx, leaseStanding, standing)
	if err != nil {
		return nil, err
	}
	n += stood
	moved := all(len(leased))
	if int(n) != len(leased) {
		if moved, err = m.which(ctx, org, ids, `state = 'sending' AND fence = $3 AND leased_at = $4`, int64(l.Fence), l.Machine); err != nil {
			return nil, err
		}
	}
	m.Publish(store.TopicMessages)
	if err := m.forgetParts(ctx, org, leased, moved); err != nil {
		return nil, err
	}
	return moved, m.rewrite(ctx, org, leased, moved)
}

// forgetParts removes the parts of texts that go afresh: a receipt for one of them would settle the wrong attempt.
func (m messages) forgetParts(ctx context.Context, org id.ID, leased []store.Leased, moved []bool) error {
	var ids []id.ID
	for i := range leased {
		if leased[i].Afresh && moved[i] {
			ids = append(ids, leased[i].Message)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	_, err := m.Exec(ctx, `DELETE FROM message_parts WHERE `+mine+` AND `+m.In("message_id", "$2", ID), org, ids)
	return err
}

// rewrite replaces the text of leased messages that rendering again changed.
func (m messages) rewrite(ctx context.Context, org id.ID, leased []store.Leased, moved []bool) error {
	for i := range leased {
		d := leased[i].Rewrite
		if d == nil || !moved[i] {
			continue
		}
		k, err := m.keyOf(ctx, org, d.Person)
		if err != nil {
			return err
		}
		decision, err := packDecision(&d.Decision, d.PlannedAt, d.ExpiresAt)
		if err != nil {
			return err
		}
		if _, err := m.Exec(ctx, `UPDATE messages SET sealed = $2, segments = $3, coding = $4, locale = $5, template_version = $6, flags = $7,
			decision = $8 WHERE id = $1 AND org_id = $9`, d.ID, sealDraft(k, org, d), d.Segments, d.Coding, d.Locale, d.TemplateVersion,
			int64(d.Flags), decision, org); err != nil {
			return err
		}
	}
	return nil
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
	err := each(ctx, m, `SELECT id FROM message_states WHERE `+mine+` AND `+m.In("id", "$2", ID)+` AND `+cond,
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
	rows, err := list(ctx, m, `SELECT id, attempts FROM message_states WHERE phase = 'out' AND state = 'sending' AND route_id = $1 AND org_id = $2
		AND ask_at IS NULL AND fence < $3 ORDER BY id LIMIT $4`, args(route, org, int64(before), limit), func(r Rows) (left, error) {
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
	_, err = m.Exec(ctx, `UPDATE message_states SET state = 'unknown', phase = 'unknown', reason = $3 WHERE state = 'sending' AND org_id = $1 AND `+
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
	sql, a := `SELECT m.id, s.state FROM `+messageRows+` WHERE `+mineM+` AND s.state IN ('held', 'queued')`, args(org)
	and := func(cond string, v any) {
		a = append(a, v)
		sql += " AND " + cond + placeholder(len(a))
	}
	switch {
	case !w.Message.IsZero():
		and("m.id = ", w.Message)
	case !w.Enrollment.IsZero():
		sql += ` AND m.id IN (SELECT message_id FROM message_keys WHERE enrollment_id = `
		a = append(a, w.Enrollment)
		sql += placeholder(len(a)) + ")"
	case !w.Person.IsZero():
		and("m.person_id = ", w.Person)
	case !w.Appointment.IsZero():
		and("m.person_id = (SELECT person_id FROM visits WHERE id = ", w.Appointment)
		sql += ")"
	default:
		return nil, errNoSelection
	}
	if !w.Appointment.IsZero() {
		and("m.visit_id = ", w.Appointment)
	}
	if w.Below > 0 {
		and("m.visit_version < ", w.Below)
	}
	if !w.Person.IsZero() && w.Message.IsZero() {
		and("m.person_id = ", w.Person)
	}
	var ids []id.ID
	var events []message.Event
	err = each(ctx, m, sql+" ORDER BY m.id", a, func(r Rows) error {
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
	_, err = m.Exec(ctx, `UPDATE message_states SET state = 'cancelled', phase = '', reason = $3, done_at = $4, held_until = NULL
		WHERE `+mine+` AND `+m.In("id", "$2", ID)+` AND state IN ('held', 'queued')`, org, ids, string(why), m.now)
	if err != nil {
		return nil, err
	}
	m.Publish(store.TopicMessages)
	return ids, m.addEvents(ctx, org, events)
}

var settleColumns = []Column{{"id", ID}, {"was", Text}, {"state", Text}, {"reason", Text}, {"due_at", Int}, {"held_until", Int},
	{"route_id", ID}, {"sender_id", ID}, {"done_at", Int}, {"phase", Text}}

var settleMessages = &Bulk{
	Columns: settleColumns,
	Arrays: `UPDATE message_states m SET state = r.state, reason = r.reason, due_at = COALESCE(r.due_at, m.due_at), held_until = r.held_until,
		route_id = COALESCE(r.route_id, m.route_id), sender_id = COALESCE(r.sender_id, m.sender_id), done_at = r.done_at, phase = r.phase,
		revised = m.revised + 1
		FROM ` + unnest(settleColumns) + ` WHERE m.id = r.id AND m.state = r.was`,
	Row: `UPDATE message_states SET state = $3, reason = $4, due_at = COALESCE($5, due_at), held_until = $6,
		route_id = COALESCE($7, route_id), sender_id = COALESCE($8, sender_id), done_at = $9, phase = $10, revised = revised + 1
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
		if err := m.leaveParts(ctx, org, v); err != nil {
			return nil, err
		}
		// Row by row, to know which moved: decisions made again are few.
		n, err := m.Bulk(ctx, settleMessages, [][]any{m.settleRow(v)})
		if err != nil {
			return nil, err
		}
		if out[i] = n == 1; !out[i] {
			continue
		}
		if err := m.redecide(ctx, org, v); err != nil {
			return nil, err
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

// leaveParts forgets the parts of a text that is to come from another number: a phone joins parts of one number only, so
// the whole text goes again.
func (m messages) leaveParts(ctx context.Context, org id.ID, v store.Move) error {
	if v.Sender.IsZero() {
		return nil
	}
	_, err := m.Exec(ctx, `DELETE FROM message_parts WHERE message_id = $1 AND org_id = $2 AND EXISTS (SELECT 1 FROM message_states s
		WHERE s.id = $1 AND s.state = $3 AND s.sender_id <> $4)`, v.Message, org, string(v.From), v.Sender)
	return err
}

func (m messages) settleRow(v store.Move) []any {
	var done time.Time
	if v.To.Settled() {
		done = m.now
	}
	return []any{v.Message, string(v.From), string(v.To), string(v.Reason), v.DueAt, v.Until, v.Route, v.Sender, done, phaseOf(v.To)}
}

// redecide replaces the record of a message's decision.
func (m messages) redecide(ctx context.Context, org id.ID, v store.Move) error {
	if v.Decision == nil {
		return nil
	}
	text, err := packDecision(v.Decision, time.Time{}, time.Time{})
	if err != nil {
		return err
	}
	_, err = m.Exec(ctx, `UPDATE messages SET decision = $2 WHERE id = $1 AND org_id = $3`, v.Message, text, org)
	return err
}
