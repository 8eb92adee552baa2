package receipt_test

import (
	"testing"
	"time"

	"carillon.dev/carillon/internal/engine/receipt"
	"carillon.dev/carillon/internal/store"
)

var noon = time.Date(2026, time.March, 3, 11, 0, 0, 0, time.UTC)

// step is one look: how many texts were handed over in a stretch, and how many of them had no receipt in time.
type step struct {
	texts, missing int
	late           bool // after it
}

func TestReceiptsThatFailRaiseOneAlarm(t *testing.T) {
	t.Parallel()
	usual := store.ReceiptWatch{Usual: 960, Seen: 500}
	for name, c := range map[string]struct {
		was   store.ReceiptWatch
		steps []step
	}{
		"receipts as usual": {usual, []step{{40, 1, false}, {40, 4, false}, {40, 12, false}}},
		"none at all":       {usual, []step{{40, 40, true}}},
		"few texts are no proof until they add up":  {usual, []step{{5, 5, false}, {5, 5, false}, {9, 9, false}, {1, 1, true}}},
		"a lot better than the alarm, but not well": {usual, []step{{40, 40, true}, {40, 16, true}, {40, 6, false}}},
		"a lot worse than usual, but no alarm":      {usual, []step{{40, 16, false}}},
		"nothing to say raises nothing":             {usual, []step{{0, 0, false}, {0, 0, false}}},
		"a route that never sends receipts":         {store.ReceiptWatch{}, []step{{200, 200, false}, {200, 200, false}, {200, 200, false}}},
		"a route that sends few":                    {store.ReceiptWatch{Usual: 300, Seen: 800}, []step{{100, 100, false}}},
		"a new route is learned first":              {store.ReceiptWatch{}, []step{{30, 30, false}, {30, 1, false}}},
		"a new route that is known fails":           {store.ReceiptWatch{}, []step{{60, 1, false}, {60, 2, false}, {20, 20, true}}},
		"an alarm outlives a restart":               {store.ReceiptWatch{Usual: 960, Seen: 500, LateSince: noon}, []step{{10, 10, true}, {30, 30, true}, {30, 1, false}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, at := receipt.FlowOf(c.was), noon
			for i, s := range c.steps {
				at = at.Add(time.Minute)
				f, _ = f.Look(at.Add(-time.Minute), at, s.texts, s.missing, at)
				if f.Late() != s.late {
					t.Fatalf("after look %d: late %v, %d of %d missing, usual %d", i+1, f.Late(), f.Missing, f.Texts, f.Usual)
				}
			}
		})
	}
}

func TestAnAlarmTeachesNothingAboutWhatIsUsual(t *testing.T) {
	t.Parallel()
	f := receipt.FlowOf(store.ReceiptWatch{Usual: 960, Seen: 500})
	for range 100 {
		f, _ = f.Look(noon, noon.Add(time.Minute), 50, 50, noon)
	}
	if !f.Late() || f.Usual != 960 || f.Rare() {
		t.Errorf("late %v, usual %d", f.Late(), f.Usual)
	}
}

func TestABacklogThatArrivesEndsTheAlarm(t *testing.T) {
	t.Parallel()
	f := receipt.FlowOf(store.ReceiptWatch{Usual: 960, Seen: 500})
	f, _ = f.Look(noon, noon.Add(time.Minute), 40, 40, noon)
	for i, c := range []struct {
		receipts, accepted int
		late               bool
	}{{0, 30, true}, {20, 0, true}, {30, 0, true}, {6, 0, false}} {
		f, _ = f.Flowed(c.receipts, c.accepted, noon)
		if f.Late() != c.late {
			t.Fatalf("after %d: late %v", i, f.Late())
		}
	}
	if got, news := f.Flowed(1, 1, noon); news || got.Late() {
		t.Error("without an alarm receipts are no news")
	}
}
