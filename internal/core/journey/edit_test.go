package journey_test

import (
	"strings"
	"testing"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/journey"
)

func TestRewriteChangesWhatAFormSaysAndNothingElse(t *testing.T) {
	t.Parallel()
	src := string(journey.ShippedFiles()[0])
	got, err := journey.Rewrite([]byte(src), journey.Edit{Version: 2, Steps: []journey.StepEdit{
		{ID: "booking", Enabled: true, At: "0"}, {ID: "week-before", Enabled: false, At: "-5d", UseUntil: "-2d"},
		{ID: "day-before", Enabled: true, At: "-24h"}, {ID: "hours-before", Enabled: true, At: "-3h", UseUntil: "-30m"}}})
	if err != nil {
		t.Fatal(err)
	}
	want := strings.NewReplacer("version: 1", "version: 2", "at: -7d", "at: -5d", "use_until: -3d", "use_until: -2d",
		"id: week-before\n", "id: week-before\n    enabled: false\n", "enabled: false\n    at: -2h", "enabled: true\n    at: -3h").Replace(src)
	if string(got) != want {
		t.Errorf("got:\n%s", got)
	}
	d, err := journey.Parse(got)
	if err != nil {
		t.Fatal(err)
	}
	if s, _ := d.Step("hours-before"); d.Version != 2 || !s.Enabled || s.Offset.String() != "-3h" {
		t.Errorf("version %d, step %+v", d.Version, s)
	}
}

func TestRewriteReadsOtherWaysToWrite(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ src, want string }{
		"flow":          {"version: 1 # first\nsteps: [{id: a, at: '-2h' }, {id: b, at: -1h}]", "version: 9 # first\nsteps: [{enabled: false, id: a, at: -3h }, {id: b, at: -1h}]"},
		"no last break": {"version: \"1\"\nsteps:\n- at: -2h\n  id: a", "version: 9\nsteps:\n- at: -3h\n  enabled: false\n  id: a"},
		"id comes last": {"steps:\n  -\n    at: -2h # then\n    id: a\nversion: 1\n", "steps:\n  -\n    at: -3h # then\n    enabled: false\n    id: a\nversion: 9\n"},
	} {
		got, err := journey.Rewrite([]byte(c.src), journey.Edit{Version: 9, Steps: []journey.StepEdit{{ID: "a", At: "-3h"}}})
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %v\n%s", name, err, got)
		}
	}
	for _, src := range []string{"", "a: [", "- x", "steps: 3"} {
		if _, err := journey.Rewrite([]byte(src), journey.Edit{Version: 2}); !errs.Is(err, errs.Invalid) {
			t.Errorf("%q: %v", src, err)
		}
	}
	if _, err := journey.Rewrite(journey.ShippedFiles()[0], journey.Edit{Steps: []journey.StepEdit{{ID: "nowhere"}}}); !errs.Is(err, errs.NotFound) {
		t.Errorf("a step that is not there: %v", err)
	}
}

func FuzzRewrite(f *testing.F) {
	f.Add(string(journey.ShippedFiles()[0]), "-5d", true)
	f.Add("version: 1\nsteps: [{id: booking, at: '0'}]", "0", false)
	f.Fuzz(func(t *testing.T, src, at string, on bool) {
		d, err := journey.Parse([]byte(src))
		if err != nil {
			return
		}
		if _, err := journey.ParseOffset(at); err != nil {
			return
		}
		edit := journey.Edit{Version: d.Version + 1}
		for _, s := range d.Steps {
			edit.Steps = append(edit.Steps, journey.StepEdit{ID: s.ID, Enabled: on})
		}
		out, err := journey.Rewrite([]byte(src), edit)
		if err != nil {
			t.Fatal(err)
		}
		again, err := journey.Parse(out)
		if err != nil || again.Version != d.Version+1 || len(again.Steps) != len(d.Steps) {
			t.Fatalf("%v\n%s", err, out)
		}
		for _, s := range again.Steps {
			if s.Enabled != on {
				t.Fatalf("%s is not %v:\n%s", s.ID, on, out)
			}
		}
	})
}
