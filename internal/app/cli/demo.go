package cli

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"carillon.dev/carillon/internal/app"
	"carillon.dev/carillon/internal/app/config"
	"carillon.dev/carillon/internal/app/demo"
	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/engine/login"
)

type demoCmd struct {
	config.Log
	Listen   string  `help:"Address and port of the console; loopback only." default:"127.0.0.1:8080" placeholder:"HOST:PORT"`
	Data     string  `help:"Folder of the demo's data." default:"./data/demo" type:"path" placeholder:"DIR"`
	Speed    float64 `help:"How many seconds of the clinic's time pass in a second." default:"120"`
	Seed     uint64  `help:"The same seed makes the same clinic." default:"7"`
	Patients int     `help:"Patients to make." default:"2400"`
	Fresh    bool    `help:"Remove the demo's data first and begin anew."`
}

// demoPassword is printed with the log-ins: everything in the demo is made up and stays on this machine.
const demoPassword = "ring-the-linden-bell"

// Run makes or opens the demo and serves it.
func (d demoCmd) Run(c *console) error {
	unlock, err := app.Lock(d.Data)
	if err != nil {
		return err
	}
	defer unlock()
	if d.Fresh {
		if err := d.forget(); err != nil {
			return err
		}
	}
	domain, err := demo.Clock(d.Data, d.Speed, time.Now())
	if err != nil {
		return err
	}
	cfg := config.Serve{Storage: config.Storage{Data: d.Data, KeyFile: filepath.Join(d.Data, "demo-keyring")},
		Listen: config.Listen{Listen: d.Listen}, Log: d.Log, StopWait: 5 * time.Second}
	sys, err := app.Open(c.ctx, cfg.Storage, app.Options{Domain: domain, Log: logger(d.Log, c.err),
		Sessions: login.Options{Idle: 12 * time.Hour, Absolute: 24 * time.Hour}})
	if err != nil {
		return err
	}
	defer func() { _ = sys.Close() }()
	clinic, err := d.clinic(c, sys, domain)
	if err != nil {
		return err
	}
	operator, err := demo.NewOperator(d.Seed, domain)
	if err != nil {
		return err
	}
	if err := operator.Connect(c.ctx, sys.Store, clinic); err != nil {
		return err
	}
	if err := operator.Test(c.ctx, sys.SelfTest, clinic); err != nil {
		return err
	}
	node, err := app.NewNode(sys, cfg)
	if err != nil {
		return err
	}
	d.welcome(c, node, operator)
	return d.serve(c.ctx, sys, node, operator, clinic, domain)
}

// forget removes what the demo made, and nothing else that somebody may have put into the folder. A database without
// the demo's key file beside it is no demo's: serve keeps its own in the same folder unless it is told otherwise.
func (d demoCmd) forget() error {
	if there(filepath.Join(d.Data, "carillon.db")) && !there(filepath.Join(d.Data, "demo-keyring")) {
		return errs.New(errs.Precondition, "this folder holds a database that no demo made: give the demo a folder of its own").At("--data")
	}
	for _, name := range []string{"carillon.db", "carillon.db-wal", "carillon.db-shm", "carillon.db.instance", "demo-keyring", "demo-clock.json"} {
		if err := os.Remove(filepath.Join(d.Data, name)); err != nil && !os.IsNotExist(err) {
			return errs.Wrap(errs.Precondition, "the old demo cannot be removed; stop it first", err)
		}
	}
	return nil
}

func there(file string) bool {
	_, err := os.Lstat(file)
	return !os.IsNotExist(err)
}

func (d demoCmd) clinic(c *console, sys *app.System, domain clock.Clock) (*demo.Clinic, error) {
	clinic, err := demo.Find(c.ctx, sys.Store)
	if err == nil || !errs.Is(err, errs.NotFound) {
		return clinic, err
	}
	c.printf("Making a clinic group with %d patients …\n", d.Patients)
	if clinic, err = demo.Seed(c.ctx, sys.Store, d.Seed, d.Patients, domain.Now()); err != nil {
		return nil, err
	}
	scope := access.ForCommand(clinic.Org, "demo")
	for _, u := range demoUsers {
		u.Password = demoPassword
		if _, err := sys.Login.AddUser(c.ctx, scope, u); err != nil {
			return nil, err
		}
	}
	return clinic, nil
}

var demoUsers = []login.NewUser{
	{Login: "reception", Name: "Ewa Lis", Role: access.Receptionist, Locale: "en"},
	{Login: "recepcja", Name: "Ewa Lis", Role: access.Receptionist, Locale: "pl"},
	{Login: "manager", Name: "Brendan Shaw", Role: access.Manager, Locale: "en"},
	{Login: "admin", Name: "Dana Weiss", Role: access.Admin, Locale: "en"},
}

func (d demoCmd) welcome(c *console, n *app.Node, o *demo.Operator) {
	c.printf("\n  Carillon demo: http://%s\n\n", n.Address())
	c.printf("  log in as   reception (English), recepcja (po polsku), manager, admin\n  password    %s\n\n", demoPassword)
	c.printf("  The clinic's clock runs %.0f times as fast as yours; the simulated operator is at %s (SMPP 3.4).\n", d.Speed, o.Address())
	c.printf("  Stop with Ctrl-C; the next start goes on from there, --fresh begins anew.\n\n")
}

func (d demoCmd) serve(ctx context.Context, sys *app.System, node *app.Node, o *demo.Operator, clinic *demo.Clinic, domain clock.Clock) error {
	g, running := errgroup.WithContext(ctx)
	desk := demo.NewDesk(clinic, sys.Store, sys.Record, domain, d.Seed, sys.Log)
	for _, part := range []func(context.Context) error{
		o.Run, node.Run, desk.Run,
		func(ctx context.Context) error { return demo.KeepClock(ctx, d.Data, domain) },
	} {
		g.Go(func() error { return part(running) })
	}
	return g.Wait()
}
