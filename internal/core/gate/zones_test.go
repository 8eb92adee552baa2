package gate_test

import (
	"archive/zip"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"carillon.dev/carillon/internal/core/gate"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/quiet"
)

// everyZone lists the time zones that the Go distribution knows.
func everyZone(t *testing.T) (out []*time.Location) {
	t.Helper()
	z, err := zip.OpenReader(filepath.Join(runtime.GOROOT(), "lib", "time", "zoneinfo.zip")) //nolint:staticcheck // the tests run beside the distribution
	if err != nil {
		t.Fatalf("no zone list beside this Go: %v", err)
	}
	defer func() { _ = z.Close() }()
	for _, f := range z.File {
		if strings.HasSuffix(f.Name, "/") || f.Name == "Factory" {
			continue
		}
		l, err := time.LoadLocation(f.Name)
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		out = append(out, l)
	}
	return out
}

// In every zone of the world, around every change of its clocks, a reminder leaves exactly while the clock on the
// patient's wall shows an hour between nine and eight in the evening, and never at or after the visit.
func TestNoReminderLeavesInTheNightOfAnyZone(t *testing.T) {
	t.Parallel()
	zones := everyZone(t)
	if len(zones) < 500 {
		t.Fatalf("only %d zones", len(zones))
	}
	asked, sent := 0, 0
	for _, z := range zones {
		for _, around := range changesOf(z) {
			visit := around.Add(20 * time.Hour)
			for at := around.Add(-30 * time.Hour); at.Before(around.Add(30 * time.Hour)); at = at.Add(37 * time.Minute) {
				f := reminder()
				f.Text.ExpiresAt, f.Visit.Start, f.Hours = visit, visit, quiet.Timetable{Hours: nineToEight(), Zones: []*time.Location{z}}
				d := gate.Decide(&f, at)
				wall := at.In(z).Format("15:04")
				may := wall >= "09:00" && wall < "20:00" && at.Before(visit)
				asked++
				if d.Verdict == gate.Send {
					sent++
				}
				if (d.Verdict == gate.Send) != may {
					t.Fatalf("%s at %s: %s %v", z, at.In(z), d.Verdict, d.Reasons())
				}
				checkHold(t, z, &d, at, visit)
			}
		}
	}
	if sent == 0 || sent == asked {
		t.Fatalf("%d of %d leave", sent, asked)
	}
}

// changesOf are the next two changes of a zone's clocks, or a day of a zone without any.
func changesOf(z *time.Location) []time.Time {
	first := noon
	if _, end := noon.In(z).ZoneBounds(); !end.IsZero() && end.Before(noon.AddDate(3, 0, 0)) {
		first = end
	}
	if _, end := first.In(z).ZoneBounds(); !end.IsZero() && end.Before(noon.AddDate(3, 0, 0)) {
		return []time.Time{first, end}
	}
	return []time.Time{first}
}

// checkHold: what is held opens on an open wall clock before the visit; what is refused could not.
func checkHold(t *testing.T, z *time.Location, d *gate.Decision, at, visit time.Time) {
	t.Helper()
	switch d.Verdict {
	case gate.Hold:
		wall := d.Until.In(z).Format("15:04")
		if wall < "09:00" || wall >= "20:00" || !d.Until.Before(visit) || !d.Until.After(at) {
			t.Fatalf("%s at %s: held until %s, the visit is %s", z, at.In(z), d.Until.In(z), visit.In(z))
		}
	case gate.Refuse:
		if d.Reason() != message.ReasonStale && d.Reason() != message.ReasonNoWindow {
			t.Fatalf("%s at %s: %v", z, at.In(z), d.Reasons())
		}
	case gate.Send:
		if !d.ValidUntil.After(at) || d.ValidUntil.After(visit) {
			t.Fatalf("%s at %s: valid until %s, the visit is %s", z, at.In(z), d.ValidUntil.In(z), visit.In(z))
		}
	}
}

// A holiday on which the site is closed holds a reminder to the next open day, and refuses one whose visit comes first.
func TestAHolidayOfTheSiteIsQuiet(t *testing.T) {
	t.Parallel()
	warsaw, err := time.LoadLocation("Europe/Warsaw")
	if err != nil {
		t.Fatal(err)
	}
	table, err := quiet.Holidays()
	if err != nil {
		t.Fatal(err)
	}
	week := nineToEight()
	week.OnHolidays = false
	hours := quiet.Timetable{Hours: week, Zones: []*time.Location{warsaw}, Calendar: table.Calendar([]string{"PL"}, nil, 2026, 2027)}
	independence := time.Date(2026, 11, 11, 12, 0, 0, 0, warsaw)
	f := reminder()
	f.Hours = hours
	f.Visit.Start, f.Text.ExpiresAt = independence.AddDate(0, 0, 2), independence.AddDate(0, 0, 2)
	if d := gate.Decide(&f, independence); d.Verdict != gate.Hold || !d.Until.Equal(time.Date(2026, 11, 12, 9, 0, 0, 0, warsaw)) {
		t.Errorf("on a holiday: %s until %v", d.Verdict, d.Until)
	}
	f.Visit.Start, f.Text.ExpiresAt = independence.Add(4*time.Hour), independence.Add(4*time.Hour)
	if d := gate.Decide(&f, independence); d.Reason() != message.ReasonNoWindow {
		t.Errorf("with the visit on the holiday: %v", d.Reasons())
	}
}
