// Package smpp is the connector to an SMSC by SMPP 3.4: one transceiver bind, or a pair of a transmitter and a
// receiver, kept up with enquire_link and reconnected with backoff; a window of submits, each stored before it is
// written; receipts by text and by optional parameters. It refuses to guess: a submit without an answer is
// unknown, never tried again here, and a receipt or text is acknowledged only when the engine says so.
package smpp

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/carrier/smpp/pdu"
)

// Dialer opens the connection to the SMSC.
type Dialer func(ctx context.Context) (net.Conn, error)

// Connector is one SMPP route. It implements carrier.Connector and carrier.Querier.
type Connector struct {
	cfg  Config
	zone *time.Location
	log  *slog.Logger
	dial Dialer
	odd  oddCounts

	mu     sync.Mutex
	health carrier.Health
	tx, rx *session // the same one for a transceiver; nil while unbound
	h      carrier.Handler
}

var (
	_ carrier.Connector = (*Connector)(nil)
	_ carrier.Querier   = (*Connector)(nil)
)

type oddCounts struct{ unknownStatus, stray, badReceipt, badPDU atomic.Uint64 }

// New makes a connector; it opens nothing. dial may be nil: then TCP, or TLS as cfg says.
func New(cfg Config, log *slog.Logger, dial Dialer) (*Connector, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	zone, err := time.LoadLocation(cfg.ReceiptZone)
	if err != nil {
		return nil, errs.Wrap(errs.Invalid, "receipt_zone is no IANA time zone", err)
	}
	if dial == nil {
		if dial, err = cfg.dialer(); err != nil {
			return nil, err
		}
	}
	return &Connector{cfg: cfg, zone: zone, log: log, dial: dial, health: carrier.Health{State: carrier.StateStopped}}, nil
}

// Traits are fixed by the configuration.
func (c *Connector) Traits() carrier.Traits { return c.cfg.traits() }

// Run keeps the binds up until ctx ends.
func (c *Connector) Run(ctx context.Context, h carrier.Handler) error {
	c.mu.Lock()
	if c.h != nil {
		c.mu.Unlock()
		return errs.New(errs.Internal, "a connector runs once")
	}
	c.h = h
	c.mu.Unlock()
	c.setState(carrier.StateDown)
	stopped := context.AfterFunc(ctx, func() { c.setState(carrier.StateStopping) })
	defer stopped()

	roles := []pdu.ID{pdu.BindTransceiver}
	if c.cfg.Bind == BindPair {
		roles = []pdu.ID{pdu.BindTransmitter, pdu.BindReceiver}
	}
	var wg sync.WaitGroup
	for _, role := range roles {
		wg.Go(func() { c.keepBound(ctx, role) })
	}
	wg.Wait()
	c.setState(carrier.StateStopped)
	return nil
}

// Submit hands over a batch; see carrier.Connector.
func (c *Connector) Submit(ctx context.Context, batch []carrier.Submit) {
	n, why := 0, carrier.ReasonLineDown
	var out []carrier.Outcome
	c.mu.Lock()
	s, h := c.tx, c.h
	c.mu.Unlock()
	if h == nil {
		return // never run: there is nobody to tell, and nothing can have been leased for this route
	}
	if s != nil {
		n, out, why = s.submit(ctx, batch)
	}
	now := time.Now()
	for i := range batch[n:] {
		out = append(out, carrier.Outcome{Ref: batch[n+i].Ref, Class: carrier.NotHandedOver, Reason: why, At: now})
	}
	if len(out) > 0 {
		h.HandleOutcomes(out)
	}
}

// sender is the session that sends, nil when there is none.
func (c *Connector) sender() *session {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tx
}

// Health is a snapshot.
func (c *Connector) Health() carrier.Health {
	c.mu.Lock()
	h, tx, rx := c.health, c.tx, c.rx
	c.mu.Unlock()
	if tx != nil {
		h.Open, _ = tx.counts()
	}
	if rx != nil {
		_, h.Unacked = rx.counts()
	}
	h.Odd = carrier.OddCounts{
		UnknownStatus: c.odd.unknownStatus.Load(), StrayAnswer: c.odd.stray.Load(),
		BadReceipt: c.odd.badReceipt.Load(), BadPDU: c.odd.badPDU.Load(),
	}
	return h
}

func (s *session) counts() (open, unacked int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.openCount(), len(s.unacked)
}

// bound notes a session that came up.
func (c *Connector) bound(role pdu.ID, s *session) {
	c.mu.Lock()
	if role != pdu.BindReceiver {
		c.tx = s
	}
	if role != pdu.BindTransmitter {
		c.rx = s
	}
	c.health.Binds++
	both := c.tx != nil && c.rx != nil
	if both {
		c.health.LastError, c.health.LastFault = "", carrier.FaultNone
	}
	c.mu.Unlock()
	if both {
		c.setState(carrier.StateUp)
	}
}

// lost notes that a role has no session, and why.
func (c *Connector) lost(role pdu.ID, err error) {
	c.mu.Lock()
	if role != pdu.BindReceiver {
		c.tx = nil
	}
	if role != pdu.BindTransmitter {
		c.rx = nil
	}
	news := err != nil && errs.Safe(err) != c.health.LastError
	if news {
		c.health.LastError, c.health.LastFault = errs.Safe(err), faultOf(err)
	}
	c.mu.Unlock()
	if !c.setState(carrier.StateDown) && news {
		c.h.HandleState(c.Health())
	}
}

// setState moves the route's state and tells the handler; false when there was nothing to tell. Once stopping, only
// stopped follows.
func (c *Connector) setState(to carrier.State) bool {
	c.mu.Lock()
	from := c.health.State
	if from == to || from == carrier.StateStopping && to != carrier.StateStopped {
		c.mu.Unlock()
		return false
	}
	c.health.State, c.health.Since = to, time.Now()
	h := c.h
	c.mu.Unlock()
	c.log.Info("carrier line", "protocol", "smpp", "state", string(to))
	h.HandleState(c.Health())
	return true
}
