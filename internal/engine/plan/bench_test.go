package plan_test

import (
	"context"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/engine/outbox"
	"carillon.dev/carillon/internal/engine/plan/plantest"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/storetest"
)

// BenchmarkSweep plans visits that were just booked: one enrollment and two messages each.
func BenchmarkSweep(b *testing.B) {
	for name, open := range map[string]storetest.Open{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		b.Run(name, func(b *testing.B) {
			c := clock.NewFixed(plantest.Noon)
			s := open(b, c)
			k := plantest.New(b, s, c, outbox.Options{})
			var people []schedule.Appointment
			for range 200 {
				people = append(people, schedule.Appointment{Person: k.Person(true).ID})
			}
			for b.Loop() {
				b.StopTimer()
				k.Write(func(ctx context.Context, tx store.Tx) error {
					visits := make([]schedule.Appointment, len(people))
					for i := range people {
						visits[i] = schedule.Appointment{Person: people[i].Person, Location: k.Site.ID, Status: schedule.Booked,
							Start: plantest.Noon.Add(3 * day), Length: 20 * time.Minute, Zone: "Europe/Warsaw", BookedAt: plantest.Noon}
					}
					made, err := tx.Visits().Create(ctx, visits)
					touches := make([]store.Touch, len(made))
					for i := range made {
						touches[i] = store.Touch{Visit: made[i].ID}
					}
					if err != nil {
						return err
					}
					return tx.Journeys().Touch(ctx, touches)
				})
				b.StartTimer()
				k.Sweep()
			}
			b.ReportMetric(float64(b.N*len(people))/b.Elapsed().Seconds(), "visits/s")
			w := s.WriteStats()
			b.ReportMetric(float64(w.Max.Microseconds())/1000, "ms-longest-write")
		})
	}
}
