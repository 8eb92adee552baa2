package store

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
)

// Web keeps what the faces must remember between two requests of a program.
type Web interface {
	Replays
	Cursors
}

// Replays keeps the answers of requests that came under an idempotency key, sealed and for a short time, so that
// the same request sent again is answered and not done again. Times are the machine's.
type Replays interface {
	// Reserve begins a request. Fresh: nobody used the caller's key within its life, and the row is written. Else
	// the earlier request's row is told as it is.
	Reserve(ctx context.Context, r Replay) (Reserved, error)
	// AnswerReplay keeps the answer of a reserved request until the Until given now; errs.NotFound when the
	// reservation is gone.
	AnswerReplay(ctx context.Context, r Replay, status int, response []byte) error
	// RenewReplay puts off the end of a reservation to Until; one that was answered or is gone stays as it is.
	RenewReplay(ctx context.Context, r Replay) error
	// ForgetReplay removes a reservation, so that the request may be tried again.
	ForgetReplay(ctx context.Context, r Replay) error
	// DropReplays removes rows whose time is over and says how many; system scope.
	DropReplays(ctx context.Context, now time.Time) (int, error)
}

// Cursors seals places in lists, so that a caller can neither read nor make one. A sealed place opens only within
// its organization and for the list that it was made for.
type Cursors interface {
	SealCursor(ctx context.Context, list string, place []byte) ([]byte, error)
	// OpenCursor gives the place back; errs.Invalid for anything that SealCursor did not make for this list.
	OpenCursor(ctx context.Context, list string, sealed []byte) ([]byte, error)
}

// Replay is one request under an idempotency key.
type Replay struct {
	Caller  id.ID    // the user or key that asks
	Key     phi.Text // as the caller chose it; kept as a blind index
	Request []byte   // digest of what was asked; kept as a blind index
	At      time.Time
	Until   time.Time // when the row is gone
}

// Reserved says what is known of a key.
type Reserved struct {
	Fresh bool
	// Mark names the request in rows that it writes: the same for every attempt of one caller, key and request, and
	// for no other. It tells nothing about either.
	Mark id.ID
	// Same: the earlier request asked the same.
	Same bool
	// Status is the earlier answer's; 0 while it is worked on in steps, or when its worker died between them.
	Status   int
	Response []byte
	At       time.Time // when the earlier request came
}
