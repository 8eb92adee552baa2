package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/journey"
	"carillon.dev/carillon/internal/engine/desk"
	"carillon.dev/carillon/internal/engine/plan"
)

func (a *API) journeyRoutes() {
	const tag = "Journeys"
	handle(a, http.MethodGet, "/journeys", op{name: "listJourneys", tag: tag, summary: "List journeys", needs: access.ReadMessages}, a.listJourneys)
	handle(a, http.MethodGet, "/journeys/{key}", op{name: "getJourney", tag: tag, summary: "Read a journey with its definition",
		needs: access.ReadMessages}, a.getJourney)
	handle(a, http.MethodGet, "/journeys/{key}/versions/{version}", op{name: "getJourneyVersion", tag: tag, summary: "Read one version of a journey",
		needs: access.ReadMessages}, a.getJourneyVersion)
	handle(a, http.MethodPost, "/journeys", op{name: "saveJourney", tag: tag, summary: "Save a version of a journey",
		about: "Visits that are enrolled from now on take it; those that run keep theirs.", needs: access.ManageTexts}, a.saveJourney)
	handle(a, http.MethodPost, "/journeys/check", op{name: "checkJourney", repeats: true, tag: tag, summary: "Say what is wrong with a definition",
		about: "Nothing is saved.", needs: access.ReadMessages}, a.checkJourney)
	handle(a, http.MethodPost, "/journeys/try", op{name: "tryJourney", repeats: true, tag: tag, summary: "Say what an example visit would be sent",
		about: "A visit that is booked now: which step goes when, if nothing else happens. Nothing is saved or sent.", needs: access.ReadMessages}, a.tryJourney)
}

// Journey is one journey as it runs now.
type Journey struct {
	Key      string            `json:"key"`
	Version  int               `json:"version" doc:"The newest; running enrollments keep theirs."`
	Versions []int             `json:"versions"`
	Names    map[string]string `json:"names" doc:"By language."`
	Purpose  string            `json:"purpose"`
	Shipped  bool              `json:"shipped" doc:"It came with the product."`
	Active   int               `json:"active" doc:"Enrollments that run."`
	Ended    int               `json:"ended"`
	Steps    []JourneyStep     `json:"steps"`
	Source   string            `json:"source,omitempty" doc:"The definition as it was written (YAML); in the single answer only."`
}

// JourneyStep is one text of a journey.
type JourneyStep struct {
	ID       string `json:"id"`
	Template string `json:"template"`
	Off      bool   `json:"off,omitempty"`
}

func stepOf(s *journey.Step) JourneyStep {
	return JourneyStep{ID: s.ID, Template: s.Template, Off: !s.Enabled}
}

func journeyOf(j *desk.Journey) Journey {
	return Journey{Key: j.Key, Version: j.Version, Versions: j.Versions, Names: j.Names, Purpose: string(j.Purpose), Shipped: j.Shipped,
		Active: j.Active, Ended: j.Ended, Steps: mapped(j.Steps, stepOf)}
}

func (a *API) listJourneys(ctx context.Context, s access.Scope, _ *nothing) (*got[List[Journey]], error) {
	all, err := a.need.Desk.Journeys(ctx, s)
	return give(List[Journey]{mapped(all, journeyOf)}, err)
}

// JourneyKey names a journey.
type JourneyKey struct {
	Key string `path:"key" maxLength:"100"`
}

func (a *API) getJourney(ctx context.Context, s access.Scope, in *JourneyKey) (*got[Journey], error) {
	all, err := a.need.Desk.Journeys(ctx, s)
	for i := range all {
		if all[i].Key == in.Key {
			j := journeyOf(&all[i])
			j.Source = all[i].Source
			return give(j, nil)
		}
	}
	if err == nil {
		err = errs.New(errs.NotFound, "there is no such journey")
	}
	return nil, err
}

// JourneyVersion is one version as it was written.
type JourneyVersion struct {
	Key     string    `json:"key"`
	Version int       `json:"version"`
	Shipped bool      `json:"shipped"`
	Source  string    `json:"source"`
	SavedAt time.Time `json:"saved_at,omitzero"`
}

type journeyVersion struct {
	JourneyKey
	Version int `path:"version" minimum:"1"`
}

