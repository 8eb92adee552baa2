package store

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/org"
)

// Orgs keeps organizations and what facts hang in. Every write to a location, a hold or a stop raises the
// organization's revision.
type Orgs interface {
	// Create makes an organization with its keys. It needs a system scope, or the scope of that organization
	// made by a command. A missing ID is filled in; the stored organization is returned.
	Create(ctx context.Context, o org.Organization) (org.Organization, error)
	// Get reads the scope's organization.
	Get(ctx context.Context) (org.Organization, error)
	// All lists every organization; system scope only.
	All(ctx context.Context) ([]org.Organization, error)
	// Update changes name, region, locale, calendar owner and demo mark.
	Update(ctx context.Context, o org.Organization) error

	// SetBudget changes how many texts of all purposes one person gets.
	SetBudget(ctx context.Context, b org.Budget) error

	// SetPlainLetters changes the languages whose texts are written in plain letters where that costs less.
	SetPlainLetters(ctx context.Context, p org.PlainLetters) error

	// StopAll halts every hand-off of the organization, or of every organization with a system scope, until
	// Resume. Both are idempotent.
	StopAll(ctx context.Context) error
	Resume(ctx context.Context) error
	// Release ends a hold (a restored copy).
	Release(ctx context.Context) error
	// Stops says what is stopped or held now. With a system scope: every organization.
	Stops(ctx context.Context) (Stops, error)

	// SaveLocation inserts or updates by ID; a missing ID is filled in.
	SaveLocation(ctx context.Context, l org.Location) (org.Location, error)
	Location(ctx context.Context, location id.ID) (org.Location, error)
	Locations(ctx context.Context) ([]org.Location, error)

	SavePractitioner(ctx context.Context, p org.Practitioner) (org.Practitioner, error)
	Practitioners(ctx context.Context) ([]org.Practitioner, error)
}

// Stops is what must not send now.
type Stops struct {
	Everything bool // the global stop
	Since      *time.Time
	// Orgs are the organizations that are stopped or on hold.
	Orgs map[id.ID]StopReason
}

// StopReason says why an organization's hand-offs are halted.
type StopReason string

const (
	StoppedByPerson StopReason = "stopped"
	HeldRestored    StopReason = "restored_copy"
)

// Blocks reports whether nothing of this organization may be handed over.
func (s Stops) Blocks(o id.ID) bool {
	_, stopped := s.Orgs[o]
	return s.Everything || stopped
}
