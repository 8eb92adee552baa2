package schedule

import "time"

// Believable reports whether a visit can be at t: in the years 1900 to 2199 of UTC. Times outside come from broken
// exports and missing values, and the formats that times are kept in (RFC 3339) end with the year 9999.
func Believable(t time.Time) bool {
	y := t.UTC().Year()
	return y >= 1900 && y <= 2199
}
