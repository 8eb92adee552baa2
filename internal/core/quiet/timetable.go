package quiet

import "time"

// Timetable is hours with the zones and holidays they are read by. It is a value; sharing it is safe.
type Timetable struct {
	Hours Hours
	// Zones are the candidates for where the person is; all must be open. None means UTC.
	Zones []*time.Location
	// Calendar closes days; nil closes none.
	Calendar *Calendar
}

// Reason says why a moment is open or closed.
type Reason string

const (
	Open       Reason = "open"
	AnyTime    Reason = "any_time"       // this class knows no quiet hours
	QuietHours Reason = "quiet_hours"    // an open day, at a closed hour
	ClosedDay  Reason = "closed_weekday" // a weekday without hours
	Holiday    Reason = "holiday"        // a public holiday or a closure of the site
	NeverOpen  Reason = "never_open"     // no hours at all
)

// horizonDays bounds every search: hours that never meet within it count as never open.
const horizonDays = 400

// span is an open stretch of instants, Unix seconds, from included, to not.
type span struct{ from, to int64 }

// At says whether t is open, with the reason of the first zone that is not.
func (tt Timetable) At(t time.Time) (bool, Reason) {
	if tt.Hours.AnyTime {
		return true, AnyTime
	}
	for _, z := range tt.zones() {
		if why := tt.wallReason(t, z); why != Open {
			return false, why
		}
	}
	return true, Open
}

func (tt Timetable) wallReason(t time.Time, z *time.Location) Reason {
	_, off := t.In(z).Zone()
	wall := t.Unix() + int64(off)
	day := Day(floorDiv(wall, 86400))
	minute := int((wall - int64(day)*86400) / 60)
	windows := tt.Hours.Week[day.Weekday()]
	switch {
	case len(windows) == 0 && tt.Hours.Never():
		return NeverOpen
	case len(windows) == 0:
		return ClosedDay
	case !tt.Hours.OnHolidays && tt.Calendar.Closed(day):
		return Holiday
	}
	for _, w := range windows {
		if w.From <= minute && minute < w.To {
			return Open
		}
	}
	return QuietHours
}

// NextOpen is t itself when open, else the next opening; false when there is none within 400 days.
func (tt Timetable) NextOpen(t time.Time) (time.Time, bool) {
	if open, _ := tt.At(t); open {
		return t, true
	}
	s, ok := tt.after(t.Unix(), t.Unix()+horizonDays*86400)
	if !ok {
		return time.Time{}, false
	}
	return time.Unix(s.from, 0).In(t.Location()), true
}

// LastOpenBefore is the latest open whole minute at or before t that is not before notBefore, leaving lead
// of the window to send in (at least the minute itself; a window shorter than lead gives its opening).
// When t itself is open it is t.
func (tt Timetable) LastOpenBefore(t, notBefore time.Time, lead time.Duration) (time.Time, bool) {
	if open, _ := tt.At(t); open {
		return t, !t.Before(notBefore)
	}
	s, ok := tt.before(t.Unix(), notBefore.Unix())
	if !ok {
		return time.Time{}, false
	}
	at := max(s.from, s.to-max(60, int64(lead/time.Second)))
	last := time.Unix(at, 0).In(t.Location())
	if !last.Before(notBefore) {
		return last, true
	}
	// The window is open at notBefore, only its tail is shorter than lead.
	if notBefore.Unix() < s.to {
		return notBefore, true
	}
	return time.Time{}, false
}

// WindowEnd is when the window around t closes, and false when t is closed. An end beyond a week ahead is
// given as a week ahead; a class without quiet hours has the zero end.
func (tt Timetable) WindowEnd(t time.Time) (time.Time, bool) {
	if tt.Hours.AnyTime {
		return time.Time{}, true
	}
	if open, _ := tt.At(t); !open {
		return time.Time{}, false
	}
	u, limit := t.Unix(), t.Unix()+7*86400
	end := u
	for end < limit {
		s, ok := tt.after(end, limit)
		if !ok || s.from > end {
			break
		}
		end = s.to
	}
	return time.Unix(min(end, limit), 0).In(t.Location()), true
}

