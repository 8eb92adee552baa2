package sqlstore

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/selftest"
	"carillon.dev/carillon/internal/store"
)

// SelfTests gives access to the rows of store.SelfTests.
func (t *Tx) SelfTests() store.SelfTests { return selfTests{t} }

type selfTests struct{ *Tx }

const (
	canaryColumns = `c.org_id, c.route_id, c.point_id, c.every, c.answers, c.next_at`
	runColumns    = `id, org_id, route_id, point_id, message_id, code, answers, planned_at, handed_at, accepted_at, receipt_at, reply_at, ended_at, cause`
)

func scanSetting(r Rows) (s selftest.Setting, err error) {
	err = r.Scan(&s.Org, &s.Route, &s.Point, &s.Every, &s.Answers, &s.Next)
	return s, err
}

func scanRun(r Rows) (x selftest.Run, err error) {
	err = r.Scan(&x.ID, &x.Org, &x.Route, &x.Point, &x.Message, &x.Code, &x.Answers, &x.Planned, &x.Handed, &x.Taken, &x.Receipt,
		&x.Reply, &x.Ended, (*string)(&x.Cause))
	return x, err
}

// SaveSetting inserts or replaces a route's setting; the route must be the organization's.
func (s selfTests) SaveSetting(ctx context.Context, c selftest.Setting) error {
	org, err := s.org()
	if err != nil {
		return err
	}
	n, err := s.Exec(ctx, `INSERT INTO canaries (route_id, org_id, point_id, every, answers, next_at, updated_at)
		SELECT r.id, r.org_id, p.id, $4, $5, $6, $7 FROM routes r, contact_points p
		WHERE r.id = $2 AND r.org_id = $1 AND p.id = $3 AND p.org_id = $1
		ON CONFLICT (route_id) DO UPDATE SET point_id = excluded.point_id, every = excluded.every, answers = excluded.answers,
			next_at = excluded.next_at, updated_at = excluded.updated_at`,
		org, c.Route, c.Point, c.Every, c.Answers, c.Next, s.now)
	if err == nil && n == 0 {
		err = found(ErrNone, "route or number")
	}
	s.Publish(store.TopicIncidents)
	return err
}

// Settings lists the organization's settings.
func (s selfTests) Settings(ctx context.Context) ([]selftest.Setting, error) {
	org, err := s.org()
	if err != nil {
		return nil, err
	}
	return list(ctx, s, `SELECT `+canaryColumns+` FROM canaries c WHERE c.org_id = $1 ORDER BY c.route_id`, args(org), scanSetting)
}

// DueTests lists what is due.
func (s selfTests) DueTests(ctx context.Context, now time.Time, limit int) ([]selftest.Setting, error) {
	if err := s.system(); err != nil {
		return nil, err
	}
	return list(ctx, s, `SELECT `+canaryColumns+` FROM canaries c WHERE c.next_at <= $1
		AND NOT EXISTS (SELECT 1 FROM canary_runs r WHERE r.point_id = c.point_id AND r.route_id = c.route_id AND r.ended_at IS NULL)
		ORDER BY c.next_at LIMIT $2`, args(now, limit), scanSetting)
}

// Reschedule sets the next time if nobody else did.
func (s selfTests) Reschedule(ctx context.Context, route id.ID, was, next time.Time) (bool, error) {
	org, err := s.org()
	if err != nil {
		return false, err
	}
	n, err := s.Exec(ctx, `UPDATE canaries SET next_at = $1 WHERE route_id = $2 AND org_id = $3 AND next_at = $4`, next, route, org, was)
	return n > 0, err
}

