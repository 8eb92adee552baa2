// Package store is the contract of what is kept: transactions that see one organization, the narrow
// interfaces of each kind of row, and the jobs and changes that commit together with them. Two databases
// implement it from one SQL text (sqlstore) and one suite (storetest) runs on both. It refuses to know
// SQL, to decide anything about a message, and to hand out a row of another organization.
package store

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
)

// Store is one open database. It is safe for concurrent use.
//
// No method may be called while the same goroutine is inside InTx or Read of any store: SQLite has one
// writer, so that would wait for itself. Such a call fails at once with errs.Internal. The one exception is
// a transaction that Encloses.
type Store interface {
	// InTx runs do in one write transaction: rows, jobs, audit and topics commit together or not at all. On
	// PostgreSQL do may run several times (serialization conflicts are retried), so it must not change
	// anything outside the transaction. An error or panic of do rolls back; the error is returned as it is.
	// Keep it short, no network, no waiting: nothing else may write meanwhile on SQLite.
	InTx(ctx context.Context, scope access.Scope, do func(Tx) error, opts ...TxOption) error

	// Read runs do on one read-only snapshot. Writes in it fail with errs.Internal.
	Read(ctx context.Context, scope access.Scope, do func(Tx) error) error

	// Subscribe tells of committed changes of these topics (all topics when none is named), this process's
	// own included and, on PostgreSQL, every other node's.
	Subscribe(topics ...Topic) Subscription

	// WriteStats says how long write transactions held the writer since the store was opened.
	WriteStats() WriteStats

	// Close waits for open transactions and closes the database.
	Close() error
}

// Tx is one transaction. It belongs to one goroutine and ends with the function it was given to.
type Tx interface {
	// Scope is whose rows this transaction sees.
	Scope() access.Scope
	// Now is the one domain time of this transaction.
	Now() time.Time
	// Snapshot tells which state of people, numbers, visits and sites the transaction reads.
	Snapshot() Snapshot

	Rows

	// Enqueue adds a job that is worked after the commit, and not at all after a rollback.
	Enqueue(ctx context.Context, job Job) error
	// Publish tells subscribers, after the commit, that something of this topic changed in the scope's
	// organization. A system scope names the organization with PublishFor.
	Publish(topic Topic)

	Ending
}

// Snapshot is a state of the rows that messages are bound to: people, numbers, visits and sites. Two transactions with
// the same one read the same. Zero equals nothing: the store cannot tell, or the transaction changed them itself.
type Snapshot uint64

// Ending is what else may follow the end of a transaction.
type Ending interface {
	// PublishFor is Publish for a system scope.
	PublishFor(org id.ID, topic Topic)
	// AfterCommit runs f once the transaction is durable, before InTx returns; AfterRollback runs f when it
	// is not (an opt-out leaves the suppression set again). f must not call the store.
	AfterCommit(f func())
	AfterRollback(f func())
}

// Rows are what a transaction may ask of each kind of row.
type Rows interface {
	Orgs() Orgs
	Users() Users
	People() People
	Consents() Consents
	Visits() Visits
	Messages() Messages
	Routes() Routes
	Conversations() Conversations
	Journeys() Journeys
	Templates() Templates
	Tasks() Tasks
	Imports() Imports
	Audiences() Audiences
	Audit() Audit
	Web() Web
	Incidents() Incidents
	SelfTests() SelfTests
	Keys() Keys
	Census() Census
}

// Job is a plain value whose exported fields are ids and cursors only; it is kept as JSON.
type Job interface {
	// Kind names the work, such as "plan.visits"; it never changes once it was released.
	Kind() string
}

// JobOptions may be implemented by a Job that differs from the usual.
type JobOptions interface {
	JobOptions() EnqueueOptions
}

// EnqueueOptions say how a job is queued; the zero value is the usual.
type EnqueueOptions struct {
	// Queue is "" for the default queue, or another that the node works.
	Queue string
	// Once: while an equal job (kind and fields) waits or runs, a second is not added.
	Once bool
	// MaxAttempts is how often it is tried; 0 is 25.
	MaxAttempts int
}

// JobRunner is a started job client.
type JobRunner interface {
	Start(ctx context.Context) error
	Stop(ctx context.Context) error
}

// TxOption changes how InTx waits for the writer.
type TxOption int

const (
	// Urgent goes before everything that waits: emergencies, opt-outs, inbound texts.
	Urgent TxOption = iota + 1
	// Bulk lets everything else go first: imports, planning.
	Bulk
	// Encloses makes one transaction of several calls: InTx and Read that do calls on its own goroutine join it
	// instead of failing. A joined InTx that returns an error takes back its own rows, jobs, topics and hooks and no
	// others; its AfterCommit runs when the whole is durable. So a use-case and what is written beside it, such as the
	// answer under an idempotency key, commit together or not at all. do must not wait for another goroutine's write,
	// and use-cases that commit step by step on purpose must not be called in it.
	Encloses
)

// WriteStats are durations of write transactions, from holding the writer to the end of the commit.
type WriteStats struct {
	Count    int64
	P50, P99 time.Duration
	Max      time.Duration
	// Held is the time of all of them together.
	Held time.Duration
	// MaxWait is the longest that somebody waited for the writer.
	MaxWait time.Duration
}
