package plan_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/engine/plan"
	"carillon.dev/carillon/internal/engine/plan/plantest"
)

// Five visits are booked in one call: what tells of the bookings leaves room for the reminder of the next morning.
func TestBookingTextsLeaveRoomForTheNextReminder(t *testing.T) {
	onBoth(t, func(t *testing.T, k *plantest.Clinic) {
		who := k.Person(true)
		var visits []schedule.Appointment
		for i := range 5 {
			visits = append(visits, k.Book(who.ID, plantest.Noon.Add(45*time.Hour+time.Duration(i)*7*day), plantest.Noon))
		}
		k.Sweep()
		before, err := k.Plan.OfPerson(t.Context(), k.Scope, who.ID)
		if err != nil {
			t.Fatal(err)
		}
		k.Run(2*day, time.Hour)
		if got := lines(k, visits[0]); !slices.Contains(got, "day-before delivered") {
			t.Errorf("of the next visit: %q", got)
		}
		sent := 0
		for _, v := range visits {
			for _, m := range k.Messages(v.ID) {
				if m.Origin.Step == "booking" && m.State == message.Delivered {
					sent++
				}
				if !foreseen(before, &m.ID, m.State == message.Delivered) {
					t.Errorf("%s %s of the visit at %v was foreseen otherwise", m.Origin.Step, m.State, v.Start)
				}
			}
		}
		if sent != 1 {
			t.Errorf("%d of five bookings were told, want the one that there is room for", sent)
		}
	})
}

// foreseen: the projection said of the waiting message what became of it.
func foreseen(all []plan.Future, m *id.ID, left bool) bool {
	for i := range all {
		if all[i].Message == *m {
			return all[i].Will() == left
		}
	}
	return true // planned later
}

// Whatever visits somebody has, the last reminder before each leaves or somebody is to call, and nobody is written to
// more often than the caps allow.
func TestEveryVisitIsRemindedOfOrOnTheCallList(t *testing.T) {
	onBoth(t, func(t *testing.T, k *plantest.Clinic) {
		for seed := range uint64(4) {
			r := rand.New(rand.NewPCG(seed, 29))
			who, from := k.Person(true), k.Clock.Now()
			var visits []schedule.Appointment
			for range 1 + r.IntN(8) {
				start := from.Add(time.Duration(1+r.IntN(13))*day + time.Duration(2+r.IntN(5))*time.Hour) // by day
				visits = append(visits, k.Book(who.ID, start, from.Add(-time.Duration(r.IntN(2)*20)*day)))
			}
			called := map[id.ID]bool{}
			for k.Clock.Now().Before(from.Add(16 * day)) {
				k.Clock.Advance(time.Hour)
				if h := k.Clock.Now().UTC().Hour(); h < 8 || h > 17 {
					continue
				}
				k.Sweep()
				k.Deliver()
				k.Sweep()
				for _, c := range open(k) {
					called[c.Appointment] = true
				}
			}
			var left []time.Time
			for _, v := range visits {
				reminded := false
				for _, m := range k.Messages(v.ID) {
					if m.State != message.Delivered {
						continue
					}
					left = append(left, m.SentAt)
					reminded = reminded || m.Origin.Step == "day-before"
				}
				if !reminded && !called[v.ID] {
					t.Errorf("seed %d: nobody hears of the visit at %v: %s", seed, v.Start, strings.Join(lines(k, v), "; "))
				}
			}
			checkCaps(t, seed, left)
		}
	})
}

func checkCaps(t *testing.T, seed uint64, left []time.Time) {
	t.Helper()
	caps := purpose.Appointment.Traits()
	for _, end := range left {
		inDay, inWeek := 0, 0
		for _, at := range left {
			if ago := end.Sub(at); ago >= 0 && ago < 7*day {
				inWeek++
				if ago < day {
					inDay++
				}
			}
		}
		if inDay > caps.DayCap || inWeek > caps.WeekCap {
			t.Errorf("seed %d: %d texts in a day, %d in a week", seed, inDay, inWeek)
		}
	}
}