func (tt Timetable) zones() []*time.Location {
	if len(tt.Zones) == 0 {
		return []*time.Location{time.UTC}
	}
	return tt.Zones
}

// after is the first stretch open in every zone that ends after u; from is never before u.
func (tt Timetable) after(u, limit int64) (span, bool) {
	for u < limit {
		meet := span{u, limit}
		for _, z := range tt.zones() {
			s, ok := tt.zoneAfter(z, u, limit)
			if !ok {
				return span{}, false
			}
			meet.from, meet.to = max(meet.from, s.from), min(meet.to, s.to)
		}
		if meet.from < meet.to {
			return meet, true
		}
		// No zone set is open together before the latest of the openings.
		u = max(meet.from, u+1)
	}
	return span{}, false
}

// before is the last stretch open in every zone that begins before u and ends after floor.
func (tt Timetable) before(u, floor int64) (span, bool) {
	floor = max(floor, u-horizonDays*86400)
	for u > floor {
		meet := span{floor, u}
		first := true
		for _, z := range tt.zones() {
			s, ok := tt.zoneBefore(z, u, floor)
			if !ok {
				return span{}, false
			}
			if first {
				meet, first = s, false
				continue
			}
			meet.from, meet.to = max(meet.from, s.from), min(meet.to, s.to)
		}
		meet.to = min(meet.to, u)
		if meet.from < meet.to {
			return meet, meet.to > floor
		}
		u = min(meet.to, u-1)
	}
	return span{}, false
}

// zoneAfter walks local days of one zone forward. Each day is cut at changes of the zone's offset, so that
// a repeated hour is open twice and a skipped one never.
func (tt Timetable) zoneAfter(z *time.Location, u, limit int64) (span, bool) {
	for u < limit {
		seg := segmentAt(z, u)
		day := Day(floorDiv(u+seg.off, 86400))
		midnight := int64(day)*86400 - seg.off
		for _, w := range tt.windows(day) {
			s := seg.clip(midnight, w)
			if s.from < s.to && s.to > u {
				return s, true
			}
		}
		u = min(midnight+86400, seg.to)
	}
	return span{}, false
}

// zoneBefore walks backward: the last stretch that begins before u.
func (tt Timetable) zoneBefore(z *time.Location, u, floor int64) (span, bool) {
	for u > floor {
		seg := segmentAt(z, u-1)
		day := Day(floorDiv(u-1+seg.off, 86400))
		midnight := int64(day)*86400 - seg.off
		windows := tt.windows(day)
		for i := len(windows) - 1; i >= 0; i-- {
			s := seg.clip(midnight, windows[i])
			if s.from < s.to && s.from < u {
				return s, true
			}
		}
		u = max(midnight, seg.from)
	}
	return span{}, false
}

func (tt Timetable) windows(day Day) []Window {
	ws := tt.Hours.Week[day.Weekday()]
	if len(ws) > 0 && !tt.Hours.OnHolidays && tt.Calendar.Closed(day) {
		return nil
	}
	return ws
}

// segment is a stretch of instants with one offset from UTC.
type segment struct{ from, to, off int64 }

const (
	beginning = -1 << 60
	forever   = 1 << 60
)

func segmentAt(z *time.Location, u int64) segment {
	t := time.Unix(u, 0).In(z)
	_, off := t.Zone()
	from, to := t.ZoneBounds()
	seg := segment{beginning, forever, int64(off)}
	if !from.IsZero() {
		seg.from = from.Unix()
	}
	if !to.IsZero() {
		seg.to = to.Unix()
	}
	return seg
}

func (s segment) clip(midnight int64, w Window) span {
	return span{max(s.from, midnight+int64(w.From)*60), min(s.to, midnight+int64(w.To)*60)}
}
