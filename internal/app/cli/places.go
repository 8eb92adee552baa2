package cli

import (
	"time"

	"carillon.dev/carillon/internal/app"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/engine/settings"
)

type orgCmd struct {
	Add       orgAddCmd       `cmd:"" help:"Make an organization."`
	Change    orgChangeCmd    `cmd:"" help:"Change an organization's name, country, language or calendar."`
	List      orgListCmd      `cmd:"" help:"Show organizations."`
	Budget    budgetCmd       `cmd:"" help:"Show or set how many texts one person gets."`
	Location  locationAddCmd  `cmd:"" help:"Make or change a location."`
	Hours     hoursCmd        `cmd:"" help:"Show or change when a location writes: hours, holidays, closed days."`
	Locations locationListCmd `cmd:"" help:"Show locations."`
}

type orgAddCmd struct {
	storage
	Name     string `arg:"" help:"Name as patients know it." placeholder:"NAME"`
	Region   string `help:"Country, such as PL or US." required:"" placeholder:"XX"`
	Locale   string `help:"Language of texts when nothing better is known." default:"en"`
	Calendar string `help:"Who keeps the calendar: own (Carillon) or outside (a practice system)." default:"outside" enum:"own,outside"`
}

// Run makes an organization.
func (o orgAddCmd) Run(c *console) error {
	sys, err := app.Open(c.ctx, o.Storage, app.Options{})
	if err != nil {
		return err
	}
	defer func() { _ = sys.Close() }()
	made := org.Organization{ID: id.New(), Name: o.Name, Region: o.Region, Locale: o.Locale, CalendarOwner: org.CalendarOwner(o.Calendar)}
	made, err = settings.New(sys.Store).AddOrganization(c.ctx, access.ForCommand(made.ID, "org add"), made)
	if err == nil {
		c.printf("%s\n", made.ID)
	}
	return err
}

type orgChangeCmd struct {
	storage
	Name     string `help:"Name as patients know it." placeholder:"NAME"`
	Region   string `help:"Country, such as PL or US." placeholder:"XX"`
	Locale   string `help:"Language of texts when nothing better is known." placeholder:"CODE"`
	Calendar string `help:"Who keeps the calendar: own (Carillon) or outside (a practice system)." enum:"own,outside," default:""`
}

// Run changes what the flags name and shows what is.
func (o orgChangeCmd) Run(c *console) error {
	sys, scope, err := o.open(c, "org change")
	if err != nil {
		return err
	}
	defer func() { _ = sys.Close() }()
	set := settings.New(sys.Store)
	own, err := set.Organization(c.ctx, scope)
	if err != nil {
		return err
	}
	next := own
	for field, flag := range map[*string]string{&next.Name: o.Name, &next.Region: o.Region, &next.Locale: o.Locale} {
		if flag != "" {
			*field = flag
		}
	}
	if o.Calendar != "" {
		next.CalendarOwner = org.CalendarOwner(o.Calendar)
	}
	if next != own {
		if err := set.ChangeOrganization(c.ctx, scope, next); err != nil {
			return err
		}
		if own, err = set.Organization(c.ctx, scope); err != nil {
			return err
		}
	}
	c.printf("%s: country %s, language %s, calendar %s\n", own.Name, own.Region, own.Locale, own.CalendarOwner)
	return nil
}

type orgListCmd struct{ storage }

// Run lists organizations.
func (o orgListCmd) Run(c *console) error {
	sys, err := app.Open(c.ctx, o.Storage, app.Options{})
	if err != nil {
		return err
	}
	defer func() { _ = sys.Close() }()
	all, err := orgs(c, sys)
	for _, x := range all {
		state := ""
		if x.StoppedAt != nil {
			state += "  stopped"
		}
		if x.Hold != "" {
			state += "  on hold: " + string(x.Hold)
		}
		c.printf("%s  %s  %s%s\n", x.ID, x.Region, x.Name, state)
	}
	return err
}

type locationAddCmd struct {
	storage
	Name      string         `arg:"" help:"Name as patients know it." placeholder:"NAME"`
	Rename    string         `help:"Its new name." placeholder:"NAME"`
	Zone      string         `help:"Time zone, such as Europe/Warsaw; a new location needs one." placeholder:"ZONE"`
	Region    string         `help:"Country, such as PL; the organization's when empty." placeholder:"XX"`
	Subregion *string        `help:"Part of the country whose public holidays it keeps, such as BY in Germany." placeholder:"XX"`
	Address   *string        `help:"Address as a text gives it." placeholder:"TEXT"`
	Phone     *string        `help:"Number that patients may call." placeholder:"NUMBER"`
	Languages []string       `help:"Languages of its texts, the first one preferred." placeholder:"CODE"`
	Code      *string        `help:"How files name it." placeholder:"CODE"`
	Travel    *time.Duration `help:"How long patients need to get there; 2h when nothing is said." placeholder:"TIME"`
}

// Run makes a location, or changes what the flags name of the one of that name.
func (l locationAddCmd) Run(c *console) error {
	sys, scope, err := l.open(c, "org location")
	if err != nil {
		return err
	}
	defer func() { _ = sys.Close() }()
	set := settings.New(sys.Store)
	own, err := set.Organization(c.ctx, scope)
	if err != nil {
		return err
	}
	at := org.Location{Name: l.Name, Travel: org.DefaultTravel}
	if have, err := placeOf(c, set, scope, l.Name); err == nil {
		at = have
	} else if !errs.Is(err, errs.NotFound) {
		return err
	}
	if err := l.change(&at, own); err != nil {
		return err
	}
	at, err = set.SaveLocation(c.ctx, scope, at)
	if err == nil {
		c.printf("%s\n", at.ID)
	}
	return err
}

// change writes what the flags say into a location; its number is read as in the location's country.
func (l locationAddCmd) change(at *org.Location, own org.Organization) error {
	for field, flag := range map[*string]string{&at.Name: l.Rename, &at.Zone: l.Zone, &at.Region: l.Region} {
		if flag != "" {
			*field = flag
		}
	}
	for field, flag := range map[*string]*string{&at.Subregion: l.Subregion, &at.Address: l.Address, &at.ExternalID: l.Code} {
		if flag != nil {
			*field = *flag
		}
	}
	if len(l.Languages) > 0 {
		at.Languages = l.Languages
	}
	if l.Travel != nil {
		at.Travel = *l.Travel
	}
	if l.Phone == nil {
		return nil
	}
	var err error
	at.Phone, err = settings.PhoneOf(phi.T(*l.Phone), at.Region, own)
	return err
}

// placeOf finds a location by name, code or id.
func placeOf(c *console, set *settings.Service, scope access.Scope, name string) (org.Location, error) {
	all, err := set.Locations(c.ctx, scope)
	if err != nil {
		return org.Location{}, err
	}
	for _, l := range all {
		if l.Name == name || l.ExternalID != "" && l.ExternalID == name || l.ID.String() == name {
			return l, nil
		}
	}
	return org.Location{}, errs.New(errs.NotFound, "no location has this name; carillon org locations shows them").At("location")
}

type locationListCmd struct{ storage }

// Run lists locations.
func (l locationListCmd) Run(c *console) error {
	sys, scope, err := l.open(c, "org locations")
	if err != nil {
		return err
	}
	defer func() { _ = sys.Close() }()
	all, err := settings.New(sys.Store).Locations(c.ctx, scope)
	for _, x := range all {
		c.printf("%s  %-10s %-20s %s\n", x.ID, x.ExternalID, x.Zone, x.Name)
	}
	return err
}
