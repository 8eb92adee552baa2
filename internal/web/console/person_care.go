package console

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/engine/desk"
	"carillon.dev/carillon/internal/engine/record"
)

// clockTime is how a browser writes a date and time; it has no zone, because the site's clock is meant.
const clockTime = "2006-01-02T15:04"

// careForms is what staff change on a person's page.
type careForms struct {
	desk.Frame
	Coming []desk.Visit // that may be moved or cancelled, soonest first
	// Open is the form that was sent with a mistake, Typed what was in it.
	Open   string
	Typed  url.Values
	Errors fieldErrors
}

// mistakes are those of one form.
func (f *careForms) mistakes(form string) fieldErrors {
	if f.Open == form {
		return f.Errors
	}
	return nil
}

// typed is what a field of a form had in it, or else what it begins with.
func (f *careForms) typed(form, field, begins string) string {
	if f.Open == form {
		return f.Typed.Get(field)
	}
	return begins
}

// relationships are whose a number can be.
var relationships = []patient.Relationship{patient.Self, patient.Guardian, patient.Carer, patient.Shared}

// care reads what the forms of a person's page offer.
func (c *Console) care(r *http.Request, p *Page, v *personView) (err error) {
	if !p.Allows(access.WritePatients) {
		return nil
	}
	if v.Care.Frame, err = c.need.Desk.Frame(r.Context(), p.Scope); err != nil {
		return err
	}
	for i := range v.Visits {
		if x := v.Visits[i]; x.Status.Expected() && x.Start.After(p.Now) {
			v.Care.Coming = append(v.Care.Coming, x)
		}
	}
	slices.SortFunc(v.Care.Coming, func(a, b desk.Visit) int { return a.Start.Compare(b.Start) })
	return nil
}

// change does what a form of a person's page asks. A mistake opens the form again with what was typed.
func (c *Console) change(w http.ResponseWriter, r *http.Request, p *Page, form, done string, do func(person id.ID, f url.Values) error) {
	person, err := pathID(r, "id")
	if err == nil {
		err = c.smallForm(w, r)
	}
	if err == nil {
		err = do(person, r.PostForm)
	}
	switch {
	case err == nil:
		back(w, r, "/patients/"+person.String(), done)
	case errs.Is(err, errs.Invalid) || errs.Is(err, errs.Precondition):
		v, again := c.personView(r, p)
		if again != nil {
			c.fail(w, r, p, again)
			return
		}
		v.Care.Open, v.Care.Typed, v.Care.Errors = form, r.PostForm, known(fieldsOf(p.W, err), "start", "location", "number", "length")
		c.show(w, r, http.StatusUnprocessableEntity, patientView(p, v))
	default:
		c.fail(w, r, p, err)
	}
}

// known moves the mistakes of fields that no form shows to the form as a whole.
func known(f fieldErrors, shown ...string) fieldErrors {
	out := fieldErrors{}
	for field, why := range f {
		at := ""
		for _, s := range shown {
			if s == field {
				at = field
			}
		}
		out[at] = why
	}
	return out
}

// atSite reads a date and time on a site's clock. A time that the clock skips that day is no time.
func (p *Page) atSite(typed string, site id.ID) (time.Time, error) {
	t, err := time.ParseInLocation(clockTime, strings.TrimSpace(typed), p.Zone(site))
	if err != nil || t.Format(clockTime) != strings.TrimSpace(typed) {
		return t, errs.New(errs.Invalid, "give the day and the time of the visit").At("start")
	}
	return t.UTC(), nil
}

func optionalID(text string) (id.ID, error) {
	if text == "" {
		return id.ID{}, nil
	}
	return id.Parse(text)
}

