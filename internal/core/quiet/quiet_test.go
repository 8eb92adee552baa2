package quiet_test

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the tests know every zone wherever they run

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/quiet"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func hours(t testing.TB, s string) quiet.Hours {
	t.Helper()
	h, err := quiet.ParseHours(s)
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return h
}

func table(t testing.TB) quiet.Table {
	t.Helper()
	tb, err := quiet.Holidays()
	if err != nil {
		t.Fatal(err)
	}
	return tb
}

func TestHoursAreReadAndWritten(t *testing.T) {
	t.Parallel()
	h := hours(t, "Mon-Sat 09:00-13:00,14:00-20:00; Sun 10:00-12:00; holidays open")
	back := hours(t, h.String())
	if d := cmp.Diff(h, back); d != "" {
		t.Fatalf("round trip: %s", d)
	}
	for _, bad := range []string{"", "Mon", "Mon 9:00-20:00", "Mon 20:00-09:00", "Mon 09:00-25:00", "Foo 09:00-10:00",
		"Mon 09:00-12:00; Mon 11:00-13:00", "any; Mon 09:00-10:00", "Mon 09:00-09:00", "Mon 09:61-10:00"} {
		if _, err := quiet.ParseHours(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
	if got := hours(t, "Fri-Mon 08:00-09:00").String(); got != "Mon 08:00-09:00; Fri 08:00-09:00; Sat 08:00-09:00; Sun 08:00-09:00; holidays closed" {
		t.Errorf("a range over the week's end: %s", got)
	}
}

func TestPolicySurvivesJSON(t *testing.T) {
	t.Parallel()
	day, _ := quiet.ParseDay("2026-12-24")
	p := quiet.Policy{
		Classes:  map[purpose.Class]quiet.Hours{purpose.ClassCare: hours(t, "Mon-Fri 08:00-18:00"), purpose.ClassUrgent: quiet.Always()},
		Holidays: []string{"PL"}, Closures: []quiet.Day{day},
	}
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var back quiet.Policy
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(p, back); d != "" {
		t.Fatalf("%s\n%s", b, d)
	}
}

func TestSiteNarrowsLawAndNeverWidens(t *testing.T) {
	t.Parallel()
	law := hours(t, "Mon-Sat 08:00-20:00; holidays closed")
	p := quiet.Policy{Classes: map[purpose.Class]quiet.Hours{purpose.ClassCare: hours(t, "Mon-Sun 07:00-12:00,19:00-22:00; holidays open")}}
	want := hours(t, "Mon-Sat 08:00-12:00,19:00-20:00; holidays closed")
	if d := cmp.Diff(want, p.Hours(purpose.ClassCare, law)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(law, p.Hours(purpose.ClassMarketing, law)); d != "" {
		t.Error("a class without own hours keeps the law's:", d)
	}
}

func TestMomentsHaveReasons(t *testing.T) {
	t.Parallel()
	pl := zone(t, "Europe/Warsaw")
	day, _ := quiet.ParseDay("2026-12-21")
	tt := quiet.Timetable{Hours: hours(t, "Mon-Sat 09:00-20:00"), Zones: []*time.Location{pl},
		Calendar: table(t).Calendar([]string{"PL"}, []quiet.Day{day}, 2026, 2027)}
	for _, c := range []struct {
		name string
		at   time.Time
		want quiet.Reason
	}{
		{"Tuesday noon", time.Date(2026, 11, 24, 12, 0, 0, 0, pl), quiet.Open},
		{"first minute", time.Date(2026, 11, 24, 9, 0, 0, 0, pl), quiet.Open},
		{"just before", time.Date(2026, 11, 24, 8, 59, 59, 999, pl), quiet.QuietHours},
		{"at the close", time.Date(2026, 11, 24, 20, 0, 0, 0, pl), quiet.QuietHours},
		{"Sunday", time.Date(2026, 11, 29, 12, 0, 0, 0, pl), quiet.ClosedDay},
		{"Independence Day", time.Date(2026, 11, 11, 12, 0, 0, 0, pl), quiet.Holiday},
		{"Christmas Eve, a holiday since 2025", time.Date(2026, 12, 24, 12, 0, 0, 0, pl), quiet.Holiday},
		{"closure of the site", time.Date(2026, 12, 21, 12, 0, 0, 0, pl), quiet.Holiday},
	} {
		open, why := tt.At(c.at)
		if why != c.want || open != (c.want == quiet.Open) {
			t.Errorf("%s: %v %s, want %s", c.name, open, why, c.want)
		}
	}
	if _, why := (quiet.Timetable{}).At(day.Time()); why != quiet.NeverOpen {
		t.Errorf("hours without windows: %s", why)
	}
	if open, why := (quiet.Timetable{Hours: quiet.Always()}).At(day.Time()); !open || why != quiet.AnyTime {
		t.Errorf("any time: %v %s", open, why)
	}
}

func TestFitBendsTheRightWay(t *testing.T) {
	t.Parallel()
	ny := zone(t, "America/New_York")
	at := func(d, h, m int) time.Time { return time.Date(2026, 11, d, h, m, 0, 0, ny) } // 23 Nov 2026 is a Monday
	tt := quiet.Timetable{Hours: hours(t, "Mon-Sat 09:00-20:00"), Zones: []*time.Location{ny},
		Calendar: table(t).Calendar([]string{"US"}, nil, 2026, 2027)}
	for _, c := range []struct {
		name    string
		req     quiet.Request
		at      time.Time
		outcome quiet.Outcome
	}{
		{"an open time is kept", quiet.Request{Desired: at(24, 10, 0), Direction: quiet.Pull}, at(24, 10, 0), quiet.Kept},
		{"a reminder for six in the morning goes the evening before", quiet.Request{Desired: at(24, 6, 0), Direction: quiet.Pull}, at(23, 19, 59), quiet.Earlier},
		{"with a lead it leaves room to send", quiet.Request{Desired: at(24, 6, 0), Direction: quiet.Pull, Lead: 30 * time.Minute}, at(23, 19, 30), quiet.Earlier},
		{"a reminder on Thanksgiving goes on Wednesday", quiet.Request{Desired: at(26, 12, 0), Direction: quiet.Pull}, at(25, 19, 59), quiet.Earlier},
		{"a birthday on Sunday waits for Monday", quiet.Request{Desired: at(29, 12, 0), Direction: quiet.Push}, at(30, 9, 0), quiet.Later},
		{"a pull never goes before earliest: next opening if still of use", quiet.Request{Desired: at(24, 6, 0), Earliest: at(23, 22, 0), UseBy: at(24, 11, 0), Direction: quiet.Pull}, at(24, 9, 0), quiet.Later},
		{"nothing open before use", quiet.Request{Desired: at(24, 6, 0), Earliest: at(23, 22, 0), UseBy: at(24, 9, 0), Direction: quiet.Pull}, time.Time{}, quiet.NoWindow},
		{"a push past use", quiet.Request{Desired: at(28, 21, 0), UseBy: at(30, 8, 0), Direction: quiet.Push}, time.Time{}, quiet.NoWindow},
		{"wanted after its use", quiet.Request{Desired: at(24, 12, 0), UseBy: at(24, 12, 0), Direction: quiet.Pull}, time.Time{}, quiet.NoWindow},
		{"a late plan starts now", quiet.Request{Desired: at(23, 10, 0), Earliest: at(24, 10, 0), Direction: quiet.Pull}, at(24, 10, 0), quiet.Kept},
		{"earliest inside the tail of a window shorter than the lead", quiet.Request{Desired: at(24, 6, 0), Earliest: at(23, 19, 50), Lead: time.Hour, Direction: quiet.Pull}, at(23, 19, 50), quiet.Earlier},
	} {
		got := tt.Fit(c.req)
		if !got.At.Equal(c.at) || got.Outcome != c.outcome {
			t.Errorf("%s: %v %s (%s), want %v %s", c.name, got.At, got.Outcome, got.Why, c.at, c.outcome)
		}
	}
}

func TestZonesInDoubtLeaveOnlyCommonHours(t *testing.T) {
	t.Parallel()
	ny, la := zone(t, "America/New_York"), zone(t, "America/Los_Angeles")
	tt := quiet.Timetable{Hours: hours(t, "Mon-Sun 09:00-20:00"), Zones: []*time.Location{ny, la}}
	nine := time.Date(2026, 11, 24, 9, 0, 0, 0, ny)
	next, ok := tt.NextOpen(nine)
	if !ok || !next.Equal(time.Date(2026, 11, 24, 9, 0, 0, 0, la)) {
		t.Errorf("first common moment: %v", next)
	}
	end, ok := tt.WindowEnd(next)
	if !ok || !end.Equal(time.Date(2026, 11, 24, 20, 0, 0, 0, ny)) {
		t.Errorf("common window ends: %v", end)
	}
	apart := quiet.Timetable{Hours: hours(t, "Mon-Sun 09:00-12:00"), Zones: []*time.Location{ny, zone(t, "Asia/Tokyo")}}
	if at, ok := apart.NextOpen(nine); ok {
		t.Errorf("hours that never meet gave %v", at)
	}
}

func TestWindowEnd(t *testing.T) {
	t.Parallel()
	pl := zone(t, "Europe/Warsaw")
	round := quiet.Timetable{Hours: hours(t, "Mon-Sun 00:00-24:00"), Zones: []*time.Location{pl}}
	now := time.Date(2026, 3, 28, 12, 0, 0, 0, pl)
	if end, ok := round.WindowEnd(now); !ok || !end.Equal(now.Add(7*24*time.Hour)) {
		t.Errorf("never closing: %v", end)
	}
	if end, ok := (quiet.Timetable{Hours: quiet.Always()}).WindowEnd(now); !ok || !end.IsZero() {
		t.Errorf("any time: %v %v", end, ok)
	}
	night := quiet.Timetable{Hours: hours(t, "Fri 18:00-24:00; Sat 00:00-06:00"), Zones: []*time.Location{pl}}
	if end, ok := night.WindowEnd(time.Date(2026, 3, 27, 19, 0, 0, 0, pl)); !ok || !end.Equal(time.Date(2026, 3, 28, 6, 0, 0, 0, pl)) {
		t.Errorf("across midnight: %v", end)
	}
	if _, ok := night.WindowEnd(time.Date(2026, 3, 27, 12, 0, 0, 0, pl)); ok {
		t.Error("a closed moment has no window")
	}
}

// oracleZones change their clocks at odd hours, by half hours, in the southern spring, at midnight, or never.
var oracleZones = []string{"Europe/Warsaw", "America/New_York", "America/Los_Angeles", "America/St_Johns", "Australia/Lord_Howe",
	"Australia/Sydney", "Asia/Beirut", "Africa/Cairo", "America/Asuncion", "America/Santiago", "Asia/Kathmandu", "Pacific/Apia",
	"Pacific/Chatham", "Atlantic/Azores", "America/Havana", "Africa/Casablanca", "Asia/Tokyo", "UTC", "Asia/Riyadh"}

func drawTimetable(t *rapid.T, tb quiet.Table) quiet.Timetable {
	var tt quiet.Timetable
	for d := range tt.Hours.Week {
		from := 0
		for range rapid.IntRange(0, 2).Draw(t, "windows") {
			a := rapid.IntRange(from, 1438).Draw(t, "from")
			b := rapid.IntRange(a+1, 1440).Draw(t, "to")
			tt.Hours.Week[d] = append(tt.Hours.Week[d], quiet.Window{From: a, To: b})
			if from = b + 1; from > 1400 {
				break
			}
		}
	}
	tt.Hours.OnHolidays = rapid.Bool().Draw(t, "onHolidays")
	for range rapid.IntRange(1, 3).Draw(t, "zones") {
		z, err := time.LoadLocation(rapid.SampledFrom(oracleZones).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		tt.Zones = append(tt.Zones, z)
	}
	region := rapid.SampledFrom([]string{"PL", "US", "GB-SCT", "DE-BY", "AE", "CN"}).Draw(t, "region")
	tt.Calendar = tb.Calendar([]string{region}, nil, 2026, 2028)
	return tt
}

// naive reads the wall clock of every zone anew.
func naive(tt quiet.Timetable, at time.Time) bool {
	for _, z := range tt.Zones {
		w := at.In(z)
		day := quiet.DayOf(w.Date())
		if !tt.Hours.OnHolidays && tt.Calendar.Name(day) != "" {
			return false
		}
		open := false
		for _, win := range tt.Hours.Week[w.Weekday()] {
			m := w.Hour()*60 + w.Minute()
			open = open || (win.From <= m && m < win.To)
		}
		if !open {
			return false
		}
	}
	return true
}

// clockChanges are days around which clocks move somewhere, or holidays lie close together.
var clockChanges = []string{"2026-03-08", "2026-03-29", "2026-04-05", "2026-10-04", "2026-10-25", "2026-11-01", "2026-12-24",
	"2027-03-14", "2027-03-28", "2027-04-04", "2027-10-31", "2027-12-31", "2026-04-24", "2026-09-06", "2026-10-30", "2026-02-17"}

func TestAgreesWithMinuteByMinuteOracle(t *testing.T) {
	t.Parallel()
	tb := table(t)
	const minutes = 5 * 24 * 60
	rapid.Check(t, func(t *rapid.T) {
		tt := drawTimetable(t, tb)
		day, _ := quiet.ParseDay(rapid.SampledFrom(clockChanges).Draw(t, "day"))
		start := day.Time().Add(-36 * time.Hour)
		open := make([]bool, minutes)
		for i := range open {
			open[i] = naive(tt, start.Add(time.Duration(i)*time.Minute))
		}
		for range 20 {
			i := rapid.IntRange(0, minutes-1).Draw(t, "minute")
			at := start.Add(time.Duration(i) * time.Minute)
			checkOpen(t, tt, at, open[i])
			checkForward(t, tt, at, open[i:])
			checkBackward(t, tt, at, open[:i+1])
		}
	})
}

func checkOpen(t *rapid.T, tt quiet.Timetable, at time.Time, want bool) {
	if got, why := tt.At(at); got != want {
		t.Fatalf("%v: open %v (%s), oracle %v", at, got, why, want)
	}
}

// checkForward compares NextOpen and WindowEnd with the minutes from at on.
func checkForward(t *rapid.T, tt quiet.Timetable, at time.Time, open []bool) {
	next := firstIndex(open, true)
	if next < 0 {
		return
	}
	got, ok := tt.NextOpen(at)
	want := at.Add(time.Duration(next) * time.Minute)
	if !ok || !got.Equal(want) {
		t.Fatalf("next open after %v: %v %v, oracle %v", at, got, ok, want)
	}
	length := firstIndex(open[next:], false)
	if length < 0 {
		return
	}
	end, ok := tt.WindowEnd(want)
	if wantEnd := want.Add(time.Duration(length) * time.Minute); !ok || !end.Equal(wantEnd) {
		t.Fatalf("window of %v ends %v %v, oracle %v", want, end, ok, wantEnd)
	}
}

// checkBackward compares LastOpenBefore with the minutes up to at.
func checkBackward(t *rapid.T, tt quiet.Timetable, at time.Time, open []bool) {
	floor := at.Add(-time.Duration(len(open)-1) * time.Minute)
	got, ok := tt.LastOpenBefore(at, floor, 0)
	for back := range open {
		if open[len(open)-1-back] {
			if want := at.Add(-time.Duration(back) * time.Minute); !ok || !got.Equal(want) {
				t.Fatalf("last open before %v: %v %v, oracle %v", at, got, ok, want)
			}
			return
		}
	}
	if ok {
		t.Fatalf("nothing is open between %v and %v, got %v", floor, at, got)
	}
}

func firstIndex(open []bool, want bool) int {
	for i, o := range open {
		if o == want {
			return i
		}
	}
	return -1
}

func TestFitNeverBreaksItsLimits(t *testing.T) {
	t.Parallel()
	tb := table(t)
	rapid.Check(t, func(t *rapid.T) {
		tt := drawTimetable(t, tb)
		base := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		minute := func(name string, lo, hi int) time.Time {
			return base.Add(time.Duration(rapid.IntRange(lo, hi).Draw(t, name)) * time.Minute)
		}
		r := quiet.Request{Desired: minute("desired", 0, 1_000_000), Direction: rapid.SampledFrom([]quiet.Direction{quiet.Pull, quiet.Push}).Draw(t, "dir")}
		r.Earliest = r.Desired.Add(-time.Duration(rapid.IntRange(-3000, 6000).Draw(t, "before")) * time.Minute)
		r.UseBy = r.Desired.Add(time.Duration(rapid.IntRange(-100, 6000).Draw(t, "use")) * time.Minute)
		r.Lead = time.Duration(rapid.IntRange(0, 90).Draw(t, "lead")) * time.Minute
		got := tt.Fit(r)
		if !got.Placed() {
			return
		}
		switch {
		case got.At.Before(r.Earliest):
			t.Fatalf("%v is before earliest %v", got.At, r.Earliest)
		case !got.At.Before(r.UseBy):
			t.Fatalf("%v is not before use %v", got.At, r.UseBy)
		case !naive(tt, got.At):
			t.Fatalf("%v is quiet", got.At)
		case r.Direction == quiet.Push && got.At.Before(r.Desired):
			t.Fatalf("pushed earlier: %v", got.At)
		}
	})
}

func TestHolidayTableIsComplete(t *testing.T) {
	t.Parallel()
	tb := table(t)
	for _, r := range tb.Rules() {
		if r.Source == "" || r.Checked == "" {
			t.Errorf("%s %s has no source or check mark", r.Region, r.Name)
		}
	}
	for _, region := range []string{"PL", "US", "GB-ENG", "GB-SCT", "DE-BY", "FR", "ES", "CN", "AE", "SA"} {
		for y := 2026; y <= 2028; y++ {
			if !tb.KnowsYear(region, y) {
				t.Errorf("%s %d is not covered", region, y)
			}
		}
	}
	if tb.KnowsYear("AE", 2035) || tb.KnowsYear("XX", 2026) || !tb.KnowsYear("PL", 2099) {
		t.Error("coverage is claimed wrongly")
	}
}

func TestKnownHolidays(t *testing.T) {
	t.Parallel()
	tb := table(t)
	for _, c := range []struct {
		region, day string
		closed      bool
	}{
		{"PL", "2026-04-06", true}, {"PL", "2026-06-04", true}, {"PL", "2026-04-07", false},
		{"US", "2026-01-19", true}, {"US", "2026-05-25", true}, {"US", "2026-11-26", true},
		{"US", "2026-07-03", true}, // the Fourth is a Saturday
		{"US", "2027-12-31", true}, // New Year 2028 is a Saturday
		{"GB", "2026-12-28", true}, // Boxing Day is a Saturday
		{"GB-ENG", "2027-12-28", true}, {"GB-SCT", "2026-08-31", false}, {"GB-ENG", "2026-08-31", true},
		{"DE", "2026-06-04", false}, {"DE-BY", "2026-06-04", true}, {"DE-SN", "2026-11-18", true},
		{"FR", "2027-05-06", true}, {"ES", "2028-04-14", true}, {"CN", "2027-02-06", true}, {"CN", "2026-02-16", true},
		{"AE", "2026-03-20", true}, {"SA", "2026-09-23", true}, {"SA", "2026-12-25", false},
	} {
		d, err := quiet.ParseDay(c.day)
		if err != nil {
			t.Fatal(err)
		}
		if got := tb.Calendar([]string{c.region}, nil, 2026, 2028).Closed(d); got != c.closed {
			t.Errorf("%s %s closed: %v, want %v", c.region, c.day, got, c.closed)
		}
	}
	for y, want := range map[int]string{2024: "2024-03-31", 2026: "2026-04-05", 2027: "2027-03-28", 2038: "2038-04-25"} {
		if got := quiet.Easter(y).String(); got != want {
			t.Errorf("Easter %d: %s, want %s", y, got, want)
		}
	}
}

func BenchmarkFit(b *testing.B) {
	tt := quiet.Timetable{Hours: hours(b, "Mon-Sat 09:00-20:00"), Zones: []*time.Location{zone(b, "Europe/Warsaw")},
		Calendar: table(b).Calendar([]string{"PL"}, nil, 2026, 2028)}
	rng := rand.New(rand.NewPCG(1, 2))
	base := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	ats := make([]time.Time, 1024)
	for i := range ats {
		ats[i] = base.Add(time.Duration(rng.IntN(60*24*60)) * time.Minute)
	}
	b.Run("at", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			tt.At(ats[i%len(ats)])
		}
	})
	b.Run("fit", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			tt.Fit(quiet.Request{Desired: ats[i%len(ats)], Direction: quiet.Pull})
		}
	})
	b.Run("window-end", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			tt.WindowEnd(ats[i%len(ats)])
		}
	})
}

