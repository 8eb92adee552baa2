package console

import (
	"net/http"
	"net/url"
	"time"

	"github.com/a-h/templ"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/engine/desk"
	"carillon.dev/carillon/internal/engine/login"
)

// Page is what every template needs: the reader, the reader's words and what stands around.
type Page struct {
	desk.Around
	W      *Words
	User   org.StaffUser
	Scope  access.Scope
	Theme  string // "auto", "light" or "dark"
	Path   string // of this page, without the query
	Here   string // path and query, for coming back; free of PHI by the routes' design
	Done   string // what was just done, a key of the catalogue
	Asset  func(name string) string
	Site   id.ID // the site the reader looks at; zero is all
	Active string
}

// Allows reports whether the reader may do a; buttons that would be refused are not shown.
func (p *Page) Allows(a access.Action) bool { return p.Scope.Allows(a) }

// Location finds a site by id.
func (p *Page) Location(l id.ID) org.Location {
	for _, x := range p.Locations {
		if x.ID == l {
			return x
		}
	}
	return org.Location{Zone: "UTC"}
}

// Zone is the time zone of a site, of the site looked at, or else of the first.
func (p *Page) Zone(l id.ID) *time.Location {
	if l.IsZero() {
		l = p.Site
	}
	if l.IsZero() && len(p.Locations) > 0 {
		l = p.Locations[0].ID
	}
	z, err := time.LoadLocation(p.Location(l).Zone)
	if err != nil {
		return time.UTC
	}
	return z
}

// In is t on the clock of a site.
func (p *Page) In(t time.Time, site id.ID) time.Time { return t.In(p.Zone(site)) }

// bare is a page for a reader who is not logged in.
func (c *Console) bare(r *http.Request) *Page {
	return &Page{
		W:     c.words.Words(cookieValue(r, languageCookie), r.Header.Get("Accept-Language")),
		Theme: theme(cookieValue(r, themeCookie)),
		Path:  r.URL.Path,
		Here:  r.URL.RequestURI(),
		Asset: c.assets.Path,
	}
}

// page is a page for the reader of a session.
func (c *Console) page(r *http.Request, s login.Session, active string) (*Page, error) {
	p := c.bare(r)
	if s.User.Locale != "" {
		p.W = c.words.Words(s.User.Locale, r.Header.Get("Accept-Language"))
	}
	if s.User.Theme != "" {
		p.Theme = theme(s.User.Theme)
	}
	around, err := c.need.Desk.Around(r.Context(), s.Scope)
	if err != nil {
		return nil, err
	}
	p.Around, p.User, p.Scope, p.Active = around, s.User, s.Scope, active
	p.Site = p.siteOf(cookieValue(r, siteCookie))
	if done := "done." + r.URL.Query().Get("done"); done != "done." && p.W.Has(done) {
		p.Done = done
	}
	return p, nil
}

// siteOf is the site of the reader's cookie, when the organization has it.
func (p *Page) siteOf(text string) id.ID {
	site, err := id.Parse(text)
	if err != nil {
		return id.ID{}
	}
	for _, l := range p.Locations {
		if l.ID == site {
			return site
		}
	}
	return id.ID{}
}

func theme(s string) string {
	if s == "light" || s == "dark" {
		return s
	}
	return "auto"
}

// show writes a page.
func (c *Console) show(w http.ResponseWriter, r *http.Request, status int, t templ.Component) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if err := t.Render(r.Context(), w); err != nil && r.Context().Err() == nil {
		c.log.ErrorContext(r.Context(), "page not written", "route", r.Pattern, "kind", string(errs.KindOf(err)))
	}
}

// back goes to a page after something was done; done is a key under "done." of the catalogue.
func back(w http.ResponseWriter, r *http.Request, to, done string) {
	u := &url.URL{Path: to}
	if done != "" {
		u.RawQuery = url.Values{"done": {done}}.Encode()
	}
	http.Redirect(w, r, u.String(), http.StatusSeeOther)
}
