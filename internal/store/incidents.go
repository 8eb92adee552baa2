package store

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/incident"
)

// Incidents keeps what is wrong with the machinery, and was.
type Incidents interface {
	// Begin adds an incident; a missing ID is filled in. While one of its kind about its subject is open, nothing is
	// added and the answer is false.
	Begin(ctx context.Context, i incident.Incident) (incident.Incident, bool, error)
	// End closes the open incident of a kind about a subject; false when there is none.
	End(ctx context.Context, kind incident.Kind, subject id.ID, until time.Time) (bool, error)
	// Open lists what is open, the oldest first.
	Open(ctx context.Context) ([]incident.Incident, error)
	// List pages through all, newest first: After is the last id of the page before.
	List(ctx context.Context, p Page) ([]incident.Incident, error)
}
