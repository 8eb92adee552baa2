package outbox

import (
	"strings"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/quiet"
	"carillon.dev/carillon/internal/core/rules"
	"carillon.dev/carillon/internal/store"
)

func TestNumbersThatShareTheirFirstZoneOnlyHaveTheirOwnHours(t *testing.T) {
	t.Parallel()
	book, err := rules.Load()
	if err != nil {
		t.Fatal(err)
	}
	holidays, err := quiet.Holidays()
	if err != nil {
		t.Fatal(err)
	}
	o := New(nil, book, holidays, Options{})
	org := &orgFacts{places: map[id.ID]*place{{}: {}}, tables: map[tableKey]quiet.Timetable{}}
	var d store.Draft
	d.Purpose = purpose.Appointment
	for _, zones := range [][]string{{"America/New_York"}, {"America/New_York", "America/Los_Angeles"}} {
		it := &item{draft: &d, org: org, at: time.Date(2026, time.March, 3, 14, 30, 0, 0, time.UTC)} // 6:30 in Los Angeles
		tt, _ := o.hours(it, line{region: "US", zones: zones, zone: strings.Join(zones, " ")})
		if len(tt.Zones) != len(zones) {
			t.Errorf("a number of %v has the hours of %v", zones, tt.Zones)
		}
	}
}
