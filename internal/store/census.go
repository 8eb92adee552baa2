package store

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/purpose"
)

// Census counts rows of all organizations for the person who runs the machine; system scope.
type Census interface {
	// Waiting counts what has not come to rest, through indexes that hold little else.
	Waiting(ctx context.Context) (Waiting, error)
	// Lately counts what was planned and what came in since a moment of the machine's clock.
	Lately(ctx context.Context, since time.Time) (Lately, error)
}

// Waiting is what waits now.
type Waiting struct {
	Queues   []Queue
	Held     []HeldCount
	Sending  map[id.ID]int // by route
	Unknown  map[id.ID]int // open unknowns, by route
	OptedOut int           // numbers
	Inbox    int           // open conversations
	Tasks    map[conversation.TaskKind]int
	Parked   int // receipts that fit nothing yet
	Audit    int // audit rows without a number in the tree
}

// Queue is what a route has to send with one priority.
type Queue struct {
	Route    id.ID
	Priority purpose.Priority
	Count    int
	Oldest   time.Time // due time of the first
}

// HeldCount is how many messages are held for a reason.
type HeldCount struct {
	Reason message.Reason
	Count  int
}

// Lately is what happened in a stretch of time.
type Lately struct {
	Messages []MessageCount
	Inbound  []InboundCount
}

// MessageCount counts messages that were planned in the stretch, by where they are now.
type MessageCount struct {
	Purpose purpose.Purpose
	State   message.State
	Reason  message.Reason
	Count   int
}

// InboundCount counts texts of patients by what they meant and what was done.
type InboundCount struct {
	Intent, Outcome string
	Count           int
}
