package demo

import (
	"context"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/carrier/simulator"
	"carillon.dev/carillon/internal/carrier/smpp"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/engine/route"
	"carillon.dev/carillon/internal/engine/selftest"
	"carillon.dev/carillon/internal/store"
)

// Operator is the simulated operator of the demo, reached by real SMPP over loopback.
type Operator struct {
	server *simulator.Server
	ln     net.Listener
}

// Account that the demo's route binds with.
const account = "lindenb"

// NewOperator listens; Run serves.
func NewOperator(seed uint64, c *clock.Fast) (*Operator, error) {
	cfg := simulator.Town(seed)
	cfg.Now, cfg.Speed, cfg.SystemID, cfg.Password = c.Now, c.Speed(), account, account
	cfg.Echo = []string{strings.TrimPrefix(testPhone, "+")}
	server, err := simulator.New(cfg)
	if err != nil {
		return nil, errs.Wrap(errs.Internal, "the simulated operator cannot be set up", err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errs.Wrap(errs.Unavailable, "there is no free port for the simulated operator", err)
	}
	return &Operator{server: server, ln: ln}, nil
}

// Run serves until ctx ends.
func (o *Operator) Run(ctx context.Context) error { return o.server.Serve(ctx, o.ln) }

// Address is where it listens.
func (o *Operator) Address() string { return o.ln.Addr().String() }

// Connect makes the group's route to the operator, or turns the one it has to the new port, and gives each site a
// number of its own that patients can answer.
func (o *Operator) Connect(ctx context.Context, s store.Store, c *Clinic) error {
	host, port, err := net.SplitHostPort(o.Address())
	if err != nil {
		return errs.Wrap(errs.Internal, "the simulated operator has no address", err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return errs.Wrap(errs.Internal, "the simulated operator has no port", err)
	}
	cfg := smpp.Config{Host: host, Port: n, SystemID: account, Password: phi.T(account), Window: 50, EchoesRef: true, Simulator: true}
	r := store.Route{Name: "Simulated operator", Kind: store.RouteSMPP, Channel: patient.SMS, State: store.RouteOpen, Config: cfg.JSON(),
		Rate: 30, Simulator: true, Rank: 1}
	var senders []store.Sender
	if err := s.Read(ctx, scope(c.Org), func(tx store.Tx) error {
		have, err := tx.Routes().List(ctx)
		if err != nil {
			return err
		}
		if i := slices.IndexFunc(have, func(x store.Route) bool { return x.Simulator }); i >= 0 {
			r.ID, r.State = have[i].ID, have[i].State
		}
		senders, err = tx.Routes().Senders(ctx)
		return err
	}); err != nil {
		return err
	}
	if r, err = route.Add(ctx, s, scope(c.Org), r); err != nil {
		return err
	}
	return o.numbers(ctx, s, c, r, senders)
}

// numbers adds the senders that are not there yet; what somebody has changed of one stays.
func (o *Operator) numbers(ctx context.Context, s store.Store, c *Clinic, r store.Route, have []store.Sender) error {
	for i, site := range c.Sites {
		if slices.ContainsFunc(have, func(x store.Sender) bool { return x.Route == r.ID && x.Address == inboundNumbers[i] }) {
			continue
		}
		_, err := route.AddSender(ctx, s, scope(c.Org), store.Sender{Route: r.ID, Address: inboundNumbers[i], TON: 1, NPI: 1, Location: site.Location, TwoWay: true})
		if err != nil {
			return err
		}
	}
	return nil
}

// testPhone is a phone at the simulated operator's own desk, and how often the route is tested with it: by the
// machine's clock, so often that a visitor sees it.
const (
	testPhone = "+48500999000"
	testEvery = time.Minute
)

// Test has the route to the operator tested, unless somebody has said otherwise before.
func (o *Operator) Test(ctx context.Context, s *selftest.Service, c *Clinic) error {
	n, err := phone.Parse(phi.T(testPhone), "")
	if err != nil {
		return errs.Wrap(errs.Internal, "the demo's test phone has a bad number", err)
	}
	tests, err := s.Status(ctx, scope(c.Org))
	for _, t := range tests {
		if err == nil && t.Simulator && !t.Set {
			err = s.Set(ctx, scope(c.Org), selftest.Wish{Route: t.Route, Phone: n, Every: testEvery, Answers: true})
		}
	}
	return err
}

// inboundNumbers are the sites' own numbers, in the order of Sites.
var inboundNumbers = []string{"48732100100", "353861000100", "34622100100", "19175550100", "8613800100100", "971501000100"}
