package sqlstore

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/store"
)

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

// ParkedKnown looks among what was filed.
func (m messages) ParkedKnown(ctx context.Context, route id.ID, limit int) ([]string, error) {
	org, err := m.org()
	if err != nil {
		return nil, err
	}
	return list(ctx, m, `SELECT DISTINCT r.provider_id FROM parked_receipts r
		JOIN provider_ids p ON p.provider_id = r.provider_id AND p.route_id = r.route_id AND p.org_id = r.org_id
		JOIN message_states s ON s.id = p.message_id
		WHERE r.route_id = $1 AND r.org_id = $2 AND s.state <> 'delivered' ORDER BY r.provider_id LIMIT $3`,
		args(route, org, limit), func(r Rows) (p string, err error) { return p, r.Scan(&p) })
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
