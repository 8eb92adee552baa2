package cli

import (
	"errors"
	"strings"
	"time"

	"carillon.dev/carillon/internal/app"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/ehr/table"
	"carillon.dev/carillon/internal/engine/desk"
	"carillon.dev/carillon/internal/engine/inbox"
	"carillon.dev/carillon/internal/engine/intake"
	"carillon.dev/carillon/internal/web/words"
)

// teller is what a command about patients works with: the desk, and the console's words and clocks.
type teller struct {
	*console
	sys    *app.System
	scope  access.Scope
	desk   *desk.Desk
	w      *words.Words
	around desk.Around
}

// tell opens the organization for a command about patients.
func (s storage) tell(c *console, command string, do func(t *teller) error) error {
	return s.in(c, command, func(sys *app.System, scope access.Scope) error {
		catalogue, err := words.Load()
		if err != nil {
			return err
		}
		t := &teller{console: c, sys: sys, scope: scope, desk: desk.New(sys.Store, nil), w: catalogue.Words("en", "")}
		if t.around, err = t.desk.Around(c.ctx, scope); err != nil {
			return err
		}
		return t.reasoned(do(t))
	})
}

// on is tell for a command about one thing, which its id names.
func (s storage) on(c *console, command, given, where string, do func(t *teller, at id.ID) error) error {
	at, err := idArg(given, where)
	if err != nil {
		return err
	}
	return s.tell(c, command, func(t *teller) error { return do(t, at) })
}

// reasoned puts the gate's reason in words behind an error that comes of a refusal.
func (t *teller) reasoned(err error) error {
	var why inbox.Refusal
	if !errors.As(err, &why) {
		return err
	}
	return errs.Newf(errs.Precondition, "%s: %s", errs.Safe(err), t.w.Enum("reason.", string(why)))
}

// looked leaves the audit row of a reading that leaves none itself.
func (t *teller) looked(l desk.Look) error { return t.desk.Looked(t.ctx, t.scope, l) }

// site finds a location by its name, code or id; an empty name is the zero location.
func (t *teller) site(name string) (org.Location, error) {
	if name == "" {
		return org.Location{}, nil
	}
	for _, l := range t.around.Locations {
		if l.Name == name || l.ExternalID == name || l.ID.String() == name {
			return l, nil
		}
	}
	return org.Location{}, errs.New(errs.NotFound, "no location has this name; carillon org locations shows them").At("--location")
}

// siteName is a location's name; empty when there is none.
func (t *teller) siteName(at id.ID) string {
	for _, l := range t.around.Locations {
		if l.ID == at {
			return l.Name
		}
	}
	return ""
}

// zone is a location's clock; for none of them the one that all share, else UTC.
func (t *teller) zone(at id.ID) *time.Location {
	name := ""
	for _, l := range t.around.Locations {
		switch {
		case l.ID == at:
			return loaded(l.Zone)
		case name == "":
			name = l.Zone
		case name != l.Zone:
			name = "UTC"
		}
	}
	return loaded(name)
}

func loaded(zone string) *time.Location {
	z, err := time.LoadLocation(zone)
	if err != nil {
		return time.UTC
	}
	return z
}

const minute = "2006-01-02 15:04"

// when is a time on a location's clock; empty for none.
func (t *teller) when(at time.Time, site id.ID) string {
	if at.IsZero() {
		return "-"
	}
	return at.In(t.zone(site)).Format(minute)
}

// moment reads a flag that is a date and time on a location's clock.
func moment(s string, zone *time.Location, flag string) (time.Time, error) {
	at, code := table.Moment(s, zone)
	switch code {
	case "":
		return at, nil
	case intake.NoSuchTime:
		return at, errs.New(errs.Invalid, "the clocks skip this time").At(flag)
	case intake.TwiceThatTime:
		return at, errs.New(errs.Invalid, "this time comes twice that night: write it with its offset, such as 2026-10-25T02:30:00+01:00").At(flag)
	}
	return at, errs.New(errs.Invalid, "a time looks like 2026-03-04T14:30").At(flag)
}

// day reads a flag that is a local day; empty is today.
func (t *teller) day(s string, zone *time.Location, flag string) (time.Time, error) {
	at := t.around.Now.In(zone)
	if s != "" {
		var err error
		if at, err = time.ParseInLocation(time.DateOnly, s, zone); err != nil {
			return at, errs.New(errs.Invalid, "a day looks like 2026-03-04").At(flag)
		}
	}
	y, m, d := at.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, zone), nil
}

// row puts what is not empty in a row.
func row(parts ...string) string {
	var has []string
	for _, p := range parts {
		if p != "" {
			has = append(has, p)
		}
	}
	return strings.Join(has, ", ")
}

// quoted is a text of several lines, moved to the right.
func quoted(text string) string {
	return "      " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n      ")
}
