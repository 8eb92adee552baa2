package sqlstore

import (
	"context"
	"encoding/json"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/store"
)

// SaveType inserts or updates a kind of visit.
func (s visits) SaveType(ctx context.Context, v schedule.VisitType) (schedule.VisitType, error) {
	org, err := s.org()
	if err != nil {
		return v, err
	}
	if v.ID.IsZero() {
		v.ID = id.New()
	}
	v.Org = org
	neutral, err := json.Marshal(v.Neutral)
	if err != nil {
		return v, errs.Wrap(errs.Internal, "the neutral words cannot be stored", err)
	}
	n, err := s.Exec(ctx, `INSERT INTO visit_types (id, org_id, name, neutral, external_id) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, neutral = excluded.neutral, external_id = excluded.external_id
		WHERE visit_types.org_id = excluded.org_id`, v.ID, org, v.Name, string(neutral), v.ExternalID)
	if err == nil && n == 0 {
		err = found(ErrNone, "kind of visit")
	}
	s.Publish(store.TopicVisits)
	return v, err
}

// Types lists the kinds of visits.
func (s visits) Types(ctx context.Context) ([]schedule.VisitType, error) {
	org, err := s.org()
	if err != nil {
		return nil, err
	}
	return list(ctx, s, `SELECT id, org_id, name, neutral, external_id FROM visit_types WHERE org_id = $1 ORDER BY id`, args(org),
		func(r Rows) (v schedule.VisitType, err error) {
			var neutral string
			if err := r.Scan(&v.ID, &v.Org, &v.Name, &neutral, &v.ExternalID); err != nil {
				return v, err
			}
			err = json.Unmarshal([]byte(neutral), &v.Neutral)
			return v, errs.Wrap(errs.Internal, "a kind of visit cannot be read", err)
		})
}

// SaveSource inserts or updates a feed.
func (s visits) SaveSource(ctx context.Context, v schedule.Source) (schedule.Source, error) {
	org, err := s.org()
	if err != nil {
		return v, err
	}
	if v.ID.IsZero() {
		v.ID = id.New()
	}
	v.Org = org
	mapping, err := json.Marshal(v.Mapping)
	if err != nil {
		return v, errs.Wrap(errs.Internal, "the column mapping cannot be stored", err)
	}
	n, err := s.Exec(ctx, `INSERT INTO sources (id, org_id, name, encoding, mapping, period, last_at, imports) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, encoding = excluded.encoding, mapping = excluded.mapping,
			period = excluded.period, last_at = excluded.last_at, imports = excluded.imports
		WHERE sources.org_id = excluded.org_id`, v.ID, org, v.Name, v.Encoding, string(mapping), v.Period, v.LastAt, v.Imports)
	if err == nil && n == 0 {
		err = found(ErrNone, "source")
	}
	s.Publish(store.TopicImports)
	return v, err
}

func scanSource(r Rows) (v schedule.Source, err error) {
	var mapping string
	if err := r.Scan(&v.ID, &v.Org, &v.Name, &v.Encoding, &mapping, &v.Period, &v.LastAt, &v.Imports); err != nil {
		return v, err
	}
	err = json.Unmarshal([]byte(mapping), &v.Mapping)
	return v, errs.Wrap(errs.Internal, "a source cannot be read", err)
}

// Source reads one feed.
func (s visits) Source(ctx context.Context, source id.ID) (schedule.Source, error) {
	all, err := s.sources(ctx, ` AND id = $2`, source)
	if err == nil && len(all) == 0 {
		err = found(ErrNone, "source")
	}
	if err != nil {
		return schedule.Source{}, err
	}
	return all[0], nil
}

// Sources lists the organization's feeds.
func (s visits) Sources(ctx context.Context) ([]schedule.Source, error) { return s.sources(ctx, ``) }

func (s visits) sources(ctx context.Context, and string, more ...any) ([]schedule.Source, error) {
	org, err := s.org()
	if err != nil {
		return nil, err
	}
	return list(ctx, s, `SELECT id, org_id, name, encoding, mapping, period, last_at, imports FROM sources WHERE org_id = $1`+and+` ORDER BY id`,
		append(args(org), more...), scanSource)
}
