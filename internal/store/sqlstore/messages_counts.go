package sqlstore

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/journey"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/store"
)

// uncapped are the kinds of text that caps neither stop nor count: a reminder must not stay away because somebody of
// the staff wrote twice.
const uncapped = message.StaffText | message.Answers

// SentCounts counts texts handed over to persons, and care to come for those that asked: one query for all of them.
func (m messages) SentCounts(ctx context.Context, asks []store.CountAsk) ([]store.SentCount, error) {
	c := counting{asks: asks, out: make([]store.SentCount, len(asks)), by: make(map[id.ID][]int, len(asks))}
	if len(asks) == 0 {
		return c.out, nil
	}
	org, err := m.org()
	if err != nil {
		return nil, err
	}
	people, oldest, farthest := c.bounds()
	sql := `SELECT m.person_id, m.purpose, s.sent_at, s.due_at, m.visit_id FROM ` + messageRows + `
		WHERE ` + mineM + ` AND ` + m.In("m.person_id", "$2", ID) + ` AND s.sent_at >= $3 AND m.flags & $4 = 0`
	a := args(org, people, oldest, int64(uncapped))
	if !farthest.IsZero() {
		sql += ` UNION ALL SELECT m.person_id, m.purpose, NULL, s.due_at, m.visit_id FROM ` + messageRows + `
		WHERE ` + mineM + ` AND ` + m.In("m.person_id", "$2", ID) + ` AND s.state IN ('queued', 'held') AND s.due_at <= $5
			AND (m.expires_at IS NULL OR m.expires_at > $6) AND m.flags & $4 = 0
		UNION ALL SELECT person_id, '', NULL, next_due, visit_id FROM enrollments
		WHERE ` + mine + ` AND ` + m.In("person_id", "$2", ID) + ` AND next_due <= $5 AND state = $7 AND held_by IS NULL`
		a = append(a, farthest, m.now, string(journey.Active))
	}
	err = each(ctx, m, sql, a, func(r Rows) error {
		var t counted
		if err := r.Scan(&t.person, &t.purpose, &t.sent, &t.due, &t.visit); err != nil {
			return err
		}
		c.add(&t)
		return nil
	})
	c.addPlans()
	return c.out, err
}

// counted is one text, or one journey that will write soon: then it has no purpose.
type counted struct {
	person, visit id.ID
	purpose       purpose.Purpose
	sent, due     time.Time
}

// counting is one call of SentCounts.
type counting struct {
	asks  []store.CountAsk
	out   []store.SentCount
	by    map[id.ID][]int // asks of a person
	waits map[id.ID]bool  // visits with a text that waits
	plans []counted
}

// bounds are whom to look for, from when and until when; the end is zero when no ask looks ahead.
func (c *counting) bounds() (people []id.ID, oldest, farthest time.Time) {
	oldest = c.asks[0].Week
	for i, a := range c.asks {
		if len(c.by[a.Person]) == 0 {
			people = append(people, a.Person)
		}
		c.by[a.Person] = append(c.by[a.Person], i)
		for _, t := range []time.Time{a.Week, a.Day} {
			if t.Before(oldest) {
				oldest = t
			}
		}
		for _, t := range []time.Time{a.AheadDay, a.AheadWeek} {
			if t.After(farthest) {
				farthest = t
			}
		}
	}
	return people, oldest, farthest
}

func (c *counting) add(t *counted) {
	switch {
	case !t.sent.IsZero():
		c.sent(t)
	case t.purpose == "":
		c.plans = append(c.plans, *t)
	case t.purpose.Traits().Spends && !t.purpose.Yields():
		if c.waits == nil {
			c.waits = map[id.ID]bool{}
		}
		c.waits[t.visit] = true
		c.ahead(t)
	}
}

func (c *counting) sent(t *counted) {
	spends := t.purpose.Traits().Spends
	for _, i := range c.by[t.person] {
		a, n := &c.asks[i], &c.out[i]
		day, week := !t.sent.Before(a.Day), !t.sent.Before(a.Week)
		if a.Purpose == t.purpose {
			n.Day, n.Week = n.Day+unit(day), n.Week+unit(week)
		}
		if spends {
			n.AllDay, n.AllWeek = n.AllDay+unit(day), n.AllWeek+unit(week)
		}
	}
}

func (c *counting) ahead(t *counted) {
	for _, i := range c.by[t.person] {
		a, n := &c.asks[i], &c.out[i]
		n.AheadDay += unit(!a.AheadDay.IsZero() && !t.due.After(a.AheadDay))
		n.AheadWeek += unit(!a.AheadWeek.IsZero() && !t.due.After(a.AheadWeek))
	}
}

// addPlans counts journeys that will write, once for each visit that has no text waiting.
func (c *counting) addPlans() {
	for i := range c.plans {
		if !c.waits[c.plans[i].visit] {
			c.ahead(&c.plans[i])
		}
	}
}

func unit(b bool) int {
	if b {
		return 1
	}
	return 0
}
