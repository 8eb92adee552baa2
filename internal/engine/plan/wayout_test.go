package plan_test

import (
	"strings"
	"testing"
	"time"

	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/engine/plan/plantest"
)

// Of all that a person gets the first text that arrives says how to get no more, and no other does; each person on their
// own number hears it once.
func TestOnlyTheFirstTextThatArrivesSaysHowToStop(t *testing.T) {
	onBoth(t, func(t *testing.T, k *plantest.Clinic) {
		person := k.Person(true)
		v := k.Book(person.ID, plantest.Noon.Add(21*day), plantest.Noon)
		k.Sweep()
		k.Clock.Advance(3 * time.Minute)
		k.Lose() // the booking reaches nobody
		k.Run(22*day, 6*time.Hour)
		want(t, lines(k, v), "booking undelivered", "week-before delivered", "day-before delivered")
		for i, m := range k.Messages(v.ID) {
			says := strings.HasSuffix(m.Body.Reveal(), "\nReply STOP for no more texts.")
			if says != (i < 2) || m.Flags.Has(message.TellsWayOut) != says || (m.Decision.WayOut == message.WayOutFirst) != says {
				t.Errorf("%s: %q, flags %b, record %q", m.Origin.Step, m.Body.Reveal(), m.Flags, m.Decision.WayOut)
			}
			if m.Segments == 0 {
				t.Errorf("%s was not counted", m.Origin.Step)
			}
		}
		again := k.Book(person.ID, k.Clock.Now().Add(3*day), k.Clock.Now())
		other := k.Book(k.Person(true).ID, k.Clock.Now().Add(3*day), k.Clock.Now())
		k.Sweep()
		if m := k.Messages(again.ID); len(m) == 0 || strings.Contains(m[0].Body.Reveal(), "STOP") {
			t.Errorf("told again: %v", lines(k, again))
		}
		if m := k.Messages(other.ID); len(m) == 0 || !strings.Contains(m[0].Body.Reveal(), "STOP") {
			t.Errorf("another person was not told: %v", lines(k, other))
		}
	})
}
