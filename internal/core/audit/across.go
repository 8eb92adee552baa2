package audit

import (
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
)

// Across are the events of an action that a system scope does to every organization: one for the installation, and
// one for each organization, because each reads its own log only.
func Across(s access.Scope, at time.Time, orgs []id.ID, action, detail string) []Event {
	out := []Event{Of(s, at, action, "installation", id.ID{}, detail)}
	for _, o := range orgs {
		out = append(out, Of(s.Within(o), at, action, "organization", o, detail))
	}
	return out
}
