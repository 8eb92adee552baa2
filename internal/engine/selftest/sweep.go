package selftest

import (
	"cmp"
	"context"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audit"
	"carillon.dev/carillon/internal/core/incident"
	"carillon.dev/carillon/internal/core/message"
	rules "carillon.dev/carillon/internal/core/selftest"
	"carillon.dev/carillon/internal/store"
)

// Bounds of one sweep, and how long runs are kept.
const (
	sweepDue  = 50
	sweepRuns = 500
	keepRuns  = 30 * 24 * time.Hour
)

// Sweep starts test texts that are due and looks at those that are on their way. Call it every second or so; it does
// what is due once, however many nodes call it. What fails does not keep the rest waiting; the first error is returned.
func (s *Service) Sweep(ctx context.Context) error {
	var due []rules.Setting
	var running []rules.Run
	first := s.store.Read(ctx, access.System("selftest"), func(tx store.Tx) (err error) {
		if due, err = tx.SelfTests().DueTests(ctx, s.machine.Now(), sweepDue); err != nil {
			return err
		}
		running, err = tx.SelfTests().RunningTests(ctx, sweepRuns)
		return err
	})
	for _, set := range due {
		first = cmp.Or(first, s.scheduled(ctx, set))
	}
	for _, r := range running {
		first = cmp.Or(first, s.look(ctx, r))
	}
	return first
}

// Tidy removes runs of more than thirty days ago.
func (s *Service) Tidy(ctx context.Context) error {
	for {
		n := 0
		err := s.store.InTx(ctx, access.System("selftest"), func(tx store.Tx) (err error) {
			n, err = tx.SelfTests().DropRuns(ctx, s.machine.Now().Add(-keepRuns))
			return err
		})
		if err != nil || n == 0 {
			return err
		}
	}
}

// look takes over how far a run has come.
func (s *Service) look(ctx context.Context, was rules.Run) error {
	scope := access.ForJob(was.Org, "selftest")
	var seen rules.Seen
	err := s.store.Read(ctx, scope, func(tx store.Tx) (err error) {
		seen, err = see(ctx, tx, &was)
		return err
	})
	if err != nil {
		return err
	}
	now := was.Look(seen, s.limits, s.machine.Now())
	if now == was {
		return nil
	}
	return s.store.InTx(ctx, scope, func(tx store.Tx) error {
		kept, err := tx.SelfTests().NoteRun(ctx, now)
		if err != nil || !kept || now.Ended.IsZero() {
			return err
		}
		return s.ended(ctx, tx, scope, &now, seen.State)
	})
}

// see reads what the rows say of a run's text.
func see(ctx context.Context, tx store.Tx, r *rules.Run) (seen rules.Seen, err error) {
	drafts, err := tx.Messages().ByIDs(ctx, []id.ID{r.Message})
	if err != nil {
		return seen, err
	}
	stops, err := tx.Orgs().Stops(ctx)
	if err != nil {
		return seen, err
	}
	route, err := tx.Routes().Get(ctx, r.Route)
	if err != nil {
		return seen, err
	}
	seen.Stopped = stops.Blocks(r.Org) || route.State == store.RouteStopped || route.State == store.RouteDraining
	seen.State = message.Cancelled // a text whose row is gone will not come
	for i := range drafts {
		seen.State, seen.Reason, seen.Leased = drafts[i].State, drafts[i].Reason, drafts[i].LeasedAt
	}
	return seen, nil
}

// ended does what follows from the end of a run: a text that still waits is taken back, the next one is put where it
// belongs, and an incident begins or is over.
func (s *Service) ended(ctx context.Context, tx store.Tx, scope access.Scope, r *rules.Run, state message.State) error {
	if state == message.Held || state == message.Queued {
		if _, err := s.outbox.Cancel(ctx, tx, store.Selection{Message: r.Message}, message.ReasonSuperseded); err != nil {
			return err
		}
	}
	on, err := s.next(ctx, tx, r)
	if err != nil {
		return err
	}
	runs, err := tx.SelfTests().Runs(ctx, r.Route, 2)
	if err != nil {
		return err
	}
	var before *rules.Run
	if len(runs) > 1 && runs[0].ID == r.ID {
		before = &runs[1]
	}
	open, err := openOf(ctx, tx, r.Route)
	if err != nil {
		return err
	}
	change := rules.Weigh(r, before, open)
	if !on { // nothing would pass any more that could end it
		change.Open = rules.CauseNone
	}
	return s.weigh(ctx, tx, scope, r, change)
}

func openOf(ctx context.Context, tx store.Tx, route id.ID) (incident.Cause, error) {
	open, err := tx.Incidents().Open(ctx)
	for _, i := range open {
		if i.Kind == incident.SelfTest && i.Subject == route {
			return i.Cause, err
		}
	}
	return rules.CauseNone, err
}

// next puts the route's next text where it belongs after this one, and says whether the route is tested at all. A
// setting that was changed meanwhile wants its text at once and keeps its time.
func (s *Service) next(ctx context.Context, tx store.Tx, r *rules.Run) (on bool, err error) {
	all, err := tx.SelfTests().Settings(ctx)
	if err != nil {
		return false, err
	}
	for i := range all {
		set := &all[i]
		if set.Route != r.Route || set.Next.IsZero() {
			continue
		}
		on = true
		if !set.Next.After(r.Ended) {
			continue
		}
		if _, err := tx.SelfTests().Reschedule(ctx, set.Route, set.Next, set.NextAfter(r, s.limits)); err != nil {
			return on, err
		}
	}
	return on, nil
}

func (s *Service) weigh(ctx context.Context, tx store.Tx, scope access.Scope, r *rules.Run, c rules.Change) error {
	if c.Close {
		if _, err := tx.Incidents().End(ctx, incident.SelfTest, r.Route, r.Ended); err != nil {
			return err
		}
		if err := tx.Audit().Record(ctx, audit.Of(scope, tx.Now(), "incident.end", "route", r.Route, string(incident.SelfTest))); err != nil {
			return err
		}
	}
	if c.Open == rules.CauseNone {
		return nil
	}
	_, _, err := tx.Incidents().Begin(ctx, incident.Incident{Kind: incident.SelfTest, Subject: r.Route, Cause: c.Open, Since: r.Planned,
		Details: incident.Details{Run: r.ID, Message: r.Message}})
	if err != nil {
		return err
	}
	return tx.Audit().Record(ctx, audit.Of(scope, tx.Now(), "incident.begin", "route", r.Route, string(incident.SelfTest)+" "+string(c.Open)))
}
