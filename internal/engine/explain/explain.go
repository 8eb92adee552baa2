// Package explain answers the two questions people ask of one message: why did this happen, and what would
// happen now? The second runs the very code that decides for real, on the facts of this moment. It refuses
// to word an answer (the faces do, from the reasons) and to change or send anything.
package explain

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/gate"
	"carillon.dev/carillon/internal/core/message"
)

// Decider decides about one stored message as if it were due now, and changes nothing; *outbox.Outbox is one.
type Decider interface {
	Explain(ctx context.Context, scope access.Scope, m id.ID) (gate.Decision, gate.Facts, error)
}

// Service explains.
type Service struct{ decide Decider }

// New makes the service over the code that decides for real.
func New(d Decider) *Service { return &Service{d} }

// Now is what would happen to a message at this moment.
type Now struct {
	Verdict gate.Verdict
	Reasons []message.Reason // the deciding one first; empty when nothing stands in the way
	Until   time.Time        // held: when it is looked at again; zero when somebody must act
	Facts   gate.Facts       // what was read
}

// Now decides again about a message on the facts of this moment.
func (s *Service) Now(ctx context.Context, scope access.Scope, m id.ID) (Now, error) {
	if !scope.Allows(access.ReadMessages) {
		return Now{}, errs.New(errs.Forbidden, "your role does not allow this")
	}
	d, f, err := s.decide.Explain(ctx, scope, m)
	if err != nil {
		return Now{}, err
	}
	return Now{Verdict: d.Verdict, Reasons: d.Reasons(), Until: d.Until, Facts: f}, nil
}

// Why is the reason to show first for a message as it stands: the row's own, else the first of its decision
// record; empty when nothing stood in its way.
func Why(m *message.Message) message.Reason {
	switch {
	case m.State == message.Delivered || m.State == message.Accepted || m.State == message.Sending:
		return message.ReasonNone
	case m.Reason != message.ReasonNone && m.Reason != message.ReasonReceipt:
		return m.Reason
	case m.State == message.Refused || m.State == message.Held:
		if len(m.Decision.Reasons) > 0 {
			return m.Decision.Reasons[0]
		}
	}
	return message.ReasonNone
}
