package console

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/engine/settings"
)

// siteView is one location with what its forms hold.
type siteView struct {
	org.Location
	Number  string // as typed
	Minutes string
	Langs   string
	Hours   []hoursForm
	More    string // regions whose holidays it keeps beside its own
	Errors  fieldErrors
	Part    string // the form that the mistakes are of
}

// New reports whether the place is not there yet.
func (v siteView) New() bool { return v.ID.IsZero() }

func (v siteView) mistakesOf(part string) fieldErrors {
	if v.Part != part {
		return nil
	}
	return v.Errors
}

func siteForm(l org.Location) siteView {
	return siteView{Location: l, Number: l.Phone.DisplayIn(l.Region), Minutes: strconv.Itoa(int(l.Travel / time.Minute)),
		Langs: strings.Join(l.Languages, ", "), Hours: hoursForms(l.Hours), More: strings.Join(l.Hours.Holidays, ", ")}
}

// site shows a location's forms; the path of a new one says so.
func (c *Console) site(w http.ResponseWriter, r *http.Request, p *Page) {
	v, err := c.siteOf(r, p)
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	c.show(w, r, http.StatusOK, sitePage(p, v))
}

func (c *Console) siteOf(r *http.Request, p *Page) (siteView, error) {
	if r.PathValue("id") == "new" {
		return siteForm(org.Location{Zone: p.Zone(p.Site).String(), Region: p.Org.Region, Languages: []string{p.Org.Locale}, Travel: org.DefaultTravel}), nil
	}
	at, err := pathID(r, "id")
	if err != nil {
		return siteView{}, err
	}
	l, err := c.need.Settings.Location(r.Context(), p.Scope, at)
	return siteForm(l), err
}

// saveSite makes or changes a location.
func (c *Console) saveSite(w http.ResponseWriter, r *http.Request, p *Page) {
	v, err := c.siteOf(r, p)
	if err == nil {
		err = c.smallForm(w, r)
	}
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	v.Name, v.Address, v.Zone = r.PostForm.Get("name"), r.PostForm.Get("address"), strings.TrimSpace(r.PostForm.Get("zone"))
	v.Region, v.Subregion, v.ExternalID = r.PostForm.Get("region"), r.PostForm.Get("subregion"), strings.TrimSpace(r.PostForm.Get("code"))
	v.Number, v.Minutes, v.Langs = r.PostForm.Get("phone"), r.PostForm.Get("travel"), r.PostForm.Get("languages")
	v.Languages = codesTyped(v.Langs)
	minutes, err := strconv.Atoi(v.Minutes)
	if err != nil {
		err = errs.New(errs.Invalid, "write the way there in minutes").At("travel")
	}
	v.Travel = time.Duration(minutes) * time.Minute
	if err == nil {
		v.Phone, err = settings.PhoneOf(phi.T(v.Number), v.Region, p.Org)
	}
	if err == nil && v.New() && slices.ContainsFunc(p.Locations, func(l org.Location) bool { return l.Name == strings.TrimSpace(v.Name) }) {
		err = errs.New(errs.Conflict, "another location has this name").At("name")
	}
	saved := v.Location
	if err == nil {
		saved, err = c.need.Settings.SaveLocation(r.Context(), p.Scope, v.Location)
	}
	c.siteSaved(w, r, p, v, saved.ID, "site", err)
}

// siteSaved goes back to the place, or shows the form again with what is wrong.
func (c *Console) siteSaved(w http.ResponseWriter, r *http.Request, p *Page, v siteView, at id.ID, part string, err error) {
	switch errs.KindOf(err) {
	case "":
		back(w, r, "/settings/sites/"+at.String(), part)
	case errs.Invalid, errs.Conflict:
		v.Errors, v.Part = siteMistakes(p.W, err), part
		c.show(w, r, http.StatusUnprocessableEntity, sitePage(p, v))
	default:
		c.fail(w, r, p, err)
	}
}

// siteMistakes are the mistakes in the words of places, not of users.
func siteMistakes(w *Words, err error) fieldErrors {
	out := fieldErrors{}
	for where, say := range fieldsOf(w, err) {
		key := "site.bad." + where + "." + string(errs.KindOf(err))
		if w.Has(key) {
			say = w.T(key)
		}
		out[where] = say
	}
	return out
}

// codesTyped are the parts of a text between commas and spaces.
func codesTyped(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ';' || r == ' ' })
}

// changeOrganization changes name, country, language and whose calendar counts.
func (c *Console) changeOrganization(w http.ResponseWriter, r *http.Request, p *Page) {
	if err := c.smallForm(w, r); err != nil {
		c.fail(w, r, p, err)
		return
	}
	o, err := c.need.Settings.Organization(r.Context(), p.Scope)
	if err == nil {
		o.Name, o.Region, o.Locale = r.PostForm.Get("name"), r.PostForm.Get("region"), strings.TrimSpace(r.PostForm.Get("locale"))
		o.CalendarOwner = org.CalendarOwner(r.PostForm.Get("calendar"))
		err = c.need.Settings.ChangeOrganization(r.Context(), p.Scope, o)
	}
	switch errs.KindOf(err) {
	case "":
		back(w, r, "/settings", "organization")
	case errs.Invalid:
		p.Org.Name, p.Org.Region, p.Org.Locale, p.Org.CalendarOwner = o.Name, o.Region, o.Locale, o.CalendarOwner
		c.showSettings(w, r, p, http.StatusUnprocessableEntity, settingsView{Errors: siteMistakes(p.W, err), Part: "organization"})
	default:
		c.fail(w, r, p, err)
	}
}