func (a *API) getJourneyVersion(ctx context.Context, s access.Scope, in *journeyVersion) (*got[JourneyVersion], error) {
	all, err := a.need.Plan.JourneyVersions(ctx, s, in.Key)
	for i := range all {
		if all[i].Version == in.Version {
			return give(fileOf(&all[i]), nil)
		}
	}
	if err == nil {
		err = errs.New(errs.NotFound, "there is no such version")
	}
	return nil, err
}

func fileOf(f *plan.JourneyVersion) JourneyVersion {
	return JourneyVersion{Key: f.Key, Version: f.Version, Shipped: f.Shipped, Source: f.Source, SavedAt: f.CreatedAt}
}

// JourneySource is a definition to save.
type JourneySource struct {
	Source string `json:"source" minLength:"1" maxLength:"65536" doc:"YAML, as docs/texts.md says."`
	Base   int    `json:"base,omitempty" minimum:"0" doc:"The version that the change was made on: the definition gets the number after it, and when it is not the newest any more the answer is a conflict. Left out, the definition's own version counts."`
}

type journeySource struct{ Body JourneySource }

func (a *API) saveJourney(ctx context.Context, s access.Scope, in *journeySource) (*got[Journey], error) {
	def, err := a.need.Plan.SaveJourney(ctx, s, plan.Saving{Source: in.Body.Source, Base: in.Body.Base})
	if err != nil {
		return nil, err
	}
	return a.getJourney(ctx, s, &JourneyKey{def.Key})
}

// Checked says what is wrong with a definition.
type Checked struct {
	Good     bool          `json:"good"`
	Problems []FileProblem `json:"problems"`
}

// FileProblem is one thing wrong, with its place.
type FileProblem struct {
	Line int    `json:"line,omitempty" doc:"From 1; absent when the whole file is meant."`
	Path string `json:"path,omitempty" doc:"Such as steps[2].at."`
	Text string `json:"text"`
}

// JourneyCheck is a definition to look at.
type JourneyCheck struct {
	Source string `json:"source" minLength:"1" maxLength:"65536"`
}

type journeyCheck struct{ Body JourneyCheck }

func (a *API) checkJourney(ctx context.Context, s access.Scope, in *journeyCheck) (*got[Checked], error) {
	_, err := a.need.Plan.CheckJourney(ctx, s, in.Body.Source)
	var ps journey.Problems
	if err != nil && !errors.As(err, &ps) {
		return nil, err
	}
	return give(Checked{Good: len(ps) == 0, Problems: mapped(ps, func(p *journey.Problem) FileProblem { return FileProblem{p.Line, p.Path, p.Text} })}, nil)
}

// JourneyTrial is an example visit.
type JourneyTrial struct {
	Source   string    `json:"source" minLength:"1" maxLength:"65536"`
	Start    time.Time `json:"start" doc:"When the visit begins."`
	Location id.ID     `json:"location,omitempty" doc:"The first one when left out."`
}

type journeyTrial struct{ Body JourneyTrial }

// TrialStep is what becomes of one step.
type TrialStep struct {
	Step     string    `json:"step"`
	Template string    `json:"template"`
	Asks     bool      `json:"asks"`
	Wanted   time.Time `json:"wanted_at" doc:"When the step says."`
	Due      time.Time `json:"due_at,omitzero" doc:"When it would go, in the location's hours; absent when it would not."`
	Hours    string    `json:"hours,omitempty" enum:"kept,moved_earlier,moved_later,no_window_before_use"`
	Skip     string    `json:"skip,omitempty" doc:"Why it would not be sent."`
}

func (a *API) tryJourney(ctx context.Context, s access.Scope, in *journeyTrial) (*got[List[TrialStep]], error) {
	told, err := a.need.Plan.DryRun(ctx, s, plan.Trial{Source: in.Body.Source, Site: in.Body.Location, Start: in.Body.Start})
	return give(List[TrialStep]{mapped(told, func(x *plan.TrialStep) TrialStep {
		return TrialStep{x.Step, x.Template, x.Asks, x.Wanted, x.Due, string(x.Moved), string(x.Skip)}
	})}, err)
}
