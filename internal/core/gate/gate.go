// Package gate decides whether a text may leave: a pure, ordered list of rules from facts and a time to
// Send, Hold, Refuse or Divert, always with reasons. It runs when a message is planned, again before it is
// leased, and for the page that says what would happen now. It refuses to read or change anything.
package gate

import (
	"time"

	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/purpose"
)

// MaxAutoReplies is how many automatic answers one number gets in an hour (a loop guard against machines).
const MaxAutoReplies = 3

// rule looks at the facts and either has a finding or lets the text pass.
type rule struct {
	name  string
	check func(*Facts, time.Time) (Finding, bool)
}

// rules in the order in which they decide. Refusals that no waiting can mend come first, then switches that
// somebody must turn, then time. Every rule always runs, so that all reasons are kept.
var rules = []rule{
	{"alive", alive},
	{"readable", readable},
	{"stale", stale},
	{"visit", visitHolds},
	{"duplicate", duplicate},
	{"number", number},
	{"opt-out", optOut},
	{"consent", consented},
	{"channel", preferred},
	{"content", content},
	{"sender", sender},
	{"answered", answered},
	{"loop", autoReplies},
	{"cap", caps},
	{"budget", budget},
	{"demo", demoRoute},
	{"stop", stopped},
	{"import", imports},
	{"trial", trial},
	{"quiet", quietHours},
}

// Decide says what may happen to the text at now. The worst verdict wins: Refuse, then Divert, then Hold;
// among equals the earlier rule. A Hold waits for the latest of its times. The facts are only read.
func Decide(f *Facts, now time.Time) Decision {
	var d Decision
	for i := range rules {
		if found, hit := rules[i].check(f, now); hit {
			d.add(found)
		}
	}
	if len(d.Findings) > 0 {
		return d
	}
	d.Verdict = Send
	d.ValidUntil = validUntil(f, now)
	_, d.Window = f.Hours.At(now)
	return d
}

func (d *Decision) add(f Finding) {
	switch {
	case d.Verdict == "" || weight(f.Verdict) > weight(d.Verdict):
		d.Findings = append([]Finding{f}, d.Findings...)
		d.Verdict, d.Channel = f.Verdict, f.Channel
	default:
		d.Findings = append(d.Findings, f)
	}
	d.Until = d.holdUntil()
}

// holdUntil is when a held text may be looked at again: the latest of the times, or zero when one of the
// findings waits for a person.
func (d *Decision) holdUntil() time.Time {
	var until time.Time
	if d.Verdict != Hold {
		return until
	}
	for _, f := range d.Findings {
		if f.Until.IsZero() {
			return time.Time{}
		}
		if f.Until.After(until) {
			until = f.Until
		}
	}
	return until
}

func weight(v Verdict) int {
	switch v {
	case Refuse:
		return 3
	case Divert:
		return 2
	case Hold:
		return 1
	}
	return 0
}

func refuse(r message.Reason) (Finding, bool) { return Finding{Verdict: Refuse, Reason: r}, true }
func hold(r message.Reason, until time.Time) (Finding, bool) {
	return Finding{Verdict: Hold, Reason: r, Until: until}, true
}
func pass() (Finding, bool) { return Finding{}, false }

// confirms: the one text about an opt-out, the gate's only exception: the confirmation, bound to a revocation, or the
// question what an unclear one meant, bound to a suspension.
func (f *Facts) confirms() bool {
	return !f.Text.Exempt.IsZero() && f.Text.Purpose == purpose.Operational
}

func (f *Facts) emergency() bool { return f.Text.Purpose == purpose.Emergency }

// alive: nobody writes to the dead, or to somebody who has left.
func alive(f *Facts, _ time.Time) (Finding, bool) {
	switch f.Person.Status {
	case patient.Deceased:
		return refuse(message.ReasonDeceased)
	case patient.Inactive:
		if f.Text.Answers || f.Text.StaffText || f.confirms() {
			return pass()
		}
		return refuse(message.ReasonInactive)
	}
	return pass()
}

// readable: a person whose data does not open is nobody whom we could address, or whose wishes we could know. A person
// has to look; no time mends it.
func readable(f *Facts, _ time.Time) (Finding, bool) {
	if f.Person.Unreadable {
		return hold(message.ReasonUnreadable, time.Time{})
	}
	return pass()
}

// stale: late is dropped with a reason, never sent late. A text about a visit that has begun is late too,
// unless it tells that the visit is gone.
func stale(f *Facts, now time.Time) (Finding, bool) {
	if !f.Text.ExpiresAt.IsZero() && !now.Before(f.Text.ExpiresAt) {
		if f.confirms() {
			return refuse(message.ReasonConfirmationOld)
		}
		return refuse(message.ReasonStale)
	}
	if v := f.Visit; v != nil && !v.Ended && !now.Before(v.Start) {
		return refuse(message.ReasonStale)
	}
	return pass()
}

// visitHolds: a text is bound to the version of the visit whose time it states.
func visitHolds(f *Facts, _ time.Time) (Finding, bool) {
	v := f.Visit
	if v == nil {
		return pass()
	}
	if v.Version != v.Stated {
		return refuse(message.ReasonFactChanged)
	}
	if !v.Ended && !v.Status.Expected() {
		return refuse(message.ReasonFactChanged)
	}
	return pass()
}

func duplicate(f *Facts, _ time.Time) (Finding, bool) {
	if f.Text.Duplicate {
		return refuse(message.ReasonDuplicate)
	}
	return pass()
}

func number(f *Facts, _ time.Time) (Finding, bool) {
	switch {
	case f.Number.None:
		return refuse(message.ReasonNoNumber)
	case f.Number.Quarantined && !f.confirms():
		return refuse(message.ReasonWrongNumber)
	case !f.Number.CanText:
		return refuse(message.ReasonNotMobile)
	}
	return pass()
}

