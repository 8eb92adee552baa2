package plan

import (
	"testing"
	"time"

	"carillon.dev/carillon/internal/core/quiet"
)

func TestNewsBreaksQuietHoursOnlyWhereTheNextWindowIsTooLate(t *testing.T) {
	t.Parallel()
	night := time.Date(2026, time.March, 3, 3, 0, 0, 0, time.UTC)
	var day quiet.Hours
	for d := range day.Week {
		day.Week[d] = []quiet.Window{{From: 9 * 60, To: 20 * 60}}
	}
	for name, c := range map[string]struct {
		hours  quiet.Hours
		begins time.Duration
		breaks bool
	}{
		"in the morning":                    {day, 6 * time.Hour, true},
		"just after the window and the way": {day, 18*time.Hour + time.Minute, false},
		"never open, today":                 {quiet.Hours{}, 6 * time.Hour, true},
		"never open, in weeks":              {quiet.Hours{}, 20 * 24 * time.Hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt := quiet.Timetable{Hours: c.hours, Zones: []*time.Location{time.UTC}}
			if got := breaksQuiet(tt, night, night.Add(c.begins), time.Hour); got != c.breaks {
				t.Errorf("breaks: %v", got)
			}
		})
	}
}
