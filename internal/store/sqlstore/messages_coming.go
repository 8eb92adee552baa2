package sqlstore

import (
	"context"
	"fmt"
	"strings"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/store"
)

// coming are all texts to come of the organization $1 at the site $2; a NULL site is every site.
const coming = `(SELECT s.due_at AS due_at, m.id AS id, m.step AS step, 1 AS written, m.visit_id AS visit_id, m.person_id AS person_id
		FROM message_states s JOIN messages m ON m.id = s.id
		WHERE s.org_id = $1 AND s.phase = 'held' AND (CAST($3 AS BIGINT) = 0 OR m.location_id = $2)
	UNION ALL SELECT s.due_at, m.id, m.step, 1, m.visit_id, m.person_id
		FROM message_states s JOIN messages m ON m.id = s.id
		WHERE s.phase = 'queued' AND s.route_id IN (SELECT id FROM routes WHERE org_id = $1) AND (CAST($3 AS BIGINT) = 0 OR m.location_id = $2)
	UNION ALL SELECT due_at, enrollment_id, step, 0, visit_id, person_id FROM texts_ahead
		WHERE org_id = $1 AND (CAST($3 AS BIGINT) = 0 OR location_id = $2)) AS c`

// ComingTexts pages by due time through what is to come.
func (m messages) ComingTexts(ctx context.Context, site id.ID, from, to time.Time, after store.ComingMark, limit int) ([]store.ComingText, error) {
	org, err := m.org()
	if err != nil {
		return nil, err
	}
	sql := `SELECT due_at, id, step, written, visit_id, person_id FROM ` + coming + ` WHERE due_at >= $4 AND due_at < $5`
	a := args(org, site, here(site), from, to, limit)
	if !after.ID.IsZero() {
		sql += ` AND (due_at > $7 OR due_at = $7 AND (id > $8 OR id = $8 AND step > $9))`
		a = append(a, args(after.Due, after.ID, after.Step)...)
	}
	return list(ctx, m, sql+` ORDER BY due_at, id, step LIMIT $6`, a, func(r Rows) (t store.ComingText, err error) {
		var written int64
		err = r.Scan(Dests([]any{&t.Due, &t.ID, &t.Step, &written, &t.Visit, &t.Person})...)
		if written == 1 {
			t.Message = t.ID
		}
		return t, err
	})
}

// CountComing counts what is to come between edges, in one look.
func (m messages) CountComing(ctx context.Context, site id.ID, edges []time.Time) ([]int, error) {
	org, err := m.org()
	if err != nil || len(edges) < 2 {
		return nil, err
	}
	a := args(org, site, here(site))
	counts := make([]string, len(edges)-1)
	out := make([]int, len(edges)-1)
	to := make([]any, len(edges)-1)
	for i := range counts {
		counts[i] = fmt.Sprintf("COUNT(CASE WHEN due_at >= $%d AND due_at < $%d THEN 1 END)", len(a)+1, len(a)+2)
		a = append(a, args(edges[i], edges[i+1])...)
		to[i] = &out[i]
	}
	return out, one(ctx, m, `SELECT `+strings.Join(counts, ", ")+` FROM `+coming, a, to...)
}

// here is 1 when a site is named.
func here(site id.ID) int64 {
	if site.IsZero() {
		return 0
	}
	return 1
}
