package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"carillon.dev/carillon/internal/app"
	"carillon.dev/carillon/internal/app/config"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/carrier/simulator"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/engine/desk"
	"carillon.dev/carillon/internal/engine/login"
	"carillon.dev/carillon/internal/store"
)

type serveCmd struct{ config.Serve }

// Run serves a node until it is stopped.
func (s serveCmd) Run(c *console) error {
	if err := s.Check(); err != nil {
		return err
	}
	if dsn, err := s.DSN(); err != nil {
		return err
	} else if dsn == "" {
		unlock, err := app.Lock(s.Data)
		if err != nil {
			return err
		}
		defer unlock()
	}
	sys, err := app.Open(c.ctx, s.Storage, app.Options{Log: logger(s.Log, c.err), Sessions: login.Options{Idle: s.Idle}})
	if err != nil {
		return err
	}
	defer func() { _ = sys.Close() }()
	node, err := app.NewNode(sys, s.Serve)
	if err != nil {
		return err
	}
	if err := firstLink(c, sys, s.address(node)); err != nil {
		return err
	}
	c.printf("Carillon is at %s\n", s.address(node))
	if err := sayHeld(c, sys); err != nil {
		return err
	}
	return node.Run(c.ctx)
}

// address is where people reach the console.
func (s serveCmd) address(n *app.Node) string {
	if s.PublicURL != "" {
		return s.PublicURL
	}
	scheme := "http"
	if s.TLSCert != "" {
		scheme = "https"
	}
	return scheme + "://" + n.Address()
}

// sayHeld says that this database was copied or moved here, and how its hold ends.
func sayHeld(c *console, sys *app.System) error {
	return sys.Store.Read(c.ctx, access.System("serve"), func(tx store.Tx) error {
		stops, err := tx.Orgs().Stops(c.ctx)
		for _, why := range stops.Orgs {
			if why == store.StopReason(org.HoldRestored) {
				c.printf("This database is a copy of another, so nothing is sent. If the other is off for good, end the hold:\n  carillon resume --restored\n")
				break
			}
		}
		return err
	})
}

// firstLink prints the one-time link for the first administrator while nobody can log in.
func firstLink(c *console, sys *app.System, base string) error {
	token, open, err := sys.Login.SetUpToken(c.ctx)
	if err != nil || !open {
		return err
	}
	c.printf("Nobody can log in yet. Make the first administrator at\n  %s/setup/%s\nThe link works once, for a day.\n", base, url.PathEscape(token))
	return nil
}

type stopCmd struct {
	storage
	Everything bool `help:"Stop every organization of this installation."`
}

// Run stops hand-offs: running nodes hear of it within a second.
func (s stopCmd) Run(c *console) error { return s.flip(c, true) }

func (s stopCmd) flip(c *console, stop bool) error {
	sys, err := app.Open(c.ctx, s.Storage, app.Options{})
	if err != nil {
		return err
	}
	defer func() { _ = sys.Close() }()
	scope := access.System("stop")
	if !s.Everything {
		if scope, err = s.scope(c, sys, "stop"); err != nil {
			return err
		}
	}
	if stop {
		err = sys.Board.StopAll(c.ctx, scope)
		if err == nil {
			c.printf("stopped: nothing is handed to any operator until carillon resume\n")
		}
		return err
	}
	if err = sys.Board.Resume(c.ctx, scope); err == nil {
		c.printf("resumed\n")
	}
	return err
}

type resumeCmd struct {
	stopCmd
	Restored bool `help:"Also release a restored copy: from now on it writes to patients."`
}

// Run ends a stop.
func (r resumeCmd) Run(c *console) error {
	if !r.Restored {
		return r.flip(c, false)
	}
	sys, scope, err := r.open(c, "resume")
	if err != nil {
		return err
	}
	defer func() { _ = sys.Close() }()
	err = desk.New(sys.Store, nil).Release(c.ctx, scope)
	if err == nil {
		c.printf("released: this copy writes to patients now\n")
	}
	return err
}

