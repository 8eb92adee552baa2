package feed_test

import (
	"testing"

	"carillon.dev/carillon/internal/core/feed"
)

func TestWhichImportsWaitForAPerson(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		earlier, coming int
		counts          feed.Counts
		why             feed.HoldReason
	}{
		"the first file of a source":         {0, 0, feed.Counts{Texts: 3}, feed.FirstImport},
		"the first, with nothing to say":     {0, 0, feed.Counts{Created: 500}, ""},
		"twenty visits in a small practice":  {5, 40, feed.Counts{Texts: 20}, ""},
		"twenty-one in a small practice":     {5, 40, feed.Counts{Texts: 15, Moved: 4, Cancelled: 2}, feed.Storm},
		"a tenth of a large practice":        {5, 1000, feed.Counts{Moved: 100}, ""},
		"more than a tenth of it":            {5, 1000, feed.Counts{Cancelled: 101}, feed.Storm},
		"changes that concern no visit time": {5, 40, feed.Counts{Changed: 900}, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			why, held := feed.HoldFor(c.earlier, c.coming, c.counts)
			if held != (c.why != "") || (held && why != c.why) {
				t.Fatalf("held %v for %q, want %q", held, why, c.why)
			}
		})
	}
}
