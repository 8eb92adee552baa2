package sqlstore

import (
	"context"
	"strings"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/base/seal"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/store"
)

// Routes gives access to the rows of store.Routes.
func (t *Tx) Routes() store.Routes { return routes{t} }

type routes struct{ *Tx }

func routePlace(org, route id.ID) seal.Place {
	return seal.Place{Table: "routes", Column: "config", Org: org, Row: route}
}

// Save inserts or updates a route. A new one that is no simulator begins on trial.
func (s routes) Save(ctx context.Context, r store.Route) (store.Route, error) {
	org, err := s.org()
	if err != nil {
		return r, err
	}
	if r.ID.IsZero() {
		r.ID = id.New()
	}
	if r.Channel == "" {
		r.Channel = "sms"
	}
	r.Org = org
	keys, err := s.orgKeys(ctx, org)
	if err != nil {
		return r, err
	}
	fresh := r.State
	switch {
	case !r.Simulator:
		fresh = store.RouteTrial
	case fresh == "":
		fresh = store.RouteOpen
	}
	// The state of a route that exists is moved by SetState alone. A simulator that becomes a real route is new.
	err = one(ctx, s, `INSERT INTO routes (id, org_id, name, kind, channel, state, config, rate, simulator, rank, version, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1, $11, $11)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, kind = excluded.kind, channel = excluded.channel, config = excluded.config,
			rate = excluded.rate, rank = excluded.rank, version = routes.version + 1, updated_at = excluded.updated_at,
			state = CASE WHEN routes.simulator <> excluded.simulator THEN excluded.state ELSE routes.state END, simulator = excluded.simulator
			WHERE routes.org_id = excluded.org_id
		RETURNING state, version, created_at, updated_at`,
		args(r.ID, org, r.Name, string(r.Kind), string(r.Channel), string(fresh), sealText(keys.Key(), r.Config.Reveal(), routePlace(org, r.ID)),
			r.Rate, r.Simulator, r.Rank, s.now),
		(*string)(&r.State), &r.Version, &r.CreatedAt, &r.UpdatedAt)
	s.Publish(store.TopicRoutes)
	return r, found(err, "route")
}

const routeColumns = `id, org_id, name, kind, channel, state, config, rate, simulator, rank, version, created_at, updated_at`

func (s routes) load(ctx context.Context, sql string, args []any) ([]store.Route, error) {
	var configs [][]byte
	out, err := list(ctx, s, sql, args, func(r Rows) (store.Route, error) {
		var v store.Route
		var config []byte
		err := r.Scan(&v.ID, &v.Org, &v.Name, (*string)(&v.Kind), (*string)(&v.Channel), (*string)(&v.State), &config, &v.Rate,
			&v.Simulator, &v.Rank, &v.Version, &v.CreatedAt, &v.UpdatedAt)
		configs = append(configs, config)
		return v, err
	})
	if err != nil {
		return nil, err
	}
	for i := range out {
		keys, err := s.orgKeys(ctx, out[i].Org)
		if err != nil {
			return nil, err
		}
		text, err := openText(keys.Key(), configs[i], routePlace(out[i].Org, out[i].ID))
		if err != nil {
			return nil, err
		}
		out[i].Config = phi.T(text)
	}
	return out, nil
}

// Get reads one route.
func (s routes) Get(ctx context.Context, route id.ID) (store.Route, error) {
	org, err := s.org()
	if err != nil {
		return store.Route{}, err
	}
	got, err := s.load(ctx, `SELECT `+routeColumns+` FROM routes WHERE id = $1 AND org_id = $2`, args(route, org))
	if err != nil {
		return store.Route{}, err
	}
	if len(got) == 0 {
		return store.Route{}, found(ErrNone, "route")
	}
	return got[0], nil
}

// List reads routes, the preferred ones first.
func (s routes) List(ctx context.Context) ([]store.Route, error) {
	if s.scope.IsSystem() {
		return s.load(ctx, `SELECT `+routeColumns+` FROM routes ORDER BY org_id, rank, id`, nil)
	}
	org, err := s.org()
	if err != nil {
		return nil, err
	}
	return s.load(ctx, `SELECT `+routeColumns+` FROM routes WHERE org_id = $1 ORDER BY rank, id`, args(org))
}

