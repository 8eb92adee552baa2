package table

import (
	"strconv"
	"strings"
	"time"

	"carillon.dev/carillon/internal/engine/intake"
)

// order of day, month and year where a date has only digits and no year in front. The United States, the
// Philippines and a few islands write the month first; a day-first reading of their files would move visits.
var monthFirst = map[string]bool{"US": true, "PH": true, "FM": true, "MH": true, "PW": true, "GU": true, "PR": true, "AS": true, "VI": true, "MP": true}

// date is a calendar date without a place.
type date struct{ year, month, day int }

func (d date) String() string {
	return pad(d.year, 4) + "-" + pad(d.month, 2) + "-" + pad(d.day, 2)
}

func pad(n, width int) string {
	s := strconv.Itoa(n)
	for len(s) < width {
		s = "0" + s
	}
	return s
}

func (d date) real() bool {
	t := time.Date(d.year, time.Month(d.month), d.day, 0, 0, 0, 0, time.UTC)
	return t.Year() == d.year && int(t.Month()) == d.month && t.Day() == d.day
}

// parseDate reads 2026-03-04, 20260304, 4.3.2026, 04/03/2026 (by region), 2026年3月4日, 4 mar 2026. Two-digit
// years are refused: 04/03/26 is three dates in three countries.
func parseDate(s, region string) (date, intake.ProblemCode) {
	s = strings.TrimSpace(s)
	if d, ok := digitsOnly(s); ok {
		return check(d)
	}
	parts, word := dateParts(s)
	if len(parts) != 3 {
		return date{}, intake.BadDate
	}
	if word > 0 {
		return check(withMonthWord(parts, word))
	}
	if parts[0].width == 4 {
		return check(date{parts[0].n, parts[1].n, parts[2].n})
	}
	if parts[2].width != 4 {
		return date{}, intake.AmbiguousDate
	}
	if monthFirst[region] && strings.ContainsAny(s, "/-") {
		return check(date{parts[2].n, parts[0].n, parts[1].n})
	}
	return check(date{parts[2].n, parts[1].n, parts[0].n})
}

func check(d date) (date, intake.ProblemCode) {
	if d.year < 1850 || d.year > 2200 || !d.real() {
		return date{}, intake.BadDate
	}
	return d, ""
}

func digitsOnly(s string) (date, bool) {
	if len(s) != 8 {
		return date{}, false
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return date{}, false
	}
	return date{n / 10000, n / 100 % 100, n % 100}, true
}

type datePart struct{ n, width int }

// dateParts splits at everything that is no digit. word is the month when one part was a name; its part is
// left out of order: withMonthWord puts it in place.
func dateParts(s string) (parts []datePart, word int) {
	for _, f := range strings.FieldsFunc(s, func(r rune) bool {
		return strings.ContainsRune(" ./-,年月日号\u00a0", r)
	}) {
		if n, err := strconv.Atoi(f); err == nil && n >= 0 {
			parts = append(parts, datePart{n, len(f)})
			continue
		}
		if m := months[strings.ToLower(f)]; m > 0 && word == 0 {
			word = m
			parts = append(parts, datePart{0, 0})
			continue
		}
		if f == "de" || f == "r" { // "4 de marzo de 2026", "4 marca 2026 r."
			continue
		}
		return nil, 0
	}
	return parts, word
}

func withMonthWord(parts []datePart, month int) date {
	var rest []datePart
	for _, p := range parts {
		if p.width > 0 {
			rest = append(rest, p)
		}
	}
	if len(rest) != 2 {
		return date{}
	}
	if rest[0].width == 4 {
		return date{rest[0].n, month, rest[1].n}
	}
	if rest[1].width != 4 {
		return date{}
	}
	return date{rest[1].n, month, rest[0].n}
}

// months by name and usual abbreviation in en, pl (with genitive), es.
var months = monthTable(
	"jan january sty styczeń stycznia ene enero", "feb february lut luty lutego febrero",
	"mar march marzec marca marzo", "apr april kwi kwiecień kwietnia abr abril",
	"may maj maja mayo", "jun june cze czerwiec czerwca junio",
	"jul july lip lipiec lipca julio", "aug august sie sierpień sierpnia ago agosto",
	"sep sept september wrz wrzesień września septiembre", "oct october paź październik października octubre",
	"nov november lis listopad listopada noviembre", "dec december gru grudzień grudnia dic diciembre")

func monthTable(names ...string) map[string]int {
	out := map[string]int{}
	for i, line := range names {
		for _, n := range strings.Fields(line) {
			out[n] = i + 1
		}
	}
	return out
}

// clockTime is hours and minutes on a wall clock.
type clockTime struct{ hour, minute int }

