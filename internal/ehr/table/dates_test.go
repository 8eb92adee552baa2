package table

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestEveryDayIsReadBackInEveryForm(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		day := time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 100_000).Draw(t, "day"))
		want := date{day.Year(), int(day.Month()), day.Day()}
		for layout, region := range map[string]string{
			"2006-01-02": "PL", "2.1.2006": "PL", "02/01/2006": "GB", "01/02/2006": "US", "20060102": "US", "2006年1月2日": "CN",
			"2006/1/2": "CN", "January 2, 2006": "US", "2 Jan 2006": "GB",
		} {
			if got, code := parseDate(day.Format(layout), region); code != "" || got != want {
				t.Fatalf("%s in %s: %v, %s", day.Format(layout), region, got, code)
			}
		}
	})
}

func TestEveryTimeIsReadBackInEveryForm(t *testing.T) {
	t.Parallel()
	for h := range 24 {
		for m := range 60 {
			at := time.Date(2026, 1, 1, h, m, 0, 0, time.UTC)
			for _, layout := range []string{"15:04", "15.04", "1504", "15h04", "3:04 PM", "3:04pm", "15:04:05", "15时04分"} {
				if got, ok := parseTime(at.Format(layout)); !ok || got != (clockTime{h, m}) {
					t.Fatalf("%s: %v, %v", at.Format(layout), got, ok)
				}
			}
		}
	}
}

func TestEveryLocalMinuteOfAYearIsOneInstantOrAProblem(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Europe/Warsaw", "America/New_York", "Australia/Lord_Howe", "Asia/Shanghai"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]int{} // how many instants show a wall time
		for at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() == 2026; at = at.Add(10 * time.Minute) {
			seen[at.In(zone).Format("2006-01-02T15:04")]++
		}
		for d := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC); d.YearDay() < 364; d = d.AddDate(0, 0, 1) {
			for minute := 0; minute < 24*60; minute += 10 {
				day, c := date{d.Year(), int(d.Month()), d.Day()}, clockTime{minute / 60, minute % 60}
				got, code := atPlace(day, c, zone)
				want := map[int]string{0: "no_such_time", 1: "", 2: "time_happens_twice"}[seen[wall(day, c)]]
				if string(code) != want || code == "" && got.Format("2006-01-02T15:04") != wall(day, c) {
					t.Fatalf("%s %s: %v %q, want %q", name, wall(day, c), got, code, want)
				}
			}
		}
	}
}

func FuzzParseDate(f *testing.F) {
	for _, s := range []string{"2026-03-04", "04/03/2026", "4 marca 2026 r.", "2026年3月4日", "20260304", "0", "1.1.1", "9999999999999"} {
		f.Add(s, "US")
		f.Add(s, "PL")
	}
	f.Fuzz(func(t *testing.T, s, region string) {
		d, code := parseDate(s, region)
		if code != "" {
			return
		}
		if !d.real() {
			t.Fatalf("%q is no day: %v", s, d)
		}
		if again, code := parseDate(d.String(), region); code != "" || again != d {
			t.Fatalf("%q is %v and then %v", s, d, again)
		}
	})
}

func FuzzParseTime(f *testing.F) {
	for _, s := range []string{"14:30", "2:30 PM", "下午2:30", "1430", "14h", "24:00", "12 am", ":"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, ok := parseTime(s)
		if !ok {
			return
		}
		if c.hour < 0 || c.hour > 23 || c.minute < 0 || c.minute > 59 {
			t.Fatalf("%q is %v", s, c)
		}
		if again, ok := parseTime(fmt.Sprintf("%02d:%02d", c.hour, c.minute)); !ok || again != c {
			t.Fatalf("%q is %v and then %v", s, c, again)
		}
	})
}
