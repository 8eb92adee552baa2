package store

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/core/purpose"
)

// Routes keeps routes, their senders (inbound numbers are two-way senders), guest lists and leases.
type Routes interface {
	// Save inserts or updates by ID; a missing ID is filled in. A new route that is no simulator starts in
	// trial mode whatever State says.
	Save(ctx context.Context, r Route) (Route, error)
	Get(ctx context.Context, route id.ID) (Route, error)
	// List reads the organization's routes; with a system scope every organization's.
	List(ctx context.Context) ([]Route, error)
	// SetState opens, stops, drains or puts a route back on trial.
	SetState(ctx context.Context, route id.ID, s RouteState) error

	// SaveSender inserts or updates by ID; the same address on a route is errs.Conflict.
	SaveSender(ctx context.Context, s Sender) (Sender, error)
	Senders(ctx context.Context) ([]Sender, error)

	// SaveGuests replaces the numbers that a route on trial serves. Guests says which of these numbers are on it.
	SaveGuests(ctx context.Context, route id.ID, numbers []phone.Number) error
	Guests(ctx context.Context, route id.ID, numbers []phone.Number) ([]bool, error)
	ListGuests(ctx context.Context, route id.ID) ([]phone.Number, error)

	// Take takes or renews the lease of a route until then (machine time). Held by another owner whose time has
	// not passed, it says false. A new owner gets a higher fence.
	Take(ctx context.Context, route id.ID, owner string, now, until time.Time) (Fence, bool, error)
	// Holds says whether this owner still has the lease with this fence at now; inside a write transaction nobody
	// can take it before the commit.
	Holds(ctx context.Context, route id.ID, owner string, fence Fence, now time.Time) (bool, error)
	// Drop gives the lease back.
	Drop(ctx context.Context, route id.ID, owner string, fence Fence) error
}

// RouteState says what a route may do.
type RouteState string

const (
	RouteTrial    RouteState = "trial" // its guest list only
	RouteOpen     RouteState = "open"
	RouteStopped  RouteState = "stopped"
	RouteDraining RouteState = "draining" // what is queued leaves, nothing new is planned on it
)

// RouteKind is which connector serves a route.
type RouteKind string

// RouteSMPP is an SMPP 3.4 bind.
const RouteSMPP RouteKind = "smpp"

// Route is one way out. Its configuration (host, account, password) is sealed at rest.
type Route struct {
	ID        id.ID
	Org       id.ID
	Name      string
	Kind      RouteKind
	Channel   patient.Channel
	State     RouteState
	Config    phi.Text // the connector's own configuration as JSON
	Rate      int      // segments a second; 0 is no limit of ours
	Simulator bool     // the far side is a loopback simulator
	Rank      int      // 1 is preferred
	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Sender is an address that patients know us by. A two-way sender is also an inbound number.
type Sender struct {
	ID       id.ID
	Org      id.ID
	Route    id.ID
	Address  string
	TON, NPI uint8
	Location id.ID             // zero serves every location
	Purposes []purpose.Purpose // empty serves every purpose
	TwoWay   bool              // patients can answer it
	Disabled bool
}

// Serves reports whether the sender may write for a location and purpose.
func (s *Sender) Serves(location id.ID, p purpose.Purpose) bool {
	if s.Disabled || (!s.Location.IsZero() && s.Location != location) {
		return false
	}
	if len(s.Purposes) == 0 {
		return true
	}
	for _, q := range s.Purposes {
		if q == p {
			return true
		}
	}
	return false
}
