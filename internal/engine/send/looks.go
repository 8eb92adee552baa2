package send

import "time"

const (
	lookAgain = 5 * time.Minute // between looks that nobody asked for
	lookPause = 2 * time.Second // and at least so much, however often somebody asks: an import asks with every chunk
)

// lookLater is how long after a change what waits for a person is looked at once more. A decision that was read before
// the change may be written as a hold after the look that the change asked for.
var lookLater = [...]time.Duration{5 * time.Second, 20 * time.Second, time.Minute}

// looks says when messages that wait for a person are looked at. Times are the machine's.
type looks struct {
	asked bool
	last  time.Time // when the last look was made
	since time.Time // when somebody asked last
	later int       // how many of the later looks after that were made
}

func (l *looks) ask(now time.Time) { l.asked, l.since, l.later = true, now, 0 }

func (l *looks) due(now time.Time) bool {
	switch rested := now.Sub(l.last); {
	case rested >= lookAgain:
		return true
	case rested < lookPause:
		return false
	}
	return l.asked || l.late(now)
}

// late reports whether one of the later looks is due.
func (l *looks) late(now time.Time) bool {
	return !l.since.IsZero() && l.later < len(lookLater) && now.Sub(l.since) >= lookLater[l.later]
}

func (l *looks) made(now time.Time) {
	for l.late(now) {
		l.later++
	}
	l.last, l.asked = now, false
}
