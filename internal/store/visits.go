package store

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/schedule"
)

// Visits keeps appointments, what patients answered, kinds of visits and the feeds they come from.
type Visits interface {
	// Create inserts; missing IDs are filled in, Version becomes 1. An ExternalID that the source already used is
	// errs.Conflict.
	Create(ctx context.Context, visits []schedule.Appointment) ([]schedule.Appointment, error)
	// Update replaces visits whose Version is the stored one. The version rises when start, location, practitioner
	// or status changed, and stays otherwise. Another version is errs.Conflict and nothing of the call is kept.
	Update(ctx context.Context, visits []schedule.Appointment) ([]schedule.Appointment, error)
	Get(ctx context.Context, visit id.ID) (schedule.Appointment, error)
	ByIDs(ctx context.Context, ids []id.ID) ([]schedule.Appointment, error)
	// ByExternal finds a source's visits by its own names for them; names without a visit are left out.
	ByExternal(ctx context.Context, source id.ID, externals []string) (map[string]schedule.Appointment, error)
	// Between lists visits that start in [from, to), by start. A zero location is every location.
	Between(ctx context.Context, location id.ID, from, to time.Time, limit int) ([]schedule.Appointment, error)
	// OfPerson lists a person's visits, latest start first.
	OfPerson(ctx context.Context, person id.ID, limit int) ([]schedule.Appointment, error)
	// CountBySource is how many visits of a source start at or after from.
	CountBySource(ctx context.Context, source id.ID, from time.Time) (int, error)
	// ByImport lists the visits that an import last wrote.
	ByImport(ctx context.Context, imported id.ID, p Page) ([]schedule.Appointment, error)
	// Delete removes visits that an undone import created, and their answers.
	Delete(ctx context.Context, ids []id.ID) error

	// Answer records what a patient said about a version of a visit; it never changes the visit.
	Answer(ctx context.Context, r schedule.Response) (schedule.Response, error)
	// Answers lists the answers about visits, oldest first.
	Answers(ctx context.Context, visits []id.ID) (map[id.ID][]schedule.Response, error)

	SaveType(ctx context.Context, t schedule.VisitType) (schedule.VisitType, error)
	Types(ctx context.Context) ([]schedule.VisitType, error)

	SaveSource(ctx context.Context, s schedule.Source) (schedule.Source, error)
	Source(ctx context.Context, source id.ID) (schedule.Source, error)
	Sources(ctx context.Context) ([]schedule.Source, error)
}
