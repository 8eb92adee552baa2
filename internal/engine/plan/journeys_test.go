package plan_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/core/journey"
	"carillon.dev/carillon/internal/core/quiet"
	"carillon.dev/carillon/internal/engine/outbox"
	"carillon.dev/carillon/internal/engine/plan"
	"carillon.dev/carillon/internal/engine/plan/plantest"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/storetest"
)

const reminders = "appointment-reminder"

func TestAFormSwitchesStepsAndMovesThem(t *testing.T) {
	onBoth(t, func(t *testing.T, k *plantest.Clinic) {
		steps := []journey.StepEdit{{ID: "hours-before", Enabled: true, At: "-3h"}, {ID: "week-before", Enabled: true, At: "-5d"}}
		def, err := k.Plan.ChangeSteps(t.Context(), k.Scope, reminders, 1, steps)
		if err != nil || def.Version != 2 {
			t.Fatalf("%+v: %v", def, err)
		}
		if _, err := k.Plan.ChangeSteps(t.Context(), k.Scope, reminders, 1, steps); !errs.Is(err, errs.Conflict) {
			t.Errorf("a change of an old version: %v", err)
		}
		all, err := k.Plan.JourneyVersions(t.Context(), k.Scope, reminders)
		if err != nil || len(all) != 2 || all[0].Version != 2 || all[0].Shipped || !all[1].Shipped {
			t.Fatalf("%d versions: %v", len(all), err)
		}
		parts, err := k.Plan.CompareJourney(t.Context(), k.Scope, reminders, 1, 2)
		if err != nil || !slices.Contains(parts, content.Part{Op: content.Added, Text: "    at: -5d\n"}) {
			t.Errorf("difference %+v (%v)", parts, err)
		}
		v := k.Book(k.Person(true).ID, plantest.Noon.Add(2*day), plantest.Noon.Add(-30*day))
		k.Run(2*day, time.Hour)
		want(t, lines(k, v), "day-before delivered", "hours-before delivered")
	})
}

func TestAJourneyIsCheckedWithLinesAndAgainstItsTexts(t *testing.T) {
	t.Parallel()
	c := clock.NewFixed(plantest.Noon)
	k := plantest.New(t, storetest.SQLite(t, c), c, outbox.Options{})
	src := string(journey.ShippedFiles()[0])
	for name, x := range map[string]struct{ from, to, path string }{
		"a word that files do not have":     {"plan_ahead: 4d", "plan_ahaed: 4d", "plan_ahaed"},
		"a text that nobody wrote":          {"template: reminder-2h", "template: reminder-3h", "steps[3].template"},
		"a step that asks without digits":   {"template: reminder-24h", "template: reminder-2h", "steps[2].asks"},
		"digits in a step that asks nobody": {"template: reminder-2h", "template: reminder-24h", "steps[3].asks"},
		"a text after its use":              {"use_until: -3d", "use_until: -8d", "steps[1].use_until"},
	} {
		_, err := k.Plan.CheckJourney(t.Context(), k.Scope, strings.Replace(src, x.from, x.to, 1))
		var ps journey.Problems
		if !errors.As(err, &ps) || !slices.ContainsFunc(ps, func(p journey.Problem) bool { return p.Path == x.path && p.Line > 0 }) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := k.Plan.SaveJourney(t.Context(), k.Scope, plan.Saving{Source: src, Key: "another", Base: 1}); !errs.Is(err, errs.Invalid) {
		t.Errorf("another journey's file: %v", err)
	}
	var nobody access.Scope
	for name, err := range map[string]error{
		"check":   second(k.Plan.CheckJourney(t.Context(), nobody, src)),
		"save":    second(k.Plan.SaveJourney(t.Context(), nobody, plan.Saving{Source: src})),
		"change":  second(k.Plan.ChangeSteps(t.Context(), nobody, reminders, 1, nil)),
		"list":    second(k.Plan.JourneyVersions(t.Context(), nobody, reminders)),
		"compare": second(k.Plan.CompareJourney(t.Context(), nobody, reminders, 1, 1)),
		"dry run": second(k.Plan.DryRun(t.Context(), nobody, plan.Trial{Source: src})),
	} {
		if !errs.Is(err, errs.Forbidden) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// What a dry run says is what then happens.
func TestADryRunSaysWhatPlanningDoes(t *testing.T) {
	onBoth(t, func(t *testing.T, k *plantest.Clinic) {
		src := strings.Replace(string(journey.ShippedFiles()[0]), "enabled: false", "enabled: true", 1)
		for _, start := range []time.Time{plantest.Noon.Add(20 * day), plantest.Noon.Add(5*day - 4*time.Hour), plantest.Noon.Add(5 * time.Hour), plantest.Noon.Add(7*day - 3*time.Hour)} {
			got, err := k.Plan.DryRun(t.Context(), k.Scope, plan.Trial{Source: src, Start: start})
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != 4 {
				t.Fatalf("%d steps", len(got))
			}
			for _, s := range got {
				if (s.Skip == "") == s.Due.IsZero() || !s.Due.IsZero() && !s.Due.Before(start) {
					t.Errorf("%+v", s)
				}
			}
		}
		if _, err := k.Plan.SaveJourney(t.Context(), k.Scope, plan.Saving{Source: src, Base: 1}); err != nil {
			t.Fatal(err)
		}
		start := plantest.Noon.Add(20*day - 3*time.Hour) // at nine: two hours before is quiet
		said, err := k.Plan.DryRun(t.Context(), k.Scope, plan.Trial{Source: src, Site: k.Site.ID, Start: start})
		if err != nil {
			t.Fatal(err)
		}
		v := k.Book(k.Person(true).ID, start, plantest.Noon)
		k.Run(20*day, 30*time.Minute)
		for _, s := range said {
			i := slices.IndexFunc(k.Messages(v.ID), func(m store.Draft) bool { return m.Origin.Step == s.Step })
			if (s.Skip == "") != (i >= 0) {
				t.Errorf("%s: skip %q, message %d", s.Step, s.Skip, i)
				continue
			}
			if i >= 0 && k.Messages(v.ID)[i].DueAt.Sub(s.Due).Abs() > 35*time.Minute {
				t.Errorf("%s went at %v, said %v", s.Step, k.Messages(v.ID)[i].DueAt, s.Due)
			}
		}
		if i := slices.IndexFunc(said, func(s plan.TrialStep) bool { return s.Moved == quiet.Earlier }); i < 0 {
			t.Error("quiet hours moved nothing")
		}
		if n := len(k.Messages(id.New())); n != 0 {
			t.Errorf("%d messages", n)
		}
		for _, start := range []time.Time{plantest.Noon.Add(-time.Hour), plantest.Noon.AddDate(3, 0, 0)} {
			if _, err := k.Plan.DryRun(t.Context(), k.Scope, plan.Trial{Source: src, Start: start}); !errs.Is(err, errs.Invalid) {
				t.Errorf("at %v: %v", start, err)
			}
		}
	})
}
