package cli

import (
	"encoding/json"
	"fmt"
	"os"

	"carillon.dev/carillon/internal/app"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/carrier/smpp"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/engine/route"
	"carillon.dev/carillon/internal/store"
)

type routeCmd struct {
	Add          routeAddCmd     `cmd:"" help:"Connect an operator by SMPP 3.4; the route starts on trial."`
	Change       routeChangeCmd  `cmd:"" help:"Change a route: name, account, password, rate, rank."`
	List         routeListCmd    `cmd:"" help:"Show routes and senders."`
	Sender       senderAddCmd    `cmd:"" help:"Make a sender: a number or a name that patients see."`
	ChangeSender senderChangeCmd `cmd:"" help:"Change a sender, or switch it off."`
	Guests       guestsCmd       `cmd:"" help:"Set the numbers that a route on trial serves."`
	State        routeStateCmd   `cmd:"" help:"Open, stop or drain a route, or put it back on trial."`
}

type routeAddCmd struct {
	storage
	Name         string `arg:"" help:"Name of the route." placeholder:"NAME"`
	Host         string `help:"Address of the operator's SMSC." placeholder:"HOST"`
	Port         int    `help:"Its port; 2775, or 3550 with TLS." placeholder:"PORT"`
	SystemID     string `help:"Account." placeholder:"ID"`
	PasswordFile string `help:"File with the password; otherwise it is asked for." type:"path" placeholder:"FILE"`
	TLS          bool   `help:"Speak TLS."`
	Window       int    `help:"Texts without an answer at most." default:"10"`
	Rate         int    `help:"Segments a second; 0 leaves it to the operator." default:"0"`
	Config       string `help:"File with every setting as JSON (docs/smpp-route.md); the flags above are then not read." type:"path" placeholder:"FILE"`
	Rank         int    `help:"1 is preferred." default:"1"`
}

// Run adds a route.
func (r routeAddCmd) Run(c *console) error {
	cfg, err := r.config(c)
	if err != nil {
		return err
	}
	sys, scope, err := r.open(c, "route add")
	if err != nil {
		return err
	}
	defer func() { _ = sys.Close() }()
	made, err := route.Add(c.ctx, sys.Store, scope, store.Route{Name: r.Name, Kind: store.RouteSMPP, Channel: patient.SMS, Config: cfg.JSON(), Simulator: cfg.Simulator, Rate: r.Rate, Rank: r.Rank})
	if err == nil {
		c.printf("%s\n", addedRoute(made))
	}
	return err
}

// addedRoute says what a new route does, in a line that can be copied from.
func addedRoute(r store.Route) string {
	if r.State != store.RouteTrial {
		return r.ID.String() + " is " + string(r.State)
	}
	return fmt.Sprintf("%s is on trial: it serves its guest list only, until carillon route state %q open", r.ID, r.Name)
}

func (r routeAddCmd) config(c *console) (smpp.Config, error) {
	if r.Config != "" {
		b, err := os.ReadFile(r.Config)
		if err != nil {
			return smpp.Config{}, errs.Wrap(errs.Invalid, "the file cannot be read", err).(*errs.Error).At("--config")
		}
		return smpp.ParseConfig(b)
	}
	file := r.PasswordFile
	if file == "" {
		file = "-"
	}
	password, err := passwordOf(c, file)
	if err != nil {
		return smpp.Config{}, err
	}
	cfg := smpp.Config{Host: r.Host, Port: r.Port, SystemID: r.SystemID, Password: phi.T(password), TLS: r.TLS, Window: r.Window}
	return cfg, cfg.Validate()
}

type routeListCmd struct {
	storage
	JSON bool `help:"Print JSON."`
}

// Run lists routes; no password is printed.
func (r routeListCmd) Run(c *console) error {
	sys, scope, err := r.open(c, "route list")
	if err != nil {
		return err
	}
	defer func() { _ = sys.Close() }()
	var routes []store.Route
	var senders []store.Sender
	if err := sys.Store.Read(c.ctx, scope, func(tx store.Tx) (err error) {
		if routes, err = tx.Routes().List(c.ctx); err != nil {
			return err
		}
		senders, err = tx.Routes().Senders(c.ctx)
		return err
	}); err != nil {
		return err
	}
	if r.JSON {
		return r.json(c, routes, senders)
	}
	for _, x := range routes {
		c.printf("%s  %-9s %-6s %s\n", x.ID, x.State, x.Kind, x.Name)
		for _, s := range senders {
			if s.Route == x.ID {
				off := ""
				if s.Disabled {
					off = "  off"
				}
				c.printf("    %s  %-16s two-way %t%s\n", s.ID, s.Address, s.TwoWay, off)
			}
		}
	}
	return nil
}

