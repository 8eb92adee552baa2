package route_test

import (
	"context"
	"strings"
	"testing"

	"carillon.dev/carillon/internal/app/lines"
	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/engine/route"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/storetest"
)

// office is an organization with a real route, and an administrator who is no command.
type office struct {
	store  store.Store
	admin  access.Scope
	local  access.Scope
	routes *route.Manager
	route  store.Route
	sender store.Sender
}

func newOffice(t *testing.T, open storetest.Open) *office {
	t.Helper()
	o := &office{store: open(t, clock.NewFixed(storetest.Start))}
	o.local = organization(t, o.store, false)
	o.admin = access.ForUser(o.local.Org(), id.New(), access.Admin)
	o.routes = route.NewManager(o.store, lines.Configs{})
	var err error
	o.route, err = route.Add(t.Context(), o.store, o.local, store.Route{Name: "Operator", Kind: store.RouteSMPP, Channel: patient.SMS, Rank: 1,
		Config: phi.T(`{"host":"smsc.example","port":2775,"system_id":"clinic","password":"old","service_type":"APP"}`)})
	if err == nil {
		o.sender, err = route.AddSender(t.Context(), o.store, o.local, store.Sender{Route: o.route.ID, Address: "48799000111", TwoWay: true})
	}
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func (o *office) config(t *testing.T) (config string) {
	t.Helper()
	storetest.Read(t, o.store, o.local, func(ctx context.Context, tx store.Tx) error {
		r, err := tx.Routes().Get(ctx, o.route.ID)
		config = r.Config.Reveal()
		return err
	})
	return config
}

func ptr[T any](v T) *T { return &v }

func TestARouteIsChangedAndItsPasswordIsNeverShown(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open storetest.Open) {
		o := newOffice(t, open)
		got, err := o.routes.Change(t.Context(), o.admin, o.route.ID, route.Change{Name: ptr("Main"), Rate: ptr(30), Rank: ptr(2),
			Line: route.LineChange{SystemID: ptr("clinic2"), TLS: ptr(true)}})
		if err != nil || got.Name != "Main" || got.Rate != 30 || got.Rank != 2 || got.Line != (route.Line{Host: "smsc.example", Port: 2775, Dialled: 2775, SystemID: "clinic2", TLS: true}) {
			t.Fatalf("changed to %+v, %v", got, err)
		}
		if c := o.config(t); !strings.Contains(c, `"password":"old"`) || !strings.Contains(c, `"service_type":"APP"`) {
			t.Error("what nobody named was changed")
		}
		if got, err = o.routes.Change(t.Context(), o.admin, o.route.ID, route.Change{Line: route.LineChange{Password: ptr(phi.T("new"))}}); err != nil || got.Line.SystemID != "clinic2" {
			t.Errorf("a new password: %+v, %v", got, err)
		}
		if c := o.config(t); !strings.Contains(c, `"password":"new"`) {
			t.Error("the password was not written")
		}
		storetest.Read(t, o.store, o.local, func(ctx context.Context, tx store.Tx) error {
			events, err := tx.Audit().List(ctx, store.Page{Limit: 50})
			n := 0
			for _, e := range events {
				if e.Action == "route.save" && e.Object == o.route.ID {
					n++
				}
			}
			if n != 3 {
				t.Errorf("%d audit rows of the route", n)
			}
			return err
		})
	})
}

