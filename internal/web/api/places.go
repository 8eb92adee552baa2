package api

import (
	"context"
	"net/http"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/quiet"
	"carillon.dev/carillon/internal/engine/settings"
)

func (a *API) placeRoutes() {
	const tag = "Settings"
	handle(a, http.MethodPatch, "/organization", op{name: "changeOrganization", tag: tag, summary: "Change the organization",
		about: "Only fields that are sent change.", needs: access.ManageSettings}, a.changeOrganization)
	handle(a, http.MethodPost, "/locations", op{name: "createLocation", tag: tag, summary: "Add a location",
		about: "A name and a time zone are needed; country and language are the organization's when left out.",
		needs: access.ManageSettings, status: http.StatusCreated}, a.createLocation)
	handle(a, http.MethodPatch, "/locations/{id}", op{name: "updateLocation", tag: tag, summary: "Change a location",
		about: "Only fields that are sent change.", needs: access.ManageSettings}, a.updateLocation)
	handle(a, http.MethodPost, "/locations/{id}/hours", op{name: "setHours", tag: tag, summary: "Set when a location writes",
		about: "The whole policy: what is left out is as the country's rules say. They may be narrowed, never widened.",
		needs: access.ManageSettings}, a.setHours)
	handle(a, http.MethodPost, "/sources/{id}", op{name: "expectSource", tag: "Imports", summary: "Say how often a source is expected",
		about: "When it is silent for longer the console says so; after twice as long the messages of its visits wait.",
		needs: access.ImportFiles}, a.expectSource)
}

// Expected is how often a source speaks.
type Expected struct {
	Every int `json:"every_hours" minimum:"0" maximum:"8784" doc:"0 is never."`
}

type expected struct {
	One
	Body Expected
}

func (a *API) expectSource(ctx context.Context, s access.Scope, in *expected) (*bare, error) {
	return done(a.need.Imports.Expect(ctx, s, in.ID, time.Duration(in.Body.Every)*time.Hour))
}

// OrganizationChange is what may change of an organization.
type OrganizationChange struct {
	Name          *string `json:"name,omitempty" maxLength:"200"`
	Region        *string `json:"region,omitempty" maxLength:"2"`
	Locale        *string `json:"locale,omitempty" maxLength:"35"`
	CalendarOwner *string `json:"calendar_owner,omitempty" enum:"own,outside" doc:"Whose calendar is the truth."`
}

type organizationChange struct{ Body OrganizationChange }

func (a *API) changeOrganization(ctx context.Context, s access.Scope, in *organizationChange) (*bare, error) {
	o, err := a.need.Settings.Organization(ctx, s)
	if err != nil {
		return nil, err
	}
	set(&o.Name, in.Body.Name)
	set(&o.Region, in.Body.Region)
	set(&o.Locale, in.Body.Locale)
	if in.Body.CalendarOwner != nil {
		o.CalendarOwner = org.CalendarOwner(*in.Body.CalendarOwner)
	}
	return done(a.need.Settings.ChangeOrganization(ctx, s, o))
}

func set[T any](field, sent *T) {
	if sent != nil {
		*field = *sent
	}
}

// LocationChange is what may change of a location; only what is sent changes.
type LocationChange struct {
	Name       *string   `json:"name,omitempty" maxLength:"200"`
	Address    *string   `json:"address,omitempty" maxLength:"300"`
	Zone       *string   `json:"zone,omitempty" maxLength:"60" doc:"IANA time zone."`
	Region     *string   `json:"region,omitempty" maxLength:"2"`
	Subregion  *string   `json:"subregion,omitempty" maxLength:"6" doc:"Part of the country whose public holidays it keeps, such as BY in Germany."`
	Languages  *[]string `json:"languages,omitempty" maxItems:"20"`
	Phone      *string   `json:"phone,omitempty" maxLength:"40"`
	Travel     *int      `json:"travel_minutes,omitempty" minimum:"0" maximum:"1440" doc:"How long patients need to get there."`
	ExternalID *string   `json:"external_id,omitempty" maxLength:"100" doc:"How files name it."`
}

