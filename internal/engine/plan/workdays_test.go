package plan

import (
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/quiet"
)

func TestASiteWorksOnItsOwnDays(t *testing.T) {
	t.Parallel()
	var w workdays
	poland := org.Location{ID: id.New(), Region: "PL", Hours: quiet.Policy{Closures: []quiet.Day{quiet.DayOf(2026, 5, 5)}}}
	riyadh := org.Location{ID: id.New(), Region: "SA", Hours: quiet.Policy{Classes: map[purpose.Class]quiet.Hours{
		purpose.ClassCare: quiet.Daily(540, 1020, false, time.Sunday, time.Monday, time.Tuesday, time.Wednesday, time.Thursday)}}}
	for name, tt := range map[string]struct {
		site org.Location
		day  quiet.Day
		want bool
	}{
		"an ordinary Monday":              {poland, quiet.DayOf(2026, 5, 4), true},
		"a Sunday":                        {poland, quiet.DayOf(2026, 5, 10), false},
		"Labour Day":                      {poland, quiet.DayOf(2026, 5, 1), false},
		"the site's own closure":          {poland, quiet.DayOf(2026, 5, 5), false},
		"a Sunday where Sunday is worked": {riyadh, quiet.DayOf(2026, 5, 10), true},
		"a Friday there":                  {riyadh, quiet.DayOf(2026, 5, 8), false},
	} {
		if got := w.of(tt.site, 2026)(tt.day); got != tt.want {
			t.Errorf("%s: works %v", name, got)
		}
	}
}
