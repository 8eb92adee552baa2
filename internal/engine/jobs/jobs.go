// Package jobs runs what was enqueued with a transaction: planning, imports, sweeps, timeouts. A worker is a
// plain function over a plain value; this package is the only one beside the databases that knows the job
// library. It refuses to send texts (sender loops do), to start work at a domain time (sweeps do), and to
// let an error's cause or a panic's value into the job table, where somebody's name could end up.
package jobs

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"strconv"
	"time"

	"github.com/riverqueue/river"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/store"
)

// Host is a database that jobs live in; both stores are one.
type Host interface {
	NewJobs(*river.Config) (store.JobRunner, error)
}

// Worker works one kind of job.
type Worker struct {
	kind string
	add  func(*river.Workers, *slog.Logger) error
}

// Kind is the kind of job that the worker takes.
func (w Worker) Kind() string { return w.kind }

// Do makes a worker of a function. The function may run more than once for one job, so it must be idempotent.
// Its error decides what follows: errs.Invalid, NotFound, Forbidden and Precondition end the job for good,
// every other error has it tried again later.
func Do[A store.Job](do func(ctx context.Context, job A) error) Worker {
	var zero A
	return Worker{kind: zero.Kind(), add: func(to *river.Workers, log *slog.Logger) error {
		return river.AddWorkerSafely(to, &worker[A]{do: do, log: log})
	}}
}

type worker[A store.Job] struct {
	river.WorkerDefaults[A]
	do  func(context.Context, A) error
	log *slog.Logger
}

// Work runs the function and gives the library only what is safe to store.
func (w *worker[A]) Work(ctx context.Context, job *river.Job[A]) (err error) {
	defer func() {
		if recover() != nil { // the value is dropped: it may hold anything
			w.log.ErrorContext(ctx, "a job panicked", "job", job.Kind, "id", job.ID, "at", where())
			err = errors.New(string(errs.Internal) + ": the job panicked")
		}
	}()
	return outcome(w.do(ctx, job.Args))
}

// outcome is the error that is stored: a kind and a safe text.
func outcome(err error) error {
	if err == nil {
		return nil
	}
	safe := errors.New(string(errs.KindOf(err)) + ": " + errs.Safe(err))
	switch errs.KindOf(err) {
	case errs.Invalid, errs.NotFound, errs.Forbidden, errs.Precondition:
		return river.JobCancel(safe)
	}
	return safe
}

// where names the lines that led to a panic, without any argument.
func where() []string {
	var pc [16]uintptr
	frames := runtime.CallersFrames(pc[:runtime.Callers(4, pc[:])])
	var out []string
	for {
		f, more := frames.Next()
		out = append(out, f.Function+":"+strconv.Itoa(f.Line))
		if !more {
			return out
		}
	}
}

// Options of a node's job client; the zero value is usable.
type Options struct {
	// Log takes errors as ids and enums; nil is silence.
	Log *slog.Logger
	// AtOnce is how many jobs run at the same time; 0 is 4.
	AtOnce int
	// Queues beside the default one that this node works, with how many at once.
	Queues map[string]int
}

// Pick-up: the library fetches at most once per cooldown, woken by what commits, and looks by
// itself four times a second, because a wake-up may be spared when two commits are a millisecond apart.
const (
	cooldown = 20 * time.Millisecond
	poll     = 250 * time.Millisecond
	timeout  = 10 * time.Minute
)

// Running is a started job client.
type Running struct{ runner store.JobRunner }

// Start works jobs of the given kinds until Stop. The context is only for starting.
func Start(ctx context.Context, host Host, o Options, workers ...Worker) (*Running, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.AtOnce <= 0 {
		o.AtOnce = 4
	}
	known := river.NewWorkers()
	for _, w := range workers {
		if err := w.add(known, o.Log); err != nil {
			return nil, errs.Wrap(errs.Internal, "two workers want the same kind of job", err)
		}
	}
	queues := map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: o.AtOnce}}
	for name, n := range o.Queues {
		queues[name] = river.QueueConfig{MaxWorkers: n}
	}
	runner, err := host.NewJobs(&river.Config{
		Workers: known, Queues: queues, Logger: o.Log,
		FetchCooldown: cooldown, FetchPollInterval: poll,
		JobTimeout: timeout, RescueStuckJobsAfter: 2 * timeout,
	})
	if err != nil {
		return nil, err
	}
	if err := runner.Start(context.WithoutCancel(ctx)); err != nil {
		return nil, errs.Wrap(errs.Unavailable, "jobs cannot be worked", err)
	}
	return &Running{runner}, nil
}

// Stop takes no new jobs and waits for those that run, as long as ctx allows.
func (r *Running) Stop(ctx context.Context) error {
	return errs.Wrap(errs.Unavailable, "jobs were still running at the end", r.runner.Stop(ctx))
}
