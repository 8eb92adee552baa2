package receipt

import (
	"time"

	"carillon.dev/carillon/internal/store"
)

// InTime is how long a receipt may take: a text that has none by then counts as missing. Most come within a minute; a
// phone that is off makes some of them late every day, which is what "usual" is for.
const InTime = 10 * time.Minute

// A look judges texts by the lot, so that one phone is no alarm, and a share is "usual" once it rests on some hundred.
// Receipts fail when a lot has less than half of what is usual and are well again at four fifths; between the two
// nothing changes. A route that rarely sends receipts has nothing to miss.
const (
	lotTexts  = 20
	usualFrom = 100
	leastRate = 500 // of a thousand
	memory    = 2000
)

// Flow says whether receipts come as they usually do on a route. It is a value: Look makes the next one. The zero Flow
// of a route knows nothing yet and raises no alarm.
type Flow struct {
	store.ReceiptWatch

	// The lot that is being gathered.
	from           time.Time
	texts, missing int
	came, left     int // receipts that came and texts that were accepted since the alarm
}

// FlowOf takes up what is kept of a route.
func FlowOf(w store.ReceiptWatch) Flow { return Flow{ReceiptWatch: w} }

// Late reports whether receipts fail to come.
func (f *Flow) Late() bool { return !f.LateSince.IsZero() }

// Known reports whether enough texts were seen to say what is usual.
func (f *Flow) Known() bool { return f.Seen >= usualFrom }

// Rare reports whether the route is known to send few receipts or none.
func (f *Flow) Rare() bool { return f.Known() && f.Usual < leastRate }

// Look adds texts that were handed over in [from, until), of which missing had no receipt in time. It reports whether
// there is something new to keep.
func (f Flow) Look(from, until time.Time, texts, missing int, now time.Time) (Flow, bool) {
	if texts <= 0 {
		return f, false
	}
	if f.texts == 0 {
		f.from = from
	}
	f.texts, f.missing = f.texts+texts, f.missing+min(missing, texts)
	if f.texts < lotTexts {
		return f, false
	}
	f.From, f.Until, f.Texts, f.Missing, f.LookedAt = f.from, until, f.texts, f.missing, now
	f.texts, f.missing = 0, 0
	f.judge(now)
	return f, true
}

// judge compares the lot with what is usual, and learns from it unless it is the exception.
func (f *Flow) judge(now time.Time) {
	share := (f.Texts - f.Missing) * 1000 / f.Texts
	switch known := f.Known() && f.Usual >= leastRate; {
	case known && share*2 < f.Usual:
		if !f.Late() {
			f.LateSince, f.came, f.left = now, 0, 0
		}
		return
	case known && f.Late() && share*5 < f.Usual*4:
		return
	}
	f.LateSince = time.Time{}
	weight := min(f.Seen, memory)
	f.Usual = (f.Usual*weight + share*f.Texts) / (weight + f.Texts)
	f.Seen = min(f.Seen+f.Texts, memory)
}

// Flowed tells of receipts that came by the line, and of texts that were accepted, since the last time. While receipts
// fail it ends the alarm once as many have come as are missing, which a carrier that works through its backlog does
// before the next lot is judged. It reports whether that happened.
func (f Flow) Flowed(receipts, accepted int, now time.Time) (Flow, bool) {
	if !f.Late() {
		return f, false
	}
	f.came, f.left = f.came+receipts, f.left+accepted
	if f.came*5 < (f.Missing+f.left)*4 {
		return f, false
	}
	f.LateSince, f.LookedAt = time.Time{}, now
	return f, true
}
