package cli

import (
	"slices"
	"strings"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/quiet"
	"carillon.dev/carillon/internal/engine/settings"
)

type hoursCmd struct {
	storage
	Location  string   `arg:"" help:"Name, code or id of the location." placeholder:"NAME"`
	Care      string   `help:"Hours of texts about care, such as \"Mon-Fri 08:00-13:00,14:00-18:00; holidays closed\"; rules for the country's." placeholder:"HOURS"`
	Marketing string   `help:"Hours of offers, in the same form." placeholder:"HOURS"`
	Holidays  []string `help:"More regions whose public holidays it keeps, such as DE-BY; none for its own only." placeholder:"XX"`
	Close     []string `help:"Days on which it is closed: 2026-12-24, or 2026-12-24..2026-12-31." placeholder:"DAYS"`
	Reopen    []string `help:"Days that are not closed after all; all for every one." placeholder:"DAYS"`
}

// Run changes what the flags name and shows what is.
func (h hoursCmd) Run(c *console) error {
	sys, scope, err := h.open(c, "org hours")
	if err != nil {
		return err
	}
	defer func() { _ = sys.Close() }()
	set := settings.New(sys.Store)
	at, err := placeOf(c, set, scope, h.Location)
	if err != nil {
		return err
	}
	next, changed, err := h.policy(at.Hours)
	if err != nil {
		return err
	}
	if changed {
		if err := set.SetHours(c.ctx, scope, at.ID, next); err != nil {
			return err
		}
		if at, err = set.Location(c.ctx, scope, at.ID); err != nil {
			return err
		}
	}
	h.print(c, at)
	return nil
}

func (h hoursCmd) policy(p quiet.Policy) (quiet.Policy, bool, error) {
	classes := map[purpose.Class]quiet.Hours{}
	for class, hours := range p.Classes {
		classes[class] = hours
	}
	p.Classes = classes
	for class, flag := range map[purpose.Class]string{purpose.ClassCare: h.Care, purpose.ClassMarketing: h.Marketing} {
		if flag == "rules" {
			delete(p.Classes, class)
		} else if flag != "" {
			hours, err := quiet.ParseHours(flag)
			if err != nil {
				return p, false, err
			}
			p.Classes[class] = hours
		}
	}
	if slices.Equal(h.Holidays, []string{"none"}) {
		p.Holidays = nil
	} else if len(h.Holidays) > 0 {
		p.Holidays = h.Holidays
	}
	closed, err := daysOf(h.Close, "--close")
	if err != nil {
		return p, false, err
	}
	p.Closures = slices.Concat(p.Closures, closed)
	if slices.Equal(h.Reopen, []string{"all"}) {
		p.Closures = nil
	} else {
		open, err := daysOf(h.Reopen, "--reopen")
		if err != nil {
			return p, false, err
		}
		p.Closures = slices.DeleteFunc(p.Closures, func(d quiet.Day) bool { return slices.Contains(open, d) })
	}
	return p, h.Care+h.Marketing != "" || len(h.Holidays)+len(h.Close)+len(h.Reopen) > 0, nil
}

// daysOf reads days and ranges of days.
func daysOf(flags []string, name string) (out []quiet.Day, err error) {
	for _, s := range flags {
		from, to, ranged := strings.Cut(s, "..")
		if !ranged {
			to = from
		}
		days, err := quiet.ParseDays(from, to)
		if err != nil {
			return nil, errs.Wrap(errs.Invalid, "write a day like 2026-12-24, or days like 2026-12-24..2026-12-31", err).(*errs.Error).At(name)
		}
		out = append(out, days...)
	}
	return out, nil
}

func (h hoursCmd) print(c *console, at org.Location) {
	for _, class := range []purpose.Class{purpose.ClassCare, purpose.ClassMarketing} {
		hours, own := at.Hours.Classes[class]
		if !own {
			c.printf("%-10s as the country's rules say\n", class)
			continue
		}
		c.printf("%-10s %s\n", class, hours)
	}
	c.printf("%-10s %s\n", "holidays", strings.Join(at.Hours.Regions(at.Region, at.Subregion), ", "))
	for _, d := range at.Hours.Closures {
		c.printf("%-10s %s\n", "closed", d)
	}
}