func FuzzParseHours(f *testing.F) {
	for _, s := range []string{"any", "never", "Mon-Sat 09:00-20:00; holidays open", "Sun 00:00-24:00", ";;"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		h, err := quiet.ParseHours(s)
		if err != nil {
			return
		}
		back, err := quiet.ParseHours(h.String())
		if err != nil || back.String() != h.String() {
			t.Fatalf("%q became %q: %v", s, h.String(), err)
		}
	})
}

func FuzzParseTable(f *testing.F) {
	f.Add("region,when,observed,from,to,name,source,checked\nPL,easter+1,sat-1 sun+1,2025,,n,s,no\nPL,mon-1 05,,,,n,s,no\n")
	f.Fuzz(func(t *testing.T, s string) {
		tb, err := quiet.ParseTable(strings.NewReader(s))
		if err != nil {
			return
		}
		for _, r := range tb.Rules() {
			tb.Calendar([]string{r.Region}, nil, 2026, 2027)
		}
	})
}

func TestASitesOwnHolidaysAlwaysCount(t *testing.T) {
	t.Parallel()
	table, err := quiet.Holidays()
	if err != nil {
		t.Fatal(err)
	}
	p := quiet.Policy{Holidays: []string{"DE-BE"}}
	cal := table.Calendar(p.Regions("PL", ""), nil, 2026, 2026)
	if !cal.Closed(quiet.DayOf(2026, 11, 11)) { // Poland's Independence Day
		t.Error("holidays of another region took the country's own away")
	}
	if !cal.Closed(quiet.DayOf(2026, 3, 8)) { // Women's Day in Berlin
		t.Error("the other region's holidays do not count")
	}
}

func TestClosedDaysAreReadAsDaysAndRanges(t *testing.T) {
	t.Parallel()
	days, err := quiet.ParseDays("2026-12-30", "2027-01-01")
	if err != nil || len(days) != 3 || days[2].String() != "2027-01-01" {
		t.Errorf("%v %v", days, err)
	}
	for _, bad := range [][2]string{{"2026-12-30", "2026-12-29"}, {"2026-01-01", "2028-01-01"}, {"x", "2026-01-01"}} {
		if _, err := quiet.ParseDays(bad[0], bad[1]); err == nil {
			t.Errorf("%v was taken", bad)
		}
	}
}
