package route

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"

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
	Dialled  int // the port that is dialled: Port, or the usual one in its place
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
	Version   int64
}

// OnTrial reports whether the route serves its guests only.
func (s *Settings) OnTrial() bool { return s.State == store.RouteTrial }

// Change is what somebody wants different about a route; nil stays.
type Change struct {
	// Seen is the version that was looked at: a route that was changed since is errs.Conflict at version. nil is any.
	Seen *int64
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

// named is a route's name without blanks around it.
func named(name string) (string, error) {
	name = strings.TrimSpace(name)
	if name == "" || len(name) > 100 {
		return name, errs.New(errs.Invalid, "give the route a name of at most 100 letters").At("name")
	}
	if strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsGraphic(r) }) {
		return name, errs.New(errs.Invalid, "a name is one line, without control characters").At("name")
	}
	return name, nil
}

// checked is the change as it is kept. Only the person at the machine may take a password away.
func (c Change) checked(trusted bool) (Change, error) {
	if c.Name != nil {
		name, err := named(*c.Name)
		if err != nil {
			return c, err
		}
		c.Name = &name
	}
	switch {
	case c.Config != nil && !trusted:
		return c, errs.New(errs.Forbidden, "the whole configuration is changed by the command line only")
	case c.Line.Password != nil && c.Line.Password.Reveal() == "" && !trusted:
		return c, errs.New(errs.Invalid, "write the new password, or leave the field out to keep the stored one").At("password")
	case c.Rate != nil && (*c.Rate < 0 || *c.Rate > maxRate):
		return c, errs.Newf(errs.Invalid, "a rate is from 0 to %d segments a second", maxRate).At("rate")
	case c.Rank != nil && (*c.Rank < 1 || *c.Rank > maxRank):
		return c, errs.Newf(errs.Invalid, "a rank is from 1 to %d", maxRank).At("rank")
	}
	return c, nil
}

// errChanged: somebody else was faster.
var errChanged = errs.New(errs.Conflict, "this was changed meanwhile: look at it again and repeat your change").At("version")

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
	out = Settings{ID: r.ID, Name: r.Name, Kind: r.Kind, State: r.State, Simulator: r.Simulator, Rate: r.Rate, Rank: r.Rank, Version: r.Version}
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
// give it anew. A route that leads elsewhere is back on trial: nobody has seen yet who answers there.
func (m *Manager) Change(ctx context.Context, scope access.Scope, route id.ID, c Change) (out Settings, err error) {
	if err := may(scope); err != nil {
		return out, err
	}
	trusted := scope.Actor().Kind() == access.Command
	if c, err = c.checked(trusted); err != nil {
		return out, err
	}
	err = m.store.InTx(ctx, scope, func(tx store.Tx) error {
		r, err := tx.Routes().Get(ctx, route)
		if err != nil {
			return err
		}
		if c.Seen != nil && *c.Seen != r.Version {
			return errChanged
		}
		next, err := m.changed(r, c, trusted)
		if err != nil {
			return err
		}
		if r, err = save(ctx, tx, next.Route, next.detail(r, c)); err != nil {
			return err
		}
		if r.State, err = onTrial(ctx, tx, r, next.elsewhere); err != nil {
			return err
		}
		tx.Publish(store.TopicRoutes)
		out, err = m.settings(ctx, tx, r)
		return err
	})
	return out, err
}

// altered is a route with a change in it, and what that does to its line.
type altered struct {
	store.Route
	was, line Line
	elsewhere bool // to another host or port, or no longer in TLS
}

// changed is the route with the change in it.
func (m *Manager) changed(r store.Route, c Change, trusted bool) (altered, error) {
	out := altered{Route: r}
	set(&out.Name, c.Name)
	set(&out.Rate, c.Rate)
	set(&out.Rank, c.Rank)
	if c.Config == nil && c.Line == (LineChange{}) {
		return out, nil
	}
	before, err := m.lines.Read(r.Kind, r.Config)
	if err != nil && c.Config == nil {
		return out, err
	}
	set(&out.Config, c.Config)
	if out.Config, err = m.lines.Write(r.Kind, out.Config, c.Line); err != nil {
		return out, err
	}
	out.was = before
	out.line, err = m.lines.Read(r.Kind, out.Config)
	out.Simulator = out.line.Simulator
	out.elsewhere = before.Host != out.line.Host || before.Dialled != out.line.Dialled || before.TLS && !out.line.TLS
	if err == nil && out.elsewhere && !trusted && c.Line.Password == nil {
		err = errs.New(errs.Invalid, "the password would go to another place: give it again").At("password")
	}
	return out, err
}

// detail names for the audit log what is different now and, where the line leads elsewhere, to where.
func (a *altered) detail(before store.Route, c Change) string {
	fields := []string{}
	for _, f := range []struct {
		name  string
		named bool
	}{
		{"name", before.Name != a.Name},
		{"rate", before.Rate != a.Rate},
		{"rank", before.Rank != a.Rank},
		{"config", c.Config != nil},
		{"host", a.was.Host != a.line.Host},
		{"port", a.was.Dialled != a.line.Dialled},
		{"system_id", a.was.SystemID != a.line.SystemID},
		{"tls", a.was.TLS != a.line.TLS},
		{"window", a.was.Window != a.line.Window},
		{"password", c.Line.Password != nil},
	} {
		if f.named {
			fields = append(fields, f.name)
		}
	}
	said := string(a.Kind) + " changed=" + strings.Join(fields, ",")
	if a.elsewhere {
		said += fmt.Sprintf(" host=%s port=%d tls=%t", a.line.Host, a.line.Dialled, a.line.TLS)
	}
	return said
}

// onTrial puts a route back on trial that served everybody and leads elsewhere now. A simulator stays as it is: it is
// on this machine whatever its port.
func onTrial(ctx context.Context, tx store.Tx, r store.Route, elsewhere bool) (store.RouteState, error) {
	if !elsewhere || r.Simulator || !slices.Contains([]store.RouteState{store.RouteOpen, store.RouteDraining}, r.State) {
		return r.State, nil
	}
	if err := tx.Routes().SetState(ctx, r.ID, store.RouteTrial); err != nil {
		return r.State, err
	}
	return store.RouteTrial, saved(ctx, tx, "route.state", "route", r.ID, "state="+string(store.RouteTrial)+" because=elsewhere")
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
	// Seen is how it was when it was looked at: one that was changed since is errs.Conflict at version. nil is any.
	Seen *SenderSeen
}

// SenderSeen is what was seen of a sender.
type SenderSeen struct {
	Location         id.ID
	TwoWay, Disabled bool
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
		if c.Seen != nil && *c.Seen != (SenderSeen{have.Location, have.TwoWay, have.Disabled}) {
			return errChanged
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
