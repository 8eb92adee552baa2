package sqlstore

import (
	"context"
	"strconv"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/phone"
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
	Arrays: `UPDATE messages m SET state = 'accepted', reason = '', provider_id = r.provider_id
		FROM ` + unnest(acceptColumns) + ` WHERE m.id = r.id AND (m.state = 'unknown' OR (m.state = 'sending' AND m.attempts = r.attempt))`,
	Row: `UPDATE messages SET state = 'accepted', reason = '', provider_id = $2
		WHERE id = $1 AND (state = 'unknown' OR (state = 'sending' AND attempts = $3))`,
}

var answerColumns = []Column{{"id", ID}, {"state", Text}, {"reason", Text}, {"error_code", Text}, {"due_at", Int}, {"done_at", Int},
	{"refund", Int}, {"attempt", Int}}

// answerMessages takes the unusual answers. sent_at goes when a message waits again, so that caps count only
// what left.
var answerMessages = &Bulk{
	Columns: answerColumns,
	Arrays: `UPDATE messages m SET state = r.state, reason = r.reason, error_code = r.error_code, due_at = COALESCE(r.due_at, m.due_at),
		done_at = r.done_at, attempts = m.attempts - r.refund, sent_at = CASE WHEN r.state = 'queued' THEN NULL ELSE m.sent_at END
		FROM ` + unnest(answerColumns) + ` WHERE m.id = r.id AND m.state = 'sending' AND m.attempts = r.attempt`,
	Row: `UPDATE messages SET state = $2, reason = $3, error_code = $4, due_at = COALESCE($5, due_at),
		done_at = $6, attempts = attempts - $7, sent_at = CASE WHEN $2 = 'queued' THEN NULL ELSE sent_at END
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
			if moved, err = m.accepted(ctx, org, ids, answers, at); err != nil {
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

// accepted asks which messages carry the id that was just written.
func (m messages) accepted(ctx context.Context, org id.ID, ids []id.ID, answers []store.Answered, at []int) ([]bool, error) {
	has := make(map[id.ID]string, len(ids))
	err := each(ctx, m, `SELECT id, provider_id FROM messages WHERE `+mine+` AND `+m.In("id", "$2", ID)+` AND state = 'accepted'`,
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
		n, err := m.Bulk(ctx, answerMessages, [][]any{{a.Message, string(a.To), string(a.Reason), a.Code, a.DueAt, done, refund, int64(a.Attempt)}})
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

var insertParts = NewInsert("message_parts", "ON CONFLICT (message_id, part) DO UPDATE SET provider_id = excluded.provider_id, state = excluded.state",
	Column{"message_id", ID}, Column{"part", Int}, Column{"parts", Int}, Column{"org_id", ID}, Column{"route_id", ID},
	Column{"provider_id", Text}, Column{"state", Text})

func (m messages) addParts(ctx context.Context, org id.ID, answers []store.Answered, moved []bool) error {
	var rows [][]any
	for i, a := range answers {
		if !moved[i] || a.To == message.Queued {
			continue
		}
		for _, p := range a.Parts {
			rows = append(rows, []any{a.Message, int64(p.Number), int64(len(a.Parts)), org, a.Route, nullText(p.ProviderID), string(p.State)})
		}
	}
	_, err := m.Bulk(ctx, insertParts, rows)
	return err
}

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
	err = each(ctx, m, `SELECT provider_id, id, 0, 0 FROM messages WHERE route_id = $1 AND `+m.In("provider_id", "$2", Text)+
		` AND state <> 'delivered' AND org_id = $3`, args(route, ids, org), scan)
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
	Arrays: `UPDATE messages SET state = r.state, reason = 'receipt', error_code = r.error_code, done_at = r.done_at,
		provider_id = COALESCE(messages.provider_id, r.provider_id)
		FROM ` + unnest(receiptColumns) + ` WHERE messages.id = r.id AND ` + mayBecomeTo("r.state"),
	Row: `UPDATE messages SET state = $2, reason = 'receipt', error_code = $3, done_at = $4, provider_id = COALESCE(provider_id, $5)
		WHERE id = $1 AND ` + mayBecomeTo("$2"),
}

func mayBecomeTo(to string) string {
	return `(messages.state = 'accepted' OR (messages.state = 'unknown' AND ` + to + ` <> 'expired')
		OR (messages.state IN ('undelivered', 'expired', 'failed') AND ` + to + ` = 'delivered'))`
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
	err := each(ctx, m, `SELECT id, state, done_at FROM messages WHERE `+mine+` AND `+m.In("id", "$2", ID), args(org, ids), func(r Rows) error {
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
	return worst, worst != "", nil
}

var insertParked = NewInsert("parked_receipts", "ON CONFLICT (route_id, provider_id, state) DO NOTHING",
	Column{"route_id", ID}, Column{"provider_id", Text}, Column{"state", Text}, Column{"org_id", ID}, Column{"code", Text},
	Column{"user_ref", Int}, Column{"submitted_at", Int}, Column{"received_at", Int})

// Park keeps receipts that fit nothing yet.
func (m messages) Park(ctx context.Context, receipts []store.Parked) error {
	org, err := m.org()
	if err != nil {
		return err
	}
	rows := make([][]any, len(receipts))
	for i, r := range receipts {
		rows[i] = []any{r.Route, r.ProviderID, string(r.State), org, r.Code, int64(r.UserRef), r.SubmittedAt, r.ReceivedAt}
	}
	_, err = m.Bulk(ctx, insertParked, rows)
	return err
}

// TakeParked gives back and removes parked receipts.
func (m messages) TakeParked(ctx context.Context, route id.ID, ids []string) ([]store.Parked, error) {
	org, err := m.org()
	if err != nil {
		return nil, err
	}
	if err := m.writable(); err != nil {
		return nil, err
	}
	return list(ctx, m, `DELETE FROM parked_receipts WHERE route_id = $1 AND `+m.In("provider_id", "$2", Text)+` AND org_id = $3
		RETURNING route_id, org_id, provider_id, state, code, user_ref, submitted_at, received_at`, args(route, ids, org), scanParked)
}

func scanParked(r Rows) (store.Parked, error) {
	var p store.Parked
	err := r.Scan(&p.Route, &p.Org, &p.ProviderID, (*string)(&p.State), &p.Code, &p.UserRef, &p.SubmittedAt, &p.ReceivedAt)
	return p, err
}

// ParkedCount is how many receipts wait on a route.
func (m messages) ParkedCount(ctx context.Context, route id.ID) (int, error) {
	var n int
	err := one(ctx, m, `SELECT count(*) FROM parked_receipts WHERE route_id = $1`, args(route), &n)
	return n, err
}

// DropParked removes receipts that nothing came for.
func (m messages) DropParked(ctx context.Context, before time.Time, limit int) (int, error) {
	org, err := m.org()
	if err != nil {
		return 0, err
	}
	n, err := m.Exec(ctx, `DELETE FROM parked_receipts WHERE (route_id, provider_id, state) IN
		(SELECT route_id, provider_id, state FROM parked_receipts WHERE received_at < $1 AND org_id = $2 ORDER BY received_at LIMIT $3)`,
		before, org, limit)
	return int(n), err
}

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
	return m.drafts(ctx, `SELECT `+messageColumns+` FROM messages WHERE state = 'unknown' AND done_at IS NULL AND `+mine+` AND `+
		m.In("point_id", "$2", ID)+` AND route_id = $3 AND leased_at >= $4 AND leased_at < $5 ORDER BY id`,
		args(org, points, route, from, until))
}

// UnknownBefore lists open unknowns: those that no policy has closed.
func (m messages) UnknownBefore(ctx context.Context, before time.Time, p store.Page) ([]store.Draft, error) {
	org, err := m.org()
	if err != nil {
		return nil, err
	}
	return m.drafts(ctx, `SELECT `+messageColumns+` FROM messages WHERE state = 'unknown' AND done_at IS NULL AND org_id = $1
		AND id > $2 AND sent_at < $3 ORDER BY id LIMIT $4`, args(org, after(p.After), before, p.Size()))
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
			n, err = m.Exec(ctx, `UPDATE messages SET state = 'queued', reason = $2, resent = $3, due_at = $4, sent_at = NULL,
				route_id = COALESCE($5, route_id), sender_id = COALESCE($6, sender_id)
				WHERE id = $1 AND org_id = $7 AND state = 'unknown' AND resent = $8 AND done_at IS NULL`,
				v.Message, string(v.Reason), true, v.DueAt, v.Route, v.Sender, org, false)
			m.Publish(store.TopicDue)
		case message.Unknown:
			n, err = m.Exec(ctx, `UPDATE messages SET reason = $2, done_at = $3 WHERE id = $1 AND org_id = $4 AND state = 'unknown' AND done_at IS NULL`,
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