// bookVisit books one visit.
func (c *Console) bookVisit(w http.ResponseWriter, r *http.Request, p *Page) {
	c.change(w, r, p, "book", "booked", func(person id.ID, f url.Values) (err error) {
		b := record.Booking{Person: person, Reason: phi.T(strings.TrimSpace(f.Get("reason")))}
		if b.Location, err = optionalID(f.Get("location")); err != nil {
			return err
		}
		if b.Practitioner, err = optionalID(f.Get("practitioner")); err != nil {
			return err
		}
		if b.Type, err = optionalID(f.Get("type")); err != nil {
			return err
		}
		if b.Start, err = p.atSite(f.Get("start"), b.Location); err != nil {
			return err
		}
		minutes, err := strconv.Atoi(f.Get("length"))
		if err != nil || minutes < 1 || minutes > 24*60 {
			return errs.New(errs.Invalid, "a visit lasts from one minute to a day").At("length")
		}
		b.Length = time.Duration(minutes) * time.Minute
		_, err = c.need.Record.Book(r.Context(), p.Scope, b)
		return err
	})
}

// moveVisit gives a visit another time.
func (c *Console) moveVisit(w http.ResponseWriter, r *http.Request, p *Page) {
	c.change(w, r, p, "move-"+r.PathValue("visit"), "moved", func(person id.ID, f url.Values) error {
		v, err := c.visitOf(r, p, person)
		if err != nil {
			return err
		}
		start, err := p.atSite(f.Get("start"), v.Location)
		if err != nil {
			return err
		}
		_, err = c.need.Record.MoveVisit(r.Context(), p.Scope, record.Move{Visit: v.ID, Version: seenVersion(f), Start: start, PatientKnows: f.Has("knows")})
		return err
	})
}

// cancelVisit cancels a visit.
func (c *Console) cancelVisit(w http.ResponseWriter, r *http.Request, p *Page) {
	c.change(w, r, p, "cancel-"+r.PathValue("visit"), "visit_cancelled", func(person id.ID, f url.Values) error {
		v, err := c.visitOf(r, p, person)
		if err != nil {
			return err
		}
		_, err = c.need.Record.CancelVisit(r.Context(), p.Scope, v.ID, seenVersion(f), f.Has("knows"))
		return err
	})
}

// visitOf reads the visit that an address names, if it is the person's.
func (c *Console) visitOf(r *http.Request, p *Page, person id.ID) (desk.Visit, error) {
	visit, err := pathID(r, "visit")
	if err != nil {
		return desk.Visit{}, err
	}
	v, err := c.need.Desk.Visit(r.Context(), p.Scope, visit)
	if err == nil && v.Person != person {
		err = errs.New(errs.NotFound, "there is nothing here")
	}
	return v, err
}

// seenVersion is the version of the visit that the reader looked at: one that changed since is a conflict.
func seenVersion(f url.Values) int64 {
	n, _ := strconv.ParseInt(f.Get("version"), 10, 64) // what is no number fits no version
	return n
}

// addNumber gives a person one more number.
func (c *Console) addNumber(w http.ResponseWriter, r *http.Request, p *Page) {
	c.change(w, r, p, "number", "number_added", func(person id.ID, f url.Values) error {
		_, err := c.need.Record.AddContact(r.Context(), p.Scope, record.Contact{Person: person, Number: phi.T(strings.TrimSpace(f.Get("number"))),
			Relationship: patient.Relationship(f.Get("relationship"))})
		return err
	})
}

// removeNumber takes a number away from a person.
func (c *Console) removeNumber(w http.ResponseWriter, r *http.Request, p *Page) {
	c.change(w, r, p, "number", "number_removed", func(person id.ID, f url.Values) error {
		point, err := id.Parse(f.Get("point"))
		if err != nil {
			return err
		}
		return c.need.Record.RemoveContact(r.Context(), p.Scope, person, point)
	})
}

// deceased records a death: everything that waits for the person ends at once.
func (c *Console) deceased(w http.ResponseWriter, r *http.Request, p *Page) {
	c.change(w, r, p, "deceased", "deceased", func(person id.ID, _ url.Values) error {
		return c.need.Record.MarkDeceased(r.Context(), p.Scope, person)
	})
}

// alive takes back a death that was recorded by mistake.
func (c *Console) alive(w http.ResponseWriter, r *http.Request, p *Page) {
	c.change(w, r, p, "deceased", "alive", func(person id.ID, _ url.Values) error {
		return c.need.Record.MarkAlive(r.Context(), p.Scope, person)
	})
}
