package audience

import (
	"context"
	"errors"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audience"
	"carillon.dev/carillon/internal/store"
)

const (
	// silence is how long a count may be quiet before its node counts as dead. A living one writes every few seconds.
	silence = 3 * time.Minute
	// sweepRows is how many counts one sweep takes up.
	sweepRows = 100
)

// Sweep takes up counts whose node died: each begins anew, and after audience.MaxTries it has failed. Nothing of an
// earlier try is counted in. A count that waits for a worker was never begun: it waits on, without a try more. A count
// that cannot be taken up does not keep the others from it. everybody is the scope of the whole system.
func (s *Service) Sweep(ctx context.Context, everybody access.Scope) error {
	now := s.machine.Now()
	var silent []audience.Run
	err := s.store.Read(ctx, everybody, func(tx store.Tx) (err error) {
		silent, err = tx.Audiences().SilentRuns(ctx, now.Add(-silence), sweepRows)
		return err
	})
	for _, r := range silent {
		r.SeenAt = now
		scope := access.ForJob(r.Org, "audience count")
		err = errors.Join(err, s.store.InTx(ctx, scope, func(tx store.Tx) error { return again(ctx, tx, r) }))
	}
	return err
}

// again begins the next try of a count, or ends it when there were enough.
func again(ctx context.Context, tx store.Tx, r audience.Run) error {
	if r.State == audience.Waiting {
		return waitOn(ctx, tx, r)
	}
	if r.Tries >= audience.MaxTries {
		end := tx.Now()
		r.State, r.Fault, r.EndedAt = audience.Failed, audience.FaultCutShort, &end
		if done, err := tx.Audiences().SetRun(ctx, r); err != nil || !done {
			return err
		}
		return note(ctx, tx, "audience.count_failed", objectOf(&r), "run="+r.ID.String()+" tries="+itoa(int64(r.Tries)))
	}
	begun, err := tx.Audiences().AgainRun(ctx, r)
	if err != nil || !begun {
		return err
	}
	r.Tries++
	if err := tx.Enqueue(ctx, jobOf(&r)); err != nil {
		return err
	}
	return note(ctx, tx, "audience.count_again", objectOf(&r), "run="+r.ID.String()+" try="+itoa(int64(r.Tries)))
}

// waitOn sees to it that a count which waits has a job: it adds none while the job of its try waits or runs.
func waitOn(ctx context.Context, tx store.Tx, r audience.Run) error {
	waits, err := tx.Audiences().AgainRun(ctx, r)
	if err != nil || !waits {
		return err
	}
	return tx.Enqueue(ctx, jobOf(&r))
}

// Repeat asks for a count once more: of the same rule or version, as the one who asks now.
func (s *Service) Repeat(ctx context.Context, scope access.Scope, run id.ID) (audience.Run, error) {
	r, err := s.Run(ctx, scope, run)
	switch {
	case err != nil:
		return r, err
	case r.Audience.IsZero():
		return s.StartRule(ctx, scope, r.Rule, r.Purpose)
	}
	return s.Start(ctx, scope, r.Audience, r.Version)
}
