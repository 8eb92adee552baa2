package sqlstore

import (
	"context"
	"strconv"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/store"
)

// turns bounds the rows that TakeTurn locks; contact points that share one only wait a little for each other.
const turns = 256

// TakeTurn locks the contact point's turn.
func (m messages) TakeTurn(ctx context.Context, point id.ID) error {
	return m.Lock(ctx, "answer:"+strconv.Itoa(int(point[len(point)-1])%turns))
}

// AnswersTo lists answers to a contact point, newest first.
func (m messages) AnswersTo(ctx context.Context, point id.ID, limit int) ([]store.Draft, error) {
	org, err := m.org()
	if err != nil {
		return nil, err
	}
	return m.drafts(ctx, `SELECT `+messageColumns+` FROM `+messageRows+` WHERE m.org_id = $1 AND m.point_id = $2
		AND (m.origin = 'reply' OR m.origin = 'staff') ORDER BY m.planned_at DESC, m.id DESC LIMIT $3`, args(org, point, limit))
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
	err = each(ctx, m, `SELECT m.point_id, count(*) FROM `+messageRows+` WHERE m.org_id = $1 AND `+m.In("m.point_id", "$2", ID)+`
		AND m.planned_at >= $3 AND m.origin = 'reply' AND s.state NOT IN ('refused', 'cancelled', 'expired') GROUP BY m.point_id`,
		args(org, points, since), func(r Rows) error {
			var p id.ID
			var n int
			err := r.Scan(&p, &n)
			out[p] = n
			return err
		})
	return out, err
}
