package console

import (
	"net/http"
	"strings"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/engine/login"
)

type setupPage struct {
	Token  string
	Form   login.FirstAdmin
	Errors fieldErrors
}

func (c *Console) setupForm(w http.ResponseWriter, r *http.Request) {
	token := r.PathValue("token")
	if !c.need.Login.SetUpOpen(token) {
		c.showError(w, r, http.StatusNotFound)
		return
	}
	c.show(w, r, http.StatusOK, setupView(c.bare(r), setupPage{Token: token}))
}

func (c *Console) setupSubmit(w http.ResponseWriter, r *http.Request) {
	if err := c.smallForm(w, r); err != nil {
		c.fail(w, r, nil, err)
		return
	}
	p := c.bare(r)
	f := setupPage{Token: r.PathValue("token"), Form: login.FirstAdmin{
		Organization: strings.TrimSpace(r.PostForm.Get("organization")),
		Region:       strings.ToUpper(strings.TrimSpace(r.PostForm.Get("region"))),
		Calendar:     org.CalendarOwner(r.PostForm.Get("calendar")),
		User: login.NewUser{Login: r.PostForm.Get("login"), Name: r.PostForm.Get("name"),
			Password: r.PostForm.Get("password"), Locale: p.W.Code},
	}}
	s, err := c.need.Login.SetUp(r.Context(), f.Token, f.Form)
	switch errs.KindOf(err) {
	case "":
		c.start(w, s)
		back(w, r, "/", "setup")
	case errs.Invalid:
		f.Errors = fieldsOf(p.W, err)
		c.show(w, r, http.StatusUnprocessableEntity, setupView(p, f))
	default:
		c.fail(w, r, nil, err)
	}
}
