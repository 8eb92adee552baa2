package store

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/audit"
)

// Audit is the log that proves what was done. Rows are inserted in the transaction of what they prove; a
// sequencer numbers them into an RFC 6962 tree soon after.
type Audit interface {
	// Record inserts events; they become visible with what they prove.
	Record(ctx context.Context, events ...audit.Event) error
	// List reads the scope's events, newest first, older than Page.After when it is set.
	List(ctx context.Context, p Page) ([]audit.Event, error)
	// Of reads the events about one object, newest first.
	Of(ctx context.Context, object id.ID, p Page) ([]audit.Event, error)
	// Sequence numbers up to limit waiting rows into the tree and says how many it did; system scope.
	Sequence(ctx context.Context, limit int) (int, error)
	// Verify recomputes the tree from the rows and reports what does not fit, and rows that wait for a number
	// longer than ten seconds before now; system scope.
	Verify(ctx context.Context, now time.Time) (AuditReport, error)
}

// AuditReport is what verification found.
type AuditReport struct {
	Size int64  // rows in the tree
	Root []byte // RFC 6962 root hash over them
	// Broken are places where the log does not prove itself.
	Broken []AuditBreak
	// Waiting are rows without a number for over ten seconds.
	Waiting int
}

// OK reports whether the log proves itself.
func (r AuditReport) OK() bool { return len(r.Broken) == 0 && r.Waiting == 0 }

// AuditBreak is one place that does not fit.
type AuditBreak struct {
	Seq int64 // number of the row, or of the hash
	Why AuditFault
}

// AuditFault says what is wrong.
type AuditFault string

const (
	AuditRowMissing  AuditFault = "row_missing"  // a number without a row
	AuditRowChanged  AuditFault = "row_changed"  // columns and canonical bytes disagree with the leaf
	AuditHashChanged AuditFault = "hash_changed" // a stored tree hash is not what its leaves give
)
