// Package settings is how the frame of an organization is set: its name and calendar, its locations and the
// hours at which they may write. Every use-case takes an actor's scope and leaves an audit row. It refuses
// places without a real time zone, languages and countries that no text or number could be read with, and
// hours at which nothing could ever leave.
package settings

import (
	"context"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audit"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/store"
)

// Service changes settings. It is safe for concurrent use.
type Service struct{ store store.Store }

// New makes the service.
func New(s store.Store) *Service { return &Service{store: s} }

func may(scope access.Scope) error {
	if !scope.Allows(access.ManageSettings) {
		return errs.New(errs.Forbidden, "only an administrator may change settings")
	}
	return nil
}

// AddOrganization makes the scope's organization; o.ID must be the scope's. Region and name are tidied.
func (s *Service) AddOrganization(ctx context.Context, scope access.Scope, o org.Organization) (org.Organization, error) {
	if err := may(scope); err != nil {
		return o, err
	}
	o, err := tidyOrganization(o)
	if err != nil {
		return o, err
	}
	err = s.store.InTx(ctx, scope, func(tx store.Tx) (err error) {
		o.CreatedAt = tx.Now()
		if o, err = tx.Orgs().Create(ctx, o); err != nil {
			return err
		}
		return tx.Audit().Record(ctx, audit.Of(scope, tx.Now(), "organization.add", "organization", o.ID, "calendar="+string(o.CalendarOwner)))
	})
	return o, err
}

// ChangeOrganization changes name, region, language and calendar owner. The demo mark stays as it was made.
func (s *Service) ChangeOrganization(ctx context.Context, scope access.Scope, o org.Organization) error {
	if err := may(scope); err != nil {
		return err
	}
	o, err := tidyOrganization(o)
	if err != nil {
		return err
	}
	return s.store.InTx(ctx, scope, func(tx store.Tx) error {
		was, err := tx.Orgs().Get(ctx)
		if err != nil {
			return err
		}
		o.Demo = was.Demo
		if err := tx.Orgs().Update(ctx, o); err != nil {
			return err
		}
		return tx.Audit().Record(ctx, audit.Of(scope, tx.Now(), "organization.change", "organization", was.ID, "calendar="+string(o.CalendarOwner)))
	})
}

// SetBudget changes how many texts of all purposes one person gets in any 24 hours and in any seven days: from 1 to
// org.Most, 0 for the default, org.Unlimited for no limit. A day's limit above the week's is refused.
func (s *Service) SetBudget(ctx context.Context, scope access.Scope, b org.Budget) error {
	if err := may(scope); err != nil {
		return err
	}
	for field, n := range map[string]int{"day": b.Day, "week": b.Week} {
		if n < org.Unlimited || n > org.Most {
			return errs.Newf(errs.Invalid, "write a number of texts from 1 to %d, or choose no limit", org.Most).At(field)
		}
	}
	if day, week := b.Limits(); day > 0 && week > 0 && day > week {
		return errs.New(errs.Invalid, "a day cannot allow more texts than a week").At("day")
	}
	return s.store.InTx(ctx, scope, func(tx store.Tx) error {
		if err := tx.Orgs().SetBudget(ctx, b); err != nil {
			return err
		}
		return tx.Audit().Record(ctx, audit.Of(scope, tx.Now(), "organization.budget", "organization", scope.Org(),
			"day="+strconv.Itoa(b.Day)+" week="+strconv.Itoa(b.Week)))
	})
}

// Organization reads the scope's organization.
func (s *Service) Organization(ctx context.Context, scope access.Scope) (o org.Organization, err error) {
	err = s.store.Read(ctx, scope, func(tx store.Tx) error {
		o, err = tx.Orgs().Get(ctx)
		return err
	})
	return o, err
}

func tidyOrganization(o org.Organization) (org.Organization, error) {
	o.Name, o.Region = strings.TrimSpace(o.Name), strings.ToUpper(strings.TrimSpace(o.Region))
	switch {
	case !sensible(o.Name):
		return o, errs.New(errs.Invalid, "give the organization's name as patients know it, at most 200 letters").At("name")
	case !country(o.Region):
		return o, errs.New(errs.Invalid, "write the country in two letters, such as PL").At("region")
	case !tongue(o.Locale):
		return o, errs.New(errs.Invalid, "write the language as a code, such as en or pl").At("locale")
	case o.CalendarOwner != org.OwnCalendar && o.CalendarOwner != org.OutsideCalendar:
		return o, errs.New(errs.Invalid, "say who keeps the calendar: own or outside").At("calendar")
	}
	return o, nil
}

// Location reads one location.
func (s *Service) Location(ctx context.Context, scope access.Scope, location id.ID) (l org.Location, err error) {
	err = s.store.Read(ctx, scope, func(tx store.Tx) error {
		l, err = tx.Orgs().Location(ctx, location)
		return err
	})
	return l, err
}

