package explain

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/store"
)

// StuckAfter is how long after its due time a queued message should have left.
const StuckAfter = 10 * time.Minute

// Stuck lists messages that should have moved and have not: queued although long due, and of unknown outcome. It
// pages newest first; next is the cursor of the following page, zero at the end.
func Stuck(ctx context.Context, s store.Store, scope access.Scope, after id.ID) (out []store.Draft, next id.ID, err error) {
	if !scope.Allows(access.ReadMessages) {
		return nil, id.ID{}, errs.New(errs.Forbidden, "your role does not allow this")
	}
	err = s.Read(ctx, scope, func(tx store.Tx) error {
		f := store.MessageFilter{States: []message.State{message.Queued, message.Sending, message.Unknown}, To: tx.Now().Add(-StuckAfter)}
		out, err = tx.Messages().List(ctx, f, store.Page{After: after, Limit: store.DefaultLimit + 1})
		if len(out) > store.DefaultLimit {
			out = out[:store.DefaultLimit]
			next = out[len(out)-1].ID
		}
		return err
	})
	return out, next, err
}
