package sqlstore

import (
	"cmp"
	"context"
	"slices"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/store"
)

// phaseOf is where a row in a state waits; the database checks it. Only the small indexes go by it.
func phaseOf(s message.State) string {
	switch s {
	case message.Held:
		return "held"
	case message.Queued:
		return "queued"
	case message.Sending, message.Accepted:
		return "out"
	case message.Unknown:
		return "unknown" // while no policy has closed it
	default:
		return ""
	}
}

// A carrier gives an id again after a while: the newest text has it.
var insertProviderIDs = NewInsert("provider_ids", `ON CONFLICT (provider_id, route_id) DO UPDATE SET org_id = excluded.org_id,
	message_id = excluded.message_id WHERE provider_ids.message_id < excluded.message_id`,
	Column{"provider_id", Text}, Column{"route_id", ID}, Column{"org_id", ID}, Column{"message_id", ID})

// FileIDs walks the index of what is out.
func (m messages) FileIDs(ctx context.Context, route id.ID, from, before time.Time, limit int) (f store.Filed, err error) {
	org, err := m.org()
	if err != nil {
		return f, err
	}
	if err := m.writable(); err != nil {
		return f, err
	}
	if from.IsZero() { // no time at all would be no row
		from = time.Unix(0, 0)
	}
	var rows [][]any
	texts := 0
	err = each(ctx, m, `SELECT id, leased_at, state, provider_id FROM message_states WHERE phase = 'out' AND route_id = $1 AND org_id = $2
		AND ask_at IS NULL AND leased_at >= $3 AND leased_at < $4 ORDER BY leased_at LIMIT $5`, args(route, org, from, before, limit), func(r Rows) error {
		var text id.ID
		var state message.State
		var provider string
		if err := r.Scan(Dests([]any{&text, &f.Until, (*string)(&state), optional{&provider}})...); err != nil {
			return err
		}
		texts++
		switch {
		case state == message.Sending && f.Open.IsZero():
			f.Open = f.Until
		case provider != "":
			rows = append(rows, []any{provider, route, org, text})
		}
		return nil
	})
	if err != nil {
		return f, err
	}
	if f.More = texts == limit; !f.More {
		f.Until = before
	}
	return f, m.fileRows(ctx, rows)
}

// fileUndelivered files the ids of texts that a receipt settled as anything but delivered: a later one may still say
// that they were.
func (m messages) fileUndelivered(ctx context.Context, org id.ID, receipts []store.Receipted) error {
	var ids []id.ID
	for _, r := range receipts {
		if r.State != message.Delivered {
			ids = append(ids, r.Message)
		}
	}
	return m.file(ctx, org, ids)
}

func (m messages) file(ctx context.Context, org id.ID, texts []id.ID) error {
	if len(texts) == 0 {
		return nil
	}
	rows, err := list(ctx, m, `SELECT provider_id, route_id, id FROM message_states WHERE org_id = $1 AND `+m.In("id", "$2", ID)+`
		AND provider_id IS NOT NULL AND route_id IS NOT NULL ORDER BY id`, args(org, texts), func(r Rows) ([]any, error) {
		var provider string
		var route, text id.ID
		err := r.Scan(&provider, &route, &text)
		return []any{provider, route, org, text}, err
	})
	if err != nil {
		return err
	}
	return m.fileRows(ctx, rows)
}

// fileRows files ids, of texts from the oldest to the newest. They come in any order and are written in theirs, so that a
// page of the table is written once for many of them.
func (m messages) fileRows(ctx context.Context, rows [][]any) error {
	slices.Reverse(rows)
	slices.SortStableFunc(rows, func(a, b []any) int { return cmp.Compare(a[0].(string), b[0].(string)) })
	_, err := m.Bulk(ctx, insertProviderIDs, slices.CompactFunc(rows, func(a, b []any) bool { return a[0] == b[0] && a[1] == b[1] }))
	return err
}
