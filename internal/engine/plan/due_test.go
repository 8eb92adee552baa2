package plan_test

import (
	"testing"
	"time"

	"carillon.dev/carillon/internal/engine/plan/plantest"
)

// What is due is found by its own time, however far away its visit is, and counted as a whole.
func TestWhatIsDueIsListedByItsOwnTime(t *testing.T) {
	onBoth(t, func(t *testing.T, k *plantest.Clinic) {
		far := k.Book(k.Person(true).ID, plantest.Noon.Add(12*day), plantest.Noon.Add(-30*day)) // its week-before text is due in five days
		k.Book(k.Person(true).ID, plantest.Noon.Add(32*time.Hour), plantest.Noon)               // a booking text and a reminder
		k.Book(k.Person(false).ID, plantest.Noon.Add(50*time.Hour), plantest.Noon.Add(-30*day)) // a reminder without consent
		k.Sweep()
		edges := []time.Time{time.Unix(0, 0), plantest.Noon.Add(day), plantest.Noon.Add(3 * day), plantest.Noon.Add(7 * day)}
		var got []string
		after := ""
		for {
			l, err := k.Plan.Due(t.Context(), k.Scope, k.Site.ID, edges, after, 2)
			if err != nil {
				t.Fatal(err)
			}
			if l.Counts[0] != 2 || l.Counts[1] != 1 || l.Counts[2] != 1 {
				t.Fatalf("counts %v", l.Counts)
			}
			for _, f := range l.Futures {
				line := f.Step
				if !f.Will() {
					line += " " + string(f.Why)
				}
				if f.Step == "week-before" && f.Visit != far.ID {
					t.Errorf("of another visit: %+v", f)
				}
				got = append(got, line)
			}
			if after = l.Next; after == "" {
				break
			}
		}
		want(t, got, "booking", "day-before", "day-before no_consent", "week-before")
	})
}
