// Package lines shows and changes what a carrier's own configuration says of its line: the host, the account and the
// pace, and a new password. It refuses to show a password, and knows carriers only by their folders.
package lines

import (
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/carrier/smpp"
	"carillon.dev/carillon/internal/engine/route"
	"carillon.dev/carillon/internal/store"
)

// Configs are the configurations of every kind of route that this program has a connector for.
type Configs struct{}

var _ route.Lines = Configs{}

// Read says where a line goes and as whom.
func (Configs) Read(kind store.RouteKind, config phi.Text) (route.Line, error) {
	c, err := parsed(kind, config)
	return route.Line{Host: c.Host, Port: c.Port, Dialled: c.Dialled(), SystemID: c.SystemID, TLS: c.TLS, Window: c.Window, Simulator: c.Simulator}, err
}

// Write gives the configuration with the change in it; a fault is errs.Invalid at the field's name.
func (Configs) Write(kind store.RouteKind, config phi.Text, change route.LineChange) (phi.Text, error) {
	c, err := parsed(kind, config)
	if err != nil {
		return config, err
	}
	given(&c.Host, change.Host)
	given(&c.Port, change.Port)
	given(&c.SystemID, change.SystemID)
	given(&c.TLS, change.TLS)
	given(&c.Window, change.Window)
	given(&c.Password, change.Password)
	if err := c.Validate(); err != nil {
		return config, err
	}
	return c.JSON(), nil
}

func parsed(kind store.RouteKind, config phi.Text) (smpp.Config, error) {
	if kind != store.RouteSMPP {
		return smpp.Config{}, errs.Newf(errs.Precondition, "this version has no connector for routes of kind %s", kind)
	}
	return smpp.ParseConfig([]byte(config.Reveal()))
}

func given[T any](field, to *T) {
	if to != nil {
		*field = *to
	}
}
