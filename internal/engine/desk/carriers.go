package desk

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/engine/receipt"
	"carillon.dev/carillon/internal/store"
)

// RouteState is what a route may do, as the store keeps it.
type RouteState = store.RouteState

// States of a route, for the faces.
const (
	RouteTrial    = store.RouteTrial
	RouteOpen     = store.RouteOpen
	RouteStopped  = store.RouteStopped
	RouteDraining = store.RouteDraining
)

// Carrier is one way out as staff see it: its switches and what the rows say of its health.
type Carrier struct {
	ID        id.ID
	Name      string
	Kind      string
	State     RouteState
	Simulator bool
	Rate      int // segments a second; 0 is no limit
	Rank      int
	Senders   []Sender
	Guests    []phone.Number
	Parked    int // receipts that fit nothing yet
	// Waiting, Unknown and Failed are messages of the last day on this route; a number at the bound of the
	// list that was read means "at least".
	Waiting, Unknown, Failed int
	Oldest                   time.Time // due time of the longest waiting text that is due; zero when none
	LastErrors               []Fault
	Receipts                 Receipts
	// Bind is how this node's connection is; Here is false when another node has it, or none.
	Bind Bind
	Here bool
}

// Bind is a connection as its carrier folder tells it.
type Bind struct {
	State     string
	Since     time.Time // machine time
	Open      int       // submits without an answer
	LastError string    // safe text
	Fault     string    // the same as a word of carrier.Fault; empty when there is none
}

// Receipts is how a route's receipts come, as the node that has its line saw it last. Times are the machine's.
type Receipts struct {
	Late           bool
	Since          time.Time // since when they fail to come
	Texts, Missing int       // of the texts that were looked at last, how many had none in time
	Usual          int       // of a hundred texts, how many usually have one in time
	Known          bool      // enough texts were seen to say so
	Looked         time.Time
}

// Sender is an address that patients know us by.
type Sender struct {
	ID       id.ID
	Address  string
	TwoWay   bool
	Location id.ID
	Disabled bool
}

// Fault is one refusal by the carrier.
type Fault struct {
	Message id.ID
	At      time.Time
	Reason  message.Reason
	Code    string
}

// Bound is how many rows a count on the carrier page reads at most.
const Bound = 200

// Carriers reads every route of the organization.
func (d *Desk) Carriers(ctx context.Context, scope access.Scope) (out []Carrier, err error) {
	if err := may(scope, access.ReadMessages); err != nil {
		return nil, err
	}
	err = d.store.Read(ctx, scope, func(tx store.Tx) error {
		routes, err := tx.Routes().List(ctx)
		if err != nil {
			return err
		}
		senders, err := tx.Routes().Senders(ctx)
		if err != nil {
			return err
		}
		watches, err := tx.Messages().Watches(ctx)
		if err != nil {
			return err
		}
		health := map[id.ID]carrier.Health{}
		if d.lines != nil {
			health = d.lines.Lines()
		}
		for _, r := range routes {
			c := Carrier{ID: r.ID, Name: r.Name, Kind: string(r.Kind), State: r.State, Simulator: r.Simulator, Rate: r.Rate, Rank: r.Rank}
			for _, s := range senders {
				if s.Route == r.ID {
					c.Senders = append(c.Senders, Sender{ID: s.ID, Address: s.Address, TwoWay: s.TwoWay, Location: s.Location, Disabled: s.Disabled})
				}
			}
			if h, ok := health[r.ID]; ok {
				c.Here, c.Bind = true, Bind{State: string(h.State), Since: h.Since, Open: h.Open, LastError: h.LastError, Fault: string(h.LastFault)}
			}
			for _, w := range watches {
				if w.Route == r.ID {
					f := receipt.FlowOf(w)
					c.Receipts = Receipts{Late: f.Late(), Since: w.LateSince, Texts: w.Texts, Missing: w.Missing, Usual: w.Usual / 10, Known: f.Known(), Looked: w.LookedAt}
				}
			}
			if err := c.health(ctx, tx); err != nil {
				return err
			}
			out = append(out, c)
		}
		return nil
	})
	return out, err
}

func (c *Carrier) health(ctx context.Context, tx store.Tx) (err error) {
	if c.Guests, err = tx.Routes().ListGuests(ctx, c.ID); err != nil {
		return err
	}
	if c.Parked, err = tx.Messages().ParkedCount(ctx, c.ID); err != nil {
		return err
	}
	due, err := tx.Messages().Due(ctx, c.ID, tx.Now(), Bound)
	if err != nil {
		return err
	}
	c.Waiting = len(due)
	for _, m := range due {
		if c.Oldest.IsZero() || m.DueAt.Before(c.Oldest) {
			c.Oldest = m.DueAt
		}
	}
	day := tx.Now().Add(-24 * time.Hour)
	unknown, err := tx.Messages().List(ctx, store.MessageFilter{Route: c.ID, States: []message.State{message.Unknown}, From: day}, store.Page{Limit: Bound})
	if err != nil {
		return err
	}
	failed, err := tx.Messages().List(ctx, store.MessageFilter{Route: c.ID,
		States: []message.State{message.Failed, message.Undelivered}, From: day}, store.Page{Limit: Bound})
	if err != nil {
		return err
	}
	c.Unknown, c.Failed = len(unknown), len(failed)
	for _, m := range failed[:min(5, len(failed))] {
		at := m.DoneAt
		if at.IsZero() {
			at = m.DueAt
		}
		c.LastErrors = append(c.LastErrors, Fault{Message: m.ID, At: at, Reason: m.Reason, Code: m.ErrorCode})
	}
	return nil
}