type simulateCmd struct {
	Listen   string        `help:"Address and port of the SMPP server; loopback only." default:"127.0.0.1:2775" placeholder:"HOST:PORT"`
	Stats    string        `help:"Address of the counters as JSON; empty serves none." placeholder:"HOST:PORT"`
	Seed     uint64        `help:"The same seed repeats a run exactly." default:"1"`
	Profile  string        `help:"town: phones, faults and people who answer; honest: quick and without faults." default:"town" enum:"town,honest"`
	SystemID string        `help:"Account name that a bind must show; any when empty." placeholder:"ID"`
	Password string        `help:"Password of the account." placeholder:"WORD" env:"CARILLON_SIMULATOR_PASSWORD"`
	Speed    float64       `help:"How many seconds of the phones' and people's time pass in a second." default:"1"`
	For      time.Duration `help:"Stop by itself after this long; 0 runs until it is stopped." default:"0"`
}

// Run serves the simulated operator.
func (s simulateCmd) Run(c *console) error {
	cfg := simulator.Config{Seed: s.Seed}
	if s.Profile == "town" {
		cfg = simulator.Town(s.Seed)
	}
	cfg.SystemID, cfg.Password, cfg.Speed = s.SystemID, s.Password, s.Speed
	server, err := simulator.New(cfg)
	if err != nil {
		return errs.Wrap(errs.Invalid, "the simulator cannot be set up like this", err)
	}
	ln, err := loopback(s.Listen)
	if err != nil {
		return err
	}
	ctx, stop := c.ctx, context.CancelFunc(func() {})
	if s.For > 0 {
		ctx, stop = context.WithTimeout(c.ctx, s.For)
	}
	defer stop()
	if s.Stats != "" {
		if err := serveStats(ctx, s.Stats, server); err != nil {
			return err
		}
	}
	c.printf("SMPP 3.4 at %s\n", ln.Addr())
	if err := server.Serve(ctx, ln); err != nil {
		return errs.Wrap(errs.Unavailable, "the simulator stopped", err)
	}
	b, err := json.Marshal(server.Stats())
	c.printf("%s\n", b)
	return err
}

// loopback listens on this machine only: a simulated operator is nobody else's business.
func loopback(address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, errs.New(errs.Invalid, "write it as HOST:PORT, such as 127.0.0.1:2775").At("--listen")
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, errs.New(errs.Precondition, "the simulator listens on this machine's loopback only").At("--listen")
	}
	ln, err := net.Listen("tcp", address)
	return ln, errs.Wrap(errs.Unavailable, "the address is taken or not ours; choose another", err)
}

func serveStats(ctx context.Context, address string, s *simulator.Server) error {
	ln, err := loopback(address)
	if err != nil {
		return err
	}
	srv := &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(s.Stats())
	})}
	context.AfterFunc(ctx, func() { _ = srv.Close() })
	go func() { _ = srv.Serve(ln) }()
	return nil
}

type migrateCmd struct{ storage }

// Run opens the database, which brings it to this version.
func (m migrateCmd) Run(c *console) error {
	sys, err := app.Open(c.ctx, m.Storage, app.Options{})
	if err != nil {
		return err
	}
	defer func() { _ = sys.Close() }()
	c.printf("the database is at this version\n")
	return nil
}

type auditCmd struct {
	Verify auditVerifyCmd `cmd:"" help:"Recompute the tree and report what does not fit."`
}

type auditVerifyCmd struct{ storage }

// Run verifies the audit log; a log that does not prove itself is an error.
func (a auditVerifyCmd) Run(c *console) error {
	sys, err := app.Open(c.ctx, a.Storage, app.Options{})
	if err != nil {
		return err
	}
	defer func() { _ = sys.Close() }()
	var r store.AuditReport
	err = sys.Store.Read(c.ctx, access.System("audit verify"), func(tx store.Tx) (err error) {
		r, err = tx.Audit().Verify(c.ctx, sys.Machine.Now())
		return err
	})
	if err != nil {
		return err
	}
	c.printf("%d rows, root %x, %d waiting for a number\n", r.Size, r.Root, r.Waiting)
	for _, b := range r.Broken {
		c.printf("row %d: %s\n", b.Seq, b.Why)
	}
	if !r.OK() {
		return errs.New(errs.Internal, fmt.Sprintf("the audit log does not prove itself at %d places", len(r.Broken)))
	}
	return nil
}
