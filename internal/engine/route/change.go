package route

import (
	"context"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audit"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/store"
)

// Line is where a route's texts go and as whom, without the password: that can be written and never read.
type Line struct {
	Host     string
	Port     int // 0 is the usual one
	SystemID string
	TLS      bool
	Window   int // submits without an answer; 0 is the usual number
	// Simulator says that the far side is one on this machine.
	Simulator bool
}

// LineChange is what somebody wants different about a line; nil stays.
type LineChange struct {
	Host     *string
	Port     *int
	SystemID *string
	TLS      *bool
	Window   *int
	Password *phi.Text
}

// Lines reads and writes the connectors' own configurations; the carriers' folders know how. A fault is errs.Invalid
// at host, port, system_id, password or window.
type Lines interface {
	Read(kind store.RouteKind, config phi.Text) (Line, error)
	// Write gives the configuration with the change in it.
	Write(kind store.RouteKind, config phi.Text, c LineChange) (phi.Text, error)
}

// Manager shows and changes routes and their senders. It is safe for concurrent use.
type Manager struct {
	store store.Store
	lines Lines
}

// NewManager makes the use-case.
func NewManager(s store.Store, l Lines) *Manager { return &Manager{store: s, lines: l} }

// Settings are what may be changed of a route. Its configuration is not among them but for the Line.
type Settings struct {
	ID        id.ID
	Name      string
	Kind      store.RouteKind
	State     store.RouteState
	Simulator bool
	Rate      int
	Rank      int
	Line      Line
	Senders   []store.Sender
}

// Change is what somebody wants different about a route; nil stays.
type Change struct {
	Name *string
	Rate *int // segments a second; 0 leaves it to the operator
	Rank *int // 1 is preferred
	// Config is the connector's whole configuration in place of what is, as a person wrote it; then Line changes it.
	Config *phi.Text
	Line   LineChange
}

const (
	maxRate = 10_000
	maxRank = 100
)

func (c Change) check() error {
	switch {
	case c.Name != nil && (*c.Name == "" || len(*c.Name) > 100):
		return errs.New(errs.Invalid, "give the route a name of at most 100 letters").At("name")
	case c.Rate != nil && (*c.Rate < 0 || *c.Rate > maxRate):
		return errs.Newf(errs.Invalid, "a rate is from 0 to %d segments a second", maxRate).At("rate")
	case c.Rank != nil && (*c.Rank < 1 || *c.Rank > maxRank):
		return errs.Newf(errs.Invalid, "a rank is from 1 to %d", maxRank).At("rank")
	}
	return nil
}

// Settings reads what may be changed of a route.
func (m *Manager) Settings(ctx context.Context, scope access.Scope, route id.ID) (out Settings, err error) {
	if err := may(scope); err != nil {
		return out, err
	}
	err = m.store.Read(ctx, scope, func(tx store.Tx) error {
		r, err := tx.Routes().Get(ctx, route)
		if err != nil {
			return err
		}
		out, err = m.settings(ctx, tx, r)
		return err
	})
	return out, err
}

func (m *Manager) settings(ctx context.Context, tx store.Tx, r store.Route) (out Settings, err error) {
	out = Settings{ID: r.ID, Name: r.Name, Kind: r.Kind, State: r.State, Simulator: r.Simulator, Rate: r.Rate, Rank: r.Rank}
	if out.Line, err = m.lines.Read(r.Kind, r.Config); err != nil {
		return out, err
	}
	all, err := tx.Routes().Senders(ctx)
	for _, s := range all {
		if s.Route == r.ID {
			out.Senders = append(out.Senders, s)
		}
	}
	return out, err
}

