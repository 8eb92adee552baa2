package sqlstore

import (
	"context"
	"fmt"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/store"
)

// optional scans a nullable text.
type optional struct{ to *string }

func (o optional) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*o.to = ""
	case string:
		*o.to = v
	case []byte:
		*o.to = string(v)
	default:
		return fmt.Errorf("a text column holds %T", src)
	}
	return nil
}

// scanDraft reads messageColumns; the sealed column stays sealed.
func scanDraft(r Rows, d *store.Draft) (sealed []byte, err error) {
	var decision string
	err = r.Scan(&d.ID, &d.Org, (*string)(&d.State), (*string)(&d.Purpose), (*int)(&d.Priority),
		(*string)(&d.Origin.Kind), &d.Origin.Enrollment, &d.Origin.Step, &d.Origin.Occurrence, &d.Origin.By,
		&d.Person, &d.Point, (*string)(&d.Channel), &d.Location, &d.Appointment, &d.AppointmentVersion,
		&d.Template, &d.TemplateVersion, &d.Locale, &sealed,
		(*uint32)(&d.Flags), &d.Segments, &d.Coding, &d.Route, &d.Sender, (*string)(&d.Reason), &d.Attempts, &d.Resent,
		&d.DueAt, &d.ExpiresAt, &d.HeldUntil, &d.PlannedAt,
		&d.LeasedAt, &d.SentAt, &d.DoneAt, optional{&d.ProviderID}, &d.ErrorCode, &d.Corrects, &d.Exempt, &decision,
		&d.Revised)
	if err == nil && decision != "" {
		d.Decision, err = unpackDecision(decision, d.PlannedAt, d.ExpiresAt)
	}
	return sealed, err
}

