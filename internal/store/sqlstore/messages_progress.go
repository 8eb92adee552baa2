package sqlstore

import (
	"context"
	"strconv"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/store"
)

var (
	errNoSelection = errs.New(errs.Internal, "cancelling needs a message, an enrollment, a person or a visit")
	errNotWaiting  = errs.New(errs.Internal, "a message was to move in a way that the table of states does not allow")
)

func placeholder(n int) string { return "$" + strconv.Itoa(n) }

// The usual answer: the carrier took it. A late answer to an attempt that was given up says nothing of the one that is
// on its way now.
var acceptColumns = []Column{{"id", ID}, {"provider_id", Text}, {"attempt", Int}}

var acceptMessages = &Bulk{
	Columns: acceptColumns,
	Arrays: `UPDATE message_states m SET state = 'accepted', reason = '', provider_id = r.provider_id
		FROM ` + unnest(acceptColumns) + ` WHERE m.id = r.id AND m.state = 'sending' AND m.attempts = r.attempt`,
	Row: `UPDATE message_states SET state = 'accepted', reason = '', provider_id = $2
		WHERE id = $1 AND state = 'sending' AND attempts = $3`,
}

// acceptUnknown takes an answer that came after its attempt was given up: with its phase, which the usual one leaves alone.
var acceptUnknown = NewBulk(`UPDATE message_states SET state = 'accepted', phase = 'out', reason = '', provider_id = r.provider_id
	FROM {rows} WHERE message_states.id = r.id AND message_states.state = 'unknown'`, Column{"id", ID}, Column{"provider_id", Text})

var answerColumns = []Column{{"id", ID}, {"state", Text}, {"reason", Text}, {"error_code", Text}, {"due_at", Int}, {"done_at", Int},
	{"refund", Int}, {"attempt", Int}, {"phase", Text}}

// answerMessages takes the unusual answers. sent_at goes when a message waits again, so that caps count only
// what left.
var answerMessages = &Bulk{
	Columns: answerColumns,
	Arrays: `UPDATE message_states m SET state = r.state, reason = r.reason, error_code = r.error_code, due_at = COALESCE(r.due_at, m.due_at),
		done_at = r.done_at, attempts = m.attempts - r.refund, sent_at = CASE WHEN r.state = 'queued' THEN NULL ELSE m.sent_at END, revised = m.revised + 1, phase = r.phase
		FROM ` + unnest(answerColumns) + ` WHERE m.id = r.id AND m.state = 'sending' AND m.attempts = r.attempt`,
	Row: `UPDATE message_states SET state = $2, reason = $3, error_code = $4, due_at = COALESCE($5, due_at),
		done_at = $6, attempts = attempts - $7, sent_at = CASE WHEN $2 = 'queued' THEN NULL ELSE sent_at END, revised = revised + 1, phase = $9
		WHERE id = $1 AND state = 'sending' AND attempts = $8`,
}

// Answered records what became of hand-overs.
func (m messages) Answered(ctx context.Context, answers []store.Answered) ([]bool, error) {
	org, err := m.org()
	if err != nil {
		return nil, err
	}
	out := make([]bool, len(answers))
	var rows [][]any
	var at []int
	var ids []id.ID
	for i, a := range answers {
		if a.To == message.Accepted {
			rows, at, ids = append(rows, []any{a.Message, nullText(a.ProviderID), int64(a.Attempt)}), append(at, i), append(ids, a.Message)
		}
	}
	if len(rows) > 0 {
		n, err := m.Bulk(ctx, acceptMessages, rows)
		if err != nil {
			return nil, err
		}
		moved := all(len(rows))
		if int(n) != len(rows) {
			if moved, err = m.acceptLate(ctx, org, rows, ids, answers, at); err != nil {
				return nil, err
			}
		}
		for k, i := range at {
			out[i] = moved[k]
		}
	}
	if err := m.answerRest(ctx, org, answers, out); err != nil {
		return nil, err
	}
	m.Publish(store.TopicMessages)
	return out, m.addParts(ctx, org, answers, out)
}