func (c LocationChange) put(l *org.Location, own org.Organization) (err error) {
	set(&l.Name, c.Name)
	set(&l.Address, c.Address)
	set(&l.Zone, c.Zone)
	set(&l.Region, c.Region)
	set(&l.Subregion, c.Subregion)
	set(&l.Languages, c.Languages)
	set(&l.ExternalID, c.ExternalID)
	if c.Travel != nil {
		l.Travel = time.Duration(*c.Travel) * time.Minute
	}
	if c.Phone != nil {
		l.Phone, err = settings.PhoneOf(phi.T(*c.Phone), l.Region, own)
	}
	return err
}

type newLocation struct{ Body LocationChange }

func (a *API) createLocation(ctx context.Context, s access.Scope, in *newLocation) (*got[Made], error) {
	all, err := a.need.Settings.Locations(ctx, s)
	if err != nil {
		return nil, err
	}
	for _, l := range all {
		if in.Body.Name != nil && l.Name == *in.Body.Name {
			return nil, errs.New(errs.Conflict, "another location has this name").At("name")
		}
	}
	l, err := a.saveLocation(ctx, s, org.Location{Travel: org.DefaultTravel}, in.Body)
	return give(Made{l.ID}, err)
}

type changedLocation struct {
	One
	Body LocationChange
}

func (a *API) updateLocation(ctx context.Context, s access.Scope, in *changedLocation) (*bare, error) {
	l, err := a.need.Settings.Location(ctx, s, in.ID)
	if err != nil {
		return nil, err
	}
	_, err = a.saveLocation(ctx, s, l, in.Body)
	return done(err)
}

func (a *API) saveLocation(ctx context.Context, s access.Scope, l org.Location, c LocationChange) (org.Location, error) {
	own, err := a.need.Settings.Organization(ctx, s)
	if err == nil {
		err = c.put(&l, own)
	}
	if err != nil {
		return l, err
	}
	return a.need.Settings.SaveLocation(ctx, s, l)
}

// OpenHours is when a location writes.
type OpenHours struct {
	Care      string   `json:"care,omitempty" maxLength:"500" doc:"Such as Mon-Fri 08:00-13:00,14:00-18:00; holidays closed. Absent: as the country's rules say."`
	Marketing string   `json:"marketing,omitempty" maxLength:"500"`
	Holidays  []string `json:"holidays,omitempty" maxItems:"50" doc:"Regions whose public holidays it keeps beside its own country's, such as DE-BY."`
	Closures  []string `json:"closures,omitempty" maxItems:"1000" doc:"Its own closed days, such as 2026-12-24."`
}

func hoursOf(p quiet.Policy) (out OpenHours) {
	for class, field := range out.fields() {
		if h, ok := p.Classes[class]; ok {
			*field = h.String()
		}
	}
	out.Holidays = p.Holidays
	for _, d := range p.Closures {
		out.Closures = append(out.Closures, d.String())
	}
	return out
}

func (h *OpenHours) fields() map[purpose.Class]*string {
	return map[purpose.Class]*string{purpose.ClassCare: &h.Care, purpose.ClassMarketing: &h.Marketing}
}

func (h OpenHours) policy() (p quiet.Policy, err error) {
	p.Classes, p.Holidays = map[purpose.Class]quiet.Hours{}, h.Holidays
	for class, field := range h.fields() {
		if *field == "" {
			continue
		}
		if p.Classes[class], err = quiet.ParseHours(*field); err != nil {
			return p, err
		}
	}
	for _, s := range h.Closures {
		d, err := quiet.ParseDay(s)
		if err != nil {
			return p, err
		}
		p.Closures = append(p.Closures, d)
	}
	return p, nil
}

type hoursChange struct {
	One
	Body OpenHours
}

func (a *API) setHours(ctx context.Context, s access.Scope, in *hoursChange) (*bare, error) {
	p, err := in.Body.policy()
	if err != nil {
		return nil, err
	}
	return done(a.need.Settings.SetHours(ctx, s, in.ID, p))
}

// siteOf is a location as the API shows it.
func siteOf(l *org.Location) Site {
	return Site{ID: l.ID, Name: l.Name, Address: l.Address, Zone: l.Zone, Region: l.Region, Subregion: l.Subregion,
		Languages: append([]string{}, l.Languages...), Phone: l.Phone.Reveal(), ExternalID: l.ExternalID,
		Travel: int(l.Travel / time.Minute), Hours: hoursOf(l.Hours)}
}
