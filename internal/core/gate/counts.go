package gate

import (
	"time"

	"carillon.dev/carillon/internal/core/purpose"
)

// The caps' day and week roll: they end at the moment that is decided about.
const (
	CapDay  = 24 * time.Hour
	CapWeek = 7 * CapDay
)

// Spoken is one text to a person that caps count: it left at At, or (Ahead) it waits or will be planned for then.
type Spoken struct {
	At      time.Time
	Purpose purpose.Purpose
	Ahead   bool
	// Yields: a text ahead that itself keeps room for nearer reminders.
	Yields bool
}

// Counts are the texts that a person got in the day and the week before a moment.
type Counts struct {
	Day, Week int
	// AllDay and AllWeek are those of every purpose that spends the person's budget.
	AllDay, AllWeek int
	// FullDay and FullWeek are the fullest day and week that the moment lies in, for a text that keeps room: what was sent
	// of the purpose and the reminders of it that are to come. FullAllDay and FullAllWeek are the same of all purposes.
	// They are never less than the counts above; for a text that keeps no room they are the same.
	FullDay, FullWeek, FullAllDay, FullAllWeek int
	AutoReplies                                int // automatic answers to this number within the last hour
}

// Count says how often a person was written to before at, from what was read of them. With keepsRoom (a text that a
// nearer reminder follows, or that is no care) it also counts what is to come and must not be crowded out.
func Count(texts []Spoken, p purpose.Purpose, at time.Time, keepsRoom bool) Counts {
	own := func(s *Spoken) bool { return s.Purpose == p && !(s.Ahead && (s.Yields || !keepsRoom || p.Yields())) }
	all := func(s *Spoken) bool {
		return s.Purpose.Traits().Spends && !(s.Ahead && (s.Purpose.Yields() || !keepsRoom || s.Yields && !p.Yields()))
	}
	var c Counts
	c.Day, c.FullDay = fullest(texts, at, CapDay, own)
	c.Week, c.FullWeek = fullest(texts, at, CapWeek, own)
	c.AllDay, c.FullAllDay = fullest(texts, at, CapDay, all)
	c.AllWeek, c.FullAllWeek = fullest(texts, at, CapWeek, all)
	return c
}

// fullest counts the texts sent in the span before at, and the most texts, sent or to come, of any such span that at
// lies in: it ends at one of those to come.
func fullest(texts []Spoken, at time.Time, span time.Duration, counts func(*Spoken) bool) (sent, most int) {
	within := func(end time.Time, ahead bool) (n int) {
		for i := range texts {
			s := &texts[i]
			switch {
			case !counts(s) || s.Ahead && !ahead:
			case s.Ahead && !s.At.After(end), !s.Ahead && !s.At.Before(end.Add(-span)):
				n++
			}
		}
		return n
	}
	sent, most = within(at, false), within(at, true)
	for i := range texts {
		if s := &texts[i]; s.Ahead && s.At.After(at) && !s.At.After(at.Add(span)) {
			most = max(most, within(s.At, true))
		}
	}
	return sent, most
}
