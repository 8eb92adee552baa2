package intake

import (
	"testing"
	"time"
)

func TestStepsFollowTheMachine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		row  time.Duration
		want int
	}{
		"a quick machine takes the most": {time.Microsecond, mostStep},
		"a slow one the least":           {time.Millisecond, leastStep},
	} {
		p := pace(firstStep)
		for range 40 {
			p.took(int(p), time.Duration(p)*c.row)
		}
		if int(p) != c.want {
			t.Errorf("%s: %d", name, p)
		}
	}
	p := pace(firstStep)
	for range 40 {
		p.took(int(p), time.Duration(p)*50*time.Microsecond)
	}
	if work := time.Duration(p) * 50 * time.Microsecond; work > stepTime || work < stepTime/2 {
		t.Errorf("a step of %d rows takes %v", p, work)
	}
	before := p
	if p.took(3, time.Millisecond); p != before {
		t.Error("a page's last rows made steps grow")
	}
}
