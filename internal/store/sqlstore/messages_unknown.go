package sqlstore

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/store"
)

// OpenUnknown lists messages of unknown outcome to numbers.
func (m messages) OpenUnknown(ctx context.Context, route id.ID, to []phone.Number, from, until time.Time) ([]store.Draft, error) {
	if len(to) == 0 {
		return nil, nil
	}
	org, err := m.org()
	if err != nil {
		return nil, err
	}
	keys, err := m.orgKeys(ctx, org)
	if err != nil {
		return nil, err
	}
	marks := make([][]byte, len(to))
	for i, n := range to {
		marks[i] = keys.Index().Number(n.Reveal())
	}
	points, err := list(ctx, m, `SELECT id FROM contact_points WHERE org_id = $1 AND channel = 'sms' AND `+m.In("number_idx", "$2", Bytes),
		args(org, marks), func(r Rows) (p id.ID, err error) { return p, r.Scan(&p) })
	if err != nil || len(points) == 0 {
		return nil, err
	}
	return m.drafts(ctx, `SELECT `+messageColumns+` FROM `+messageRows+` WHERE s.phase = 'unknown' AND s.org_id = $1 AND `+
		m.In("m.point_id", "$2", ID)+` AND s.route_id = $3 AND s.leased_at >= $4 AND s.leased_at < $5 ORDER BY m.id`,
		args(org, points, route, from, until))
}

// UnknownBefore lists open unknowns: those that no policy has closed.
func (m messages) UnknownBefore(ctx context.Context, before time.Time, p store.Page) ([]store.Draft, error) {
	org, err := m.org()
	if err != nil {
		return nil, err
	}
	return m.drafts(ctx, `SELECT `+messageColumns+` FROM `+messageRows+` WHERE s.phase = 'unknown' AND s.org_id = $1
		AND s.id > $2 AND s.leased_at < $3 ORDER BY s.id LIMIT $4`, args(org, after(p.After), before, p.Size()))
}

// CloseUnknown applies the purpose's policy: to queued (marked as sent again), or left unknown with an end.
func (m messages) CloseUnknown(ctx context.Context, moves []store.Move) ([]bool, error) {
	org, err := m.org()
	if err != nil {
		return nil, err
	}
	out := make([]bool, len(moves))
	var events []message.Event
	for i, v := range moves {
		var n int64
		switch v.To {
		case message.Queued:
			n, err = m.Exec(ctx, `UPDATE message_states SET state = 'queued', phase = 'queued', reason = $2, resent = $3, due_at = $4, sent_at = NULL, revised = revised + 1,
				route_id = COALESCE($5, route_id), sender_id = COALESCE($6, sender_id)
				WHERE id = $1 AND org_id = $7 AND phase = 'unknown' AND resent = $8`,
				v.Message, string(v.Reason), true, v.DueAt, v.Route, v.Sender, org, false)
			if err == nil && n == 1 { // the whole text goes again: nobody knows which of its parts arrived
				_, err = m.Exec(ctx, `DELETE FROM message_parts WHERE message_id = $1 AND org_id = $2`, v.Message, org)
			}
			m.Publish(store.TopicDue)
		case message.Unknown:
			n, err = m.Exec(ctx, `UPDATE message_states SET reason = $2, done_at = $3, phase = '' WHERE id = $1 AND org_id = $4 AND phase = 'unknown'`,
				v.Message, string(v.Reason), m.now, org)
		default:
			err = errNotWaiting
		}
		if err != nil {
			return nil, err
		}
		if out[i] = n == 1; out[i] {
			events = append(events, message.Event{Message: v.Message, From: message.Unknown, To: v.To, Reason: v.Reason})
		}
	}
	m.Publish(store.TopicMessages)
	return out, m.addEvents(ctx, org, events)
}
