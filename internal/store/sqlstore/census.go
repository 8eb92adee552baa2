package sqlstore

import (
	"context"
	"encoding/binary"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/store"
)

// Census gives access to the counts of store.Census.
func (t *Tx) Census() store.Census { return census{t} }

type census struct{ *Tx }

var _ store.Census = census{}

// Waiting counts by partial indexes, each of which holds only what waits.
func (s census) Waiting(ctx context.Context) (out store.Waiting, err error) {
	if err := s.system(); err != nil {
		return out, err
	}
	out = store.Waiting{Sending: map[id.ID]int{}, Unknown: map[id.ID]int{}, Tasks: map[conversation.TaskKind]int{}}
	out.Queues, err = list(ctx, s, `SELECT route_id, priority, count(*), min(due_at) FROM message_states WHERE phase = 'queued'
		GROUP BY route_id, priority ORDER BY route_id, priority`, nil, func(r Rows) (q store.Queue, err error) {
		var p int
		err = r.Scan(&q.Route, &p, &q.Count, &q.Oldest)
		q.Priority = purpose.Priority(p)
		return q, err
	})
	if err != nil {
		return out, err
	}
	out.Held, err = list(ctx, s, `SELECT reason, count(*) FROM message_states WHERE phase = 'held' GROUP BY reason ORDER BY reason`, nil,
		func(r Rows) (h store.HeldCount, err error) {
			var reason string
			err = r.Scan(&reason, &h.Count)
			h.Reason = message.Reason(reason)
			return h, err
		})
	if err != nil {
		return out, err
	}
	for text, into := range map[string]map[id.ID]int{
		`SELECT route_id, count(*) FROM message_states WHERE phase = 'out' AND ask_at IS NULL AND state = 'sending' GROUP BY route_id`: out.Sending,
		`SELECT route_id, count(*) FROM message_states WHERE phase = 'unknown' GROUP BY route_id`:                                      out.Unknown,
	} {
		err := each(ctx, s, text, nil, func(r Rows) error {
			var route id.ID
			var n int
			err := r.Scan(&route, &n)
			into[route] = n
			return err
		})
		if err != nil {
			return out, err
		}
	}
	return out, s.around(ctx, &out)
}

// around counts what waits beside messages.
func (s census) around(ctx context.Context, out *store.Waiting) error {
	for text, into := range map[string]*int{
		`SELECT count(*) FROM contact_points WHERE (opted_out_at IS NOT NULL OR suspended) AND opted_out_at IS NOT NULL`: &out.OptedOut,
		`SELECT count(*) FROM conversations WHERE state = 'open'`:                                                        &out.Inbox,
		`SELECT count(*) FROM parked_receipts`:                                                                           &out.Parked,
		`SELECT count(*) FROM audit_events WHERE seq IS NULL`:                                                            &out.Audit,
	} {
		if err := one(ctx, s, text, nil, into); err != nil {
			return err
		}
	}
	return each(ctx, s, `SELECT kind, count(*) FROM tasks WHERE done_at IS NULL GROUP BY kind`, nil, func(r Rows) error {
		var kind string
		var n int
		err := r.Scan(&kind, &n)
		out.Tasks[conversation.TaskKind(kind)] = n
		return err
	})
}

// firstSince is below every id that was made from a moment on: ids begin with their milliseconds.
func firstSince(t time.Time) any {
	var out id.ID
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(max(t.UnixMilli(), 0))) //nolint:gosec // not negative
	copy(out[:6], b[2:])
	return after(out)
}

// Lately reads the newest stretch of two tables by their ids.
func (s census) Lately(ctx context.Context, since time.Time) (out store.Lately, err error) {
	if err := s.system(); err != nil {
		return out, err
	}
	out.Messages, err = list(ctx, s, `SELECT m.purpose, s.state, s.reason, count(*) FROM messages m JOIN message_states s ON s.id = m.id
		WHERE m.id > $1 AND s.id > $1 GROUP BY m.purpose, s.state, s.reason ORDER BY m.purpose, s.state, s.reason`, args(firstSince(since)), func(r Rows) (m store.MessageCount, err error) {
		var p, state, reason string
		err = r.Scan(&p, &state, &reason, &m.Count)
		m.Purpose, m.State, m.Reason = purpose.Purpose(p), message.State(state), message.Reason(reason)
		return m, err
	})
	if err != nil {
		return out, err
	}
	out.Inbound, err = list(ctx, s, `SELECT intent, outcome, count(*) FROM inbound_texts WHERE id > $1
		GROUP BY intent, outcome ORDER BY intent, outcome`, args(firstSince(since)), func(r Rows) (i store.InboundCount, err error) {
		return i, r.Scan(&i.Intent, &i.Outcome, &i.Count)
	})
	return out, err
}
