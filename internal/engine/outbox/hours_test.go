package outbox

import (
	"strings"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/gate"
	"carillon.dev/carillon/internal/core/org"
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

// Whoever kept the number of another place may be there: both clocks count, as long as their hours meet in time.
func TestANumberOfAnotherPlaceNarrowsTheSitesHours(t *testing.T) {
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
	policy := quiet.Policy{Classes: map[purpose.Class]quiet.Hours{purpose.ClassCare: quiet.Daily(9*60, 17*60, true, 0, 1, 2, 3, 4, 5, 6)}}
	for name, c := range map[string]struct {
		site, own string
		number    line
		at        time.Time
		open      bool
		from      gate.ZoneSource
	}{
		"evening in Los Angeles, night in New York": {"America/Los_Angeles", "", line{region: "US", zones: []string{"America/New_York"}, zone: "NY"},
			time.Date(2026, time.March, 4, 3, 0, 0, 0, time.UTC), false, gate.ZoneOfBoth},
		"noon in Los Angeles": {"America/Los_Angeles", "", line{region: "US", zones: []string{"America/New_York"}, zone: "NY"},
			time.Date(2026, time.March, 3, 20, 0, 0, 0, time.UTC), true, gate.ZoneOfBoth},
		"the patient's own zone is known": {"America/Los_Angeles", "America/Los_Angeles", line{region: "US", zones: []string{"America/New_York"}, zone: "NY"},
			time.Date(2026, time.March, 4, 0, 0, 0, 0, time.UTC), true, gate.ZoneOfPerson},
		"a neighbour with the same clock": {"Europe/Warsaw", "", line{region: "DE", zones: []string{"Europe/Berlin"}, zone: "B"},
			time.Date(2026, time.March, 3, 9, 0, 0, 0, time.UTC), true, gate.ZoneOfLocation},
		"one of the number's zones is the site's": {"America/New_York", "", line{region: "US", zones: []string{"America/Chicago", "America/New_York"}, zone: "C"},
			time.Date(2026, time.March, 3, 15, 0, 0, 0, time.UTC), true, gate.ZoneOfLocation},
		"hours that never meet": {"Africa/Windhoek", "", line{region: "US", zones: []string{"Pacific/Honolulu"}, zone: "H"},
			time.Date(2026, time.March, 3, 9, 0, 0, 0, time.UTC), true, gate.ZoneOfLocation},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			zone, err := time.LoadLocation(c.site)
			if err != nil {
				t.Fatal(err)
			}
			site := id.New()
			p := &place{Location: org.Location{ID: site, Zone: c.site, Region: "US", Hours: policy}, zone: zone}
			facts := &orgFacts{places: map[id.ID]*place{site: p}, tables: map[tableKey]quiet.Timetable{}}
			it := &item{draft: &store.Draft{}, org: facts, place: p, at: c.at}
			it.draft.Purpose = purpose.Appointment
			it.person.Facts.Zone = c.own
			for range 2 { // the second comes from what is kept
				tt, from := o.hours(it, c.number)
				if open, why := tt.At(c.at); open != c.open || from != c.from {
					t.Errorf("open %v (%s) by %q, want %v by %q", open, why, from, c.open, c.from)
				}
			}
		})
	}
}
