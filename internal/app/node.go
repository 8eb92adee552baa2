package app

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"carillon.dev/carillon/internal/app/config"
	"carillon.dev/carillon/internal/app/watch"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/obs"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/carrier/smpp"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/engine/inbound"
	"carillon.dev/carillon/internal/engine/jobs"
	"carillon.dev/carillon/internal/engine/live"
	"carillon.dev/carillon/internal/engine/plan"
	"carillon.dev/carillon/internal/engine/receipt"
	"carillon.dev/carillon/internal/engine/send"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/web/api"
	"carillon.dev/carillon/internal/web/console"
)

// Node is a serving system: its loops and faces. New wires, Run serves until its context ends and unwinds.
type Node struct {
	*System
	cfg        config.Serve
	live       *live.Hub
	planner    *plan.Planner
	pages      *console.Console
	api        *api.API
	inbound    *inbound.Service
	writer     *receipt.Writer
	dispatcher *send.Dispatcher
	meter      *obs.Meter // nil when nobody watches
	servers    []served
}

// served is one address that the node listens on.
type served struct {
	server   *http.Server
	listener net.Listener
	tls      bool
}

// NewNode wires a node over an open system and takes its listening addresses. Nothing runs yet.
func NewNode(s *System, cfg config.Serve) (*Node, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	n := &Node{System: s, cfg: cfg, live: live.New(s.Store)}
	if cfg.Metrics != "" {
		n.meter = obs.New()
	}
	n.planner = plan.New(s.Store, s.Outbox, s.Domain, s.Log)
	n.inbound = inbound.New(s.Store, s.Book, s.Words, s.Suppressed, s.Record, s.Machine, s.Log)
	n.writer = receipt.New(s.Store, s.Machine, n.planner, s.Log)
	sender := &send.Node{Store: s.Store, Domain: s.Domain, Machine: s.Machine, Owner: owner(), Gate: s.Outbox, Writer: n.writer,
		Board: s.Board, Suppressed: s.Suppressed, Inbound: n.inbound, Connect: watch.Lines(n.meter, s.Domain, connect(s.Log)), After: n.planner, Log: s.Log}
	n.dispatcher = sender.Dispatcher()
	handler, err := n.faces()
	if err != nil {
		return nil, err
	}
	if err := n.listen(cfg.Listen.Listen, "--listen", handler, cfg.TLSCert != ""); err != nil {
		return nil, err
	}
	if n.meter != nil {
		watch.Count(n.meter, s.Store, s.Machine, s.Domain, n.dispatcher)
		if err := n.listen(cfg.Metrics, "--metrics", n.figures(), false); err != nil {
			return nil, errors.Join(err, n.servers[0].listener.Close())
		}
	}
	return n, nil
}

// listen takes an address.
func (n *Node) listen(address, flag string, h http.Handler, tls bool) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return errs.Wrap(errs.Unavailable, "the address is taken or not ours; choose another", err).(*errs.Error).At(flag)
	}
	n.servers = append(n.servers, served{tls: tls, listener: l, server: &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(n.Log.Handler(), slog.LevelDebug)}})
	return nil
}

// Address is where the console listens.
func (n *Node) Address() string { return n.servers[0].listener.Addr().String() }

// MetricsAddress is where figures are read; empty when they are not.
func (n *Node) MetricsAddress() string {
	if len(n.servers) < 2 {
		return ""
	}
	return n.servers[1].listener.Addr().String()
}

