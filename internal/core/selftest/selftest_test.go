package selftest_test

import (
	"testing"
	"time"

	"carillon.dev/carillon/internal/core/incident"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/selftest"
)

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// after lets a text be seen in these states, one each so long after the start, and tells how its run stands.
func after(run selftest.Run, seen ...seenAt) selftest.Run {
	run.Planned = start
	for _, s := range seen {
		run = run.Look(s.Seen, selftest.DefaultLimits(), start.Add(s.at))
	}
	return run
}

type seenAt struct {
	selftest.Seen
	at time.Duration
}

func in(state message.State, why message.Reason, at time.Duration) seenAt {
	s := seenAt{selftest.Seen{State: state, Reason: why}, at}
	if state.HandedOver() || state == message.Failed {
		s.Leased = start.Add(time.Second)
	}
	return s
}

func TestEachFaultHasItsCauseOnceItsTimeIsUp(t *testing.T) {
	t.Parallel()
	stopped := in(message.Queued, "", 2*time.Minute)
	stopped.Stopped = true
	cases := map[string]struct {
		seen  []seenAt
		cause incident.Cause
		ended bool
	}{
		"it went well":                   {[]seenAt{in(message.Accepted, "", 2*time.Second), in(message.Delivered, "", 5*time.Second)}, selftest.CauseNone, true},
		"the line is slow for a minute":  {[]seenAt{in(message.Queued, "", time.Minute)}, "", false},
		"the line is down":               {[]seenAt{in(message.Queued, "", 2*time.Minute)}, selftest.CauseLineDown, true},
		"no route takes it":              {[]seenAt{in(message.Held, message.ReasonRouteDown, 2*time.Minute)}, selftest.CauseLineDown, true},
		"stop-all":                       {[]seenAt{in(message.Held, message.ReasonStopped, 2*time.Minute)}, selftest.CauseStopped, true},
		"stopped after it was planned":   {[]seenAt{stopped}, selftest.CauseStopped, true},
		"throttled again and again":      {[]seenAt{in(message.Queued, message.ReasonThrottled, 2*time.Minute)}, selftest.CauseThrottled, true},
		"throttled to the last attempt":  {[]seenAt{in(message.Failed, message.ReasonAttempts, time.Minute)}, selftest.CauseThrottled, true},
		"rejected":                       {[]seenAt{in(message.Failed, message.ReasonCarrierReject, 2*time.Second)}, selftest.CauseRejected, true},
		"the phone sent STOP":            {[]seenAt{in(message.Refused, message.ReasonOptedOut, time.Second)}, selftest.CauseOptedOut, true},
		"no mobile number":               {[]seenAt{in(message.Refused, message.ReasonNotMobile, time.Second)}, selftest.CauseRefused, true},
		"the operator never answers":     {[]seenAt{in(message.Sending, "", time.Minute), in(message.Sending, "", 3*time.Minute)}, selftest.CauseNoAnswer, true},
		"the line was cut on it":         {[]seenAt{in(message.Unknown, message.ReasonNoAnswer, 11*time.Minute)}, selftest.CauseNoAnswer, true},
		"cut, but a receipt may come":    {[]seenAt{in(message.Unknown, message.ReasonNoAnswer, 5*time.Minute)}, "", false},
		"no receipt yet":                 {[]seenAt{in(message.Accepted, "", 9*time.Minute)}, "", false},
		"no receipt":                     {[]seenAt{in(message.Accepted, "", 2*time.Second), in(message.Accepted, "", 11*time.Minute)}, selftest.CauseNoReceipt, true},
		"a late receipt":                 {[]seenAt{in(message.Accepted, "", 2*time.Second), in(message.Delivered, "", 4*time.Minute)}, selftest.CauseLate, true},
		"the phone was not reached":      {[]seenAt{in(message.Undelivered, message.ReasonReceipt, 5*time.Second)}, selftest.CauseHandset, true},
		"it ran out of time in our hand": {[]seenAt{in(message.Expired, "", 3*time.Minute)}, selftest.CauseLineDown, true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := after(selftest.Run{}, c.seen...)
			if r.Cause != c.cause || r.Ended.IsZero() == c.ended {
				t.Fatalf("cause %q, ended %v", r.Cause, r.Ended)
			}
		})
	}
}

