package route_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/engine/route"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/storetest"
)

func TestARouteThatLeadsElsewhereIsBackOnTrial(t *testing.T) {
	t.Parallel()
	secret := ptr(phi.T("mine"))
	for name, c := range map[string]struct {
		from   store.RouteState
		change route.Change
		local  bool
		want   store.RouteState
	}{
		"another host":               {store.RouteOpen, route.Change{Line: route.LineChange{Host: ptr("169.254.169.254"), Password: secret}}, false, store.RouteTrial},
		"another port":               {store.RouteOpen, route.Change{Line: route.LineChange{Port: ptr(80), Password: secret}}, false, store.RouteTrial},
		"at the machine too":         {store.RouteOpen, route.Change{Line: route.LineChange{Host: ptr("new.example")}}, true, store.RouteTrial},
		"a whole configuration":      {store.RouteOpen, route.Change{Config: ptr(phi.T(`{"host":"new.example","system_id":"x"}`))}, true, store.RouteTrial},
		"one that drains":            {store.RouteDraining, route.Change{Line: route.LineChange{Host: ptr("new.example"), Password: secret}}, false, store.RouteTrial},
		"one that is stopped stays":  {store.RouteStopped, route.Change{Line: route.LineChange{Host: ptr("new.example"), Password: secret}}, false, store.RouteStopped},
		"the usual port by its name": {store.RouteOpen, route.Change{Line: route.LineChange{Port: ptr(0)}}, false, store.RouteOpen},
		"another account":            {store.RouteOpen, route.Change{Line: route.LineChange{SystemID: ptr("other")}}, false, store.RouteOpen},
		"another rate":               {store.RouteOpen, route.Change{Rate: ptr(3)}, false, store.RouteOpen},
	} {
		o := newOffice(t, storetest.SQLite)
		if err := o.routes.SetState(t.Context(), o.admin, o.route.ID, c.from); err != nil {
			t.Fatal(err)
		}
		scope := o.admin
		if c.local {
			scope = o.local
		}
		got, err := o.routes.Change(t.Context(), scope, o.route.ID, c.change)
		if err != nil || got.State != c.want {
			t.Errorf("%s: answered %s, %v", name, got.State, err)
		}
		if got, err = o.routes.Settings(t.Context(), o.admin, o.route.ID); err != nil || got.State != c.want {
			t.Errorf("%s: it is %s, %v", name, got.State, err)
		}
	}
}

func TestALineWithoutTLSIsBackOnTrial(t *testing.T) {
	t.Parallel()
	o := newOffice(t, storetest.SQLite)
	for _, c := range []struct {
		tls  bool
		want store.RouteState
	}{{true, store.RouteOpen}, {false, store.RouteTrial}} {
		if err := o.routes.SetState(t.Context(), o.admin, o.route.ID, store.RouteOpen); err != nil {
			t.Fatal(err)
		}
		if got, err := o.routes.Change(t.Context(), o.local, o.route.ID, route.Change{Line: route.LineChange{TLS: &c.tls}}); err != nil || got.State != c.want {
			t.Errorf("TLS %t: %s, %v", c.tls, got.State, err)
		}
	}
}

func TestTheAuditLogSaysWhereARouteLeads(t *testing.T) {
	t.Parallel()
	o := newOffice(t, storetest.SQLite)
	if err := o.routes.SetState(t.Context(), o.admin, o.route.ID, store.RouteOpen); err != nil {
		t.Fatal(err)
	}
	if _, err := o.routes.Change(t.Context(), o.admin, o.route.ID, route.Change{Name: ptr("Main"), Line: route.LineChange{Host: ptr("10.0.0.7"), Password: ptr(phi.T("hush-hush"))}}); err != nil {
		t.Fatal(err)
	}
	storetest.Read(t, o.store, o.local, func(ctx context.Context, tx store.Tx) error {
		events, err := tx.Audit().List(ctx, store.Page{Limit: 50})
		said := map[string]bool{}
		for _, e := range events {
			said[e.Action+" "+e.Detail] = true
			if strings.Contains(e.Detail, "hush") || strings.Contains(e.Detail, "Main") {
				t.Errorf("the log says %q", e.Detail)
			}
		}
		for _, want := range []string{"route.save smpp changed=name,host,password host=10.0.0.7 port=2775 tls=false", "route.state state=trial because=elsewhere"} {
			if !said[want] {
				t.Errorf("no %q in %v", want, said)
			}
		}
		return err
	})
}

func TestWhatIsNoRouteIsRefusedAtItsField(t *testing.T) {
	t.Parallel()
	o := newOffice(t, storetest.SQLite)
	secret := ptr(phi.T("mine"))
	for name, c := range map[string]struct {
		change route.Change
		field  string
	}{
		"a name of blanks":             {route.Change{Name: ptr("  \t ")}, "name"},
		"a name of two lines":          {route.Change{Name: ptr("a\nb")}, "name"},
		"a name that turns round":      {route.Change{Name: ptr("a\u202eb")}, "name"},
		"a host with a path":           {route.Change{Line: route.LineChange{Host: ptr("a/b?c"), Password: secret}}, "host"},
		"a host with a port":           {route.Change{Line: route.LineChange{Host: ptr("a:80"), Password: secret}}, "host"},
		"an account with a diacritic":  {route.Change{Line: route.LineChange{SystemID: ptr("klinika\u0142")}}, "system_id"},
		"an account with a line's end": {route.Change{Line: route.LineChange{SystemID: ptr("a\n")}}, "system_id"},
		"a password of nothing":        {route.Change{Line: route.LineChange{Password: ptr(phi.T(""))}}, "password"},
	} {
		_, err := o.routes.Change(t.Context(), o.admin, o.route.ID, c.change)
		var at *errs.Error
		if !errs.Is(err, errs.Invalid) || !errors.As(err, &at) || at.Where != c.field {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !strings.Contains(o.config(t), `"password":"old"`) {
		t.Error("the password was wiped")
	}
	for _, host := range []string{"10.1.2.3", "::1", "smsc_2.example-operator.pl"} {
		if _, err := o.routes.Change(t.Context(), o.admin, o.route.ID, route.Change{Name: ptr(" Main "), Line: route.LineChange{Host: &host, Password: secret}}); err != nil {
			t.Errorf("the host %s: %v", host, err)
		}
	}
	if got, err := o.routes.Settings(t.Context(), o.admin, o.route.ID); err != nil || got.Name != "Main" {
		t.Errorf("the name is %q, %v", got.Name, err)
	}
	if _, err := route.Add(t.Context(), o.store, o.local, store.Route{Name: " \n", Kind: store.RouteSMPP}); !errs.Is(err, errs.Invalid) {
		t.Errorf("a new route without a name: %v", err)
	}
}