// The stored password may be used and not read: an administrator who could send it to a host of their own would read it.
func TestTheStoredPasswordGoesNowhereElse(t *testing.T) {
	t.Parallel()
	o := newOffice(t, storetest.SQLite)
	secret := phi.T("mine")
	for name, c := range map[string]struct {
		scope access.Scope
		line  route.LineChange
		want  errs.Kind
	}{
		"another host":                       {o.admin, route.LineChange{Host: ptr("evil.example")}, errs.Invalid},
		"another port":                       {o.admin, route.LineChange{Port: ptr(9)}, errs.Invalid},
		"another host with a password":       {o.admin, route.LineChange{Host: ptr("new.example"), Password: &secret}, ""},
		"at the machine":                     {o.local, route.LineChange{Host: ptr("newer.example")}, ""},
		"a host that is none":                {o.admin, route.LineChange{Host: ptr(""), Password: &secret}, errs.Invalid},
		"a role that may not change a route": {access.ForUser(o.admin.Org(), id.New(), access.Manager), route.LineChange{TLS: ptr(true)}, errs.Forbidden},
	} {
		if _, err := o.routes.Change(t.Context(), c.scope, o.route.ID, route.Change{Line: c.line}); errs.KindOf(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := o.routes.Change(t.Context(), o.admin, o.route.ID, route.Change{Config: ptr(phi.T(`{"host":"evil.example","system_id":"x"}`))}); !errs.Is(err, errs.Forbidden) {
		t.Errorf("a whole configuration from afar: %v", err)
	}
	tls := route.Change{Line: route.LineChange{TLS: ptr(true)}}
	if _, err := o.routes.Change(t.Context(), o.admin, o.route.ID, tls); err != nil {
		t.Fatal(err)
	}
	tls.Line.TLS = ptr(false)
	if _, err := o.routes.Change(t.Context(), o.admin, o.route.ID, tls); !errs.Is(err, errs.Invalid) {
		t.Errorf("in the clear: %v", err)
	}
	for name, c := range map[string]route.Change{"name": {Name: ptr("")}, "rate": {Rate: ptr(-1)}, "rank": {Rank: ptr(0)}} {
		if _, err := o.routes.Change(t.Context(), o.admin, o.route.ID, c); !errs.Is(err, errs.Invalid) {
			t.Errorf("a wrong %s: %v", name, err)
		}
	}
}

func TestASenderIsChanged(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open storetest.Open) {
		o := newOffice(t, open)
		var site org.Location
		storetest.Write(t, o.store, o.local, func(ctx context.Context, tx store.Tx) (err error) {
			site, err = tx.Orgs().SaveLocation(ctx, org.Location{Name: "Hill", Zone: "Europe/Warsaw", Region: "PL", Languages: []string{"pl"}})
			return err
		})
		got, err := o.routes.ChangeSender(t.Context(), o.admin, o.route.ID, o.sender.ID, route.SenderChange{Location: &site.ID, Disabled: ptr(true)})
		if err != nil || got.Location != site.ID || !got.Disabled || !got.TwoWay || got.Address != o.sender.Address {
			t.Errorf("changed to %+v, %v", got, err)
		}
		if got, err = o.routes.ChangeSender(t.Context(), o.admin, o.route.ID, o.sender.ID, route.SenderChange{Location: &id.ID{}, TwoWay: ptr(false)}); err != nil || !got.Location.IsZero() || got.TwoWay {
			t.Errorf("changed back to %+v, %v", got, err)
		}
		foreign := access.ForUser(organization(t, o.store, false).Org(), id.New(), access.Admin)
		nowhere := id.New()
		for name, err := range map[string]error{
			"another organization": second(o.routes.ChangeSender(t.Context(), foreign, o.route.ID, o.sender.ID, route.SenderChange{Disabled: ptr(false)})),
			"another route":        second(o.routes.ChangeSender(t.Context(), o.admin, id.New(), o.sender.ID, route.SenderChange{Disabled: ptr(false)})),
		} {
			if !errs.Is(err, errs.NotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := o.routes.ChangeSender(t.Context(), o.admin, o.route.ID, o.sender.ID, route.SenderChange{Location: &nowhere}); !errs.Is(err, errs.Invalid) {
			t.Errorf("a location that is none: %v", err)
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestWhoMayOnlyStopCannotOpen(t *testing.T) {
	t.Parallel()
	o := newOffice(t, storetest.SQLite)
	manager := access.ForUser(o.admin.Org(), id.New(), access.Manager)
	if err := o.routes.SetState(t.Context(), manager, o.route.ID, store.RouteStopped); err != nil {
		t.Errorf("stopped by a manager: %v", err)
	}
	for _, state := range []store.RouteState{store.RouteOpen, store.RouteTrial, store.RouteDraining} {
		if err := o.routes.SetState(t.Context(), manager, o.route.ID, state); !errs.Is(err, errs.Forbidden) {
			t.Errorf("%s by a manager: %v", state, err)
		}
		if err := o.routes.SetState(t.Context(), o.admin, o.route.ID, state); err != nil {
			t.Errorf("%s by an administrator: %v", state, err)
		}
	}
	if err := o.routes.SetState(t.Context(), o.admin, o.route.ID, "gone"); !errs.Is(err, errs.Invalid) {
		t.Errorf("a state that is none: %v", err)
	}
}
