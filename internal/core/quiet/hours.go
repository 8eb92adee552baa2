// Package quiet knows when a text may leave: weekly hours in local wall time, holidays, a site's own
// closures, and what daylight saving does to all of them. It answers whether a moment is open, when the
// next opening or the last one before comes, and how a wanted time bends into the hours. Where a person's
// zone is in doubt only hours that every candidate zone allows are open. It refuses to know the present
// time, why a message exists, or any country's law: hours and calendars are handed in.
package quiet

import (
	"slices"
	"strings"
	"time"

	"carillon.dev/carillon/internal/base/errs"
)

// minutesPerDay is the wall clock's day; a window may end there ("24:00").
const minutesPerDay = 24 * 60

// Window is an open stretch of one local day in minutes since wall-clock midnight, From included, To not.
type Window struct{ From, To int }

// Hours are the open windows of a week in wall time. The zero value is never open.
type Hours struct {
	// AnyTime ignores windows and holidays: emergencies, answers to a patient who just wrote.
	AnyTime bool
	// Week holds each weekday's windows, sorted, apart from each other, indexed by time.Weekday.
	Week [7][]Window
	// OnHolidays keeps the weekday's windows on a holiday; false closes the day.
	OnHolidays bool
}

// Always is open at any time.
func Always() Hours { return Hours{AnyTime: true} }

// Daily makes the same window on the given weekdays, closed on holidays unless onHolidays.
func Daily(from, to int, onHolidays bool, days ...time.Weekday) Hours {
	h := Hours{OnHolidays: onHolidays}
	for _, d := range days {
		h.Week[d] = []Window{{from, to}}
	}
	return h
}

// Never reports whether no moment of any week is open.
func (h Hours) Never() bool {
	if h.AnyTime {
		return false
	}
	for _, ws := range h.Week {
		if len(ws) > 0 {
			return false
		}
	}
	return true
}

// And is open where both are: a site may narrow what the law leaves, never widen it.
func (h Hours) And(o Hours) Hours {
	if h.AnyTime {
		return o
	}
	if o.AnyTime {
		return h
	}
	out := Hours{OnHolidays: h.OnHolidays && o.OnHolidays}
	for d := range out.Week {
		out.Week[d] = meet(h.Week[d], o.Week[d])
	}
	return out
}

func meet(a, b []Window) []Window {
	var out []Window
	for _, x := range a {
		for _, y := range b {
			if w := (Window{max(x.From, y.From), min(x.To, y.To)}); w.From < w.To {
				out = append(out, w)
			}
		}
	}
	return out
}

// Check refuses windows outside the day, empty, overlapping or out of order.
func (h Hours) Check() error {
	for d, ws := range h.Week {
		last := -1
		for _, w := range ws {
			if w.From < 0 || w.To > minutesPerDay || w.From >= w.To || w.From <= last {
				return errs.New(errs.Invalid, "windows of a day must lie between 00:00 and 24:00, in order and apart").
					At(dayNames[d])
			}
			last = w.To
		}
	}
	return nil
}

var dayNames = [7]string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}

// ParseHours reads the form people write and String prints: clauses separated by ";", each of them days and
// windows ("Mon-Sat 09:00-13:00,14:00-20:00"), or "any" for always, or "never", or "holidays open".
// Days not named are closed, and so are holidays unless said otherwise.
func ParseHours(s string) (Hours, error) {
	var h Hours
	clauses := strings.Split(s, ";")
	for _, c := range clauses {
		c = strings.Join(strings.Fields(c), " ")
		switch {
		case c == "any" && len(clauses) == 1:
			return Always(), nil
		case c == "never" && len(clauses) == 1:
			return Hours{}, nil
		case c == "holidays open":
			h.OnHolidays = true
		case c == "holidays closed":
			h.OnHolidays = false
		default:
			if err := h.addClause(c); err != nil {
				return Hours{}, err
			}
		}
	}
	return h, h.Check()
}

func badHours() *errs.Error {
	return errs.New(errs.Invalid, `hours look like "Mon-Sat 09:00-20:00; Sun 10:00-14:00; holidays closed", or "any", or "never"`)
}

func (h *Hours) addClause(c string) error {
	days, windows, ok := strings.Cut(c, " ")
	if !ok {
		return badHours()
	}
	ds, ok := parseDays(days)
	if !ok {
		return badHours()
	}
	for span := range strings.SplitSeq(windows, ",") {
		w, ok := parseWindow(strings.TrimSpace(span))
		if !ok {
			return badHours()
		}
		for _, d := range ds {
			h.Week[d] = append(h.Week[d], w)
		}
	}
	return nil
}

func parseDays(s string) ([]int, bool) {
	from, to, ranged := strings.Cut(s, "-")
	a := slices.Index(dayNames[:], from)
	if a < 0 {
		return nil, false
	}
	if !ranged {
		return []int{a}, true
	}
	b := slices.Index(dayNames[:], to)
	if b < 0 {
		return nil, false
	}
	days := []int{a}
	for d := a; d != b; {
		d = (d + 1) % 7
		days = append(days, d)
	}
	return days, true
}

func parseWindow(s string) (Window, bool) {
	a, b, ok := strings.Cut(s, "-")
	if !ok {
		return Window{}, false
	}
	from, ok1 := ParseClock(a)
	to, ok2 := ParseClock(b)
	return Window{from, to}, ok1 && ok2
}

// ParseClock reads 09:30 as minutes since midnight; 24:00 is the day's end.
func ParseClock(s string) (int, bool) {
	if len(s) != 5 || s[2] != ':' {
		return 0, false
	}
	for _, i := range []int{0, 1, 3, 4} {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
	}
	h, m := int(s[0]-'0')*10+int(s[1]-'0'), int(s[3]-'0')*10+int(s[4]-'0')
	n := h*60 + m
	return n, m < 60 && n <= minutesPerDay
}

// String is the form ParseHours reads.
func (h Hours) String() string {
	if h.AnyTime {
		return "any"
	}
	if h.Never() {
		return "never"
	}
	var clauses []string
	for d := range 7 {
		if day := h.Week[(d+1)%7]; len(day) > 0 {
			clauses = append(clauses, dayNames[(d+1)%7]+" "+windowsText(day))
		}
	}
	if h.OnHolidays {
		clauses = append(clauses, "holidays open")
	} else {
		clauses = append(clauses, "holidays closed")
	}
	return strings.Join(clauses, "; ")
}

func windowsText(ws []Window) string {
	parts := make([]string, len(ws))
	for i, w := range ws {
		parts[i] = clockText(w.From) + "-" + clockText(w.To)
	}
	return strings.Join(parts, ",")
}

func clockText(m int) string {
	b := []byte{'0' + byte(m/600), '0' + byte(m/60%10), ':', '0' + byte(m%60/10), '0' + byte(m%10)}
	return string(b)
}

// MarshalText and UnmarshalText keep hours readable wherever they are stored.
func (h Hours) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (h *Hours) UnmarshalText(b []byte) error {
	parsed, err := ParseHours(string(b))
	if err == nil {
		*h = parsed
	}
	return err
}