// Locations lists the organization's locations.
func (s *Service) Locations(ctx context.Context, scope access.Scope) (all []org.Location, err error) {
	err = s.store.Read(ctx, scope, func(tx store.Tx) error {
		all, err = tx.Orgs().Locations(ctx)
		return err
	})
	return all, err
}

// SaveLocation makes a location, or changes the one with its ID; without an ID, the one of that name. What a new
// one leaves empty (region, languages) is the organization's. Opening hours are kept: SetHours changes them.
func (s *Service) SaveLocation(ctx context.Context, scope access.Scope, l org.Location) (org.Location, error) {
	if err := may(scope); err != nil {
		return l, err
	}
	err := s.store.InTx(ctx, scope, func(tx store.Tx) error {
		known, err := tx.Orgs().Locations(ctx)
		if err != nil {
			return err
		}
		own, err := tx.Orgs().Get(ctx)
		if err != nil {
			return err
		}
		next, err := tidyLocation(l, own)
		if err != nil {
			return err
		}
		if next, err = placed(next, known); err != nil {
			return err
		}
		if l, err = tx.Orgs().SaveLocation(ctx, next); err != nil {
			return err
		}
		return tx.Audit().Record(ctx, audit.Of(scope, tx.Now(), "location.save", "location", l.ID, "zone="+l.Zone))
	})
	return l, err
}

// placed finds the row that l changes, takes over its hours, and refuses a name or code that another place has.
func placed(l org.Location, known []org.Location) (org.Location, error) {
	found := false
	for _, k := range known {
		if k.ID == l.ID || l.ID.IsZero() && k.Name == l.Name {
			l.ID, l.Hours, found = k.ID, k.Hours, true
		}
	}
	if !l.ID.IsZero() && !found {
		return l, errs.New(errs.NotFound, "there is no such location").At("location")
	}
	for _, k := range known {
		if k.ID == l.ID {
			continue
		}
		if k.Name == l.Name {
			return l, errs.New(errs.Conflict, "another location has this name").At("name")
		}
		if k.ExternalID != "" && k.ExternalID == l.ExternalID {
			return l, errs.New(errs.Conflict, "another location has this code: files could not tell them apart").At("code")
		}
	}
	return l, nil
}

func tidyLocation(l org.Location, own org.Organization) (org.Location, error) {
	l.Name, l.Region = strings.TrimSpace(l.Name), strings.ToUpper(strings.TrimSpace(l.Region))
	if l.Region == "" {
		l.Region = own.Region
	}
	if len(l.Languages) == 0 {
		l.Languages = []string{own.Locale}
	}
	if !sensible(l.Name) {
		return l, errs.New(errs.Invalid, "give the location's name as patients know it, at most 200 letters").At("name")
	}
	if _, err := time.LoadLocation(l.Zone); err != nil || l.Zone == "" || l.Zone == "Local" {
		return l, errs.New(errs.Invalid, "there is no such time zone; write it like Europe/Warsaw").At("zone")
	}
	if !country(l.Region) {
		return l, errs.New(errs.Invalid, "write the country in two letters, such as PL").At("region")
	}
	if l.Subregion = part(l.Region, l.Subregion); len(l.Subregion) > 3 || !plain(l.Subregion) {
		return l, errs.New(errs.Invalid, "write the part of the country as its code, such as BY in Germany or NY in the US").At("subregion")
	}
	for _, code := range l.Languages {
		if !tongue(code) {
			return l, errs.New(errs.Invalid, "write each language as a code, such as en or pl").At("languages")
		}
	}
	if l.Travel < 0 || l.Travel > 24*time.Hour {
		return l, errs.New(errs.Invalid, "the way to a location takes between nothing and a day, such as 2h").At("travel")
	}
	return l, nil
}

// PhoneOf reads the number that patients may call, in the country of the site or else of the organization; empty is none.
func PhoneOf(typed phi.Text, region string, own org.Organization) (phone.Number, error) {
	if strings.TrimSpace(typed.Reveal()) == "" {
		return phone.Number{}, nil
	}
	if region = strings.ToUpper(strings.TrimSpace(region)); region == "" {
		region = own.Region
	}
	n, err := phone.Parse(typed, region)
	if err != nil {
		return n, errs.Wrap(errs.Invalid, errs.Safe(err), err).(*errs.Error).At("phone")
	}
	return n, nil
}

func sensible(name string) bool { return name != "" && len(name) <= 200 }

func country(code string) bool {
	r, err := language.ParseRegion(code)
	return err == nil && len(code) == 2 && r.IsCountry()
}

func tongue(code string) bool {
	_, err := language.Parse(code)
	return err == nil && code != ""
}

// part is a part of a country without the country: "DE-BY" and "by" are "BY".
func part(country, s string) string {
	return strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(s)), country+"-")
}

func plain(code string) bool {
	return !strings.ContainsFunc(code, func(r rune) bool { return (r < 'A' || r > 'Z') && (r < '0' || r > '9') })
}