// drafts runs a query over messageColumns and opens what is sealed.
func (m messages) drafts(ctx context.Context, sql string, args []any) ([]store.Draft, error) {
	var out []store.Draft
	var sealed [][]byte
	err := each(ctx, m, sql, args, func(r Rows) error {
		var d store.Draft
		s, err := scanDraft(r, &d)
		out, sealed = append(out, d), append(sealed, s)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, m.openDrafts(ctx, out, sealed)
}

// Get reads one message.
func (m messages) Get(ctx context.Context, message id.ID) (store.Draft, error) {
	got, err := m.ByIDs(ctx, []id.ID{message})
	if err != nil {
		return store.Draft{}, err
	}
	if len(got) == 0 {
		return store.Draft{}, found(ErrNone, "message")
	}
	return got[0], nil
}

// ByIDs reads many messages.
func (m messages) ByIDs(ctx context.Context, ids []id.ID) ([]store.Draft, error) {
	org, err := m.org()
	if err != nil {
		return nil, err
	}
	return m.drafts(ctx, `SELECT `+messageColumns+` FROM `+messageRows+` WHERE `+mineM+` AND `+m.In("m.id", "$2", ID)+` ORDER BY m.id`,
		args(org, ids))
}

// List pages through messages, newest first.
func (m messages) List(ctx context.Context, f store.MessageFilter, p store.Page) ([]store.Draft, error) {
	org, err := m.org()
	if err != nil {
		return nil, err
	}
	sql, a := `SELECT `+messageColumns+` FROM `+messageRows+` WHERE m.org_id = $1`, args(org)
	and := func(cond string, v any) {
		a = append(a, v)
		sql += fmt.Sprintf(" AND %s$%d", cond, len(a))
	}
	if !p.After.IsZero() {
		and("m.id < ", p.After)
	}
	if len(f.States) > 0 {
		states := make([]string, len(f.States))
		for i, s := range f.States {
			states[i] = string(s)
		}
		a = append(a, states)
		sql += " AND " + m.In("s.state", fmt.Sprintf("$%d", len(a)), Text)
	}
	for _, c := range []struct {
		cond string
		v    id.ID
	}{{"m.person_id = ", f.Person}, {"m.location_id = ", f.Location}, {"s.route_id = ", f.Route}} {
		if !c.v.IsZero() {
			and(c.cond, c.v)
		}
	}
	if f.Purpose != "" {
		and("m.purpose = ", f.Purpose)
	}
	if f.Reason != "" {
		and("s.reason = ", f.Reason)
	}
	if !f.From.IsZero() {
		and("s.due_at >= ", f.From)
	}
	if !f.To.IsZero() {
		and("s.due_at < ", f.To)
	}
	a = append(a, p.Size())
	return m.drafts(ctx, sql+fmt.Sprintf(" ORDER BY m.id DESC LIMIT $%d", len(a)), a)
}

// OfVisits lists messages that state visits.
func (m messages) OfVisits(ctx context.Context, visits []id.ID) (map[id.ID][]store.Draft, error) {
	org, err := m.org()
	if err != nil {
		return nil, err
	}
	got, err := m.drafts(ctx, `SELECT `+messageColumns+` FROM visits a
		JOIN messages m ON m.person_id = a.person_id AND m.visit_id = a.id JOIN message_states s ON s.id = m.id
		WHERE a.org_id = $1 AND `+m.In("a.id", "$2", ID)+` ORDER BY m.id`, args(org, visits))
	out := make(map[id.ID][]store.Draft, len(visits))
	for _, d := range got {
		out[d.Appointment] = append(out[d.Appointment], d)
	}
	return out, err
}

// Events lists a message's events, oldest first.
func (m messages) Events(ctx context.Context, of id.ID) ([]message.Event, error) {
	org, err := m.org()
	if err != nil {
		return nil, err
	}
	return list(ctx, m, `SELECT id, org_id, message_id, at, from_state, to_state, reason, code, attempt FROM message_events
		WHERE message_id = $1 AND org_id = $2 ORDER BY id`, args(of, org), func(r Rows) (message.Event, error) {
		var e message.Event
		err := r.Scan(&e.ID, &e.Org, &e.Message, &e.At, (*string)(&e.From), (*string)(&e.To), (*string)(&e.Reason), &e.Code, &e.Attempt)
		return e, err
	})
}

// Parts lists the parts of a text that went in several submits.
func (m messages) Parts(ctx context.Context, of id.ID) ([]store.PartAnswer, error) {
	org, err := m.org()
	if err != nil {
		return nil, err
	}
	return list(ctx, m, `SELECT part, provider_id, state FROM message_parts WHERE message_id = $1 AND org_id = $2 ORDER BY part`,
		args(of, org), func(r Rows) (store.PartAnswer, error) {
			var p store.PartAnswer
			err := r.Scan(&p.Number, optional{&p.ProviderID}, (*string)(&p.State))
			return p, err
		})
}

// SentParts reads the accepted parts of texts that wait again.
func (m messages) SentParts(ctx context.Context, ids []id.ID) (map[id.ID]store.Sent, error) {
	org, err := m.org()
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	out := map[id.ID]store.Sent{}
	err = each(ctx, m, `SELECT message_id, route_id, ref, parts, part FROM message_parts WHERE `+mine+` AND `+m.In("message_id", "$2", ID)+`
		AND state NOT IN ('failed', 'unknown') ORDER BY message_id, part`, args(org, ids), func(r Rows) error {
		var of id.ID
		var s store.Sent
		var ref int64
		var number int
		if err := r.Scan(&of, &s.Route, &ref, &s.Total, &number); err != nil {
			return err
		}
		s.Ref = uint16(ref) //nolint:gosec // as it was written
		s.Numbers = append(out[of].Numbers, number)
		out[of] = s
		return nil
	})
	return out, err
}

// StateCounts counts messages by state.
func (m messages) StateCounts(ctx context.Context, since time.Time) (map[message.State]int, error) {
	org, err := m.org()
	if err != nil {
		return nil, err
	}
	out := map[message.State]int{}
	err = each(ctx, m, `SELECT s.state, count(*) FROM `+messageRows+` WHERE m.org_id = $1 AND m.planned_at >= $2 GROUP BY s.state`,
		args(org, since.UnixMicro()), func(r Rows) error {
			var s string
			var n int
			err := r.Scan(&s, &n)
			out[message.State(s)] = n
			return err
		})
	return out, err
}
