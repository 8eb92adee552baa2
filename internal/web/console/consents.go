package console

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/engine/inbox"
	"carillon.dev/carillon/internal/engine/record"
)

// consentMethods in the order they are offered to staff.
var consentMethods = []consent.Method{consent.Verbal, consent.Form, consent.Web}

// recordConsent keeps what a patient said or signed: who, how, and the text that was shown.
func (c *Console) recordConsent(w http.ResponseWriter, r *http.Request, p *Page) {
	person, err := pathID(r, "id")
	if err == nil {
		err = c.smallForm(w, r)
	}
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	typed := consentTyped(r)
	given := record.Consent{Person: person, Channel: patient.SMS, Purposes: []purpose.Purpose{typed.Purpose},
		Granted: typed.Granted, Method: typed.Method, Shown: phi.T(typed.Shown), Language: typed.Language}
	if given.Granted {
		if given.Wording, err = c.wordingOf(p, typed); err != nil {
			c.consentAgain(w, r, p, err)
			return
		}
	}
	if day := r.PostForm.Get("at"); day != "" {
		given.At, err = time.ParseInLocation(time.DateOnly, day, p.Zone(p.Site))
		if err != nil {
			c.consentAgain(w, r, p, errs.New(errs.Invalid, "give the day as year-month-day").At("at"))
			return
		}
		if sameDay(given.At, p.In(p.Now, p.Site)) {
			given.At = time.Time{} // today is now, never midnight before what was recorded this morning
		}
	}
	err = c.need.Record.Consent(r.Context(), p.Scope, given)
	switch errs.KindOf(err) {
	case "":
		back(w, r, "/patients/"+person.String(), "consent")
	case errs.Invalid:
		c.consentAgain(w, r, p, err)
	default:
		c.fail(w, r, p, err)
	}
}

func (c *Console) consentAgain(w http.ResponseWriter, r *http.Request, p *Page, why error) {
	v, err := c.personView(r, p)
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	v.Errors, v.Consent = fieldsOf(p.W, why), consentTyped(r)
	c.show(w, r, http.StatusUnprocessableEntity, patientView(p, v))
}

// contactForm reads which person and which of their numbers a form is about.
func (c *Console) contactForm(w http.ResponseWriter, r *http.Request) (person, point id.ID, err error) {
	if person, err = pathID(r, "id"); err != nil {
		return person, point, err
	}
	if err = c.smallForm(w, r); err != nil {
		return person, point, err
	}
	point, err = id.Parse(r.PostForm.Get("point"))
	return person, point, err
}

// optOut records that somebody said in person that a number must get no more texts.
func (c *Console) optOut(w http.ResponseWriter, r *http.Request, p *Page) {
	person, point, err := c.contactForm(w, r)
	if err == nil {
		err = c.need.Record.OptOut(r.Context(), p.Scope, point, phi.T(strings.TrimSpace(r.PostForm.Get("words"))))
	}
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	back(w, r, "/patients/"+person.String(), "opted_out")
}

// numberChecked ends the quarantine of a number after somebody has made sure whose it is.
func (c *Console) numberChecked(w http.ResponseWriter, r *http.Request, p *Page) {
	person, point, err := c.contactForm(w, r)
	if err == nil {
		err = c.need.Record.NumberChecked(r.Context(), p.Scope, point)
	}
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	back(w, r, "/patients/"+person.String(), "number_checked")
}

// writeTo sends one text that staff write of their own accord; it passes the gate like any other.
func (c *Console) writeTo(w http.ResponseWriter, r *http.Request, p *Page) {
	person, err := pathID(r, "id")
	if err == nil {
		err = c.smallForm(w, r)
	}
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	text := strings.TrimSpace(r.PostForm.Get("text"))
	_, err = c.need.Inbox.Write(r.Context(), p.Scope, inbox.Note{Person: person, Text: phi.T(text)})
	var refused inbox.Refusal
	switch {
	case err == nil:
		back(w, r, "/patients/"+person.String(), "written")
	case errors.As(err, &refused):
		c.textAgain(w, r, p, text, fieldErrors{"text": p.W.Enum("reason.", string(refused))})
	case errs.Is(err, errs.Invalid):
		c.textAgain(w, r, p, text, fieldsOf(p.W, err))
	default:
		c.fail(w, r, p, err)
	}
}

func (c *Console) textAgain(w http.ResponseWriter, r *http.Request, p *Page, text string, why fieldErrors) {
	v, err := c.personView(r, p)
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	v.Typed, v.TextErrors = text, why
	c.show(w, r, http.StatusUnprocessableEntity, patientView(p, v))
}
