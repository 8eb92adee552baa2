package send

import (
	"slices"
	"testing"
	"time"
)

// lookTimes are the seconds at which looks are made when the sweep comes by every second and somebody asks at these.
func lookTimes(seconds int, asks ...int) (out []int) {
	start := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	l := looks{last: start}
	for s := range seconds {
		now := start.Add(time.Duration(s) * time.Second)
		if slices.Contains(asks, s) {
			l.ask(now)
		}
		if l.due(now) {
			l.made(now)
			out = append(out, s)
		}
	}
	return out
}

func TestWhatWaitsForAPersonIsLookedAtAgainAfterAChange(t *testing.T) {
	for name, c := range map[string]struct {
		asks, want []int
	}{
		"nobody asks":           {nil, []int{300}},
		"a change":              {[]int{10}, []int{10, 15, 30, 70, 370}},
		"two changes in a row":  {[]int{10, 11}, []int{10, 12, 16, 31, 71, 371}},
		"a change after a look": {[]int{1}, []int{2, 6, 21, 61, 361}},
	} {
		if got := lookTimes(400, c.asks...); !slices.Equal(got, c.want) {
			t.Errorf("%s: looks at %v, want %v", name, got, c.want)
		}
	}
}
