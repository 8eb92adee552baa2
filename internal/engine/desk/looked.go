package desk

import (
	"context"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
)

// Look is what somebody looked at.
type Look struct {
	Action string // such as message.open
	Kind   string // of the object, such as message
	Object id.ID  // zero for a list
	Found  int    // rows of a list
}

// Looked leaves the audit row of a reader who opens something once, such as a command at the machine's shell, for
// readings that leave none themselves. The number of rows is kept as a band.
func (d *Desk) Looked(ctx context.Context, scope access.Scope, l Look) error {
	detail := ""
	if l.Object.IsZero() {
		detail = "found=" + band(l.Found)
	}
	return d.note(ctx, scope, l.Action, l.Kind, l.Object, detail)
}
