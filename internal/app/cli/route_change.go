package cli

import (
	"fmt"
	"os"
	"strings"

	"carillon.dev/carillon/internal/app"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/engine/route"
	"carillon.dev/carillon/internal/store"
)

type routeChangeCmd struct {
	onRoute
	Name         string  `help:"Its new name." placeholder:"NAME"`
	Host         *string `help:"Address of the operator's SMSC." placeholder:"HOST"`
	Port         *int    `help:"Its port." placeholder:"PORT"`
	SystemID     *string `help:"Account." placeholder:"ID"`
	PasswordFile string  `help:"File with the new password; - asks for it." placeholder:"FILE"`
	TLS          *bool   `help:"Speak TLS." negatable:""`
	Window       *int    `help:"Texts without an answer at most." placeholder:"N"`
	Rate         *int    `help:"Segments a second; 0 leaves it to the operator." placeholder:"N"`
	Rank         *int    `help:"1 is preferred." placeholder:"N"`
	Config       string  `help:"File with every setting as JSON, in place of what is." type:"path" placeholder:"FILE"`
}

// Run changes what the flags name of a route; the node that has its line takes it up within a second.
func (r routeChangeCmd) Run(c *console) error {
	return r.with(c, "route change", func(sys *app.System, scope access.Scope, have store.Route) error {
		change, err := r.change(c)
		if err != nil {
			return err
		}
		now, err := sys.Routes.Change(c.ctx, scope, have.ID, change)
		if err == nil {
			c.printf("%s\n", changedRoute(now, have.State))
		}
		return err
	})
}

// changedRoute says what a changed route does, in a line that can be copied from.
func changedRoute(now route.Settings, before store.RouteState) string {
	if now.State == store.RouteTrial && before != now.State {
		return fmt.Sprintf("%s is changed and leads elsewhere, so it is back on trial: it serves its guest list only, until carillon route state %q open", now.Name, now.Name)
	}
	return fmt.Sprintf("%s is changed; it is %s", now.Name, now.State)
}

func (r routeChangeCmd) change(c *console) (route.Change, error) {
	out := route.Change{Rate: r.Rate, Rank: r.Rank, Line: route.LineChange{Host: r.Host, Port: r.Port, SystemID: r.SystemID, TLS: r.TLS, Window: r.Window}}
	if r.Name != "" {
		out.Name = &r.Name
	}
	if r.Config != "" {
		b, err := os.ReadFile(r.Config)
		if err != nil {
			return out, errs.Wrap(errs.Invalid, "the file cannot be read", err).(*errs.Error).At("--config")
		}
		whole := phi.T(string(b))
		out.Config = &whole
	}
	if r.PasswordFile != "" {
		typed, err := passwordOf(c, r.PasswordFile)
		if err != nil {
			return out, err
		}
		password := phi.T(typed)
		out.Line.Password = &password
	}
	return out, nil
}

// passwordOf reads a password from a file, or asks for it.
func passwordOf(c *console, file string) (string, error) {
	if file == "-" {
		return askPassword(c)
	}
	b, err := os.ReadFile(file)
	return strings.TrimRight(string(b), "\r\n"), errs.Wrap(errs.Invalid, "the password file cannot be read", err)
}

type senderChangeCmd struct {
	onRoute
	Address  string    `arg:"" help:"The sender's number or name." placeholder:"ADDRESS"`
	Off      bool      `help:"Texts leave by it no more; answers to it are still heard." xor:"off"`
	On       bool      `help:"Texts may leave by it again." xor:"off"`
	TwoWay   *bool     `help:"Patients can answer it, or not." negatable:""`
	Location *string   `help:"Location (name or id) that it writes for; every one when empty." placeholder:"NAME"`
	Purposes *[]string `help:"Purposes that it writes for; every one when empty." placeholder:"PURPOSE"`
}

// Run changes a sender.
func (s senderChangeCmd) Run(c *console) error {
	return s.with(c, "route change-sender", func(sys *app.System, scope access.Scope, r store.Route) error {
		have, err := s.find(c, sys, scope, r)
		if err != nil {
			return err
		}
		change := route.SenderChange{TwoWay: s.TwoWay}
		if s.Off || s.On {
			change.Disabled = &s.Off
		}
		if s.Location != nil {
			at, err := (fileFlags{storage: s.storage, Location: *s.Location}).location(c, sys, scope)
			if err != nil {
				return err
			}
			change.Location = &at
		}
		if s.Purposes != nil {
			purposes, err := purposesOf(*s.Purposes)
			if err != nil {
				return err
			}
			change.Purposes = &purposes
		}
		if have, err = sys.Routes.ChangeSender(c.ctx, scope, r.ID, have.ID, change); err == nil {
			c.printf("%s: two-way %t, off %t\n", have.Address, have.TwoWay, have.Disabled)
		}
		return err
	})
}

func (s senderChangeCmd) find(c *console, sys *app.System, scope access.Scope, r store.Route) (have store.Sender, err error) {
	err = sys.Store.Read(c.ctx, scope, func(tx store.Tx) error {
		all, err := tx.Routes().Senders(c.ctx)
		if err != nil {
			return err
		}
		for _, x := range all {
			if x.Route == r.ID && x.Address == s.Address {
				have = x
				return nil
			}
		}
		return errs.New(errs.NotFound, "this route has no such sender; carillon route list shows them").At("sender")
	})
	return have, err
}

func purposesOf(names []string) (out []purpose.Purpose, err error) {
	for _, p := range names {
		if p == "" {
			continue
		}
		if !purpose.Purpose(p).Valid() {
			return nil, errs.New(errs.Invalid, "there is no such purpose").At("--purposes")
		}
		out = append(out, purpose.Purpose(p))
	}
	return out, nil
}