// Change changes a route; the node that has its line takes it up within a second. Whoever sends the stored password
// to another host, or in the clear, must know it: only the person at the machine, who can read it anyway, need not
// give it anew.
func (m *Manager) Change(ctx context.Context, scope access.Scope, route id.ID, c Change) (out Settings, err error) {
	if err := may(scope); err != nil {
		return out, err
	}
	if err := c.check(); err != nil {
		return out, err
	}
	if c.Config != nil && scope.Actor().Kind() != access.Command {
		return out, errs.New(errs.Forbidden, "the whole configuration is changed by the command line only")
	}
	err = m.store.InTx(ctx, scope, func(tx store.Tx) error {
		r, err := tx.Routes().Get(ctx, route)
		if err != nil {
			return err
		}
		if r, err = m.changed(r, c, scope.Actor().Kind() == access.Command); err != nil {
			return err
		}
		if r, err = save(ctx, tx, r); err != nil {
			return err
		}
		tx.Publish(store.TopicRoutes)
		out, err = m.settings(ctx, tx, r)
		return err
	})
	return out, err
}

// changed is the route with the change in it.
func (m *Manager) changed(r store.Route, c Change, trusted bool) (store.Route, error) {
	set(&r.Name, c.Name)
	set(&r.Rate, c.Rate)
	set(&r.Rank, c.Rank)
	if c.Config == nil && c.Line == (LineChange{}) {
		return r, nil
	}
	before, err := m.lines.Read(r.Kind, r.Config)
	if err != nil && c.Config == nil {
		return r, err
	}
	set(&r.Config, c.Config)
	if r.Config, err = m.lines.Write(r.Kind, r.Config, c.Line); err != nil {
		return r, err
	}
	after, err := m.lines.Read(r.Kind, r.Config)
	r.Simulator = after.Simulator
	elsewhere := before.Host != after.Host || before.Port != after.Port || before.TLS && !after.TLS
	if err == nil && elsewhere && !trusted && c.Line.Password == nil {
		err = errs.New(errs.Invalid, "the password would go to another place: give it again").At("password")
	}
	return r, err
}

func set[T any](field, to *T) {
	if to != nil {
		*field = *to
	}
}

// SenderChange is what somebody wants different about a sender; nil stays.
type SenderChange struct {
	Location *id.ID // zero writes for every location
	Purposes *[]purpose.Purpose
	TwoWay   *bool
	Disabled *bool
}

// ChangeSender changes an address that patients know us by.
func (m *Manager) ChangeSender(ctx context.Context, scope access.Scope, route, sender id.ID, c SenderChange) (out store.Sender, err error) {
	if err := may(scope); err != nil {
		return out, err
	}
	err = m.store.InTx(ctx, scope, func(tx store.Tx) error {
		have, err := senderOf(ctx, tx, route, sender)
		if err != nil {
			return err
		}
		set(&have.Location, c.Location)
		set(&have.Purposes, c.Purposes)
		set(&have.TwoWay, c.TwoWay)
		set(&have.Disabled, c.Disabled)
		if err := have.Check(); err != nil {
			return err
		}
		if c.Location != nil && !c.Location.IsZero() {
			if err := hasLocation(ctx, tx, *c.Location); err != nil {
				return err
			}
		}
		out, err = saveSender(ctx, tx, have)
		return err
	})
	return out, err
}

func senderOf(ctx context.Context, tx store.Tx, route, sender id.ID) (store.Sender, error) {
	all, err := tx.Routes().Senders(ctx)
	for _, s := range all {
		if s.ID == sender && s.Route == route {
			return s, nil
		}
	}
	if err == nil {
		err = errs.New(errs.NotFound, "this route has no such sender")
	}
	return store.Sender{}, err
}

func hasLocation(ctx context.Context, tx store.Tx, at id.ID) error {
	all, err := tx.Orgs().Locations(ctx)
	for _, l := range all {
		if l.ID == at {
			return nil
		}
	}
	if err == nil {
		err = errs.New(errs.Invalid, "there is no such location here").At("location")
	}
	return err
}

// saved leaves the audit row of a change in the transaction that made it.
func saved(ctx context.Context, tx store.Tx, action, kind string, object id.ID, detail string) error {
	return tx.Audit().Record(ctx, audit.Of(tx.Scope(), tx.Now(), action, kind, object, detail))
}
