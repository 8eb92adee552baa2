package sqlstore

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/store"
)

// Journeys gives access to the rows of store.Journeys. Enrollments are in journeys_enrollments.go.
func (t *Tx) Journeys() store.Journeys { return journeys{t} }

type journeys struct{ *Tx }

// SaveDefinition adds a version of a journey.
func (j journeys) SaveDefinition(ctx context.Context, d store.JourneyFile) error {
	org, err := j.org()
	if err != nil {
		return err
	}
	if d.CreatedAt.IsZero() {
		d.CreatedAt = j.now
	}
	n, err := j.Exec(ctx, `INSERT INTO journey_files (org_id, journey, version, source, shipped, created_at)
		VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (org_id, journey, version) DO NOTHING`,
		org, d.Key, d.Version, d.Source, d.Shipped, d.CreatedAt)
	if n > 0 {
		j.Publish(store.TopicJourneys)
	}
	return err
}

// DefinitionFiles lists every version.
func (j journeys) DefinitionFiles(ctx context.Context) ([]store.JourneyFile, error) {
	org, err := j.org()
	if err != nil {
		return nil, err
	}
	return list(ctx, j, `SELECT journey, version, source, shipped, created_at FROM journey_files
		WHERE org_id = $1 ORDER BY journey, version DESC`, args(org), func(r Rows) (d store.JourneyFile, err error) {
		err = r.Scan(Dests([]any{&d.Key, &d.Version, &d.Source, &d.Shipped, &d.CreatedAt})...)
		return d, err
	})
}

var insertTouches = NewInsert("journey_touches", "",
	Column{"id", ID}, Column{"org_id", ID}, Column{"visit_id", ID}, Column{"person_id", ID}, Column{"patient_knows", Bool},
	Column{"visit_version", Int}, Column{"import_id", ID}, Column{"at", Int})

// Touch adds touches.
func (j journeys) Touch(ctx context.Context, touches []store.Touch) error {
	org, err := j.org()
	if err != nil || len(touches) == 0 {
		return err
	}
	rows := make([][]any, len(touches))
	for i, t := range touches {
		if t.ID.IsZero() {
			t.ID = id.New()
		}
		if t.At.IsZero() {
			t.At = j.now
		}
		rows[i] = args(t.ID, org, t.Visit, t.Person, t.PatientKnows, t.Version, t.Import, t.At)
	}
	j.Publish(store.TopicJourneys)
	_, err = j.Bulk(ctx, insertTouches, rows)
	return err
}

// TouchedOrgs lists organizations with touches.
func (j journeys) TouchedOrgs(ctx context.Context, limit int) ([]id.ID, error) {
	if err := j.system(); err != nil {
		return nil, err
	}
	return j.ids(ctx, `SELECT org_id FROM journey_touches GROUP BY org_id ORDER BY MIN(at), org_id LIMIT $1`, limit)
}

func (j journeys) ids(ctx context.Context, sql string, a ...any) ([]id.ID, error) {
	return list(ctx, j, sql, a, func(r Rows) (v id.ID, err error) {
		err = r.Scan(Dest(&v))
		return v, err
	})
}

// Touched reads the oldest touches; ids rise with time.
func (j journeys) Touched(ctx context.Context, limit int) ([]store.Touch, error) {
	org, err := j.org()
	if err != nil {
		return nil, err
	}
	return list(ctx, j, `SELECT id, visit_id, person_id, patient_knows, visit_version, import_id, at FROM journey_touches
		WHERE org_id = $1 ORDER BY id LIMIT $2`, args(org, limit), func(r Rows) (t store.Touch, err error) {
		err = r.Scan(Dests([]any{&t.ID, &t.Visit, &t.Person, &t.PatientKnows, &t.Version, &t.Import, &t.At})...)
		return t, err
	})
}

// DropTouches removes worked touches.
func (j journeys) DropTouches(ctx context.Context, ids []id.ID) error {
	org, err := j.org()
	if err != nil || len(ids) == 0 {
		return err
	}
	_, err = j.Exec(ctx, `DELETE FROM journey_touches WHERE org_id = $1 AND `+j.In("id", "$2", ID), org, ids)
	return err
}

// minTime reads a single, possibly absent time.
func (j journeys) minTime(ctx context.Context, sql string, a ...any) (t time.Time, err error) {
	err = one(ctx, j, sql, a, Dest(&t))
	return t, err
}
