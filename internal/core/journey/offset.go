package journey

import (
	"strconv"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/quiet"
)

// Offset is a distance in time as people mean it: days and weeks are calendar days at the same wall time in
// the visit's zone (a day with a clock change has 23 or 25 hours), business days leave out the site's week-ends,
// holidays and closures, hours and minutes are elapsed time.
type Offset struct {
	Days     int
	Business int
	Time     time.Duration
}

// Workdays says of a day whether the site works on it; nil is Monday to Friday.
type Workdays func(quiet.Day) bool

func (w Workdays) works(d quiet.Day) bool {
	if w != nil {
		return w(d)
	}
	return d.Weekday() != time.Saturday && d.Weekday() != time.Sunday
}

// ParseOffset reads forms such as "-24h", "-7d", "2w", "-1b" (a business day), "1d12h", "-90m" and "0".
func ParseOffset(s string) (Offset, error) {
	rest, sign := s, 1
	if rest != "" && (rest[0] == '-' || rest[0] == '+') {
		if rest[0] == '-' {
			sign = -1
		}
		rest = rest[1:]
	}
	if rest == "0" {
		return Offset{}, nil
	}
	var o Offset
	for first := true; rest != "" || first; first = false {
		n, unit, tail, ok := leadingPart(rest)
		if !ok || !o.add(sign*n, unit) {
			return Offset{}, errs.New(errs.Invalid, `a distance in time looks like -24h, -7d, -1b, 1d12h or 90m`)
		}
		rest = tail
	}
	return o, nil
}

func leadingPart(s string) (n int, unit byte, tail string, ok bool) {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	if i == 0 || i > 5 || i == len(s) {
		return 0, 0, "", false
	}
	n, err := strconv.Atoi(s[:i])
	return n, s[i], s[i+1:], err == nil
}

func (o *Offset) add(n int, unit byte) bool {
	switch unit {
	case 'w':
		o.Days += 7 * n
	case 'd':
		o.Days += n
	case 'b':
		o.Business += n
	case 'h':
		o.Time += time.Duration(n) * time.Hour
	case 'm':
		o.Time += time.Duration(n) * time.Minute
	default:
		return false
	}
	return true
}

// From applies the offset to t: calendar days first, then business days, then elapsed time. A nil zone is UTC.
func (o Offset) From(t time.Time, zone *time.Location, works Workdays) time.Time {
	if o.Days != 0 || o.Business != 0 {
		if zone == nil {
			zone = time.UTC
		}
		l := t.In(zone)
		days := o.Days + businessDays(quiet.DayOf(l.Date())+quiet.Day(o.Days), o.Business, works)
		t = time.Date(l.Year(), l.Month(), l.Day()+days, l.Hour(), l.Minute(), l.Second(), l.Nanosecond(), zone)
	}
	return t.Add(o.Time).UTC()
}

// businessDays is how many calendar days n business days after (or before) a day are. A site that never works
// is taken to work every day.
func businessDays(from quiet.Day, n int, works Workdays) int {
	step := 1
	if n < 0 {
		step, n = -1, -n
	}
	days := 0
	for left, closed := n, 0; left > 0 && closed < 60; {
		days += step
		if works.works(from + quiet.Day(days)) {
			left, closed = left-1, 0
		} else {
			closed++
		}
		if closed == 60 {
			return step * n
		}
	}
	return days
}

// IsZero reports whether the offset is no distance.
func (o Offset) IsZero() bool { return o == Offset{} }

// approx orders offsets; a day counts 24 hours.
func (o Offset) approx() time.Duration {
	return time.Duration(o.Days+o.Business)*24*time.Hour + o.Time
}

// String is a form that ParseOffset reads.
func (o Offset) String() string {
	if o.IsZero() {
		return "0"
	}
	sign, days, business, t := "", o.Days, o.Business, o.Time
	if days < 0 || business < 0 || t < 0 {
		sign, days, business, t = "-", -days, -business, -t
	}
	out := sign
	if days != 0 {
		out += strconv.Itoa(days) + "d"
	}
	if business != 0 {
		out += strconv.Itoa(business) + "b"
	}
	if h := int(t / time.Hour); h != 0 {
		out += strconv.Itoa(h) + "h"
	}
	if m := int(t % time.Hour / time.Minute); m != 0 {
		out += strconv.Itoa(m) + "m"
	}
	return out
}
