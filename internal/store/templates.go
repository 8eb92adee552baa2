package store

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/content"
)

// ShippedVersion is the version of every text that an organization has not written itself; it has no row.
const ShippedVersion = 1

// Templates keeps an organization's own texts, every version for ever.
type Templates interface {
	// Save adds a version, which must be one more than the newest (ShippedVersion when there is none): otherwise
	// somebody saved meanwhile and it is errs.Conflict. The organization's revision rises, so that waiting messages
	// are decided and written again.
	Save(ctx context.Context, t TemplateVersion) error
	// Newest lists the newest version of every key that has one, by key.
	Newest(ctx context.Context) ([]TemplateVersion, error)
	// Versions lists every version of a key, newest first; none for a key that was never saved.
	Versions(ctx context.Context, key content.Key) ([]TemplateVersion, error)
}

// TemplateVersion is one version of a text. It never changes.
type TemplateVersion struct {
	Key     content.Key
	Version int64
	// Shipped: from here on the text that ships is in force again; Variants is empty.
	Shipped   bool
	Variants  content.Variants
	Note      string // what was changed and why, in the words of who did
	ByKind    access.ActorKind
	By        id.ID // user or key; zero for commands
	CreatedAt time.Time
}
