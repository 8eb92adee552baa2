package sqlstore

import (
	"context"
	"encoding/json"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/incident"
	"carillon.dev/carillon/internal/store"
)

// Incidents gives access to the rows of store.Incidents.
func (t *Tx) Incidents() store.Incidents { return incidents{t} }

type incidents struct{ *Tx }

const incidentColumns = `id, org_id, kind, subject_id, cause, details, since, until`

// Begin adds an incident unless one is open.
func (s incidents) Begin(ctx context.Context, i incident.Incident) (incident.Incident, bool, error) {
	org, err := s.org()
	if err != nil {
		return i, false, err
	}
	if i.ID.IsZero() {
		i.ID = id.New()
	}
	i.Org = org
	details, err := json.Marshal(i.Details)
	if err != nil {
		return i, false, errs.Wrap(errs.Internal, "an incident cannot be written", err)
	}
	n, err := s.Exec(ctx, `INSERT INTO incidents (`+incidentColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`,
		i.ID, org, i.Kind, i.Subject, i.Cause, string(details), i.Since, i.Until)
	if n > 0 {
		s.Publish(store.TopicIncidents)
	}
	return i, n > 0, err
}

// End closes what is open about a subject.
func (s incidents) End(ctx context.Context, kind incident.Kind, subject id.ID, until time.Time) (bool, error) {
	org, err := s.org()
	if err != nil {
		return false, err
	}
	n, err := s.Exec(ctx, `UPDATE incidents SET until = $1 WHERE org_id = $2 AND kind = $3 AND subject_id = $4 AND until IS NULL`,
		until, org, kind, subject)
	if n > 0 {
		s.Publish(store.TopicIncidents)
	}
	return n > 0, err
}

// Open lists what is open.
func (s incidents) Open(ctx context.Context) ([]incident.Incident, error) {
	return s.read(ctx, `until IS NULL ORDER BY since, id`)
}

// List pages through all.
func (s incidents) List(ctx context.Context, p store.Page) ([]incident.Incident, error) {
	if p.After.IsZero() {
		return s.read(ctx, `id > $2 ORDER BY id DESC LIMIT $3`, after(p.After), p.Size())
	}
	return s.read(ctx, `id < $2 ORDER BY id DESC LIMIT $3`, p.After, p.Size())
}

// read is a query within the organization, which is $1.
func (s incidents) read(ctx context.Context, and string, more ...any) ([]incident.Incident, error) {
	org, err := s.org()
	if err != nil {
		return nil, err
	}
	return list(ctx, s.Conn, `SELECT `+incidentColumns+` FROM incidents WHERE org_id = $1 AND `+and, append(args(org), more...),
		func(r Rows) (i incident.Incident, err error) {
			var details string
			if err := r.Scan(&i.ID, &i.Org, (*string)(&i.Kind), &i.Subject, (*string)(&i.Cause), &details, &i.Since, &i.Until); err != nil {
				return i, err
			}
			return i, errs.Wrap(errs.Internal, "an incident's details cannot be read", json.Unmarshal([]byte(details), &i.Details))
		})
}
