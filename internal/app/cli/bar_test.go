package cli

import (
	"testing"
	"time"
)

func TestTheBarSaysHowFarItIs(t *testing.T) {
	t.Parallel()
	for want, b := range map[string]bar{
		"checking: 300 lines, 150 a second":                         {what: "checking", lines: 300},
		"importing [############............]  50 %, 250 a second":  {what: "importing", lines: 500, total: 1000},
		"importing [########################] 100 %, 1050 a second": {what: "importing", lines: 2100, total: 1000},
		"importing [........................]   0 %, 0 a second":    {what: "importing", total: 1000},
	} {
		if got := b.text(2 * time.Second); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
}
