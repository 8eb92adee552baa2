package plan

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audit"
	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/core/journey"
	"carillon.dev/carillon/internal/store"
)

// Saving is a journey that somebody wants in force.
type Saving struct {
	Source string
	// Key, when it is set, must be the file's own: an editor of one journey does not write another.
	Key string
	// Base is the version that the change was made on. The file's version is set to the one after it; when Base is not
	// the newest any more the answer is errs.Conflict. 0 leaves the file's version, which must be higher than the newest.
	Base int
}

// JourneyVersion is one version of a journey as it was written.
type JourneyVersion = store.JourneyFile

// CheckJourney says what is wrong with a journey as a person wrote it: journey.Problems with lines (errors.As).
func (p *Planner) CheckJourney(ctx context.Context, scope access.Scope, source string) (def *journey.Definition, err error) {
	if !scope.Allows(access.ReadMessages) {
		return nil, forbidden()
	}
	err = p.store.Read(ctx, scope, func(tx store.Tx) error {
		def, err = checkJourney(ctx, tx, source)
		return err
	})
	return def, err
}

// checkJourney parses a file and looks at the texts that it sends.
func checkJourney(ctx context.Context, tx store.Tx, source string) (*journey.Definition, error) {
	def, err := journey.Parse([]byte(source))
	if err != nil {
		return nil, err
	}
	texts, err := inForce(ctx, tx)
	if err != nil {
		return nil, err
	}
	return def, textProblems(def, source, texts).AsError()
}

// inForce are the organization's own texts over those that ship.
func inForce(ctx context.Context, tx store.Tx) (content.Library, error) {
	lib, err := content.Shipped()
	if err != nil {
		return nil, err
	}
	own, err := tx.Templates().Newest(ctx)
	for i := range own {
		if v := own[i].Variants.Over(lib[own[i].Key]); len(v) > 0 {
			lib[own[i].Key] = v
		}
	}
	return lib, err
}

// textProblems are texts that nobody wrote, and texts whose words do not fit whether the step asks.
func textProblems(d *journey.Definition, source string, texts content.Library) (ps journey.Problems) {
	bad := func(text string, at ...string) {
		line, place := journey.Line([]byte(source), at...)
		ps = append(ps, journey.Problem{Line: line, Path: place, Text: text})
	}
	for i, u := range d.Texts() {
		at := []string{"steps", strconv.Itoa(i)}
		if i >= len(d.Steps) {
			at = []string{"changes", u.Step}
		}
		variants, ok := texts[content.Key(u.Template)]
		if !ok {
			bad("there is no text "+u.Template+": write it first, or take one of the list of texts", append(at, "template")...)
			continue
		}
		switch with, without := offersDigits(variants); {
		case u.Asks && len(without) > 0:
			bad("asks for an answer, but the text "+u.Template+" offers no digits in "+strings.Join(without, ", "), append(at, "asks")...)
		case !u.Asks && len(with) > 0:
			bad("the text "+u.Template+" offers digits, so that this must ask: asks: true", append(at, "asks")...)
		}
	}
	return ps
}

// offersDigits parts the languages of a text into those that mention the reply map and those that do not.
func offersDigits(v content.Variants) (with, without []string) {
	for l, body := range v {
		t, err := content.Compile(body, content.AppointmentVars())
		if err == nil && t.UsesGroup("reply") {
			with = append(with, string(l))
		} else {
			without = append(without, string(l))
		}
	}
	slices.Sort(without)
	return with, without
}

// SaveJourney adds a version of a journey as a person wrote it. Visits that are enrolled from now on take it;
// those that run keep theirs. What is wrong with the file comes back as journey.Problems with lines.
func (p *Planner) SaveJourney(ctx context.Context, scope access.Scope, s Saving) (def *journey.Definition, err error) {
	if !scope.Allows(access.ManageTexts) {
		return nil, forbidden()
	}
	if def, err = journey.Parse([]byte(s.Source)); err != nil {
		return nil, err
	}
	if s.Key != "" && def.Key != s.Key {
		return nil, errs.Newf(errs.Invalid, "this is the journey %s; its name cannot be changed here", s.Key).At("journey")
	}
	if s.Base > 0 {
		raised, err := journey.Rewrite([]byte(s.Source), journey.Edit{Version: s.Base + 1})
		if err != nil {
			return nil, err
		}
		s.Source = string(raised)
	}
	err = p.store.InTx(ctx, scope, func(tx store.Tx) error {
		if def, err = checkJourney(ctx, tx, s.Source); err != nil {
			return err
		}
		have, err := p.files.read(ctx, tx)
		if err != nil {
			return err
		}
		if err := follows(have, def, s.Base); err != nil {
			return err
		}
		for _, f := range have.fresh { // what ships keeps its place in the history
			if err := tx.Journeys().SaveDefinition(ctx, f); err != nil {
				return err
			}
		}
		if err := tx.Journeys().SaveDefinition(ctx, store.JourneyFile{Key: def.Key, Version: def.Version, Source: s.Source}); err != nil {
			return err
		}
		return tx.Audit().Record(ctx, audit.Of(scope, tx.Now(), "journey.save", "journey", id.ID{}, journeyName(def)))
	})
	return def, err
}

