package store

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/feed"
)

// Imports keeps files that came in, how far they got, what was wrong with them and what they wrote.
type Imports interface {
	ImportRuns
	ImportFiles
	ImportReports
	ImportWrites
}

// ImportRuns is the state of imports.
type ImportRuns interface {
	// Create inserts an import; a missing ID is filled in, Version becomes 1.
	Create(ctx context.Context, i feed.Import) (feed.Import, error)
	// Update replaces an import whose Version is the stored one, which then rises; another version is
	// errs.Conflict, a move that feed.State does not allow errs.Precondition.
	Update(ctx context.Context, i feed.Import) (feed.Import, error)
	// Advance records how far an import got, Cursor and Counts only, at its Version, which then rises.
	Advance(ctx context.Context, i feed.Import) (feed.Import, error)
	Get(ctx context.Context, imported id.ID) (feed.Import, error)
	// List reads imports, newest first, older than Page.After when it is set.
	List(ctx context.Context, p Page) ([]feed.Import, error)
	// Held lists imports whose messages wait for a person. Unfinished lists those that a crash may have
	// stopped (applying or undoing), of every organization with a system scope.
	Held(ctx context.Context) ([]feed.Import, error)
	Unfinished(ctx context.Context) ([]feed.Import, error)
}

// ImportFiles keeps uploads: sealed, and gone after a day.
type ImportFiles interface {
	// PutChunk appends a piece of the file; pieces are numbered from 0. Chunk reads one; errs.NotFound after
	// the last, or when the file is gone.
	PutChunk(ctx context.Context, imported id.ID, n int, data []byte, until time.Time) error
	Chunk(ctx context.Context, imported id.ID, n int) ([]byte, error)
	// DropFiles removes some pieces of files and lines of reports that ended before now, few enough for one short
	// transaction, and says how many; call it until that is 0. System scope.
	DropFiles(ctx context.Context, now time.Time) (int, error)
}

// ImportReports keeps what was wrong with files: sealed, and gone with the file.
type ImportReports interface {
	// AddProblems appends to the report; from is how many it has. Problems pages through it by line and never
	// cuts a line's problems in two: limit counts lines. DropProblems removes some of the report, and says how
	// many; call it until that is 0.
	AddProblems(ctx context.Context, imported id.ID, from int, problems []feed.Problem) error
	Problems(ctx context.Context, imported id.ID, afterLine, limit int) ([]feed.Problem, error)
	DropProblems(ctx context.Context, imported id.ID) (int, error)
}

// ImportWrites is what an import wrote, for undo.
type ImportWrites interface {
	AddWrites(ctx context.Context, writes []feed.Write) error
	// Writes pages through an import's rows from the last line to the first, below a line; 0 is the end.
	Writes(ctx context.Context, imported id.ID, belowLine, limit int) ([]feed.Write, error)
	// SetOutcome records what an undo did with rows. KeptWrites pages through those that it left alone, by line.
	SetOutcome(ctx context.Context, writes []feed.Write) error
	KeptWrites(ctx context.Context, imported id.ID, afterLine, limit int) ([]feed.Write, error)
}
