package settings_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/quiet"
	"carillon.dev/carillon/internal/engine/settings"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/storetest"
)

// desk is an organization that was made by the use-case.
type desk struct {
	store store.Store
	set   *settings.Service
	scope access.Scope
	org   org.Organization
}

func setup(t *testing.T, open storetest.Open) desk {
	t.Helper()
	d := desk{store: open(t, clock.NewFixed(storetest.Start))}
	d.set = settings.New(d.store)
	o := linden()
	d.scope = access.ForCommand(o.ID, "settings")
	var err error
	if d.org, err = d.set.AddOrganization(context.Background(), d.scope, o); err != nil {
		t.Fatal(err)
	}
	return d
}

func linden() org.Organization {
	return org.Organization{ID: id.New(), Name: " Linden Clinic ", Region: "pl", Locale: "pl", CalendarOwner: org.OutsideCalendar}
}

func site() org.Location {
	return org.Location{Name: "Main street", Zone: "Europe/Warsaw", ExternalID: "M"}
}

// trail are the actions of the audit log, oldest first.
func (d desk) trail(t *testing.T) (out []string) {
	t.Helper()
	storetest.Read(t, d.store, d.scope, func(ctx context.Context, tx store.Tx) error {
		all, err := tx.Audit().List(ctx, store.Page{Limit: 100})
		for _, e := range all {
			out = append([]string{e.Action}, out...)
		}
		return err
	})
	return out
}

func TestAnOrganizationAndItsPlacesAreSetAndProved(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open storetest.Open) {
		d, ctx := setup(t, open), context.Background()
		if d.org.Name != "Linden Clinic" || d.org.Region != "PL" {
			t.Errorf("not tidied: %q %q", d.org.Name, d.org.Region)
		}
		made, err := d.set.SaveLocation(ctx, d.scope, site())
		if err != nil || made.Region != "PL" || len(made.Languages) != 1 || made.Languages[0] != "pl" {
			t.Fatalf("%+v, %v", made, err)
		}
		hours := quiet.Policy{Classes: map[purpose.Class]quiet.Hours{purpose.ClassCare: quiet.Daily(9*60, 17*60, false, time.Monday)}, Holidays: []string{"PL"}}
		if err := d.set.SetHours(ctx, d.scope, made.ID, hours); err != nil {
			t.Fatal(err)
		}
		moved := site()
		moved.Address = "2 Main street"
		again, err := d.set.SaveLocation(ctx, d.scope, moved)
		if err != nil || again.ID != made.ID {
			t.Fatalf("the same name made another place: %v", err)
		}
		got, err := d.set.Location(ctx, d.scope, made.ID)
		if err != nil || got.Address != "2 Main street" || len(got.Hours.Holidays) != 1 {
			t.Errorf("a changed place lost something: %+v, %v", got, err)
		}
		d.org.Name = "Linden Group"
		if err := d.set.ChangeOrganization(ctx, d.scope, d.org); err != nil {
			t.Fatal(err)
		}
		want := []string{"organization.add", "location.save", "location.hours", "location.save", "organization.change"}
		if got := d.trail(t); len(got) != len(want) {
			t.Fatalf("the audit log has %v, want %v", got, want)
		} else {
			for i := range want {
				if got[i] != want[i] {
					t.Errorf("the audit log has %v, want %v", got, want)
				}
			}
		}
	})
}

func TestTheDemoMarkCannotBeTakenOff(t *testing.T) {
	t.Parallel()
	s := storetest.SQLite(t, clock.NewFixed(storetest.Start))
	o, ctx := linden(), context.Background()
	o.Demo = true
	scope, set := access.ForCommand(o.ID, "settings"), settings.New(s)
	if _, err := set.AddOrganization(ctx, scope, o); err != nil {
		t.Fatal(err)
	}
	o.Demo = false
	if err := set.ChangeOrganization(ctx, scope, o); err != nil {
		t.Fatal(err)
	}
	storetest.Read(t, s, scope, func(ctx context.Context, tx store.Tx) error {
		got, err := tx.Orgs().Get(ctx)
		if !got.Demo {
			t.Error("a demo became real")
		}
		return err
	})
}

func TestWhatCannotBeMeantIsRefusedWithItsPlace(t *testing.T) {
	t.Parallel()
	d, ctx := setup(t, storetest.SQLite), context.Background()
	if _, err := d.set.SaveLocation(ctx, d.scope, site()); err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		change func(*org.Location)
		kind   errs.Kind
		where  string
	}{
		"no name":            {func(l *org.Location) { l.Name = " " }, errs.Invalid, "name"},
		"no zone":            {func(l *org.Location) { l.Zone = "" }, errs.Invalid, "zone"},
		"a zone that is not": {func(l *org.Location) { l.Zone = "Europe/Atlantis" }, errs.Invalid, "zone"},
		"the machine's zone": {func(l *org.Location) { l.Zone = "Local" }, errs.Invalid, "zone"},
		"no country":         {func(l *org.Location) { l.Region = "QQQ" }, errs.Invalid, "region"},
		"no language":        {func(l *org.Location) { l.Languages = []string{"en", "???"} }, errs.Invalid, "languages"},
		"a way back in time": {func(l *org.Location) { l.Travel = -time.Hour }, errs.Invalid, "travel"},
		"another's code":     {func(l *org.Location) { l.Name = "Elsewhere" }, errs.Conflict, "code"},
		"an unknown id":      {func(l *org.Location) { l.ID = id.New() }, errs.NotFound, "location"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := site()
			c.change(&l)
			_, err := d.set.SaveLocation(ctx, d.scope, l)
			var e *errs.Error
			if !errors.As(err, &e) || e.Kind != c.kind || e.Where != c.where {
				t.Errorf("got %v, want %v at %q", err, c.kind, c.where)
			}
		})
	}
}

func TestHoursThatNeverOpenAreRefused(t *testing.T) {
	t.Parallel()
	d, ctx := setup(t, storetest.SQLite), context.Background()
	l, err := d.set.SaveLocation(ctx, d.scope, site())
	if err != nil {
		t.Fatal(err)
	}
	never := quiet.Policy{Classes: map[purpose.Class]quiet.Hours{purpose.ClassCare: {}}}
	if err := d.set.SetHours(ctx, d.scope, l.ID, never); !errs.Is(err, errs.Invalid) {
		t.Errorf("got %v", err)
	}
}

func TestOnlyAnAdministratorChangesSettings(t *testing.T) {
	t.Parallel()
	d, ctx := setup(t, storetest.SQLite), context.Background()
	for _, role := range []access.Role{access.Manager, access.Receptionist, access.Viewer} {
		scope := access.ForUser(d.org.ID, id.New(), role)
		_, add := d.set.AddOrganization(ctx, scope, linden())
		_, save := d.set.SaveLocation(ctx, scope, site())
		for what, err := range map[string]error{"add": add, "save": save, "change": d.set.ChangeOrganization(ctx, scope, d.org),
			"hours": d.set.SetHours(ctx, scope, id.New(), quiet.Policy{})} {
			if !errs.Is(err, errs.Forbidden) {
				t.Errorf("%s by a %s: %v", what, role, err)
			}
		}
	}
}
