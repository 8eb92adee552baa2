package audience

import (
	"context"
	"errors"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audience"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/store"
)

// CountJob works a count that somebody asked for.
type CountJob struct {
	Org id.ID `json:"org"`
	Run id.ID `json:"run"`
	// Try is which one of the count's this job works; 0 is the first.
	Try int `json:"try,omitempty"`
}

// Kind names the work.
func (CountJob) Kind() string { return "audience.count" }

// JobOptions: a count is asked for again rather than tried for days.
func (CountJob) JobOptions() store.EnqueueOptions {
	return store.EnqueueOptions{Once: true, MaxAttempts: 3}
}

// jobOf is the job of a count's try; equal for one try, so that no two of it work.
func jobOf(r *audience.Run) CountJob {
	job := CountJob{Org: r.Org, Run: r.ID}
	if r.Tries > 1 {
		job.Try = r.Tries
	}
	return job
}

// Start asks for a count of a saved audience (version 0 is the newest) and returns at once.
func (s *Service) Start(ctx context.Context, scope access.Scope, a id.ID, version int64) (run audience.Run, err error) {
	if err := may(scope, access.ReadPatients); err != nil {
		return run, err
	}
	total, err := s.everybody(ctx, scope)
	if err != nil {
		return run, err
	}
	err = s.store.InTx(ctx, scope, func(tx store.Tx) error {
		got, err := tx.Audiences().Get(ctx, a, version)
		if err != nil {
			return err
		}
		rule, err := ruleOf(&got)
		if err != nil {
			return err
		}
		if newest, err := tx.Audiences().Get(ctx, a, 0); err != nil {
			return err
		} else if got.Kind == audience.ByList && got.Version != newest.Version {
			return errs.New(errs.Precondition, "only the newest version of a list can be counted: upload the earlier file again")
		}
		run, err = s.add(ctx, tx, audience.Run{Audience: a, Version: got.Version, Rule: rule, Purpose: got.Purpose, Total: total})
		return err
	})
	return run, err
}

// StartRule asks for a count of a rule that is not saved.
func (s *Service) StartRule(ctx context.Context, scope access.Scope, rule string, p purpose.Purpose) (run audience.Run, err error) {
	if err := may(scope, access.ReadPatients); err != nil {
		return run, err
	}
	if !p.Valid() {
		return run, errs.New(errs.Invalid, "say what the audience is for: a purpose such as recall or event").At("purpose")
	}
	total, err := s.everybody(ctx, scope)
	if err != nil {
		return run, err
	}
	err = s.store.InTx(ctx, scope, func(tx store.Tx) (err error) {
		run, err = s.add(ctx, tx, audience.Run{Rule: rule, Purpose: p, Total: total})
		return err
	})
	return run, err
}

// everybody counts who will be looked at, before others wait for the transaction.
func (s *Service) everybody(ctx context.Context, scope access.Scope) (n int, err error) {
	err = s.store.Read(ctx, scope, func(tx store.Tx) error {
		n, err = tx.People().Count(ctx)
		return err
	})
	return n, err
}

func (s *Service) add(ctx context.Context, tx store.Tx, r audience.Run) (audience.Run, error) {
	w, err := world(ctx, tx)
	if err != nil {
		return r, err
	}
	if _, err := s.language.Compile(r.Rule, w.Names); err != nil {
		return r, err
	}
	r.SeenAt = s.machine.Now()
	r.By, r.ByID = tx.Scope().Actor().Kind(), tx.Scope().Actor().ID()
	if r, err = tx.Audiences().AddRun(ctx, r); err != nil {
		return r, err
	}
	if err := tx.Enqueue(ctx, jobOf(&r)); err != nil {
		return r, err
	}
	return r, note(ctx, tx, "audience.count", objectOf(&r), "run="+r.ID.String()+" purpose="+string(r.Purpose))
}

func objectOf(r *audience.Run) id.ID {
	if r.Audience.IsZero() {
		return r.ID
	}
	return r.Audience
}

// ruleOf is the expression of an audience; a list is everybody on it.
func ruleOf(a *audience.Audience) (string, error) {
	if a.Kind == audience.ByRule {
		return a.Rule, nil
	}
	return audience.OnListRule(a.Name)
}

