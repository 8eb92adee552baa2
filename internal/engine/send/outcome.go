package send

import (
	"strconv"
	"time"

	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/core/message"
)

// retry says what a class of outcomes does to an attempt: how long to wait first and at most, and how many
// attempts there are. Nothing is tried after the message has expired: the second gate drops it.
type retry struct {
	first, most time.Duration
	attempts    int
	reason      message.Reason
	refund      bool // the attempt does not count: nothing was written
}

// retries is the whole table of definite "not accepted" outcomes that are tried again.
var retries = map[carrier.Class]retry{
	carrier.Throttle:      {time.Second, time.Minute, 50, message.ReasonThrottled, false},
	carrier.Retry:         {5 * time.Second, 10 * time.Minute, 6, message.ReasonCarrierRetry, false},
	carrier.NotHandedOver: {time.Second, time.Second, 0, message.ReasonNotHandedOver, true},
	carrier.Suppressed:    {time.Second, time.Second, 0, message.ReasonOptedOut, true},
}

// backoff doubles the wait with every attempt.
func (r retry) backoff(attempt int) time.Duration {
	d := r.first
	for range min(attempt-1, 20) {
		if d *= 2; d >= r.most {
			return r.most
		}
	}
	return d
}

// verdict is what an outcome makes of a message.
type verdict struct {
	to     message.State
	reason message.Reason
	code   string
	wait   time.Duration
	refund bool
}

// judge is the one place where a carrier's outcome becomes a state. attempt counts from 1.
func judge(o carrier.Outcome, attempt int) verdict {
	code := ""
	if o.Status != 0 {
		code = "0x" + strconv.FormatUint(uint64(o.Status), 16)
	}
	switch o.Class {
	case carrier.Accepted:
		return verdict{to: message.Accepted}
	case carrier.Unknown:
		return verdict{to: message.Unknown, reason: message.ReasonNoAnswer, code: code}
	case carrier.Permanent:
		return verdict{to: message.Failed, reason: message.ReasonCarrierReject, code: code}
	}
	r, known := retries[o.Class]
	switch {
	case !known:
		// A class that nobody taught this table: nothing may be assumed about where the text is.
		return verdict{to: message.Unknown, reason: message.ReasonNoAnswer, code: code}
	case r.attempts > 0 && attempt >= r.attempts:
		return verdict{to: message.Failed, reason: message.ReasonAttempts, code: code}
	}
	return verdict{to: message.Queued, reason: r.reason, code: code, wait: max(r.backoff(attempt), o.RetryAfter), refund: r.refund}
}

// worse orders the parts of a text: the message's state is the worst part's.
func worse(a, b message.State) bool { return badness(a) > badness(b) }

func badness(s message.State) int {
	switch s {
	case message.Failed:
		return 4
	case message.Unknown:
		return 3
	case message.Queued:
		return 2
	case message.Accepted:
		return 1
	}
	return 0
}