// follows refuses a version that is not after the newest, or whose change was made on an older one.
func follows(have *journeys, def *journey.Definition, base int) error {
	newest := 0
	for _, d := range have.newest {
		if d.Key == def.Key {
			newest = d.Version
		}
	}
	switch {
	case base > 0 && newest != base:
		return errs.Newf(errs.Conflict, "somebody saved version %d meanwhile: look at it and make your change there", newest).At("version")
	case def.Version <= newest:
		return errs.Newf(errs.Conflict, "version %d exists: raise the version to %d", newest, newest+1).At("version")
	}
	return nil
}

// ChangeSteps switches steps on and off and moves them, and saves that as a new version.
func (p *Planner) ChangeSteps(ctx context.Context, scope access.Scope, key string, base int, steps []journey.StepEdit) (*journey.Definition, error) {
	if !scope.Allows(access.ManageTexts) {
		return nil, forbidden()
	}
	source, err := p.EditedJourney(ctx, scope, key, base, steps)
	if err != nil {
		return nil, err
	}
	return p.SaveJourney(ctx, scope, Saving{Source: source, Key: key, Base: base})
}

// EditedJourney is the file of a version as a form would change it, unsaved. A file that the form cannot change is
// errs.Invalid.
func (p *Planner) EditedJourney(ctx context.Context, scope access.Scope, key string, base int, steps []journey.StepEdit) (string, error) {
	all, err := p.JourneyVersions(ctx, scope, key)
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(all, func(f store.JourneyFile) bool { return f.Version == base })
	if i < 0 {
		return "", errs.New(errs.NotFound, "there is no such version").At("version")
	}
	out, err := journey.Rewrite([]byte(all[i].Source), journey.Edit{Steps: steps})
	if err != nil {
		return "", err
	}
	def, err := journey.Parse(out)
	if err != nil {
		return "", err
	}
	for _, e := range steps {
		if s, ok := def.Step(e.ID); !ok || s.Enabled != e.Enabled {
			return "", errs.New(errs.Invalid, "this file is written in a way that the form cannot change: change it as text").At(e.ID)
		}
	}
	return string(out), nil
}

// JourneyVersions lists every version of a journey, newest first; errs.NotFound when there is none.
func (p *Planner) JourneyVersions(ctx context.Context, scope access.Scope, key string) (out []JourneyVersion, err error) {
	if !scope.Allows(access.ReadMessages) {
		return nil, forbidden()
	}
	err = p.store.Read(ctx, scope, func(tx store.Tx) error {
		files, err := tx.Journeys().DefinitionFiles(ctx)
		if err != nil {
			return err
		}
		if files, err = WithShipped(files); err != nil {
			return err
		}
		for _, f := range files {
			if f.Key == key {
				out = append(out, f)
			}
		}
		return nil
	})
	if err == nil && len(out) == 0 {
		err = errs.New(errs.NotFound, "there is no such journey")
	}
	return out, err
}

// CompareJourney says line by line what changed between two versions.
func (p *Planner) CompareJourney(ctx context.Context, scope access.Scope, key string, from, to int) ([]content.Part, error) {
	all, err := p.JourneyVersions(ctx, scope, key)
	if err != nil {
		return nil, err
	}
	var a, b *store.JourneyFile
	for i := range all {
		if all[i].Version == from {
			a = &all[i]
		}
		if all[i].Version == to {
			b = &all[i]
		}
	}
	if a == nil || b == nil {
		return nil, errs.New(errs.NotFound, "there is no such version").At("version")
	}
	return content.CompareLines(a.Source, b.Source), nil
}

func journeyName(d *journey.Definition) string { return d.Key + "/" + strconv.Itoa(d.Version) }