// QuestionOf is the question that a saved audience asks.
func QuestionOf(a *audience.Audience) (Question, error) {
	rule, err := ruleOf(a)
	return Question{Rule: rule, Purpose: a.Purpose}, err
}

// errStopped: somebody cancelled the count, or it was begun anew.
var errStopped = errors.New("the count is no longer this worker's")

// Work counts: the worker of CountJob. A count that is over, or that was begun anew since, is left alone.
func (s *Service) Work(ctx context.Context, job CountJob) error {
	scope := access.ForJob(job.Org, "audience count")
	var run audience.Run
	err := s.store.Read(ctx, scope, func(tx store.Tx) (err error) {
		run, err = tx.Audiences().Run(ctx, job.Run)
		return err
	})
	if err != nil || run.State.Over() || run.Tries != max(job.Try, 1) {
		return err
	}
	run.State = audience.Counting
	if err := s.write(ctx, scope, run); err != nil {
		return stopped(err)
	}
	count, err := s.Evaluate(ctx, scope, Question{Rule: run.Rule, Purpose: run.Purpose}, Sinks{Progress: func(so audience.Count) error {
		run.Result = so
		return s.write(ctx, scope, run)
	}})
	switch {
	case errors.Is(err, errStopped):
		return stopped(err)
	case ctx.Err() != nil:
		return ctx.Err() // the node stops: the job comes again
	case err != nil:
		run.State, run.Fault = audience.Failed, errs.Safe(err)
	default:
		run.State, run.Result, run.Total = audience.Counted, count, count.Looked
	}
	return s.finish(ctx, scope, run)
}

// stopped: a count that somebody ended, or another worker took, is no fault of this one.
func stopped(err error) error {
	if errors.Is(err, errStopped) {
		return nil
	}
	return err
}

// write keeps how far a count is.
func (s *Service) write(ctx context.Context, scope access.Scope, run audience.Run) error {
	run.SeenAt = s.machine.Now()
	return s.store.InTx(ctx, scope, func(tx store.Tx) error {
		on, err := tx.Audiences().SetRun(ctx, run)
		if err == nil && !on {
			err = errStopped
		}
		return err
	})
}

func (s *Service) finish(ctx context.Context, scope access.Scope, run audience.Run) error {
	return s.store.InTx(ctx, scope, func(tx store.Tx) error {
		now := tx.Now()
		run.EndedAt, run.SeenAt = &now, s.machine.Now()
		_, err := tx.Audiences().SetRun(ctx, run)
		return err
	})
}

// Run reads a count.
func (s *Service) Run(ctx context.Context, scope access.Scope, run id.ID) (r audience.Run, err error) {
	if err := may(scope, access.ReadPatients); err != nil {
		return r, err
	}
	err = s.store.Read(ctx, scope, func(tx store.Tx) error {
		r, err = tx.Audiences().Run(ctx, run)
		return err
	})
	return r, err
}

// Cancel ends a count at its next page.
func (s *Service) Cancel(ctx context.Context, scope access.Scope, run id.ID) error {
	if err := may(scope, access.ReadPatients); err != nil {
		return err
	}
	return s.store.InTx(ctx, scope, func(tx store.Tx) error {
		r, err := tx.Audiences().Run(ctx, run)
		if err != nil || r.State.Over() {
			return err
		}
		now := tx.Now()
		r.State, r.EndedAt = audience.Cancelled, &now
		if _, err := tx.Audiences().SetRun(ctx, r); err != nil {
			return err
		}
		return note(ctx, tx, "audience.count_cancelled", objectOf(&r), "run="+r.ID.String())
	})
}

// Sample reads some of the people that a count found, with what would become of a text to each now.
func (s *Service) Sample(ctx context.Context, scope access.Scope, run id.ID) (out []Member, err error) {
	r, err := s.Run(ctx, scope, run)
	if err != nil || len(r.Result.Sample) == 0 {
		return nil, err
	}
	err = s.store.Read(ctx, scope, func(tx store.Tx) error {
		reached, err := s.reach.Reach(ctx, tx, r.Result.Sample, r.Purpose)
		if err != nil {
			return err
		}
		var ignored audience.Count
		out = membersOf(reached, r.Purpose, &ignored)
		return nil
	})
	return out, err
}