// SetState moves a route.
func (s routes) SetState(ctx context.Context, route id.ID, state store.RouteState) error {
	org, err := s.org()
	if err != nil {
		return err
	}
	n, err := s.Exec(ctx, `UPDATE routes SET state = $3, version = version + 1, updated_at = $4 WHERE id = $1 AND org_id = $2`,
		route, org, string(state), s.now)
	if err == nil && n == 0 {
		err = found(ErrNone, "route")
	}
	s.Publish(store.TopicRoutes)
	return err
}

// SaveSender inserts or updates a sender.
func (s routes) SaveSender(ctx context.Context, v store.Sender) (store.Sender, error) {
	org, err := s.org()
	if err != nil {
		return v, err
	}
	if v.ID.IsZero() {
		v.ID = id.New()
	}
	v.Org = org
	if _, err := s.Get(ctx, v.Route); err != nil {
		return v, err
	}
	purposes := make([]string, len(v.Purposes))
	for i, p := range v.Purposes {
		purposes[i] = string(p)
	}
	n, err := s.Exec(ctx, `INSERT INTO senders (id, org_id, route_id, address, ton, npi, location_id, purposes, two_way, disabled)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (id) DO UPDATE SET route_id = excluded.route_id, address = excluded.address, ton = excluded.ton, npi = excluded.npi,
			location_id = excluded.location_id, purposes = excluded.purposes, two_way = excluded.two_way, disabled = excluded.disabled
			WHERE senders.org_id = excluded.org_id`,
		v.ID, org, v.Route, v.Address, int64(v.TON), int64(v.NPI), v.Location, strings.Join(purposes, " "), v.TwoWay, v.Disabled)
	if err == nil && n == 0 {
		err = found(ErrNone, "sender")
	}
	s.Publish(store.TopicRoutes)
	return v, err
}

// Senders lists senders; with a system scope every organization's.
func (s routes) Senders(ctx context.Context) ([]store.Sender, error) {
	sql, a := `SELECT id, org_id, route_id, address, ton, npi, location_id, purposes, two_way, disabled FROM senders`, []any(nil)
	if !s.scope.IsSystem() {
		org, err := s.org()
		if err != nil {
			return nil, err
		}
		sql, a = sql+` WHERE org_id = $1`, args(org)
	}
	return list(ctx, s, sql+` ORDER BY id`, a, func(r Rows) (store.Sender, error) {
		var v store.Sender
		var purposes string
		err := r.Scan(&v.ID, &v.Org, &v.Route, &v.Address, &v.TON, &v.NPI, &v.Location, &purposes, &v.TwoWay, &v.Disabled)
		for _, p := range strings.Fields(purposes) {
			v.Purposes = append(v.Purposes, purpose.Purpose(p))
		}
		return v, err
	})
}

func guestPlace(org, route id.ID) seal.Place {
	return seal.Place{Table: "route_guests", Column: "number", Org: org, Row: route}
}

// SaveGuests replaces a route's guest list.
func (s routes) SaveGuests(ctx context.Context, route id.ID, numbers []phone.Number) error {
	r, err := s.Get(ctx, route)
	if err != nil {
		return err
	}
	keys, err := s.orgKeys(ctx, r.Org)
	if err != nil {
		return err
	}
	if _, err := s.Exec(ctx, `DELETE FROM route_guests WHERE route_id = $1 AND org_id = $2`, route, r.Org); err != nil {
		return err
	}
	for _, n := range numbers {
		_, err := s.Exec(ctx, `INSERT INTO route_guests (route_id, number_idx, org_id, number) VALUES ($1, $2, $3, $4)
			ON CONFLICT (route_id, number_idx) DO NOTHING`, route, keys.Index().Number(n.Reveal()), r.Org,
			sealText(keys.Key(), n.Reveal(), guestPlace(r.Org, route)))
		if err != nil {
			return err
		}
	}
	s.Publish(store.TopicRoutes)
	return nil
}