// parseTime reads 14:30, 14.30, 14h30, 1430, 2:30 PM, 下午2:30, 14:30:00.
func parseTime(s string) (clockTime, bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	half := 0 // 1 before noon, 2 after
	for _, m := range []struct {
		text string
		half int
	}{{"a.m.", 1}, {"p.m.", 2}, {"am", 1}, {"pm", 2}, {"上午", 1}, {"下午", 2}} {
		if strings.Contains(s, m.text) {
			s, half = strings.TrimSpace(strings.Replace(s, m.text, "", 1)), m.half
			break
		}
	}
	t, ok := digitsOfTime(s)
	if !ok {
		return clockTime{}, false
	}
	switch {
	case half != 0 && (t.hour < 1 || t.hour > 12):
		return clockTime{}, false
	case half == 1 && t.hour == 12:
		t.hour = 0
	case half == 2 && t.hour < 12:
		t.hour += 12
	}
	return t, t.hour < 24 && t.minute < 60
}

func digitsOfTime(s string) (clockTime, bool) {
	parts := strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(":.h点时分 ：", r) })
	if len(parts) == 1 && len(parts[0]) == 4 {
		parts = []string{parts[0][:2], parts[0][2:]}
	}
	if len(parts) == 1 {
		parts = append(parts, "0")
	}
	if len(parts) < 2 || len(parts) > 3 {
		return clockTime{}, false
	}
	h, err1 := strconv.Atoi(parts[0])
	m, err2 := strconv.Atoi(parts[1])
	if err1 != nil || err2 != nil || h < 0 || m < 0 || len(parts[0]) > 2 || len(parts[1]) > 2 {
		return clockTime{}, false
	}
	return clockTime{h, m}, true
}

// atPlace turns a wall-clock reading into an instant. A reading that the clocks skip is NoSuchTime; one that
// happens twice is TwiceThatTime, because nobody can tell which was meant.
func atPlace(d date, c clockTime, zone *time.Location) (time.Time, intake.ProblemCode) {
	t := time.Date(d.year, time.Month(d.month), d.day, c.hour, c.minute, 0, 0, zone)
	if t.Hour() != c.hour || t.Minute() != c.minute || t.Day() != d.day {
		return time.Time{}, intake.NoSuchTime
	}
	for _, shift := range []time.Duration{-time.Hour, time.Hour, -30 * time.Minute, 30 * time.Minute} {
		o := t.Add(shift)
		if o.Day() == t.Day() && o.Hour() == t.Hour() && o.Minute() == t.Minute() {
			return time.Time{}, intake.TwiceThatTime
		}
	}
	return t, ""
}

// parseMoment reads a date and time in one cell, or an RFC 3339 instant with its offset.
func parseMoment(s, region string, zone *time.Location) (time.Time, string, intake.ProblemCode) {
	s = strings.TrimSpace(s)
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		local := t.In(zone)
		return t, local.Format("2006-01-02T15:04"), ""
	}
	d, c, code := splitMoment(s, region)
	if code != "" {
		return time.Time{}, "", code
	}
	t, code := atPlace(d, c, zone)
	return t, wall(d, c), code
}

func wall(d date, c clockTime) string {
	return d.String() + "T" + pad(c.hour, 2) + ":" + pad(c.minute, 2)
}

// Moment reads a date and time as a command takes it, 2026-03-04T14:30 on the clock of zone, or an RFC 3339 instant; in no
// other order, for there is no file whose other rows tell what is meant. The code says what is wrong, empty when
// nothing is.
func Moment(s string, zone *time.Location) (time.Time, intake.ProblemCode) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, ""
	}
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02 15:04"} {
		if t, err := time.Parse(layout, s); err == nil {
			return atPlace(date{t.Year(), int(t.Month()), t.Day()}, clockTime{t.Hour(), t.Minute()}, zone)
		}
	}
	return time.Time{}, intake.BadTime
}

// splitMoment tries every gap as the border between date and time: "4 mar 2026 14:30", "2026-03-04T14:30".
func splitMoment(s, region string) (date, clockTime, intake.ProblemCode) {
	worst := intake.BadDate
	for i, r := range s {
		if r != ' ' && r != 'T' && r != '日' && r != ',' {
			continue
		}
		cut := i
		if r == '日' {
			cut = i + len("日")
		}
		d, code := parseDate(s[:cut], region)
		if code != "" {
			if code == intake.AmbiguousDate {
				worst = code
			}
			continue
		}
		c, ok := parseTime(strings.TrimLeft(s[cut:], " T,"))
		if ok {
			return d, c, ""
		}
		worst = intake.BadTime
	}
	return date{}, clockTime{}, worst
}

// Day reads a date as people of a region write it, and gives it as 2006-01-02; false when it is none, or could be two.
// Digits alone are no date here: they may be a number.
func Day(s, region string) (string, bool) {
	if !strings.ContainsFunc(s, func(c rune) bool { return c < '0' || c > '9' }) {
		return "", false
	}
	d, code := parseDate(s, region)
	return d.String(), code == ""
}
