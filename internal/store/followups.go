package store

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/id"
)

// FollowUps keeps what is known about receipts that did not come: accepted texts that are still waited for, and how the
// receipts of a route flow as a whole. All times are the machine's, as the carrier's are.
type FollowUps interface {
	// Awaited lists accepted texts of a route that the carrier may be asked about now: those whose hand-over began before
	// first and that nobody asked about, then those whose next question is due by now.
	Awaited(ctx context.Context, route id.ID, first, now time.Time, limit int) ([]Awaited, error)
	// AskAgain notes that texts were asked about and when the next question is due. A text that is settled meanwhile is
	// left alone.
	AskAgain(ctx context.Context, asked []AskedAbout) error
	// GiveUp ends accepted texts whose hand-over began before then: expired, for want of a receipt, each with an event.
	// It says which.
	GiveUp(ctx context.Context, route id.ID, before, now time.Time, limit int) ([]id.ID, error)
	// CountAwaited counts accepted texts of a route whose hand-over began in [from, until) and that nobody asked about.
	CountAwaited(ctx context.Context, route id.ID, from, until time.Time) (int, error)

	// SaveWatch keeps how a route's receipts flow. Watches reads what is kept; with a system scope of every organization.
	SaveWatch(ctx context.Context, w ReceiptWatch) error
	Watches(ctx context.Context) ([]ReceiptWatch, error)
}

// Awaited is an accepted text without a final receipt.
type Awaited struct {
	Message  id.ID
	Sender   id.ID
	LeasedAt time.Time
	Asks     int      // questions so far
	IDs      []string // the carrier's ids that have no final state: one of a whole text, else one a part
}

// AskedAbout is a text that was asked about.
type AskedAbout struct {
	Message id.ID
	Next    time.Time // when to ask again
}

// ReceiptWatch is how the receipts of a route flow.
type ReceiptWatch struct {
	Route id.ID
	Org   id.ID
	Usual int // of a thousand texts, how many usually have their receipt in time
	Seen  int // texts that Usual rests on
	// The texts that were looked at last: handed over in [From, Until), of which Missing had no receipt in time.
	From, Until    time.Time
	Texts, Missing int
	LateSince      time.Time // since when receipts fail to come; zero while they come as usual
	LookedAt       time.Time
}
