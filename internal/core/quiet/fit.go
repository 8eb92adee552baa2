package quiet

import "time"

// Direction says which way a time bends when it falls into quiet hours.
type Direction string

const (
	// Pull moves earlier: a reminder for eight in the morning leaves the evening before.
	Pull Direction = "pull"
	// Push moves later, to the next opening: a birthday wish.
	Push Direction = "push"
)

// Request is a wanted time with its limits.
type Request struct {
	Desired time.Time
	// Earliest is usually now, or when the step became possible. A Desired before it counts as Earliest.
	Earliest time.Time
	// UseBy is when the text loses its use (expires_at); nothing is placed at or after it. Zero: no limit.
	UseBy     time.Time
	Direction Direction
	// Lead is how much of a window a pulled text keeps before it closes; zero is one minute.
	Lead time.Duration
}

// Outcome says what became of a wanted time.
type Outcome string

const (
	Kept     Outcome = "kept"                 // the wanted time is open
	Earlier  Outcome = "moved_earlier"        // pulled to the last open moment before
	Later    Outcome = "moved_later"          // pushed to the next opening
	NoWindow Outcome = "no_window_before_use" // nothing open is left before the text loses its use
)

// Fitted is the answer to a Request.
type Fitted struct {
	At      time.Time // zero when Outcome is NoWindow
	Outcome Outcome
	Why     Reason // why the wanted time was closed, or open
}

// Placed reports whether a time was found.
func (f Fitted) Placed() bool { return f.Outcome != NoWindow }

// Moved reports whether the time found is another one than wanted.
func (f Fitted) Moved() bool { return f.Outcome == Earlier || f.Outcome == Later }

// Fit bends a wanted time into the hours. A pulled text that finds nothing open between Earliest and the
// wanted time goes at the next opening instead, if that is still before its use; a pushed one never goes
// earlier than wanted.
func (tt Timetable) Fit(r Request) Fitted {
	want := r.Desired
	if want.Before(r.Earliest) {
		want = r.Earliest
	}
	open, why := tt.At(want)
	if !r.UseBy.IsZero() && !want.Before(r.UseBy) {
		return Fitted{Outcome: NoWindow, Why: why}
	}
	if open {
		return Fitted{At: want, Outcome: Kept, Why: why}
	}
	if r.Direction == Pull {
		if at, ok := tt.LastOpenBefore(want, r.Earliest, r.Lead); ok {
			return Fitted{At: at, Outcome: Earlier, Why: why}
		}
	}
	at, ok := tt.NextOpen(want)
	if !ok || (!r.UseBy.IsZero() && !at.Before(r.UseBy)) {
		return Fitted{Outcome: NoWindow, Why: why}
	}
	return Fitted{At: at, Outcome: Later, Why: why}
}
