package plan

import (
	"context"
	"slices"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/journey"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/quiet"
	"carillon.dev/carillon/internal/engine/outbox"
	"carillon.dev/carillon/internal/store"
)

// Trial is an example visit that is booked now.
type Trial struct {
	Source string // the journey
	Site   id.ID  // zero takes the first location
	Start  time.Time
}

// TrialStep is what becomes of one step for the example visit.
type TrialStep struct {
	Step     string
	Template string
	Asks     bool
	Wanted   time.Time     // when the step says
	Due      time.Time     // when it would go, bent into the hours; zero when it would not
	Moved    quiet.Outcome // how quiet hours bent it; NoWindow: there is no open hour before its use ends
	Skip     journey.Skip  // why it would not be sent
}

// trialTurns bounds a trial: no journey takes as many turns.
const trialTurns = 500

// DryRun says what a patient would be sent about an example visit, if nothing happened but time: the pure engine is
// run through it, with the site's hours. Nobody answers and nothing is written.
func (p *Planner) DryRun(ctx context.Context, scope access.Scope, t Trial) ([]TrialStep, error) {
	if !scope.Allows(access.ReadMessages) {
		return nil, forbidden()
	}
	r := trial{planner: p, ctx: ctx, scope: scope, skips: map[string]journey.Forecast{}, texts: map[string]TrialStep{}}
	err := p.store.Read(ctx, scope, func(tx store.Tx) (err error) {
		r.now = tx.Now()
		if r.def, err = checkJourney(ctx, tx, t.Source); err != nil {
			return err
		}
		r.site, err = siteOf(ctx, tx, t.Site)
		return err
	})
	if err != nil {
		return nil, err
	}
	if !t.Start.After(r.now) || t.Start.After(r.now.AddDate(2, 0, 0)) {
		return nil, errs.New(errs.Invalid, "choose a time from now on, within two years").At("start")
	}
	return r.run(t.Start)
}

func siteOf(ctx context.Context, tx store.Tx, site id.ID) (org.Location, error) {
	if !site.IsZero() {
		return tx.Orgs().Location(ctx, site)
	}
	all, err := tx.Orgs().Locations(ctx)
	if err == nil && len(all) == 0 {
		err = errs.New(errs.Precondition, "there is no location yet: add one first")
	}
	if err != nil {
		return org.Location{}, err
	}
	return all[0], nil
}

// trial is one run.
type trial struct {
	planner *Planner
	ctx     context.Context //nolint:containedctx // it lives as long as DryRun
	scope   access.Scope
	def     *journey.Definition
	site    org.Location
	now     time.Time
	e       journey.Enrollment
	skips   map[string]journey.Forecast
	texts   map[string]TrialStep
}

func (r *trial) run(start time.Time) ([]TrialStep, error) {
	v := journey.Visit{Fact: journey.Fact{Start: start.UTC(), Location: r.site.ID}, Version: 1, BookedAt: r.now,
		Zone: r.planner.zones.get(r.site.Zone), Works: r.planner.days.of(r.site, start.Year())}
	var actions []journey.Action
	r.e, actions = journey.Enroll(r.def, journey.Enrollment{ID: id.New(), Org: r.scope.Org(), Appointment: id.New()}, v, r.now)
	for range trialTurns {
		if err := r.take(actions); err != nil {
			return nil, err
		}
		r.look()
		next, leaves := r.next()
		if next.IsZero() || r.e.State != journey.Active {
			break
		}
		r.now = next
		evs := []journey.Event{{Kind: journey.TimeCame}}
		if !leaves.IsZero() {
			evs = []journey.Event{{Kind: journey.MessageNews, Ref: leaves, Outcome: journey.OutcomeDelivered, At: next}, {Kind: journey.TimeCame}}
		}
		r.e, actions = journey.AdvanceAll(r.def, r.e, evs, r.now)
	}
	return r.told(), nil
}

// next is the first moment at which something happens, and the text that leaves then.
func (r *trial) next() (at time.Time, leaves journey.Ref) {
	at = r.e.NextDue
	for _, t := range r.e.Texts {
		if t.Phase == journey.Pending && (at.IsZero() || !t.Due.After(at)) {
			at, leaves = t.Due, t.Ref
		}
	}
	return at, leaves
}

// take bends what is to be sent into the site's hours, as planning does.
func (r *trial) take(actions []journey.Action) error {
	for _, a := range actions {
		if a.Kind != journey.Send {
			continue
		}
		hours, err := r.planner.outbox.Hours(r.ctx, r.scope, []outbox.Ask{{Purpose: r.def.Purpose, Location: r.site.ID, DueAt: a.Due}})
		if err != nil {
			return err
		}
		useBy := a.Expires
		if a.States.Start.Before(useBy) {
			useBy = a.States.Start
		}
		fit := hours[0].Fit(quiet.Request{Desired: a.Due, Earliest: r.now, UseBy: useBy, Direction: a.Quiet})
		s := TrialStep{Step: a.Ref.Step, Template: a.Template, Asks: a.Asks, Wanted: a.Due, Due: fit.At, Moved: fit.Outcome}
		r.texts[a.Ref.Step] = s
		if !fit.Placed() {
			r.e, _ = journey.Advance(r.def, r.e, journey.Event{Kind: journey.MessageNews, Ref: a.Ref, Outcome: journey.OutcomeRefused}, r.now)
			continue
		}
		r.e.Bind(a.Ref, id.New(), fit.At)
	}
	return nil
}

// look keeps the reason of every step that is not going to be sent; that time has passed is a reason only for what
// never had another.
func (r *trial) look() {
	if r.e.State != journey.Active {
		return
	}
	for _, f := range r.e.Forecast(r.def, r.now) {
		if _, had := r.skips[f.Step.ID]; !had || f.Skip != journey.SkipTooLate {
			r.skips[f.Step.ID] = f
		}
	}
}

// told lists every step by time.
func (r *trial) told() (out []TrialStep) {
	for _, s := range r.def.Steps {
		if t, ok := r.texts[s.ID]; ok {
			out = append(out, t)
			continue
		}
		f := r.skips[s.ID]
		out = append(out, TrialStep{Step: s.ID, Template: s.Template, Asks: s.Asks, Wanted: f.Due, Skip: f.Skip})
	}
	slices.SortStableFunc(out, func(a, b TrialStep) int { return at(a).Compare(at(b)) })
	return out
}

func at(s TrialStep) time.Time {
	if s.Due.IsZero() {
		return s.Wanted
	}
	return s.Due
}