// optOut: STOP means everything that is no emergency, for everyone on the number.
func optOut(f *Facts, _ time.Time) (Finding, bool) {
	if f.emergency() || f.confirms() && !f.Text.Clarifies {
		return pass()
	}
	if f.Number.OptedOut || f.Consent.OptedOut {
		return refuse(message.ReasonOptedOut)
	}
	suspended := f.Number.Suspended || f.Consent.Suspended
	if f.Text.Clarifies { // once it is clear, nobody is asked
		if suspended {
			return pass()
		}
		return refuse(message.ReasonSuperseded)
	}
	if suspended && !f.Text.Answers && !f.Text.StaffText {
		return refuse(message.ReasonSuspended)
	}
	return pass()
}

// consented: a grant in the ledger for this purpose and channel. A missing one is never assumed.
func consented(f *Facts, _ time.Time) (Finding, bool) {
	if !f.Text.Purpose.Traits().NeedsConsent || f.Consent.Granted {
		return pass()
	}
	if f.Text.StaffText && f.Text.Answers {
		return pass() // answering somebody who wrote to us needs no other leave
	}
	if f.Consent.By.ID.IsZero() {
		return refuse(message.ReasonNoConsent)
	}
	return refuse(message.ReasonConsentRevoked)
}

func preferred(f *Facts, _ time.Time) (Finding, bool) {
	p := f.Person.Preferred
	if p == "" || p == f.Text.Channel || f.emergency() || f.Text.Answers || f.Text.StaffText || f.confirms() {
		return pass()
	}
	return Finding{Verdict: Divert, Reason: message.ReasonOtherChannel, Channel: p}, true
}

func content(f *Facts, _ time.Time) (Finding, bool) {
	switch {
	case f.Text.Incomplete:
		return refuse(message.ReasonTemplate)
	case f.Text.Reserved:
		return refuse(message.ReasonReservedWord)
	case f.Text.StopCode:
		return refuse(message.ReasonStopCode)
	case f.Text.NoWayOut:
		return refuse(message.ReasonNoWayOut)
	case f.Text.Nameless:
		return refuse(message.ReasonNameless)
	}
	return pass()
}

func sender(f *Facts, _ time.Time) (Finding, bool) {
	switch {
	case f.Route.None:
		return hold(message.ReasonRouteDown, time.Time{})
	case f.Route.NoSender:
		return refuse(message.ReasonNoSender)
	case f.Text.Invites && !f.Route.TwoWay:
		return refuse(message.ReasonOneWaySender)
	}
	return pass()
}

// answered: nobody who confirmed is asked again.
func answered(f *Facts, _ time.Time) (Finding, bool) {
	if f.Visit != nil && f.Visit.Confirmed && f.Text.NotAfterAnswer {
		return refuse(message.ReasonAnswered)
	}
	return pass()
}

func autoReplies(f *Facts, _ time.Time) (Finding, bool) {
	if f.Text.AutoReply && !f.confirms() && f.Counts.AutoReplies >= MaxAutoReplies {
		return refuse(message.ReasonTooManyReplies)
	}
	return pass()
}

// demoRoute: made-up patients may have somebody's real number.
func demoRoute(f *Facts, _ time.Time) (Finding, bool) {
	if f.Org.Demo && !f.Route.None && !f.Route.Simulator {
		return refuse(message.ReasonDemoRoute)
	}
	return pass()
}

func stopped(f *Facts, _ time.Time) (Finding, bool) {
	switch {
	case f.Org.Stopped || f.Route.Stopped:
		return hold(message.ReasonStopped, time.Time{})
	case f.Org.Hold != "":
		return hold(message.ReasonRestoredCopy, time.Time{})
	}
	return pass()
}

func imports(f *Facts, _ time.Time) (Finding, bool) {
	switch {
	case f.Org.ImportHeld:
		return hold(message.ReasonImportHeld, time.Time{})
	case f.Org.SourceOverdue && f.Visit != nil:
		return hold(message.ReasonSourceOverdue, time.Time{})
	}
	return pass()
}

func trial(f *Facts, _ time.Time) (Finding, bool) {
	if f.Route.Trial && !f.Route.Guest {
		return hold(message.ReasonTrialMode, time.Time{})
	}
	return pass()
}

// quietHours hold a text until the next opening, or refuse it when that comes after its use.
func quietHours(f *Facts, now time.Time) (Finding, bool) {
	if f.emergency() || f.Text.Answers || f.Text.BreaksQuiet || f.confirms() {
		return pass()
	}
	open, _ := f.Hours.At(now)
	if open {
		return pass()
	}
	next, ok := f.Hours.NextOpen(now)
	useBy := f.Text.ExpiresAt
	if v := f.Visit; v != nil && !v.Ended && (useBy.IsZero() || v.Start.Before(useBy)) {
		useBy = v.Start
	}
	if !ok || (!useBy.IsZero() && !next.Before(useBy)) {
		return refuse(message.ReasonNoWindow)
	}
	return hold(message.ReasonQuietHours, next)
}

// validUntil is the first moment at which a Send might turn into something else by time alone.
func validUntil(f *Facts, now time.Time) time.Time {
	until := f.Text.ExpiresAt
	earlier := func(t time.Time) {
		if !t.IsZero() && (until.IsZero() || t.Before(until)) {
			until = t
		}
	}
	if v := f.Visit; v != nil && !v.Ended {
		earlier(v.Start)
	}
	if !f.emergency() && !f.Text.Answers && !f.Text.BreaksQuiet && !f.confirms() {
		if end, open := f.Hours.WindowEnd(now); open {
			earlier(end)
		}
	}
	return until
}