// Guests says which numbers are on a route's guest list.
func (s routes) Guests(ctx context.Context, route id.ID, numbers []phone.Number) ([]bool, error) {
	out := make([]bool, len(numbers))
	if len(numbers) == 0 {
		return out, nil
	}
	org, err := s.org()
	if err != nil {
		return nil, err
	}
	keys, err := s.orgKeys(ctx, org)
	if err != nil {
		return nil, err
	}
	marks := make([][]byte, len(numbers))
	for i, n := range numbers {
		marks[i] = keys.Index().Number(n.Reveal())
	}
	on := map[string]bool{}
	err = each(ctx, s, `SELECT number_idx FROM route_guests WHERE route_id = $1 AND org_id = $2 AND `+s.In("number_idx", "$3", Bytes),
		args(route, org, marks), func(r Rows) error {
			var b []byte
			err := r.Scan(&b)
			on[string(b)] = true
			return err
		})
	for i := range marks {
		out[i] = on[string(marks[i])]
	}
	return out, err
}

// ListGuests reads a route's guest list.
func (s routes) ListGuests(ctx context.Context, route id.ID) ([]phone.Number, error) {
	org, err := s.org()
	if err != nil {
		return nil, err
	}
	keys, err := s.orgKeys(ctx, org)
	if err != nil {
		return nil, err
	}
	return list(ctx, s, `SELECT number FROM route_guests WHERE route_id = $1 AND org_id = $2 ORDER BY number_idx`, args(route, org),
		func(r Rows) (phone.Number, error) {
			var b []byte
			if err := r.Scan(&b); err != nil {
				return phone.Number{}, err
			}
			text, err := openText(keys.Key(), b, guestPlace(org, route))
			if err != nil {
				return phone.Number{}, err
			}
			return phone.FromStored(text)
		})
}

// Take takes or renews a route's lease. A new owner, and an owner whose time had passed, gets a higher fence.
func (s routes) Take(ctx context.Context, route id.ID, owner string, now, until time.Time) (store.Fence, bool, error) {
	if err := s.writable(); err != nil {
		return 0, false, err
	}
	var fence int64
	err := one(ctx, s, `INSERT INTO route_leases (route_id, owner, fence, until) VALUES ($1, $2, 1, $4)
		ON CONFLICT (route_id) DO UPDATE SET owner = excluded.owner, until = excluded.until,
			fence = CASE WHEN route_leases.owner = excluded.owner AND route_leases.until > $3 THEN route_leases.fence ELSE route_leases.fence + 1 END
			WHERE route_leases.owner = excluded.owner OR route_leases.until <= $3
		RETURNING fence`, args(route, owner, now, until), &fence)
	if err == ErrNone { //nolint:errorlint // one returns it unwrapped
		return 0, false, nil
	}
	return store.Fence(fence), err == nil, err
}

// Holds says whether the owner still has the lease. In a write transaction the row is locked until the commit.
func (s routes) Holds(ctx context.Context, route id.ID, owner string, fence store.Fence, now time.Time) (bool, error) {
	if s.readOnly {
		var n int
		err := one(ctx, s, `SELECT count(*) FROM route_leases WHERE route_id = $1 AND owner = $2 AND fence = $3 AND until > $4`,
			args(route, owner, int64(fence), now), &n)
		return n == 1, err
	}
	// An update that changes nothing locks the row on either database.
	n, err := s.Exec(ctx, `UPDATE route_leases SET fence = fence WHERE route_id = $1 AND owner = $2 AND fence = $3 AND until > $4`,
		route, owner, int64(fence), now)
	return n == 1, err
}

// Drop gives the lease back: its time is over.
func (s routes) Drop(ctx context.Context, route id.ID, owner string, fence store.Fence) error {
	_, err := s.Exec(ctx, `UPDATE route_leases SET until = 0 WHERE route_id = $1 AND owner = $2 AND fence = $3`, route, owner, int64(fence))
	return err
}
