package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"math"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/audience"
	"carillon.dev/carillon/internal/store"
)

// Audiences gives access to the rows of store.Audiences. Counts are in audience_runs.go, facts in audience_facts.go.
func (t *Tx) Audiences() store.Audiences { return audiences{t} }

type audiences struct{ *Tx }

const audienceColumns = `v.audience_id, v.org_id, v.version, v.name, v.kind, v.rule, v.purpose, v.size, a.archived, v.by_kind, v.by_id, v.created_at, v.roll_id, v.request_id`

const audienceFrom = ` FROM audience_versions v JOIN audiences a ON a.id = v.audience_id WHERE v.org_id = $1`

func scanAudience(r Rows) (a audience.Audience, err error) {
	err = r.Scan(&a.ID, &a.Org, &a.Version, &a.Name, &a.Kind, &a.Rule, &a.Purpose, &a.Size, &a.Archived, &a.By, &a.ByID, &a.CreatedAt, &a.Roll, &a.Request)
	return a, err
}

// Save writes a new version.
func (s audiences) Save(ctx context.Context, a audience.Audience) (audience.Audience, error) {
	org, err := s.org()
	if err != nil {
		return a, err
	}
	if err := s.nameIsFree(ctx, a); err != nil {
		return a, err
	}
	fresh := a.Version == 0
	if a.ID.IsZero() {
		a.ID = id.New()
	}
	before := a.Version
	a.Org, a.Version, a.CreatedAt = org, before+1, s.now
	if fresh {
		_, err = s.Exec(ctx, `INSERT INTO audiences (id, org_id, name, kind, version, archived) VALUES ($1, $2, $3, $4, $5, $6)`,
			a.ID, org, a.Name, a.Kind, a.Version, false)
	} else {
		var n int64
		n, err = s.Exec(ctx, `UPDATE audiences SET name = $4, kind = $5, version = version + 1 WHERE org_id = $1 AND id = $2 AND version = $3`,
			org, a.ID, before, a.Name, a.Kind)
		if err == nil && n == 0 {
			return a, s.whyNotSaved(ctx, a.ID)
		}
	}
	if err != nil {
		return a, err
	}
	_, err = s.Exec(ctx, `INSERT INTO audience_versions (audience_id, version, org_id, name, kind, rule, purpose, size, by_kind, by_id, created_at, roll_id, request_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		a.ID, a.Version, org, a.Name, a.Kind, a.Rule, a.Purpose, a.Size, a.By, a.ByID, a.CreatedAt, a.Roll, a.Request)
	s.Publish(store.TopicAudiences)
	return a, err
}

func (s audiences) nameIsFree(ctx context.Context, a audience.Audience) error {
	var other id.ID
	err := one(ctx, s, `SELECT id FROM audiences WHERE org_id = $1 AND name = $2`, args(s.scope.Org(), a.Name), &other)
	switch {
	case errors.Is(err, ErrNone) || err == nil && other == a.ID:
		return nil
	case err != nil:
		return err
	}
	return errs.New(errs.Conflict, "another audience has this name; choose another").At("name")
}

func (s audiences) whyNotSaved(ctx context.Context, a id.ID) error {
	if _, err := s.Get(ctx, a, 0); err != nil {
		return err
	}
	return errs.New(errs.Conflict, "somebody saved this audience meanwhile; read it again")
}

// Get reads a version.
func (s audiences) Get(ctx context.Context, a id.ID, version int64) (audience.Audience, error) {
	and, more := ` AND v.version = a.version`, args(a)
	if version != 0 {
		and, more = ` AND v.version = $3`, args(a, version)
	}
	all, err := s.read(ctx, ` AND v.audience_id = $2`+and, more...)
	if err == nil && len(all) == 0 {
		err = found(ErrNone, "audience")
	}
	if err != nil {
		return audience.Audience{}, err
	}
	return all[0], nil
}

// List reads the newest versions.
func (s audiences) List(ctx context.Context) ([]audience.Audience, error) {
	return s.read(ctx, ` AND v.version = a.version AND NOT a.archived ORDER BY v.name, v.audience_id`)
}

// Versions reads every version of one.
func (s audiences) Versions(ctx context.Context, a id.ID) ([]audience.Audience, error) {
	return s.read(ctx, ` AND v.audience_id = $2 ORDER BY v.version DESC`, a)
}

func (s audiences) read(ctx context.Context, and string, more ...any) ([]audience.Audience, error) {
	org, err := s.org()
	if err != nil {
		return nil, err
	}
	return list(ctx, s, `SELECT `+audienceColumns+audienceFrom+and, append(args(org), more...), scanAudience)
}

// ByRequest reads what a request saved last.
func (s audiences) ByRequest(ctx context.Context, request id.ID) (audience.Audience, error) {
	all, err := s.read(ctx, ` AND v.request_id = $2 ORDER BY v.created_at DESC, v.version DESC LIMIT 1`, request)
	if err == nil && len(all) == 0 {
		err = found(ErrNone, "audience")
	}
	if err != nil {
		return audience.Audience{}, err
	}
	return all[0], nil
}

// Archive takes an audience off the list.
func (s audiences) Archive(ctx context.Context, a id.ID, on bool) error {
	org, err := s.org()
	if err != nil {
		return err
	}
	n, err := s.Exec(ctx, `UPDATE audiences SET archived = $3 WHERE org_id = $1 AND id = $2`, org, a, on)
	if err == nil && n == 0 {
		err = found(ErrNone, "audience")
	}
	s.Publish(store.TopicAudiences)
	return err
}

var insertMembers = NewInsert("audience_members", "ON CONFLICT DO NOTHING",
	Column{"audience_id", ID}, Column{"version", Int}, Column{"person_id", ID}, Column{"org_id", ID})

// DropMembers empties a roll that is not saved.
func (s audiences) DropMembers(ctx context.Context, roll id.ID, version int64) error {
	org, err := s.openRoll(ctx, roll)
	if err != nil {
		return err
	}
	_, err = s.Exec(ctx, `DELETE FROM audience_members WHERE audience_id = $1 AND version = $2 AND org_id = $3`, roll, version, org)
	return err
}

// openRoll refuses rolls that a saved version has, whoever's.
func (s audiences) openRoll(ctx context.Context, roll id.ID) (org id.ID, err error) {
	if org, err = s.org(); err != nil {
		return org, err
	}
	var n int
	err = one(ctx, s, `SELECT count(*) FROM audience_versions WHERE roll_id = $1`, args(roll), &n)
	if err == nil && n > 0 {
		err = errs.New(errs.Conflict, "this list is saved; upload it again as a new version")
	}
	return org, err
}

// PutMembers adds persons to a roll.
func (s audiences) PutMembers(ctx context.Context, roll id.ID, version int64, people []id.ID) error {
	org, err := s.openRoll(ctx, roll)
	if err != nil {
		return err
	}
	rows := make([][]any, len(people))
	for i, p := range people {
		rows[i] = args(roll, version, p, org)
	}
	_, err = s.Bulk(ctx, insertMembers, rows)
	return err
}

// Kinds of points on the map.
const (
	pointLocation = "location"
	pointPostal   = "postal"
)

var insertPlaces = NewInsert("map_points", "", Column{"org_id", ID}, Column{"kind", Text}, Column{"name", Text}, Column{"latitude", Int}, Column{"longitude", Int})

// SetPlaces replaces where things are.
func (s audiences) SetPlaces(ctx context.Context, places []store.Place) error {
	org, err := s.org()
	if err != nil {
		return err
	}
	if _, err := s.Exec(ctx, `DELETE FROM map_points WHERE org_id = $1`, org); err != nil {
		return err
	}
	rows := make([][]any, len(places))
	for i, p := range places {
		kind, name := pointPostal, p.Area.Country+" "+p.Area.Prefix
		if !p.Location.IsZero() {
			kind, name = pointLocation, p.Location.String()
		}
		rows[i] = args(org, kind, name, micro(p.Area.At.Lat), micro(p.Area.At.Lon))
	}
	_, err = s.Bulk(ctx, insertPlaces, rows)
	s.Publish(store.TopicAudiences)
	return err
}

func micro(degrees float64) int64 { return int64(math.Round(degrees * 1e6)) }

// Places reads where things are.
func (s audiences) Places(ctx context.Context) ([]store.Place, error) {
	org, err := s.org()
	if err != nil {
		return nil, err
	}
	return list(ctx, s, `SELECT kind, name, latitude, longitude FROM map_points WHERE org_id = $1 ORDER BY kind, name`, args(org),
		func(r Rows) (p store.Place, err error) {
			var kind, name string
			var lat, lon int64
			if err = r.Scan(&kind, &name, &lat, &lon); err != nil {
				return p, err
			}
			p.Area.At = audience.Coord{Lat: float64(lat) / 1e6, Lon: float64(lon) / 1e6}
			if kind == pointLocation {
				p.Location, err = id.Parse(name)
				return p, err
			}
			_, err = fmt.Sscan(name, &p.Area.Country, &p.Area.Prefix)
			return p, err
		})
}
