package sqlstore

import (
	"context"
	"encoding/json"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/audience"
	"carillon.dev/carillon/internal/store"
)

const audienceRunColumns = `id, org_id, audience_id, version, rule, purpose, state, fault, total, result, by_kind, by_id, asked_at, ended_at, seen_at, tries`

func scanAudienceRun(r Rows) (a audience.Run, err error) {
	var result string
	err = r.Scan(&a.ID, &a.Org, &a.Audience, &a.Version, &a.Rule, &a.Purpose, &a.State, &a.Fault, &a.Total, &result, &a.By, &a.ByID, &a.AskedAt, &a.EndedAt, &a.SeenAt, &a.Tries)
	if err != nil {
		return a, err
	}
	return a, errs.Wrap(errs.Internal, "a count cannot be read", json.Unmarshal([]byte(result), &a.Result))
}

// AddRun inserts a count that waits.
func (s audiences) AddRun(ctx context.Context, a audience.Run) (audience.Run, error) {
	org, err := s.org()
	if err != nil {
		return a, err
	}
	if a.ID.IsZero() {
		a.ID = id.New()
	}
	a.Org, a.State, a.AskedAt, a.EndedAt, a.Tries = org, audience.Waiting, s.now, nil, 1
	_, err = s.Exec(ctx, `INSERT INTO audience_runs (`+audienceRunColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
		a.ID, org, a.Audience, a.Version, a.Rule, a.Purpose, a.State, a.Fault, a.Total, "{}", a.By, a.ByID, a.AskedAt, a.EndedAt, a.SeenAt, a.Tries)
	s.Publish(store.TopicAudiences)
	return a, err
}

// SetRun writes how far a count is.
func (s audiences) SetRun(ctx context.Context, a audience.Run) (bool, error) {
	org, err := s.org()
	if err != nil {
		return false, err
	}
	result, err := json.Marshal(&a.Result)
	if err != nil {
		return false, errs.Wrap(errs.Internal, "a count cannot be stored", err)
	}
	n, err := s.Exec(ctx, `UPDATE audience_runs SET state = $3, fault = $4, total = $5, result = $6, ended_at = $7, seen_at = $8
		WHERE org_id = $1 AND id = $2 AND tries = $9 AND ended_at IS NULL`, org, a.ID, a.State, a.Fault, a.Total, string(result), a.EndedAt, a.SeenAt, a.Tries)
	s.Publish(store.TopicAudiences)
	return n == 1, err
}

// AgainRun begins the next try of a count; one that waits was not begun yet.
func (s audiences) AgainRun(ctx context.Context, a audience.Run) (bool, error) {
	org, err := s.org()
	if err != nil {
		return false, err
	}
	n, err := s.Exec(ctx, `UPDATE audience_runs SET state = $4, result = '{}', seen_at = $5, tries = tries + CASE WHEN state = $4 THEN 0 ELSE 1 END
		WHERE org_id = $1 AND id = $2 AND tries = $3 AND state = $6 AND ended_at IS NULL`, org, a.ID, a.Tries, audience.Waiting, a.SeenAt, a.State)
	s.Publish(store.TopicAudiences)
	return n == 1, err
}

// SilentRuns reads counts that nobody has heard of.
func (s audiences) SilentRuns(ctx context.Context, before time.Time, n int) ([]audience.Run, error) {
	if err := s.system(); err != nil {
		return nil, err
	}
	return list(ctx, s, `SELECT `+audienceRunColumns+` FROM audience_runs WHERE ended_at IS NULL AND seen_at < $1 ORDER BY seen_at LIMIT $2`,
		args(before, n), scanAudienceRun)
}

// Run reads a count.
func (s audiences) Run(ctx context.Context, run id.ID) (audience.Run, error) {
	org, err := s.org()
	if err != nil {
		return audience.Run{}, err
	}
	all, err := list(ctx, s, `SELECT `+audienceRunColumns+` FROM audience_runs WHERE org_id = $1 AND id = $2`, args(org, run), scanAudienceRun)
	if err == nil && len(all) == 0 {
		err = found(ErrNone, "count")
	}
	if err != nil {
		return audience.Run{}, err
	}
	return all[0], nil
}

// Runs reads counts, newest first.
func (s audiences) Runs(ctx context.Context, a id.ID, p store.Page) ([]audience.Run, error) {
	org, err := s.org()
	if err != nil {
		return nil, err
	}
	w := &conditions{next: 2}
	if !a.IsZero() {
		w.add(`audience_id = $%d`, a)
	}
	if !p.After.IsZero() {
		w.add(`id < $%d`, p.After)
	}
	w.values = append(w.values, p.Size())
	return list(ctx, s, `SELECT `+audienceRunColumns+` FROM audience_runs WHERE org_id = $1`+w.text+` ORDER BY id DESC `+w.limit(), append(args(org), w.values...), scanAudienceRun)
}
