package schedule_test

import (
	"testing"
	"time"

	"carillon.dev/carillon/internal/core/schedule"
)

func TestTimesOfVisitsThatCannotBe(t *testing.T) {
	t.Parallel()
	for at, want := range map[string]bool{
		"0001-01-01T00:00:00Z":      false,
		"1899-12-31T23:59:59Z":      false,
		"1900-01-01T00:00:00Z":      true,
		"2028-02-29T10:00:00+09:00": true,
		"2199-12-31T23:59:59Z":      true,
		"2199-12-31T23:59:59-01:00": false,
		"9999-12-31T23:59:59-23:59": false, // the year 10000 of UTC
	} {
		v, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if schedule.Believable(v) != want {
			t.Errorf("%s: believable %t", at, !want)
		}
	}
}