func TestAnAnswerIsWaitedForWhereOneIsDue(t *testing.T) {
	t.Parallel()
	delivered := in(message.Delivered, "", 5*time.Second)
	r := after(selftest.Run{Answers: true}, delivered)
	if !r.Ended.IsZero() {
		t.Fatal("over before the answer")
	}
	late := delivered
	late.at = 16 * time.Minute
	if got := after(selftest.Run{Answers: true}, delivered, late); got.Cause != selftest.CauseNoReply {
		t.Fatalf("without an answer: %q", got.Cause)
	}
	r.Reply = start.Add(9 * time.Second)
	delivered.at = 10 * time.Second
	if r = r.Look(delivered.Seen, selftest.DefaultLimits(), start.Add(delivered.at)); !r.Passed() {
		t.Fatalf("with an answer: %q, ended %v", r.Cause, r.Ended)
	}
	if again := r.Look(in(message.Undelivered, "", 0).Seen, selftest.DefaultLimits(), start.Add(time.Hour)); again != r {
		t.Fatal("a run that has ended changes")
	}
}

func TestOneOddRunIsNoIncident(t *testing.T) {
	t.Parallel()
	ended := func(c incident.Cause) *selftest.Run { return &selftest.Run{Ended: start, Cause: c} }
	passed := ended(selftest.CauseNone)
	cases := map[string]struct {
		run, before *selftest.Run
		open        incident.Cause
		want        selftest.Change
	}{
		"all is well":                        {passed, passed, "", selftest.Change{}},
		"one slow receipt":                   {ended(selftest.CauseLate), passed, "", selftest.Change{}},
		"the very first gives no receipt":    {ended(selftest.CauseNoReceipt), nil, "", selftest.Change{}},
		"two without receipt":                {ended(selftest.CauseNoReceipt), ended(selftest.CauseNoReceipt), "", selftest.Change{Open: selftest.CauseNoReceipt}},
		"two different faults":               {ended(selftest.CauseHandset), ended(selftest.CauseLate), "", selftest.Change{Open: selftest.CauseHandset}},
		"a line that is down is no guess":    {ended(selftest.CauseLineDown), passed, "", selftest.Change{Open: selftest.CauseLineDown}},
		"still the same":                     {ended(selftest.CauseLineDown), ended(selftest.CauseLineDown), selftest.CauseLineDown, selftest.Change{}},
		"one odd run does not rename it":     {ended(selftest.CauseHandset), ended(selftest.CauseNoReceipt), selftest.CauseNoReceipt, selftest.Change{}},
		"the fault has become another":       {ended(selftest.CauseHandset), ended(selftest.CauseHandset), selftest.CauseNoReceipt, selftest.Change{Close: true, Open: selftest.CauseHandset}},
		"the next that passes ends it":       {passed, ended(selftest.CauseNoReceipt), selftest.CauseNoReceipt, selftest.Change{Close: true}},
		"a slow one does not end an outage":  {ended(selftest.CauseLate), ended(selftest.CauseNoReceipt), selftest.CauseNoReceipt, selftest.Change{}},
		"stopped while receipts are missing": {ended(selftest.CauseStopped), ended(selftest.CauseNoReceipt), selftest.CauseNoReceipt, selftest.Change{Close: true, Open: selftest.CauseStopped}},
	}
	for name, c := range cases {
		if got := selftest.Weigh(c.run, c.before, c.open); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func TestARouteIsTestedAgainSoonAfterAFault(t *testing.T) {
	t.Parallel()
	l := selftest.DefaultLimits()
	hourly, often := selftest.Setting{Every: time.Hour}, selftest.Setting{Every: time.Minute}
	end := start.Add(10 * time.Second)
	good, bad := &selftest.Run{Planned: start, Ended: end}, &selftest.Run{Planned: start, Ended: end, Cause: selftest.CauseLate}
	for name, c := range map[string]struct{ got, want time.Time }{
		"an hour after one that passed":     {hourly.NextAfter(good, l), start.Add(time.Hour)},
		"soon after one that did not":       {hourly.NextAfter(bad, l), end.Add(l.Again)},
		"never later than the interval":     {often.NextAfter(bad, l), start.Add(time.Minute)},
		"not before the run before has end": {often.NextAfter(&selftest.Run{Planned: start, Ended: start.Add(time.Hour)}, l), start.Add(time.Hour)},
	} {
		if !c.got.Equal(c.want) {
			t.Errorf("%s: %v, want %v", name, c.got, c.want)
		}
	}
}