func (r routeListCmd) json(c *console, routes []store.Route, senders []store.Sender) error {
	type sender struct {
		ID, Address string
		TwoWay      bool
	}
	type line struct {
		ID, Name, Kind, State string
		Rate                  int
		Senders               []sender
	}
	out := []line{}
	for _, x := range routes {
		l := line{ID: x.ID.String(), Name: x.Name, Kind: string(x.Kind), State: string(x.State), Rate: x.Rate}
		for _, s := range senders {
			if s.Route == x.ID {
				l.Senders = append(l.Senders, sender{s.ID.String(), s.Address, s.TwoWay})
			}
		}
		out = append(out, l)
	}
	return json.NewEncoder(c.out).Encode(out)
}

// onRoute is a command about one route, by name or id.
type onRoute struct {
	storage
	Route string `arg:"" help:"Name or id of the route." placeholder:"ROUTE"`
}

func (o onRoute) with(c *console, command string, do func(sys *app.System, scope access.Scope, r store.Route) error) error {
	sys, scope, err := o.open(c, command)
	if err != nil {
		return err
	}
	defer func() { _ = sys.Close() }()
	var found []store.Route
	if err := sys.Store.Read(c.ctx, scope, func(tx store.Tx) error {
		all, err := tx.Routes().List(c.ctx)
		for _, r := range all {
			if r.Name == o.Route || r.ID.String() == o.Route {
				found = append(found, r)
			}
		}
		return err
	}); err != nil {
		return err
	}
	switch len(found) {
	case 0:
		return errs.New(errs.NotFound, "no route has this name or id; carillon route list shows them").At("route")
	case 1:
		return do(sys, scope, found[0])
	}
	return errs.New(errs.Invalid, "several routes have this name; give the id").At("route")
}

type senderAddCmd struct {
	onRoute
	Address  string   `arg:"" help:"A number in international form, a short code, or a name of at most 11 characters." placeholder:"ADDRESS"`
	TwoWay   bool     `help:"Patients can answer it."`
	Location string   `help:"Location (name or id) that it writes for; every one when empty." placeholder:"NAME"`
	Purposes []string `help:"Purposes that it writes for; every one when empty." placeholder:"PURPOSE"`
}

// Run adds a sender.
func (s senderAddCmd) Run(c *console) error {
	return s.with(c, "route sender", func(sys *app.System, scope access.Scope, r store.Route) error {
		at, err := fileFlags{storage: s.storage, Location: s.Location}.location(c, sys, scope)
		if err != nil {
			return err
		}
		a := store.Sender{Route: r.ID, Address: s.Address, TwoWay: s.TwoWay, Location: at}
		if a.Purposes, err = purposesOf(s.Purposes); err != nil {
			return err
		}
		a, err = route.AddSender(c.ctx, sys.Store, scope, a)
		if err == nil {
			c.printf("%s\n", a.ID)
		}
		return err
	})
}

type guestsCmd struct {
	onRoute
	Numbers []string `arg:"" optional:"" help:"Numbers in international form; none empties the list." placeholder:"NUMBER"`
}

// Run replaces a route's guest list.
func (g guestsCmd) Run(c *console) error {
	return g.with(c, "route guests", func(sys *app.System, scope access.Scope, r store.Route) error {
		numbers := make([]phone.Number, len(g.Numbers))
		for i, s := range g.Numbers {
			n, err := phone.Parse(phi.T(s), "")
			if err != nil {
				return err
			}
			numbers[i] = n
		}
		err := sys.Routes.SetGuests(c.ctx, scope, r.ID, numbers)
		if err == nil {
			c.printf("%d guests\n", len(numbers))
		}
		return err
	})
}

type routeStateCmd struct {
	onRoute
	State string `arg:"" help:"open, stopped, draining or trial." enum:"open,stopped,draining,trial"`
}

// Run changes what a route may do.
func (s routeStateCmd) Run(c *console) error {
	return s.with(c, "route state", func(sys *app.System, scope access.Scope, r store.Route) error {
		err := sys.Routes.SetState(c.ctx, scope, r.ID, store.RouteState(s.State))
		if err == nil {
			c.printf("%s is %s\n", r.Name, s.State)
		}
		return err
	})
}
