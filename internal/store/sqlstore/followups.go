package sqlstore

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/store"
)

// Awaited walks the small index of accepted texts twice: never asked about, then asked before.
func (m messages) Awaited(ctx context.Context, route id.ID, first, now time.Time, limit int) ([]store.Awaited, error) {
	org, err := m.org()
	if err != nil {
		return nil, err
	}
	var out []store.Awaited
	whole := map[id.ID]string{}
	scan := func(r Rows) error {
		var a store.Awaited
		var provider string
		err := r.Scan(&a.Message, &a.Sender, &a.LeasedAt, &a.Asks, optional{&provider})
		out, whole[a.Message] = append(out, a), provider
		return err
	}
	const columns = `SELECT id, sender_id, leased_at, asks, provider_id FROM message_states WHERE phase = 'out' AND state = 'accepted' AND route_id = $1 AND org_id = $2`
	if err := each(ctx, m, columns+` AND ask_at IS NULL AND leased_at < $3 ORDER BY leased_at LIMIT $4`, args(route, org, first, limit), scan); err != nil {
		return nil, err
	}
	if len(out) < limit {
		if err := each(ctx, m, columns+` AND ask_at <= $3 ORDER BY ask_at LIMIT $4`, args(route, org, now, limit-len(out)), scan); err != nil {
			return nil, err
		}
	}
	for i := range out {
		if p := whole[out[i].Message]; p != "" {
			out[i].IDs = []string{p}
			continue
		}
		out[i].IDs, err = list(ctx, m, `SELECT provider_id FROM message_parts WHERE message_id = $1 AND org_id = $2 AND state = 'accepted'
			AND provider_id IS NOT NULL ORDER BY part`, args(out[i].Message, org), func(r Rows) (p string, err error) { return p, r.Scan(&p) })
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

var askColumns = []Column{{"id", ID}, {"ask_at", Int}, {"org_id", ID}}

var askAgain = NewBulk(`UPDATE message_states SET ask_at = r.ask_at, asks = asks + 1 FROM {rows}
	WHERE message_states.id = r.id AND message_states.org_id = r.org_id AND message_states.state = 'accepted'`, askColumns...)

// AskAgain notes questions.
func (m messages) AskAgain(ctx context.Context, asked []store.AskedAbout) error {
	org, err := m.org()
	if err != nil {
		return err
	}
	rows := make([][]any, len(asked))
	for i, a := range asked {
		rows[i] = []any{a.Message, a.Next, org}
	}
	if _, err = m.Bulk(ctx, askAgain, rows); err != nil {
		return err
	}
	ids := make([]id.ID, len(asked))
	for i, a := range asked {
		ids[i] = a.Message
	}
	return m.file(ctx, org, ids)
}

// GiveUp ends what no receipt came for.
func (m messages) GiveUp(ctx context.Context, route id.ID, before, now time.Time, limit int) ([]id.ID, error) {
	org, err := m.org()
	if err != nil {
		return nil, err
	}
	var ids []id.ID
	for _, due := range []struct {
		cond string
		args []any
	}{
		{`ask_at IS NULL AND leased_at < $3 ORDER BY leased_at LIMIT $4`, args(route, org, before, limit)},
		{`ask_at <= $5 AND leased_at < $3 ORDER BY ask_at LIMIT $4`, args(route, org, before, limit, now)},
	} {
		got, err := list(ctx, m, `SELECT id FROM message_states WHERE phase = 'out' AND state = 'accepted' AND route_id = $1 AND org_id = $2 AND `+due.cond, due.args,
			func(r Rows) (m id.ID, err error) { return m, r.Scan(&m) })
		if err != nil {
			return nil, err
		}
		ids = append(ids, got[:min(len(got), limit-len(ids))]...)
	}
	if len(ids) == 0 {
		return nil, nil
	}
	_, err = m.Exec(ctx, `UPDATE message_states SET state = 'expired', phase = '', reason = $3, done_at = $4 WHERE state = 'accepted' AND org_id = $1 AND `+
		m.In("id", "$2", ID), org, ids, string(message.ReasonNoReceipt), m.now)
	if err != nil {
		return nil, err
	}
	events := make([]message.Event, len(ids))
	for i, m := range ids {
		events[i] = message.Event{Message: m, From: message.Accepted, To: message.Expired, Reason: message.ReasonNoReceipt}
	}
	m.Publish(store.TopicMessages)
	if err := m.file(ctx, org, ids); err != nil {
		return nil, err
	}
	return ids, m.addEvents(ctx, org, events)
}

// CountAwaited counts a stretch of the small index.
func (m messages) CountAwaited(ctx context.Context, route id.ID, from, until time.Time) (n int, err error) {
	org, err := m.org()
	if err != nil {
		return 0, err
	}
	err = one(ctx, m, `SELECT count(*) FROM message_states WHERE phase = 'out' AND state = 'accepted' AND route_id = $1 AND org_id = $2 AND ask_at IS NULL
		AND leased_at >= $3 AND leased_at < $4`, args(route, org, from, until), &n)
	return n, err
}

// SaveWatch keeps one row a route.
func (m messages) SaveWatch(ctx context.Context, w store.ReceiptWatch) error {
	org, err := m.org()
	if err != nil {
		return err
	}
	_, err = m.Exec(ctx, `INSERT INTO receipt_watches (route_id, org_id, usual, seen, from_at, until_at, texts, missing, late_since, looked_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (route_id) DO UPDATE SET usual = excluded.usual, seen = excluded.seen, from_at = excluded.from_at, until_at = excluded.until_at,
			texts = excluded.texts, missing = excluded.missing, late_since = excluded.late_since, looked_at = excluded.looked_at
			WHERE receipt_watches.org_id = excluded.org_id`,
		w.Route, org, int64(w.Usual), int64(w.Seen), w.From, w.Until, int64(w.Texts), int64(w.Missing), w.LateSince, w.LookedAt)
	m.Publish(store.TopicRoutes)
	return err
}

// Watches reads the watches of the scope.
func (m messages) Watches(ctx context.Context) ([]store.ReceiptWatch, error) {
	sql, a := `SELECT route_id, org_id, usual, seen, from_at, until_at, texts, missing, late_since, looked_at FROM receipt_watches`, []any(nil)
	if !m.scope.IsSystem() {
		org, err := m.org()
		if err != nil {
			return nil, err
		}
		sql, a = sql+` WHERE org_id = $1`, args(org)
	}
	return list(ctx, m, sql+` ORDER BY route_id`, a, func(r Rows) (w store.ReceiptWatch, err error) {
		return w, r.Scan(&w.Route, &w.Org, &w.Usual, &w.Seen, &w.From, &w.Until, &w.Texts, &w.Missing, &w.LateSince, &w.LookedAt)
	})
}
