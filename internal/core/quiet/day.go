package quiet

import (
	"time"

	"carillon.dev/carillon/internal/base/errs"
)

// Day is a calendar date without a zone: days since 1970-01-01.
type Day int32

// DayOf makes a Day from a date; out-of-range values roll over as in time.Date.
func DayOf(year int, month time.Month, day int) Day {
	return Day(floorDiv(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix(), 86400))
}

// ParseDay reads 2006-01-02.
func ParseDay(s string) (Day, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return 0, errs.New(errs.Invalid, "dates look like 2026-12-24")
	}
	return DayOf(t.Date()), nil
}

// ParseDays reads the days from one date to another, both included; at most a year.
func ParseDays(from, to string) ([]Day, error) {
	a, err := ParseDay(from)
	if err != nil {
		return nil, err
	}
	b, err := ParseDay(to)
	if err != nil {
		return nil, err
	}
	if b < a || b-a > 366 {
		return nil, errs.New(errs.Invalid, "the last day must not come before the first, nor a year after it")
	}
	out := make([]Day, 0, b-a+1)
	for d := a; d <= b; d++ {
		out = append(out, d)
	}
	return out, nil
}

// Time is the day's midnight in UTC.
func (d Day) Time() time.Time { return time.Unix(int64(d)*86400, 0).UTC() }

// Weekday of the date.
func (d Day) Weekday() time.Weekday {
	// 1970-01-01 was a Thursday.
	return time.Weekday((int(d)%7 + 7 + int(time.Thursday)) % 7)
}

// Year of the date.
func (d Day) Year() int { return d.Time().Year() }

// String is 2006-01-02.
func (d Day) String() string { return d.Time().Format(time.DateOnly) }

// MarshalText writes 2006-01-02.
func (d Day) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads 2006-01-02.
func (d *Day) UnmarshalText(b []byte) error {
	p, err := ParseDay(string(b))
	if err == nil {
		*d = p
	}
	return err
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
