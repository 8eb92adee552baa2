package console

import (
	"net/http"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/engine/desk"
	"carillon.dev/carillon/internal/web/words"
)

// chooseLanguage keeps the reader's language: in a cookie, and on the user when somebody is logged in.
func (c *Console) chooseLanguage(w http.ResponseWriter, r *http.Request) {
	if err := c.smallForm(w, r); err != nil {
		c.fail(w, r, nil, err)
		return
	}
	code := r.PostForm.Get("language")
	for _, l := range words.Languages() {
		if l.Code != code {
			continue
		}
		c.remember(w, languageCookie, code)
		if s, err := c.session(r); err == nil {
			if err := c.need.Login.Prefer(r.Context(), s.Scope, code, ""); err != nil {
				c.fail(w, r, nil, err)
				return
			}
		}
	}
	http.Redirect(w, r, ownPath(r.PostForm.Get("here")), http.StatusSeeOther)
}

func (c *Console) chooseTheme(w http.ResponseWriter, r *http.Request, p *Page) {
	if err := c.smallForm(w, r); err != nil {
		c.fail(w, r, p, err)
		return
	}
	chosen := theme(r.PostForm.Get("theme"))
	c.remember(w, themeCookie, chosen)
	if err := c.need.Login.Prefer(r.Context(), p.Scope, "", chosen); err != nil {
		c.fail(w, r, p, err)
		return
	}
	http.Redirect(w, r, ownPath(r.PostForm.Get("here")), http.StatusSeeOther)
}

// chooseSite keeps the site whose day the reader looks at.
func (c *Console) chooseSite(w http.ResponseWriter, r *http.Request, p *Page) {
	if err := c.smallForm(w, r); err != nil {
		c.fail(w, r, p, err)
		return
	}
	site := p.siteOf(r.PostForm.Get("site"))
	if site == (id.ID{}) {
		c.remember(w, siteCookie, "all")
	} else {
		c.remember(w, siteCookie, site.String())
	}
	http.Redirect(w, r, ownPath(r.PostForm.Get("here")), http.StatusSeeOther)
}

func (c *Console) stopForm(w http.ResponseWriter, r *http.Request, p *Page) {
	if p.Halted != desk.HaltNone {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	c.show(w, r, http.StatusOK, stopView(p))
}

func (c *Console) stop(w http.ResponseWriter, r *http.Request, p *Page) {
	if err := c.need.Switch.StopAll(r.Context(), p.Scope); err != nil {
		c.fail(w, r, p, err)
		return
	}
	back(w, r, "/", "stopped")
}

func (c *Console) resume(w http.ResponseWriter, r *http.Request, p *Page) {
	end := c.need.Switch.Resume
	if p.Halted == desk.HaltRestored {
		end = c.need.Desk.Release
	}
	if err := end(r.Context(), p.Scope); err != nil {
		c.fail(w, r, p, err)
		return
	}
	back(w, r, "/", "resumed")
}
