package sqlstore

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/store"
)

// ByProvider finds messages by the carrier's ids.
func (m messages) ByProvider(ctx context.Context, route id.ID, ids []string) (map[string]store.Part, error) {
	org, err := m.org()
	if err != nil {
		return nil, err
	}
	out := make(map[string]store.Part, len(ids))
	scan := func(r Rows) error {
		var provider string
		var p store.Part
		err := r.Scan(&provider, &p.Message, &p.Number, &p.Parts)
		out[provider] = p
		return err
	}
	err = each(ctx, m, `SELECT p.provider_id, p.message_id, 0, 0 FROM provider_ids p JOIN message_states s ON s.id = p.message_id
		WHERE p.route_id = $1 AND `+m.In("p.provider_id", "$2", Text)+` AND s.state <> 'delivered' AND p.org_id = $3`, args(route, ids, org), scan)
	if err != nil || len(out) == len(ids) {
		return out, err
	}
	err = each(ctx, m, `SELECT provider_id, message_id, part, parts FROM message_parts WHERE route_id = $1 AND `+m.In("provider_id", "$2", Text)+
		` AND org_id = $3`, args(route, ids, org), scan)
	return out, err
}

// The usual receipt. Which states may become which is message.State's table, written as a condition.
var receiptColumns = []Column{{"id", ID}, {"state", Text}, {"error_code", Text}, {"done_at", Int}, {"provider_id", Text}}

var receiptMessages = &Bulk{
	Columns: receiptColumns,
	Arrays: `UPDATE message_states m SET state = r.state, phase = '', reason = 'receipt', error_code = r.error_code, done_at = r.done_at,
		provider_id = COALESCE(m.provider_id, r.provider_id)
		FROM ` + unnest(receiptColumns) + ` WHERE m.id = r.id AND ` + mayBecomeTo("m.state", "r.state"),
	Row: `UPDATE message_states SET state = $2, phase = '', reason = 'receipt', error_code = $3, done_at = $4, provider_id = COALESCE(provider_id, $5)
		WHERE id = $1 AND ` + mayBecomeTo("state", "$2"),
}

func mayBecomeTo(from, to string) string {
	return `(` + from + ` = 'accepted' OR (` + from + ` = 'unknown' AND ` + to + ` <> 'expired')
		OR (` + from + ` IN ('undelivered', 'expired', 'failed') AND ` + to + ` = 'delivered'))`
}

// Receipted records final states.
func (m messages) Receipted(ctx context.Context, receipts []store.Receipted) ([]message.State, error) {
	org, err := m.org()
	if err != nil {
		return nil, err
	}
	out := make([]message.State, len(receipts))
	var whole []store.Receipted
	var at []int
	for i, r := range receipts {
		if r.Number == 0 {
			whole, at = append(whole, r), append(at, i)
			continue
		}
		worst, changed, err := m.receiptPart(ctx, org, r)
		if err != nil {
			return nil, err
		}
		if changed {
			r.State = worst
			r.ProviderID = "" // the parts have theirs
			whole, at = append(whole, r), append(at, i)
		}
	}
	rows := make([][]any, len(whole))
	for i, r := range whole {
		rows[i] = []any{r.Message, string(r.State), r.Code, r.At, nullText(r.ProviderID)}
	}
	n, err := m.Bulk(ctx, receiptMessages, rows)
	if err != nil {
		return nil, err
	}
	if len(rows) > 0 {
		m.Publish(store.TopicMessages)
	}
	if err := m.fileUndelivered(ctx, org, whole); err != nil {
		return nil, err
	}
	if int(n) == len(whole) {
		for k, i := range at {
			out[i] = whole[k].State
		}
		return out, nil
	}
	return out, m.receipted(ctx, org, whole, at, out)
}

// receipted asks which messages carry the state that was just written: those that moved, and those that stood
// there before, where a repeated receipt changed nothing that anybody sees.
func (m messages) receipted(ctx context.Context, org id.ID, whole []store.Receipted, at []int, out []message.State) error {
	ids := make([]id.ID, len(whole))
	for i := range whole {
		ids[i] = whole[i].Message
	}
	states := make(map[id.ID]message.State, len(ids))
	times := make(map[id.ID]time.Time, len(ids))
	err := each(ctx, m, `SELECT id, state, done_at FROM message_states WHERE `+mine+` AND `+m.In("id", "$2", ID), args(org, ids), func(r Rows) error {
		var i id.ID
		var s string
		var done time.Time
		err := r.Scan(&i, &s, &done)
		states[i], times[i] = message.State(s), done
		return err
	})
	for k, i := range at {
		if states[whole[k].Message] == whole[k].State && times[whole[k].Message].Equal(whole[k].At) {
			out[i] = whole[k].State
		}
	}
	return err
}

// receiptPart records one part's state and says what the message as a whole has come to: the worst of its
// parts, and delivered only when every part is. While parts are still on their way it has come to nothing new.
func (m messages) receiptPart(ctx context.Context, org id.ID, r store.Receipted) (message.State, bool, error) {
	n, err := m.Exec(ctx, `UPDATE message_parts SET state = $3, provider_id = COALESCE(provider_id, $5) WHERE message_id = $1 AND part = $2 AND org_id = $4
		AND (state IN ('accepted', 'unknown') OR (state IN ('undelivered', 'expired', 'failed') AND $3 = 'delivered'))`,
		r.Message, r.Number, string(r.State), org, nullText(r.ProviderID))
	if err != nil || n == 0 {
		return "", false, err
	}
	parts, err := m.Parts(ctx, r.Message)
	if err != nil {
		return "", false, err
	}
	worst := message.Delivered
	for _, p := range parts {
		switch p.State {
		case message.Delivered:
		case message.Undelivered, message.Failed:
			worst = message.Undelivered
		case message.Expired:
			if worst != message.Undelivered {
				worst = message.Expired
			}
		default:
			if worst == message.Delivered {
				worst = ""
			}
		}
	}
	if worst == message.Delivered && len(parts) < r.Parts {
		worst = "" // the others never left
	}
	return worst, worst != "", nil
}