// StartRun inserts a run. It touches the setting first, so that of two at once one is run again and sees the other.
func (s selfTests) StartRun(ctx context.Context, r selftest.Run) error {
	org, err := s.org()
	if err != nil {
		return err
	}
	n, err := s.Exec(ctx, `UPDATE canaries SET updated_at = $1 WHERE route_id = $2 AND org_id = $3`, s.now, r.Route, org)
	if err == nil && n == 0 {
		err = errs.New(errs.NotFound, "no test phone is set for this route")
	}
	if err != nil {
		return err
	}
	n, err = s.Exec(ctx, `INSERT INTO canary_runs (id, org_id, route_id, point_id, message_id, code, answers, planned_at, cause)
		SELECT $1, c.org_id, c.route_id, c.point_id, $4, $5, $6, $7, '' FROM canaries c WHERE c.route_id = $3 AND c.org_id = $2
		AND NOT EXISTS (SELECT 1 FROM canary_runs o WHERE o.point_id = c.point_id AND o.route_id = c.route_id AND o.ended_at IS NULL)`,
		r.ID, org, r.Route, r.Message, r.Code, r.Answers, r.Planned)
	if err == nil && n == 0 {
		err = errs.New(errs.Conflict, "a test text of this route is on its way: wait for its end")
	}
	s.Publish(store.TopicIncidents)
	return err
}

// NoteRun keeps how far a run came.
func (s selfTests) NoteRun(ctx context.Context, r selftest.Run) (bool, error) {
	org, err := s.org()
	if err != nil {
		return false, err
	}
	n, err := s.Exec(ctx, `UPDATE canary_runs SET handed_at = $1, accepted_at = $2, receipt_at = $3, ended_at = $4, cause = $5
		WHERE id = $6 AND org_id = $7 AND ended_at IS NULL`, r.Handed, r.Taken, r.Receipt, r.Ended, r.Cause, r.ID, org)
	if n > 0 {
		s.Publish(store.TopicIncidents)
	}
	return n > 0, err
}

// Replied notes the phone's answer.
func (s selfTests) Replied(ctx context.Context, run id.ID, at time.Time) (bool, error) {
	org, err := s.org()
	if err != nil {
		return false, err
	}
	n, err := s.Exec(ctx, `UPDATE canary_runs SET reply_at = $1 WHERE id = $2 AND org_id = $3 AND ended_at IS NULL AND reply_at IS NULL`,
		at, run, org)
	return n > 0, err
}

// RunningTests lists runs that have not ended.
func (s selfTests) RunningTests(ctx context.Context, limit int) ([]selftest.Run, error) {
	if s.scope.IsSystem() {
		return s.runs(ctx, `ended_at IS NULL ORDER BY id LIMIT $1`, limit)
	}
	org, err := s.org()
	if err != nil {
		return nil, err
	}
	return s.runs(ctx, `org_id = $1 AND ended_at IS NULL ORDER BY id LIMIT $2`, org, limit)
}

// RunsAt lists a phone's runs.
func (s selfTests) RunsAt(ctx context.Context, point id.ID, limit int) ([]selftest.Run, error) {
	org, err := s.org()
	if err != nil {
		return nil, err
	}
	return s.runs(ctx, mine+` AND point_id = $2 ORDER BY id DESC LIMIT $3`, org, point, limit)
}

// Runs lists a route's runs.
func (s selfTests) Runs(ctx context.Context, route id.ID, limit int) ([]selftest.Run, error) {
	org, err := s.org()
	if err != nil {
		return nil, err
	}
	return s.runs(ctx, mine+` AND route_id = $2 ORDER BY id DESC LIMIT $3`, org, route, limit)
}

func (s selfTests) runs(ctx context.Context, where string, a ...any) ([]selftest.Run, error) {
	return list(ctx, s, `SELECT `+runColumns+` FROM canary_runs WHERE `+where, a, scanRun)
}

// dropRunsAtOnce is how many old runs go in one transaction.
const dropRunsAtOnce = 500

// DropRuns removes old runs.
func (s selfTests) DropRuns(ctx context.Context, before time.Time) (int, error) {
	if err := s.system(); err != nil {
		return 0, err
	}
	n, err := s.Exec(ctx, `DELETE FROM canary_runs WHERE id IN (SELECT id FROM canary_runs WHERE ended_at < $1 LIMIT $2)`, before, dropRunsAtOnce)
	return int(n), err
}
