// Package watch lets a node be watched: it stands between the engine and a carrier's line, between the web server and
// its faces, and before jobs, and tells the meter what passes; and it reads from the rows what waits. It refuses to change
// anything that passes, and to tell the meter anything but enums, route ids and patterns.
package watch

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/obs"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/engine/send"
	"carillon.dev/carillon/internal/store"
)

// Lines watches the connectors that connect makes. domain is the clock of due times.
func Lines(m *obs.Meter, domain clock.Clock, connect send.Connect) send.Connect {
	if m == nil {
		return connect
	}
	return func(r store.Route) (carrier.Connector, error) {
		c, err := connect(r)
		if err != nil {
			return nil, err
		}
		l := line{Connector: c, meter: m, domain: domain, route: r.ID.String()}
		if q, ok := c.(carrier.Querier); ok {
			return asking{l, q}, nil
		}
		return l, nil
	}
}

// line is a connector whose handler is watched.
type line struct {
	carrier.Connector
	meter  *obs.Meter
	domain clock.Clock
	route  string
}

// asking is a line that can be asked about a message.
type asking struct {
	line
	carrier.Querier
}

// Run runs the connector.
func (l line) Run(ctx context.Context, h carrier.Handler) error {
	return l.Connector.Run(ctx, handler{h, l})
}

type handler struct {
	carrier.Handler
	l line
}

var permits = map[carrier.Permit]string{carrier.PermitSend: "send", carrier.PermitSuppressed: "suppressed", carrier.PermitHeld: "held"}

// Guard tells the permit, and how late a text leaves.
func (h handler) Guard(s *carrier.Submit) carrier.Permit {
	p := h.Handler.Guard(s)
	var late time.Duration
	if !s.DueAt.IsZero() {
		late = h.l.domain.Now().Sub(s.DueAt)
	}
	h.l.meter.Permit(h.l.route, permits[p], p == carrier.PermitSend && !s.DueAt.IsZero(), late)
	return p
}

// HandleOutcomes counts classes.
func (h handler) HandleOutcomes(batch []carrier.Outcome) {
	for i := range batch {
		h.l.meter.Outcome(h.l.route, batch[i].Class.String())
	}
	h.Handler.HandleOutcomes(batch)
}

// HandleReceipts counts states and times how long each takes to be acknowledged.
func (h handler) HandleReceipts(batch []carrier.Receipt) {
	now := time.Now()
	for i := range batch {
		r := &batch[i]
		h.l.meter.Receipt(h.l.route, string(r.State))
		r.Delivery = carrier.NewDelivery(&timed{of: r.Delivery, l: h.l, since: now}, 0)
	}
	h.Handler.HandleReceipts(batch)
}

// timed is a delivery whose acknowledgement is timed.
type timed struct {
	of    carrier.Delivery
	l     line
	since time.Time
}

// Ack passes the acknowledgement on.
func (t *timed) Ack(_ uint64, err error) {
	t.of.Ack(err)
	if err == nil {
		t.l.meter.ReceiptKept(t.l.route, time.Since(t.since))
	}
}

// HandleInbound counts.
func (h handler) HandleInbound(in carrier.Inbound) {
	h.l.meter.Delivered(h.l.route)
	h.Handler.HandleInbound(in)
}

// lines are how lines are on this node.
type lines interface {
	Lines() map[id.ID]carrier.Health
}