func nullText(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// acceptLate takes up the answers to attempts that were given up, and says which of all were taken.
func (m messages) acceptLate(ctx context.Context, org id.ID, rows [][]any, ids []id.ID, answers []store.Answered, at []int) ([]bool, error) {
	late := make([][]any, len(rows))
	for i, r := range rows {
		late[i] = r[:2]
	}
	if n, err := m.Bulk(ctx, acceptUnknown, late); err != nil {
		return nil, err
	} else if n > 0 { // filing has passed them, and another node may have the line
		if err := m.file(ctx, org, ids); err != nil {
			return nil, err
		}
	}
	return m.accepted(ctx, org, ids, answers, at)
}

// accepted asks which messages carry the id that was just written.
func (m messages) accepted(ctx context.Context, org id.ID, ids []id.ID, answers []store.Answered, at []int) ([]bool, error) {
	has := make(map[id.ID]string, len(ids))
	err := each(ctx, m, `SELECT id, provider_id FROM message_states WHERE `+mine+` AND `+m.In("id", "$2", ID)+` AND state = 'accepted'`,
		args(org, ids), func(r Rows) error {
			var i id.ID
			var p string
			err := r.Scan(&i, optional{&p})
			has[i] = p
			return err
		})
	out := make([]bool, len(ids))
	for k, i := range at {
		p, ok := has[ids[k]]
		out[k] = ok && p == answers[i].ProviderID
	}
	return out, err
}

// answerRest writes everything but acceptances, row by row: they are few, or the route is in trouble anyway.
func (m messages) answerRest(ctx context.Context, org id.ID, answers []store.Answered, out []bool) error {
	var events []message.Event
	due := false
	for i, a := range answers {
		if a.To == message.Accepted {
			continue
		}
		if !message.Sending.MayBecome(a.To) {
			return errNotWaiting
		}
		var done time.Time
		if a.To.Settled() {
			done = m.now
		}
		refund := int64(0)
		if a.Refund {
			refund = 1
		}
		n, err := m.Bulk(ctx, answerMessages, [][]any{{a.Message, string(a.To), string(a.Reason), a.Code, a.DueAt, done, refund, int64(a.Attempt), phaseOf(a.To)}})
		if err != nil {
			return err
		}
		if out[i] = n == 1; out[i] {
			due = due || a.To == message.Queued
			events = append(events, message.Event{Message: a.Message, From: message.Sending, To: a.To, Reason: a.Reason, Code: a.Code, Attempt: a.Attempt})
		}
	}
	if due {
		m.Publish(store.TopicDue)
	}
	return m.addEvents(ctx, org, events)
}

var insertParts = NewInsert("message_parts", `ON CONFLICT (message_id, part) DO UPDATE SET provider_id = excluded.provider_id,
	state = excluded.state, parts = excluded.parts, route_id = excluded.route_id, ref = excluded.ref`,
	Column{"message_id", ID}, Column{"part", Int}, Column{"parts", Int}, Column{"org_id", ID}, Column{"route_id", ID},
	Column{"provider_id", Text}, Column{"state", Text}, Column{"ref", Int})

// addParts keeps what became of the submits of texts in parts. Of a text that waits again only what was accepted is
// worth keeping: the rest will have another answer.
func (m messages) addParts(ctx context.Context, org id.ID, answers []store.Answered, moved []bool) error {
	var rows [][]any
	for i, a := range answers {
		if !moved[i] {
			continue
		}
		total := a.Total
		if total == 0 {
			total = len(a.Parts)
		}
		for _, p := range a.Parts {
			if a.To == message.Queued && p.State != message.Accepted {
				continue
			}
			rows = append(rows, []any{a.Message, int64(p.Number), int64(total), org, a.Route, nullText(p.ProviderID), string(p.State), int64(a.Ref)})
		}
	}
	_, err := m.Bulk(ctx, insertParts, rows)
	return err
}
