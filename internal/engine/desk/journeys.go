package desk

import (
	"context"
	"slices"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/journey"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/engine/plan"
	"carillon.dev/carillon/internal/store"
)

// Journey is one journey as it runs now, with its earlier versions and who is on it.
type Journey struct {
	*journey.Definition // the newest version
	Shipped             bool
	Source              string // the definition as it was written
	Versions            []int  // newest first
	Unread              []int  // versions that this release cannot read: the visits on them wait
	Active, Ended       int    // enrollments, of every version
}

// Journeys reads every journey of the organization; those that ship and were never used yet included.
func (d *Desk) Journeys(ctx context.Context, scope access.Scope) (out []Journey, err error) {
	if err := may(scope, access.ReadMessages); err != nil {
		return nil, err
	}
	err = d.store.Read(ctx, scope, func(tx store.Tx) error {
		files, err := tx.Journeys().DefinitionFiles(ctx)
		if err != nil {
			return err
		}
		if files, err = plan.WithShipped(files); err != nil {
			return err
		}
		out = gather(files)
		for i := range out {
			counts, err := tx.Journeys().CountEnrollments(ctx, out[i].Key)
			if err != nil {
				return err
			}
			out[i].Active, out[i].Ended = counts[journey.Active], counts[journey.Ended]
		}
		return nil
	})
	return out, err
}

// gather puts the versions of each journey together, the newest in front.
func gather(files []store.JourneyFile) (out []Journey) {
	unread := map[string][]int{}
	for _, f := range files {
		def, err := journey.Parse([]byte(f.Source))
		if err != nil {
			unread[f.Key] = append(unread[f.Key], f.Version)
			continue
		}
		i := slices.IndexFunc(out, func(j Journey) bool { return j.Key == def.Key })
		if i < 0 {
			out = append(out, Journey{Definition: def, Shipped: f.Shipped, Source: f.Source, Versions: []int{def.Version}})
			continue
		}
		if !slices.Contains(out[i].Versions, def.Version) {
			out[i].Versions = append(out[i].Versions, def.Version)
			slices.SortFunc(out[i].Versions, func(a, b int) int { return b - a })
		}
		if def.Version > out[i].Version {
			out[i].Definition, out[i].Shipped, out[i].Source = def, f.Shipped, f.Source
		}
	}
	for i := range out {
		out[i].Unread = unread[out[i].Key]
	}
	return out
}

// People reads persons by id for a list that another use-case made.
func (d *Desk) People(ctx context.Context, scope access.Scope, ids []id.ID) (people map[id.ID]patient.Person, err error) {
	if err := may(scope, access.ReadPatients); err != nil {
		return nil, err
	}
	var once distinct
	once.add(ids...)
	err = d.store.Read(ctx, scope, func(tx store.Tx) error {
		people, err = persons(ctx, tx, once.ids)
		return err
	})
	return people, err
}
