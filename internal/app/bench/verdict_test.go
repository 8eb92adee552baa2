package bench

import (
	"testing"

	"carillon.dev/carillon/internal/base/errs"
)

func TestABenchmarkThatLostOrRepeatedFails(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		r    Report
		want errs.Kind
	}{
		"all is well":                 {Report{Agree: true, SMSCCounted: true}, ""},
		"nobody asked the SMSC":       {Report{}, ""},
		"lost":                        {Report{Lost: 1, Agree: true, SMSCCounted: true}, errs.Internal},
		"lost, nobody asked the SMSC": {Report{Lost: 1}, errs.Internal},
		"sent twice":                  {Report{Duplicates: 1, Agree: true, SMSCCounted: true}, errs.Internal},
		"counted differently":         {Report{SMSCCounted: true}, errs.Internal},
	} {
		if got := errs.KindOf(tt.r.verdict()); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}
