package store

import (
	"context"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/patient"
)

// Consents is the append-only ledger. An entry about a number, and an entry about a person, raises the revision
// of the contact points it concerns in its own transaction, and keeps their opt-out columns equal to the fold.
type Consents interface {
	// Append adds entries; missing IDs and Recorded are filled in. An entry whose ID exists is left as it is.
	Append(ctx context.Context, entries []consent.Entry) ([]consent.Entry, error)
	// For reads what consent.Fold needs for these persons and contact points: every entry about one of the
	// persons, and every entry without a person about one of the points. The order is that of recording.
	For(ctx context.Context, people, points []id.ID) ([]consent.Entry, error)
	// ByImport lists what one import brought.
	ByImport(ctx context.Context, imported id.ID, p Page) ([]consent.Entry, error)
	// OptOuts pages through numbers that are opted out or suspended now, of every organization with a system scope;
	// senders fill their suppression set with it.
	OptOuts(ctx context.Context, after id.ID, limit int) ([]OptOut, error)
	// OptOutsSince lists numbers whose ledger grew after the position since, opted out or not any more, in order of
	// positions. Transactions may commit in another order than their positions': look back a minute.
	OptOutsSince(ctx context.Context, since id.ID, limit int) ([]OptOut, error)
}

// OptOut is the present state of one number.
type OptOut struct {
	Org       id.ID
	Point     id.ID
	Channel   patient.Channel
	OptedOut  bool
	Suspended bool
	Entry     id.ID // position of the number's last entry, an id by machine time: cursor of OptOutsSince
}
