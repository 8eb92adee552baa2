package sqlstore

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/gate"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/store"
)

// uncapped are the kinds of text that caps neither stop nor count: a reminder must not stay away because somebody of
// the staff wrote twice.
const uncapped = message.StaffText | message.Answers

// Spoken gives texts handed over to persons, and care to come for those that asked: one query for all of them.
func (m messages) Spoken(ctx context.Context, asks []store.SpokenAsk) ([][]gate.Spoken, error) {
	h := hearing{asks: asks, out: make([][]gate.Spoken, len(asks)), by: make(map[id.ID][]int, len(asks))}
	if len(asks) == 0 {
		return h.out, nil
	}
	org, err := m.org()
	if err != nil {
		return nil, err
	}
	people, oldest, farthest := h.bounds()
	sql := `SELECT m.person_id, m.purpose, s.sent_at, s.due_at, m.flags FROM ` + messageRows + `
		WHERE ` + mineM + ` AND ` + m.In("m.person_id", "$2", ID) + ` AND s.sent_at >= $3 AND m.flags & $4 = 0`
	a := args(org, people, oldest, int64(uncapped))
	if !farthest.IsZero() {
		sql += ` UNION ALL SELECT m.person_id, m.purpose, NULL, s.due_at, m.flags FROM ` + messageRows + `
		WHERE ` + mineM + ` AND ` + m.In("m.person_id", "$2", ID) + ` AND s.state IN ('queued', 'held') AND s.due_at <= $5
			AND (m.expires_at IS NULL OR m.expires_at > $6) AND m.flags & $4 = 0
		UNION ALL SELECT person_id, purpose, NULL, due_at, flags FROM texts_ahead
		WHERE ` + mine + ` AND ` + m.In("person_id", "$2", ID) + ` AND due_at <= $5 AND due_at > $6 AND held = $7`
		a = append(a, farthest, m.now, false)
	}
	return h.out, each(ctx, m, sql, a, func(r Rows) error {
		var person id.ID
		var t gate.Spoken
		var sent, due time.Time
		var flags message.Flags
		if err := r.Scan(Dests([]any{&person, (*string)(&t.Purpose), &sent, &due, (*uint32)(&flags)})...); err != nil {
			return err
		}
		t.At, t.Ahead = sent, sent.IsZero()
		if t.Ahead {
			t.At, t.Yields = due, flags.Has(message.KeepsRoom)
		}
		h.add(person, t)
		return nil
	})
}

// toldStates: the text is with a carrier that has not said that it reached nobody; one that ended for want of a receipt is.
const toldStates = `(s.state IN ('accepted', 'delivered') OR s.state = 'expired' AND s.reason = 'no_receipt')`

// Told looks for one text that told, by the persons whom the number reaches: the index by person finds their first, which
// usually is the one. There is no index of messages by contact point, and every message would pay for it. The looks are
// values and not EXISTS: PostgreSQL would turn that into a hash over all messages that told.
func (m messages) Told(ctx context.Context, points []id.ID) (map[id.ID]bool, error) {
	out := make(map[id.ID]bool, len(points))
	if len(points) == 0 {
		return out, nil
	}
	org, err := m.org()
	if err != nil {
		return nil, err
	}
	return out, each(ctx, m, `SELECT p.id FROM contact_points p WHERE coalesce(p.org_id, p.org_id) = $1 AND `+m.In("p.id", "$2", ID)+` AND coalesce(
		(SELECT 1 FROM person_contacts c JOIN messages m ON m.person_id = c.person_id JOIN message_states s ON s.id = m.id
			WHERE c.point_id = p.id AND m.point_id = p.id AND `+mineM+` AND m.flags & $3 <> 0 AND `+toldStates+` LIMIT 1),
		(SELECT 1 FROM messages m JOIN message_states s ON s.id = m.id WHERE m.org_id = $1 AND m.point_id = p.id
			AND (m.origin = 'reply' OR m.origin = 'staff') AND m.flags & $3 <> 0 AND `+toldStates+` LIMIT 1), 0) = 1`,
		args(org, points, int64(message.TellsWayOut)), func(r Rows) error {
			var p id.ID
			err := r.Scan(&p)
			out[p] = err == nil
			return err
		})
}

// hearing is one call of Spoken.
type hearing struct {
	asks []store.SpokenAsk
	out  [][]gate.Spoken
	by   map[id.ID][]int // asks of a person
}

// bounds are whom to look for, from when and until when; the end is zero when no ask looks ahead.
func (h *hearing) bounds() (people []id.ID, oldest, farthest time.Time) {
	oldest = h.asks[0].Since
	for i, a := range h.asks {
		if len(h.by[a.Person]) == 0 {
			people = append(people, a.Person)
		}
		h.by[a.Person] = append(h.by[a.Person], i)
		if a.Since.Before(oldest) {
			oldest = a.Since
		}
		if a.Until.After(farthest) {
			farthest = a.Until
		}
	}
	return people, oldest, farthest
}

// add gives a text to every ask of the person that it lies in.
func (h *hearing) add(person id.ID, t gate.Spoken) {
	if t.Ahead && (!t.Purpose.Traits().Spends || t.Purpose.Yields()) {
		return
	}
	for _, i := range h.by[person] {
		a := &h.asks[i]
		if t.Ahead && !t.At.After(a.Until) || !t.Ahead && !t.At.Before(a.Since) {
			h.out[i] = append(h.out[i], t)
		}
	}
}
