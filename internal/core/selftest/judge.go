package selftest

import (
	"time"

	"carillon.dev/carillon/internal/core/incident"
	"carillon.dev/carillon/internal/core/message"
)

// Look takes over what is seen of a run's text at now, and ends the run when it has come through or a leg took too
// long. A run that has ended stays as it is.
func (r Run) Look(s Seen, l Limits, now time.Time) Run {
	if !r.Ended.IsZero() {
		return r
	}
	r.mark(s, now)
	if cause, ended := r.judge(s, l, now); ended {
		r.Ended, r.Cause = now, cause
	}
	return r
}

// mark notes which legs the text has behind it.
func (r *Run) mark(s Seen, now time.Time) {
	first := func(t *time.Time, at time.Time) {
		if t.IsZero() {
			*t = at
		}
	}
	switch s.State {
	case message.Delivered, message.Undelivered, message.Expired:
		if s.Leased.IsZero() {
			return // expired before it left
		}
		first(&r.Receipt, now)
		first(&r.Taken, now)
	case message.Accepted:
		first(&r.Taken, now)
	case message.Sending, message.Unknown, message.Failed:
	default:
		return
	}
	handed := s.Leased
	if handed.IsZero() || handed.After(now) {
		handed = now
	}
	first(&r.Handed, handed)
}

// judge says whether the run is over, and why it did not pass.
func (r *Run) judge(s Seen, l Limits, now time.Time) (incident.Cause, bool) {
	over := func(from time.Time, limit time.Duration) bool { return now.Sub(from) >= limit }
	switch s.State {
	case message.Refused:
		return refusal(s), true
	case message.Failed:
		return turnedAway(s.Reason), true
	case message.Undelivered:
		return CauseHandset, true
	case message.Expired, message.Cancelled:
		if s.Leased.IsZero() {
			return waiting(s), true
		}
		return CauseHandset, true
	case message.Sending:
		return CauseNoAnswer, over(r.Handed, l.Answer)
	case message.Unknown:
		return CauseNoAnswer, over(r.Handed, l.Receipt) // a receipt may still say what became of it
	case message.Accepted:
		return CauseNoReceipt, over(r.Handed, l.Receipt)
	case message.Delivered:
		return r.delivered(l, now)
	}
	return waiting(s), over(r.Planned, l.HandOver)
}

func (r *Run) delivered(l Limits, now time.Time) (incident.Cause, bool) {
	switch {
	case r.Answers && r.Reply.IsZero():
		return CauseNoReply, now.Sub(r.Receipt) >= l.Reply
	case r.Receipt.Sub(r.Handed) > l.Late:
		return CauseLate, true
	}
	return CauseNone, true
}

// waiting is why a text has not left.
func waiting(s Seen) incident.Cause {
	switch {
	case s.Stopped, s.Reason == message.ReasonStopped, s.Reason == message.ReasonRestoredCopy:
		return CauseStopped
	case s.Reason == message.ReasonThrottled, s.Reason == message.ReasonCarrierRetry:
		return CauseThrottled
	}
	return CauseLineDown
}

func refusal(s Seen) incident.Cause {
	switch {
	case s.Reason == message.ReasonOptedOut, s.Reason == message.ReasonSuspended:
		return CauseOptedOut
	case s.Stopped:
		return CauseStopped
	}
	return CauseRefused
}

func turnedAway(why message.Reason) incident.Cause {
	switch why {
	case message.ReasonThrottled, message.ReasonCarrierRetry, message.ReasonAttempts:
		return CauseThrottled
	case message.ReasonOptedOut, message.ReasonSuspended:
		return CauseOptedOut
	}
	return CauseRejected
}

// certain causes were watched for minutes, or rest on our own rows: the second run would only repeat them.
func certain(c incident.Cause) bool {
	switch c {
	case CauseStopped, CauseOptedOut, CauseRefused, CauseLineDown:
		return true
	}
	return false
}

// Change is what a run that has ended does to the incidents of its route.
type Change struct {
	Close bool           // the open one is over
	Open  incident.Cause // then this one begins; empty for none
}

// Weigh says what follows from a run that has just ended: before is the run before it, nil when there is none, and open
// the cause of the route's open incident, empty when there is none. A run that passes ends what was open. What went
// wrong begins an incident when it is certain, or when the run before did not pass either.
func Weigh(r, before *Run, open incident.Cause) Change {
	switch {
	case r.Passed():
		return Change{Close: open != CauseNone}
	case r.Cause == open:
		return Change{}
	case certain(r.Cause):
	case open == CauseNone && (before == nil || before.Passed()):
		return Change{}
	case open != CauseNone && (before == nil || before.Cause != r.Cause):
		return Change{} // one odd run does not rename what is known
	}
	return Change{Close: open != CauseNone, Open: r.Cause}
}

// NextAfter is when the route is tested again: soon when the run did not pass, so that an incident is neither raised nor
// ended late.
func (s *Setting) NextAfter(r *Run, l Limits) time.Time {
	if r.Passed() || s.Every < l.Again {
		return later(r.Planned.Add(s.Every), r.Ended)
	}
	return r.Ended.Add(l.Again)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
