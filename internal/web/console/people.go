package console

import (
	"net/http"
	"strings"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/ehr/table"
	"carillon.dev/carillon/internal/engine/desk"
)

// searchView is the search page: what was typed comes by POST and never stands in an address.
type searchView struct {
	Typed  string
	Asked  bool
	Found  []desk.Found
	Errors fieldErrors
}

func (c *Console) patients(w http.ResponseWriter, r *http.Request, p *Page) {
	c.show(w, r, http.StatusOK, patientsView(p, searchView{}))
}

func (c *Console) searchPatients(w http.ResponseWriter, r *http.Request, p *Page) {
	if err := c.smallForm(w, r); err != nil {
		c.fail(w, r, p, err)
		return
	}
	v := searchView{Typed: strings.TrimSpace(r.PostForm.Get("q")), Asked: true}
	typed := v.Typed
	if day, ok := table.Day(typed, p.Org.Region); ok {
		typed = day
	}
	found, err := c.need.Desk.Search(r.Context(), p.Scope, phi.T(typed))
	if errs.Is(err, errs.Invalid) {
		v.Asked, v.Errors = false, fieldsOf(p.W, err)
		c.show(w, r, http.StatusUnprocessableEntity, patientsView(p, v))
		return
	}
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	v.Found = found
	c.show(w, r, http.StatusOK, patientsView(p, v))
}

// patient is one person's page.
func (c *Console) patient(w http.ResponseWriter, r *http.Request, p *Page) {
	v, err := c.personView(r, p)
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	c.show(w, r, http.StatusOK, patientView(p, v))
}

func (c *Console) personView(r *http.Request, p *Page) (personView, error) {
	person, err := pathID(r, "id")
	if err != nil {
		return personView{}, err
	}
	again := r.Header.Get(liveHeader) != ""
	story, err := c.need.Desk.Person(r.Context(), p.Scope, person, again)
	if err != nil {
		return personView{}, err
	}
	ahead, err := c.need.Plan.OfPerson(r.Context(), p.Scope, person)
	if err != nil {
		return personView{}, err
	}
	v := tell(p, story, ahead)
	v.Consent = c.firstDraft(p, v.Language)
	return v, c.care(r, p, &v)
}

// pathID reads an id of the address; what is no id is as absent as a row that is not there.
func pathID(r *http.Request, name string) (id.ID, error) {
	v, err := id.Parse(r.PathValue(name))
	if err != nil {
		return id.ID{}, errs.New(errs.NotFound, "there is nothing here")
	}
	return v, nil
}