// owner names this process to the routes' leases: different for every start.
func owner() string {
	var b [12]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// connect makes a route's connector from its sealed configuration.
func connect(log *slog.Logger) send.Connect {
	return func(r store.Route) (carrier.Connector, error) {
		if r.Kind != store.RouteSMPP {
			return nil, errs.Newf(errs.Precondition, "this version has no connector for routes of kind %s", r.Kind)
		}
		cfg, err := smpp.ParseConfig([]byte(r.Config.Reveal()))
		if err != nil {
			return nil, err
		}
		cfg.Simulator = r.Simulator
		return smpp.New(cfg, log.With("route", r.ID.String()), nil)
	}
}

// Run serves until ctx ends. Interrupted imports are finished first, in the background.
func (n *Node) Run(ctx context.Context) error {
	work, err := jobs.Start(ctx, n.Host, jobs.Options{Log: calm(n.Log), AtOnce: 4, Queues: map[string]int{inbound.UrgentQueue: 4}},
		jobs.Do(watch.Job(n.meter, inbound.NewAnswers(n.Store, n.Outbox).Work)), jobs.Do(watch.Job(n.meter, n.Audiences.Work)))
	if err != nil {
		return err
	}
	g, running := errgroup.WithContext(ctx)
	writer, sender := outlive(n.writer.Run, n.dispatcher.Run)
	for name, loop := range map[string]func(context.Context) error{
		"live": n.live.Run, "switchboard": n.Board.Run, "status writer": writer, "sender": sender,
		"planner": n.planner.Run, "sweeper": n.sweep, "imports": n.finishImports, "web": n.serve,
	} {
		g.Go(func() error {
			err := loop(running)
			if err != nil && running.Err() == nil {
				n.Log.Error("a loop of this node ended", "loop", name, "error", errs.Safe(err))
			}
			return err
		})
	}
	err = g.Wait()
	n.pages.Close()
	n.api.Close()
	stopping, done := context.WithTimeout(context.WithoutCancel(ctx), n.cfg.StopWait)
	defer done()
	return errors.Join(err, work.Stop(stopping))
}

// outlive lets a server end only after its user has: the sender still waits for carriers' answers when the node
// stops, and an answer that nobody writes leaves its message unknown, to be sent again.
func outlive(server, user func(context.Context) error) (func(context.Context) error, func(context.Context) error) {
	over := make(chan struct{})
	return func(ctx context.Context) error {
			serving, stop := context.WithCancel(context.WithoutCancel(ctx))
			defer stop()
			go func() { <-over; stop() }()
			return server(serving)
		}, func(ctx context.Context) error {
			defer close(over)
			return user(ctx)
		}
}

// serve answers HTTP on every address until ctx ends.
func (n *Node) serve(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, s := range n.servers {
		g.Go(func() error { return n.serveOne(ctx, s) })
	}
	return g.Wait()
}

// serveOne answers until ctx ends, then lets requests finish; open event streams end with their context.
func (n *Node) serveOne(ctx context.Context, s served) error {
	s.server.BaseContext = func(net.Listener) context.Context { return ctx }
	failed := make(chan error, 1)
	go func() {
		if s.tls {
			failed <- s.server.ServeTLS(s.listener, n.cfg.TLSCert, n.cfg.TLSKey)
			return
		}
		failed <- s.server.Serve(s.listener)
	}()
	select {
	case err := <-failed:
		return errs.Wrap(errs.Unavailable, "the console cannot be served", err)
	case <-ctx.Done():
	}
	stopping, done := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer done()
	if s.server.Shutdown(stopping) != nil {
		_ = s.server.Close()
	}
	return nil
}

// Sweeps run by the machine's clock.
const (
	sweepEvery = time.Second
	tidyEvery  = time.Minute
)

// sweep joins texts whose parts never came, numbers audit rows into their tree, removes what is over, and takes up
// counts whose node died.
func (n *Node) sweep(ctx context.Context) error {
	t := time.NewTicker(sweepEvery)
	defer t.Stop()
	var tidied time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		n.note(ctx, "texts of phones", n.sweepInbound(ctx))
		n.note(ctx, "audit log", n.NumberAudit(ctx))
		n.note(ctx, "self-test", n.SelfTest.Sweep(ctx))
		if time.Since(tidied) > tidyEvery {
			n.note(ctx, "uploads and sessions", n.tidy(ctx))
			n.note(ctx, "old self-tests", n.SelfTest.Tidy(ctx))
			n.note(ctx, "counts", n.Audiences.Sweep(ctx, access.System("audience sweep")))
			tidied = time.Now()
		}
	}
}

func (n *Node) note(ctx context.Context, what string, err error) {
	if err != nil && ctx.Err() == nil {
		n.Log.Error("a sweep did not finish; it is tried again", "sweep", what, "error", errs.Safe(err))
	}
}

func (n *Node) sweepInbound(ctx context.Context) error {
	_, err := n.inbound.Sweep(ctx)
	return err
}

func (n *Node) tidy(ctx context.Context) error {
	now := n.Machine.Now()
	if err := n.dropFiles(ctx, now); err != nil {
		return err
	}
	return n.Store.InTx(ctx, access.System("tidy"), func(tx store.Tx) error {
		if _, err := tx.Web().DropReplays(ctx, now); err != nil {
			return err
		}
		return tx.Users().DropSessionsBefore(ctx, now)
	})
}

// dropFiles removes all uploads that are over, a few pieces in each transaction: other writers wait for none of them
// for long.
func (n *Node) dropFiles(ctx context.Context, now time.Time) error {
	for {
		dropped := 0
		err := n.Store.InTx(ctx, access.System("tidy"), func(tx store.Tx) (err error) {
			dropped, err = tx.Imports().DropFiles(ctx, now)
			return err
		})
		if err != nil || dropped == 0 {
			return err
		}
	}
}

func (n *Node) finishImports(ctx context.Context) error {
	done, err := n.Intake.Resume(ctx, access.System("import resume"))
	if done > 0 {
		n.Log.Info("interrupted imports were finished", "imports", done)
	}
	n.note(ctx, "interrupted imports", err)
	return nil
}
