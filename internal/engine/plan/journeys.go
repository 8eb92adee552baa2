package plan

import (
	"context"
	"slices"
	"strconv"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audit"
	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/core/journey"
	"carillon.dev/carillon/internal/store"
)

// SaveJourney adds a version of a journey as a person wrote it. Visits that are enrolled from now on take it;
// those that run keep theirs. What is wrong with the file comes back as journey.Problems with lines.
func (p *Planner) SaveJourney(ctx context.Context, scope access.Scope, source string) (*journey.Definition, error) {
	if !scope.Allows(access.ManageRoutes) {
		return nil, forbidden()
	}
	def, err := journey.Parse([]byte(source))
	if err != nil {
		return nil, err
	}
	if missing := unknownText(def); missing != "" {
		return nil, errs.Newf(errs.Invalid, "there is no text %q; the texts are %v", missing, content.Keys()).At("template")
	}
	err = p.store.InTx(ctx, scope, func(tx store.Tx) error {
		have, err := p.files.read(ctx, tx)
		if err != nil {
			return err
		}
		for _, d := range have.newest {
			if d.Key == def.Key && d.Version >= def.Version {
				return errs.Newf(errs.Conflict, "version %d exists: raise the version to %d", d.Version, d.Version+1).At("version")
			}
		}
		if err := tx.Journeys().SaveDefinition(ctx, store.JourneyFile{Key: def.Key, Version: def.Version, Source: source}); err != nil {
			return err
		}
		return tx.Audit().Record(ctx, audit.Of(scope, tx.Now(), "journey.save", "journey", id.ID{}, journeyName(def)))
	})
	return def, err
}

func journeyName(d *journey.Definition) string { return d.Key + "/" + strconv.Itoa(d.Version) }

// unknownText finds a template of the journey that nobody wrote.
func unknownText(d *journey.Definition) string {
	keys := []string{d.Notices.Moved.Template, d.Notices.Cancelled.Template, d.Notices.Correction.Template}
	for _, s := range d.Steps {
		keys = append(keys, s.Template)
	}
	for _, k := range keys {
		if !slices.Contains(content.Keys(), content.Key(k)) {
			return k
		}
	}
	return ""
}
