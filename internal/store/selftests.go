package store

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/selftest"
)

// SelfTests keeps which routes are tested by a text to a phone of the organization's own, and what became of those
// texts. All times are the machine's.
type SelfTests interface {
	// SaveSetting inserts or replaces a route's setting.
	SaveSetting(ctx context.Context, s selftest.Setting) error
	Settings(ctx context.Context) ([]selftest.Setting, error)
	// DueTests lists settings whose next text is due and that have none on its way, longest due first; system scope.
	DueTests(ctx context.Context, now time.Time, limit int) ([]selftest.Setting, error)
	// Reschedule sets when a route's next text goes, if that is still as the caller read it: of two nodes one wins.
	Reschedule(ctx context.Context, route id.ID, was, next time.Time) (bool, error)

	// StartRun inserts a run. A route that has one on its way is errs.Conflict.
	StartRun(ctx context.Context, r selftest.Run) error
	// NoteRun keeps how far a run came, its end and cause, while it has not ended; the reply is Replied's.
	NoteRun(ctx context.Context, r selftest.Run) (bool, error)
	// Replied notes when the phone sent a run's code back; once, and while the run has not ended.
	Replied(ctx context.Context, run id.ID, at time.Time) (bool, error)
	// RunningTests lists runs that have not ended, oldest first; of every organization with a system scope.
	RunningTests(ctx context.Context, limit int) ([]selftest.Run, error)
	// RunsAt lists a phone's runs, newest first.
	RunsAt(ctx context.Context, point id.ID, limit int) ([]selftest.Run, error)
	// Runs lists a route's runs, newest first.
	Runs(ctx context.Context, route id.ID, limit int) ([]selftest.Run, error)
	// DropRuns removes runs that ended before then, few enough for one short transaction, and says how many; system scope.
	DropRuns(ctx context.Context, before time.Time) (int, error)
}
