package store

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/conversation"
)

// Tasks keeps what waits for a person: the call list, visits to cancel or move elsewhere, numbers to check.
type Tasks interface {
	// Add inserts tasks; missing IDs, CreatedAt and DueAt are filled in. While a task of the same kind about the
	// same message (or, without one, the same visit) is open, another is not added.
	Add(ctx context.Context, tasks []conversation.Task) error
	Get(ctx context.Context, task id.ID) (conversation.Task, error)
	// List pages through tasks by id, oldest first.
	List(ctx context.Context, f TaskFilter, p Page) ([]conversation.Task, error)
	// Complete ends an open task; errs.Conflict when somebody did so before.
	Complete(ctx context.Context, task id.ID, done TaskDone) error
	// Drop ends the open tasks of a kind about these visits as not needed any more and says how many there were.
	Drop(ctx context.Context, kind conversation.TaskKind, visits []id.ID) (int, error)
	// OpenCounts counts open tasks by kind.
	OpenCounts(ctx context.Context) (map[conversation.TaskKind]int, error)
}

// TaskFilter narrows a list of tasks; empty fields do not.
type TaskFilter struct {
	Kinds    []conversation.TaskKind
	Location id.ID
	Person   id.ID
	Visit    id.ID
	Point    id.ID
	Thread   id.ID // a conversation's
	Done     bool  // ended ones instead of open ones
}

// TaskDone is how a task ended.
type TaskDone struct {
	By      id.ID
	At      time.Time
	Outcome conversation.TaskOutcome
	Note    phi.Text
}
