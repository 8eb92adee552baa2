package sqlstore

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/store"
)

// AnswersTo lists answers to a contact point, newest first.
func (m messages) AnswersTo(ctx context.Context, point id.ID, limit int) ([]store.Draft, error) {
	org, err := m.org()
	if err != nil {
		return nil, err
	}
	return m.drafts(ctx, `SELECT `+messageColumns+` FROM messages WHERE org_id = $1 AND point_id = $2 AND (origin = 'reply' OR origin = 'staff')
		ORDER BY planned_at DESC, id DESC LIMIT $3`, args(org, point, limit))
}

// AutoReplies counts automatic answers to contact points, whether or not somebody here has the number.
func (m messages) AutoReplies(ctx context.Context, points []id.ID, since time.Time) (map[id.ID]int, error) {
	out := map[id.ID]int{}
	if len(points) == 0 {
		return out, nil
	}
	org, err := m.org()
	if err != nil {
		return nil, err
	}
	err = each(ctx, m, `SELECT point_id, count(*) FROM messages WHERE org_id = $1 AND `+m.In("point_id", "$2", ID)+`
		AND planned_at >= $3 AND origin = 'reply' AND state NOT IN ('refused', 'cancelled', 'expired') GROUP BY point_id`,
		args(org, points, since), func(r Rows) error {
			var p id.ID
			var n int
			err := r.Scan(&p, &n)
			out[p] = n
			return err
		})
	return out, err
}
