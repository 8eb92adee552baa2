package audience

import (
	"slices"

	"carillon.dev/carillon/internal/core/gate"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/purpose"
)

// Way is how somebody of an audience hears of it.
type Way string

const (
	ByText   Way = "text"
	ByCall   Way = "call"
	ByLetter Way = "letter"
	NoWay    Way = "none" // the gate forbids it, whatever the way
)

// closed are reasons after which nobody is phoned or written to either.
var closed = []message.Reason{message.ReasonDeceased, message.ReasonInactive, message.ReasonOptedOut, message.ReasonSuspended,
	message.ReasonConsentRevoked, message.ReasonCap, message.ReasonBudget, message.ReasonKeepsRoom, message.ReasonDuplicate, message.ReasonStale}

// otherWay are reasons that only say that a text is not the way.
var otherWay = []message.Reason{message.ReasonNoNumber, message.ReasonNotMobile, message.ReasonWrongNumber, message.ReasonOtherChannel}

// WayOf says how a person is reached, from the gate's decision about a text, the way the person prefers, whether
// there is a postal address and whether there is any number at all. Holds do not count: they end.
func WayOf(d *gate.Decision, p purpose.Purpose, prefers patient.Channel, address, number bool) (Way, message.Reason) {
	if d.Verdict == gate.Send || d.Verdict == gate.Hold {
		return ByText, message.ReasonNone
	}
	why := d.Reason()
	reasons := d.Reasons()
	if !slices.ContainsFunc(reasons, func(r message.Reason) bool { return slices.Contains(otherWay, r) }) {
		return NoWay, why
	}
	for _, r := range reasons {
		if slices.Contains(closed, r) || (r == message.ReasonNoConsent && p.Traits().Class == purpose.ClassMarketing) {
			return NoWay, r
		}
	}
	if address && (prefers == patient.Letter || !number) {
		return ByLetter, why
	}
	return ByCall, why
}
