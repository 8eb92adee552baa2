package store

import (
	"context"

	"carillon.dev/carillon/internal/base/id"
)

// Keys is what can be known and done about the keys that seal everything else. No key leaves the store.
type Keys interface {
	// Wraps says which key-encryption key wraps what; system scope. It reads the key file again.
	Wraps(ctx context.Context) (KeyState, error)
	// Rewrap wraps an organization's keys by the newest key-encryption key, and says whether they were not yet; the
	// organization's scope. The keys themselves stay, so nothing that they sealed changes.
	Rewrap(ctx context.Context) (bool, error)
	// Settle notes the newest key-encryption key as the one that this database belongs to; system scope.
	// errs.Precondition while an older one still wraps something.
	Settle(ctx context.Context) error
	// Damaged looks at a page of the organization's persons' keys, names those that do not open, and says where the
	// next page begins; zero at the end.
	Damaged(ctx context.Context, p Page) (bad []id.ID, next id.ID, err error)
}

// KeyState is where a database's keys stand. Key-encryption keys are named by their numbers in the key file.
type KeyState struct {
	Newest uint32
	File   []uint32 // numbers in the key file, rising
	// Settled: the database is noted as belonging to the newest.
	Settled bool
	Orgs    []KeyWrap // by organization's id
}

// Moved reports whether nothing is left on an older key-encryption key.
func (s KeyState) Moved() bool {
	for _, o := range s.Orgs {
		if o.By != s.Newest {
			return false
		}
	}
	return s.Settled
}

// KeyWrap is one organization's keys.
type KeyWrap struct {
	Org id.ID
	By  uint32 // the older one, when its two keys differ
	// Opens: the key file has what is needed, and the stored keys are whole.
	Opens bool
}
